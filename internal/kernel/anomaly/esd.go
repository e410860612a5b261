package anomaly

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// ESD runs the generalised extreme Studentised deviate test (Rosner, Technometrics 25(2),
// 1983) on residuals with median and MAD in the place of mean and standard deviation, for at
// most `most` outliers at level alpha. NaN are left out. It returns the positions of the
// outliers, the most extreme first, and the statistic of each.
func ESD(residuals []float64, most int, alpha float64) (at []int, statistic []float64) {
	idx := make([]int, 0, len(residuals))
	for i, x := range residuals {
		if x == x {
			idx = append(idx, i)
		}
	}
	sort.SliceStable(idx, func(a, b int) bool { return residuals[idx[a]] < residuals[idx[b]] })
	n := len(idx)
	most = min(most, n/2)
	lo, hi := 0, n // what is left is always a run of the sorted values
	keep := 0
	for i := 1; i <= most && hi-lo > 2; i++ {
		m, mad := centre(residuals, idx[lo:hi])
		if mad == 0 {
			break
		}
		low, high := (m-residuals[idx[lo]])/mad, (residuals[idx[hi-1]]-m)/mad
		r := math.Max(low, high)
		if high >= low {
			hi--
			at = append(at, idx[hi])
		} else {
			at = append(at, idx[lo])
			lo++
		}
		statistic = append(statistic, r)
		left := float64(n - i - 1)
		t := distuv.StudentsT{Sigma: 1, Nu: left}.Quantile(1 - alpha/(2*float64(n-i+1)))
		if r > t*float64(n-i)/math.Sqrt((left+t*t)*float64(n-i+1)) {
			keep = i
		}
	}
	return at[:keep], statistic[:keep]
}

// centre returns median and scaled MAD of values in sorted order; the MAD is found by
// walking out from the median on both sides.
func centre(v []float64, sorted []int) (median, mad float64) {
	n := len(sorted)
	h := n / 2
	median = v[sorted[h]]
	if n%2 == 0 {
		median = (v[sorted[h-1]] + median) / 2
	}
	l, r := h-1, h
	var last, before float64
	for range n/2 + 1 {
		before = last
		if l >= 0 && (r >= n || median-v[sorted[l]] <= v[sorted[r]]-median) {
			last = median - v[sorted[l]]
			l--
		} else {
			last = v[sorted[r]] - median
			r++
		}
	}
	if n%2 == 0 {
		last = (last + before) / 2
	}
	return median, madScale * last
}
