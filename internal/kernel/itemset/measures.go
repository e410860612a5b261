package itemset

import "math"

// Measures of a rule X → Y over N baskets, by the names of Hahsler's list
// (A Probabilistic Comparison of Commonly Used Interest Measures for Association
// Rules, 2015); Zhang is Zhang's metric of dependence (Yan, Zhang & Zhang,
// Expert Systems with Applications 36, 2009).
type Measures struct {
	Support    float64 // P(X∪Y)
	Confidence float64 // P(X∪Y) / P(X)
	Lift       float64 // confidence / P(Y)
	Leverage   float64 // P(X∪Y) − P(X)·P(Y)
	Conviction float64 // (1 − P(Y)) / (1 − confidence); NaN at confidence 1
	Zhang      float64 // leverage / max(P(X∪Y)(1 − P(X)), P(X)(P(Y) − P(X∪Y))); NaN when that is 0
}

// Measure computes the measures of a rule from integer counts.
func (r *Rule) Measure(baskets int64) (m Measures) {
	n, xy, x, y := float64(baskets), float64(r.N), float64(r.NLeft), float64(r.NRight)
	m.Support = xy / n
	m.Confidence = xy / x
	m.Lift = xy * n / (x * y)
	m.Leverage = xy/n - (x/n)*(y/n)
	m.Conviction = math.NaN()
	if r.N < r.NLeft {
		m.Conviction = (1 - y/n) / (1 - xy/x)
	}
	m.Zhang = math.NaN()
	if d := math.Max(xy/n*(1-x/n), x/n*(y/n-xy/n)); d > 0 {
		m.Zhang = m.Leverage / d
	}
	return m
}
