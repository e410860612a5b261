package analysis

import (
	"context"
	"fmt"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
	"github.com/ecomctl/ecomctl/internal/kernel/calendar"
	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
	"github.com/ecomctl/ecomctl/internal/parallel"
)

// How the intervals are tested: at so many origins, on at most so many series of a run, for the
// rest share what these teach.
const (
	testOrigins = 3
	testSeries  = 400
	lightSeries = 2000 // from so many series on, --model auto tries only what is quick
)

// forecastRun is the forecast of a panel.
type forecastRun struct {
	panel    *panel
	options  forecastOptions
	model    forecast.Model
	season   int // the shortest
	outcomes []outcome
	sums     []outcome
	coverage [2]float64 // of the intervals at the latest origins, learnt from the earlier ones
	tested   int        // values behind coverage
}

// outcome is the forecast of one series.
type outcome struct {
	point, sigma []float64
	width        [][2]float64
	model        string
	floor        bool // the history has no value below 0: no more has the forecast
	origins      []forecast.Origin
	ratios       [][]float64
	events       []calendar.Use
	strays       []anomaly.Stray // values at the end that were not fitted
	closed       int             // places of the season where nothing is forecast
}

// runForecast fits, tests and forecasts every series.
func runForecast(ctx context.Context, p *panel, o forecastOptions, seasons []int) (*forecastRun, error) {
	setting := modelSetting{seasons: seasons, horizon: o.horizon, light: len(p.series) > lightSeries}
	m, err := modelOf(o.models[0], setting)
	if err != nil {
		return nil, err
	}
	f := &forecastRun{panel: p, options: o, model: m, season: setting.shortest(), outcomes: make([]outcome, len(p.series))}
	every := (len(p.series) + testSeries - 1) / testSeries
	err = parallel.Each(ctx, len(p.series), o.threads, func(ctx context.Context, _, i int) error {
		return f.one(ctx, i, i%every == 0)
	})
	if err != nil {
		return nil, err
	}
	f.calibrate()
	if p.sums != nil {
		f.addUp()
	}
	return f, nil
}

// one forecasts series i and, where asked, tests its intervals.
func (f *forecastRun) one(ctx context.Context, i int, test bool) error {
	y, h := f.panel.series[i].y, f.options.horizon
	out := &f.outcomes[i]
	out.floor = notBelowZero(y)
	m := f.options.aware(f.model, &f.panel.series[i])
	fit, why, err := fitOrFallBack(ctx, m, y, f.season)
	if err != nil {
		return err
	}
	if fit == nil {
		out.point, out.sigma, out.model = nulls64(h), nulls64(h), why
		return nil
	}
	out.point, out.sigma, out.model = fit.Forecast(h), fit.Sigma(h), fit.Name()+why
	out.events, out.strays = usedEvents(fit), straysOf(fit)
	out.closed = closedPlaces(fit)
	if tested, ok := fit.(tester); ok {
		out.origins = tested.Tested()
	} else if test {
		// shorter horizons are tested where the history is short
		steps := min(h, max(1, len(y)/(testOrigins+2)))
		at := forecast.Origins(len(y), steps, testOrigins, max(8, 2*steps))
		if out.origins, err = forecast.Backtest(ctx, m, y, f.season, steps, at); err != nil {
			return err
		}
	}
	for k := range out.origins {
		out.ratios = append(out.ratios, out.origins[k].Ratios(y))
	}
	return nil
}

// fitOrFallBack fits the model or, where it does not apply, a simpler one, and says why.
func fitOrFallBack(ctx context.Context, m forecast.Model, y []float64, season int) (forecast.Fitted, string, error) {
	if !anyKnown(y) {
		return nil, "none: the series has no value", nil
	}
	why := ""
	for _, try := range []forecast.Model{m, forecast.SES(), forecast.Naive()} {
		fit, err := try.Fit(ctx, y, season)
		if err == nil && allFinite(fit.Forecast(1)) {
			return fit, why, nil
		}
		if err == nil {
			err = fault.New(fault.Data, "fitting %s: its forecast is not finite", try.Name())
		}
		if fault.KindOf(err) == fault.Interrupted {
			return nil, "", err
		}
		if why == "" {
			why = "; fell back, " + err.Error()
		}
	}
	return nil, "none" + why, nil
}

