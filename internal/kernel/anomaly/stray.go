package anomaly

import (
	"math"
	"slices"
)

// Stray is a value that nothing around it announces.
type Stray struct {
	At       int
	Value    float64
	Expected float64
	P        float64
}

// What makes a stray.
const (
	strayP      = 2e-4 // greatest probability
	strayRange  = 0.5  // least distance from what is ordinary, in ranges of that
	strayTail   = 0.05 // share of values on either side that do not count for the range
	strayRun    = 2    // greatest length of a run that values like before follow
	strayFollow = 0.5  // level weight from which a series goes on from its last value, whatever that is
	strayCycles = 8    // cycles before that tell what is ordinary
)

// Strays finds values among the last `last` of a series that a forecast should not go on from: at most strayRun in a
// row with an ordinary value behind them, or the very last one, each far outside of what came in the cycles
// before and improbable to the Detector. A longer run may be a new level, and so may any value of a series whose
// best baseline follows each value (a random walk); sparse series have none.
func Strays(y []float64, periods []int, last int) []Stray {
	season := shiftLeast
	if len(periods) > 0 {
		season = max(season, periods[0])
	}
	from := max(len(y)-last, strayCycles*season/2)
	if from >= len(y) || !farOut(y, from, season) {
		return nil
	}
	d := New(Options{Periods: periods})
	points := make([]Point, len(y))
	for i, v := range y {
		points[i] = d.Update(int64(i), v)
	}
	if d.base == nil || d.base.alpha >= strayFollow || d.sparse.on {
		return nil
	}
	var out []Stray
	for i := from; i < len(y); {
		n := 0
		for i+n < len(y) && strange(y, &points[i+n], i+n, season) {
			n++
		}
		atEnd := i+n == len(y)
		if n > 0 && (atEnd && n == 1 || !atEnd && n <= strayRun && !outside(y, i+n, season)) {
			for k := i; k < i+n; k++ {
				out = append(out, Stray{k, y[k], points[k].Expected, points[k].P})
			}
		}
		i += max(n, 1)
	}
	return out
}

// farOut reports whether any value from a position on is far from those before: a quick look, for most series have no stray.
func farOut(y []float64, from, season int) bool {
	for i := from; i < len(y); i++ {
		if outside(y, i, season) {
			return true
		}
	}
	return false
}

// outside reports whether a value is far from those before.
func outside(y []float64, i, season int) bool {
	lo, hi := ordinary(y, i, season)
	return y[i] < lo || y[i] > hi
}

// strange reports whether a point is improbable and far out.
func strange(y []float64, p *Point, i, season int) bool {
	return p.P <= strayP && outside(y, i, season)
}

// ordinary are bounds of what came in the cycles before a position.
func ordinary(y []float64, i, season int) (lo, hi float64) {
	v := make([]float64, 0, strayCycles*season)
	for _, x := range y[max(0, i-strayCycles*season):i] {
		if x == x {
			v = append(v, x)
		}
	}
	if len(v) < 2*season {
		return math.Inf(-1), math.Inf(1)
	}
	slices.Sort(v)
	cut := int(strayTail * float64(len(v)))
	lo, hi = v[cut], v[len(v)-1-cut]
	wide := strayRange * (hi - lo)
	return lo - wide, hi + wide
}
