package stl

import "math"

// tricube is the weight of a neighbour at distance r when the farthest has distance h; the cuts
// at .001 h and .999 h are those of the authors' program.
func tricube(r, h float64) float64 {
	switch {
	case r > 0.999*h:
		return 0
	case r <= 0.001*h:
		return 1
	}
	t := r / h
	u := 1 - t*t*t
	return u * u * u
}

// loess smooths equally spaced series by local lines (degree 1) or means (degree 0) over
// the nearest `window` points.
type loess struct {
	window, degree, jump int
	half                 int       // (window − 1) / 2
	kern                 []float64 // tricube weights at distance 0 … reach in the interior
	first                []float64 // kern·distance
	second               []float64 // kern·distance²
	total                float64   // their sum over both sides
	edge                 []float64 // row p+1: weights of the first `window` points, seen from point p = −1 … half−1

	coef, slope []float64 // by point: fit = coef·T₀ + slope·T₁; NaN = all weights zero
	row         []float64 // weights of one window that no table holds
}

// set prepares the tables of a window, unless they stand already.
func (l *loess) set(window, degree, jump int) {
	l.degree, l.jump = degree, jump
	if l.window == window {
		return
	}
	l.window, l.half = window, (window-1)/2
	l.kern, l.first, l.second = l.kern[:0], l.first[:0], l.second[:0]
	l.total = 0
	for d := 0; d <= l.half; d++ {
		w := tricube(float64(d), float64(l.half))
		if w == 0 {
			break
		}
		l.kern = append(l.kern, w)
		l.first = append(l.first, w*float64(d))
		l.second = append(l.second, w*float64(d)*float64(d))
		l.total += w
		if d > 0 {
			l.total += w
		}
	}
	l.edge = l.edge[:0]
	for p := -1; p < l.half; p++ {
		h := float64(window - 1 - p)
		for j := range window {
			l.edge = append(l.edge, tricube(math.Abs(float64(j-p)), h))
		}
	}
}

// lane is a series within a slice: point i is at[start + i·step], for i < n.
type lane struct{ start, step, n int }

func (c lane) reversed() lane { return lane{c.start + (c.n-1)*c.step, -c.step, c.n} }

// at fits the points lo … lo+len(w)−1 of the lane with weights w (times rho, unless nil) and
// returns the value at point x, or NaN when all weights are zero.
func (l *loess) at(y, rho []float64, c lane, lo, x int, w []float64) float64 {
	var s0, s1, s2, t0, t1 float64
	k := c.start + lo*c.step
	d := float64(lo - x)
	for _, v := range w {
		if rho != nil {
			v *= rho[k]
		}
		vd, vy := v*d, v*y[k]
		s0 += v
		s1 += vd
		s2 += vd * d
		t0 += vy
		t1 += vy * d
		k += c.step
		d++
	}
	if !(s0 > 0) {
		return math.NaN()
	}
	mean := t0 / s0
	if l.degree == 0 {
		return mean
	}
	centre := s1 / s0
	spread := s2/s0 - centre*centre
	if !wide(spread, c.n) {
		return mean
	}
	return mean - centre/spread*(t1/s0-centre*mean)
}

// wide tells whether the points of a window lie far enough apart for a slope: the authors' √c > .001·range.
func wide(spread float64, n int) bool {
	limit := 0.001 * float64(n-1)
	return spread > limit*limit
}

// point fits the window [lo, hi) of the lane at x, making the weights anew.
func (l *loess) point(y, rho []float64, c lane, lo, hi, x int) float64 {
	h := float64(max(x-lo, hi-1-x))
	if l.window > c.n {
		h += float64((l.window - c.n) / 2)
	}
	if cap(l.row) < hi-lo {
		l.row = make([]float64, hi-lo)
	}
	w := l.row[:hi-lo]
	for j := range w {
		w[j] = tricube(math.Abs(float64(lo+j-x)), h)
	}
	return l.at(y, rho, c, lo, x, w)
}

// beyond extrapolates one point before the lane's first; NaN as at.
func (l *loess) beyond(y, rho []float64, c lane) float64 {
	if c.n >= l.window && l.window > 1 {
		return l.at(y, rho, c, 0, -1, l.edge[:l.window])
	}
	return l.point(y, rho, c, 0, c.n, -1)
}

