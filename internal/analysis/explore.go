package analysis

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Explore asks for one measure of sales over the request's period, beside a period to compare
// with, over time and by one dimension. It is the sales page of `serve`.
type Explore struct {
	Measure string // one of ExploreMeasures
	Cut     string // day, week, month; "" fits the length of the period
	By      string // column or calendar cut that splits the measure; "" = none
	// CompareFrom and CompareTo bound the period to compare with, µs of wall time, half-open;
	// equal = none.
	CompareFrom, CompareTo int64
}

// ExploreMeasures are the measures that Explore knows, in the order of a menu.
var ExploreMeasures = []string{mRevenue, mOrders, mCustomers, mUnits, mAOV}

// exploreColumns are the columns that may split a measure. Customers are not among them: a
// page must not ask for one row a customer.
var exploreColumns = []string{"category", "product_name", "product_id", "region", "country", "city", "channel", "payment"}

// exploreCuts are the calendar cuts that may split a measure.
var exploreCuts = []query.Cut{query.Weekday, query.HourOfDay, query.MonthOfYear}

// ExploreBy lists the dimensions that a relation offers to Explore.By.
func ExploreBy(rel *relation.Relation) []string {
	var out []string
	for _, c := range exploreColumns {
		if rel.Has(c) && !(c == "product_id" && rel.Has("product_name")) {
			out = append(out, c)
		}
	}
	for _, c := range exploreCuts {
		out = append(out, c.String())
	}
	return out
}

// compares reports whether there is a period to compare with.
func (e *Explore) compares() bool { return e.CompareFrom < e.CompareTo }

// check refuses words that the page does not offer.
func (e *Explore) check(rel *relation.Relation) error {
	switch {
	case !slices.Contains(ExploreMeasures, e.Measure):
		return fault.New(fault.Usage, "measure %q: not one of revenue, orders, customers, units, aov", e.Measure)
	case e.Cut != "" && e.Cut != "day" && e.Cut != "week" && e.Cut != "month":
		return fault.New(fault.Usage, "cut %q: not one of day, week, month", e.Cut)
	case e.By != "" && !slices.Contains(ExploreBy(rel), e.By):
		return fault.New(fault.Usage, "by %q: the input has no such column to split by", e.By).WithHint("map a column with --map %s=Column", "category")
	}
	return nil
}

// Days that a page draws at most by day, and by week.
const (
	exploreDays  = 120
	exploreWeeks = 800
)

// RunExplore answers an Explore in one scan; its report holds one view, "explore".
func RunExplore(ctx context.Context, eng engine.Engine, r *Request, e Explore) (*Report, error) {
	if r.Rel.Name != "orders" {
		return nil, fault.New(fault.Usage, "exploring sales: the input holds %s, not orders", r.Rel.Name)
	}
	if err := e.check(r.Rel); err != nil {
		return nil, err
	}
	plan, err := explorePlan(r, &e)
	if err != nil {
		return nil, err
	}
	ans, err := answer(ctx, eng, r, plan)
	if err != nil {
		return nil, err
	}
	v, err := exploreView(r, &e, ans)
	if err != nil {
		return nil, err
	}
	return &Report{Views: []*View{v}, Account: ans.Account, AsOf: asOfDay(r, ans) * dayMicros}, nil
}

func explorePlan(r *Request, e *Explore) (query.Plan, error) {
	var plan query.Plan
	std := r.measures(mRevenue, mOrders, mCustomers, mUnits, "lines")
	add := func(name string, dims ...query.Dim) {
		q := r.baseQuery(name)
		q.Dims, q.Measures = dims, std
		plan.Queries = append(plan.Queries, q)
		if e.compares() {
			q.Name, q.From, q.To = name+".before", e.CompareFrom, e.CompareTo
			plan.Queries = append(plan.Queries, q)
		}
	}
	add("total")
	for k, past := range pastPeriods(r, e) {
		q := r.baseQuery("total" + pastSuffix(k))
		q.Measures, q.From, q.To = std, past[0], past[1]
		plan.Queries = append(plan.Queries, q)
	}
	for _, c := range []query.Cut{query.Day, query.Week, query.Month} {
		if e.Cut == "" || e.Cut == c.String() {
			add(c.String(), query.Dim{Name: c.String(), Column: relation.OrderTS, Cut: c})
		}
	}
	if e.By != "" {
		d, err := r.dim(e.By)
		if err != nil {
			return plan, err
		}
		add("by", d)
	}
	return plan, nil
}

// exploreCut is the cut that is drawn.
func exploreCut(e *Explore, w window) phrase.Cut {
	for cut, q := range cutOf {
		if e.Cut == q.String() {
			return cut
		}
	}
	switch days := w.end - w.from; {
	case days <= exploreDays:
		return phrase.Day
	case days <= exploreWeeks:
		return phrase.Week
	}
	return phrase.Month
}

// Value is one value of a column, with what it brought.
type Value struct {
	Text    string
	Rows    int64
	Revenue int64 // 10⁻⁴ units
}

// ColumnValues are the values of a column with the most revenue.
type ColumnValues struct {
	Column string
	Values []Value // largest revenue first
	More   int     // how many are left out
	Nulls  int64   // sold rows without a value
}

