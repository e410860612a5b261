package anomaly

import "slices"

// Discoveries returns the threshold t so that rejecting p ≤ t keeps the expected share of
// false ones among the rejected at or below q: the step-up rule of Benjamini & Hochberg, JRSS
// B 57(1), 1995. NaN are left out; −1 when none is rejected.
func Discoveries(p []float64, q float64) float64 {
	var s []float64
	for _, x := range p {
		if x == x {
			s = append(s, x)
		}
	}
	slices.Sort(s)
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] <= q*float64(i+1)/float64(len(s)) {
			return s[i]
		}
	}
	return -1
}
