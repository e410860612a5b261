package forecast

import "math"

// etsPars are the numbers of an ETS model; seas holds the m seasonal states, the one of step t
// at t mod m.
type etsPars struct {
	alpha, beta, gamma, phi float64
	level, slope            float64
	seas                    []float64
}

// etsPass runs the recursions of an ETS model over a series and, backwards, their derivatives.
//
// With q = ℓ + φb, the one-step forecast is μ = q + s (additive season, or none with s = 0) or
// μ = q·s, and with the error ε = y − s − q or y/s − q
//
//	ℓ' = q + αε,  b' = φb + βε,  s' = s + γ(y − q − s) or s + γ(y/q − s):
//
// Hyndman et al. (2008), table 2.1 in component form. The same states follow for additive and multiplicative
// errors; only the likelihood differs (their equation 5.3). A missing y moves nothing.
//
// The derivatives come from the adjoint recursion, so a gradient in all initial states
// costs about as much as one pass, whatever the season's length.
type etsPass struct {
	y            []float64
	m            int // 1 = no season
	mulErr, mulS bool
	observed     int     // values that are not missing
	tiny         float64 // added to the mean square, so that a perfect fit has a finite logarithm
	scale        float64 // of the logarithms of μ

	p    etsPars // as of the start
	end  etsPars // after the pass
	sum  float64 // Σ of squared (relative) errors
	mu   []float64
	err  []float64 // ε of the level's update
	b, q []float64 // slope before the step; q
	s    []float64 // season before the step
}

// reset prepares a pass over another series or of another form, in the same memory.
func (w *etsPass) reset(y []float64, m int, mulErr, mulS bool, tiny, scale float64) {
	n := len(y)
	w.y, w.m, w.mulErr, w.mulS, w.tiny, w.scale = y, m, mulErr, mulS, tiny, scale
	w.mu, w.err, w.b, w.q, w.s = resize(w.mu, n), resize(w.err, n), resize(w.b, n), resize(w.q, n), resize(w.s, n)
	w.p.seas, w.end.seas = resize(w.p.seas, m), resize(w.end.seas, m)
	w.observed = 0
	for _, v := range y {
		if v == v {
			w.observed++
		}
	}
}

// forward runs the model from w.p and returns log(mean square) [+ 2·mean log μ], which is
// (−2 log L)/n up to a constant; +Inf where the states leave what the form allows.
func (w *etsPass) forward() float64 {
	copy(w.end.seas, w.p.seas)
	ok := true
	if w.mulS {
		ok = w.forwardMul()
	} else {
		w.forwardAdd()
	}
	if !ok {
		return math.Inf(1)
	}
	n := float64(w.observed)
	if !w.mulErr {
		w.sum = 0
		for t, v := range w.y {
			if v == v {
				e := v - w.mu[t]
				w.sum += e * e
			}
		}
		return math.Log(w.sum/n + w.tiny)
	}
	logs, ok := w.relative()
	if !ok {
		return math.Inf(1)
	}
	return math.Log(w.sum/n+w.tiny) + 2*logs/n
}

// relative sums squared relative errors and log(μ/scale).
func (w *etsPass) relative() (logs float64, ok bool) {
	w.sum = 0
	product, inv := 1.0, 1/w.scale
	for t, v := range w.y {
		if v != v {
			continue
		}
		mu := w.mu[t]
		if !(mu > 0) {
			return 0, false
		}
		r := (v - mu) / mu
		w.sum += r * r
		product *= mu * inv
		if product > 1e100 || product < 1e-100 {
			logs += math.Log(product)
			product = 1
		}
	}
	logs += math.Log(product)
	return logs, !math.IsInf(logs, 0) && !math.IsNaN(logs)
}

