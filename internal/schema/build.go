package schema

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// BuildOptions is what a relation is made from.
type BuildOptions struct {
	// Table is the canonical table; "" takes the preset's, else orders.
	Table string
	// Fact is the opened input. It stays the caller's to close.
	Fact source.Dataset
	// Tables are further opened tables by name: "products", "customers" (--products,
	// --customers) or the parts of a preset's folder.
	Tables map[string]source.Dataset
	// Preset names a preset; "" recognises the columns.
	Preset string
	// Maps overrides: canonical name → "Column", "Column@LAYOUT" for times (a Go layout, mdy,
	// dmy, yyyymmdd, unix, unixms …), "Column@int" for ids of text files that are
	// integers, "=TEXT" for a constant, "" for none.
	Maps map[string]string

	Zone string // IANA name; "" is UTC
	AsOf int64  // µs of wall time; 0 or MaxInt64 is open
	Now  int64  // µs UTC

	NoClean bool
	// Rules configures the clean rules; its Now is set from Now and Zone.
	Rules  clean.Config
	Dedupe bool
	// Rates convert money by the currency column, which must be there; nil converts nothing.
	Rates *relation.Rates
	// KeepUnmapped adds the columns that are not mapped, under their own names.
	KeepUnmapped bool
}

// build is the state of one Build.
type build struct {
	BuildOptions
	table   *Table
	text    bool
	schema  *arrow.Schema
	m       Mapping
	from    map[string]string // canonical column → join that it comes from
	rel     *relation.Relation
	joins   map[string]int // name → index+1 in rel.Joins
	notices []Notice
	void    []relation.Rule // what the preset knows of orders that are no sales
}

// Build maps an opened input to a relation with its clean rules. The notices
// say what was chosen. Errors are fault.Usage with the remedy: a column that is not
// there, two that fit equally well, a type that cannot be read.
func Build(ctx context.Context, opts BuildOptions) (*relation.Relation, []Notice, error) {
	b := &build{BuildOptions: opts, schema: opts.Fact.Schema(), text: source.Untyped(opts.Fact), from: map[string]string{}, joins: map[string]int{}}
	preset, err := b.findPreset()
	if err != nil {
		return nil, nil, err
	}
	if err := b.pickTable(preset); err != nil {
		return nil, nil, err
	}
	b.rel = &relation.Relation{Name: b.table.Name, Fact: opts.Fact, Zone: opts.Zone, AsOf: opts.AsOf, Dedupe: opts.Dedupe}
	if b.rel.Zone == "" {
		b.rel.Zone = "UTC"
	}
	if b.rel.AsOf == 0 {
		b.rel.AsOf = math.MaxInt64
	}
	if err := b.mapColumns(preset); err != nil {
		return nil, nil, err
	}
	if err := b.joinTables(); err != nil {
		return nil, nil, err
	}
	if err := b.readLayouts(ctx); err != nil {
		return nil, nil, err
	}
	if err := b.doubtDiscount(ctx); err != nil {
		return nil, nil, err
	}
	if err := b.columns(); err != nil {
		return nil, nil, err
	}
	b.voids(preset)
	if b.rel.Rates = opts.Rates; opts.Rates != nil && !b.rel.Has("currency") {
		return nil, nil, fault.New(fault.Usage, "--rates: the input has no currency").WithHint("map a column with --map currency=COLUMN")
	}
	if b.KeepUnmapped || b.table == Any {
		b.unmapped()
	}
	return b.rel, b.notices, b.rules()
}

// pickTable settles the canonical table.
func (b *build) pickTable(preset *Preset) error {
	switch {
	case b.Table == "" && preset != nil:
		b.table = preset.Table
	case b.Table == "":
		b.table = Orders
	default:
		if b.table = Find(b.Table); b.table == nil {
			return fault.New(fault.Usage, "there is no table %q", b.Table)
		}
	}
	if preset != nil && preset.Table != b.table {
		return fault.New(fault.Usage, "the preset %s describes %s, not %s", preset.Name, preset.Table.Name, b.table.Name).
			WithHint("name an input of %s", b.table.Name)
	}
	return nil
}

