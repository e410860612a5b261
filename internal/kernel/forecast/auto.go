package forecast

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Candidate is a member of an automatic choice.
type Candidate struct {
	Model Model
	// Prior is its weight before the series has spoken: 1 for models that do well on most
	// series, less for rules of thumb.
	Prior float64
}

// Auto weighs candidates by their errors at rolling origins within the series' own history
// (Pawlikowski & Chorowska, Weighted ensemble of statistical models, Int. J. Forecasting 36, 2020,
// third in the M4 competition):
//
//	weight = prior · error^−p,  p = mostPower · E / (E + halfErrors)
//
// with the error the sum of sMAPE and MAE, each over the best candidate's, and E the number of
// errors seen: a long history lets the best speak, a short one leaves the weights near the priors.
// Intermittent series are judged by the root mean squared error: the others would prefer the
// most frequent value, 0, which nobody can plan with.
// A series too short for one origin gets the median of the candidates with prior 1.
type Auto struct {
	Horizon    int // for which the candidates are compared
	Origins    int // most rolling origins
	Candidates []Candidate
}

const (
	mostPower  = 4
	halfErrors = 24
	leastShare = 0.02 // candidates with less of the weight are left out
)

// Name implements Model.
func (Auto) Name() string { return "auto" }

// trial is a candidate's record on one series.
type trial struct {
	at     []*Origin // by origin; nil where it failed
	fit    Fitted
	prior  float64
	weight float64
	errs   [][2]float64 // sMAPE and MAE by origin, or twice the root mean squared error
}

// Fit implements Model.
func (a Auto) Fit(ctx context.Context, y []float64, season int) (Fitted, error) {
	if constant(y) {
		return SES().Fit(ctx, y, 1)
	}
	h := max(1, a.Horizon)
	span, known := trimmed(y), 0
	for _, v := range span {
		if v == v {
			known++
		}
	}
	// at least so much history before an origin: what the seasons need, and more than the horizon
	h = min(h, max(1, known/(a.Origins+3)))
	at := Origins(len(y), h, a.Origins, len(y)-len(span)+max(10, 2*h, 2*season+2))
	if 2*known < len(span) {
		at = nil // mostly gaps: too little to compare by
	}
	measure := func(y, f []float64) [2]float64 { return [2]float64{SMAPE(y, f), MAE(y, f)} }
	if rare(y) {
		measure = func(y, f []float64) [2]float64 { e := math.Sqrt(MSE(y, f)); return [2]float64{e, e} }
	}
	var trials []*trial
	var last error
	for _, c := range a.Candidates {
		t, err := try(ctx, c, y, season, h, at, measure)
		if err != nil {
			if fault.KindOf(err) == fault.Interrupted {
				return nil, err
			}
			last = err
			continue
		}
		trials = append(trials, t)
	}
	if len(trials) == 0 {
		if last == nil {
			last = fault.New(fault.Data, "fitting auto: no candidate")
		}
		return nil, last
	}
	if len(at) == 0 {
		return medianOfPriors(trials, len(y)), nil
	}
	r := &autoFit{n: len(y), origins: len(at)}
	weigh(trials, -1)
	r.origin = a.combineOrigins(trials, at)
	weigh(trials, -1)
	r.keep(trials)
	return r, nil
}

// try fits a candidate on the whole series and at each origin; it fails where the whole series
// cannot be fitted or most origins cannot.
func try(ctx context.Context, c Candidate, y []float64, season, h int, at []int, measure func(y, f []float64) [2]float64) (*trial, error) {
	t := &trial{prior: c.Prior, at: make([]*Origin, len(at)), errs: make([][2]float64, len(at))}
	for k, n := range at {
		o, err := Backtest(ctx, c.Model, y, season, h, []int{n})
		if err != nil {
			return nil, err
		}
		if len(o) == 1 {
			t.at[k] = &o[0]
			t.errs[k] = measure(y[n:n+h], o[0].Point)
		}
	}
	var err error
	if t.fit, err = c.Model.Fit(ctx, y, season); err != nil {
		return nil, err
	}
	if !finite(t.fit.Forecast(h)) {
		return nil, fault.New(fault.Data, "fitting %s: its forecast is not finite", c.Model.Name())
	}
	return t, nil
}

// weigh sets the weights from all origins but one (−1: all).
func weigh(trials []*trial, without int) {
	n := len(trials)
	sums, seen := make([][2]float64, n), make([]float64, n)
	best := [2]float64{math.Inf(1), math.Inf(1)}
	steps := 0.0
	for i, t := range trials {
		for k, o := range t.at {
			if k == without || o == nil || math.IsNaN(t.errs[k][0]) {
				continue
			}
			sums[i][0] += t.errs[k][0]
			sums[i][1] += t.errs[k][1]
			seen[i]++
		}
		if seen[i] > 0 {
			for c := range sums[i] {
				sums[i][c] /= seen[i]
				best[c] = math.Min(best[c], sums[i][c])
			}
		}
	}
	most := slices.Max(seen)
	for _, t := range trials {
		for k, o := range t.at {
			if k != without && o != nil {
				steps = math.Max(steps, most*float64(len(o.Point)))
			}
		}
	}
	power := mostPower * steps / (steps + halfErrors)
	total := 0.0
	for i, t := range trials {
		switch {
		case most == 0:
			t.weight = t.prior
		case seen[i] < most/2:
			t.weight = 0 // it did not bear the shorter histories: unproven
		default:
			e := ratioTo(sums[i][0], best[0]) + ratioTo(sums[i][1], best[1])
			t.weight = t.prior * math.Pow(e/2, -power)
		}
		total += t.weight
	}
	for _, t := range trials {
		t.weight /= total
		if t.weight < leastShare {
			t.weight = 0
		}
	}
}

