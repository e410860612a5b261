package arima

import (
	"fmt"
	"strings"
)

// Spec is the form of a model: ARIMA(P,D,Q)(SP,SD,SQ)[M], with a constant: a mean when nothing is
// differenced, a drift when once.
type Spec struct {
	P, D, Q    int
	SP, SD, SQ int
	M          int // steps of a season; 1 = none
	Constant   bool
}

// String returns the usual name: "ARIMA(1,1,1)(0,1,1)[12] with drift".
func (s Spec) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ARIMA(%d,%d,%d)", s.P, s.D, s.Q)
	if s.M > 1 && s.SP+s.SD+s.SQ > 0 {
		fmt.Fprintf(&b, "(%d,%d,%d)[%d]", s.SP, s.SD, s.SQ, s.M)
	}
	if s.Constant {
		if s.D+s.SD == 0 {
			b.WriteString(" with mean")
		} else {
			b.WriteString(" with drift")
		}
	}
	return b.String()
}

// coefs is the number of coefficients of the polynomials.
func (s Spec) coefs() int { return s.P + s.Q + s.SP + s.SQ }

// size is the number of estimated numbers, the variance with them.
func (s Spec) size() int {
	n := s.coefs() + 1
	if s.Constant {
		n++
	}
	return n
}

// lost is the number of values that differencing takes.
func (s Spec) lost() int { return s.D + s.SD*s.M }

// difference returns (1−B)ᵈ (1−Bᵐ)ᴰ y.
func difference(y []float64, d, sd, m int) []float64 {
	w := append([]float64(nil), y...)
	step := func(lag int) {
		for t := len(w) - 1; t >= lag; t-- {
			w[t] -= w[t-lag]
		}
		w = w[min(lag, len(w)):]
	}
	for range sd {
		step(m)
	}
	for range d {
		step(1)
	}
	return w
}
