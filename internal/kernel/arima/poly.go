package arima

import "math"

// fromPartial turns partial autocorrelations r into the coefficients phi of a stationary
// 1 − Σ phi B by the Durbin–Levinson recursion; deriv[i·k+j], unless nil, becomes ∂phi_i/∂r_j.
func fromPartial(r, phi, deriv []float64) {
	k := len(r)
	for n := range k {
		// phi_i ← phi_i − r_n phi_{n−1−i} for i < n, then phi_n = r_n
		if deriv != nil {
			for j := range n {
				for i := 0; i <= n-1-i; i++ {
					a, b := deriv[i*k+j], deriv[(n-1-i)*k+j]
					deriv[i*k+j], deriv[(n-1-i)*k+j] = a-r[n]*b, b-r[n]*a
				}
				deriv[n*k+j] = 0
			}
			for i := range n {
				deriv[i*k+n] = -phi[n-1-i]
			}
			deriv[n*k+n] = 1
		}
		for i := 0; i <= n-1-i; i++ {
			a, b := phi[i], phi[n-1-i]
			phi[i], phi[n-1-i] = a-r[n]*b, b-r[n]*a
		}
		phi[n] = r[n]
	}
}

// partials steps the coefficients of 1 − Σ phi B down to partial autocorrelations; false when the
// polynomial is not stationary. phi is destroyed.
func partials(phi, r, scratch []float64) bool {
	for n := len(phi) - 1; n >= 0; n-- {
		v := phi[n]
		r[n] = v
		den := 1 - v*v
		if !(den > 0) {
			return false
		}
		old := scratch[:n]
		copy(old, phi[:n])
		for i := range n {
			phi[i] = (old[i] + v*old[n-1-i]) / den
		}
	}
	return true
}

// clear of the unit circle: the roots of 1 − Σ phi B have a modulus over least.
func clearOfUnit(phi []float64, least float64) bool {
	k := len(phi)
	c, buf := make([]float64, k), make([]float64, 2*k)
	power := 1.0
	for i, v := range phi {
		power *= least
		c[i] = v * power
	}
	return partials(c, buf[:k], buf[k:])
}

// lags is a sparse polynomial 1 + Σ coef·B^lag.
type lags struct {
	lag  []int
	coef []float64
}

// product sets l to (1 + sign·Σ a B)(1 + sign·Σ b Bᵐ) − 1; lags rise when m > len(a).
func (l *lags) product(a, b []float64, m int, sign float64) {
	l.lag, l.coef = l.lag[:0], l.coef[:0]
	for j := 0; j <= len(b); j++ {
		outer := 1.0
		if j > 0 {
			outer = sign * b[j-1]
		}
		for i := 0; i <= len(a); i++ {
			if i+j == 0 {
				continue
			}
			v := outer
			if i > 0 {
				v *= sign * a[i-1]
			}
			l.lag = append(l.lag, j*m+i)
			l.coef = append(l.coef, v)
		}
	}
}

// order is the highest lag.
func (l *lags) order() int {
	most := 0
	for _, v := range l.lag {
		most = max(most, v)
	}
	return most
}

// dense writes the coefficients by lag 1 … len(out), times sign.
func (l *lags) dense(out []float64, sign float64) {
	for i := range out {
		out[i] = 0
	}
	for i, v := range l.lag {
		out[v-1] += sign * l.coef[i]
	}
}

// divide sets out = x / (1 + Σ coef B^lag), with zeros before the start: out_t = x_t − Σ coef out_{t−lag}.
func (l *lags) divide(x, out []float64) {
	start := min(l.order(), len(x))
	for t := range start {
		v := x[t]
		for i, lag := range l.lag {
			if lag <= t {
				v -= l.coef[i] * out[t-lag]
			}
		}
		out[t] = v
	}
	coef := l.coef[:len(l.lag)]
	for t := start; t < len(x); t++ {
		v := x[t]
		for i, lag := range l.lag {
			v -= coef[i] * out[t-lag]
		}
		out[t] = v
	}
}

// multiply sets out = (1 + Σ coef B^lag) x, with zeros before the start.
func (l *lags) multiply(x, out []float64) {
	start := min(l.order(), len(x))
	for t := range start {
		v := x[t]
		for i, lag := range l.lag {
			if lag <= t {
				v += l.coef[i] * x[t-lag]
			}
		}
		out[t] = v
	}
	coef := l.coef[:len(l.lag)]
	for t := start; t < len(x); t++ {
		v := x[t]
		for i, lag := range l.lag {
			v += coef[i] * x[t-lag]
		}
		out[t] = v
	}
}

// psi returns the first h weights of θ(B)/φ(B) with 1 + ar and 1 + ma given sparsely: ψ_0 = 1.
func psi(ar, ma *lags, h int) []float64 {
	x, out := make([]float64, h), make([]float64, h)
	if h == 0 {
		return out
	}
	x[0] = 1
	for i, lag := range ma.lag {
		if lag < h {
			x[lag] += ma.coef[i]
		}
	}
	ar.divide(x, out)
	return out
}

// tanh' in terms of tanh.
func dtanh(r float64) float64 { return math.Max(1-r*r, 1e-12) }