// mapColumns settles which column each canonical one comes from: the user's
// own words, then the preset, else recognition.
func (b *build) mapColumns(preset *Preset) error {
	b.m = Mapping{Table: b.table}
	if b.table == Any && len(b.Maps) == 0 {
		return nil
	}
	off, err := b.explicit()
	if err != nil {
		return err
	}
	if preset != nil {
		if err := b.fromPreset(preset); err != nil {
			return err
		}
	} else {
		settled := b.m
		for _, name := range off { // keep recognition away from what the user switched off
			settled.set(Choice{Canonical: name, From: "\x00"})
		}
		m, notices, err := propose(b.table, b.schema, b.text, &settled)
		if err != nil {
			return err
		}
		b.m, b.notices = m, append(b.notices, notices...)
	}
	b.m.Choices = slices.DeleteFunc(b.m.Choices, func(c Choice) bool { return c.Const == nil && slices.Contains(off, c.Canonical) })
	if len(b.m.Choices) == 0 {
		return fault.New(fault.Usage, "no column of the input is known as one of %s", b.table.Name).
			WithHint("its columns are: %s; map them: --map order_id=COLUMN, or say what kind of file it is: --preset NAME (cdnow, olist, shopify, …), --input-format basket (one basket a line)", listFields(b.schema))
	}
	return nil
}

// explicit takes the user's mapping and returns the columns switched off.
func (b *build) explicit() (off []string, err error) {
	names := make([]string, 0, len(b.Maps))
	for name := range b.Maps {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if b.table.Column(name) == nil {
			return nil, fault.New(fault.Usage, "--map %s: %s have no such column", name, b.table.Name).
				WithHint("their columns are: %s", strings.Join(b.table.Names(), ", "))
		}
		value := b.Maps[name]
		if value == "" {
			off = append(off, name)
			continue
		}
		c, err := b.parseMap(name, value)
		if err != nil {
			return nil, err
		}
		b.m.set(c)
	}
	return off, nil
}

// stated is why a column is taken that the user named.
const stated = "--map"

// parseMap reads the right side of --map.
func (b *build) parseMap(name, value string) (Choice, error) {
	c := Choice{Canonical: name, Why: stated}
	if len(b.schema.FieldIndices(value)) > 0 {
		c.From = value
		return c, nil
	}
	if text, ok := strings.CutPrefix(value, "="); ok {
		c.Const = &text
		return c, nil
	}
	if at := strings.LastIndexByte(value, '@'); at > 0 && len(b.schema.FieldIndices(value[:at])) > 0 {
		c.From = value[:at]
		if how := value[at+1:]; how == "int" {
			c.Integer = true
		} else {
			c.Layout = how
		}
		return c, nil
	}
	if join, col, ok := strings.Cut(value, "."); ok && b.Tables[join] != nil && len(b.Tables[join].Schema().FieldIndices(col)) > 0 {
		c.From = col
		b.from[name] = join
		return c, nil
	}
	return c, fault.New(fault.Usage, "--map %s=%s: the input has no column %q", name, value, value).
		WithHint("its columns are: %s", listFields(b.schema))
}

// addJoin adds a join of a table and remembers its place.
func (b *build) addJoin(name string, t source.Dataset, on []relation.On) {
	b.rel.Joins = append(b.rel.Joins, relation.Join{Name: name, Table: t, On: on})
	b.joins[name] = len(b.rel.Joins)
}

// joinTables joins --products and --customers by their id and takes from them
// what the fact table does not have.
func (b *build) joinTables() error {
	for _, t := range []*Table{Products, Customers} {
		d := b.Tables[t.Name]
		key := t.Columns[0].Name
		if d == nil || b.joins[t.Name] != 0 {
			continue
		}
		left := b.m.Of(key)
		if left == nil || left.Const != nil {
			return fault.New(fault.Usage, "joining %s: the input has no %s", t.Name, key).WithHint("map it: --map %s=COLUMN", key)
		}
		m, notices, err := Propose(t, d.Schema(), source.Untyped(d))
		if err != nil {
			return fault.Wrap(err, "joining %s", t.Name)
		}
		right := m.Of(key)
		if right == nil {
			return fault.New(fault.Usage, "joining %s: no column of it is known as %s", t.Name, key).
				WithHint("its columns are: %s", listFields(d.Schema()))
		}
		on := relation.On{Left: left.From, Right: right.From}
		if parent := b.from[key]; parent != "" {
			on.Left = parent + "." + on.Left
		}
		b.addJoin(t.Name, d, []relation.On{on})
		for _, n := range notices {
			b.notices = append(b.notices, Notice(t.Name+": "+string(n)))
		}
		for _, c := range m.Choices {
			if c.Canonical == key || b.m.Of(c.Canonical) != nil || b.table.Column(c.Canonical) == nil {
				continue
			}
			b.m.set(c)
			b.from[c.Canonical] = t.Name
		}
	}
	for name, join := range b.from {
		if b.joins[join] == 0 {
			return fault.New(fault.Usage, "mapping %s: the table %s is not joined", name, join)
		}
	}
	return nil
}

