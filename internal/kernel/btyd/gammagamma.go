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
func FitGammaGamma(ctx context.Context, s []Spend) (GammaGamma, *Fit, error) {
	n, mean := 0.0, 0.0
	for _, c := range s {
		n += c.N
		mean += c.N * c.Z
	}
	if n == 0 {
		return GammaGamma{}, nil, tooFew("Gamma–Gamma")
	}
	mean /= n
	f, err := maximise(ctx, problem{name: "Gamma–Gamma", dim: 3, customers: n,
		starts: [][]float64{{1, 2, mean}, {6, 4, mean / 2}, {3, 10, 3 * mean}},
		value:  func(logp, grad []float64) float64 { return gammaGamma(s, logp, grad) }})
	if err != nil {
		return GammaGamma{}, nil, err
	}
	return GammaGamma{f.Params[0], f.Params[1], f.Params[2]}, f, nil
}

// gammaGamma is equation (1a) of Fader & Hardie (2013), summed, with its slopes.
func gammaGamma(s []Spend, logp, grad []float64) float64 {
	p, q, v := math.Exp(logp[0]), math.Exp(logp[1]), math.Exp(logp[2])
	lnV, lgQ := math.Log(v), lgamma(q)
	var sum, dp, dq, dv float64
	psiQ := mathext.Digamma(q)
	for _, c := range s {
		px := p * c.X
		lnX, lnZ, tail := math.Log(c.X), math.Log(c.Z), math.Log(c.X*c.Z+v)
		sum += c.N * (lgamma(px+q) - lgamma(px) - lgQ + q*lnV + (px-1)*lnZ + px*lnX - (px+q)*tail)
		if grad != nil {
			psi := mathext.Digamma(px + q)
			dp += c.N * c.X * (psi - mathext.Digamma(px) + lnZ + lnX - tail)
			dq += c.N * (psi - psiQ + lnV - tail)
			dv += c.N * (q/v - (px+q)/(c.X*c.Z+v))
		}
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
