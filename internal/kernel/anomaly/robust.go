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
// value. Where more than half of them are 0 the 90 % point takes the median's place; 0 where that is 0, too.
func spread(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	for i, x := range v {
		v[i] = math.Abs(x)
	}
	scale := madScale * medianOf(v)
	if scale == 0 {
		scale = v[len(v)*9/10] / 1.645 // the normal's 90 % point of absolute values
	}
	sum := 0.0
	for _, x := range v {
		x = math.Min(x, 3*scale)
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(v)))
}
