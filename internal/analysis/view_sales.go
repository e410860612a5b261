package analysis

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
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
	for _, column := range []string{"customer_id", "product_id"} {
		if !r.Rel.Has(column) {
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
	for _, f := range []func() (Figure, bool, error){d.trend, movers("customer_id"), movers("product_id"), d.months, d.weekdays} {
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

// sparkLength is the number of periods of a tile's sparkline.
const sparkLength = 26

// tileSpec is one headline figure: how it is computed and written.
type tileSpec struct {
	label       string
	value       func(totals) float64
	short, full func(totals) string
	share       bool // a ratio: changes are percent points
	good        bool
	has         bool
}

func (d *salesData) tileSpecs() []tileSpec {
	p := d.p
	aov := func(t totals) int64 { return int64(math.Round(t.aov() * phrase.MoneyScale)) }
	whenOrders := func(f func(int64) string) func(totals) string {
		return func(t totals) string {
			if t.orders == 0 {
				return "–"
			}
			return f(aov(t))
		}
	}
	count := func(f func(int64) string, of func(totals) int64) func(totals) string {
		return func(t totals) string { return f(of(t)) }
	}
	orders := func(t totals) int64 { return t.orders }
	people := func(t totals) int64 { return t.customers }
	units := func(t totals) int64 { return int64(math.Round(t.units)) }
	return []tileSpec{
		{p.Pick("Revenue", "收入"), revenueOf, func(t totals) string { return p.MoneyShort(t.revenue) }, func(t totals) string { return p.Money(t.revenue) }, false, true, true},
		{p.Pick("Orders", "订单"), func(t totals) float64 { return float64(t.orders) }, count(p.CountShort, orders), count(p.Count, orders), false, true, d.orders},
		{p.Pick("Customers", "客户"), func(t totals) float64 { return float64(t.customers) }, count(p.CountShort, people), count(p.Count, people), false, true, d.people},
		{p.Pick("Average order", "客单价"), totals.aov, whenOrders(p.MoneyShort), whenOrders(p.Money), false, true, d.orders},
		{p.Pick("Units", "件数"), func(t totals) float64 { return t.units }, count(p.CountShort, units), count(p.Count, units), false, true, d.r.Rel.Has("quantity")},
		{p.Pick("Returned", "退货率"), totals.returnRate, func(t totals) string { return p.Percent(t.returnRate()) }, func(t totals) string {
			return p.PercentFull(t.returnRate()) + p.Pick(" of revenue, ", "，共 ") + p.Money(t.returned)
		}, true, false, d.hasReturns()},
	}
}

func (d *salesData) hasReturns() bool {
	for _, t := range d.day.of {
		if t.returned != 0 {
			return true
		}
	}
	return false
}

// tiles writes the headline figures of the headline's period.
func (d *salesData) tiles() []Tile {
	s := d.head
	if s.whole() == 0 {
		return nil
	}
	now := s.of[s.last]
	var tiles []Tile
	for _, spec := range d.tileSpecs() {
		if !spec.has {
			continue
		}
		vals := d.values(s, spec.value)
		t := Tile{Label: spec.label, Value: spec.short(now), Full: spec.full(now), Good: spec.good,
			Spark: vals[max(0, len(vals)-sparkLength):], Note: d.p.PeriodShort(s.periods[s.last])}
		if s.whole() >= 2 {
			t.Note = d.p.Pick("vs "+d.p.PeriodShort(s.periods[s.last-1]), "对比 "+d.p.PeriodShort(s.periods[s.last-1]))
			t.Trend, _, _, _ = trendOf(vals, !spec.share)
			before, last := vals[len(vals)-2], vals[len(vals)-1]
			switch {
			case spec.share && !math.IsNaN(last-before):
				t.Change, t.Up = d.p.Points(last-before), last > before
			case !spec.share && before > 0 && !math.IsNaN(last):
				rate := last/before - 1
				t.Change, t.Up = phrase.Signed(rate, d.p.Percent(rate)), rate > 0
			}
		}
		tiles = append(tiles, t)
	}
	return tiles
}

// seriesTable is the table behind a figure over time.
func (d *salesData) seriesTable(name string, s *series) *result.Table {
	b := newTable(name, result.Spec{Name: "date", Type: expr.Date, Desc: "first day of the period"},
		revenueSpec, ordersSpec, customersSpec, unitsSpec, moneySpec("returned", "money of reversals"),
		result.Spec{Name: "complete", Type: expr.Bool, Desc: "the data cover the whole period"})
	for i, t := range s.of {
		var orders, people, units any
		if d.orders {
			orders = t.orders
		}
		if d.people {
			people = t.customers
		}
		if d.r.Rel.Has("quantity") {
			units = t.units
		}
		b.row(s.periods[i].Start, t.revenue, orders, people, units, t.returned, !s.open(i))
	}
	return b.t
}

// tip writes the tooltip of one period.
func (d *salesData) tip(s *series, i int) string {
	p, t := d.p, s.of[i]
	head := p.Period(s.periods[i])
	if s.cut == phrase.Day {
		head = p.DayLong(s.periods[i].Start)
	}
	out := head + "\n" + p.Money(t.revenue)
	if d.orders {
		out += "\n" + p.Count(t.orders) + p.Pick(" "+phrase.Plural(t.orders, "order", "orders"), " 笔订单")
	}
	if s.open(i) {
		out += "\n" + p.Pick("not a whole "+p.PeriodUnit(s.cut), "不完整的时段")
	}
	return out
}

// Bounds of the trend's resolution: at most so many points are drawn.
const (
	maxDays  = 400
	maxWeeks = 400
)

// trend draws revenue over the whole span: by day with the 7-day mean, by week or by
// month where days would be too many.
func (d *salesData) trend() (Figure, bool, error) {
	p, s := d.p, d.day
	switch {
	case len(d.day.periods) > maxDays && len(d.week.periods) <= maxWeeks:
		s = d.week
	case len(d.day.periods) > maxDays:
		s = d.month
	}
	if len(s.periods) < 3 {
		return Figure{}, false, nil
	}
	l := chart.Lines{ID: "sales-trend", Height: 300, Value: moneyFormat(p)}
	vals := make([]float64, len(s.of))
	for i, t := range s.of {
		vals[i] = plain(t.revenue)
		l.Labels = append(l.Labels, p.AxisDay(s.periods[i]))
		l.Tips = append(l.Tips, d.tip(s, i))
	}
	note := ""
	if s.cut == phrase.Day {
		mean := rolling(vals, 7)
		l.Series = []chart.Line{
			{Name: p.Pick("a day", "每日"), Color: "@other", Values: vals, Width: 1, Faint: true},
			{Name: p.Pick("7-day mean", "7日均值"), Color: "@s1", Values: mean, Width: 2.5, Label: true},
		}
		for i := range mean {
			if !math.IsNaN(mean[i]) {
				l.Tips[i] += "\n" + p.Pick("7-day mean ", "7日均值 ") + p.MoneyShort(int64(mean[i]*phrase.MoneyScale))
			}
		}
		l.Shade = weekends(s)
		l.Legend = []chart.Key{{Color: "@other", Text: p.Pick("each day", "每日")}, {Color: "@s1", Text: p.Pick("mean of 7 days", "7日均值")}}
		if len(l.Shade) > 0 {
			l.Legend = append(l.Legend, chart.Key{Color: "@weekend", Text: p.Pick("weekend", "周末")})
		}
	} else {
		solid, dashed := splitOpen(s, vals)
		l.Series = []chart.Line{{Name: p.Pick("revenue", "收入"), Color: "@s1", Values: solid, Area: true}}
		if dashed != nil {
			l.Series = append(l.Series, chart.Line{Name: p.Pick("not complete", "不完整"), Color: "@s1", Values: dashed, Dashed: true, Width: 1.5})
			note = p.Pick("Dashed: a "+p.PeriodUnit(s.cut)+" that the data cover only in part.", "虚线：数据仅覆盖了部分时段。")
		}
	}
	l.Ticks = monthTicks(s)
	c, err := l.Chart()
	return Figure{ID: l.ID, Question: p.Pick("Is revenue rising or falling?", "收入在上升还是下降？"), Alt: d.trendAlt(s), Chart: c, Table: d.seriesTable("sales-"+s.cutName(), s), Note: note}, true, err
}

// trendAlt says in words what the line shows.
func (d *salesData) trendAlt(s *series) string {
	p := d.p
	best, total := 0, int64(0)
	for i, t := range s.of {
		if t.revenue > s.of[best].revenue {
			best = i
		}
		total += t.revenue
	}
	when := p.Period(s.periods[best])
	return p.Pick("Revenue from "+p.Span(d.w.from, d.w.end)+", "+p.MoneyWords(total)+" in all; the most, "+p.MoneyWords(s.of[best].revenue)+", "+p.When(s.cut)+when+".",
		p.Span(d.w.from, d.w.end)+"的收入，共 "+p.MoneyWords(total)+"；最高为"+when+"，"+p.MoneyWords(s.of[best].revenue)+"。")
}

// rolling returns the mean of the n values up to each; NaN for the first n-1.
func rolling(v []float64, n int) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		if i < n-1 {
			out[i] = math.NaN()
			continue
		}
		sum := 0.0
		for _, x := range v[i-n+1 : i+1] {
			sum += x
		}
		out[i] = sum / float64(n)
	}
	return out
}

// weekends returns the runs of Saturdays and Sundays.
func weekends(s *series) []chart.Span {
	var out []chart.Span
	for i, q := range s.periods {
		if wd := phrase.Date(q.Start).Weekday(); wd != 0 && wd != 6 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].To == i-1 {
			out[n-1].To = i
		} else {
			out = append(out, chart.Span{From: i, To: i})
		}
	}
	return out
}

