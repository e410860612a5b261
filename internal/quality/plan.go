package quality

import (
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// plan is a rule made ready for one input.
type plan struct {
	rule  *Rule
	cols  []int         // positions of the rule's columns in the schema
	reads []source.Want // how they are read
	where *expr.Program // over the schema's positions; nil = every row
	cond  *expr.Program // Expression
	cell  func() cell   // tests of single values; nil for other kinds
	skip  string        // why it is passed over; "" = it is not
	nulls bool          // Unique: nulls are equal and count
	as    frame.Kind    // what values are tested as
	spec  *value.Spec   // how text in a typed file is written; see recognise
}

// planner resolves names.
type planner struct {
	schema  *arrow.Schema
	names   []string
	mapping map[string]string
	textual bool
	// declared are the kinds that `type` rules give to columns of text files:
	// conditions read them so, and what cannot be read is null there.
	declared map[int]source.Want
}

func newPlanner(ds source.Dataset, mapping map[string]string, rules []Rule) *planner {
	p := &planner{schema: ds.Schema(), mapping: mapping, textual: textual(ds), declared: map[int]source.Want{}}
	for i := range p.schema.NumFields() {
		p.names = append(p.names, p.schema.Field(i).Name)
	}
	for i := range rules {
		if r := &rules[i]; p.textual && r.Type == HasType {
			if c := p.find(r.Columns[0]); c >= 0 {
				p.declared[c] = source.Want{Col: c, As: kindOfWord(r.As), Layout: r.Layout}
			}
		}
	}
	return p
}

// textual reports whether values are text in the file, so that they can be read
// as any kind.
func textual(ds source.Dataset) bool {
	for _, in := range ds.Inputs() {
		switch in.Format {
		case "csv", "tsv", "ndjson", "json", "basket":
			return true
		}
	}
	return false
}

// find returns the position of a column by its own or by its canonical name, or -1.
func (p *planner) find(name string) int {
	if i := slices.Index(p.names, name); i >= 0 {
		return i
	}
	if raw, ok := p.mapping[name]; ok {
		return slices.Index(p.names, raw)
	}
	return -1
}

// lookup serves conditions.
func (p *planner) lookup(name string) (int, expr.Type, bool) {
	i := p.find(name)
	if i < 0 {
		return 0, 0, false
	}
	if w, is := p.declared[i]; is {
		return i, typeOfKind(w.As), true
	}
	t, ok := exprType(p.schema.Field(i).Type)
	return i, t, ok
}

// condWant is how conditions read a column.
func (p *planner) condWant(col int) source.Want {
	if w, is := p.declared[col]; is {
		return w
	}
	return source.Want{Col: col}
}

// plan resolves a rule. A column that is not there is an error, unless the rule
// says if_present.
func (p *planner) plan(r *Rule) (*plan, error) {
	pl := &plan{rule: r}
	columns := r.Columns
	if slices.Contains(columns, "*") {
		columns, pl.nulls = p.everyColumn(strings.HasPrefix(r.From, "builtin:")), true
	}
	for _, n := range columns {
		i := p.find(n)
		if i < 0 {
			if r.IfPresent {
				pl.skip = "the input has no column " + n
				return pl, nil
			}
			return nil, fault.Wrap(unknownColumn(n, p.schema), "%s: rule %s", r.From, r.Name)
		}
		if frame.KindOf(p.schema.Field(i).Type) == frame.Nested {
			return nil, fault.New(fault.Usage, "%s: rule %s: column %q is nested", r.From, r.Name, n).WithHint("rules look at plain columns")
		}
		pl.cols = append(pl.cols, i)
	}
	var err error
	if pl.where, err = p.condition(r, r.Where, "where"); err != nil {
		return nil, err
	}
	if r.Expression != nil {
		if missing := p.missing(r.Expression); missing != "" && r.IfPresent {
			pl.skip = "the input has no column " + missing
			return pl, nil
		}
		if pl.cond, err = p.condition(r, r.Expression, "expression"); err != nil {
			return nil, err
		}
	}
	p.prepare(pl)
	return pl, nil
}

// everyColumn is what * stands for: all columns that are not nested, or, in the rule
// packs of the house, those that are mapped, as `clean` compares rows.
func (p *planner) everyColumn(mapped bool) (columns []string) {
	known := map[string]bool{}
	for _, raw := range p.mapping {
		known[raw] = true
	}
	for i, n := range p.names {
		if frame.KindOf(p.schema.Field(i).Type) != frame.Nested && (!mapped || len(known) == 0 || known[n]) {
			columns = append(columns, n)
		}
	}
	return columns
}

// missing names the first column of an expression that the input does not have.
func (p *planner) missing(n expr.Node) string {
	for _, name := range expr.Columns(n) {
		if p.find(name) < 0 {
			return name
		}
	}
	return ""
}

func (p *planner) condition(r *Rule, n expr.Node, key string) (*expr.Program, error) {
	if n == nil {
		return nil, nil
	}
	typed, err := expr.CheckCondition(n, p.lookup, p.names...)
	if err != nil {
		return nil, fault.Wrap(err, "%s: rule %s: %s", r.From, r.Name, key)
	}
	prog, err := expr.Compile(typed, p.lookup)
	return prog, fault.Wrap(err, "%s: rule %s: %s", r.From, r.Name, key)
}

// prepare decides how the columns are read and what tests them.
func (p *planner) prepare(pl *plan) {
	r := pl.rule
	as := frame.Any
	switch r.Type {
	case NotNull:
		pl.cell = func() cell { return notNull{} }
	case HasType:
		as = kindOfWord(r.As)
		pl.cell = func() cell { return &hasType{reparser{kind: as, layout: r.Layout, spec: pl.spec}, r.As} }
	case Range:
		b := r.Min
		if !b.Set {
			b = r.Max
		}
		as = [...]frame.Kind{NumberBound: frame.Float, TimeBound: frame.Time, TextBound: frame.String}[b.Kind]
		pl.cell = func() cell { return &inRange{reparser: reparser{kind: as, spec: pl.spec}, min: r.Min, max: r.Max} }
	case Set:
		as = frame.String
		numbers := false
		if len(pl.cols) > 0 {
			k := frame.KindOf(p.schema.Field(pl.cols[0]).Type)
			numbers = !p.textual && (k == frame.Int || k == frame.Float)
		}
		ok := inSet(r.Values, numbers)
		pl.cell = func() cell { return &texts{ok: ok} }
	case Pattern:
		as = frame.String
		ok := matches(r.Pattern)
		pl.cell = func() cell { return &texts{ok: ok} }
	case Unique, ForeignKey:
		as = frame.String
	case Freshness:
		as = frame.Time
	}
	pl.as = as
	for _, c := range pl.cols {
		w := source.Want{Col: c}
		if p.textual {
			w.As, w.Layout = as, r.Layout
		}
		pl.reads = append(pl.reads, w)
	}
}

func kindOfWord(as string) frame.Kind {
	switch as {
	case "integer":
		return frame.Int
	case "number":
		return frame.Float
	case "boolean":
		return frame.Bool
	case "date":
		return frame.Date
	case "timestamp":
		return frame.Time
	}
	return frame.String
}

// columnText is what results show in their column `column`.
func (pl *plan) columnText() string {
	if pl.rule.Type == Expression && pl.rule.Expression != nil {
		return strings.Join(expr.Columns(pl.rule.Expression), ", ")
	}
	return strings.Join(pl.rule.Columns, ", ")
}

// view is the set of columns that one scan reads, each once.
type view struct {
	wants []source.Want
	at    map[source.Want]int
}

func (v *view) slot(w source.Want) int {
	if i, ok := v.at[w]; ok {
		return i
	}
	if v.at == nil {
		v.at = map[source.Want]int{}
	}
	v.at[w] = len(v.wants)
	v.wants = append(v.wants, w)
	return len(v.wants) - 1
}

// binding is where a plan finds its columns in the batches of a view.
type binding struct {
	plan  *plan
	reads []int
	conds [][2]int // schema position, slot
}

func (p *planner) bind(v *view, pl *plan) binding {
	b := binding{plan: pl}
	for _, w := range pl.reads {
		b.reads = append(b.reads, v.slot(w))
	}
	for _, prog := range []*expr.Program{pl.where, pl.cond} {
		if prog == nil {
			continue
		}
		for _, c := range prog.Columns() {
			b.conds = append(b.conds, [2]int{c, v.slot(p.condWant(c))})
		}
	}
	return b
}

// conditions evaluates where and expression over batches, for one worker.
type conditions struct {
	cols    []*frame.Column // by position in the schema
	memory  []frame.Column
	scratch map[*expr.Program]*expr.Scratch
	sel     []bool
}

func newConditions(fields int) *conditions {
	return &conditions{cols: make([]*frame.Column, fields), memory: make([]frame.Column, fields), scratch: map[*expr.Program]*expr.Scratch{}}
}

// load makes the columns of a binding ready for its conditions.
func (c *conditions) load(b *binding, batch *frame.Batch) {
	for _, k := range b.conds {
		c.cols[k[0]] = exprColumn(&batch.Cols[k[1]], &c.memory[k[0]])
	}
}

func (c *conditions) truth(p *expr.Program, n int) []uint8 {
	s := c.scratch[p]
	if s == nil {
		s = p.NewScratch()
		c.scratch[p] = s
	}
	return p.Truth(s, c.cols, n)
}

// rows returns the rows that the plan's where chooses; nil is all.
func (c *conditions) rows(b *binding, n int) []bool {
	if b.plan.where == nil {
		return nil
	}
	c.sel = frame.Grow(c.sel, n)
	for i, t := range c.truth(b.plan.where, n) {
		c.sel[i] = t == 2
	}
	return c.sel
}
