package sqlgen

import (
	"fmt"
	"math"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// FactColumns are the first columns of what Facts prints; BadColumns and as many columns as the relation has joins follow.
var FactColumns = []string{"kind", "reason", "rows", "money", "no_money", "free", "first", "last"}

// Facts prints where every row of the relation goes, like Account, in one grouping without windows, which databases that
// spread their work can keep spread: a row a kind and reason with the number of rows, their money (10⁻⁴), the rows without money, the rows
// of price 0, the first and the last time, the rows whose values could not be read by column of BadColumns, and the rows without a partner by join.
// A relation without a stated as-of has no rows outside here; see LateFacts.
func Facts(d Dialect, rel *relation.Relation, tables Tables) (string, error) {
	r := newRows(d, rel, tables)
	r.joins()
	kind := r.kindTerm()
	reason := r.let("reason", *r.reason)
	money := r.null()
	if _, _, _, _, ok := rel.MoneyParts(); ok {
		money = r.moneyTerm()
	}
	list := []string{kind.s, reason.s, "COUNT(*)", r.whole(money), "COUNT(*) - COUNT(" + money.s + ")", r.freeRows(money)}
	ts := r.null()
	if i := rel.TimeColumn(); i >= 0 && rel.Columns[i].Type == expr.Time {
		ts = r.column(rel.Columns[i].Name).term
	}
	list = append(list, "MIN("+ts.s+")", "MAX("+ts.s+")")
	names := FactColumns
	for _, c := range r.badColumns() {
		bad := r.let("bad", r.column(c).bad)
		list = append(list, "COUNT(CASE WHEN "+bad.s+" THEN 1 END)")
		names = append(names, "bad "+c)
	}
	for i := range rel.Joins {
		key := r.raw("partner", r.alias[i+1]+"."+r.ident(rel.Joins[i].On[0].Right))
		list = append(list, "COUNT(*) - COUNT("+key.s+")")
		names = append(names, fmt.Sprint("unmatched ", i))
	}
	return r.summary(list, names, "")
}

// LateFacts prints the void and reversed rows on or after asOf (µs), as the first five columns of Facts.
func LateFacts(d Dialect, rel *relation.Relation, tables Tables, asOf int64) (string, error) {
	open := *rel
	open.AsOf = math.MaxInt64
	r := newRows(d, &open, tables)
	r.joins()
	kind := r.kindTerm()
	reason := r.let("reason", *r.reason)
	money := r.null()
	if _, _, _, _, ok := rel.MoneyParts(); ok {
		money = r.moneyTerm()
	}
	i := rel.TimeColumn()
	if i < 0 {
		return "", fault.New(fault.Internal, "late rows of %s without a time", rel.Name)
	}
	late := r.let("late", r.f("%s AND %s >= %s", r.inKinds(relation.Only(relation.Void, relation.Reversal)), r.column(rel.Columns[i].Name).term, r.int(asOf)))
	list := []string{kind.s, reason.s, "COUNT(*)", r.whole(money), "COUNT(*) - COUNT(" + money.s + ")"}
	return r.summary(list, FactColumns[:5], "\nWHERE "+late.s)
}

// BadColumns are the mapped columns whose values may be unreadable.
func BadColumns(d Dialect, rel *relation.Relation, tables Tables) []string {
	r := newRows(d, rel, tables)
	r.joins()
	return r.badColumns()
}

func (r *rows) badColumns() (out []string) {
	for _, c := range r.rel.Columns[:r.rel.Canonical] {
		if c.Join == 0 && r.column(c.Name).bad.s != "" {
			out = append(out, c.Name)
		}
	}
	return out
}

// whole is the sum of an integer column, 0 where there is none.
func (r *rows) whole(x term) string {
	if x.s == "NULL" {
		return r.d.Int(0)
	}
	sum := "COALESCE(" + r.sum(x, expr.Int) + ", 0)"
	if _, wide := r.d.(wideSums); wide {
		sum = "CAST(" + sum + " AS BIGINT)"
	}
	return sum
}

// freeRows counts the rows of price 0, or of money 0 without a price.
func (r *rows) freeRows(money term) string {
	price := money
	if r.rel.Has("unit_price") {
		price = r.column("unit_price").term
	}
	if price.s == "NULL" {
		return r.d.Int(0)
	}
	return "COUNT(CASE WHEN " + price.s + " = 0 THEN 1 END)"
}

// summary groups the last step by the first two of a list.
func (r *rows) summary(list, names []string, where string) (string, error) {
	text, last := r.ctes()
	for i := range list {
		list[i] += " AS " + r.ident(names[i])
	}
	if r.err != nil {
		return "", fault.Wrap(r.err, "account of the %s", r.rel.Name)
	}
	return fmt.Sprintf("%s\nSELECT\n  %s\nFROM %s%s\nGROUP BY 1, 2\nORDER BY 1, 2\n", text, strings.Join(list, ",\n  "), last, where), nil
}

// KeyProof prints the keys of join i whose rows in the dimension do not agree in all that is used of them: there must be none, or the join
// would not know which row is meant. One such key is enough, with how many rows bear it.
func KeyProof(d Dialect, rel *relation.Relation, tables Tables, i int) (string, error) {
	r := newRows(d, rel, tables)
	keys, used := r.dimension(i)
	var list, differ []string
	for _, k := range keys {
		k = r.ident(k)
		list = append(list, k)
	}
	for _, u := range used {
		u = r.ident(u)
		differ = append(differ, fmt.Sprintf("COUNT(DISTINCT %s) + MAX(CASE WHEN %s IS NULL THEN 1 ELSE 0 END) > 1", u, u))
	}
	if len(differ) == 0 || r.err != nil {
		return "", r.err
	}
	by := strings.Join(list, ", ")
	known := strings.Join(list, " IS NOT NULL AND ") + " IS NOT NULL"
	if rel.Joins[i].Present != "" {
		known += " AND " + r.present(i)
	}
	return fmt.Sprintf("SELECT %s, COUNT(*) AS %s\nFROM %s\nWHERE %s\nGROUP BY %s\nHAVING %s\nLIMIT 1\n",
		by, r.ident("rows of it"), r.ident(tables.Joins[i]), known, by, strings.Join(differ, " OR ")), nil
}

// dimension names the key columns of join i and what else is used of its table.
func (r *rows) dimension(i int) (keys, used []string) {
	seen := map[string]bool{}
	for _, o := range r.rel.Joins[i].On {
		if !seen[o.Right] {
			seen[o.Right] = true
			keys = append(keys, o.Right)
		}
	}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			used = append(used, name)
		}
	}
	if p := r.rel.Joins[i].Present; p != "" {
		add(p)
	}
	for _, c := range r.rel.Columns {
		if c.Join == i+1 && c.Const == nil {
			add(c.From)
		}
	}
	for _, later := range r.rel.Joins[i+1:] {
		for _, o := range later.On {
			if name, ok := strings.CutPrefix(o.Left, r.rel.Joins[i].Name+"."); ok {
				add(name)
			}
		}
	}
	return keys, used
}
