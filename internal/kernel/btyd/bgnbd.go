package btyd

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mathext"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// BGNBD are the parameters r, α, a, b of a BG/NBD model.
type BGNBD struct{ R, Alpha, A, B float64 }

// FitBGNBD fits a BG/NBD model by maximum likelihood. Fit.Params are r, α, a, b.
func FitBGNBD(ctx context.Context, g []Group) (BGNBD, *Fit, error) {
	if h, ok := valid(g); !ok {
		return BGNBD{}, nil, fault.New(fault.Internal, "fitting BG/NBD: impossible history %+v", h)
	}
	n, meanT, repeat := totals(g)
	if n == 0 || repeat == 0 {
		return BGNBD{}, nil, tooFew("BG/NBD")
	}
	ll := newBGLikelihood(g)
	f, err := maximise(ctx, problem{name: "BG/NBD", dim: 4, customers: n, value: ll.value,
		starts: [][]float64{{1, meanT, 1, 1}, {0.25, meanT / 4, 0.8, 2.5}, {5, meanT, 0.3, 10}}})
	if err != nil {
		return BGNBD{}, nil, err
	}
	return BGNBD{f.Params[0], f.Params[1], f.Params[2], f.Params[3]}, f, nil
}

func tooFew(model string) error {
	return fault.New(fault.Data, "fitting %s: no customer has ordered on a second day", model).
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
// x alone is computed once for each x.
type bgLikelihood struct {
	g    []Group
	ends []int     // end in g of each run of equal x
	nOf  []float64 // customers of each run
}

func newBGLikelihood(g []Group) *bgLikelihood {
	l := &bgLikelihood{g: g}
	for i := range g {
		if i == 0 || g[i].X != g[i-1].X {
			l.ends = append(l.ends, i)
			l.nOf = append(l.nOf, 0)
		}
		l.ends[len(l.ends)-1] = i + 1
		l.nOf[len(l.nOf)-1] += g[i].N
	}
	return l
}

func lgamma(x float64) float64 { v, _ := math.Lgamma(x); return v }

func (l *bgLikelihood) value(logp, grad []float64) float64 {
	r, alpha, a, b := math.Exp(logp[0]), math.Exp(logp[1]), math.Exp(logp[2]), math.Exp(logp[3])
	lnAlpha, lnA := math.Log(alpha), math.Log(a)
	var sum, dr, dAlpha, da, db float64
	psiR, psiAB, psiB := mathext.Digamma(r), mathext.Digamma(a+b), mathext.Digamma(b)
	from := 0
	for run, end := range l.ends {
		x := l.g[from].X
		n := l.nOf[run]
		head := lgamma(r+x) - lgamma(r) + r*lnAlpha + lgamma(a+b) + lgamma(b+x) - lgamma(b) - lgamma(a+b+x)
		sum += n * head
		if grad != nil {
			dr += n * (mathext.Digamma(r+x) - psiR + lnAlpha)
			dAlpha += n * r / alpha
			dab := psiAB - mathext.Digamma(a+b+x)
			da += n * dab
			db += n * (dab + mathext.Digamma(b+x) - psiB)
		}
		var w3, w4 float64 // customers by the share of the two terms: alive, gone
		for _, g := range l.g[from:end] {
			l3 := math.Log(alpha + g.T)
			if x == 0 {
				sum -= g.N * r * l3
				if grad != nil {
					dr -= g.N * l3
					dAlpha -= g.N * r / (alpha + g.T)
				}
				continue
			}
			l4 := math.Log(alpha + g.TX)
			// ln(e^A3 + e^A4), A3 = −(r+x)ln(α+T), A4 = ln a − ln(b+x−1) − (r+x)ln(α+t_x)
			d := lnA - math.Log(b+x-1) + (r+x)*(l3-l4) // A4 − A3
			a3 := -(r + x) * l3
			p4 := 1 / (1 + math.Exp(-d))
			if d > 0 {
				sum += g.N * (a3 + d + math.Log1p(math.Exp(-d)))
			} else {
				sum += g.N * (a3 + math.Log1p(math.Exp(d)))
			}
			if grad != nil {
				p3 := 1 - p4
				dr -= g.N * (p3*l3 + p4*l4)
				dAlpha -= g.N * (r + x) * (p3/(alpha+g.T) + p4/(alpha+g.TX))
				w3 += g.N * p3
				w4 += g.N * p4
			}
		}
		if grad != nil {
			da += w4 / a
			db -= w4 / (b + x - 1)
		}
		from = end
	}
	if grad != nil {
		grad[0], grad[1], grad[2], grad[3] = dr*r, dAlpha*alpha, da*a, db*b
	}
	return sum
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
