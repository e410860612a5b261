package anomaly

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// pair learns both tails of a stream.
type pair struct{ up, down Tail }

// bound sets the least scale of both tails.
func (t *pair) bound(scale float64) { t.up.least, t.down.least = scale, scale }

// leastExcess bounds the scale of the excesses of standardised errors: that of normal ones is about .4.
const leastExcess = 0.1

func (t *pair) learn(x float64) {
	t.up.Add(x)
	t.down.Add(-x)
}

// learnMild learns x as not more extreme than what the tail holds possible once in
// rareOnce values: an anomaly must not make the next one ordinary, but a tail that turns out heavier
// grows (the rule of Siffer et al. that leaves anomalies out, softened).
func (t *pair) learnMild(x float64) {
	t.up.addMild(x)
	t.down.addMild(-x)
}

const rareOnce = 1e-3

// ownTail is the number of excesses at which the own tail and what is supposed count alike.
const ownTail = 30

// trust is the part of the own tail: few excesses, some of which may be anomalies, tell little.
func (t *pair) trust() float64 {
	k := float64(len(t.up.top))
	return k / (k + ownTail)
}

// logP returns the natural logarithm of the two-sided probability of x and learns x. While
// the own tail is young, standardised values lean on the pool's, and that on Student's.
func (t *pair) logP(x float64, pool *Pool, standard bool) float64 {
	l := t.peek(x, pool, standard)
	if standard {
		t.learnMild(x)
	} else {
		t.learn(x)
	}
	return l
}

// peek is logP without learning.
func (t *pair) peek(x float64, pool *Pool, standard bool) float64 {
	if standard && math.Abs(x) <= plainZ && t.inside(x) && (pool == nil || pool.tails.inside(x)) {
		return 0 // whatever the weights: more than bodyP in the end
	}
	l := math.Log(math.Min(1, 2*math.Min(t.up.P(x), t.down.P(-x))))
	if !standard {
		return l
	}
	w := t.trust()
	return w*l + (1-w)*pool.logP(x, t.up.N())
}

// plainZ is a standardised error whose probability is above bodyP by any tail that is supposed.
const plainZ = 1.5

// inside reports whether neither tail reaches x.
func (t *pair) inside(x float64) bool { return t.up.P(x) == 1 && t.down.P(-x) == 1 }

// Pool learns the tails of the standardised errors of many series. The zero value is ready.
// It may be read by many Detectors at once, but not while it learns.
type Pool struct {
	tails pair
}

// supposed is the tail before errors are known: Student's, for the scale is estimated from
// n errors that depend on each other; at most mostFreedom degrees of freedom, for sales are never quite normal.
func supposed(n int) distuv.StudentsT {
	return distuv.StudentsT{Sigma: 1, Nu: math.Min(mostFreedom, math.Max(3, float64(n)/4))}
}

const mostFreedom = 20

// logP returns the natural logarithm of the two-sided probability of a standardised error of a
// series that knows n of them.
func (p *Pool) logP(x float64, n int) float64 {
	t := math.Log(math.Min(1, 2*supposed(n).Survival(math.Abs(x))))
	if p == nil || p.tails.up.N() == 0 {
		return t
	}
	own := math.Log(math.Min(1, 2*math.Min(p.tails.up.P(x), p.tails.down.P(-x))))
	w := p.tails.trust()
	return w*own + (1-w)*t
}

// Learn adds standardised errors.
func (p *Pool) Learn(z []float64) {
	for _, x := range z {
		p.tails.learnMild(x)
	}
}

// window is the last meanWidth values.
type window struct {
	v [meanWidth]float64
	n int
}

func (w *window) add(x float64) {
	w.v[w.n%meanWidth] = x
	w.n++
}

// mean returns their mean; ok is false while there are fewer.
func (w *window) mean() (m float64, ok bool) {
	if w.n < meanWidth {
		return 0, false
	}
	for _, x := range w.v {
		m += x
	}
	return m / meanWidth, true
}

// run counts consecutive standardised errors beyond shiftZ on one side.
type run struct {
	n    int
	sign float64
	errs []float64
}

// add counts an error; when the run reaches length it returns the median error of the
// run, by which the level has changed, and begins anew.
func (r *run) add(z, e float64, length int) (median float64, ok bool) {
	sign := math.Copysign(1, z)
	if math.Abs(z) < shiftZ {
		*r = run{errs: r.errs[:0]}
		return 0, false
	}
	if sign != r.sign || len(r.errs) >= length {
		*r = run{sign: sign, errs: r.errs[:0]}
	}
	r.n++
	r.errs = append(r.errs, e)
	if r.n < length {
		return 0, false
	}
	return medianOf(append([]float64(nil), r.errs...)), true
}

// logNothing bounds the natural logarithm of the probability of a sum of 0: sums of a Poisson number
// of positive amounts, λ of them on average, have a squared coefficient of variation cv² of at least 1/λ, so
// e^−λ ≤ e^(−1/cv²).
func logNothing(amounts float64) float64 { return -amounts }

// nothings counts, by the size of the expectation (powers of two), the points and the times that
// nothing came: where that happens again and again it is ordinary, whatever the noise says.
type nothings struct {
	points, times [64]int
	zero          bool // the last value was 0
}

// usualTimes is the number of times from which nothing is ordinary at an expectation.
const usualTimes = 3

// logP is logNothing, but at least the share of times at such an expectation.
func (n *nothings) logP(expected, amounts float64) float64 {
	return math.Max(logNothing(amounts), n.logUsual(expected, 1))
}

// logUsual bounds the natural logarithm of the probability of so many zeros in a row from below by the share of times
// that nothing came at such an expectation, −Inf where that has not happened often.
func (n *nothings) logUsual(expected float64, zeros int) float64 {
	if b := n.at(expected); expected > 0 && n.times[b] >= usualTimes {
		return float64(zeros) * math.Log(float64(n.times[b])/float64(n.points[b]))
	}
	return math.Inf(-1)
}

func (n *nothings) learn(y, expected float64) {
	if expected > 0 {
		b := n.at(expected)
		n.points[b]++
		if y == 0 && !n.zero {
			n.times[b]++
		}
	}
	n.zero = y == 0
}

func (n *nothings) at(expected float64) int {
	_, e := math.Frexp(expected)
	return max(0, min(len(n.points)-1, e+20))
}
