package sqlgen

import (
	"fmt"
	"math"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Grouping prints g over rel: one row a key and item, in the order of the
// groups and of the items within them. The columns are named key, item and as the values and codes.
func Grouping(d Dialect, rel *relation.Relation, tables Tables, g query.Grouping) (string, error) {
	q := query.Query{Name: g.Name, Scope: g.Scope, Where: g.Where, From: g.From, To: g.To}.Normal()
	r := newRows(d, rel, tables)
	r.printer.cols.reserve("key", "item")
	r.printer.cols.reserve(g.Values...)
	r.printer.cols.reserve(g.Codes...)
	s := &selection{rows: r, q: q}
	text := s.grouping(g)
	if r.err != nil {
		return "", fault.Wrap(r.err, "grouping %s", g.Name)
	}
	return text, nil
}

// nullsLast orders by a column ascending with nulls last.
func nullsLast(t term) string { return t.s + " IS NULL, " + t.s }

func (s *selection) grouping(g query.Grouping) string {
	s.joins()
	s.dimensions()
	key, _ := s.cutColumn(g.Key, query.NoCut)
	item, _ := s.cutColumn(g.Item, query.NoCut)
	key, item = s.let("group_key", key), s.let("group_item", item)
	var order []string
	step := later(key, item, s.where)
	for _, name := range g.Order {
		t, _ := s.cutColumn(name, query.NoCut)
		t = s.let("ordered", t)
		order = append(order, nullsLast(t))
		step = max(step, t.step)
	}
	place := s.raw("file_order", s.ok(s.d.FileOrder(s.alias[0])))
	order = append(order, place.s)
	list := []string{key.s + " AS " + s.ident("key"), item.s + " AS " + s.ident("item")}
	for _, name := range g.Values {
		t, typ := s.cutColumn(name, query.NoCut)
		v := s.let("value", t)
		if typ == expr.Text {
			v = s.textRank(v, key, item)
		}
		list = append(list, v.s+" AS "+s.ident(name))
	}
	for _, name := range g.Codes {
		t, _ := s.cutColumn(name, query.NoCut)
		list = append(list, s.let("value", t).s+" AS "+s.ident(name))
	}
	where := s.where.s + " AND " + key.s + " IS NOT NULL AND " + item.s + " IS NOT NULL"
	if g.Distinct {
		n := s.let("again", term{s: "ROW_NUMBER() OVER (PARTITION BY " + s.where.s + ", " + key.s + ", " + item.s + " ORDER BY " + strings.Join(order, ", ") + ")", step: step})
		where += " AND " + n.s + " = 1"
	}
	text, last := s.ctes()
	return fmt.Sprintf("%s\nSELECT\n  %s\nFROM %s\nWHERE %s\nORDER BY %s, %s\n", text, strings.Join(list, ",\n  "), last, where, key.s, strings.Join(order, ", "))
}

// textRank is the rank from 0 of a text among the rows of the groups.
func (s *selection) textRank(v, key, item term) term {
	rows := s.where.s + " AND " + key.s + " IS NOT NULL AND " + item.s + " IS NOT NULL"
	rank := "DENSE_RANK() OVER (PARTITION BY " + rows + " ORDER BY " + nullsLast(v) + ") - 1"
	return s.let("rank", term{s: "CASE WHEN " + v.s + " IS NOT NULL THEN " + rank + " END", step: later(key, item, s.where, v)})
}

// Account prints where every row of the relation goes: one row a kind and reason
// that occurs, with the number of rows, the sum of their money (10⁻⁴) and the number of rows
// without money.
func Account(d Dialect, rel *relation.Relation, tables Tables) (string, error) {
	r := newRows(d, rel, tables)
	r.joins()
	kind := r.kindTerm()
	reason := r.let("reason", *r.reason)
	money := r.null()
	if _, _, _, _, ok := rel.MoneyParts(); ok {
		money = r.moneyTerm()
	}
	if i := rel.TimeColumn(); i >= 0 && rel.AsOf == math.MaxInt64 && rel.Columns[i].Type == expr.Time {
		// Without a stated as-of it is midnight after the last sold line.
		ts := r.column(rel.Columns[i].Name).term
		sold := r.let("last_sold", r.f("MAX(CASE WHEN %s THEN %s END) OVER ()", r.inKinds(relation.Only(relation.Sold)), ts))
		day := r.let("last_day", r.floorDiv(sold, dayMicros))
		late := r.let("late", r.f("%s AND %s >= %s", r.inKinds(relation.Only(relation.Void, relation.Reversal)), ts, r.f("(%s + 1) * %s", day, r.int(dayMicros))))
		kind = r.let("kind", r.f("CASE WHEN %s THEN 'outside' ELSE %s END", late, kind))
		reason = r.let("reason", r.f("CASE WHEN %s THEN %s ELSE %s END", late, term{s: r.ok(r.d.Text(relation.ReasonOutside)), atom: true}, reason))
	}
	text, last := r.ctes()
	if r.err != nil {
		return "", fault.Wrap(r.err, "account of the %s", rel.Name)
	}
	return fmt.Sprintf("%s\nSELECT\n  %s AS %s,\n  %s AS %s,\n  COUNT(*) AS %s,\n  COALESCE(SUM(%s), 0) AS %s,\n  COUNT(*) - COUNT(%s) AS %s\nFROM %s\nGROUP BY 1, 2\nORDER BY 1, 2\n",
		text, kind.s, r.ident("kind"), reason.s, r.ident("reason"), r.ident("rows"), money.s, r.ident("money"), money.s, r.ident("no_money"), last), nil
}

// Plan prints all that a plan asks, each with a comment that names it. What cannot be
// printed is a comment with the cause instead, so that the rest can still be read.
func Plan(d Dialect, rel *relation.Relation, tables Tables, plan query.Plan) string {
	var b strings.Builder
	add := func(what, name, text string, err error) {
		fmt.Fprintf(&b, "-- %s %s (%s)\n", what, comment(name), d.Name())
		if err != nil {
			b.WriteString("-- cannot be written: " + comment(err.Error()) + "\n\n")
			return
		}
		b.WriteString(strings.TrimSuffix(text, "\n") + ";\n\n")
	}
	for _, q := range plan.Queries {
		text, err := Query(d, rel, tables, q)
		add("query", q.Name, text, err)
	}
	for _, g := range plan.Groupings {
		text, err := Grouping(d, rel, tables, g)
		add("grouping", g.Name, text, err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// comment keeps a text within one comment line.
func comment(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 || r == 0x85 {
			return ' '
		}
		return r
	}, s)
}
