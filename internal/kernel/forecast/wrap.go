package forecast

import (
	"context"
	"math"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/stl"
)

// seasoned is a model with a season of its own.
type seasoned struct {
	Model
	season int
}

// WithSeason fixes the season of a model, whatever Fit is told.
func WithSeason(m Model, season int) Model { return seasoned{m, season} }

// Fit implements Model.
func (s seasoned) Fit(ctx context.Context, y []float64, _ int) (Fitted, error) {
	return s.Model.Fit(ctx, y, s.season)
}

// logged is a model of the logarithms.
type logged struct{ Model }

// Logged fits a model to the logarithms of a series whose values are above 0; its forecasts
// are medians.
func Logged(m Model) Model { return logged{m} }

// Name implements Model.
func (l logged) Name() string { return "log " + l.Model.Name() }

// Fit implements Model.
func (l logged) Fit(ctx context.Context, y []float64, season int) (Fitted, error) {
	x := make([]float64, len(y))
	for i, v := range y {
		if v <= 0 {
			return nil, fault.New(fault.Data, "fitting %s: it needs values above 0", l.Name())
		}
		x[i] = math.Log(v) // NaN stays NaN
	}
	f, err := l.Model.Fit(ctx, x, season)
	if err != nil {
		return nil, err
	}
	return loggedFit{f}, nil
}

// loggedFit is a fitted model of the logarithms.
type loggedFit struct{ inner Fitted }

// Name implements Fitted.
func (l loggedFit) Name() string { return "log " + l.inner.Name() }

// Params implements Fitted.
func (l loggedFit) Params() []Param { return l.inner.Params() }

// AICc implements Fitted: the likelihoods of logarithms do not compare with those of values.
func (l loggedFit) AICc() float64 { return math.NaN() }

// Forecast implements Fitted.
func (l loggedFit) Forecast(h int) []float64 { return exponentials(l.inner.Forecast(h)) }

// Fitted implements Fitted.
func (l loggedFit) Fitted() []float64 { return exponentials(l.inner.Fitted()) }

// Sigma implements Fitted: half the distance between the quantiles one deviation up and down.
func (l loggedFit) Sigma(h int) []float64 {
	s, f := l.inner.Sigma(h), l.inner.Forecast(h)
	for j := range s {
		s[j] = math.Exp(f[j]) * math.Sinh(math.Min(s[j], 20))
	}
	return s
}

func exponentials(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = math.Exp(x)
	}
	return out
}

// decomposed takes seasons out by STL, forecasts the rest and puts the last cycle of each back.
type decomposed struct {
	name    string
	periods []int
	rest    Model
}

// Decomposed is MSTL (Bandara, Hyndman & Bergmeir, Int. J. Operational Research 52, 2025) with a
// model without a season for what remains.
func Decomposed(name string, periods []int, rest Model) Model {
	return decomposed{name, periods, rest}
}

// Name implements Model.
func (d decomposed) Name() string { return d.name }

// Fit implements Model.
func (d decomposed) Fit(ctx context.Context, y []float64, _ int) (Fitted, error) {
	known := trimmed(y)
	if len(known) == 0 {
		return nil, fault.New(fault.Data, "fitting %s: the series has no value", d.name)
	}
	full := filled(known)
	var w stl.Workspace
	p, err := w.Multi(full, d.periods, stl.Options{})
	if err != nil {
		return nil, err
	}
	f := &decomposedFit{periods: p.Periods, last: make([][]float64, len(p.Periods)), season: make([]float64, len(full))}
	rest := make([]float64, len(full))
	for k, s := range p.Seasons {
		for t, v := range s {
			f.season[t] += v
		}
		f.last[k] = append([]float64(nil), s[len(s)-p.Periods[k]:]...)
	}
	for t, v := range known {
		rest[t] = v - f.season[t]
	}
	if f.rest, err = d.rest.Fit(ctx, rest, 1); err != nil {
		return nil, err
	}
	f.offset = len(y) - len(known)
	return f, nil
}

// decomposedFit is a fitted decomposition.
type decomposedFit struct {
	periods []int
	last    [][]float64
	season  []float64
	offset  int
	rest    Fitted
}

// Name implements Fitted.
func (f *decomposedFit) Name() string {
	name := "STL["
	for i, p := range f.periods {
		if i > 0 {
			name += ","
		}
		name += strconv.Itoa(p)
	}
	return name + "]+" + f.rest.Name()
}

// Forecast implements Fitted.
func (f *decomposedFit) Forecast(h int) []float64 {
	out := f.rest.Forecast(h)
	for j := range out {
		for k, m := range f.periods {
			out[j] += f.last[k][j%m]
		}
	}
	return out
}

// Sigma implements Fitted: that of the rest, for the seasons are taken as known.
func (f *decomposedFit) Sigma(h int) []float64 { return f.rest.Sigma(h) }

// Fitted implements Fitted.
func (f *decomposedFit) Fitted() []float64 {
	out := missing(f.offset + len(f.season))
	for t, v := range f.rest.Fitted() {
		out[f.offset+t] = v + f.season[t]
	}
	return out
}

// Params implements Fitted.
func (f *decomposedFit) Params() []Param { return f.rest.Params() }

// AICc implements Fitted.
func (f *decomposedFit) AICc() float64 { return math.NaN() }
