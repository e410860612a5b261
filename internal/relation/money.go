package relation

import (
	"math"
	"math/big"
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// moneyScale is the number of decimal digits of money.
const moneyScale = 4

// moneyCalc computes the money of lines: amount, or quantity × price −
// discount, rounded half away from zero to 10⁻⁴. If any operand is a double the
// arithmetic is in doubles (one rounding per operation, as in SQL), else it is exact.
type moneyCalc struct {
	out   []int64
	valid []byte
	nulls bool
	a, b  big.Int // scratch for products beyond 64 bits
	f     [3][]float64
}

// run fills out and valid for n rows; amount or quantity and price are set,
// discount may be nil. A null discount counts as 0.
func (m *moneyCalc) run(n int, amount, quantity, price, discount *frame.Column) {
	m.out = frame.Grow(m.out, n)
	m.valid = frame.Grow(m.valid, (n+63)>>6<<3)
	m.nulls = false
	if amount != nil {
		m.andValid(n, amount, nil)
		if amount.Kind == frame.Float {
			m.round(amount.F64[:n], nil, nil)
		} else {
			m.exactAmount(n, amount)
		}
		return
	}
	m.andValid(n, quantity, price)
	float := quantity.Kind == frame.Float || price.Kind == frame.Float || (discount != nil && discount.Kind == frame.Float)
	if !float {
		m.exactProduct(n, quantity, price, discount)
		return
	}
	p := m.asFloats(0, n, price)
	var d []float64
	if discount != nil {
		d = m.discounts(n, discount)
	}
	if quantity.Kind == frame.Int && d == nil && !quantity.Unsigned() {
		m.roundInt(quantity.I64[:n], p)
		return
	}
	m.round(p, m.asFloats(1, n, quantity), d)
}

// andValid sets valid to the rows where a and b are not null.
func (m *moneyCalc) andValid(n int, a, b *frame.Column) {
	nb := (n + 7) >> 3
	fill(m.valid, 0xff)
	for _, c := range [...]*frame.Column{a, b} {
		if c == nil || (c.Valid == nil && c.Kind != frame.Null) {
			continue
		}
		m.nulls = true
		if c.Kind == frame.Null {
			clear(m.valid)
			continue
		}
		for i, v := range c.Valid[:nb] {
			m.valid[i] &= v
		}
	}
}

// no marks row i as without computable money.
func (m *moneyCalc) no(i int) {
	m.out[i] = 0
	m.nulls = true
	frame.ClearBit(m.valid, i)
}

// asFloats gives a column's values as doubles, in scratch k if it must convert.
func (m *moneyCalc) asFloats(k, n int, c *frame.Column) []float64 {
	if c.Kind == frame.Float {
		return c.F64[:n]
	}
	m.f[k] = frame.Grow(m.f[k], n)
	out := m.f[k]
	switch {
	case c.Kind == frame.Decimal:
		decimalFloats(c, out)
	case c.Unsigned():
		for i, x := range c.I64[:n] {
			out[i] = float64(uint64(x))
		}
	default:
		for i, x := range c.I64[:n] {
			out[i] = float64(x)
		}
	}
	return out
}

// discounts gives the discounts as doubles, 0 where null.
func (m *moneyCalc) discounts(n int, c *frame.Column) []float64 {
	d := m.asFloats(2, n, c)
	if c.Valid == nil {
		return d
	}
	m.f[2] = frame.Grow(m.f[2], n)
	for i := range d {
		if m.f[2][i] = d[i]; c.IsNull(i) {
			m.f[2][i] = 0
		}
	}
	return m.f[2]
}

// wildBits are the bits of 2^63: at and above them a magnitude is beyond int64,
// infinite or no number.
const wildBits = (1023 + 63) << 52

// roundInt is the usual case: whole quantities times prices in doubles.
func (m *moneyCalc) roundInt(q []int64, p []float64) {
	out := m.out[:len(p)]
	q = q[:len(p)]
	top := uint64(0)
	for i, x := range p {
		v := float64(float64(float64(q[i])*x) * 1e4)
		t := int64(v)
		// The remainder of a double below 2^53 is exact; above there is none.
		r := v - float64(t)
		out[i] = t + int64(r+r)
		top = max(top, math.Float64bits(v)&^(1<<63))
	}
	if top >= wildBits {
		m.dropWild(p, q, nil, nil)
	}
}

// round rounds p × q − d (q and d may be nil) to money.
func (m *moneyCalc) round(p, q, d []float64) {
	top := uint64(0)
	for i, x := range p {
		if q != nil {
			x = float64(x * q[i])
		}
		if d != nil {
			x = float64(x - d[i])
		}
		v := float64(x * 1e4)
		t := int64(v)
		r := v - float64(t)
		m.out[i] = t + int64(r+r)
		top = max(top, math.Float64bits(v)&^(1<<63))
	}
	if top >= wildBits {
		m.dropWild(p, nil, q, d)
	}
}

// dropWild finds again the rows whose money is beyond 64 bits or no number.
func (m *moneyCalc) dropWild(p []float64, qi []int64, q, d []float64) {
	for i, x := range p {
		if qi != nil {
			x *= float64(qi[i])
		}
		if q != nil {
			x = float64(x * q[i])
		}
		if d != nil {
			x = float64(x - d[i])
		}
		if !(math.Abs(x*1e4) < 1<<63) {
			m.no(i)
		}
	}
}

// exactAmount scales integers and decimals to money.
func (m *moneyCalc) exactAmount(n int, c *frame.Column) {
	scale := int(c.Scale())
	if c.Kind != frame.Decimal {
		scale = 0
	}
	for i := range m.out[:n] {
		if c.IsNull(i) {
			m.out[i] = 0
			continue
		}
		if c.I64 != nil && !(c.Unsigned() && c.I64[i] < 0) {
			if v, ok := rescale(c.I64[i], scale); ok {
				m.out[i] = v
				continue
			}
		}
		m.a.Set(bigOf(c, i, &m.b))
		m.settle(i, scale)
	}
}

// exactProduct multiplies integers and decimals without loss.
func (m *moneyCalc) exactProduct(n int, q, p, d *frame.Column) {
	scale := int(q.Scale() + p.Scale())
	dscale := 0
	if d != nil {
		dscale = int(d.Scale())
	}
	small := q.I64 != nil && p.I64 != nil && !q.Unsigned() && !p.Unsigned() && (d == nil || (d.I64 != nil && !d.Unsigned())) && dscale <= scale
	for i := range m.out[:n] {
		if !frame.Bit(m.valid, i) {
			m.out[i] = 0
			continue
		}
		if small {
			if v, ok := mul64(q.I64[i], p.I64[i]); ok {
				if d != nil && !d.IsNull(i) {
					var x int64
					if x, ok = rescaleUp(d.I64[i], scale-dscale); ok {
						v, ok = sub64(v, x)
					}
				}
				if ok {
					if v, ok = rescale(v, scale); ok {
						m.out[i] = v
						continue
					}
				}
			}
		}
		m.bigProduct(i, q, p, d, scale, dscale)
	}
}

// bigProduct computes one row in arbitrary precision.
func (m *moneyCalc) bigProduct(i int, q, p, d *frame.Column, scale, dscale int) {
	m.a.Set(bigOf(q, i, &m.b))
	m.a.Mul(&m.a, bigOf(p, i, &m.b))
	if d != nil && !d.IsNull(i) {
		x := bigOf(d, i, &m.b)
		if dscale > scale {
			m.a.Mul(&m.a, bigPow(dscale-scale))
			scale = dscale
		} else if dscale < scale {
			x.Mul(x, bigPow(scale-dscale))
		}
		m.a.Sub(&m.a, x)
	}
	m.settle(i, scale)
}

// settle rounds the scratch value of the given scale into row i.
func (m *moneyCalc) settle(i, scale int) {
	switch {
	case scale < moneyScale:
		m.a.Mul(&m.a, bigPow(moneyScale-scale))
	case scale > moneyScale:
		k := bigPow(scale - moneyScale)
		half := new(big.Int).Rsh(k, 1) // k is even
		if m.a.Sign() < 0 {
			half.Neg(half)
		}
		m.a.Add(&m.a, half)
		m.a.Quo(&m.a, k)
	}
	if !m.a.IsInt64() {
		m.no(i)
		return
	}
	m.out[i] = m.a.Int64()
}

// bigOf returns the unscaled value of row i, in tmp.
func bigOf(c *frame.Column, i int, tmp *big.Int) *big.Int {
	switch {
	case c.I64 == nil:
		return tmp.Set(c.D128[i].BigInt())
	case c.Unsigned():
		return tmp.SetUint64(uint64(c.I64[i]))
	}
	return tmp.SetInt64(c.I64[i])
}

// bigPow returns 10^n.
func bigPow(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// mul64 multiplies and reports whether the product fits.
func mul64(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	// Signed upper half: subtract the cross terms of the negative operands.
	h := int64(hi) - (a>>63)&b - (b>>63)&a
	return int64(lo), h == int64(lo)>>63
}

// sub64 subtracts and reports whether the difference fits.
func sub64(a, b int64) (int64, bool) {
	d := a - b
	return d, (a^b)&(a^d) >= 0
}

// rescaleUp multiplies by 10^n.
func rescaleUp(x int64, n int) (int64, bool) {
	if n >= len(ipow10) {
		return 0, x == 0
	}
	return mul64(x, ipow10[n])
}

// rescale brings a value of a scale to money, half away from zero.
func rescale(x int64, scale int) (int64, bool) {
	if scale <= moneyScale {
		return rescaleUp(x, moneyScale-scale)
	}
	n := scale - moneyScale
	if n >= len(ipow10) {
		return 0, false
	}
	k := ipow10[n]
	v, r := x/k, x%k
	switch {
	case r >= k-k/2:
		v++
	case r <= -(k - k/2):
		v--
	}
	return v, true
}
