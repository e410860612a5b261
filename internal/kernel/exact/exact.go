// Package exact adds numbers without rounding, so that a sum does not depend
// on the order of its terms.
//
// Int128 adds 64-bit integers in 128 bits. Fixed adds doubles as 128-bit fixed
// point numbers of 75 binary places: every double of magnitude 2⁻²² or more
// (and many smaller ones) is such a number exactly, and sums up to 2⁵² fit. Terms
// that are not say so, and the caller turns to Super, which holds every double
// exactly (U. Kulisch, Computer Arithmetic and Validity, 2nd ed., ch. 8).
package exact

import (
	"math"
	"math/big"
	"math/bits"
)

// Int128 is a 128-bit two's complement integer. The zero value is 0.
type Int128 struct {
	Hi int64
	Lo uint64
}

// Add adds v. 2⁶³ terms may be added before the sum could overflow.
func (a *Int128) Add(v int64) {
	lo, c := bits.Add64(a.Lo, uint64(v), 0)
	a.Lo = lo
	a.Hi += v>>63 + int64(c)
}

// Merge adds another sum.
func (a *Int128) Merge(o Int128) {
	lo, c := bits.Add64(a.Lo, o.Lo, 0)
	a.Lo = lo
	a.Hi += o.Hi + int64(c)
}

// Int64 returns the value; ok is false when 64 bits do not hold it.
func (a Int128) Int64() (v int64, ok bool) {
	v = int64(a.Lo)
	return v, a.Hi == v>>63
}

// Float returns the nearest double to value × 2^exp, ties to even.
func (a Int128) Float(exp int) float64 {
	neg := a.Hi < 0
	hi, lo := uint64(a.Hi), a.Lo
	if neg {
		var c uint64
		lo, c = bits.Add64(^lo, 1, 0)
		hi = ^hi + c
	}
	if hi != 0 {
		n := bits.LeadingZeros64(hi)
		s := 64 - n
		top := hi<<n | lo>>s // n = 0 shifts by 64, which gives 0 in Go
		if lo<<n != 0 {
			top |= 1 // sticky: far below the rounding position of a double
		}
		lo, exp = top, exp+s
	}
	f := math.Ldexp(float64(lo), exp)
	if neg {
		return -f
	}
	return f
}

// FixedExp is the weight of the last place of a Fixed: 2^FixedExp.
const FixedExp = -75

// Fixed is a sum of doubles in 128-bit fixed point. The zero value is 0.
type Fixed struct{ Int128 }

// fixedTerm is the greatest exponent of a term: 2²⁰ terms of 2³² fit.
const fixedTerm = 32

// AddFloat adds v; ok is false, and the sum unchanged, when v is not finite,
// not a multiple of 2⁻⁷⁵, or 2³² and more. The caller counts the terms: after
// 2¹⁹ of them in one sum it asks Near.
func (a *Fixed) AddFloat(v float64) (ok bool) {
	b := math.Float64bits(v)
	e := int(b>>52) & 0x7ff
	m := b & (1<<52 - 1)
	if e == 0 {
		return m == 0 // zeros yes, subnormal numbers no
	}
	m |= 1 << 52
	s := e - 1075 - FixedExp // v = m × 2^(e-1075)
	var hi, lo uint64
	switch {
	case e-1022 > fixedTerm:
		return false
	case s >= 64:
		hi = m << (s - 64)
	case s >= 0:
		lo = m << s
		hi = m >> (64 - s)
	case s > -53:
		if m<<(64+s) != 0 {
			return false
		}
		lo = m >> -s
	default:
		return false
	}
	neg := uint64(int64(b) >> 63)
	lo, hi = lo^neg, hi^neg
	lo, c := bits.Add64(lo, neg&1, 0)
	hi += c
	sum, c := bits.Add64(a.Lo, lo, 0)
	a.Lo = sum
	a.Hi += int64(hi + c)
	return true
}

// Near reports whether 2¹⁹ more terms could overflow the sum.
func (a *Fixed) Near() bool { return a.Hi >= 1<<62 || a.Hi < -1<<62 }

// Float returns the sum, rounded once.
func (a Fixed) Float() float64 { return a.Int128.Float(FixedExp) }

// Super holds any sum of finite doubles exactly: 2¹⁰²⁴ down to 2⁻¹⁰⁷⁴ in limbs
// of 32 bits kept in 64, so that 2³¹ terms may be added between two carries.
// The zero value is 0.
type Super struct {
	limbs [67]int64
	terms int
}

// Add adds a finite v.
func (a *Super) Add(v float64) {
	b := math.Float64bits(v)
	e := int(b>>52) & 0x7ff
	m := b & (1<<52 - 1)
	if e != 0 {
		m |= 1 << 52
		e--
	}
	i, s := e>>5, e&31
	lo := m << s
	hi := m >> (64 - s)
	sign := 1 - 2*int64(b>>63)
	a.limbs[i] += sign * int64(lo&0xffffffff)
	a.limbs[i+1] += sign * int64(lo>>32)
	a.limbs[i+2] += sign * int64(hi)
	if a.terms++; a.terms == 1<<30 {
		a.carry()
	}
}

// carry brings every limb but the last into 32 bits.
func (a *Super) carry() {
	c := int64(0)
	for i := range a.limbs[:len(a.limbs)-1] {
		v := a.limbs[i] + c
		a.limbs[i] = v & 0xffffffff
		c = v >> 32
	}
	a.limbs[len(a.limbs)-1] += c
	a.terms = 0
}

// Merge adds another sum.
func (a *Super) Merge(o *Super) {
	a.carry()
	o.carry()
	for i, l := range o.limbs {
		a.limbs[i] += l
	}
	a.terms = 2
}

// Float returns the sum, rounded once; ±Inf when it exceeds every double.
func (a *Super) Float() float64 {
	a.carry()
	x := new(big.Int)
	limb := new(big.Int)
	for i := len(a.limbs) - 1; i >= 0; i-- {
		x.Lsh(x, 32)
		x.Add(x, limb.SetInt64(a.limbs[i]))
	}
	f := new(big.Float).SetInt(x)
	f.SetMantExp(f, -1074)
	v, _ := f.Float64()
	return v
}
