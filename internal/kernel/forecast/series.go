package forecast

import "math"

// trimmed returns y without leading missing values. Those at the end stay: the horizon
// starts after them.
func trimmed(y []float64) []float64 {
	for i, v := range y {
		if v == v {
			return y[i:]
		}
	}
	return nil
}

// filled returns y with missing values replaced by linear interpolation, those at the ends
// by the nearest known one. It returns y itself when nothing is missing.
func filled(y []float64) []float64 {
	missing := false
	for _, v := range y {
		missing = missing || v != v
	}
	if !missing {
		return y
	}
	out := append([]float64(nil), y...)
	last := -1
	for i, v := range out {
		if v != v {
			continue
		}
		switch {
		case last < 0:
			for j := range i {
				out[j] = v
			}
		default:
			for j := last + 1; j < i; j++ {
				w := float64(j-last) / float64(i-last)
				out[j] = out[last] + w*(v-out[last])
			}
		}
		last = i
	}
	if last >= 0 {
		for j := last + 1; j < len(out); j++ {
			out[j] = out[last]
		}
	}
	return out
}

// line fits level + slope·t to t = 1 … n, so that level is the value before the first.
func line(y []float64) (level, slope, mean float64) {
	n := float64(len(y))
	var sy, sty float64
	for i, v := range y {
		sy += v
		sty += float64(i+1) * v
	}
	mean = sy / n
	if len(y) < 2 {
		return mean, 0, mean
	}
	slope = (12*sty/n - 6*(n+1)*mean) / (n*n - 1)
	return mean - slope*(n+1)/2, slope, mean
}

// constant reports whether the known values of y are all equal.
func constant(y []float64) bool {
	first := math.NaN()
	for _, v := range y {
		if v != v {
			continue
		}
		if first != first {
			first = v
		}
		if v != first {
			return false
		}
	}
	return true
}
