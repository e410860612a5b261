package relation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Program is a compiled relation: which source columns to read and how a batch
// of them becomes Rows. It is immutable after Load and shared by workers.
type Program struct {
	Rel *Relation
	// Cols are the asked columns in the asked order; MoneyColumn may be one of them.
	Cols []Column
	// Reasons names what Rows.Reason and Tally.By count: the rules in order, then
	// the reasons that do not come from rules.
	Reasons []Reason

	wants []source.Want
	cols  []colPlan // every column that is read, asked or not
	out   []int     // of each asked column its place in cols; -1 is money
	rules []rulePlan
	money [4]int // amount, quantity, price, discount as places in cols; -1 absent
	cur   int    // place of currency where rates convert; else -1
	price int    // place in cols of what makes a row free: unit_price; -1 means money
	ts    int    // place of order_ts; -1 absent
	dims  []*dim
	zone  zone
	raw   bool
	all   bool
	fact  []int // with AllColumns: of each column of the fact table its wanted slot, or -1

	dupReason, outReason, badReason uint8
	dups                            *DupSet
}

// colPlan is a column that is read.
type colPlan struct {
	plan
	slot   int // index into wants; -1 when joined or constant
	other  int // index into wants of Column.Else, or -1
	kind   frame.Kind
	dim    int // index into dims, -1 for the fact table
	dimCol int
	text   *string // constant
	mapped bool    // counts for BadColumn
}

// maxRules is how many reasons fit Rows.Reason beside the built-in ones.
const maxRules = 240

// Option changes how a relation is compiled.
type Option func(*Program)

// RawUnmapped leaves the values of unmapped columns, and of decimal numbers, exactly as
// the source has them, for writers: Rows.Cols may then hold any kind. Unmapped
// columns of text formats are text.
func RawUnmapped() Option { return func(p *Program) { p.raw = true } }

// Duplicates makes the rows of the set rejects with reason "duplicate", unless a
// reject rule takes them first.
func Duplicates(s *DupSet) Option { return func(p *Program) { p.dups = s } }

// AllColumns reads every column of the fact table that is not nested, for
// rejects: SourceAt tells where they are in raw batches.
func AllColumns() Option { return func(p *Program) { p.all = true } }

// Compile plans how the columns named in need, and all that rules and money
// read besides, are computed from the fact table. It fails with fault.Usage when a
// name is unknown or a source column cannot be read as its type.
func Compile(rel *Relation, need []string, opts ...Option) (*Program, error) {
	p := &Program{Rel: rel, ts: -1, price: -1, cur: -1, money: [4]int{-1, -1, -1, -1}}
	for _, o := range opts {
		o(p)
	}
	var err error
	if p.zone, err = newZone(rel.Zone); err != nil {
		return nil, err
	}
	if err := p.planDims(); err != nil {
		return nil, err
	}
	b := &builder{Program: p, at: map[string]int{}, slots: map[int]int{}, schema: rel.Fact.Schema()}
	for _, name := range need {
		if name == MoneyColumn && rel.Find(name) < 0 {
			if _, _, _, _, ok := rel.MoneyParts(); !ok {
				return nil, fault.New(fault.Usage, "the %s have no money", rel.Name).
					WithHint("map amount, or quantity and unit_price: --map amount=COLUMN")
			}
			p.Cols = append(p.Cols, Column{Name: MoneyColumn, Type: expr.Money})
			p.out = append(p.out, -1)
			continue
		}
		i, err := b.column(name)
		if err != nil {
			return nil, err
		}
		p.Cols = append(p.Cols, rel.Columns[rel.Find(name)])
		p.out = append(p.out, i)
	}
	if err := b.inner(); err != nil {
		return nil, err
	}
	if err := b.rules(); err != nil {
		return nil, err
	}
	if err := b.joinKeys(); err != nil {
		return nil, err
	}
	b.everything()
	return p, nil
}

// SourceAt returns, with AllColumns, where a column of the fact table is in the
// columns of a raw batch; -1 for nested columns.
func (p *Program) SourceAt(field int) int { return p.fact[field] }

// Wants lists the columns to read from the fact table.
func (p *Program) Wants() []source.Want { return p.wants }

// HasMoney reports whether rows have money.
func (p *Program) HasMoney() bool { return p.money[0] >= 0 || p.money[1] >= 0 }

// Load reads the joined dimensions, proving their keys unique, into at most
// memory bytes (0: no bound). It must be called once before NewWorker when the
// relation has joins.
func (p *Program) Load(ctx context.Context, memory int64) error {
	for i, d := range p.dims {
		left := memory
		if memory > 0 {
			for _, o := range p.dims[:i] {
				left -= o.bytes
			}
		}
		if err := d.load(ctx, p, left); err != nil {
			return fault.Wrap(err, "joining %s", p.Rel.Joins[i].Name)
		}
	}
	return nil
}

// builder holds what is only needed while compiling.
type builder struct {
	*Program
	at     map[string]int // column name → place in cols
	slots  map[int]int    // source column → wanted slot
	schema *arrow.Schema
}

