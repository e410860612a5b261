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
	h := len(v) / 2
	upper := nth(v, h)
	if len(v)%2 == 1 {
		return upper
	}
	lower := v[0] // nth left the smaller ones before it
	for _, x := range v[1:h] {
		if x > lower {
			lower = x
		}
	}
	return lower + (upper-lower)/2
}

// nth returns the k-th smallest value and reorders v so that none before it is larger, none behind it
// smaller (Hoare, Find, Comm. ACM 4(7), 1961).
func nth(v []float64, k int) float64 {
	lo, hi := 0, len(v)-1
	for hi-lo > 16 {
		a, b, c := v[lo], v[lo+(hi-lo)/2], v[hi]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := lo, hi
		for i <= j {
			for i < hi && v[i] < pivot {
				i++
			}
			for j > lo && v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return v[k]
		}
	}
	slices.Sort(v[lo : hi+1])
	return v[k]
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
		scale = nth(v, len(v)*9/10) / 1.645 // the normal's 90 % point of absolute values
	}
	sum := 0.0
	for _, x := range v {
		x = min(x, 3*scale)
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(v)))
}
