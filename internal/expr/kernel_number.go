package expr

import (
	"math"
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// arithOp is + - * / % on two vectors of one physical kind.
type arithOp struct {
	id   int
	op   Op
	l, r op
}

func (o *arithOp) eval(s *Scratch, b *batch) vec {
	f := &s.bufs[o.id]
	l, r := o.l.eval(s, b), o.r.eval(s, b)
	valid := f.both(l.valid, r.valid, b.n)
	if l.f64 != nil {
		f.f64 = frame.Grow(f.f64, b.n)
		floatArith(o.op, l.f64, r.f64, f.f64)
		if out := f.finite(f.f64, valid); out != nil {
			valid = out
		}
		return vec{f64: f.f64, valid: valid}
	}
	f.i64 = frame.Grow(f.i64, b.n)
	return vec{i64: f.i64, valid: intArith(f, o.op, l.i64, r.i64, valid)}
}

func floatArith(op Op, x, y, z []float64) {
	x, y = x[:len(z)], y[:len(z)]
	switch op {
	case OpAdd:
		for i, v := range x {
			z[i] = v + y[i]
		}
	case OpSub:
		for i, v := range x {
			z[i] = v - y[i]
		}
	case OpMul:
		for i, v := range x {
			z[i] = v * y[i]
		}
	case OpDiv: // x/0 is infinite or NaN, and so null
		for i, v := range x {
			z[i] = v / y[i]
		}
	}
}

// intArith computes in 64 bits; rows whose result does not fit, or that divide by
// zero, become null. It returns the new validity.
func intArith(f *buf, op Op, x, y []int64, valid []byte) []byte {
	z := f.i64
	x, y = x[:len(z)], y[:len(z)]
	own := false
	lose := func(i int) {
		if valid == nil || !own {
			// both may have put the bitmap into f.valid already; copying it onto itself is harmless.
			valid = f.copyValid(valid, len(z))
			own = true
		}
		frame.ClearBit(valid, i)
	}
	switch op {
	case OpAdd:
		for i, v := range x {
			s := v + y[i]
			z[i] = s
			if (v^s)&(y[i]^s) < 0 {
				lose(i)
			}
		}
	case OpSub:
		for i, v := range x {
			s := v - y[i]
			z[i] = s
			if (v^y[i])&(v^s) < 0 {
				lose(i)
			}
		}
	case OpMul:
		for i, v := range x {
			p, ok := mulInt(v, y[i])
			z[i] = p
			if !ok {
				lose(i)
			}
		}
	case OpMod:
		for i, v := range x {
			if y[i] == 0 {
				lose(i)
				z[i] = 0
				continue
			}
			z[i] = v % y[i]
		}
	}
	return valid
}

// mulInt multiplies and reports whether the product fits.
func mulInt(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	// The unsigned product corrected to the signed one: its upper half must repeat the sign.
	h := int64(hi)
	if a < 0 {
		h -= b
	}
	if b < 0 {
		h -= a
	}
	return int64(lo), h == int64(lo)>>63
}

// intMapOp maps each integer by fn, whose second result says whether there is one.
type intMapOp struct {
	id int
	x  op
	fn func(int64) (int64, bool)
}

func (o *intMapOp) eval(s *Scratch, b *batch) vec {
	f := &s.bufs[o.id]
	x := o.x.eval(s, b)
	f.i64 = frame.Grow(f.i64, b.n)
	valid, own := x.valid, false
	for i, v := range x.i64[:b.n] {
		r, ok := o.fn(v)
		f.i64[i] = r
		if !ok {
			if !own {
				valid, own = f.copyValid(valid, b.n), true
			}
			frame.ClearBit(valid, i)
		}
	}
	return vec{i64: f.i64, valid: valid}
}

// floatMapOp maps each number by fn; results that are not finite are null.
type floatMapOp struct {
	id int
	x  op
	fn func(float64) float64
}

func (o *floatMapOp) eval(s *Scratch, b *batch) vec {
	f := &s.bufs[o.id]
	x := o.x.eval(s, b)
	f.f64 = frame.Grow(f.f64, b.n)
	for i, v := range x.f64[:b.n] {
		f.f64[i] = o.fn(v)
	}
	return vec{f64: f.f64, valid: f.finite(f.f64, x.valid)}
}

// toFloatOp makes numbers of integers (scale 1) or money (scale 10⁴).
type toFloatOp struct {
	id    int
	x     op
	scale float64
}

func (o *toFloatOp) eval(s *Scratch, b *batch) vec {
	f := &s.bufs[o.id]
	x := o.x.eval(s, b)
	f.f64 = frame.Grow(f.f64, b.n)
	for i, v := range x.i64[:b.n] {
		f.f64[i] = float64(v) / o.scale
	}
	return vec{f64: f.f64, valid: x.valid}
}

// roundFloat is round(x, digits) of the package comment; p is 10^digits.
func roundFloat(p float64) func(float64) float64 {
	return func(x float64) float64 {
		y := x * p
		if !(math.Abs(y) < 1<<52) {
			return x
		}
		return math.Round(y)/p + 0
	}
}

// roundMoney rounds units to a multiple of step, half away from zero; ok is false
// when the result does not fit.
func roundMoney(step int64) func(int64) (int64, bool) {
	return func(v int64) (int64, bool) {
		rest := v % step
		base := v - rest
		switch {
		case rest >= step-rest && rest > 0:
			return base + step, base <= math.MaxInt64-step
		case -rest >= step+rest && rest < 0:
			return base - step, base >= math.MinInt64+step
		}
		return base, true
	}
}

func floorMoney(v int64) (int64, bool) {
	r := v % moneyScale
	if r < 0 {
		r += moneyScale
	}
	return v - r, v >= math.MinInt64+r
}

func ceilMoney(v int64) (int64, bool) {
	r := v % moneyScale
	if r > 0 {
		return v - r + moneyScale, v-r <= math.MaxInt64-moneyScale
	}
	return v - r, true
}

func absInt(v int64) (int64, bool) {
	if v < 0 {
		return -v, v != math.MinInt64
	}
	return v, true
}

func negInt(v int64) (int64, bool) { return -v, v != math.MinInt64 }

func times(scale int64) func(int64) (int64, bool) {
	return func(v int64) (int64, bool) { return mulInt(v, scale) }
}