// prepare computes coef and slope for the points [lo, hi) whose windows lie `step` apart; length tells
// the length of a point's lane.
func (l *loess) prepare(rho []float64, lo, hi, step int, length func(i int) int) {
	if cap(l.coef) < len(rho) {
		l.coef, l.slope = make([]float64, len(rho)), make([]float64, len(rho))
	}
	l.coef, l.slope = l.coef[:len(rho)], l.slope[:len(rho)]
	for i := lo; i < hi; i++ {
		s0, s1, s2 := l.kern[0]*rho[i], 0.0, 0.0
		for d := 1; d < len(l.kern); d++ {
			a, b := rho[i+d*step], rho[i-d*step]
			s0 += l.kern[d] * (a + b)
			s1 += l.first[d] * (a - b)
			s2 += l.second[d] * (a + b)
		}
		if !(s0 > 0) {
			l.coef[i] = math.NaN()
			continue
		}
		inv := 1 / s0
		centre := s1 * inv
		spread := s2*inv - centre*centre
		q := 0.0
		if l.degree > 0 && wide(spread, length(i)) {
			q = -centre / spread
		}
		l.coef[i], l.slope[i] = inv*(1-q*centre), inv*q
	}
}

// plain smooths the interior points [lo, hi) of y without robustness weights; there a line's value in the
// middle of its window is the mean.
func (l *loess) plain(y, out []float64, lo, hi, step int) {
	inv := 1 / l.total
	kern := l.kern
	for i := lo; i < hi; i++ {
		sum := kern[0] * y[i]
		up, down := i+step, i-step
		for _, w := range kern[1:] {
			sum += w * (y[up] + y[down])
			up += step
			down -= step
		}
		out[i] = sum * inv
	}
}

// weighted smooths the interior points [lo, hi) of y with the prepared weights; z is rho·y.
func (l *loess) weighted(y, z, out []float64, lo, hi, step int) {
	kern, first := l.kern, l.first[:len(l.kern)]
	coef, slope := l.coef[:hi], l.slope[:hi]
	for i := lo; i < hi; i++ {
		t0, t1 := kern[0]*z[i], 0.0
		up, down := i+step, i-step
		for d := 1; d < len(kern); d++ {
			a, b := z[up], z[down]
			t0 += kern[d] * (a + b)
			t1 += first[d] * (a - b)
			up += step
			down -= step
		}
		v := coef[i]*t0 + slope[i]*t1
		if v != v {
			v = y[i]
		}
		out[i] = v
	}
}

// ends smooths the points of a lane whose windows touch its ends; out is indexed as y plus shift.
func (l *loess) ends(y, rho, out []float64, c lane, shift int) {
	back := c.reversed()
	for p := range l.half {
		w := l.edge[(p+1)*l.window : (p+2)*l.window]
		k := c.start + p*c.step
		out[k+shift] = orElse(l.at(y, rho, c, 0, p, w), y[k])
		k = back.start + p*back.step
		out[k+shift] = orElse(l.at(y, rho, back, 0, p, w), y[k])
	}
}

func orElse(v, other float64) float64 {
	if v != v {
		return other
	}
	return v
}

// slow smooths a lane point by point: lanes shorter than the window, and jumps, between which the
// values are interpolated.
func (l *loess) slow(y, rho, out []float64, c lane, shift int) {
	n := c.n
	at := func(i int) int { return c.start + i*c.step }
	if n < 2 {
		out[at(0)+shift] = y[at(0)]
		return
	}
	jump := min(l.jump, n-1)
	lo, hi := 0, n
	last := 0
	for i := 0; i < n; i += jump {
		if l.window < n {
			lo = min(max(0, i-l.half), n-l.window)
			hi = lo + l.window
		}
		out[at(i)+shift] = orElse(l.point(y, rho, c, lo, hi, i), y[at(i)])
		last = i
	}
	if last != n-1 {
		out[at(n-1)+shift] = orElse(l.point(y, rho, c, lo, hi, n-1), y[at(n-1)])
	}
	for i := 0; jump > 1 && i < n-1; i += jump {
		next := min(i+jump, n-1)
		from, to := out[at(i)+shift], out[at(next)+shift]
		for j := i + 1; j < next; j++ {
			out[at(j)+shift] = from + (to-from)*float64(j-i)/float64(next-i)
		}
	}
}
