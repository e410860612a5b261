package btyd

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Fit is a maximum of a likelihood.
type Fit struct {
	Params []float64
	LL     float64 // log-likelihood of all customers
	// Gradient is the largest slope of LL/customers in the logarithms of the
	// parameters: how far from flat the maximum is.
	Gradient float64
	Evals    int
	// SE computes the standard errors of Params (delta method); NaN where the curvature does not tell.
	SE func() []float64
}

// problem is a likelihood in the logarithms of its parameters: value returns LL
// and, when grad is not nil, its slopes.
type problem struct {
	name      string
	dim       int
	customers float64
	starts    [][]float64
	value     func(logp, grad []float64) float64
	sample    *problem // the same over a part of many customers: where to begin; nil = none
}

// sampleTerms is the number of likelihood terms above which the top is first looked for in
// about so many of them.
const sampleTerms = 20_000

// bound keeps the search away from where floating point ends: parameters stay
// within e^±bound.
const bound = 25

// maximise climbs from every start and keeps the best top. Not settling at a flat
// place is an error that says how far it came: a fit never fails silently.
func maximise(ctx context.Context, p problem) (*Fit, error) {
	best, evals := (*optimize.Result)(nil), 0
	if p.sample != nil {
		res, n, err := fromSample(ctx, p)
		if err != nil {
			return nil, err
		}
		best, evals = res, n
	}
	for _, s := range p.starts {
		if best != nil && flat(p, best.X) {
			break // these likelihoods have one top: further starts are for when the first gets stuck
		}
		x := make([]float64, p.dim)
		for i, v := range s {
			x[i] = math.Log(v)
		}
		res, err := climb(ctx, p, x)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if res != nil {
			evals += res.FuncEvaluations
		}
		if res == nil || (err != nil && !settled(err)) {
			continue
		}
		if best == nil || res.F < best.F {
			best = res
		}
	}
	if best == nil || math.IsNaN(best.F) || math.IsInf(best.F, 0) {
		return nil, fault.New(fault.Input, "fitting %s: the likelihood has no value near any start", p.name).
			WithHint("there may be too few repeat customers; look at the frequency column")
	}
	f := &Fit{Params: make([]float64, p.dim), LL: -best.F * p.customers, Evals: evals, Gradient: steepest(p, best.X)}
	for i, l := range best.X {
		f.Params[i] = math.Exp(l)
		if math.Abs(l) >= bound-1 {
			return nil, fault.New(fault.Input, "fitting %s: a parameter runs away (%.3g): the data do not determine it", p.name, f.Params[i]).
				WithHint("there may be too few repeat customers, or all buy alike")
		}
	}
	if !(f.Gradient < 1e-4) {
		return nil, fault.New(fault.Input, "fitting %s: no maximum was reached (slope %.2g)", p.name, f.Gradient)
	}
	f.SE = sync.OnceValue(func() []float64 { return standardErrors(p, best.X) })
	return f, nil
}

// steepest returns the largest slope of LL/customers.
func steepest(p problem, logp []float64) (g float64) {
	grad := make([]float64, p.dim)
	p.value(logp, grad)
	for _, v := range grad {
		if !(math.Abs(v)/p.customers <= g) {
			g = math.Abs(v) / p.customers
		}
	}
	return g
}

// flat reports a place that is a maximum to the precision of the likelihood, and
// not at the edge.
func flat(p problem, logp []float64) bool {
	for _, l := range logp {
		if math.Abs(l) > bound-1 {
			return false
		}
	}
	return steepest(p, logp) < 1e-6
}

