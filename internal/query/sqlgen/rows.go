package sqlgen

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Tables names the tables that hold the raw columns.
type Tables struct {
	Fact  string
	Joins []string // parallel to Relation.Joins
	// Native says that times and dates in the tables are of the database's own types, as package
	// source/sqltable reads them, not counts.
	Native bool
	// Spans bound the instants of raw columns of the fact table that were looked at before, by name. A statement in which others are met
	// ends with an error, where the dialect can.
	Spans map[string]Span
}

// DefaultTables names the tables as the relation and its joins are called.
func DefaultTables(rel *relation.Relation) Tables {
	t := Tables{Fact: rel.Name}
	for _, j := range rel.Joins {
		name := j.Name
		if j.Self {
			name = rel.Name
		}
		t.Joins = append(t.Joins, name)
	}
	return t
}

// rows prints the rows of a relation: its columns, money, kind and reason.
type rows struct {
	*printer
	rel    *relation.Relation
	tables Tables
	alias  []string // of the fact table, then of each join
	cols   map[string]value
	money  *term
	kind   *term
	reason *term
}

// value is a mapped column. bad, when not empty, is true where a raw value was
// present and could not be read.
type value struct {
	term
	typ expr.Type
	bad term
}

func newRows(d Dialect, rel *relation.Relation, tables Tables) *rows {
	r := &rows{printer: newPrinter(d), rel: rel, tables: tables, cols: map[string]value{}}
	r.printer.tables.reserve(tables.Fact)
	r.printer.tables.reserve(tables.Joins...)
	var used names
	used.reserve(tables.Fact)
	used.reserve(tables.Joins...)
	r.alias = append(r.alias, r.ident(used.fresh("f")))
	r.from = "FROM " + r.ident(tables.Fact) + " AS " + r.alias[0]
	if len(tables.Joins) != len(rel.Joins) {
		r.fail(fault.New(fault.Internal, "printing SQL: %d tables for %d joins", len(tables.Joins), len(rel.Joins)))
		return r
	}
	for i := range rel.Joins {
		r.alias = append(r.alias, r.ident(used.fresh(fmt.Sprint("j", i+1))))
	}
	return r
}

// column is a column of the relation by name.
func (r *rows) column(name string) value {
	if v, ok := r.cols[name]; ok {
		return v
	}
	i := r.rel.Find(name)
	if i < 0 {
		v := value{term: r.fail(fault.New(fault.Usage, "the %s have no column %q", r.rel.Name, name))}
		return v
	}
	c := &r.rel.Columns[i]
	v := value{typ: c.Type}
	if c.Const != nil {
		v.term = r.constant(c)
	} else {
		r.read(c, &v)
	}
	if r.isMappedText(c) {
		r.mappedText(c, &v)
	}
	if c.Else != "" {
		v.term = r.standIn(c, v.term)
	}
	v.term = r.let(c.Name, v.term)
	r.cols[name] = v
	return v
}

// constant is the value of a mapped constant, of the column's type.
func (r *rows) constant(c *relation.Column) term {
	text := strings.TrimSpace(*c.Const)
	switch c.Type {
	case expr.Int:
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return r.int(i)
		}
	case expr.Float:
		if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return r.float(f)
		}
	case expr.Text:
		return term{s: r.ok(r.d.Text(*c.Const)), atom: true}
	}
	return r.refuse("mapping %s: the constant %q as %s", c.Name, *c.Const, c.Type)
}

// read maps a source column.
func (r *rows) read(c *relation.Column, v *value) {
	table := r.rel.Fact
	if c.Join > 0 {
		table = r.rel.Joins[c.Join-1].Table
	}
	f, ok := table.Schema().FieldsByName(c.From)
	if !ok || len(f) != 1 {
		r.fail(fault.New(fault.Usage, "mapping %s: the input has %d columns named %q", c.Name, len(f), c.From))
		return
	}
	kind := frame.KindOf(f[0].Type)
	hint := "raw_" + c.From
	if plain(c.Type, kind) && !r.isMappedText(c) {
		hint = c.Name
	}
	x := r.raw(hint, r.source(c.Join, c.From, f[0].Type))
	if c.Type == expr.Text && isText(table) {
		kind, f[0].Type = frame.String, arrow.BinaryTypes.String // read as it stands in the file
	}
	if !r.convert(c, f[0].Type, kind, x, v) {
		r.refuse("mapping %s: %s values of column %q as %s", c.Name, f[0].Type, c.From, c.Type)
	}
}

