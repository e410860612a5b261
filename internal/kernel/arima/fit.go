package arima

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// point is one place in the search: the polynomials made from the free numbers.
type point struct {
	r      []float64 // partial autocorrelations = tanh of the free numbers
	coef   []float64 // φ, θ, Φ, Θ; θ and Θ with the sign of 1 + Σ θ B
	mean   float64
	ar, ma lags
}

// problem is the fit of one form to one differenced series; its buffers serve the next form too.
type problem struct {
	spec Spec
	w    []float64 // differenced, in units of its own spread
	at   point
	f    filter

	x, trial, res, next, grad []float64
	jac                       [][]float64
	deriv, aux                []float64
	cols                      [][]float64
	value                     float64 // log(mean square of res), the determinant included
	logs                      float64 // Σ log F at x
}

// free is the number of free numbers: partial autocorrelations, then the constant.
func (p *problem) free() int { return p.spec.size() - 1 }

// set makes the point of the free numbers x.
func (p *problem) set(x []float64) {
	s, c := p.spec, &p.at
	k := s.coefs()
	c.r, c.coef = grow(c.r, k), grow(c.coef, k)
	for i := range k {
		c.r[i] = math.Tanh(x[i])
	}
	i := 0
	for part, n := range [4]int{s.P, s.Q, s.SP, s.SQ} {
		fromPartial(c.r[i:i+n], c.coef[i:i+n], nil)
		if part%2 == 1 { // moving averages: 1 + Σ θ B = 1 − Σ (−θ) B
			for j := i; j < i+n; j++ {
				c.coef[j] = -c.coef[j]
			}
		}
		i += n
	}
	c.mean = 0
	if s.Constant {
		c.mean = x[k]
	}
	phi, theta := c.coef[:s.P], c.coef[s.P:s.P+s.Q]
	sphi, stheta := c.coef[s.P+s.Q:s.P+s.Q+s.SP], c.coef[s.P+s.Q+s.SP:k]
	c.ar.product(phi, sphi, s.M, -1)
	c.ma.product(theta, stheta, s.M, 1)
}

// exact evaluates x: res becomes the innovations, scaled so that the sum of their squares is
// what the likelihood wants least (the geometric mean of F taken in). It returns log(mean square).
func (p *problem) exact(x, res []float64) float64 {
	p.set(x)
	w := p.w
	if p.at.mean != 0 {
		p.aux = grow(p.aux, len(w))
		for i, v := range w {
			p.aux[i] = v - p.at.mean
		}
		w = p.aux[:len(p.w)]
	}
	logs, ok := p.f.run(w, &p.at.ar, &p.at.ma, res)
	if !ok {
		return math.Inf(1)
	}
	p.logs = logs
	n := float64(len(w))
	scale := math.Exp(logs / (2 * n))
	sum := 0.0
	for i, v := range res {
		v *= scale
		res[i] = v
		sum += v * v
	}
	if !(sum < math.MaxFloat64) {
		return math.Inf(1)
	}
	return math.Log(sum/n + 1e-300)
}

// prepare sizes the buffers.
func (p *problem) prepare(spec Spec, w []float64) {
	p.spec, p.w = spec, w
	k, n := p.free(), len(w)
	p.x, p.trial, p.grad = grow(p.x, k), grow(p.trial, k), grow(p.grad, k)
	p.res, p.next = grow(p.res, n), grow(p.next, n)
	for len(p.jac) < k {
		p.jac = append(p.jac, nil)
	}
	for i := range k {
		p.jac[i] = grow(p.jac[i], n)
	}
}

// maximise fits the form by exact likelihood, from the free numbers in p.x; it leaves the best there, its
// value in p.value and its residuals in p.res.
func (p *problem) maximise(steps int, tol float64) {
	k := p.free()
	p.value = p.exact(p.x, p.res)
	if k == 0 || math.IsInf(p.value, 0) {
		return
	}
	exactJac := func() bool {
		copy(p.trial, p.x)
		for j := range k {
			const h = 1e-6
			p.trial[j] = p.x[j] + h
			if math.IsInf(p.exact(p.trial, p.jac[j]), 0) {
				return false
			}
			p.trial[j] = p.x[j]
			for t, v := range p.res {
				p.jac[j][t] = (p.jac[j][t] - v) / h
			}
		}
		return true
	}
	p.value = p.descend(k, steps, tol, p.value, exactJac, p.exact)
	p.value = p.exact(p.x, p.res)
}

