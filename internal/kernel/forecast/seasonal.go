package forecast

import "math"

// SeasonalTest tells whether y, without missing values, has a season of m steps: the 90 % test
// of the autocorrelation at lag m that the M4 competition used for NAIVE2 and Theta (M4 Competitor's
// Guide; R: M4 benchmarks, SeasonalityTest).
func SeasonalTest(y []float64, m int) bool {
	if m < 2 || len(y) < 3*m {
		return false
	}
	return seasonalScore(y, m) > 1.645
}

// seasonalScore is |r_m| in units of its standard error under Bartlett's formula.
func seasonalScore(y []float64, m int) float64 {
	r := autocorrelation(y, m)
	sum := 1.0
	for _, v := range r[1:m] {
		sum += 2 * v * v
	}
	return math.Abs(r[m]) / math.Sqrt(sum/float64(len(y)))
}

// autocorrelation returns the autocorrelations of lags 0 … k; zeros for a constant series.
func autocorrelation(y []float64, k int) []float64 {
	n := len(y)
	mean := 0.0
	for _, v := range y {
		mean += v
	}
	mean /= float64(n)
	d := make([]float64, n)
	for i, v := range y {
		d[i] = v - mean
	}
	r := make([]float64, k+1)
	r[0] = dot(d, d)
	if r[0] <= 1e-24*float64(n)*mean*mean {
		return r
	}
	for lag := 1; lag <= k && lag < n; lag++ {
		r[lag] = dot(d[:n-lag], d[lag:]) / r[0]
	}
	r[0] = 1
	return r
}

// SeasonalIndices is the classical decomposition: the mean by season of the deviations (ratios)
// from a centred moving average, normalised to sum 0 (mean 1). A series of less than two seasons
// has deviations from its line instead. Index j belongs to steps t with t mod m = j.
func SeasonalIndices(y []float64, m int, mul bool) []float64 {
	sum, count := make([]float64, m), make([]float64, m)
	add := func(t int, trend float64) {
		v := y[t] - trend
		if mul {
			if !(trend > 0) {
				return
			}
			v = y[t] / trend
		}
		sum[t%m] += v
		count[t%m]++
	}
	if len(y) >= 2*m {
		half := m / 2
		window := 0.0
		for t := range y {
			// running sum over [t−half, t+half], ends halved when m is even
			if t == 0 {
				for _, v := range y[:2*half+1] {
					window += v
				}
			} else if t > half && t < len(y)-half {
				window += y[t+half] - y[t-half-1]
			}
			if t < half || t >= len(y)-half {
				continue
			}
			trend := window
			if m%2 == 0 {
				trend -= (y[t-half] + y[t+half]) / 2
			}
			add(t, trend/float64(m))
		}
	} else {
		level, slope, _ := line(y)
		for t := range y {
			add(t, level+slope*float64(t+1))
		}
	}
	total := 0.0
	for j := range sum {
		switch {
		case count[j] > 0:
			sum[j] /= count[j]
		case mul:
			sum[j] = 1
		}
		if mul {
			sum[j] = math.Max(sum[j], 0.01)
		}
		total += sum[j]
	}
	for j := range sum {
		if mul {
			sum[j] *= float64(m) / total
		} else {
			sum[j] -= total / float64(m)
		}
	}
	return sum
}
