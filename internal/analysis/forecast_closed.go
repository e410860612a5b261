package analysis

import (
	"context"
	"fmt"
	"math"

	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
)

// Where a place of the season (Saturday, the hours of the night) had nothing in so many cycles, and that is no chance, the
// shop is closed then: models that add a season to a level would let some sales creep in.
const (
	closedCycles = 8
	closedChance = 1e-3 // of so many nothings in a row by the share of nothings at other places
	closedSpread = 0.1  // factor of the spread: it is not quite certain
)

// closedAt tells which places of the season are closed at the end of y; nil for none. Place 0 is that of y[0].
func closedAt(y []float64, season int) []bool {
	if season < 2 || season >= longSeason || len(y) < closedCycles*season {
		return nil
	}
	late := y[len(y)-closedCycles*season:]
	zeros, known := make([]int, season), 0
	nothing := 0
	for i, v := range late {
		if v != v {
			continue
		}
		if v < 0 {
			return nil
		}
		known++
		if v == 0 {
			nothing++
			zeros[(len(y)-len(late)+i)%season]++
		}
	}
	closed, some := make([]bool, season), 0
	for ph, n := range zeros {
		if n == closedCycles {
			closed[ph] = true
			some++
		}
	}
	others := known - some*closedCycles
	if some == 0 || others <= 0 || math.Pow(float64(nothing-some*closedCycles)/float64(others), closedCycles) > closedChance {
		return nil
	}
	return closed
}

// closing is a model that forecasts nothing for places of the season that are closed.
type closing struct{ forecast.Model }

// Fit implements forecast.Model.
func (c closing) Fit(ctx context.Context, y []float64, season int) (forecast.Fitted, error) {
	fit, err := c.Model.Fit(ctx, y, season)
	if err != nil {
		return nil, err
	}
	closed := closedAt(y, season)
	f := closedFit{fit, len(y), closed}
	t, ok := fit.(tester)
	switch {
	case ok:
		return testedClosed{f, shutTests(t.Tested(), y, season)}, nil
	case closed == nil:
		return fit, nil
	}
	return f, nil
}

// shutTests closes the forecasts of a back-test by what each origin could know.
func shutTests(origins []forecast.Origin, y []float64, season int) []forecast.Origin {
	out := make([]forecast.Origin, len(origins))
	for k, o := range origins {
		if closed := closedAt(y[:o.At], season); closed != nil {
			o.Point, o.Sigma = shut(o.Point, o.At, closed, 0), shut(o.Sigma, o.At, closed, closedSpread)
		}
		out[k] = o
	}
	return out
}

// shut multiplies the steps after position n that are closed.
func shut(v []float64, n int, closed []bool, by float64) []float64 {
	if closed == nil {
		return v
	}
	out := append([]float64(nil), v...)
	for j := range out {
		if closed[(n+j)%len(closed)] {
			out[j] *= by
		}
	}
	return out
}

// closedFit is a fit with closed places.
type closedFit struct {
	innerFit
	n      int
	closed []bool
}

// Forecast implements forecast.Fitted.
func (f closedFit) Forecast(h int) []float64 { return shut(f.innerFit.Forecast(h), f.n, f.closed, 0) }

// Sigma implements forecast.Fitted.
func (f closedFit) Sigma(h int) []float64 {
	return shut(f.innerFit.Sigma(h), f.n, f.closed, closedSpread)
}

// Unwrap returns the fit of the model itself.
func (f closedFit) Unwrap() forecast.Fitted { return f.innerFit }

// places counts the closed places of the season.
func (f closedFit) places() (n int) {
	for _, c := range f.closed {
		if c {
			n++
		}
	}
	return n
}

// testedClosed is one that knows its own back-test.
type testedClosed struct {
	closedFit
	origins []forecast.Origin
}

// Tested returns the back-test.
func (f testedClosed) Tested() []forecast.Origin { return f.origins }

// closedPlaces returns the number of closed places of a fit, or of one within it.
func closedPlaces(fit forecast.Fitted) int {
	for fit != nil {
		if f, ok := fit.(interface{ places() int }); ok {
			return f.places()
		}
		inner, ok := fit.(interface{ Unwrap() forecast.Fitted })
		if !ok {
			return 0
		}
		fit = inner.Unwrap()
	}
	return 0
}

// closedNote says for how many series nothing is forecast at some places of the season; "" for none.
func (f *forecastRun) closedNote() string {
	n, most := 0, 0
	for i := range f.outcomes {
		if k := f.outcomes[i].closed; k > 0 {
			n++
			most = max(most, k)
		}
	}
	if n == 0 {
		return ""
	}
	places := fmt.Sprintf("%d of %d", most, f.season)
	if n > 1 {
		places = "up to " + places
	}
	return fmt.Sprintf("%s had nothing at %s places of the season in the last %d seasons: nothing is forecast there", counted(n, "series"), places, closedCycles)
}
