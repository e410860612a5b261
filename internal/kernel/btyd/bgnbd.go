package btyd

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mathext"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// BGNBD are the parameters r, α, a, b of a BG/NBD model.
type BGNBD struct{ R, Alpha, A, B float64 }

// FitBGNBD fits a BG/NBD model by maximum likelihood with several goroutines.
// Fit.Params are r, α, a, b.
func FitBGNBD(ctx context.Context, g []Group, threads int) (BGNBD, *Fit, error) {
	if h, ok := valid(g); !ok {
		return BGNBD{}, nil, fault.New(fault.Internal, "fitting BG/NBD: impossible history %+v", h)
	}
	n, meanT, repeat := totals(g)
	if n == 0 || repeat == 0 {
		return BGNBD{}, nil, tooFew("BG/NBD")
	}
	ll := newBGLikelihood(g, threads)
	f, err := maximise(ctx, problem{name: "BG/NBD", dim: 4, customers: n, value: ll.value,
		starts: [][]float64{{1, meanT, 1, 1}, {0.25, meanT / 4, 0.8, 2.5}, {5, meanT, 0.3, 10}}})
	if err != nil {
		return BGNBD{}, nil, err
	}
	return BGNBD{f.Params[0], f.Params[1], f.Params[2], f.Params[3]}, f, nil
}

func tooFew(model string) error {
	return fault.New(fault.Input, "fitting %s: no customer has ordered on a second day", model).
		WithHint("the model learns from repeat orders; take a longer history")
}

// totals returns the number of customers, their mean T and the repeat orders.
func totals(g []Group) (n, meanT, repeat float64) {
	for _, x := range g {
		n += x.N
		meanT += x.N * x.T
		repeat += x.N * x.X
	}
	return n, math.Max(meanT/math.Max(n, 1), 1e-9), repeat
}

// bgLikelihood evaluates equation (6) of Fader, Hardie & Lee (2005). What depends on
// x alone is computed once for each x; logarithms of α + t once for each different t, of
// which there are few when times are days.
type bgLikelihood struct {
	threads int
	xs      []float64 // different x
	nOf     []float64 // customers of each
	run     []int32   // by group: index into xs
	n       []float64
	times   []float64 // different T and t_x
	t, tx   []int32   // by group: index into times
	log     []float64 // ln(α + time), scratch
	byX     []bgRun
}

// bgRun is what one evaluation needs of an x.
type bgRun struct{ rx, lead float64 }

func newBGLikelihood(g []Group, threads int) *bgLikelihood {
	l := &bgLikelihood{threads: threads}
	index := map[float64]int32{}
	at := func(t float64) int32 {
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
		l.run, l.n = append(l.run, int32(k)), append(l.n, g[i].N)
		l.t, l.tx = append(l.t, at(g[i].T)), append(l.tx, at(g[i].TX))
	}
	l.log, l.byX = make([]float64, len(l.times)), make([]bgRun, len(l.xs))
	return l
}

func lgamma(x float64) float64 { v, _ := math.Lgamma(x); return v }

// bgPart is the sum over one chunk: LL, its slopes in r and α, and, by x, the customers
// that are gone by the weight of that term.
type bgPart struct {
	ll, dr, dAlpha float64
	gone           []float64
}

func (l *bgLikelihood) value(logp, grad []float64) float64 {
	r, alpha, a, b := math.Exp(logp[0]), math.Exp(logp[1]), math.Exp(logp[2]), math.Exp(logp[3])
	for i, t := range l.times {
		l.log[i] = math.Log(alpha + t)
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
	inChunks(len(l.n), l.threads, func(c, from, to int) { parts[c] = l.part(alpha, from, to) })
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
	for i := from; i < to; i++ {
		k, n := l.run[i], l.n[i]
		x := &l.byX[k]
		l3, l4 := l.log[l.t[i]], l.log[l.tx[i]]
		d := x.lead + x.rx*(l3-l4) // A4 − A3
		e := math.Exp(-math.Abs(d))
		p3, top := e/(1+e), d // share of A3 when A4 is the larger
		if d <= 0 {
			p3, top = 1/(1+e), 0
		}
		p.ll += n * (top - x.rx*l3 + math.Log1p(e))
		p4 := 1 - p3
		p.gone[k] += n * p4
		p.dr -= n * (p3*l3 + p4*l4)
		p.dAlpha -= n * x.rx * (p3/(alpha+l.times[l.t[i]]) + p4/(alpha+l.times[l.tx[i]]))
	}
	return p
}

// ratio is a/(b+x−1)·((α+T)/(α+t_x))^(r+x), 0 for a customer without repeat orders.
func (m BGNBD) ratio(h History) float64 {
	if h.X == 0 {
		return 0
	}
	return m.A / (m.B + h.X - 1) * math.Exp((m.R+h.X)*(math.Log(m.Alpha+h.T)-math.Log(m.Alpha+h.TX)))
}

// Alive returns the probability that a customer is still one (Fader, Hardie & Lee,
// Computing P(alive) Using the BG/NBD Model, 2008). Without a repeat order it is 1: the
// model lets customers leave only after one.
func (m BGNBD) Alive(h History) float64 { return 1 / (1 + m.ratio(h)) }

// Expected returns the order days expected in the next t (equation 10).
func (m BGNBD) Expected(h History, t float64) float64 {
	a := m.A
	if math.Abs(a-1) < 1e-6 {
		a = 1 + 1e-6 // the limit is finite, the formula is not
	}
	z := t / (m.Alpha + h.T + t)
	f := hyp2f1(m.R+h.X, m.B+h.X, a+m.B+h.X-1, z)
	gone := math.Exp((m.R+h.X)*(math.Log(m.Alpha+h.T)-math.Log(m.Alpha+h.T+t))) * f
	return math.Max(0, (a+m.B+h.X-1)/(a-1)*(1-gone)/(1+m.ratio(h)))
}
