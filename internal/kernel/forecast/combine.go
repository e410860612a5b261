package forecast

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// combination is the median of several models' forecasts.
type combination struct {
	name    string
	members []Model
}

// Combination forecasts the median of its members (the mean where an even number is left, as medians
// go): Petropoulos & Svetunkov, A simple combination of univariate models, Int. J. Forecasting
// 36 (2020), sixth in the M4 competition. Members that a series does not bear are left out.
func Combination(name string, members ...Model) Model { return combination{name, members} }

// Name implements Model.
func (c combination) Name() string { return c.name }

// Fit implements Model.
func (c combination) Fit(ctx context.Context, y []float64, season int) (Fitted, error) {
	var fits []Fitted
	var last error
	for _, m := range c.members {
		f, err := m.Fit(ctx, y, season)
		if err != nil {
			if fault.KindOf(err) == fault.Interrupted {
				return nil, err
			}
			last = err
			continue
		}
		if finite(f.Forecast(1)) {
			fits = append(fits, f)
		}
	}
	switch len(fits) {
	case 0:
		if last == nil {
			last = fault.New(fault.Data, "fitting %s: no member has a finite forecast", c.name)
		}
		return nil, last
	case 1:
		return fits[0], nil
	}
	return &combined{fits, len(y)}, nil
}

func finite(v []float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// combined is a fitted combination.
type combined struct {
	fits []Fitted
	n    int
}

// Name implements Fitted.
func (c *combined) Name() string {
	names := make([]string, len(c.fits))
	for i, f := range c.fits {
		names[i] = f.Name()
	}
	return "median of " + strings.Join(names, ", ")
}

// median returns the median of each column of rows, NaN left out; it is NaN where all are.
func median(rows [][]float64, n int) []float64 {
	out := make([]float64, n)
	buf := make([]float64, 0, len(rows))
	for j := range out {
		buf = buf[:0]
		for _, r := range rows {
			if v := r[j]; !math.IsNaN(v) && !math.IsInf(v, 0) {
				buf = append(buf, v)
			}
		}
		out[j] = medianOf(buf)
	}
	return out
}

// medianOf sorts v and returns its median.
func medianOf(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func (c *combined) each(f func(Fitted) []float64) [][]float64 {
	rows := make([][]float64, len(c.fits))
	for i, m := range c.fits {
		rows[i] = f(m)
	}
	return rows
}

// Forecast implements Fitted.
func (c *combined) Forecast(h int) []float64 {
	return median(c.each(func(f Fitted) []float64 { return f.Forecast(h) }), h)
}

// Sigma implements Fitted: the median of the members' own.
func (c *combined) Sigma(h int) []float64 {
	return median(c.each(func(f Fitted) []float64 { return f.Sigma(h) }), h)
}

// Fitted implements Fitted.
func (c *combined) Fitted() []float64 {
	return median(c.each(Fitted.Fitted), c.n)
}

// Params implements Fitted: those of all members, with their names in front.
func (c *combined) Params() []Param {
	var out []Param
	for _, f := range c.fits {
		for _, p := range f.Params() {
			out = append(out, Param{f.Name() + " " + p.Name, p.Value})
		}
	}
	return out
}

// AICc implements Fitted.
func (c *combined) AICc() float64 { return math.NaN() }
