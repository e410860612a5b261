package forecast

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Origin is one forecast from within a series, against what came.
type Origin struct {
	At    int       // values before it were seen
	Point []float64 // forecasts of the steps after it
	Sigma []float64 // spread that the model claimed
	Model string    // what was fitted
}

// Origins returns the lengths of history of count rolling origins that end with the series, h
// steps apart, the latest first; fewer where the history would fall under least.
func Origins(n, h, count, least int) []int {
	var out []int
	for k := 1; k <= count; k++ {
		at := n - k*h
		if at < least {
			break
		}
		out = append(out, at)
	}
	return out
}

// Backtest fits m anew at each origin and forecasts up to h steps (Tashman, Int. J. Forecasting 16,
// 2000). An origin that the model fails at is left out; only an interruption is an error.
func Backtest(ctx context.Context, m Model, y []float64, season, h int, at []int) ([]Origin, error) {
	var out []Origin
	for _, n := range at {
		f, err := m.Fit(ctx, y[:n:n], season)
		if fault.KindOf(err) == fault.Interrupted && err != nil {
			return nil, err
		}
		if err != nil {
			continue
		}
		k := min(h, len(y)-n)
		o := Origin{At: n, Point: f.Forecast(k), Sigma: f.Sigma(k), Model: f.Name()}
		if finite(o.Point) {
			out = append(out, o)
		}
	}
	return out, nil
}

// Ratios returns |error| / sigma of an origin's steps; NaN where a value is missing or the model
// claims no spread.
func (o *Origin) Ratios(y []float64) []float64 {
	out := make([]float64, len(o.Point))
	for j, f := range o.Point {
		e, s := math.Abs(y[o.At+j]-f), o.Sigma[j]
		switch {
		case s > 0:
			out[j] = e / s
		default:
			out[j] = math.NaN()
		}
	}
	return out
}