// converted is column for readers that need the canonical form, also where
// RawUnmapped leaves the asked columns alone.
func (b *builder) converted(name string) (int, error) {
	if i, err := b.column(name); err != nil || !b.cols[i].raw {
		return i, err
	}
	hidden := name + "\x00"
	if i, ok := b.at[hidden]; ok {
		return i, nil
	}
	cp := b.cols[b.at[name]]
	cp.raw, cp.mapped = false, false
	b.cols = append(b.cols, cp)
	b.at[hidden] = len(b.cols) - 1
	return len(b.cols) - 1, nil
}

// column makes sure a column of the relation is read and returns its place.
func (b *builder) column(name string) (int, error) {
	if i, ok := b.at[name]; ok {
		return i, nil
	}
	ci := b.Rel.Find(name)
	if ci < 0 {
		return 0, unknownColumn(b.Rel, name)
	}
	c := &b.Rel.Columns[ci]
	cp := colPlan{plan: plan{name: c.Name, typ: c.Type, layout: c.Layout}, slot: -1, other: -1, dim: -1, mapped: ci < b.Rel.Canonical}
	if cp.mapped {
		cp.mappedText(c.Name)
	}
	switch {
	case c.Const != nil:
		cp.text, cp.kind = c.Const, frame.String
	case c.Join > 0:
		cp.dim = c.Join - 1
		d := b.dims[cp.dim]
		k, err := d.column(c)
		if err != nil {
			return 0, err
		}
		cp.dimCol, cp.kind = k, d.cols[k].kind
	default:
		f, err := field(b.schema, c.From)
		if err != nil {
			return 0, fault.Wrap(err, "mapping %s", c.Name)
		}
		cp.kind = frame.KindOf(b.schema.Field(f).Type)
		if c.Type == expr.Text && cp.kind != frame.Nested && b.isText() {
			cp.kind = frame.String // text formats give any column as it is written
		}
		if err := readable(c, cp.kind, b.schema.Field(f).Type); err != nil {
			return 0, err
		}
		cp.raw = b.raw && (!cp.mapped || (cp.kind == frame.Decimal && c.Type == expr.Float))
		as := wantKind(c, cp.kind)
		if cp.raw && !cp.mapped && source.Untyped(b.Rel.Fact) {
			as = frame.String // unchanged means letter for letter
		}
		cp.slot = b.want(f, as, c.Layout)
		if c.Else != "" {
			if cp.other, err = b.standIn(c); err != nil {
				return 0, fault.Wrap(err, "mapping %s", c.Name)
			}
		}
	}
	b.cols = append(b.cols, cp)
	b.at[name] = len(b.cols) - 1
	return len(b.cols) - 1, nil
}

// standIn asks for the text that stands in where a column has none.
func (b *builder) standIn(c *Column) (int, error) {
	f, err := field(b.schema, c.Else)
	if err != nil {
		return 0, err
	}
	if typ := b.schema.Field(f).Type; c.Type != expr.Text || frame.KindOf(typ) != frame.String && !b.isText() {
		return 0, fault.New(fault.Internal, "column %q of %s values stands in for %s", c.Else, typ, c.Type)
	}
	return b.want(f, frame.String, ""), nil
}

// want asks for a source column once.
func (b *builder) want(f int, as frame.Kind, layout string) int {
	if s, ok := b.slots[f]; ok && (b.wants[s].As == as || b.wants[s].As == frame.Any) {
		return s
	}
	b.wants = append(b.wants, source.Want{Col: f, As: as, Layout: layout})
	b.slots[f] = len(b.wants) - 1
	return len(b.wants) - 1
}

// everything asks for all columns that can be read.
func (b *builder) everything() {
	if !b.all {
		return
	}
	for i, f := range b.schema.Fields() {
		at := -1
		if frame.KindOf(f.Type) != frame.Nested {
			if s, ok := b.slots[i]; ok {
				at = s
			} else {
				at = b.want(i, frame.String, "")
			}
		}
		b.fact = append(b.fact, at)
	}
}

// wantKind is what a text format should read for a column: times it did not
// recognise itself and integers with a stated type stay text, for this package
// knows more forms than readers do.
func wantKind(c *Column, kind frame.Kind) frame.Kind {
	switch c.Type {
	case expr.Time, expr.Date:
		if c.Layout == "" && (kind == frame.Time || kind == frame.Date) {
			return kind
		}
		if c.Layout == "" && kind == frame.Int {
			return frame.Int
		}
		return frame.String
	case expr.Float:
		return frame.Float
	case expr.Int:
		if c.Integer {
			return frame.String
		}
		return frame.Int
	case expr.Text:
		return frame.String
	}
	return frame.Any
}

