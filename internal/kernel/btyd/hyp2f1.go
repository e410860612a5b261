package btyd

import "math"

// logHyp2f1 returns the natural logarithm of Gauss's ₂F₁(a, b; c; z) where that is positive, for 0 ≤ z < 1 and
// c > 0; NaN when the series does not settle. Of the two series that
// Euler's transformation F(a,b;c;z) = (1−z)^(c−a−b) F(c−a,c−b;c;z) offers, it takes the one whose
// terms fall faster (DLMF 15.2.1, 15.8.1); the power alone may be beyond the range of a double.
func logHyp2f1(a, b, c, z float64) float64 {
	if z == 0 {
		return 0
	}
	if !(z > 0 && z < 1) {
		return math.NaN()
	}
	// The ratio of late terms is z·(1 + (a+b−c−1)/n): the smaller sum falls faster.
	if e := c - a - b; e < 0 {
		return e*math.Log1p(-z) + math.Log(series(c-a, c-b, c, z))
	}
	return math.Log(series(a, b, c, z))
}

// maxTerms bounds a series; at z = 0.999 some 40,000 terms are needed. Nearer to 1 the parameters lie a
// thousandfold apart, where no data determine them: a fit that strays there must end, not count for minutes.
const maxTerms = 50_000

func series(a, b, c, z float64) float64 {
	if -36.8/math.Log(z) > maxTerms { // terms that fall by z reach 1e-16 only after that many
		return math.NaN()
	}
	sum, term := 1.0, 1.0
	for n := 0.0; n < maxTerms; n++ {
		term *= (a + n) * (b + n) / ((c + n) * (n + 1)) * z
		sum += term
		if math.Abs(term) <= 1e-16*math.Abs(sum) {
			return sum
		}
		if math.IsInf(sum, 0) {
			return math.NaN()
		}
	}
	return math.NaN()
}