// columns makes the relation's mapped columns.
func (b *build) columns() error {
	for i := range b.m.Choices {
		c := &b.m.Choices[i]
		d, join := b.Fact, 0
		if name := b.from[c.Canonical]; name != "" {
			join = b.joins[name]
			d = b.Tables[name]
		}
		typ, err := c.resolve(b.table, d.Schema(), source.Untyped(d))
		if err != nil {
			return err
		}
		if typ == expr.Int && !c.Integer && nameLike(b.table.Column(c.Canonical).Role) && relation.Wide(d, c.From) {
			typ = expr.Text // ids beyond int64, digit by digit
		}
		if typ != expr.Text || !b.holdsText(c.other) {
			c.other = ""
		}
		b.rel.Columns = append(b.rel.Columns, relation.Column{
			Name: c.Canonical, Type: typ, From: c.From, Else: c.other, Join: join, Layout: c.Layout, Guessed: c.guessed, Integer: c.Integer, Const: c.Const,
		})
	}
	b.rel.Canonical = len(b.rel.Columns)
	return nil
}

// holdsText reports whether a column of the fact table can be read as text.
func (b *build) holdsText(name string) bool {
	at := b.schema.FieldIndices(name)
	return len(at) == 1 && (b.text || frame.KindOf(b.schema.Field(at[0]).Type) == frame.String)
}

// unmapped adds the other columns of the fact table, unchanged.
func (b *build) unmapped() {
	used := map[string]bool{}
	for _, c := range b.rel.Columns {
		if c.Join == 0 || b.rel.Joins[c.Join-1].Self {
			used[c.From] = true
		}
	}
	for _, f := range b.schema.Fields() {
		if used[f.Name] || frame.KindOf(f.Type) == frame.Nested || len(b.schema.FieldIndices(f.Name)) > 1 {
			continue
		}
		name := f.Name
		for b.rel.Find(name) >= 0 || name == relation.MoneyColumn || name == relation.BadColumn {
			name += "_raw"
		}
		b.rel.Columns = append(b.rel.Columns, relation.Column{Name: name, Type: plainType(f.Type), From: f.Name})
	}
}

// rules sets the clean rules.
func (b *build) rules() error {
	if b.NoClean {
		return nil
	}
	now, err := relation.WallTime(b.rel.Zone, b.Now)
	if err != nil {
		return err
	}
	cfg := b.Rules
	cfg.Now = now
	cfg.Extra = append(slices.Clip(cfg.Extra), b.void...)
	b.rel.Rules = clean.StandardRules(b.rel, cfg)
	return nil
}

// Require checks that a relation has the columns that something needs. The
// error names all that are missing, with the remedy.
func Require(rel *relation.Relation, what string, names ...string) error {
	var missing []string
	for _, n := range names {
		if n == relation.MoneyColumn {
			if _, _, _, _, ok := rel.MoneyParts(); !ok {
				missing = append(missing, "amount (or quantity and unit_price)")
			}
			continue
		}
		if rel.Find(n) < 0 {
			missing = append(missing, n)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	first, _, _ := strings.Cut(missing[0], " ")
	return fault.New(fault.Usage, "%s needs the column%s %s, which the input does not have", what, plural(len(missing)), strings.Join(missing, ", ")).
		WithHint("map it: --map %s=COLUMN; the input's columns are: %s", first, listFields(rel.Fact.Schema()))
}

// plural is the ending of a noun for n things.
func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}
