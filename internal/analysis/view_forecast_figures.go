package analysis

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/kernel/stl"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/result"
)

// shownHistory is how many days before the forecast its figure shows.
const shownHistory = 84

// figures adds the fan, the trend and the back-test.
func (d *forecastData) figures(v *View) error {
	for _, make := range []func() (Figure, bool, error){d.fan, d.trend, d.backtest} {
		f, ok, err := make()
		if err != nil {
			return err
		}
		if ok {
			v.Figures = append(v.Figures, f)
		}
	}
	return nil
}

// axis fills labels, ticks and weekends of days [from, from+n).
func (d *forecastData) axis(l *chart.Lines, from int64, n int) {
	s := &series{cut: phrase.Day}
	for i := range int64(n) {
		s.periods = append(s.periods, phrase.PeriodOf(phrase.Day, from+i))
	}
	for _, q := range s.periods {
		l.Labels = append(l.Labels, d.p.AxisDay(q))
	}
	l.Ticks = monthTicks(s)
	if n <= maxDays/2 {
		l.Shade = weekends(s)
	}
}

// blank returns n missing values.
func blank(n int) []float64 { return nulls64(n) }

func (d *forecastData) word(v float64) string { return d.p.MoneyShort(money(v)) }

// fan draws the last weeks, dimmed, and the days to come with their bands.
func (d *forecastData) fan() (Figure, bool, error) {
	p, n := d.p, len(d.y)
	past := min(shownHistory, n)
	from := d.first + int64(n-past)
	all := past + viewHorizon
	l := chart.Lines{ID: "forecast-fan", Height: 300, Value: moneyFormat(p)}
	d.axis(&l, from, all)
	history, next := blank(all), blank(all)
	bands := [2]*chart.Band{}
	for k := range bands {
		bands[k] = &chart.Band{Low: blank(all), High: blank(all), Color: "@s1"}
		bands[k].Low[past-1], bands[k].High[past-1] = d.y[n-1], d.y[n-1]
	}
	for i := range past {
		history[i] = d.y[n-past+i]
		l.Tips = append(l.Tips, p.DayLong(from+int64(i))+"\n"+p.Money(money(history[i])))
	}
	next[past-1] = d.y[n-1]
	b := newTable("forecast-daily", result.Spec{Name: "date", Type: expr.Date, Desc: "the day"}, revenueSpec,
		moneySpec("forecast", "what is expected"), moneySpec("lo_80", "lower end of the 80 % interval"), moneySpec("hi_80", "upper end of the 80 % interval"),
		moneySpec("lo_95", "lower end of the 95 % interval"), moneySpec("hi_95", "upper end of the 95 % interval"))
	for i := range past {
		b.row(from+int64(i), money(history[i]), nil, nil, nil, nil, nil)
	}
	for j := range viewHorizon {
		i := past + j
		next[i] = d.out.value(j)
		for k, band := range bands {
			band.Low[i], band.High[i] = d.lo[k][j], d.hi[k][j]
		}
		day := from + int64(i)
		l.Tips = append(l.Tips, p.DayLong(day)+"\n"+p.Pick("expected ", "预计 ")+d.word(next[i])+
			"\n80"+p.Pick(" %: ", "%：")+d.word(d.lo[0][j])+" – "+d.word(d.hi[0][j])+"\n95"+p.Pick(" %: ", "%：")+d.word(d.lo[1][j])+" – "+d.word(d.hi[1][j]))
		b.row(day, nil, money(next[i]), money(d.lo[0][j]), money(d.hi[0][j]), money(d.lo[1][j]), money(d.hi[1][j]))
	}
	l.Band, l.Outer = bands[0], bands[1]
	l.Series = []chart.Line{
		{Name: p.Pick("revenue", "收入"), Color: "@other", Values: history, Width: 1.5, Faint: true},
		{Name: p.Pick("forecast", "预测"), Color: "@s1", Values: next, Width: 2.5, Label: true},
	}
	l.Legend = []chart.Key{{Color: "@other", Text: p.Pick("revenue so far", "已有收入")},
		{Color: "@s1", Text: d.bandKey()}}
	c, err := l.Chart()
	note := p.Pick("Model: "+d.out.model+".", "模型："+d.out.model+"。")
	if d.note != "" {
		note += p.Pick(" ", "") + d.note
	}
	if d.cut > 0 {
		note += p.Pick(" Only the last two years were used.", " 仅使用最近两年。")
	}
	return Figure{ID: l.ID, Question: p.Pick("What will the next four weeks bring?", "未来四周会怎样？"), Alt: d.rangeAlt(), Chart: c, Table: b.t, Note: note}, true, err
}

