package relation

import (
	"math"
	"math/big"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// halfAway rounds an exact number to an integer, half away from zero; ok is
// false when it does not fit int64.
func halfAway(x *big.Rat) (int64, bool) {
	neg := x.Sign() < 0
	a := new(big.Rat).Abs(x)
	a.Add(a, big.NewRat(1, 2))
	q := new(big.Int).Quo(a.Num(), a.Denom())
	if neg {
		q.Neg(q)
	}
	return q.Int64(), q.IsInt64()
}

// interesting doubles: prices, halves of 10⁻⁴, and the edges of exactness.
func double(t *rapid.T, name string) float64 {
	switch rapid.IntRange(0, 4).Draw(t, name+" kind") {
	case 0:
		return float64(rapid.IntRange(-99999, 99999).Draw(t, name)) / 100
	case 1:
		return (float64(rapid.IntRange(-99999, 99999).Draw(t, name)) + 0.5) / 10000
	case 2:
		return math.Ldexp(float64(rapid.Int64().Draw(t, name)), rapid.IntRange(-80, 10).Draw(t, "exp"))
	case 3:
		return rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 0.49999999999999994 / 10000, 922337203685477.58, 1e300, -1e300, 5e-324}).Draw(t, name)
	}
	return rapid.Float64().Draw(t, name)
}

func TestFloatMoney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.OneOf(rapid.Int64Range(-100, 100), rapid.Int64()).Draw(t, "q")
		p, d := double(t, "p"), double(t, "d")
		hasD, asAmount, floatQ := rapid.Bool().Draw(t, "discount"), rapid.Bool().Draw(t, "amount"), rapid.Bool().Draw(t, "float q")
		price := memtest.Column(arrow.PrimitiveTypes.Float64, p)
		quantity := memtest.Column(arrow.PrimitiveTypes.Int64, q)
		if floatQ {
			quantity = memtest.Column(arrow.PrimitiveTypes.Float64, float64(q))
		}
		discount := memtest.Column(arrow.PrimitiveTypes.Float64, d)
		var m moneyCalc
		v := p
		switch {
		case asAmount:
			m.run(1, &price, nil, nil, nil)
		case hasD:
			v = float64(p*float64(q)) - d
			m.run(1, nil, &quantity, &price, &discount)
		default:
			v = p * float64(q)
			m.run(1, nil, &quantity, &price, nil)
		}
		v *= 1e4
		ok, want := false, int64(0)
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			want, ok = halfAway(new(big.Rat).SetFloat64(v))
			ok = ok && math.Abs(v) < 1<<63
		}
		if frame.Bit(m.valid, 0) != ok || (ok && m.out[0] != want) {
			t.Fatalf("%v → %d %v, want %d %v", v, m.out[0], frame.Bit(m.valid, 0), want, ok)
		}
	})
}

// decimal draws a decimal column of one value, held in 64 or 128 bits.
func decimal(t *rapid.T, name string) (frame.Column, *big.Rat) {
	x := rapid.OneOf(rapid.Int64Range(-100000, 100000), rapid.Int64()).Draw(t, name)
	scale := rapid.Int32Range(0, 12).Draw(t, name+" scale")
	exact := new(big.Rat).SetFrac(big.NewInt(x), bigPow(int(scale)))
	if rapid.Bool().Draw(t, name+" whole") {
		return memtest.Column(arrow.PrimitiveTypes.Int64, x), new(big.Rat).SetInt64(x)
	}
	c := memtest.Column(&arrow.Decimal128Type{Precision: 38, Scale: scale}, x)
	if rapid.Bool().Draw(t, name+" wide") {
		c.I64, c.D128 = nil, []decimal128.Num{decimal128.FromI64(x)}
	}
	return c, exact
}

func TestExactMoney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, qr := decimal(t, "q")
		p, pr := decimal(t, "p")
		d, dr := decimal(t, "d")
		var m moneyCalc
		exact := new(big.Rat)
		switch rapid.IntRange(0, 2).Draw(t, "form") {
		case 0:
			exact.Set(pr)
			m.run(1, &p, nil, nil, nil)
		case 1:
			exact.Mul(qr, pr)
			m.run(1, nil, &q, &p, nil)
		case 2:
			exact.Sub(exact.Mul(qr, pr), dr)
			m.run(1, nil, &q, &p, &d)
		}
		want, ok := halfAway(exact.Mul(exact, big.NewRat(10000, 1)))
		if frame.Bit(m.valid, 0) != ok || (ok && m.out[0] != want) {
			t.Fatalf("%v → %d %v, want %d %v", exact, m.out[0], frame.Bit(m.valid, 0), want, ok)
		}
	})
}

func TestMoneyNulls(t *testing.T) {
	q := memtest.Column(arrow.PrimitiveTypes.Int64, 2, nil, 2, 2)
	p := memtest.Column(arrow.PrimitiveTypes.Float64, 1.5, 1.5, nil, 1.5)
	d := memtest.Column(arrow.PrimitiveTypes.Float64, 0.5, 0.5, 0.5, nil)
	var m moneyCalc
	m.run(4, nil, &q, &p, &d)
	if m.out[0] != 25000 || m.out[3] != 30000 || m.valid[0]&15 != 0b1001 {
		t.Errorf("%v %04b", m.out, m.valid[0]&15)
	}
}