func climb(ctx context.Context, p problem, x []float64) (*optimize.Result, error) {
	outside := func(x []float64) bool {
		for _, v := range x {
			if math.Abs(v) > bound {
				return true
			}
		}
		return false
	}
	// The search asks for value and slopes at the same place in turn: one pass gives both.
	at, slope := make([]float64, p.dim), make([]float64, p.dim)
	at[0] = math.NaN()
	last := 0.0
	eval := func(x []float64) {
		if slices.Equal(at, x) {
			return
		}
		copy(at, x)
		last = -p.value(x, slope) / p.customers
		for i := range slope {
			slope[i] = -slope[i] / p.customers
		}
	}
	prob := optimize.Problem{
		Func: func(x []float64) float64 {
			if outside(x) {
				return math.Inf(1)
			}
			eval(x)
			if math.IsNaN(last) {
				return math.Inf(1)
			}
			return last
		},
		Grad: func(grad, x []float64) {
			eval(x)
			copy(grad, slope)
		},
		Status: func() (optimize.Status, error) {
			if ctx.Err() != nil {
				return optimize.Failure, ctx.Err()
			}
			return optimize.NotTerminated, nil
		},
	}
	return optimize.Minimize(prob, x, &optimize.Settings{GradientThreshold: 1e-8, MajorIterations: 500,
		Converger: &optimize.FunctionConverge{Absolute: 1e-13, Relative: 1e-13, Iterations: 20}}, &optimize.BFGS{})
}

// settled reports endings of the line search that only say that nothing better is
// in reach of floating point; flatness is checked afterwards.
func settled(err error) bool {
	return errors.Is(err, optimize.ErrLinesearcherFailure) || errors.Is(err, optimize.ErrNonDescentDirection) ||
		errors.Is(err, optimize.ErrNoProgress) || errors.Is(err, optimize.ErrLinesearcherBound)
}

// curvature returns minus the second derivatives of value in the logarithms, by central
// differences of the slopes.
func curvature(p problem, logp []float64) *mat.SymDense {
	n := p.dim
	h := mat.NewSymDense(n, nil)
	x := append([]float64(nil), logp...)
	up, down := make([]float64, n), make([]float64, n)
	raw := mat.NewDense(n, n, nil)
	const step = 1e-4
	for i := range n {
		x[i] = logp[i] + step
		p.value(x, up)
		x[i] = logp[i] - step
		p.value(x, down)
		x[i] = logp[i]
		for j := range n {
			raw.Set(i, j, -(up[j]-down[j])/(2*step))
		}
	}
	for i := range n {
		for j := i; j < n; j++ {
			h.SetSym(i, j, (raw.At(i, j)+raw.At(j, i))/2)
		}
	}
	return h
}

// standardErrors inverts the observed information in the logarithms and turns it into
// errors of the parameters.
func standardErrors(p problem, logp []float64) []float64 {
	se := make([]float64, p.dim)
	var chol mat.Cholesky
	var cov mat.SymDense
	if !chol.Factorize(curvature(p, logp)) || chol.InverseTo(&cov) != nil {
		for i := range se {
			se[i] = math.NaN()
		}
		return se
	}
	for i := range se {
		se[i] = math.Exp(logp[i]) * math.Sqrt(cov.At(i, i))
	}
	return se
}

// slopes fills grad with central differences of value in the logarithms.
func slopes(value func([]float64) float64, logp, grad []float64) {
	const step = 1e-5
	x := append([]float64(nil), logp...)
	for i := range x {
		x[i] = logp[i] + step
		up := value(x)
		x[i] = logp[i] - step
		grad[i] = (up - value(x)) / (2 * step)
		x[i] = logp[i]
	}
}

// chunks is the number of pieces that a sum over customers is cut into. It does not
// depend on the threads, so that the result does not either.
const chunks = 16

// inChunks evaluates f on each piece of n terms by several goroutines.
func inChunks(n, threads int, f func(chunk, from, to int)) {
	var wg sync.WaitGroup
	threads = max(1, min(threads, chunks))
	for w := range threads {
		wg.Go(func() {
			for c := w; c < chunks; c += threads {
				f(c, c*n/chunks, (c+1)*n/chunks)
			}
		})
	}
	wg.Wait()
}
