package analysis

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

var salesTitle = Text{"Sales", "销售"}

// salesSection answers: was the last period good, why, and how do sales run?
var salesSection = &Section{
	Order: 10,
	Title: salesTitle,
	Plan:  salesSectionPlan,
	More:  salesSectionMore,
	View:  salesView,
}

func salesSectionPlan(r *Request) (query.Plan, error) {
	var plan query.Plan
	std := r.measures(mRevenue, mOrders, mCustomers, mUnits, "lines")
	by := func(name string, ms []query.Measure, dims ...query.Dim) {
		q := r.baseQuery(name)
		q.Dims, q.Measures = dims, ms
		plan.Queries = append(plan.Queries, q)
	}
	cut := func(c query.Cut) query.Dim { return query.Dim{Name: c.String(), Column: relation.OrderTS, Cut: c} }
	by("sales.day", std, cut(query.Day))
	by("sales.week", std, cut(query.Week))
	by("sales.month", std, cut(query.Month))
	revenue := r.measures(mRevenue)
	for _, c := range causeColumns {
		if r.Rel.Has(c.column) && c.kind != phrase.ByCustomer {
			by("sales.day."+c.column, revenue, cut(query.Day), query.Dim{Name: c.column, Column: c.column})
		}
	}
	back := r.baseQuery("sales.returns")
	back.Scope = relation.Only(relation.Reversal)
	back.Dims = []query.Dim{cut(query.Day)}
	back.Measures = []query.Measure{{Name: "returned", Op: query.Sum, Column: relation.MoneyColumn}, {Name: "lines", Op: query.Count}}
	plan.Queries = append(plan.Queries, back)
	return plan, nil
}

// causeColumns are searched for what explains a change.
var causeColumns = []struct {
	column string
	kind   phrase.CauseKind
	limit  int
}{
	{"customer_id", phrase.ByCustomer, maxNamed},
	{"region", phrase.ByRegion, 2},
	{"country", phrase.ByRegion, 2},
	{"category", phrase.ByCategory, 2},
	{"channel", phrase.ByCategory, 1},
}

// salesSectionMore asks who and what moved the headline's period.
func salesSectionMore(r *Request, a *query.Answer) (query.Plan, error) {
	var plan query.Plan
	if rows, _ := a.Account.Of(relation.Sold); rows == 0 {
		return plan, nil
	}
	s := newSalesData(r, a).head
	if s.whole() < 2 {
		return plan, nil
	}
	for _, column := range []string{"customer_id", r.productColumn()} {
		if column == "" || !r.Rel.Has(column) {
			continue
		}
		q := r.baseQuery("sales.day." + column)
		q.From, q.To = max(q.From, s.periods[s.last-1].Start*dayMicros), min(q.To, s.periods[s.last].End*dayMicros)
		q.Dims = []query.Dim{{Name: "day", Column: relation.OrderTS, Cut: query.Day}, {Name: column, Column: column}}
		if column == "product_id" && r.Rel.Has("product_name") {
			q.Dims = append(q.Dims, query.Dim{Name: "product_name", Column: "product_name"})
		}
		q.Measures = r.measures(mRevenue)
		plan.Queries = append(plan.Queries, q)
	}
	return plan, nil
}

// salesData is what the section's view is made from.
type salesData struct {
	r                *Request
	p                phrase.Printer
	w                window
	day, week, month *series
	head             *series // the headline's cut
	orders, people   bool    // the input has order and customer ids
}