// bandKey says what the bands are for, and how the darker one did.
func (d *forecastData) bandKey() string {
	p := d.p
	if d.inside != d.inside {
		return p.Pick("forecast; the darker band is meant for 4 in 5 days, the lighter for 19 in 20", "预测；深色带意在包含五天中的四天，浅色带二十天中的十九天")
	}
	share := p.Percent(d.inside)
	return p.Pick("forecast; the darker band is meant for 4 in 5 days (in tests "+share+" lay in it), the lighter for 19 in 20",
		"预测；深色带意在包含五天中的四天（检验中为 "+share+"），浅色带二十天中的十九天")
}

// rangeAlt names the weakest and the strongest day ahead.
func (d *forecastData) rangeAlt() string {
	lo, hi := 0, 0
	for j := range viewHorizon {
		if d.out.value(j) < d.out.value(lo) {
			lo = j
		}
		if d.out.value(j) > d.out.value(hi) {
			hi = j
		}
	}
	start := d.facts.Start
	return d.p.ForecastRange(money(d.out.value(lo)), money(d.out.value(hi)), start+int64(lo), start+int64(hi))
}

// trend draws what is left of the days without their weekly rhythm and without outliers.
func (d *forecastData) trend() (Figure, bool, error) {
	p, n := d.p, len(d.y)
	parts, err := stl.Decompose(d.y, stl.Options{Period: 7, Robust: true})
	if err != nil {
		return Figure{}, false, err
	}
	l := chart.Lines{ID: "forecast-trend", Height: 260, Value: moneyFormat(p)}
	d.axis(&l, d.first, n)
	b := newTable("forecast-parts", result.Spec{Name: "date", Type: expr.Date, Desc: "the day"}, revenueSpec,
		moneySpec("trend", "without the weekly rhythm"), moneySpec("season", "what the weekday adds or takes"), moneySpec("remainder", "what neither explains"))
	for i, v := range d.y {
		day := d.first + int64(i)
		l.Tips = append(l.Tips, p.DayLong(day)+"\n"+p.Money(money(v))+"\n"+p.Pick("trend ", "趋势 ")+d.word(parts.Trend[i])+
			"\n"+p.Pick("weekday ", "星期 ")+phrase.Signed(parts.Season[i], d.word(parts.Season[i]))+
			"\n"+p.Pick("rest ", "其余 ")+phrase.Signed(parts.Remainder[i], d.word(parts.Remainder[i])))
		b.row(day, money(v), money(parts.Trend[i]), money(parts.Season[i]), money(parts.Remainder[i]))
	}
	l.Series = []chart.Line{
		{Name: p.Pick("each day", "每日"), Color: "@other", Values: d.y, Width: 1, Faint: true},
		{Name: p.Pick("trend", "趋势"), Color: "@s1", Values: parts.Trend, Width: 2.5, Label: true},
	}
	l.Legend = []chart.Key{{Color: "@other", Text: p.Pick("each day", "每日")}, {Color: "@s1", Text: p.Pick("trend without the weekly rhythm and single outliers", "去除每周规律与个别异常后的趋势")}}
	c, err := l.Chart()
	lo, hi := weekdayExtremes(d.first, parts.Season)
	alt := p.Pick("The trend went from "+d.word(parts.Trend[0])+" to "+d.word(parts.Trend[n-1])+" a day; "+p.WeekdayLong(hi)+"s stand highest above it, "+p.WeekdayLong(lo)+"s lowest.",
		"趋势由每日 "+d.word(parts.Trend[0])+" 变为 "+d.word(parts.Trend[n-1])+"；"+p.WeekdayLong(hi)+"最高，"+p.WeekdayLong(lo)+"最低。")
	return Figure{ID: l.ID, Question: p.Pick("Where is it heading beneath the weekly rhythm?", "去除每周规律后走向如何？"), Alt: alt, Chart: c, Table: b.t}, true, err
}

