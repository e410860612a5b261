package forecast

import (
	"fmt"
	"math"
)

// etsFitted is a fitted exponential smoothing model.
type etsFitted struct {
	spec   ETSSpec
	m      int
	par    etsPars // as of the start
	end    etsPars // after the last step; seas in order of the next steps
	fitted []float64
	mse    float64 // mean square of the (relative) errors over observed − parameters
	aicc   float64
}

// freeze copies the state of the last pass into a result; offset puts back trimmed values.
func (f *etsFit) freeze(value float64, d *etsData) *etsFitted {
	w := &f.pass
	r := &etsFitted{spec: f.spec, m: w.m, par: w.p, end: w.p}
	r.par.seas = append([]float64(nil), w.p.seas...)
	r.end.level, r.end.slope = w.end.level, w.end.slope
	r.end.seas = make([]float64, w.m)
	for j := range r.end.seas {
		r.end.seas[j] = w.end.seas[(len(w.y)+j)%w.m]
	}
	r.fitted = make([]float64, d.offset+len(w.y))
	for i := range d.offset {
		r.fitted[i] = math.NaN()
	}
	copy(r.fitted[d.offset:], w.mu)
	n, k := float64(w.observed), float64(f.spec.size(w.m)+1)
	r.mse = w.sum / math.Max(1, n-k+1)
	logs := 0.0
	if w.mulErr {
		logs = 2 * n * math.Log(w.scale) // forward takes logarithms of μ/scale
	}
	r.aicc = math.Inf(1)
	if n-k-1 > 0 {
		r.aicc = n*(value+math.Log(n)) + logs + 2*k + 2*k*(k+1)/(n-k-1)
	}
	return r
}

// Name implements Fitted.
func (r *etsFitted) Name() string { return r.spec.String() }

// AICc implements Fitted. Constants are left out as in R's ets(), so that it compares ETS models
// of one series with each other only.
func (r *etsFitted) AICc() float64 { return r.aicc }

// Fitted implements Fitted.
func (r *etsFitted) Fitted() []float64 { return append([]float64(nil), r.fitted...) }

// Params implements Fitted.
func (r *etsFitted) Params() []Param {
	p := []Param{{"alpha", r.par.alpha}}
	if r.spec.Trend != 'N' {
		p = append(p, Param{"beta", r.par.beta})
	}
	if r.spec.Season != 'N' {
		p = append(p, Param{"gamma", r.par.gamma})
	}
	if r.spec.Damped {
		p = append(p, Param{"phi", r.par.phi})
	}
	p = append(p, Param{"level", r.par.level})
	if r.spec.Trend != 'N' {
		p = append(p, Param{"slope", r.par.slope})
	}
	if r.spec.Season != 'N' {
		for j, s := range r.par.seas {
			p = append(p, Param{fmt.Sprintf("season_%d", j+1), s})
		}
	}
	return p
}

// trendPath returns level + slope part of the forecast.
func (r *etsFitted) trendPath(h int) []float64 {
	out := make([]float64, h)
	sum, pow := 0.0, 1.0
	for j := range out {
		if r.spec.Trend != 'N' {
			if r.spec.Damped {
				pow *= r.par.phi
			}
			sum += pow
		}
		out[j] = r.end.level + sum*r.end.slope
	}
	return out
}

// Forecast implements Fitted (Hyndman et al. 2008, table 2.1).
func (r *etsFitted) Forecast(h int) []float64 {
	out := r.trendPath(h)
	for j := range out {
		s := r.end.seas[j%r.m]
		switch r.spec.Season {
		case 'A':
			out[j] += s
		case 'M':
			out[j] *= s
		}
	}
	return out
}

// Sigma implements Fitted: the variances of Hyndman et al. (2008), section 6.3 for additive
// errors, 6.4 for multiplicative ones with additive seasons and the approximation of 6.5 for
// multiplicative seasons.
func (r *etsFitted) Sigma(h int) []float64 {
	c := make([]float64, h) // effect of an error on the forecast j steps later
	sum, pow := 0.0, 1.0
	for j := 1; j < h; j++ {
		c[j] = r.par.alpha
		if r.spec.Trend != 'N' {
			if r.spec.Damped {
				pow *= r.par.phi
			}
			sum += pow
			c[j] += r.par.beta * sum
		}
		if r.spec.Season == 'A' && j%r.m == 0 {
			c[j] += r.par.gamma
		}
	}
	out := make([]float64, h)
	if r.spec.Error == 'A' && r.spec.Season != 'M' {
		v := r.mse
		for j := range out {
			v += r.mse * c[j] * c[j]
			out[j] = math.Sqrt(v)
		}
		return out
	}
	mean := r.trendPath(h)
	if r.spec.Season == 'A' {
		mean = r.Forecast(h)
	}
	relative := r.mse
	if r.spec.Error == 'A' { // additive errors around a multiplicative season: in units of the level
		level := math.Max(math.Abs(r.end.level), 1e-300)
		relative = r.mse / (level * level)
	}
	theta := make([]float64, h)
	for j := range out {
		theta[j] = mean[j] * mean[j]
		for i := 1; i <= j; i++ {
			theta[j] += relative * c[i] * c[i] * theta[j-i]
		}
		v := theta[j]*(1+relative) - mean[j]*mean[j]
		if r.spec.Season == 'M' {
			s := r.end.seas[j%r.m]
			k := float64(j / r.m)
			v = s * s * (theta[j]*(1+relative)*math.Pow(1+r.par.gamma*r.par.gamma*relative, k) - mean[j]*mean[j])
		}
		out[j] = math.Sqrt(math.Max(0, v))
	}
	return out
}