func salesView(_ context.Context, r *Request, a *query.Answer) (*View, error) {
	if err := wide(a.Tables...); err != nil {
		return nil, err
	}
	p := r.printer(a)
	v := &View{ID: "sales", Title: salesTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	d := newSalesData(r, a)
	v.Lead = d.lead(a)
	v.Tiles = d.tiles()
	movers := func(column string) func() (Figure, bool, error) {
		return func() (Figure, bool, error) { return d.movers(a, column) }
	}
	for _, f := range []func() (Figure, bool, error){d.trend, movers("customer_id"), movers(r.productColumn()), d.months, d.weekdays} {
		fig, ok, err := f()
		if err != nil {
			return nil, err
		}
		if ok {
			v.Figures = append(v.Figures, fig)
		}
	}
	return v, nil
}

func newSalesData(r *Request, a *query.Answer) *salesData {
	d := &salesData{r: r, p: r.printer(a), w: windowOf(r, a), orders: r.Rel.Has("order_id"), people: r.Rel.Has("customer_id")}
	returns := tableNamed(a, "sales.returns")
	d.day = newSeries(phrase.Day, tableNamed(a, "sales.day"), returns, d.w)
	d.week = newSeries(phrase.Week, tableNamed(a, "sales.week"), returns, d.w)
	d.month = newSeries(phrase.Month, tableNamed(a, "sales.month"), returns, d.w)
	d.head = headline(d.day, d.week, d.month, d.orders)
	return d
}

// lead writes the headline, whether it is usual, and the year before.
func (d *salesData) lead(a *query.Answer) []string {
	s := d.head
	if s.whole() == 0 {
		s = d.day
	}
	if s.whole() < 2 {
		return []string{d.short(a)}
	}
	now, before := s.of[s.last], s.of[s.last-1]
	c := phrase.Change{
		Period: s.periods[s.last], Prev: s.periods[s.last-1], Now: now.revenue, Before: before.revenue,
		Orders: -1, OrdersBefore: -1,
	}
	if d.orders {
		c.Orders, c.OrdersBefore = now.orders, before.orders
	}
	t, lo, hi, past := trendOf(d.values(s, revenueOf), true)
	c.Low, c.High, c.Past = lo, hi, past
	c.Unusual = map[Trend]int{Usual: 0, Unusual: 1, TooFewData: -1}[t]
	c.Cause = d.cause(a, c, now, before)
	lead := []string{d.p.Headline(c)}
	usual := d.p.Usual(c)
	if s.cut == phrase.Week && c.Unusual > 0 && s.last-53 >= s.first {
		if rate := change(revenueOf(s.of[s.last-53]), revenueOf(s.of[s.last-52]), true); !math.IsNaN(rate) {
			usual += d.p.Pick(" ", "") + d.p.Season(c.Rate(), math.Expm1(rate))
		}
	}
	if usual != "" {
		lead = append(lead, usual)
	}
	if y := d.yearBefore(s); y != "" && now.revenue > 0 {
		lead = append(lead, y)
	}
	return lead
}

// short is the lead of data that hold less than two whole days.
func (d *salesData) short(a *query.Answer) string {
	rows, money := a.Account.Of(relation.Sold)
	return d.p.Pick("The data span "+d.p.Span(d.w.from, d.w.end)+" only: "+d.p.MoneyWords(money)+" in "+d.p.Count(rows)+" sold "+phrase.Plural(rows, "line", "lines")+", and nothing to compare with.",
		"数据仅涵盖"+d.p.Span(d.w.from, d.w.end)+"："+d.p.Count(rows)+" 条已售明细，共 "+d.p.MoneyWords(money)+"，没有可比较的时段。")
}

// cause picks the explanation that goes furthest beyond what size alone would explain.
func (d *salesData) cause(a *query.Answer, c phrase.Change, now, before totals) phrase.Cause {
	best, top := volume(now, before), 0.0
	for _, col := range causeColumns {
		t := tableNamed(a, "sales.day."+col.column)
		parts := d.partsOf(t, c.Period, c.Prev, col.kind == phrase.ByCustomer)
		if found, score := concentrated(col.kind, parts, now.revenue, before.revenue, col.limit); score > top {
			best, top = found, score
		}
	}
	return best
}

// yearBefore compares the last four weeks (or the last month) with a year earlier.
func (d *salesData) yearBefore(s *series) string {
	n, back := 4, 52
	switch s.cut {
	case phrase.Month:
		n, back = 1, 12
	case phrase.Day:
		return ""
	}
	if s.last-back-n+1 < s.first {
		return ""
	}
	var now, before int64
	for i := s.last - n + 1; i <= s.last; i++ {
		now += s.of[i].revenue
		before += s.of[i-back].revenue
	}
	if before <= 0 {
		return ""
	}
	return d.p.YearBefore(s.cut, n, float64(now-before)/float64(before), before)
}

func revenueOf(t totals) float64 { return plain(t.revenue) }

// values returns a figure of the whole periods in order.
func (d *salesData) values(s *series, f func(totals) float64) []float64 {
	out := make([]float64, 0, s.whole())
	for i := s.first; i <= s.last; i++ {
		out = append(out, f(s.of[i]))
	}
	return out
}
