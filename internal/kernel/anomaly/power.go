package anomaly

import "math"

// power is a variance-stabilising transform of the Box–Cox family, moved by shift so that
// zeros are allowed: exponent 1 leaves values as they are, 0.5 is a root (counts), 0 a
// logarithm (money, whose noise grows with its level).
type power struct {
	exponent float64
	shift    float64
}

// apply transforms a value. Values below −shift, which a change of regime may bring, are
// continued as a straight line.
func (p power) apply(y float64) float64 {
	switch p.exponent {
	case 0.5:
		if x := y + p.shift; x > 0 {
			return 2 * math.Sqrt(x)
		}
		return 2 * (y + p.shift)
	case 0:
		if x := y/p.shift + 1; x > 0.1 {
			return math.Log(x)
		}
		return math.Log(0.1) + (y/p.shift+1-0.1)/0.1
	}
	return y
}

// invert returns the value of a transformed one.
func (p power) invert(g float64) float64 {
	switch p.exponent {
	case 0.5:
		return math.Max(g, 0)*math.Max(g, 0)/4 - p.shift
	case 0:
		return p.shift * math.Expm1(g)
	}
	return g
}

// logSlope returns the logarithm of the transform's derivative: what makes scales of
// residuals comparable between transforms (Box & Cox, JRSS B 26(2), 1964, eq. 8).
func (p power) logSlope(y float64) float64 {
	switch p.exponent {
	case 0.5:
		return -0.5 * math.Log(math.Max(y+p.shift, 1e-300))
	case 0:
		return -math.Log(math.Max(y+p.shift, 1e-300))
	}
	return 0
}

// powers returns the transforms that a history allows: all of them where no value is
// negative and the median is positive.
func powers(history []float64) []power {
	one := []power{{exponent: 1}}
	var positive []float64
	for _, y := range history {
		if y < 0 {
			return one
		}
		if y > 0 {
			positive = append(positive, y)
		}
	}
	if len(positive)*2 < len(history) {
		return one
	}
	typical := medianOf(positive)
	// 3/8 is Anscombe's shift for counts; sums of money are far above it. The logarithm is
	// moved by a twentieth of the typical value: zero stays a long way down, not infinitely far.
	return []power{{0, typical / 20}, {0.5, 3.0 / 8}, one[0]}
}