// splitOpen separates whole periods from open ones; the dashed line starts at the
// last whole point so that both meet.
func splitOpen(s *series, vals []float64) (solid, dashed []float64) {
	solid = make([]float64, len(vals))
	open := make([]float64, len(vals))
	any := false
	for i, v := range vals {
		solid[i], open[i] = v, math.NaN()
		if s.open(i) {
			solid[i], open[i], any = math.NaN(), v, true
		} else if i > 0 && s.open(i-1) || i+1 < len(vals) && s.open(i+1) {
			open[i] = v
		}
	}
	if !any {
		return solid, nil
	}
	return solid, open
}

// monthTicks offers a label for the first period of each month, ranked by its
// place in the year; spans below a quarter get one a week.
func monthTicks(s *series) []chart.Tick {
	var at []chart.Tick
	last := -1
	for i, q := range s.periods {
		t := phrase.Date(q.Start)
		if m := t.Year()*12 + int(t.Month()); m != last {
			if last >= 0 || t.Day() == 1 {
				at = append(at, chart.Tick{Index: i, Rank: int(t.Month()) - 1})
			}
			last = m
		}
	}
	if len(at) < 3 {
		at = at[:0]
		for i := 0; i < len(s.periods); i += 7 {
			at = append(at, chart.Tick{Index: i, Rank: i / 7})
		}
	}
	return at
}

