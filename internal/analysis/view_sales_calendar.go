package analysis

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/result"
)

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