func (w *etsPass) forwardAdd() {
	p := w.p
	l, b := p.level, p.slope
	seas := w.end.seas
	j, m := 0, w.m
	n := len(w.y)
	mus, errs, bs := w.mu[:n], w.err[:n], w.b[:n]
	for t, v := range w.y {
		bs[t] = b
		s := seas[j]
		fb := p.phi * b
		q := l + fb
		mu := q + s
		e := v - mu
		if e != e {
			e = 0
		}
		mus[t], errs[t] = mu, e
		l = q + p.alpha*e
		b = fb + p.beta*e
		seas[j] = s + p.gamma*e
		if j++; j == m {
			j = 0
		}
	}
	w.end.level, w.end.slope = l, b
}

func (w *etsPass) forwardMul() bool {
	p := w.p
	l, b := p.level, p.slope
	seas := w.end.seas
	j, m := 0, w.m
	for t, v := range w.y {
		w.b[t] = b
		s := seas[j]
		fb := p.phi * b
		q := l + fb
		if !(q > 0 && s > 0) {
			return false
		}
		w.mu[t], w.q[t], w.s[t] = q*s, q, s
		e := 0.0
		if v == v {
			e = v/s - q
			seas[j] = s + p.gamma*(v/q-s)
		}
		w.err[t] = e
		l = q + p.alpha*e
		b = fb + p.beta*e
		if j++; j == m {
			j = 0
		}
	}
	w.end.level, w.end.slope = l, b
	return true
}

// backward sets g to the derivatives of the last forward's value with respect to the start's
// numbers; g.seas must have length m.
func (w *etsPass) backward(g *etsPars) {
	n := float64(w.observed)
	k := -2 / (w.sum + n*w.tiny)
	g.alpha, g.beta, g.gamma, g.phi = 0, 0, 0, 0
	for i := range g.seas {
		g.seas[i] = 0
	}
	if w.mulS {
		w.backwardMul(g, k, 2/n)
	} else {
		w.backwardAdd(g, k, 2/n)
	}
}

func (w *etsPass) backwardAdd(g *etsPars, k, perLog float64) {
	p, m := w.p, w.m
	var al, ab float64 // adjoints of level and slope
	j := (len(w.y) - 1) % m
	adj := g.seas
	for t := len(w.y) - 1; t >= 0; t-- {
		e := w.err[t]
		as := adj[j]
		direct := 0.0 // derivative of the value with respect to μ alone
		back := 0.0
		if v := w.y[t]; v == v {
			if w.mulErr {
				mu := w.mu[t]
				direct = (k*e*v/(mu*mu) + perLog) / mu
			} else {
				direct = k * e
			}
			back = p.alpha*al + p.beta*ab + p.gamma*as
		}
		g.alpha += al * e
		g.beta += ab * e
		g.gamma += as * e
		d := direct - back
		q := al + d
		adj[j] = as + d
		g.phi += w.b[t] * (q + ab)
		al, ab = q, p.phi*(q+ab)
		if j--; j < 0 {
			j = m - 1
		}
	}
	g.level, g.slope = al, ab
}

func (w *etsPass) backwardMul(g *etsPars, k, perLog float64) {
	p, m := w.p, w.m
	var al, ab float64
	j := (len(w.y) - 1) % m
	adj := g.seas
	for t := len(w.y) - 1; t >= 0; t-- {
		as, e, qt, st := adj[j], w.err[t], w.q[t], w.s[t]
		q, s := al, as
		if v := w.y[t]; v == v {
			mu := w.mu[t]
			var direct float64
			if w.mulErr {
				direct = (k*(v-mu)*v/(mu*mu) + perLog) / mu
			} else {
				direct = k * (v - mu)
			}
			back := p.alpha*al + p.beta*ab
			g.alpha += al * e
			g.beta += ab * e
			g.gamma += as * (v/qt - st)
			q += direct*st - back - p.gamma*as*v/(qt*qt)
			s += direct*qt - back*v/(st*st) - p.gamma*as
		}
		adj[j] = s
		g.phi += w.b[t] * (q + ab)
		al, ab = q, p.phi*(q+ab)
		if j--; j < 0 {
			j = m - 1
		}
	}
	g.level, g.slope = al, ab
}
