package btyd

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// GammaGamma are the parameters p, q, v of a Gamma–Gamma model.
type GammaGamma struct{ P, Q, V float64 }

// Spend is the mean money Z of X order days of N customers.
type Spend struct{ X, Z, N float64 }

// FitGammaGamma fits a Gamma–Gamma model by maximum likelihood on customers with
// X ≥ 1 and Z > 0; others carry no information and must be left out. Fit.Params are p, q, v.
func FitGammaGamma(ctx context.Context, s []Spend, threads int) (GammaGamma, *Fit, error) {
	n, mean := 0.0, 0.0
	for _, c := range s {
		n += c.N
		mean += c.N * c.Z
	}
	if n == 0 {
		return GammaGamma{}, nil, tooFew("Gamma–Gamma")
	}
	mean /= n
	p := problem{name: "Gamma–Gamma", dim: 3, customers: n, value: newGGLikelihood(s, threads).value,
		starts: [][]float64{{1, 2, mean}, {6, 4, mean / 2}, {3, 10, 3 * mean}}}
	if part := everyNth(s); part != nil {
		few := p
		few.customers = 0
		for _, c := range part {
			few.customers += c.N
		}
		few.value = newGGLikelihood(part, threads).value
		p.sample = &few
	}
	f, err := maximise(ctx, p)
	if err != nil {
		return GammaGamma{}, nil, err
	}
	return GammaGamma{f.Params[0], f.Params[1], f.Params[2]}, f, nil
}

// ggLikelihood evaluates equation (1a) of Fader & Hardie (2013). What depends on x
// alone is computed once for each x; a customer costs one logarithm.
type ggLikelihood struct {
	threads         int
	xs, n, lnZ, lnX []float64 // by different x: customers, Σ ln z, ln x
	run             []int32
	total, weight   []float64 // by customer: x·z, N
}

func newGGLikelihood(s []Spend, threads int) *ggLikelihood {
	l := &ggLikelihood{threads: threads}
	index := map[float64]int32{}
	for _, c := range s {
		k, ok := index[c.X]
		if !ok {
			k = int32(len(l.xs))
			index[c.X] = k
			l.xs, l.n, l.lnZ, l.lnX = append(l.xs, c.X), append(l.n, 0), append(l.lnZ, 0), append(l.lnX, math.Log(c.X))
		}
		l.n[k] += c.N
		l.lnZ[k] += c.N * math.Log(c.Z)
		l.run, l.total, l.weight = append(l.run, k), append(l.total, c.X*c.Z), append(l.weight, c.N)
	}
	return l
}

// ggPart is the sum over one chunk: by x, Σ N ln(xz+v); and Σ N (px+q)/(xz+v).
type ggPart struct {
	tail []float64
	rate float64
}

func (l *ggLikelihood) value(logp, grad []float64) float64 {
	p, q, v := math.Exp(logp[0]), math.Exp(logp[1]), math.Exp(logp[2])
	var parts [chunks]ggPart
	inChunks(len(l.run), l.threads, func(c, from, to int) {
		part := ggPart{tail: make([]float64, len(l.xs))}
		for i := from; i < to; i++ {
			k, u := l.run[i], l.total[i]+v
			part.tail[k] += l.weight[i] * math.Log(u)
			part.rate += l.weight[i] * (p*l.xs[k] + q) / u
		}
		parts[c] = part
	})
	psiQ, lgQ := mathext.Digamma(q), lgamma(q)
	var sum, dp, dq, dv float64
	for k, x := range l.xs {
		tail := 0.0
		for c := range parts {
			tail += parts[c].tail[k]
		}
		px, n := p*x, l.n[k]
		psi := mathext.Digamma(px + q)
		sum += n*(lgamma(px+q)-lgamma(px)-lgQ+q*logp[2]+px*l.lnX[k]) + (px-1)*l.lnZ[k] - (px+q)*tail
		dp += x * (n*(psi-mathext.Digamma(px)+l.lnX[k]) + l.lnZ[k] - tail)
		dq += n*(psi-psiQ+logp[2]) - tail
		dv += n * q / v
	}
	for c := range parts {
		dv -= parts[c].rate
	}
	if grad != nil {
		grad[0], grad[1], grad[2] = dp*p, dq*q, dv*v
	}
	return sum
}

// Expected returns the money of an order day expected of a customer with x order
// days of mean z (equation 5): a weighted mean of z and the population's mean, which
// x = 0 gives. NaN when q ≤ 1: the population's mean is infinite then.
func (g GammaGamma) Expected(x, z float64) float64 {
	if g.P*x+g.Q <= 1 {
		return math.NaN()
	}
	return g.P * (g.V + x*z) / (g.P*x + g.Q - 1)
}
