package forecast

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// simpleFit is a fitted rule of thumb: its points and spread are closed formulas.
type simpleFit struct {
	name   string
	fitted []float64
	params []Param
	point  func(j int) float64 // step j ≥ 1
	sigma  func(j int) float64
}

func (f *simpleFit) Name() string      { return f.name }
func (f *simpleFit) Fitted() []float64 { return append([]float64(nil), f.fitted...) }
func (f *simpleFit) Params() []Param   { return append([]Param(nil), f.params...) }
func (f *simpleFit) AICc() float64     { return math.NaN() }

func (f *simpleFit) Forecast(h int) []float64 { return steps(h, f.point) }
func (f *simpleFit) Sigma(h int) []float64    { return steps(h, f.sigma) }

func steps(h int, f func(j int) float64) []float64 {
	out := make([]float64, h)
	for j := range out {
		out[j] = f(j + 1)
	}
	return out
}

// residualRMS is the root mean square of y − fitted over k fewer than the known residuals.
func residualRMS(y, fitted []float64, k int) float64 {
	sum, n := 0.0, 0
	for i, v := range y {
		if e := v - fitted[i]; e == e {
			sum += e * e
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return math.Sqrt(sum / float64(max(1, n-k)))
}

func missing(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

// ruleModel is a rule of thumb as a Model.
type ruleModel struct {
	name string
	fit  func(y []float64, season int) (*simpleFit, error)
}

// Name implements Model.
func (m ruleModel) Name() string { return m.name }

// Fit implements Model.
func (m ruleModel) Fit(ctx context.Context, y []float64, season int) (Fitted, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	known := false
	for _, v := range y {
		known = known || v == v
	}
	if !known {
		return nil, fault.New(fault.Data, "fitting %s: the series has no value", m.name)
	}
	f, err := m.fit(y, max(1, season))
	if err != nil {
		return nil, err
	}
	f.name = m.name
	return f, nil
}

// Naive forecasts the last value; the spread grows with √h (Hyndman & Athanasopoulos,
// Forecasting: Principles and Practice, section 5.5).
func Naive() Model {
	return ruleModel{"naive", func(y []float64, _ int) (*simpleFit, error) {
		return seasonalNaive(y, 1)
	}}
}

// SeasonalNaive forecasts the value of the same step of the last season; without a
// season, or with less than one, it is Naive.
func SeasonalNaive() Model {
	return ruleModel{"snaive", func(y []float64, season int) (*simpleFit, error) {
		if len(y) <= season {
			season = 1
		}
		return seasonalNaive(y, season)
	}}
}

func seasonalNaive(y []float64, m int) (*simpleFit, error) {
	last := make([]float64, m) // the last known value of each place in the season
	for j := range last {
		last[j] = math.NaN()
	}
	fitted := missing(len(y))
	overall := math.NaN()
	for t, v := range y {
		fitted[t] = last[t%m]
		if v == v {
			last[t%m], overall = v, v
		}
	}
	s := residualRMS(y, fitted, 0)
	return &simpleFit{
		fitted: fitted,
		point: func(j int) float64 {
			if v := last[(len(y)+j-1)%m]; v == v {
				return v
			}
			return overall
		},
		sigma: func(j int) float64 { return s * math.Sqrt(float64((j-1)/m+1)) },
	}, nil
}

// Drift is the random walk with drift: the line through the first and last value.
func Drift() Model {
	return ruleModel{"drift", func(y []float64, _ int) (*simpleFit, error) {
		first, last := -1, -1
		for t, v := range y {
			if v == v {
				if first < 0 {
					first = t
				}
				last = t
			}
		}
		slope := 0.0
		n := float64(last - first)
		if n > 0 {
			slope = (y[last] - y[first]) / n
		}
		fitted := missing(len(y))
		for t := first + 1; t < len(y); t++ {
			fitted[t] = y[t-1] + slope
		}
		s := residualRMS(y, fitted, 1)
		if n <= 0 {
			s = math.NaN()
		}
		gap := len(y) - 1 - last
		end := y[last]
		return &simpleFit{
			fitted: fitted,
			params: []Param{{"drift", slope}},
			point:  func(j int) float64 { return end + slope*float64(gap+j) },
			sigma:  func(j int) float64 { k := float64(gap + j); return s * math.Sqrt(k*(1+k/math.Max(1, n))) },
		}, nil
	}}
}

// windowSize is the window of WindowMean without a season.
const windowSize = 7

// WindowMean forecasts the mean of the last season (of the last 7 steps without one).
func WindowMean() Model {
	return ruleModel{"window", func(y []float64, season int) (*simpleFit, error) {
		w := season
		if w < 2 {
			w = windowSize
		}
		fitted := missing(len(y))
		mean := math.NaN()
		for t := 0; t <= len(y); t++ {
			if t > 0 {
				sum, n := 0.0, 0.0
				for i := max(0, t-w); i < t; i++ {
					if v := y[i]; v == v {
						sum += v
						n++
					}
				}
				if n > 0 {
					mean = sum / n
				}
			}
			if t < len(y) {
				fitted[t] = mean
			}
		}
		s := residualRMS(y, fitted, 1)
		return &simpleFit{
			fitted: fitted,
			params: []Param{{"window", float64(w)}},
			point:  func(int) float64 { return mean },
			// a mean of w values moves by a w-th of each error
			sigma: func(j int) float64 { return s * math.Sqrt(1+float64(j-1)/float64(w)/float64(w)) },
		}, nil
	}}
}
