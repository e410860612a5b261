package arima

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
)

var _ forecast.Fitted = (*Fitted)(nil)

// Name implements forecast.Fitted.
func (f *Fitted) Name() string { return f.Spec.String() + f.changed }

// Forecast implements forecast.Fitted: the conditional means of the h values to come.
func (f *Fitted) Forecast(h int) []float64 {
	n := len(f.w)
	w := append(make([]float64, 0, n+h), f.w...)
	state := append([]float64(nil), f.state...)
	for i := range h {
		var v float64
		if state != nil {
			v = state[0]
			f.advance(state)
		} else {
			for j, lag := range f.ar.lag {
				if n+i-lag >= 0 {
					v -= f.ar.coef[j] * w[n+i-lag]
				}
			}
			for j, lag := range f.ma.lag {
				if t := n + i - lag; t >= 0 && t < n {
					v += f.ma.coef[j] * f.e[t]
				}
			}
		}
		w = append(w, v)
	}
	return f.integrate(w[n:])
}

// advance moves the filter's state one step without an observation.
func (f *Fitted) advance(a []float64) {
	first := a[0]
	copy(a, a[1:])
	a[len(a)-1] = 0
	for j, lag := range f.ar.lag {
		a[lag-1] -= f.ar.coef[j] * first
	}
}

// integrate turns differenced values to come into values: y = w + c + what the differences took.
func (f *Fitted) integrate(w []float64) []float64 {
	s := f.Spec
	delta := []float64{1} // coefficients of (1−B)ᵈ (1−Bᵐ)ᴰ
	times := func(lag int) {
		next := append(append([]float64(nil), delta...), make([]float64, lag)...)
		for i, v := range delta {
			next[i+lag] -= v
		}
		delta = next
	}
	for range s.D {
		times(1)
	}
	for range s.SD {
		times(s.M)
	}
	n := len(f.y)
	lost := len(delta) - 1
	y := append([]float64(nil), f.y[n-lost:]...)
	for _, v := range w {
		v += f.Coef.Constant
		for i := 1; i <= lost; i++ {
			if delta[i] != 0 {
				v -= delta[i] * y[len(y)-i]
			}
		}
		y = append(y, v)
	}
	return y[lost:]
}

// Sigma implements forecast.Fitted: σ² Σ ψ² over the ψ weights of the whole model (Box & Jenkins, section
// 5.1), the parameters taken for known.
func (f *Fitted) Sigma(h int) []float64 {
	w := psi(&f.ar, &f.ma, h)
	for range f.Spec.D {
		for i := 1; i < h; i++ {
			w[i] += w[i-1]
		}
	}
	for range f.Spec.SD {
		for i := f.Spec.M; i < h; i++ {
			w[i] += w[i-f.Spec.M]
		}
	}
	sum := 0.0
	for i, v := range w {
		sum += v * v
		w[i] = math.Sqrt(f.Sigma2 * sum)
	}
	return w
}

// Fitted implements forecast.Fitted.
func (f *Fitted) Fitted() []float64 { return f.ahead }

// AICc implements forecast.Fitted.
func (f *Fitted) AICc() float64 { return f.AICcVal }

// Params implements forecast.Fitted.
func (f *Fitted) Params() []forecast.Param {
	var out []forecast.Param
	add := func(name string, v []float64) {
		for i, x := range v {
			out = append(out, forecast.Param{Name: name + string(rune('1'+i)), Value: x})
		}
	}
	add("ar", f.Coef.AR)
	add("ma", f.Coef.MA)
	add("sar", f.Coef.SAR)
	add("sma", f.Coef.SMA)
	switch {
	case !f.Spec.Constant:
	case f.Spec.D+f.Spec.SD == 0:
		out = append(out, forecast.Param{Name: "mean", Value: f.Coef.Constant})
	case f.Spec.SD == 1:
		out = append(out, forecast.Param{Name: "drift", Value: f.Coef.Constant / float64(f.Spec.M)})
	default:
		out = append(out, forecast.Param{Name: "drift", Value: f.Coef.Constant})
	}
	return append(out, forecast.Param{Name: "sigma2", Value: f.Sigma2})
}
