package btyd

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// ParetoNBD are the parameters r, α, s, β of a Pareto/NBD model.
type ParetoNBD struct{ R, Alpha, S, Beta float64 }

// FitParetoNBD fits a Pareto/NBD model by maximum likelihood. Fit.Params are r, α, s, β.
func FitParetoNBD(ctx context.Context, g []Group, threads int) (ParetoNBD, *Fit, error) {
	if h, ok := valid(g); !ok {
		return ParetoNBD{}, nil, fault.New(fault.Internal, "fitting Pareto/NBD: impossible history %+v", h)
	}
	n, meanT, repeat := totals(g)
	if n == 0 || repeat == 0 {
		return ParetoNBD{}, nil, tooFew("Pareto/NBD")
	}
	p := problem{name: "Pareto/NBD", dim: 4, customers: n, value: paretoLikelihood(g, threads),
		starts: [][]float64{{1, meanT, 1, meanT}, {0.5, meanT / 3, 0.6, meanT / 3}}}
	if part := everyNth(g); part != nil {
		s := p
		s.customers, _, _ = totals(part)
		s.value = paretoLikelihood(part, threads)
		p.sample = &s
	}
	f, err := maximise(ctx, p)
	if err != nil {
		return ParetoNBD{}, nil, err
	}
	return ParetoNBD{f.Params[0], f.Params[1], f.Params[2], f.Params[3]}, f, nil
}

// paretoLikelihood returns the likelihood of all groups; its slopes are central differences.
func paretoLikelihood(g []Group, threads int) func(logp, grad []float64) float64 {
	value := func(logp []float64) float64 {
		m := ParetoNBD{math.Exp(logp[0]), math.Exp(logp[1]), math.Exp(logp[2]), math.Exp(logp[3])}
		var parts [chunks]float64
		inChunks(len(g), threads, func(c, from, to int) {
			for _, x := range g[from:to] {
				parts[c] += x.N * m.logLikelihood(x.History)
			}
		})
		sum := 0.0
		for _, p := range parts {
			sum += p
		}
		return sum
	}
	return func(logp, grad []float64) float64 {
		if grad != nil {
			slopes(value, logp, grad)
		}
		return value(logp)
	}
}

// logTail returns ln of F(r+s+x, m; r+s+x+1; z)/(u+t)^(r+s+x) with u the larger of α and
// β (equation 20 and after of Fader & Hardie's note).
func (p ParetoNBD) logTail(x, t float64) float64 {
	big, small, other := p.Alpha, p.Beta, p.S+1
	if p.Alpha < p.Beta {
		big, small, other = p.Beta, p.Alpha, p.R+x
	}
	e := p.R + p.S + x
	return logHyp2f1(e, other, e+1, (big-small)/(big+t)) - e*math.Log(big+t)
}

// logLikelihood is the logarithm of the likelihood of one customer.
func (p ParetoNBD) logLikelihood(h History) float64 {
	head := lgamma(p.R+h.X) - lgamma(p.R) + p.R*math.Log(p.Alpha) + p.S*math.Log(p.Beta)
	alive := -(p.R+h.X)*math.Log(p.Alpha+h.T) - p.S*math.Log(p.Beta+h.T)
	gone := p.logGone(h, alive)
	return head + alive + math.Max(gone, 0) + math.Log1p(math.Exp(-math.Abs(gone)))
}

// logGone returns ln of s/(r+s+x)·A₀, the part of the likelihood in which the customer has left, over e^alive,
// that in which he has not: of some hundred orders neither fits a double, and their ratio may not either.
func (p ParetoNBD) logGone(h History, alive float64) float64 {
	from, to := p.logTail(h.X, h.TX), p.logTail(h.X, h.T)
	if from <= to {
		return math.Inf(-1)
	}
	return math.Log(p.S/(p.R+p.S+h.X)) + from - alive + math.Log(-math.Expm1(to-from))
}

// Alive returns the probability that a customer is still one.
func (p ParetoNBD) Alive(h History) float64 {
	alive := -(p.R+h.X)*math.Log(p.Alpha+h.T) - p.S*math.Log(p.Beta+h.T)
	return 1 / (1 + math.Exp(p.logGone(h, alive)))
}

// Future returns the order days in the next t of a customer of x repeat days in T who
// is one still (equation 41 of the note without P(alive)).
func (p ParetoNBD) Future(x, T, t float64) float64 {
	rate := (p.R + x) / (p.Alpha + T)
	u := p.Beta + T
	if math.Abs(p.S-1) < 1e-9 {
		return rate * u * math.Log1p(t/u)
	}
	// the time alive in the next t: u/(s−1)·(1 − (u/(u+t))^(s−1))
	return rate * u / (p.S - 1) * -math.Expm1((1-p.S)*math.Log1p(t/u))
}

// Scale is β + T.
func (p ParetoNBD) Scale(T float64) float64 { return p.Beta + T }

// Expected returns the order days expected in the next t.
func (p ParetoNBD) Expected(h History, t float64) float64 { return p.Future(h.X, h.T, t) * p.Alive(h) }
