package local

import (
	"context"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// narrow lets a database leave out rows that no query of a trusted relation asks about; nil where it cannot. The rows that come are judged
// here again.
func narrow(ctx context.Context, rel *relation.Relation, plan query.Plan) (*relation.Relation, pruned, error) {
	d, ok := rel.Fact.(source.Selective)
	if !ok {
		return nil, pruned{}, nil
	}
	v := visible{rel}
	span, scale, ok := v.clock()
	if !ok {
		return nil, pruned{}, nil
	}
	keep := v.condition(plan, span)
	if keep == nil {
		return nil, pruned{}, nil
	}
	sel, err := d.Select(ctx, keep, span)
	if sel == nil || err != nil {
		return nil, pruned{}, err
	}
	some := *rel
	some.Fact = sel.Dataset
	p := pruned{some: true, all: sel.Rows, first: sel.Min * scale, last: sel.Max * scale}
	if span < 0 {
		p.first, p.last = math.MaxInt64, math.MinInt64
	}
	return &some, p, nil
}

// visible is a relation as its database sees it.
type visible struct{ rel *relation.Relation }

// lookup gives package expr the columns whose values the database has as they are here, with their place in the fact table; others have
// the place -1.
func (v visible) lookup(name string) (int, expr.Type, bool) {
	i := v.rel.Find(name)
	if i < 0 {
		return -1, expr.Money, name == relation.MoneyColumn
	}
	c := &v.rel.Columns[i]
	// what --currency leaves out is told from the rows that are read
	if c.Join != 0 || c.Const != nil || c.Else != "" || c.Layout != "" || c.Integer || c.Name == currencyColumn {
		return -1, c.Type, true
	}
	at := v.rel.Fact.Schema().FieldIndices(c.From)
	if len(at) != 1 || !same(c.Type, v.rel.Fact.Schema().Field(at[0]).Type, v.rel.Zone) {
		return -1, c.Type, true
	}
	return at[0], c.Type, true
}

// same reports whether a stored value is the value of the relation, but for empty texts, which are null here.
func same(t expr.Type, stored arrow.DataType, zone string) bool {
	k := frame.KindOf(stored)
	switch t {
	case expr.Bool:
		return k == frame.Bool
	case expr.Int:
		return k == frame.Int && arrow.IsInteger(stored.ID())
	case expr.Float:
		return k == frame.Float || k == frame.Decimal || k == frame.Int && arrow.IsInteger(stored.ID())
	case expr.Text:
		return k == frame.String
	case expr.Date:
		return k == frame.Date
	case expr.Time:
		_, ok := wallScale(stored, zone)
		return ok || k == frame.String
	}
	return false
}

// clock finds the column of the rows' time, -1 where they have none; false where the database has another time than the relation.
func (v visible) clock() (at int, scale int64, ok bool) {
	i := v.rel.TimeColumn()
	if i < 0 {
		return -1, 0, true
	}
	if at, _, _ = v.lookup(v.rel.Columns[i].Name); at < 0 || v.rel.Columns[i].Type != expr.Time {
		return 0, 0, false
	}
	scale, ok = wallScale(v.rel.Fact.Schema().Field(at).Type, v.rel.Zone)
	if !ok {
		scale = 1
	}
	return at, scale, true
}

// condition is true for every row that a query or grouping asks about; nil for all, and where the plan is none that can be run.
func (v visible) condition(plan query.Plan, span int) expr.Node {
	var conds []expr.Node
	from, to := period(plan)
	name := ""
	if span >= 0 {
		name = v.rel.Columns[v.rel.TimeColumn()].Name
	}
	if from != query.MinTime && span >= 0 {
		conds = append(conds, expr.Ge(expr.Col(name), expr.TimeLit(from)))
	}
	if to != query.MaxTime && span >= 0 {
		conds = append(conds, expr.Lt(expr.Col(name), expr.TimeLit(to)))
	}
	conds = append(conds, common(plan)...)
	if !slices.ContainsFunc(conds, telling) {
		return nil
	}
	typed, err := expr.CheckCondition(expr.And(conds...), v.lookup)
	if err != nil { // planning says so
		return nil
	}
	return typed
}

// telling reports whether a condition is worth the questions that leaving rows out costs: guests, whom "customer_id is not null" leaves out,
// are few.
func telling(n expr.Node) bool {
	t, ok := n.(*expr.NullTest)
	return !ok || !t.Not
}

// common lists the conditions that every query and grouping makes.
func common(plan query.Plan) (out []expr.Node) {
	var wheres []expr.Node
	for _, q := range plan.Queries {
		for _, d := range q.Dims {
			if d.FirstPer != "" { // looks at rows that its condition does not choose
				return nil
			}
		}
		wheres = append(wheres, q.Where)
	}
	for _, g := range plan.Groupings {
		wheres = append(wheres, g.Where)
	}
	count := map[string]int{}
	for _, w := range wheres {
		mine := map[string]bool{}
		for _, c := range conjuncts(w) {
			text := expr.Format(c)
			if mine[text] {
				continue
			}
			mine[text] = true
			if count[text]++; count[text] == len(wheres) {
				out = append(out, c)
			}
		}
	}
	return out
}

// conjuncts are the parts of a condition that must all be true.
func conjuncts(n expr.Node) []expr.Node {
	l, ok := n.(*expr.Logic)
	switch {
	case n == nil:
		return nil
	case !ok || l.Or:
		return []expr.Node{n}
	}
	var out []expr.Node
	for _, a := range l.Args {
		out = append(out, conjuncts(a)...)
	}
	return out
}