// cutName is the last word of a table's name.
func (s *series) cutName() string { return cutOf[s.cut].String() }

// months draws revenue by calendar month; open months are hatched.
func (d *salesData) months() (Figure, bool, error) {
	p, s := d.p, d.month
	if len(s.periods) < 2 {
		return Figure{}, false, nil
	}
	from := max(0, len(s.periods)-36)
	b := chart.Bars{ID: "sales-months", Height: 260, Value: moneyFormat(p)}
	bar := chart.Bar{Name: p.Pick("revenue", "收入"), Color: "@s1"}
	hatched := false
	for i := from; i < len(s.periods); i++ {
		b.Labels = append(b.Labels, p.AxisMonth(s.periods[i], i == from))
		b.Ticks = append(b.Ticks, chart.Tick{Index: i - from, Rank: int(phrase.Date(s.periods[i].Start).Month()) - 1})
		b.Tips = append(b.Tips, d.tip(s, i))
		bar.Values = append(bar.Values, plain(s.of[i].revenue))
		bar.Open = append(bar.Open, s.open(i))
		hatched = hatched || s.open(i)
		label := ""
		if len(s.periods)-from <= 14 {
			label = p.MoneyShort(s.of[i].revenue)
		}
		bar.Labels = append(bar.Labels, label)
	}
	b.Series = []chart.Bar{bar}
	note := ""
	if hatched {
		note = p.Pick("Hatched: a month that the data cover only in part.", "斜纹：数据仅覆盖了部分的月份。")
	}
	if from > 0 {
		note += p.Pick(" The last 36 months are drawn; the table has all.", " 图中为最近 36 个月，表中为全部。")
	}
	c, err := b.Chart()
	return Figure{ID: b.ID, Question: p.Pick("Which months are strong?", "哪些月份卖得好？"), Alt: d.monthsAlt(), Chart: c, Table: d.seriesTable("sales-month", s), Note: note}, true, err
}

