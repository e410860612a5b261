package analysis

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
)

var forecastTitle = Text{"What comes next", "接下来"}

// forecastSection answers: what to plan with? It works on revenue by day alone, so it costs the same
// for any input; of the command's candidates it leaves out the slow ones.
var forecastSection = &Section{
	Order: 15,
	Title: forecastTitle,
	Plan:  planOf("forecast"),
	View:  forecastView,
}

func init() { Forecast.Section = forecastSection }

// Bounds of the section, in days.
const (
	viewHorizon  = 28
	leastHistory = 56      // less cannot show both weeks and a trend
	mostHistory  = 2 * 364 // older days tell little of the next four weeks and cost time
)

// forecastData is what the section's words and figures are made from.
type forecastData struct {
	p       phrase.Printer
	y       []float64 // revenue by day
	first   int64     // day of y[0]
	cut     int       // days of the history left out at the start
	out     *outcome
	lo, hi  [2][]float64 // by level
	repeats []float64    // seasonal naive forecasts of the tested days, by origin in order
	inside  float64
	note    string
	facts   phrase.ForecastFacts
}

func forecastView(ctx context.Context, r *Request, a *query.Answer) (*View, error) {
	p := r.printer(a)
	v := &View{ID: "forecast", Title: forecastTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	if len(a.Tables) == 0 {
		return nil, nil // planOf asked for nothing: a column is missing, as other sections say
	}
	if err := wide(a.Tables...); err != nil {
		return nil, err
	}
	pan, err := readPanel(r.withDefaults(Forecast), a)
	if fault.KindOf(err) == fault.Input && err != nil {
		v.Missing = missingText(err)
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	d := &forecastData{p: p, y: pan.series[0].y, first: civil.FloorDiv(pan.series[0].origin, dayMicros)}
	if end := d.first + int64(len(d.y)); end == civil.FloorDiv(a.Account.LastSold, dayMicros) && r.AsOf == query.MaxTime {
		d.note = p.OpenDay(end, microTime(a.Account.LastSold).Format("15:04"))
	}
	if n := len(d.y); n < leastHistory {
		v.Missing = p.Pick(p.Count(int64(n))+" whole "+phrase.Plural(int64(n), "day", "days")+" of sales: "+p.Count(leastHistory)+" are needed to forecast the next four weeks.",
			"完整的销售日仅 "+p.Count(int64(n))+" 天：预测未来四周至少需要 "+p.Count(leastHistory)+" 天。")
		return v, nil
	}
	if d.cut = max(0, len(d.y)-mostHistory); d.cut > 0 {
		d.y = d.y[d.cut:]
		d.first += int64(d.cut)
	}
	if err := d.run(ctx, pan); err != nil {
		return nil, err
	}
	v.Lead = p.Forecast(d.facts)
	return v, d.figures(v)
}

// run forecasts the days ahead and tests that on the days before.
func (d *forecastData) run(ctx context.Context, pan *panel) error {
	one := *pan
	one.series = []panelSeries{{id: totalID, origin: d.first * dayMicros, y: d.y}}
	set := modelSetting{seasons: seasonsOf(query.Day), horizon: viewHorizon, light: true}
	m := autoForecast(set)
	if a, ok := m.(forecast.Auto); ok {
		a.Origins = autoOrigins // one series can be tested as often as the command tests it
		m = a
	}
	f := &forecastRun{panel: &one, model: m, season: set.shortest(), outcomes: make([]outcome, 1)}
	f.options.horizon = viewHorizon
	if err := f.one(ctx, 0, true); err != nil {
		return err
	}
	f.calibrate()
	d.out = &f.outcomes[0]
	d.inside = math.NaN()
	if f.tested > 0 {
		d.inside = f.coverage[0]
	}
	for k := range d.lo {
		for j := range viewHorizon {
			lo, hi := d.out.ends(j, k)
			d.lo[k], d.hi[k] = append(d.lo[k], lo), append(d.hi[k], hi)
		}
	}
	return d.state(ctx)
}

// money is a plain number as exact money.
func money(v float64) int64 { return int64(math.Round(v * phrase.MoneyScale)) }

// state fills the facts of the sentences.
func (d *forecastData) state(ctx context.Context) error {
	n := len(d.y)
	sum := 0.0
	for j := range viewHorizon {
		sum += d.out.value(j)
	}
	half := d.sumWidth()
	end := d.first + int64(n)
	f := &d.facts
	*f = phrase.ForecastFacts{Start: end, End: end + viewHorizon, Weeks: viewHorizon / 7, Expected: money(sum), Before: -1, YearAgo: -1, Inside: d.inside, Held: -1}
	if half == half {
		f.Low, f.High = money(d.floored(sum-half)), money(sum+half)
	}
	f.Before = money(sumOf(d.y[n-viewHorizon:]))
	for _, s := range d.out.strays {
		f.Odd = append(f.Odd, phrase.OddDay{Day: d.first + int64(s.At), Money: money(d.y[s.At]), Usual: money(s.Expected)})
	}
	if n >= 364 {
		f.YearAgo = money(sumOf(d.y[n-364 : n-364+viewHorizon]))
	}
	return d.record(ctx)
}

// floored is a forecast, not below 0 where no day was.
func (d *forecastData) floored(v float64) float64 {
	if d.out.floor {
		return math.Max(0, v)
	}
	return v
}

func sumOf(v []float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x
	}
	return s
}

// record compares the back-tests with repeating the last week.
func (d *forecastData) record(ctx context.Context) error {
	f := &d.facts
	var miss, repeat, all float64
	for _, o := range d.out.origins {
		last, err := forecast.SeasonalNaive().Fit(ctx, d.y[:o.At:o.At], 7)
		if err != nil {
			return err
		}
		again := last.Forecast(len(o.Point))
		d.repeats = append(d.repeats, again...)
		for j, v := range o.Point {
			y := d.y[o.At+j]
			miss += math.Abs(y - d.floored(v))
			repeat += math.Abs(y - again[j])
			all += math.Abs(y)
		}
	}
	if all > 0 {
		f.Tests, f.Miss, f.Repeat, f.Held = len(d.out.origins), miss/all, repeat/all, d.held()
	}
	return nil
}

// held counts the back-tests whose sum lay within the interval that sums of its days have: as wide, in what the model
// claims, as that of the days ahead.
func (d *forecastData) held() int {
	claimed := 0.0
	for _, s := range d.out.sigma {
		claimed += s * s
	}
	if !(claimed > 0) {
		return -1
	}
	factor := d.sumWidth() / math.Sqrt(claimed)
	n := 0
	for _, o := range d.out.origins {
		sum, claim := 0.0, 0.0
		for j, v := range o.Point {
			sum += d.y[o.At+j] - d.floored(v)
			claim += o.Sigma[j] * o.Sigma[j]
		}
		if math.Abs(sum) <= factor*math.Sqrt(claim) {
			n++
		}
	}
	return n
}

// sumWidth is the half width of the 80 % interval of the sum of the days ahead. Errors of one forecast go together:
// the variance of their sum lies between that of independent errors (× 1) and of equal ones
// (× days). The back-tests say where; as they are few, the middle counts as much as four of them.
func (d *forecastData) sumWidth() float64 {
	squares := 0.0
	for _, w := range d.out.width {
		squares += w[0] * w[0]
	}
	var together, apart, tests float64
	for _, o := range d.out.origins {
		sum := 0.0
		for j, v := range o.Point {
			e := d.y[o.At+j] - v
			sum += e
			apart += e * e
		}
		together += sum * sum
		tests++
	}
	const middle = 4
	factor := math.Sqrt(viewHorizon)
	if apart > 0 {
		seen := math.Min(viewHorizon, math.Max(1, together/apart))
		factor = math.Exp((tests*math.Log(seen) + middle*math.Log(factor)) / (tests + middle))
	}
	return math.Sqrt(squares * factor)
}
