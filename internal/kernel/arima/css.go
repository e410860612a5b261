package arima

import "math"

// css descends from p.x by the conditional sum of squares: innovations with zeros before the start, the
// mean fixed. It returns the log of their mean square. The derivatives are filters of the same series:
//
//	∂e/∂φ_i = −Bⁱ Φ(Bᵐ) w / θΘ,  ∂e/∂θ_j = −Bʲ e / θ(B),  and so for the season.
func (p *problem) css(steps int, tol float64) float64 {
	s := p.spec
	k := s.coefs()
	if k == 0 {
		return 0
	}
	n := len(p.w)
	for len(p.cols) < 4 {
		p.cols = append(p.cols, nil)
	}
	for i := range p.cols {
		p.cols[i] = grow(p.cols[i], n)
	}
	w := grow(p.aux, n)
	p.aux = w
	eval := func(x, res []float64) float64 {
		p.set(x)
		for i, v := range p.w {
			w[i] = v - p.at.mean
		}
		p.at.ar.multiply(w, p.cols[0])
		p.at.ma.divide(p.cols[0], res)
		sum := dot(res, res)
		if !(sum < math.MaxFloat64) {
			return math.Inf(1)
		}
		return math.Log(sum/float64(n) + 1e-300)
	}
	value := eval(p.x, p.res)
	if math.IsInf(value, 0) {
		return value
	}
	return p.descend(k, steps, tol, value, func() bool { p.cssJacobian(w); return true }, eval)
}

// cssJacobian sets jac to the derivatives of the residuals with respect to the free numbers
// at p.x, whose residuals are p.res.
func (p *problem) cssJacobian(w []float64) {
	p.set(p.x)
	for i, v := range p.w {
		w[i] = v - p.at.mean
	}
	s, c := p.spec, p.at.coef
	phi, theta := c[:s.P], c[s.P:s.P+s.Q]
	sphi, stheta := c[s.P+s.Q:s.P+s.Q+s.SP], c[s.P+s.Q+s.SP:]
	var l lags
	a, b := p.cols[0], p.cols[1]
	filtered := func(own []float64, ownM int, poly *lags) {
		l.product(own, nil, ownM, -1)
		l.multiply(w, a)
		poly.divide(a, b)
	}
	first := 0
	column := func(x []float64, count, step int, at int) {
		for j := range count {
			lag := (j + 1) * step
			col := p.jac[first+j]
			for t := range min(lag, len(col)) {
				col[t] = 0
			}
			for t := lag; t < len(col); t++ {
				col[t] = -x[t-lag]
			}
		}
		p.chain(first, count, at)
		first += count
	}
	seasonal := func(coef []float64) []float64 { // Σ coef Bᵐ written by single lags
		out := make([]float64, len(coef)*s.M)
		for i, v := range coef {
			out[(i+1)*s.M-1] = v
		}
		return out
	}
	if s.P > 0 {
		filtered(seasonal(sphi), 1, &p.at.ma)
		column(b, s.P, 1, 0)
	}
	if s.Q > 0 {
		l.product(theta, nil, 1, 1)
		l.divide(p.res, b)
		column(b, s.Q, 1, 1)
	}
	if s.SP > 0 {
		filtered(phi, 1, &p.at.ma)
		column(b, s.SP, s.M, 2)
	}
	if s.SQ > 0 {
		l.product(nil, stheta, s.M, 1)
		l.divide(p.res, b)
		column(b, s.SQ, s.M, 3)
	}
}

// chain turns derivatives by coefficients (columns first … first+count−1) into those by free numbers;
// odd parts are moving averages, whose coefficients have the other sign.
func (p *problem) chain(first, count, part int) {
	p.deriv = grow(p.deriv, count*count)
	r := p.at.r[first : first+count]
	tmp := make([]float64, count)
	fromPartial(r, tmp, p.deriv)
	sign := 1.0
	if part%2 == 1 {
		sign = -1
	}
	row := make([]float64, count)
	for t := range p.res {
		for i := range row {
			row[i] = p.jac[first+i][t]
		}
		for j := range count {
			sum := 0.0
			for i, v := range row {
				sum += v * p.deriv[i*count+j]
			}
			p.jac[first+j][t] = sum * sign * dtanh(r[j])
		}
	}
}
