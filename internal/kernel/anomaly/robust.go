package anomaly

import (
	"math"
	"slices"
)

// madScale makes the median absolute deviation a consistent estimate of the standard
// deviation of a normal distribution: 1 / Φ⁻¹(3/4).
const madScale = 1.4826022185056018

// medianOf returns the median (mean of the middle two) and reorders v; NaN for none.
func medianOf(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	h := len(v) / 2
	if len(v)%2 == 1 {
		return v[h]
	}
	return v[h-1] + (v[h]-v[h-1])/2
}

// spread returns a robust standard deviation about zero of residuals, reordering v:
// the root of the mean square after clipping at three times the scaled median absolute
// value, which falls back on the mean absolute value where more than half are 0.
func spread(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	for i, x := range v {
		v[i] = math.Abs(x)
	}
	mad := madScale * medianOf(v)
	if mad == 0 {
		sum := 0.0
		for _, x := range v {
			sum += x
		}
		return 1.2533 * sum / float64(len(v)) // √(π/2): the normal's ratio
	}
	sum := 0.0
	for _, x := range v {
		x = math.Min(x, 3*mad)
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(v)))
}
