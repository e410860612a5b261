package sqlgen

import (
	"fmt"
	"math"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

const mul = expr.OpMul

// Tables names the tables that hold the raw columns.
type Tables struct {
	Fact  string
	Joins []string // parallel to Relation.Joins
}

// DefaultTables names the tables as the relation and its joins are called.
func DefaultTables(rel *relation.Relation) Tables {
	t := Tables{Fact: rel.Name}
	for _, j := range rel.Joins {
		t.Joins = append(t.Joins, j.Name)
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
	which  []int // rules by their number in the reason
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
		v.term = term{s: r.ok(r.d.Text(*c.Const)), atom: true}
	} else {
		r.read(c, &v)
	}
	v.term = r.let(c.Name, v.term)
	r.cols[name] = v
	return v
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
	if plain(c.Type, kind) {
		hint = c.Name
	}
	x := r.raw(hint, r.alias[c.Join]+"."+r.ident(c.From))
	if c.Type == expr.Text && isText(table) {
		kind, f[0].Type = frame.String, arrow.BinaryTypes.String // read as it stands in the file
	}
	if !r.convert(c, f[0].Type, kind, x, v) {
		r.refuse("mapping %s: %s values of column %q as %s", c.Name, f[0].Type, c.From, c.Type)
	}
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
		r.timestamp(t, x, v)
	case c.Type == expr.Time && kind == frame.Date:
		const maxDays = 106_000_000
		v.term = r.f("CASE WHEN %s BETWEEN %d AND %d THEN %s * %d END", x, -maxDays, maxDays, x, int64(dayMicros))
		v.bad = r.f("%s NOT BETWEEN %d AND %d", x, -maxDays, maxDays)
	case c.Type == expr.Date && kind == frame.Time:
		r.timestamp(t, x, v)
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
func (r *rows) timestamp(t arrow.DataType, x term, v *value) {
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
		v.term = r.wall(r.let("instant", v.term))
	}
}

// moneyTerm is the exact money of the line, see relation.MoneyParts.
func (r *rows) moneyTerm() term {
	if r.money != nil {
		return *r.money
	}
	amount, quantity, price, discount, ok := r.rel.MoneyParts()
	if !ok {
		return r.refuse("money: the %s have neither amount nor quantity and unit_price", r.rel.Name)
	}
	var m term
	if amount >= 0 {
		m = r.moneyOf([]operand{r.operand(amount)})
	} else {
		ops := []operand{r.operand(quantity), r.operand(price)}
		if discount >= 0 {
			ops = append(ops, r.operand(discount))
		}
		m = r.moneyOf(ops)
	}
	m = r.let(relation.MoneyColumn, m)
	r.money = &m
	return m
}

// operand is a part of money: integers stay as the source has them, so that
// the arithmetic is exact; everything else is a double.
type operand struct {
	term
	exact bool
}

func (r *rows) operand(i int) operand {
	c := &r.rel.Columns[i]
	v := r.column(c.Name)
	if c.Const == nil && c.Join == 0 {
		if f, ok := r.rel.Fact.Schema().FieldsByName(c.From); ok && len(f) == 1 {
			switch frame.KindOf(f[0].Type) {
			case frame.Int:
				return operand{r.raw(c.Name, r.alias[0]+"."+r.ident(c.From)), true}
			case frame.Decimal:
				return operand{r.refuse("money of decimals (column %q)", c.From), true}
			}
		}
	}
	return operand{v.term, v.typ == expr.Int}
}

// moneyOf prints quantity × price − discount, or an amount alone, times 10⁴. In
// doubles each operation rounds once and the result is rounded half away from zero.
func (r *rows) moneyOf(ops []operand) term {
	exact := true
	for _, o := range ops {
		exact = exact && o.exact
	}
	if exact {
		t := ops[0].term
		if len(ops) > 1 {
			t = r.arith(mul, t, ops[1].term)
		}
		if len(ops) > 2 {
			t = r.arith(expr.OpSub, t, r.f("COALESCE(%s, 0)", ops[2].term))
		}
		return r.arith(mul, t, r.int(moneyScale))
	}
	asFloat := func(o operand) term {
		if o.exact {
			return term{s: r.d.ToFloat(o.s), step: o.step}
		}
		return o.term
	}
	t := asFloat(ops[0])
	if len(ops) > 1 {
		t = r.f("%s * %s", asFloat(ops[1]), t)
	}
	if len(ops) > 2 {
		t = r.f("%s - %s", t, r.f("COALESCE(%s, 0.0)", asFloat(ops[2])))
	}
	v := r.let("money_float", r.f("%s * 10000.0", t))
	whole := r.let("money_whole", term{s: "CASE WHEN ABS(" + v.s + ") < 9223372036854775808.0 THEN " + r.d.ToInt(v.s) + " END", step: v.step})
	return r.f("%s + %s", whole, r.half(v, whole))
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

// joins prints the joined tables: one row a key. That the key is unique, or its rows
// agree in all used columns, is proven by the local engine only.
func (r *rows) joins() {
	for i := range r.rel.Joins {
		j := &r.rel.Joins[i]
		on := make([]string, len(j.On))
		for k, o := range j.On {
			parent, table, left := 0, r.rel.Fact, o.Left
			for p := range i {
				if rest, ok := strings.CutPrefix(o.Left, r.rel.Joins[p].Name+"."); ok {
					parent, table, left = p+1, r.rel.Joins[p].Table, rest
				}
			}
			lk, rk := r.keyKind(table.Schema(), left), r.keyKind(j.Table.Schema(), o.Right)
			if lk != rk {
				r.refuse("joining %s: %s and %s have different types", j.Name, o.Left, o.Right)
			}
			on[k] = r.alias[parent] + "." + r.ident(left) + " = " + r.alias[i+1] + "." + r.ident(o.Right)
		}
		r.from += "\n  LEFT JOIN " + r.oneAKey(i) + " AS " + r.alias[i+1] + " ON " + strings.Join(on, " AND ")
	}
}

// keyKind wants integers or text, which compare as they are.
func (r *rows) keyKind(s *arrow.Schema, name string) frame.Kind {
	f, ok := s.FieldsByName(name)
	if !ok || len(f) != 1 {
		r.fail(fault.New(fault.Usage, "joining: no column %q", name))
		return frame.Any
	}
	k := frame.KindOf(f[0].Type)
	if k != frame.Int && k != frame.String {
		r.refuse("joining by %s values of column %q", f[0].Type, name)
	}
	return k
}

// oneAKey groups a dimension by its key.
func (r *rows) oneAKey(i int) string {
	j := &r.rel.Joins[i]
	isKey := map[string]bool{}
	var keys, list []string
	for _, o := range j.On {
		if !isKey[o.Right] {
			isKey[o.Right] = true
			keys = append(keys, r.ident(o.Right))
		}
	}
	list = append(list, keys...)
	add := func(name string) {
		if !isKey[name] {
			isKey[name] = true
			list = append(list, "MIN("+r.ident(name)+") AS "+r.ident(name))
		}
	}
	for _, c := range r.rel.Columns {
		if c.Join == i+1 && c.Const == nil {
			add(c.From)
		}
	}
	for _, later := range r.rel.Joins[i+1:] {
		for _, o := range later.On {
			if name, ok := strings.CutPrefix(o.Left, j.Name+"."); ok {
				add(name)
			}
		}
	}
	return "(SELECT " + strings.Join(list, ", ") + " FROM " + r.ident(r.tables.Joins[i]) + " GROUP BY " + strings.Join(keys, ", ") + ")"
}