func allFinite(v []float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

func anyKnown(y []float64) bool {
	for _, v := range y {
		if v == v {
			return true
		}
	}
	return false
}

func notBelowZero(y []float64) bool {
	for _, v := range y {
		if v < 0 {
			return false
		}
	}
	return true
}

func nulls64(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

// calibrate pools the ratios of all tested series, measures how intervals learnt from the earlier
// origins cover the latest, and sets the widths.
func (f *forecastRun) calibrate() {
	var all, earlier [][]float64
	for i := range f.outcomes {
		r := f.outcomes[i].ratios
		all = append(all, r...)
		if len(r) > 1 {
			earlier = append(earlier, r[1:]...)
		}
	}
	h := f.options.horizon
	c := forecast.NewCalibration(all, h)
	if len(earlier) > 0 {
		f.measureCoverage(forecast.NewCalibration(earlier, h))
	}
	for i := range f.outcomes {
		o := &f.outcomes[i]
		o.width = c.Widths(o.sigma, o.ratios)
	}
}

// measureCoverage counts the values of the latest origins within the intervals of c.
func (f *forecastRun) measureCoverage(c *forecast.Calibration) {
	var inside [2]int
	for i := range f.outcomes {
		o := &f.outcomes[i]
		if len(o.ratios) < 2 {
			continue
		}
		ones := make([]float64, len(o.ratios[0]))
		for j := range ones {
			ones[j] = 1
		}
		w := c.Widths(ones, o.ratios[1:])
		for j, v := range o.ratios[0] {
			if v != v {
				continue
			}
			f.tested++
			for k := range inside {
				if v <= w[j][k] {
					inside[k]++
				}
			}
		}
	}
	for k := range inside {
		f.coverage[k] = float64(inside[k]) / float64(f.tested)
	}
}

// notes say what was fitted and how the intervals did.
func (f *forecastRun) notes() []string {
	notes := []string{fmt.Sprintf("%s, %d ahead", f.panel.name(), f.options.horizon)}
	fell := 0
	for i := range f.outcomes {
		if o := &f.outcomes[i]; allFinite(o.point) && len(o.point) > 0 && containsFallBack(o.model) {
			fell++
		}
	}
	if fell > 0 {
		notes = append(notes, fmt.Sprintf("%d series fell back to a simpler model: the column model says why", fell))
	}
	if len(f.options.events) > 0 {
		notes = append(notes, f.eventNote())
	}
	if s := f.strayNote(); s != "" {
		notes = append(notes, s)
	}
	if s := f.closedNote(); s != "" {
		notes = append(notes, s)
	}
	return append(notes, f.coverageNote())
}

// fewInside is the share of tested values in the 80 % intervals below which they are said to be too narrow.
const fewInside = 0.7

// coverageNote says how the intervals did on the past.
func (f *forecastRun) coverageNote() string {
	if f.tested == 0 {
		for i := range f.outcomes {
			if o := &f.outcomes[i]; len(o.origins) > 0 {
				return "back-test: the models follow the histories exactly; the intervals have no width because no error was ever seen"
			}
		}
		return "the histories are too short for a back-test: the intervals are the models' own"
	}
	note := fmt.Sprintf("back-test: %s of %d later values lay in the 80 %% intervals, %s in the 95 %% intervals", percent(f.coverage[0]), f.tested, percent(f.coverage[1]))
	if f.coverage[0] < fewInside {
		note += ": take them as too narrow"
	}
	return note
}
