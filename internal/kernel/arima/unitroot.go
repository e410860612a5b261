package arima

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/kernel/stl"
)

// kpssCritical is the 5 % point of the KPSS test for a level (Kwiatkowski et al. 1992, table 1).
const kpssCritical = 0.463

// kpss is the KPSS statistic of stationarity about a level, with Bartlett weights over ⌊3√n/13⌋ lags.
func kpss(y []float64) float64 {
	n := len(y)
	mean := 0.0
	for _, v := range y {
		mean += v
	}
	mean /= float64(n)
	e := make([]float64, n)
	var partial, squares float64
	for t, v := range y {
		e[t] = v - mean
		partial += e[t]
		squares += partial * partial
	}
	long := dot(e, e)
	most := int(3 * math.Sqrt(float64(n)) / 13)
	for lag := 1; lag <= most && lag < n; lag++ {
		long += 2 * (1 - float64(lag)/float64(most+1)) * dot(e[:n-lag], e[lag:])
	}
	if !(long > 0) {
		return 0
	}
	return squares / (float64(n) * long)
}

// constant reports whether all values are equal, but for the rounding of numbers as large as scale.
func constant(y []float64, scale float64) bool {
	for _, v := range y {
		if math.Abs(v-y[0]) > 1e-12*scale {
			return false
		}
	}
	return true
}

// differences returns how often y is differenced before the KPSS test accepts a level: at most most.
func differences(y []float64, most int, scale float64) int {
	d := 0
	for d < most && len(y) > 3 && !constant(y, scale) && kpss(y) > kpssCritical {
		d++
		y = difference(y, 1, 0, 1)
	}
	return d
}

// strongSeason is the seasonal strength over which a seasonal difference is taken (nsdiffs() of R's forecast package).
const strongSeason = 0.64

// seasonalDifference reports whether y should be differenced over a season of m steps.
func seasonalDifference(ws *stl.Workspace, y []float64, m int) bool {
	if m < 2 || len(y) <= 2*m {
		return false
	}
	parts, err := ws.Multi(y, []int{m}, stl.Options{TrendJump: max(1, m/7), LowPassJump: max(1, m/7)})
	if err != nil {
		return false
	}
	season := parts.Seasons[0]
	both := make([]float64, len(y))
	for t, v := range parts.Remainder {
		both[t] = v + season[t]
	}
	total := variance(both)
	return total > 0 && 1-variance(parts.Remainder)/total > strongSeason
}

func variance(y []float64) float64 {
	mean := 0.0
	for _, v := range y {
		mean += v
	}
	mean /= float64(len(y))
	sum := 0.0
	for _, v := range y {
		sum += (v - mean) * (v - mean)
	}
	return sum / float64(max(1, len(y)-1))
}