// ratioTo is v/best, where a best of 0 allows only itself.
func ratioTo(v, best float64) float64 {
	if v <= best {
		return 1
	}
	return math.Min(v/math.Max(best, 1e-300), 1e6)
}

// combineOrigins makes the back-test of the combination: at each origin the candidates' forecasts with
// the weights that the other origins give.
func (a Auto) combineOrigins(trials []*trial, at []int) []Origin {
	var out []Origin
	for k, n := range at {
		weigh(trials, k)
		o := Origin{At: n, Model: "auto"}
		total := 0.0
		for _, t := range trials {
			p := t.at[k]
			if p == nil || t.weight == 0 {
				continue
			}
			if o.Point == nil {
				o.Point, o.Sigma = make([]float64, len(p.Point)), make([]float64, len(p.Point))
			}
			total += t.weight
			for j, v := range p.Point {
				o.Point[j] += t.weight * v
				o.Sigma[j] += t.weight * p.Sigma[j]
			}
		}
		if total == 0 {
			continue
		}
		for j := range o.Point {
			o.Point[j] /= total
			o.Sigma[j] /= total
		}
		out = append(out, o)
	}
	return out
}

// medianOfPriors is the combination where nothing can be tested.
func medianOfPriors(trials []*trial, n int) Fitted {
	var fits []Fitted
	for _, t := range trials {
		if t.prior >= 1 {
			fits = append(fits, t.fit)
		}
	}
	switch len(fits) {
	case 0:
		return trials[0].fit
	case 1:
		return fits[0]
	}
	return &combined{fits, n}
}

// autoFit is a fitted weighted mean.
type autoFit struct {
	fits    []Fitted
	weights []float64
	n       int
	origins int
	origin  []Origin
}

// keep takes over the trials with a weight, the heaviest first.
func (r *autoFit) keep(trials []*trial) {
	slices.SortStableFunc(trials, func(a, b *trial) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return 0
	})
	total := 0.0
	for _, t := range trials {
		if t.weight > 0 {
			total += t.weight
		}
	}
	for _, t := range trials {
		if t.weight > 0 {
			r.fits = append(r.fits, t.fit)
			r.weights = append(r.weights, t.weight/total)
		}
	}
}

// Tested returns the combination's own back-test, the latest origin first.
func (r *autoFit) Tested() []Origin { return r.origin }

// Name implements Fitted: the heaviest members and how they were chosen.
func (r *autoFit) Name() string {
	const shown = 3
	parts := make([]string, 0, shown+1)
	for i, f := range r.fits {
		if i == shown {
			parts = append(parts, fmt.Sprintf("%d more", len(r.fits)-shown))
			break
		}
		parts = append(parts, fmt.Sprintf("%.0f %% %s", 100*r.weights[i], f.Name()))
	}
	return fmt.Sprintf("mean by errors at %d origins: %s", r.origins, strings.Join(parts, ", "))
}

func (r *autoFit) mean(n int, f func(Fitted) []float64) []float64 {
	out, total := make([]float64, n), make([]float64, n)
	for i, m := range r.fits {
		for j, v := range f(m) {
			if v == v {
				out[j] += r.weights[i] * v
				total[j] += r.weights[i]
			}
		}
	}
	for j := range out {
		if total[j] > 0 {
			out[j] /= total[j]
		} else {
			out[j] = math.NaN()
		}
	}
	return out
}

// Forecast implements Fitted.
func (r *autoFit) Forecast(h int) []float64 {
	return r.mean(h, func(f Fitted) []float64 { return f.Forecast(h) })
}

// Sigma implements Fitted: the members' mean, as if their errors went together.
func (r *autoFit) Sigma(h int) []float64 {
	return r.mean(h, func(f Fitted) []float64 { return f.Sigma(h) })
}

// Fitted implements Fitted.
func (r *autoFit) Fitted() []float64 { return r.mean(r.n, Fitted.Fitted) }

// Params implements Fitted: the weights.
func (r *autoFit) Params() []Param {
	out := make([]Param, len(r.fits))
	for i, f := range r.fits {
		out[i] = Param{"weight of " + f.Name(), r.weights[i]}
	}
	return out
}

// AICc implements Fitted.
func (r *autoFit) AICc() float64 { return math.NaN() }