// weekdayExtremes returns the weekdays (1 = Monday) of least and most season over the last eight weeks.
func weekdayExtremes(first int64, season []float64) (lo, hi int) {
	var sum [8]float64
	n := len(season)
	for i := max(0, n-56); i < n; i++ {
		sum[(int(phrase.Date(first+int64(i)).Weekday())+6)%7+1] += season[i]
	}
	lo, hi = 1, 1
	for w := 2; w <= 7; w++ {
		if sum[w] < sum[lo] {
			lo = w
		}
		if sum[w] > sum[hi] {
			hi = w
		}
	}
	return lo, hi
}

// backtest draws what forecasts from earlier days would have said.
func (d *forecastData) backtest() (Figure, bool, error) {
	p, o := d.p, d.out.origins
	if len(o) == 0 {
		return Figure{}, false, nil
	}
	n := len(d.y)
	start := o[len(o)-1].At
	from := max(0, start-14)
	l := chart.Lines{ID: "forecast-backtest", Height: 260, Value: moneyFormat(p)}
	d.axis(&l, d.first+int64(from), n-from)
	said, again := blank(n-from), blank(n-from)
	seen := make([]string, n-from)
	b := newTable("forecast-backtest", result.Spec{Name: "from", Type: expr.Date, Desc: "first day that the forecast did not see"},
		result.Spec{Name: "days", Type: expr.Int, Desc: "days ahead"}, moneySpec("revenue", "what came"), moneySpec("forecast", "what was forecast"),
		ratioSpec("missed", "daily errors over revenue"), ratioSpec("repeat_missed", "the same of repeating the last week"))
	k := 0
	var off []float64
	for i := range o {
		h := len(o[i].Point)
		var came, told, miss, repeat float64
		for j, v := range o[i].Point {
			v = d.floored(v)
			y := d.y[o[i].At+j]
			at := o[i].At + j - from
			said[at], again[at] = v, d.repeats[k+j]
			seen[at] = "\n" + p.Pick("forecast ", "预测 ") + d.word(v) + "\n" + p.Pick("last week again ", "重复上周 ") + d.word(again[at])
			came, told = came+y, told+v
			miss, repeat = miss+math.Abs(y-v), repeat+math.Abs(y-again[at])
		}
		k += h
		var missed, repeated any // of nothing there is no share
		if came > 0 {
			off = append(off, (told-came)/came)
			missed, repeated = miss/came, repeat/came
		}
		b.row(d.first+int64(o[i].At), h, money(came), money(told), missed, repeated)
	}
	for i := range said {
		l.Tips = append(l.Tips, p.DayLong(d.first+int64(from+i))+"\n"+p.Money(money(d.y[from+i]))+seen[i])
	}
	l.Series = []chart.Line{
		{Name: p.Pick("last week again", "重复上周"), Color: "@s2", Values: again, Width: 1, Dashed: true},
		{Name: p.Pick("revenue", "收入"), Color: "@other", Values: d.y[from:], Width: 2},
		{Name: p.Pick("forecast", "预测"), Color: "@s1", Values: said, Width: 2},
	}
	l.Legend = []chart.Key{{Color: "@other", Text: p.Pick("what came", "实际")}, {Color: "@s1", Text: p.Pick("what was forecast "+p.Count(int64(len(o[0].Point)))+" days at a time", "每次预测 "+p.Count(int64(len(o[0].Point)))+" 天")},
		{Color: "@s2", Text: p.Pick("the last week again", "重复上一周")}}
	c, err := l.Chart()
	return Figure{ID: l.ID, Question: p.Pick("Were such forecasts right before?", "以往的预测准吗？"), Alt: p.ForecastSums(off), Chart: c, Table: b.t}, true, err
}
