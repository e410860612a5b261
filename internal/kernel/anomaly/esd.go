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
	at, statistic, p := extremes(residuals, most)
	n := 0
	for n < len(p) && p[n] <= alpha {
		n++
	}
	return at[:n], statistic[:n]
}

// extremes lists up to `most` values, each the farthest of those left, with its statistic and the least level at which ESD
// calls it an outlier: the test takes all up to the last one that its critical value lets pass, so that the p of one is at most
// that of those before. Solved for p, the critical value of Rosner's equation 2.5 with t = T⁻¹(1 − p/(2(n−i+1))) becomes
//
//	t² = (n−i−1)·(n−i+1)·R² / ((n−i)² − (n−i+1)·R²)
func extremes(residuals []float64, most int) (at []int, statistic, p []float64) {
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
	for i := 1; i <= most && hi-lo > 2; i++ {
		m, mad := centre(residuals, idx[lo:hi])
		if mad == 0 {
			break
		}
		low, high := (m-residuals[idx[lo]])/mad, (residuals[idx[hi-1]]-m)/mad
		if high >= low {
			hi--
			at = append(at, idx[hi])
		} else {
			at = append(at, idx[lo])
			lo++
		}
		r, left := math.Max(low, high), float64(n-i)
		statistic = append(statistic, r)
		level := 0.0
		if room := left*left - (left+1)*r*r; room > 0 {
			t := distuv.StudentsT{Sigma: 1, Nu: left - 1}
			level = math.Min(1, 2*(left+1)*t.Survival(math.Sqrt((left-1)*(left+1)/room)*r))
		}
		p = append(p, level)
	}
	for i := len(p) - 2; i >= 0; i-- {
		p[i] = math.Min(p[i], p[i+1])
	}
	return at, statistic, p
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
