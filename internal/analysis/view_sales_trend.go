package analysis

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/result"
)

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
