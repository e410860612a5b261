package calendar

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
)

// mostAhead bounds the days for which effects are looked up at once.
const mostAhead = 3660

// model fits another model to the series without events and puts them into its forecasts.
type model struct {
	inner  forecast.Model
	first  int64
	events []Event
}

// Aware makes a model that knows events: inner fitted on the series without their effects. The series
// must be daily and start on day first, and so must its beginnings that a back-test fits: effects are then
// estimated from what was known at each origin.
func Aware(inner forecast.Model, first int64, events []Event) forecast.Model {
	return model{inner, first, events}
}

// Name implements forecast.Model.
func (m model) Name() string { return m.inner.Name() }

// Fit implements forecast.Model. Where no event is kept it is inner's fit.
func (m model) Fit(ctx context.Context, y []float64, season int) (forecast.Fitted, error) {
	e := Estimate(y, m.first, mostAhead, m.events)
	if e == nil {
		return m.inner.Fit(ctx, y, season)
	}
	inner, err := m.inner.Fit(ctx, e.Usual(y), season)
	if err != nil {
		return nil, err
	}
	return &fitted{inner, e}, nil
}

// fitted is a fitted model with events.
type fitted struct {
	inner  forecast.Fitted
	effect *Effect
}

// Name implements forecast.Fitted.
func (f *fitted) Name() string { return f.inner.Name() + " with events" }

// Params implements forecast.Fitted.
func (f *fitted) Params() []forecast.Param { return f.inner.Params() }

// AICc implements forecast.Fitted: that of the series without events.
func (f *fitted) AICc() float64 { return f.inner.AICc() }

// Unwrap returns the fit of the series without events.
func (f *fitted) Unwrap() forecast.Fitted { return f.inner }

// Used lists the events that were kept.
func (f *fitted) Used() []Use { return f.effect.Used }

// Forecast implements forecast.Fitted.
func (f *fitted) Forecast(h int) []float64 { return times(f.inner.Forecast(h), f.effect.Future, 0) }

// Sigma implements forecast.Fitted: spreads grow with the values. A closed day is not quite certain.
func (f *fitted) Sigma(h int) []float64 {
	return times(f.inner.Sigma(h), f.effect.Future, leastSpread)
}

// leastSpread is the least factor of a spread.
const leastSpread = 0.1

// Fitted implements forecast.Fitted.
func (f *fitted) Fitted() []float64 { return times(f.inner.Fitted(), f.effect.Past, 0) }

// times multiplies a copy of v by factors, at least least; beyond their end by 1.
func times(v, factors []float64, least float64) []float64 {
	out := append([]float64(nil), v...)
	for i := range out {
		if i < len(factors) {
			out[i] *= max(least, factors[i])
		}
	}
	return out
}