// Span is what a menu of filters is made from: the days of the sold lines and the values of columns.
type Span struct {
	Account query.Account
	Columns []ColumnValues
	Rows    int64 // input rows
	AsOf    int64 // µs
}

// Values lists the values of those columns that the relation has, at most limit each, in one scan.
func Values(ctx context.Context, eng engine.Engine, r *Request, limit int, columns ...string) (*Span, error) {
	var plan query.Plan
	var names []string
	for _, c := range columns {
		if !r.Rel.Has(c) {
			continue
		}
		q := r.baseQuery(c)
		q.Dims = []query.Dim{{Name: c, Column: c}}
		q.Measures = append(r.measures("lines"), r.measures(mRevenue)...)
		plan.Queries, names = append(plan.Queries, q), append(names, c)
	}
	if len(names) == 0 { // the span alone
		q := r.baseQuery("rows")
		q.Measures = []query.Measure{{Name: "lines", Op: query.Count}}
		plan.Queries = append(plan.Queries, q)
	}
	ans, err := eng.Run(ctx, r.Rel, plan)
	if err != nil {
		return nil, err
	}
	out := &Span{Account: ans.Account, Rows: ans.Account.Rows, AsOf: asOfDay(r, ans) * dayMicros}
	for i, name := range names {
		out.Columns = append(out.Columns, valuesOf(name, ans.Tables[i], limit))
	}
	return out, nil
}

func valuesOf(name string, t *query.Table, limit int) ColumnValues {
	c := ColumnValues{Column: name}
	rows, revenue := t.Col("lines"), t.Col(mRevenue)
	for i := range t.N {
		text, ok := textAt(&t.Cols[0], i)
		if !ok {
			c.Nulls = valueAt(rows, i)
			continue
		}
		c.Values = append(c.Values, Value{Text: text, Rows: valueAt(rows, i), Revenue: valueAt(revenue, i)})
	}
	slices.SortStableFunc(c.Values, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.Revenue, a.Revenue), cmp.Compare(a.Text, b.Text))
	})
	if n := len(c.Values); n > limit {
		c.Values, c.More = slices.Clone(c.Values[:limit]), n-limit
	}
	return c
}

// Equals is the typed condition that a column of the relation has a value, written as text; nil
// text asks for rows without one.
func Equals(rel *relation.Relation, column string, text *string) (expr.Node, error) {
	at := rel.Find(column)
	if at < 0 {
		return nil, fault.New(fault.Usage, "filter %s: the input has no such column", column).WithHint("map a column with --map %s=Column", column)
	}
	var cond expr.Node = &expr.NullTest{X: expr.Col(column)}
	if text != nil {
		cond = expr.Eq(expr.Col(column), literalOf(rel.Columns[at].Type, *text))
	}
	typed, err := expr.CheckCondition(cond, func(name string) (int, expr.Type, bool) {
		if i := rel.Find(name); i >= 0 {
			return i, rel.Columns[i].Type, true
		}
		return 0, 0, false
	})
	return typed, fault.Wrap(err, "filter %s", column)
}

// literalOf is a literal of a column's type where the text reads as one.
func literalOf(t expr.Type, text string) expr.Node {
	switch t {
	case expr.Int:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return expr.Lit(n)
		}
	case expr.Float:
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			return expr.Lit(v)
		}
	}
	return expr.Lit(text)
}

// Totals are the headline figures of an orders table.
type Totals struct {
	Revenue  int64 // 10⁻⁴ units
	Orders   int64
	Active   int64 // customers with an order in the last days asked about
	Currency string
}

// TotalsOf computes the figures in one scan; customers are active with an order in the last so
// many days before as-of. Money of several currencies is refused.
func TotalsOf(ctx context.Context, eng engine.Engine, r *Request, activeDays int) (*Totals, error) {
	var plan query.Plan
	all := r.baseQuery("total")
	all.Measures = r.measures(mRevenue, mOrders)
	plan.Queries = append(plan.Queries, all)
	if r.Rel.Has("customer_id") { // days told apart: as-of is known after the scan only
		last := r.baseQuery("last")
		last.Dims = []query.Dim{{Name: "customer_id", Column: "customer_id"}}
		last.Measures = []query.Measure{{Name: "last", Op: query.Max, Column: relation.OrderTS, Cut: query.Day, Scope: relation.Only(relation.Sold)}}
		plan.Queries = append(plan.Queries, last)
	}
	ans, err := answer(ctx, eng, r, plan)
	if err != nil {
		return nil, err
	}
	if err := wide(ans.Tables[0]); err != nil {
		return nil, err
	}
	t := firstTotals(ans.Tables[0])
	out := &Totals{Revenue: t.revenue, Orders: t.orders, Currency: r.printer(ans).Currency}
	if people := tableNamed(ans, "last"); people != nil {
		from := asOfDay(r, ans) - int64(activeDays)
		day := people.Col("last")
		for i := range people.N {
			if !people.Cols[0].IsNull(i) && !day.IsNull(i) && day.I64[i] >= from {
				out.Active++
			}
		}
	}
	return out, nil
}
