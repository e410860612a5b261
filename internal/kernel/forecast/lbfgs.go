package forecast

import "math"

// memory of the limited-memory BFGS update: pairs of steps kept.
const lbfgsPairs = 16

// minimiser minimises a smooth function of few to a few hundred unconstrained variables by
// L-BFGS (Nocedal & Wright, Numerical Optimization, 2nd ed., algorithm 7.5) with a
// backtracking line search. It may be used again: its buffers grow and stay.
type minimiser struct {
	x, trial, grad, next, dir []float64
	s, y                      [lbfgsPairs][]float64
	rho, alpha                [lbfgsPairs]float64
}

// objective is what a minimiser minimises. value may return +Inf or NaN where the function
// is not defined; gradient is only asked right after a finite value at the same point.
type objective interface {
	value(x []float64) float64
	gradient(x, g []float64)
}

func resize(v []float64, n int) []float64 {
	if cap(v) < n {
		return make([]float64, n, n+n/2)
	}
	return v[:n]
}

func (o *minimiser) grow(n int) {
	o.x, o.trial, o.grad = resize(o.x, n), resize(o.trial, n), resize(o.grad, n)
	o.next, o.dir = resize(o.next, n), resize(o.dir, n)
	for i := range o.s {
		o.s[i], o.y[i] = resize(o.s[i], n), resize(o.y[i], n)
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// minimise improves x in place and returns the value there. It stops when two steps in a row gain
// less than tol, after maxIter steps, or where no step down is found.
func (o *minimiser) minimise(f objective, x []float64, maxIter int, tol float64) float64 {
	o.grow(len(x))
	fx := f.value(x)
	if math.IsNaN(fx) || math.IsInf(fx, 0) {
		return math.Inf(1)
	}
	f.gradient(x, o.grad)
	pairs, small := 0, 0
	for iter := 0; iter < maxIter; iter++ {
		o.direction(pairs)
		slope := dot(o.dir, o.grad)
		if !(slope < 0) {
			if pairs == 0 {
				return fx
			}
			pairs = 0 // the curvature kept does not describe this place: start from the gradient
			continue
		}
		fn, ok := o.search(f, x, fx, slope, pairs == 0)
		if !ok {
			if pairs == 0 {
				return fx
			}
			pairs = 0
			continue
		}
		f.gradient(o.trial, o.next)
		pairs = o.remember(x, pairs)
		gain := fx - fn
		copy(x, o.trial)
		copy(o.grad, o.next)
		fx = fn
		if gain > tol {
			small = 0
		} else if small++; small == 2 {
			break
		}
	}
	return fx
}

// direction sets dir = −H·grad by the two-loop recursion over the kept pairs; pair i of step k lies
// at k mod lbfgsPairs.
func (o *minimiser) direction(pairs int) {
	for i, g := range o.grad {
		o.dir[i] = -g
	}
	first := max(0, pairs-lbfgsPairs)
	for k := pairs - 1; k >= first; k-- {
		j := k % lbfgsPairs
		o.alpha[j] = o.rho[j] * dot(o.s[j], o.dir)
		axpy(o.dir, -o.alpha[j], o.y[j])
	}
	if pairs > 0 {
		j := (pairs - 1) % lbfgsPairs
		scale := 1 / (o.rho[j] * dot(o.y[j], o.y[j]))
		for i := range o.dir {
			o.dir[i] *= scale
		}
	}
	for k := first; k < pairs; k++ {
		j := k % lbfgsPairs
		axpy(o.dir, o.alpha[j]-o.rho[j]*dot(o.y[j], o.dir), o.s[j])
	}
}

func axpy(y []float64, a float64, x []float64) {
	for i, v := range x {
		y[i] += a * v
	}
}

// search looks along dir for a point that goes down enough (Armijo) and leaves it in trial.
func (o *minimiser) search(f objective, x []float64, fx, slope float64, first bool) (float64, bool) {
	step := 1.0
	if first {
		step = math.Min(1, 0.5/math.Sqrt(dot(o.grad, o.grad)))
	}
	for range 30 {
		for i, v := range x {
			o.trial[i] = v + step*o.dir[i]
		}
		fn := f.value(o.trial)
		if fn <= fx+1e-4*step*slope {
			return fn, true
		}
		shrink := 0.25
		if !math.IsNaN(fn) && !math.IsInf(fn, 0) {
			// the minimum of the parabola through what is known, kept within bounds
			shrink = math.Min(0.5, math.Max(0.1, -slope*step/(2*(fn-fx-slope*step))))
		}
		step *= shrink
	}
	return 0, false
}

// remember keeps the step from x to trial where its curvature is positive.
func (o *minimiser) remember(x []float64, pairs int) int {
	j := pairs % lbfgsPairs
	s, y := o.s[j], o.y[j]
	for i := range x {
		s[i] = o.trial[i] - x[i]
		y[i] = o.next[i] - o.grad[i]
	}
	sy := dot(s, y)
	if sy <= 1e-10*math.Sqrt(dot(s, s)*dot(y, y)) {
		return pairs
	}
	o.rho[j] = 1 / sy
	return pairs + 1
}