// source is a raw column of the fact table (0) or of a joined one, which is brought to its form where it is joined.
func (r *rows) source(table int, name string, t arrow.DataType) string {
	x := r.alias[table] + "." + r.ident(name)
	if table > 0 {
		return x
	}
	return r.d.Raw(x, valueType(t), r.tables.Native)
}

// valueType is the type of the values of a dictionary.
func valueType(t arrow.DataType) arrow.DataType {
	if d, ok := t.(*arrow.DictionaryType); ok {
		return d.ValueType
	}
	return t
}

// isMappedText reports whether a column is canonical, or joined, text.
func (r *rows) isMappedText(c *relation.Column) bool {
	return c.Type == expr.Text && (c.Join > 0 || r.rel.Find(c.Name) < r.rel.Canonical)
}

// mappedText reads empty text as null, and currencies as codes.
func (r *rows) mappedText(c *relation.Column, v *value) {
	if c.Name == "currency" {
		v.s = r.ok(r.d.Call("upper", r.ok(r.d.Call("trim", v.s))))
	}
	v.s, v.atom = "NULLIF("+v.s+", "+r.ok(r.d.Text(""))+")", false
}

// standIn takes the text of another column where x has none.
func (r *rows) standIn(c *relation.Column, x term) term {
	f, ok := r.rel.Fact.Schema().FieldsByName(c.Else)
	if !ok || len(f) != 1 || c.Join != 0 || c.Type != expr.Text {
		return r.fail(fault.New(fault.Usage, "mapping %s: the input has %d columns named %q", c.Name, len(f), c.Else))
	}
	other := r.raw("raw_"+c.Else, r.source(0, c.Else, f[0].Type))
	return r.f("COALESCE(%s, NULLIF(%s, %s))", x, other, term{s: r.ok(r.d.Text("")), atom: true})
}

// isText reports whether a table is in a text format, whose ids keep their digits.
func isText(d source.Dataset) bool {
	for _, in := range d.Inputs() {
		switch in.Format {
		case "csv", "tsv", "ndjson", "basket":
			return true
		}
	}
	return false
}

// plain conversions take the raw value as it is.
func plain(t expr.Type, k frame.Kind) bool {
	return t == expr.Int && k == frame.Int || t == expr.Text && k == frame.String || t == expr.Date && k == frame.Date
}

// convert writes the mapped value of raw column x; false when SQL cannot.
func (r *rows) convert(c *relation.Column, t arrow.DataType, kind frame.Kind, x term, v *value) bool {
	if t.ID() == arrow.UINT64 {
		return false
	}
	switch {
	case kind == frame.Null:
		v.term = r.null()
	case c.Type == expr.Int && (kind == frame.Int || kind == frame.Bool), c.Type == expr.Text && kind == frame.String, c.Type == expr.Date && kind == frame.Date:
		v.term = x
	case c.Type == expr.Bool && (kind == frame.Bool || kind == frame.Int):
		v.term = r.f("%s", x)
		v.s = r.d.AsBool(x.s)
	case c.Type == expr.Int && kind == frame.Float:
		r.wholeFloat(x, v)
	case c.Type == expr.Float && kind == frame.Float:
		v.term = term{s: r.d.Finite(x.s), step: x.step}
	case c.Type == expr.Float && (kind == frame.Int || kind == frame.Bool):
		v.term = term{s: r.d.ToFloat(x.s), step: x.step}
	case c.Type == expr.Time && kind == frame.Time:
		r.timestamp(c, t, x, v)
	case c.Type == expr.Time && kind == frame.Date:
		const maxDays = 106_000_000
		v.term = r.f("CASE WHEN %s BETWEEN %d AND %d THEN %s * %d END", x, -maxDays, maxDays, x, int64(dayMicros))
		v.bad = r.f("%s NOT BETWEEN %d AND %d", x, -maxDays, maxDays)
	case c.Type == expr.Date && kind == frame.Time:
		r.timestamp(c, t, x, v)
		v.term = r.floorDiv(v.term, dayMicros)
	default:
		return false
	}
	return true
}