// readable refuses mappings that have no meaning.
func readable(c *Column, kind frame.Kind, typ arrow.DataType) error {
	ok := false
	switch c.Type {
	case expr.Int, expr.Bool, expr.Float:
		ok = kind <= frame.Decimal || kind == frame.String || kind == frame.Null
	case expr.Time, expr.Date:
		ok = kind == frame.Time || kind == frame.Date || kind == frame.String || kind == frame.Int || kind == frame.Float || kind == frame.Null
	case expr.Text:
		ok = kind == frame.String || kind == frame.Null || exact(typ)
	default:
		ok = kind != frame.Nested
	}
	if ok && (kind != frame.Int || !unscaled(typ) || c.Type == expr.Unknown) {
		return nil
	}
	return fault.New(fault.Usage, "mapping %s: column %q holds %s values, which cannot be read as %s", c.Name, c.From, typ, c.Type).
		WithHint("map another column: --map %s=COLUMN", c.Name)
}

// exact types hold integers, whose decimal digits can stand for them.
func exact(t arrow.DataType) bool {
	switch frame.KindOf(t) {
	case frame.Int:
		return !unscaled(t)
	case frame.Decimal:
		return (&frame.Column{Type: t}).Scale() == 0
	}
	return false
}

// unscaled types are Int in memory without meaning a count.
func unscaled(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.TIME32, arrow.TIME64, arrow.DURATION, arrow.INTERVAL_MONTHS:
		return true
	}
	return false
}

// field finds a source column by its exact name.
func field(s *arrow.Schema, name string) (int, error) {
	at := s.FieldIndices(name)
	switch len(at) {
	case 1:
		return at[0], nil
	case 0:
		return 0, fault.New(fault.Usage, "the input has no column %q", name).
			WithHint("its columns are: %s", fieldNames(s))
	}
	return 0, fault.New(fault.Input, "the input has %d columns named %q", len(at), name).
		WithHint("rename them, or select one before")
}

// fieldNames lists the columns of a schema for a message.
func fieldNames(s *arrow.Schema) string {
	const most = 40
	names := make([]string, 0, most)
	for i, f := range s.Fields() {
		if i == most {
			names = append(names, fmt.Sprintf("… (%d columns)", s.NumFields()))
			break
		}
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// unknownColumn names a column that a relation does not have, and those it has.
func unknownColumn(r *Relation, name string) error {
	names := make([]string, 0, len(r.Columns))
	for _, c := range r.Columns {
		names = append(names, c.Name)
	}
	return fault.New(fault.Usage, "the %s have no column %q", r.Name, name).
		WithHint("they have %s; map another one with --map %s=COLUMN", strings.Join(names, ", "), name)
}

// inner adds what every program reads: the parts of money, the price, the time,
// and mapped columns whose values can be unreadable.
func (b *builder) inner() error {
	amount, quantity, price, discount, ok := b.Rel.MoneyParts()
	if ok {
		for k, ci := range [...]int{amount, quantity, price, discount} {
			if ci < 0 {
				continue
			}
			i, err := b.column(b.Rel.Columns[ci].Name)
			if err != nil {
				return err
			}
			b.money[k] = i
		}
		if b.Rel.Rates != nil {
			var err error
			if b.cur, err = b.column("currency"); err != nil {
				return err
			}
		}
	}
	ts := b.Rel.TimeColumn()
	for ci, c := range b.Rel.Columns[:b.Rel.Canonical] {
		i, read := b.at[c.Name]
		if ci == ts || c.Name == "unit_price" || (!read && b.canFail(&c)) {
			var err error
			if i, err = b.column(c.Name); err != nil {
				return err
			}
		}
		if c.Name == "unit_price" {
			b.price = i
		}
		if ci == ts && c.Type == expr.Time {
			b.ts = i
		}
	}
	return nil
}

// canFail reports whether reading a column can meet unreadable values, which
// must be known whether or not the column is asked for.
func (b *builder) canFail(c *Column) bool {
	if c.Const != nil || c.Join > 0 {
		return false
	}
	at := b.schema.FieldIndices(c.From)
	if len(at) != 1 {
		return true // column reports it
	}
	t := b.schema.Field(at[0]).Type
	kind := frame.KindOf(t)
	if kind == frame.String && c.Type == expr.Text {
		return false
	}
	if kind == frame.String || b.isText() && !b.servers(kind) {
		return c.Type != expr.Text
	}
	switch c.Type {
	case expr.Int, expr.Bool:
		return kind == frame.Float || kind == frame.Decimal || t.ID() == arrow.UINT64
	case expr.Time, expr.Date:
		return kind == frame.Int || kind == frame.Float
	}
	return false
}

// servers reports whether a server keeps values of a kind by itself: integers and doubles of MySQL are nothing else.
func (b *builder) servers(kind frame.Kind) bool {
	return (kind == frame.Int || kind == frame.Float) && !slices.ContainsFunc(b.Rel.Fact.Inputs(), func(in source.Input) bool { return in.Format != "mysql" })
}

// isText reports whether the fact table is in a text format.
func (b *builder) isText() bool {
	for _, in := range b.Rel.Fact.Inputs() {
		switch in.Format {
		case "parquet", "arrow", "arrow-stream", "basket":
		default:
			return true
		}
	}
	return false
}
