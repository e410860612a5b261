package btyd

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

// fromSample climbs the sample's likelihood and goes on from its top over all
// customers, with the sample's curvature: near the top that curvature is right up to the sampling
// error, so each pass over all customers takes a digit or two off the distance. It returns nil
// when that does not settle; the search then begins anew without it.
func fromSample(ctx context.Context, p problem) (*optimize.Result, int, error) {
	f, err := maximise(ctx, *p.sample)
	if ctx.Err() != nil {
		return nil, 0, ctx.Err()
	}
	if err != nil {
		return nil, 0, nil //nolint:nilerr // a part too small or too odd says nothing about the whole
	}
	x := make([]float64, p.dim)
	for i, v := range f.Params {
		x[i] = math.Log(v)
	}
	h := curvature(*p.sample, x)
	h.ScaleSym(1/p.sample.customers, h)
	var inv mat.SymDense
	var chol mat.Cholesky
	if !chol.Factorize(h) || chol.InverseTo(&inv) != nil {
		return nil, f.Evals, nil
	}
	res, evals, err := quasiNewton(ctx, p, x, &inv)
	return res, f.Evals + evals, err
}

// quasiNewton minimises −value/customers from x with the inverse Hessian inv and BFGS
// updates of it (Nocedal & Wright, Numerical Optimization, 2006, equation 6.17).
func quasiNewton(ctx context.Context, p problem, x []float64, inv *mat.SymDense) (*optimize.Result, int, error) {
	const passes, enough, fair = 25, 1e-9, 1e-6 // fair is what slopes by differences can reach
	n := p.dim
	eval := func(x []float64) (float64, *mat.VecDense) {
		g := make([]float64, n)
		f := -p.value(x, g) / p.customers
		for i := range g {
			g[i] = -g[i] / p.customers
		}
		return f, mat.NewVecDense(n, g)
	}
	at := mat.NewVecDense(n, x)
	f, g := eval(x)
	for pass := 1; pass < passes; pass++ {
		if ctx.Err() != nil {
			return nil, pass, ctx.Err()
		}
		here := &optimize.Result{Location: optimize.Location{X: at.RawVector().Data, F: f}}
		slope := mat.Norm(g, math.Inf(1))
		if slope < enough {
			return here, pass, nil
		}
		var step, next mat.VecDense
		step.MulVec(inv, g)
		next.SubVec(at, &step)
		fNext, gNext := eval(next.RawVector().Data)
		// no search along the line: a start this near the top either settles at once or is given up
		if !(fNext < f) {
			if slope < fair {
				return here, pass, nil
			}
			return nil, pass, nil
		}
		step.ScaleVec(-1, &step)
		update(inv, &step, gNext, g)
		at, f, g = &next, fNext, gNext
	}
	return nil, passes, nil
}

// update applies the BFGS update for the step s from slope before to slope after.
func update(inv *mat.SymDense, s, after, before *mat.VecDense) {
	var y, hy mat.VecDense
	y.SubVec(after, before)
	sy := mat.Dot(s, &y)
	if sy <= 0 {
		return
	}
	hy.MulVec(inv, &y)
	inv.SymRankOne(inv, (sy+mat.Dot(&y, &hy))/(sy*sy), s)
	inv.RankTwo(inv, -1/sy, &hy, s)
}
