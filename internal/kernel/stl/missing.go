package stl

import "math"

// Interpolate returns y with its missing (NaN) values on the line between their known neighbours,
// those at the ends equal to the nearest known one, and how many they were. With none missing it
// returns y itself; with none known, nil.
//
// A season is lost by a straight line over more than part of it. Where the period is known, FillSeasonal is better.
func Interpolate(y []float64) ([]float64, int) {
	missing := 0
	for _, v := range y {
		if v != v {
			missing++
		}
	}
	switch missing {
	case 0:
		return y, 0
	case len(y):
		return nil, missing
	}
	out := make([]float64, len(y))
	last := -1
	for i, v := range y {
		if v != v {
			continue
		}
		out[i] = v
		for j := last + 1; j < i; j++ {
			if last < 0 {
				out[j] = v
				continue
			}
			out[j] = y[last] + (v-y[last])*float64(j-last)/float64(i-last)
		}
		last = i
	}
	for j := last + 1; j < len(y); j++ {
		out[j] = y[last]
	}
	return out, missing
}

// FillSeasonal is Interpolate on the series without its mean season of the given period, which is put back
// afterwards: a missing Sunday becomes like other Sundays. The mean season is taken of deviations from
// a line through the known values.
func FillSeasonal(y []float64, period int) ([]float64, int) {
	if period < 2 || len(y) < 2*period {
		return Interpolate(y)
	}
	base, missing := Interpolate(y)
	if missing == 0 || base == nil {
		return base, missing
	}
	level, slope := straight(base)
	sum, count := make([]float64, period), make([]float64, period)
	for t, v := range y {
		if v == v {
			sum[t%period] += v - level - slope*float64(t)
			count[t%period]++
		}
	}
	rest := make([]float64, len(y))
	for t, v := range y {
		rest[t] = v - sum[t%period]/math.Max(1, count[t%period])
	}
	rest, _ = Interpolate(rest)
	if rest == nil { // infinite values
		return base, missing
	}
	for t, v := range y {
		if v == v {
			rest[t] = v
			continue
		}
		rest[t] += sum[t%period] / math.Max(1, count[t%period])
	}
	return rest, missing
}

// straight fits level + slope·t, t from 0.
func straight(y []float64) (level, slope float64) {
	n := float64(len(y))
	var sum, cross float64
	for t, v := range y {
		sum += v
		cross += float64(t) * v
	}
	mid := (n - 1) / 2
	slope = (cross - mid*sum) / (n * (n*n - 1) / 12)
	return sum/n - slope*mid, slope
}