// monthsAlt names the best and the weakest whole month.
func (d *salesData) monthsAlt() string {
	p, s := d.p, d.month
	if s.whole() < 2 {
		return p.Pick("Revenue by month; fewer than two months are whole.", "按月收入；完整的月份不足两个。")
	}
	best, worst := s.first, s.first
	for i := s.first; i <= s.last; i++ {
		if s.of[i].revenue > s.of[best].revenue {
			best = i
		}
		if s.of[i].revenue < s.of[worst].revenue {
			worst = i
		}
	}
	b, w := p.Period(s.periods[best]), p.Period(s.periods[worst])
	return p.Pick(b+" brought most ("+p.MoneyWords(s.of[best].revenue)+"), "+w+" least ("+p.MoneyWords(s.of[worst].revenue)+").",
		b+"最高（"+p.MoneyWords(s.of[best].revenue)+"），"+w+"最低（"+p.MoneyWords(s.of[worst].revenue)+"）。")
}

// weekdays draws the mean revenue of each weekday over whole weeks.
func (d *salesData) weekdays() (Figure, bool, error) {
	p, s := d.p, d.day
	var sum [7]int64
	var days, orders [7]int64
	for i, q := range s.periods {
		if w := phrase.PeriodOf(phrase.Week, q.Start); w.Start < d.w.from || w.End > d.w.end {
			continue
		}
		k := (int(phrase.Date(q.Start).Weekday()) + 6) % 7
		sum[k] += s.of[i].revenue
		orders[k] += s.of[i].orders
		days[k]++
	}
	if days[0] < 4 {
		return Figure{}, false, nil
	}
	b := chart.Bars{ID: "sales-weekdays", Height: 240, Value: moneyFormat(p)}
	bar := chart.Bar{Name: p.Pick("mean revenue", "平均收入"), Color: "@s1"}
	tb := newTable("sales-weekday", countSpec("weekday", result.NoUnit, "1 = Monday"), moneySpec("mean_revenue", "mean revenue of such a day"),
		countSpec("days", result.Days, "such days in whole weeks"))
	best, idle := 0, 0
	for k := range 7 {
		mean := roundDiv(sum[k], days[k])
		b.Labels = append(b.Labels, p.Weekday(k+1))
		b.Tips = append(b.Tips, p.WeekdayLong(k+1)+"\n"+p.Money(mean)+p.Pick(" on average", "（平均）"))
		bar.Values = append(bar.Values, plain(mean))
		bar.Labels = append(bar.Labels, p.MoneyShort(mean))
		bar.Grey = append(bar.Grey, k >= 5)
		tb.row(k+1, mean, days[k])
		if sum[k] > sum[best] {
			best = k
		}
		if sum[k] == 0 {
			idle++
		}
	}
	b.Series = []chart.Bar{bar}
	b.Legend = []chart.Key{{Color: "@s1", Text: p.Pick("working day", "工作日")}, {Color: "@other", Text: p.Pick("weekend", "周末")}}
	c, err := b.Chart()
	alt := p.Pick(p.WeekdayLong(best+1)+" is the strongest day: "+p.MoneyWords(roundDiv(sum[best], days[best]))+" on average over "+p.Count(days[best])+" weeks",
		p.WeekdayLong(best+1)+"最强："+p.Count(days[best])+" 周平均 "+p.MoneyWords(roundDiv(sum[best], days[best])))
	if idle > 0 {
		alt += p.Pick("; nothing was sold on "+idleDays(p, sum), "；"+idleDays(p, sum)+"没有销售")
	}
	return Figure{ID: b.ID, Question: p.Pick("Which days of the week sell?", "一周中哪天卖得好？"), Alt: alt + p.Pick(".", "。"), Chart: c, Table: tb.t}, true, err
}

// roundDiv divides rounding half away from zero; 0 for no parts.
func roundDiv(a, n int64) int64 {
	if n == 0 {
		return 0
	}
	return int64(math.Round(float64(a) / float64(n)))
}

// idleDays names the weekdays without any sale.
func idleDays(p phrase.Printer, sum [7]int64) string {
	var names []string
	for k, m := range sum {
		if m == 0 {
			names = append(names, p.Pick(p.WeekdayLong(k+1)+"s", p.WeekdayLong(k+1)))
		}
	}
	return p.Join(names)
}
