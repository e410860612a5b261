package btyd

import (
	"context"
	"math"

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
	p := problem{name: "BG/NBD", dim: 4, customers: n, value: newBGLikelihood(g, threads).value,
		starts: [][]float64{{1, meanT, 1, 1}, {0.25, meanT / 4, 0.8, 2.5}, {5, meanT, 0.3, 10}}}
	if part := everyNth(g); part != nil {
		s := p
		s.customers, _, _ = totals(part)
		s.value = newBGLikelihood(part, threads).value
		p.sample = &s
	}
	f, err := maximise(ctx, p)
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

// Future returns the order days in the next t of a customer of x repeat days in T who
// is one still: equation 10 without its denominator.
func (m BGNBD) Future(x, T, t float64) float64 {
	a := m.A
	if math.Abs(a-1) < 1e-6 {
		a = 1 + 1e-6 // the limit is finite, the formula is not
	}
	z := t / (m.Alpha + T + t)
	f := logHyp2f1(m.R+x, m.B+x, a+m.B+x-1, z)
	gone := math.Exp((m.R+x)*math.Log1p(-z) + f)
	return math.Max(0, (a+m.B+x-1)/(a-1)*(1-gone))
}

// Scale is α + T.
func (m BGNBD) Scale(T float64) float64 { return m.Alpha + T }

// Expected returns the order days expected in the next t (equation 10).
func (m BGNBD) Expected(h History, t float64) float64 { return m.Future(h.X, h.T, t) * m.Alive(h) }
