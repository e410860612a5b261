package quality

import "math"

// dd is an unevaluated sum of two doubles: about 106 bits (Dekker 1971). Terms
// are added in ascending order of the values, so the result is the same for any
// order of rows.
type dd struct{ hi, lo float64 }

func (a *dd) add(v float64) {
	s := a.hi + v
	b := s - a.hi
	a.lo += (a.hi - (s - b)) + (v - b)
	a.hi = s
}

// addProduct adds x·y with the error of the product.
func (a *dd) addProduct(x, y float64) {
	p := x * y
	a.add(p)
	a.lo += math.FMA(x, y, -p)
}

func (a *dd) value() float64 { return a.hi + a.lo }

// moments accumulates count, mean and variance of ascending values.
type moments struct {
	n     int64
	shift float64 // the first value: squares stay small
	exp   int     // distances are in units of 2^exp, so that no square overflows or vanishes
	sum   dd      // of n·(x − shift)
	sq    dd      // of n·(x − shift)²
}

// Distances outside these bounds, in units of 2^exp, change the unit.
const (
	leastDistance = 0x1p-200
	mostDistance  = 0x1p300
)

func (m *moments) add(x float64, n int64) {
	if m.n == 0 {
		m.shift = x
	}
	m.n += n
	d := m.distance(x)
	if d < leastDistance && d > 0 && m.sum.hi == 0 {
		m.exp = math.Ilogb(d)
		d = m.distance(x)
	}
	for d > mostDistance && m.exp < 2000 { // also an infinite distance of two finite values
		m.rescale(600)
		d = m.distance(x)
	}
	m.sum.addProduct(d, float64(n))
	m.sq.addProduct(d*d, float64(n))
	// the rounding of d² itself
	m.sq.lo += float64(math.FMA(d, d, -float64(d*d)) * float64(n))
}

func (m *moments) distance(x float64) float64 {
	if m.exp <= 0 {
		return math.Ldexp(x-m.shift, -m.exp)
	}
	return math.Ldexp(x, -m.exp) - math.Ldexp(m.shift, -m.exp)
}

// rescale makes the unit 2^by times larger.
func (m *moments) rescale(by int) {
	m.exp += by
	for _, v := range []*float64{&m.sum.hi, &m.sum.lo} {
		*v = math.Ldexp(*v, -by)
	}
	for _, v := range []*float64{&m.sq.hi, &m.sq.lo} {
		*v = math.Ldexp(*v, -2*by)
	}
}

// mean returns NaN without values.
func (m *moments) mean() float64 {
	if m.n == 0 {
		return math.NaN()
	}
	if m.exp != 0 {
		return m.shift + math.Ldexp(m.sum.value()/float64(m.n), m.exp)
	}
	// (Σd + n·shift) / n in two doubles, rounded once: 1.8475, not 1.8475000000000001
	n, t := float64(m.n), m.sum
	t.addProduct(m.shift, n)
	q := t.hi / n
	if math.IsInf(q, 0) { // n·shift is beyond doubles
		return m.shift + m.sum.value()/n
	}
	return q + (math.FMA(-q, n, t.hi)+t.lo)/n
}

// stddev is the sample standard deviation (n − 1), NaN for fewer than two values.
func (m *moments) stddev() float64 {
	if m.n < 2 {
		return math.NaN()
	}
	n := float64(m.n)
	// Σd² − (Σd)²/n, the second term in two doubles as well
	var ss dd
	ss.add(m.sq.hi)
	ss.lo += m.sq.lo
	q := m.sum.hi / n
	r := math.FMA(-q, n, m.sum.hi)/n + m.sum.lo/n // q + r = Σd/n
	p := m.sum.hi * q
	ss.add(-p)
	ss.lo -= math.FMA(m.sum.hi, q, -p) + m.sum.hi*r + m.sum.lo*q
	return math.Ldexp(math.Sqrt(max(0, ss.value())/(n-1)), m.exp)
}

// quantiles picks type 7 quantiles from ascending values whose number is known:
// h = (n − 1)·p, linear between the neighbours (Hyndman & Fan 1996).
type quantiles struct {
	want []quantile
	seen int64
}

type quantile struct {
	index  int64   // ⌊h⌋
	frac   float64 // h − ⌊h⌋
	lo, hi float64
}

// newQuantiles takes the probabilities in percent, as integers, so that h is exact.
func newQuantiles(n int64, percents ...int64) *quantiles {
	q := &quantiles{want: make([]quantile, len(percents))}
	for i, p := range percents {
		h, rem := (n-1)/100*p, (n-1)%100*p
		q.want[i] = quantile{index: h + rem/100, frac: float64(rem%100) / 100, lo: math.NaN(), hi: math.NaN()}
	}
	return q
}

func (q *quantiles) add(x float64, n int64) {
	for i := range q.want {
		w := &q.want[i]
		if w.index >= q.seen && w.index < q.seen+n {
			w.lo = x
		}
		if w.index+1 >= q.seen && w.index+1 < q.seen+n {
			w.hi = x
		}
	}
	q.seen += n
}

func (q *quantiles) value(i int) float64 {
	w := q.want[i]
	if w.frac == 0 || w.lo == w.hi {
		return w.lo
	}
	return w.lo + float64((w.hi-w.lo)*w.frac)
}
