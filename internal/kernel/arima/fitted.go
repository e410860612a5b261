package arima

import "math"

// estimate is one form fitted: enough to choose among forms and to go on from.
type estimate struct {
	spec  Spec
	x     []float64 // free numbers
	value float64   // log of the mean square, the determinant included
	aicc  float64
}

// The steps of a candidate's fit; the finalists of a search go on to the maximum.
const cssSteps, exactSteps = 20, 3

// candidate fits a form, from the numbers of a neighbouring form where one is given. It returns nil when
// no likelihood exists; sound is false where roots come too near to the unit circle.
func (d *data) candidate(p *problem, spec Spec, near *estimate) (e *estimate, sound bool) {
	p.prepare(spec, d.w)
	for i := range p.x {
		p.x[i] = 0
	}
	if spec.Constant {
		p.x[spec.coefs()] = d.mean / d.scale
	}
	tol := 1e-3 / float64(len(d.w))
	first := p.css(cssSteps, tol)
	if near != nil {
		other := append([]float64(nil), p.x...)
		p.carry(near)
		if p.css(cssSteps, tol) > first {
			copy(p.x, other)
		}
	}
	p.maximise(exactSteps, tol)
	if math.IsInf(p.value, 0) || math.IsNaN(p.value) {
		return nil, false
	}
	p.set(p.x)
	return p.keep(d), p.sound()
}

// carry starts from the partial autocorrelations of another form, as far as both have them.
func (p *problem) carry(near *estimate) {
	from, to := 0, 0
	a, b := near.spec, p.spec
	for part := range 4 {
		na := [4]int{a.P, a.Q, a.SP, a.SQ}[part]
		nb := [4]int{b.P, b.Q, b.SP, b.SQ}[part]
		for i := range min(na, nb) {
			p.x[to+i] = clamp(near.x[from+i], 2)
		}
		from += na
		to += nb
	}
}

// polish brings an estimate to the maximum of the likelihood.
func (d *data) polish(p *problem, e *estimate) {
	p.prepare(e.spec, d.w)
	copy(p.x, e.x)
	p.maximise(40, 1e-7/float64(len(d.w)))
	*e = *p.keep(d)
}

func (p *problem) keep(d *data) *estimate {
	e := &estimate{spec: p.spec, x: append([]float64(nil), p.x...), value: p.value}
	n := float64(len(p.w))
	k := float64(p.spec.size())
	e.aicc = n*(e.value+2*math.Log(d.scale)+1+math.Log(2*math.Pi)) + 2*k
	if n-k-1 > 0 {
		e.aicc += 2 * k * (k + 1) / (n - k - 1)
	} else {
		e.aicc = math.Inf(1)
	}
	return e
}

// Coef are the coefficients of a model, in the signs of the package comment.
type Coef struct {
	AR, MA, SAR, SMA []float64
	Constant         float64 // c; the drift a step is c when D = 1 and c/M when SD = 1
}

// Fitted is a model estimated on one series. It is immutable.
type Fitted struct {
	Spec    Spec
	Coef    Coef
	Sigma2  float64 // variance of the innovations, by degrees of freedom
	LogLik  float64
	AICcVal float64

	y       []float64
	ar, ma  lags
	ahead   []float64 // one-step-ahead forecasts
	w, e    []float64 // differenced series less c, and its innovations
	state   []float64 // of the filter after the last value; nil once it is steady
	changed string    // what was done to the series before, for the name
}

// freeze turns an estimate into a model of its own memory.
func (d *data) freeze(p *problem, e *estimate) *Fitted {
	p.prepare(e.spec, d.w)
	copy(p.x, e.x)
	value := p.exact(p.x, p.res)
	s, c := e.spec, append([]float64(nil), p.at.coef...)
	f := &Fitted{Spec: s, AICcVal: e.aicc, y: append([]float64(nil), d.y...)}
	f.Coef = Coef{AR: c[:s.P], MA: c[s.P : s.P+s.Q], SAR: c[s.P+s.Q : s.P+s.Q+s.SP], SMA: c[s.P+s.Q+s.SP:], Constant: p.at.mean * d.scale}
	f.ar.product(f.Coef.AR, f.Coef.SAR, s.M, -1)
	f.ma.product(f.Coef.MA, f.Coef.SMA, s.M, 1)
	n := len(d.w)
	f.LogLik = -float64(n) / 2 * (value + 2*math.Log(d.scale) + 1 + math.Log(2*math.Pi))
	half := math.Exp(-p.logs / (2 * float64(n))) // takes the determinant out of the residuals again
	f.w, f.e = make([]float64, n), make([]float64, n)
	sum := 0.0
	for t, v := range p.res {
		f.w[t] = d.w[t]*d.scale - f.Coef.Constant
		f.e[t] = p.f.v[t] * d.scale
		std := v * half * d.scale
		sum += std * std
	}
	f.Sigma2 = sum / math.Max(1, float64(n-s.size()+1))
	if p.f.steady >= n {
		f.state = make([]float64, len(p.f.a))
		for i, v := range p.f.a {
			f.state[i] = v * d.scale
		}
	}
	f.ahead = make([]float64, len(f.y))
	lost := s.lost()
	for t := range f.y {
		f.ahead[t] = math.NaN()
		if t >= lost {
			f.ahead[t] = f.y[t] - f.e[t-lost]
		}
	}
	return f
}