// descend is Levenberg–Marquardt's way down a sum of squares, from p.x and p.res.
func (p *problem) descend(k, steps int, tol, value float64, jacobian func() bool, eval func(x, res []float64) float64) float64 {
	lambda := 1e-3
	a, l := mat.NewSymDense(k, nil), mat.Cholesky{}
	h := mat.NewSymDense(k, nil)
	step := mat.NewVecDense(k, nil)
	for range steps {
		if !jacobian() {
			return value
		}
		for i := range k {
			p.grad[i] = -dot(p.jac[i], p.res)
			for j := i; j < k; j++ {
				a.SetSym(i, j, dot(p.jac[i], p.jac[j]))
			}
		}
		gain := 0.0
		for try := 0; ; try++ {
			if try == 8 {
				return value
			}
			h.CopySym(a)
			for i := range k {
				h.SetSym(i, i, a.At(i, i)*(1+lambda)+1e-12)
			}
			if l.Factorize(h) && l.SolveVecTo(step, mat.NewVecDense(k, p.grad[:k])) == nil {
				for i := range k {
					p.trial[i] = p.x[i] + clamp(step.AtVec(i), 2)
				}
				if v := eval(p.trial, p.next); v < value {
					gain = value - v
					value = v
					break
				}
			}
			lambda *= 8
		}
		lambda = math.Max(lambda/10, 1e-9)
		copy(p.x, p.trial[:k])
		p.res, p.next = p.next, p.res
		if gain < tol {
			break
		}
	}
	return value
}

func clamp(v, most float64) float64 { return math.Max(-most, math.Min(most, v)) }

func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1 float64
	i := 0
	for ; i+1 < len(a); i += 2 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
	}
	if i < len(a) {
		s0 += a[i] * b[i]
	}
	return s0 + s1
}

// minRoot is the least modulus of the roots, in B, that a model may have. R's auto.arima wants 1.01; on
// days and weeks that bars what forecasts best, slow smoothing: ARIMA(0,1,1) with θ = −.99 is exponential
// smoothing with α = .01, and a level with a half-life of a quarter has φ = .9925.
const minRoot = 1.001

// sound reports whether the point's polynomials keep away from the unit circle.
func (p *problem) sound() bool {
	s, c := p.spec, p.at.coef
	i := 0
	for part, n := range [4]int{s.P, s.Q, s.SP, s.SQ} {
		poly := append([]float64(nil), c[i:i+n]...)
		if part%2 == 1 {
			for j := range poly {
				poly[j] = -poly[j]
			}
		}
		least := minRoot
		if part >= 2 { // a root of Φ(Bᵐ) in B
			least = math.Pow(minRoot, float64(s.M))
		}
		if !clearOfUnit(poly, least) {
			return false
		}
		i += n
	}
	return true
}

// Fit estimates one form on y, which must hold no missing values. It fails, with fault.Data, where y is too
// short for the form.
func Fit(ctx context.Context, y []float64, spec Spec) (*Fitted, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if spec.M < 1 {
		spec.M = 1
	}
	d, err := newData(y, spec.D, spec.SD, spec.M)
	if err != nil {
		return nil, err
	}
	if len(d.w) < spec.size()+2 {
		return nil, fault.New(fault.Data, "fitting %s: %d values are too few", spec, len(y))
	}
	var p problem
	f, _ := d.candidate(&p, spec, nil)
	if f == nil {
		return nil, fault.New(fault.Data, "fitting %s: no start is possible", spec)
	}
	d.polish(&p, f)
	return d.freeze(&p, f), nil
}

// data is a series with what all its fits share.
type data struct {
	y, w        []float64
	d, sd, m    int
	scale, mean float64 // of the differenced series; w is in units of scale
}

func newData(y []float64, d, sd, m int) (*data, error) {
	for i, v := range y {
		if math.IsNaN(v) || math.Abs(v) > 1e100 {
			return nil, fault.New(fault.Data, "fitting ARIMA: value %d is %v", i+1, v)
		}
	}
	x := &data{y: y, d: d, sd: sd, m: m, w: difference(y, d, sd, m)}
	if len(x.w) < 2 {
		return nil, fault.New(fault.Data, "fitting ARIMA: %d values are too few", len(y))
	}
	sum, square := 0.0, 0.0
	for _, v := range x.w {
		sum += v
	}
	x.mean = sum / float64(len(x.w))
	for _, v := range x.w {
		square += (v - x.mean) * (v - x.mean)
	}
	x.scale = math.Sqrt(square / float64(len(x.w)))
	if x.scale < 1e-13*math.Abs(x.mean) || x.scale == 0 {
		x.scale = 1 // constant but for rounding
	}
	for i := range x.w {
		x.w[i] /= x.scale
	}
	return x, nil
}
