package classify

import (
	"math"
	"sort"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Platt is a sigmoid over log-odds: P(yes) = 1/(1+exp(−(A·x + B))).
type Platt struct{ A, B float64 }

// Apply returns the probability of log-odds x.
func (s Platt) Apply(x float64) float64 { return 1 / (1 + math.Exp(-(s.A*x + s.B))) }

// FitPlatt fits the sigmoid to scores and labels. Without both classes, with constant
// scores, or where the scores would have to be turned round, A is 1 or 0 and B the shift that keeps
// the mean: a calibration never reverses an order.
func FitPlatt(x []float64, y []bool) Platt {
	var pos, neg float64
	for _, v := range y {
		if v {
			pos++
		} else {
			neg++
		}
	}
	if pos < 1 || neg < 1 {
		return Platt{A: 1}
	}
	hi, lo := (pos+1)/(pos+2), 1/(neg+2)
	s := Platt{B: math.Log(pos+1) - math.Log(neg+1)}
	loss := s.loss(x, y, hi, lo)
	for range 100 {
		ga, gb, haa, hab, hbb := s.derivatives(x, y, hi, lo)
		if math.Abs(ga)+math.Abs(gb) < 1e-10*float64(len(x)) {
			break
		}
		det := haa*hbb - hab*hab
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		step, moved := 1.0, false
		for ; step > 1e-10 && !moved; step /= 2 {
			next := Platt{s.A - step*da, s.B - step*db}
			if l := next.loss(x, y, hi, lo); l < loss {
				s, loss, moved = next, l, true
			}
		}
		if !moved {
			break
		}
	}
	if !(s.A > 0) {
		return Platt{A: 0, B: math.Log(pos+1) - math.Log(neg+1)}
	}
	return s
}

// loss is the cross-entropy with smoothed targets.
func (s Platt) loss(x []float64, y []bool, hi, lo float64) float64 {
	var sum float64
	for i, v := range x {
		z, t := s.A*v+s.B, lo
		if y[i] {
			t = hi
		}
		// −t·ln p − (1−t)·ln(1−p) = ln(1+e^z) − t·z
		if z > 0 {
			sum += z + math.Log1p(math.Exp(-z)) - t*z
		} else {
			sum += math.Log1p(math.Exp(z)) - t*z
		}
	}
	return sum
}

// derivatives are the gradient and the Hessian of loss, with a ridge that keeps it regular.
func (s Platt) derivatives(x []float64, y []bool, hi, lo float64) (ga, gb, haa, hab, hbb float64) {
	haa, hbb = 1e-12, 1e-12
	for i, v := range x {
		p, t := s.Apply(v), lo
		if y[i] {
			t = hi
		}
		d, w := p-t, p*(1-p)
		ga, gb = ga+d*v, gb+d
		haa, hab, hbb = haa+w*v*v, hab+w*v, hbb+w
	}
	return ga, gb, haa, hab, hbb
}

// Isotonic is a non-decreasing function through (X[i], Y[i]), straight between them and
// constant outside.
type Isotonic struct{ X, Y []float64 }

// FitIsotonic fits the non-decreasing function of least squares.
func FitIsotonic(x []float64, y []bool) Isotonic {
	order := byScore(x)
	var lo, hi, sum, n []float64 // blocks from the highest score: x range, yes, rows
	for i := 0; i < len(order); {
		j, yes := i, 0.0
		for ; j < len(order) && x[order[j]] >= x[order[i]]; j++ {
			if y[order[j]] {
				yes++
			}
		}
		v := x[order[i]]
		lo, hi, sum, n = append(lo, v), append(hi, v), append(sum, yes), append(n, float64(j-i))
		// Means must fall from block to block here; equal ones stay apart only at the ends of a run.
		for k := len(n) - 1; k > 0 && sum[k]*n[k-1] >= sum[k-1]*n[k]; k-- {
			lo[k-1], sum[k-1], n[k-1] = lo[k], sum[k-1]+sum[k], n[k-1]+n[k]
			lo, hi, sum, n = lo[:k], hi[:k], sum[:k], n[:k]
		}
		i = j
	}
	var f Isotonic
	for k := len(n) - 1; k >= 0; k-- {
		f.X, f.Y = append(f.X, lo[k]), append(f.Y, sum[k]/n[k])
		if hi[k] > lo[k] {
			f.X, f.Y = append(f.X, hi[k]), append(f.Y, sum[k]/n[k])
		}
	}
	return f
}

// Apply returns the value at x; NaN for an empty function.
func (f Isotonic) Apply(x float64) float64 {
	n := len(f.X)
	i := sort.SearchFloat64s(f.X, x) // first X ≥ x
	switch {
	case n == 0:
		return math.NaN()
	case i == 0:
		return f.Y[0]
	case i == n:
		return f.Y[n-1]
	}
	t := (x - f.X[i-1]) / (f.X[i] - f.X[i-1])
	return f.Y[i-1] + t*(f.Y[i]-f.Y[i-1])
}

// Validate checks a function that came from a file.
func (f Isotonic) Validate() error {
	ok := len(f.X) == len(f.Y) && len(f.X) > 0
	for i := range f.X {
		if !ok {
			break
		}
		ok = f.X[i]-f.X[i] == 0 && f.Y[i] >= 0 && f.Y[i] <= 1 && (i == 0 || f.X[i] > f.X[i-1] && f.Y[i] >= f.Y[i-1])
	}
	if !ok {
		return fault.New(fault.Input, "calibration: not a non-decreasing function of probabilities")
	}
	return nil
}
