package arima

import "math"

// filter computes exact innovations of a stationary ARMA process; its buffers grow and stay.
type filter struct {
	phi, theta       []float64 // dense, by lag − 1, both as long as the state
	pacf, buf, gamma []float64
	gu, psi          []float64
	a, y, gain       []float64 // state, Chandrasekhar's Y, K·F
	v                []float64 // innovations, not standardised
	steady           int       // step at which the steady filter took over, or n
}

// settled is how near the innovations' variance must have come to its limit for the steady filter.
const settled = 1e-9

func grow(v []float64, n int) []float64 {
	if cap(v) < n {
		return make([]float64, n, n+n/2)
	}
	return v[:n]
}

// start computes the covariance of state and observation at the stationary start: F₁ = γ₀ (returned) and
// gain = T P Zᵀ, with σ² = 1. It fails when ar is not stationary.
func (f *filter) start(ar, ma *lags) (variance float64, ok bool) {
	p, q := ar.order(), ma.order()
	r := max(p, q+1)
	f.phi, f.theta = grow(f.phi, r), grow(f.theta, r)
	ar.dense(f.phi, -1)
	ma.dense(f.theta, 1)
	f.pacf, f.buf = grow(f.pacf, r), grow(f.buf, 2*r)
	if !f.autocovariance(p, q, r) {
		return 0, false
	}
	f.weights(q)
	f.a, f.y, f.gain = grow(f.a, r), grow(f.y, r), grow(f.gain, r)
	// P[i][0] = Σ_{j ≥ i} φ_{j+1} γ_{j+1−i} + θ_j ψ_{j−i} for i ≥ 1 (θ_j at lag j), P[0][0] = γ₀;
	// gain_i = φ_{i+1} γ₀ + P[i+1][0]
	for i := range r {
		v := f.phi[i] * f.gamma[0]
		for j := i + 1; j < r; j++ {
			if f.phi[j] != 0 {
				v += f.phi[j] * f.gamma[j-i]
			}
			if f.theta[j-1] != 0 {
				v += f.theta[j-1] * f.psi[j-i-1]
			}
		}
		f.gain[i] = v
		f.a[i] = 0
	}
	return f.gamma[0], f.gamma[0] > 0 && !math.IsInf(f.gamma[0], 0)
}

// autocovariance sets gamma[0 … r]: that of the pure autoregression by Levinson's recursion, run forwards
// from the partial autocorrelations, then through the moving average.
func (f *filter) autocovariance(p, q, r int) bool {
	n := r + q + 1
	f.gu = grow(f.gu, n+1)
	g := f.gu
	c := f.buf[:r]
	copy(c[:p], f.phi[:p])
	if !partials(c[:p], f.pacf[:p], f.buf[r:]) {
		return false
	}
	g[0] = 1
	for _, v := range f.pacf[:p] {
		g[0] /= 1 - v*v
	}
	// γ_k = r_k v_{k−1} + Σ φ^{(k−1)} γ; the orders' coefficients grow in c
	v := g[0]
	for k := 1; k <= p; k++ {
		rk := f.pacf[k-1]
		sum := rk * v
		for i := range k - 1 {
			sum += c[i] * g[k-1-i]
		}
		g[k] = sum
		old := f.buf[r : r+k-1]
		copy(old, c[:k-1])
		for i := range k - 1 {
			c[i] = old[i] - rk*old[k-2-i]
		}
		c[k-1] = rk
		v *= 1 - rk*rk
	}
	for k := p + 1; k <= n; k++ {
		sum := 0.0
		for i := range p {
			sum += f.phi[i] * g[k-1-i]
		}
		g[k] = sum
	}
	f.gamma = grow(f.gamma, r+1)
	theta := func(j int) float64 {
		if j == 0 {
			return 1
		}
		return f.theta[j-1]
	}
	for k := range f.gamma {
		f.gamma[k] = 0
	}
	for s := 0; s <= q; s++ {
		w := 0.0
		for j := 0; j+s <= q; j++ {
			w += theta(j) * theta(j+s)
		}
		if w == 0 {
			continue
		}
		for k := range f.gamma {
			if s == 0 {
				f.gamma[k] += w * g[k]
			} else {
				f.gamma[k] += w * (g[abs(k-s)] + g[k+s])
			}
		}
	}
	return true
}

func abs(i int) int {
	if i < 0 {
		return -i
	}
	return i
}

// weights sets psi[0 … q].
func (f *filter) weights(q int) {
	f.psi = grow(f.psi, q+1)
	for k := range f.psi {
		v := 1.0
		if k > 0 {
			v = f.theta[k-1]
			for i := 0; i < k && i < len(f.phi); i++ {
				v += f.phi[i] * f.psi[k-1-i]
			}
		}
		f.psi[k] = v
	}
}

// run sets res to the standardised innovations v_t/√F_t of w and returns Σ log F_t. Where ok is
// false the polynomial is not stationary or the recursion broke down.
func (f *filter) run(w []float64, ar, ma *lags, res []float64) (logs float64, ok bool) {
	variance, ok := f.start(ar, ma)
	if !ok {
		return 0, false
	}
	r := len(f.phi)
	phi, a, y, gain := f.phi[:r], f.a[:r], f.y[:r], f.gain[:r]
	copy(y, gain)
	m := -1 / variance
	product := 1.0
	f.steady = len(w)
	f.v = grow(f.v, len(w))
	check := 0
	for t := range w {
		v := w[t] - a[0]
		inv := 1 / variance
		f.v[t] = v
		res[t] = v * math.Sqrt(inv)
		product *= variance
		if product > 1e200 || product < 1e-200 {
			logs += math.Log(product)
			product = 1
		}
		// a ← T a + K v
		a0, scaled := a[0], v*inv
		for i := range r - 1 {
			a[i] = a[i+1] + phi[i]*a0 + gain[i]*scaled
		}
		a[r-1] = phi[r-1]*a0 + gain[r-1]*scaled

		y0 := y[0]
		my := m * y0
		next := variance + my*y0
		if !(next > 0) {
			return 0, false
		}
		// gain ← gain + T Y m Y₀; Y ← T Y − gain/F·Y₀; m ← m + (m Y₀)²/F
		back := y0 / next
		peak := 0.0
		for i := range r {
			ty := phi[i] * y0
			if i+1 < r {
				ty += y[i+1]
			}
			gain[i] += ty * my
			ty -= gain[i] * back
			y[i] = ty
			peak = max(peak, ty*ty)
		}
		m += my * my * inv
		variance = next
		if check++; check >= r { // Y may pass through 0 in one element, not in all
			check = 0
			if peak*-m < settled && variance-1 < settled {
				f.steady = t + 1
				break
			}
		}
	}
	logs += math.Log(product)
	if f.steady < len(w) {
		f.rest(w, ar, ma, res)
	}
	return logs, !math.IsNaN(logs)
}

// rest runs the steady filter, e_t = w_t + Σ ar w − Σ ma e, over what run left.
func (f *filter) rest(w []float64, ar, ma *lags, res []float64) {
	for t := f.steady; t < len(w); t++ {
		v := w[t]
		for i, lag := range ar.lag {
			if lag <= t {
				v += ar.coef[i] * w[t-lag]
			}
		}
		for i, lag := range ma.lag {
			if lag <= t {
				v -= ma.coef[i] * res[t-lag]
			}
		}
		res[t], f.v[t] = v, v
	}
}