// wholeFloat takes whole doubles up to 2^53 as integers; others are bad.
func (r *rows) wholeFloat(x term, v *value) {
	x = r.let("finite", term{s: r.d.Finite(x.s), step: x.step})
	whole := r.let("whole", term{s: "CASE WHEN ABS(" + x.s + ") <= 9007199254740992.0 THEN " + r.d.ToInt(x.s) + " END", step: x.step})
	v.term = r.f("CASE WHEN %s = %s THEN %s END", whole, x, whole)
	v.bad = r.f("%s IS NOT NULL AND (%s IS NULL OR %s <> %s)", x, whole, whole, x)
}

// timestamp brings a timestamp to microseconds of wall time.
func (r *rows) timestamp(c *relation.Column, t arrow.DataType, x term, v *value) {
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	ts, ok := t.(*arrow.TimestampType)
	if !ok {
		r.refuse("times held as %s", t)
		return
	}
	v.term = x
	switch ts.Unit {
	case arrow.Nanosecond:
		v.term = r.floorDiv(x, 1000)
	case arrow.Second, arrow.Millisecond:
		k := int64(1000)
		if ts.Unit == arrow.Second {
			k = 1_000_000
		}
		limit := math.MaxInt64 / k
		v.term = r.f("CASE WHEN %s BETWEEN %d AND %d THEN %s * %d END", x, -limit, limit, x, k)
		v.bad = r.f("%s NOT BETWEEN %d AND %d", x, -limit, limit)
	}
	if ts.TimeZone != "" && r.rel.Zone != "" && r.rel.Zone != "UTC" {
		raw := ""
		if c.Join == 0 && ts.Unit == arrow.Microsecond {
			raw = c.From
		}
		v.term = r.wall(r.let("instant", v.term), raw)
	}
}

// lookup tells package expr about the columns.
func (r *rows) lookup(name string) (int, expr.Type, bool) {
	if i := r.rel.Find(name); i >= 0 {
		return i, r.rel.Columns[i].Type, true
	}
	switch name {
	case relation.MoneyColumn:
		_, _, _, _, ok := r.rel.MoneyParts()
		return -1, expr.Money, ok
	case relation.BadColumn:
		return -1, expr.Bool, true
	}
	return 0, 0, false
}

// byName gives package expr's columns as terms.
func (r *rows) byName(name string) term {
	if r.rel.Find(name) < 0 {
		switch name {
		case relation.MoneyColumn:
			return r.moneyTerm()
		case relation.BadColumn:
			return r.badTerm()
		}
	}
	return r.column(name).term
}

// condition prints a predicate over the relation's columns.
func (r *rows) condition(n expr.Node) term {
	var names []string
	for _, c := range r.rel.Columns {
		names = append(names, c.Name)
	}
	typed, err := expr.CheckCondition(n, r.lookup, names...)
	if err != nil {
		return r.fail(err)
	}
	return r.node(typed, r.byName)
}

// badTerm is true where a mapped value was present and could not be read.
func (r *rows) badTerm() term {
	var ts []term
	for _, c := range r.rel.Columns[:r.rel.Canonical] {
		if c.Join > 0 {
			continue
		}
		if v := r.column(c.Name); v.bad.s != "" {
			ts = append(ts, r.f("COALESCE(%s, %s)", v.bad, term{s: r.d.Bool(false), atom: true}))
		}
	}
	if len(ts) == 0 {
		return term{s: r.d.Bool(false), atom: true}
	}
	if len(ts) == 1 {
		return r.let("unparsable", ts[0])
	}
	return r.let("unparsable", r.logic(true, ts))
}
