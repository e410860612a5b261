package btyd

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// bgLikelihood evaluates equation (6) of Fader, Hardie & Lee (2005). What depends on
// x alone is computed once for each x; what depends on a time alone once for each different
// time, where those are few, as with days.
type bgLikelihood struct {
	threads int
	xs      []float64 // different x
	nOf     []float64 // customers of each
	terms   []bgTerm
	times   []float64 // different T and t_x; nil when they are many
	log     []float64 // by time: ln(α + time), scratch
	inv     []float64 // by time: 1/(α + time), scratch
	byX     []bgRun
}

// bgTerm is a group: times are indices into times, or themselves in T and TX.
type bgTerm struct {
	T, TX float64
	n     float64
	run   int32 // index into xs
	t, tx int32
}

// bgRun is what one evaluation needs of an x.
type bgRun struct{ rx, lead float64 }

// fewTimes bounds the table of times: beyond it looking one up costs as much as its logarithm.
const fewTimes = 1 << 14

func newBGLikelihood(g []Group, threads int) *bgLikelihood {
	l := &bgLikelihood{threads: threads, terms: make([]bgTerm, len(g))}
	index := map[float64]int32{}
	at := func(t float64) int32 {
		if len(l.times) > fewTimes {
			return 0
		}
		i, ok := index[t]
		if !ok {
			i = int32(len(l.times))
			index[t] = i
			l.times = append(l.times, t)
		}
		return i
	}
	for i := range g {
		if i == 0 || g[i].X != g[i-1].X {
			l.xs, l.nOf = append(l.xs, g[i].X), append(l.nOf, 0)
		}
		k := len(l.xs) - 1
		l.nOf[k] += g[i].N
		l.terms[i] = bgTerm{T: g[i].T, TX: g[i].TX, n: g[i].N, run: int32(k), t: at(g[i].T), tx: at(g[i].TX)}
	}
	if len(l.times) > fewTimes {
		l.times = nil
	}
	l.log, l.inv, l.byX = make([]float64, len(l.times)), make([]float64, len(l.times)), make([]bgRun, len(l.xs))
	return l
}

func lgamma(x float64) float64 { v, _ := math.Lgamma(x); return v }

// bgPart is the sum over one chunk: LL, its slopes in r and α, and, by x, the customers
// that are gone by the weight of that term.
type bgPart struct {
	ll, dr, dAlpha float64
	gone           []float64
}

// value returns the log-likelihood of logarithms of r, α, a and b, and its slopes in them.
func (l *bgLikelihood) value(logp, grad []float64) float64 {
	r, alpha, a, b := math.Exp(logp[0]), math.Exp(logp[1]), math.Exp(logp[2]), math.Exp(logp[3])
	for i, t := range l.times {
		l.log[i], l.inv[i] = math.Log(alpha+t), 1/(alpha+t)
	}
	lnAlpha, lnA := logp[1], logp[2]
	psiR, psiAB, psiB := mathext.Digamma(r), mathext.Digamma(a+b), mathext.Digamma(b)
	lgR, lgAB, lgB := lgamma(r), lgamma(a+b), lgamma(b)
	var sum, dr, dAlpha, da, db float64
	for k, x := range l.xs {
		n := l.nOf[k]
		sum += n * (lgamma(r+x) - lgR + r*lnAlpha + lgAB + lgamma(b+x) - lgB - lgamma(a+b+x))
		dr += n * (mathext.Digamma(r+x) - psiR + lnAlpha)
		dAlpha += n * r / alpha
		dab := psiAB - mathext.Digamma(a+b+x)
		da += n * dab
		db += n * (dab + mathext.Digamma(b+x) - psiB)
		l.byX[k] = bgRun{rx: r + x, lead: math.Inf(-1)}
		if x > 0 {
			l.byX[k].lead = lnA - math.Log(b+x-1)
		}
	}
	var parts [chunks]bgPart
	inChunks(len(l.terms), l.threads, func(c, from, to int) { parts[c] = l.part(alpha, from, to) })
	for c := range parts {
		p := &parts[c]
		sum, dr, dAlpha = sum+p.ll, dr+p.dr, dAlpha+p.dAlpha
		for k, w := range p.gone {
			if w != 0 {
				da += w / a
				db -= w / (b + l.xs[k] - 1)
			}
		}
	}
	if grad != nil {
		grad[0], grad[1], grad[2], grad[3] = dr*r, dAlpha*alpha, da*a, db*b
	}
	return sum
}

// part sums ln(e^A3 + e^A4) over some groups, A3 = −(r+x)ln(α+T) and
// A4 = ln a − ln(b+x−1) − (r+x)ln(α+t_x), which is absent at x = 0.
func (l *bgLikelihood) part(alpha float64, from, to int) (p bgPart) {
	p.gone = make([]float64, len(l.xs))
	for i := range l.terms[from:to] {
		c := &l.terms[from+i]
		x, n := &l.byX[c.run], c.n
		var l3, l4, i3, i4 float64
		if l.times != nil {
			l3, l4, i3, i4 = l.log[c.t], l.log[c.tx], l.inv[c.t], l.inv[c.tx]
		} else {
			l3, i3 = math.Log(alpha+c.T), 1/(alpha+c.T)
		}
		if math.IsInf(x.lead, -1) {
			p.ll -= n * x.rx * l3
			p.dr -= n * l3
			p.dAlpha -= n * x.rx * i3
			continue
		}
		if l.times == nil {
			l4, i4 = math.Log(alpha+c.TX), 1/(alpha+c.TX)
		}
		d := x.lead + x.rx*(l3-l4) // A4 − A3
		e := math.Exp(-math.Abs(d))
		p3, top := e/(1+e), d // share of A3 when A4 is the larger
		if d <= 0 {
			p3, top = 1/(1+e), 0
		}
		p.ll += n * (top - x.rx*l3 + math.Log1p(e))
		p4 := 1 - p3
		p.gone[c.run] += n * p4
		p.dr -= n * (p3*l3 + p4*l4)
		p.dAlpha -= n * x.rx * (p3*i3 + p4*i4)
	}
	return p
}
