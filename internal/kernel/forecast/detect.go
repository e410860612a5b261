package forecast

import "math"

// Limits of DetectSeasons, in autocorrelations of the steps.
const (
	leastPeak   = 0.15 // a season less clear is not worth its states
	peakOfBest  = 0.5  // a shorter season must be at least so clear beside the clearest
	clearlyMore = 0.05 // a longer season must add so much to a shorter one that divides it
)

// DetectSeasons tells which of the candidate seasons (rising) a series has, for series whose steps
// have no calendar: peaks of the autocorrelation of its steps that pass SeasonalTest's bound.
// It returns none, one, or a season and multiples of it.
func DetectSeasons(y []float64, candidates []int) []int {
	full := filled(trimmed(y))
	if len(full) < 3 || constant(full) {
		return nil
	}
	x := make([]float64, len(full)-1)
	for t := range x {
		x[t] = full[t+1] - full[t]
	}
	most := 0
	for _, m := range candidates {
		if len(x) >= 3*m {
			most = m
		}
	}
	if most == 0 {
		return nil
	}
	r := autocorrelation(x, most+1)
	best, noise := 0.0, 1/math.Sqrt(float64(len(x)))
	peaks := map[int]float64{}
	sum, lag := 1.0, 1
	for _, m := range candidates {
		if m > most || m < 2 {
			continue
		}
		for ; lag < m; lag++ {
			sum += 2 * r[lag] * r[lag]
		}
		bound := 1.645 * math.Sqrt(sum/float64(len(x)))
		peak := r[m] >= math.Max(r[m-1], r[m+1])-noise && r[m] > r[m-m/2]+noise
		if r[m] > math.Max(bound, leastPeak) && peak {
			peaks[m] = r[m]
			best = math.Max(best, r[m])
		}
	}
	var out []int
	last := 0.0
	for _, m := range candidates {
		p, ok := peaks[m]
		switch {
		case !ok:
		case len(out) == 0 && p >= peakOfBest*best, len(out) > 0 && m%out[len(out)-1] == 0 && p > last+clearlyMore:
			out, last = append(out, m), p
		}
	}
	return out
}
