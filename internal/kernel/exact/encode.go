package exact

import (
	"encoding/binary"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Append writes the sum, 16 bytes, behind b.
func (a Int128) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(a.Hi))
	return binary.LittleEndian.AppendUint64(b, a.Lo)
}

// ParseInt128 reads what Append wrote and returns what follows it.
func ParseInt128(b []byte) (a Int128, rest []byte, err error) {
	if len(b) < 16 {
		return a, nil, fault.New(fault.Input, "a stored sum is cut off")
	}
	return Int128{Hi: int64(binary.LittleEndian.Uint64(b)), Lo: binary.LittleEndian.Uint64(b[8:])}, b[16:], nil
}

// Append writes the sum, one word a limb, behind b.
func (a *Super) Append(b []byte) []byte {
	a.carry()
	for _, l := range a.limbs {
		b = binary.LittleEndian.AppendUint64(b, uint64(l))
	}
	return b
}

// ParseSuper reads what Append wrote and returns what follows it.
func ParseSuper(b []byte) (a *Super, rest []byte, err error) {
	a = new(Super)
	if len(b) < 8*len(a.limbs) {
		return nil, nil, fault.New(fault.Input, "a stored sum is cut off")
	}
	for i := range a.limbs {
		a.limbs[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
	}
	a.terms = 1
	return a, b[8*len(a.limbs):], nil
}

// Sum adds doubles exactly: in fixed point as long as it holds them, else in full. The zero
// value is 0.
type Sum struct {
	fixed Fixed
	super *Super
}

// Add adds a finite v.
func (s *Sum) Add(v float64) {
	if s.fixed.AddFloat(v) {
		if s.fixed.Near() {
			s.widen()
		}
		return
	}
	s.widen()
	s.super.Add(v)
}

// widen moves the fixed part into the full sum.
func (s *Sum) widen() {
	if s.super == nil {
		s.super = new(Super)
	}
	s.fixed.addTo(s.super)
	s.fixed = Fixed{}
}

// addTo adds the value to a full sum, in pieces that are doubles exactly.
func (a Fixed) addTo(s *Super) {
	const half = 1<<32 - 1
	s.Add(math.Ldexp(float64(a.Hi>>32), FixedExp+96))
	s.Add(math.Ldexp(float64(a.Hi&half), FixedExp+64))
	s.Add(math.Ldexp(float64(a.Lo>>32), FixedExp+32))
	s.Add(math.Ldexp(float64(a.Lo&half), FixedExp))
}

// AddInt adds an integer sum.
func (s *Sum) AddInt(v Int128) {
	if v == (Int128{}) {
		return
	}
	s.widen()
	f := Fixed{v}
	const half = 1<<32 - 1
	s.super.Add(math.Ldexp(float64(f.Hi>>32), 96))
	s.super.Add(math.Ldexp(float64(f.Hi&half), 64))
	s.super.Add(math.Ldexp(float64(f.Lo>>32), 32))
	s.super.Add(float64(f.Lo & half))
}

// Merge adds another sum.
func (s *Sum) Merge(o *Sum) {
	s.fixed.Merge(o.fixed.Int128)
	if s.fixed.Near() {
		s.widen()
	}
	if o.super != nil {
		s.widen()
		s.super.Merge(o.super)
	}
}

// Float returns the sum, rounded once; ±Inf when it exceeds every double.
func (s *Sum) Float() float64 {
	if s.super == nil {
		return s.fixed.Float()
	}
	s.widen()
	return s.super.Float()
}

// Append writes the sum behind b.
func (s *Sum) Append(b []byte) []byte {
	b = s.fixed.Append(b)
	if s.super == nil {
		return append(b, 0)
	}
	return s.super.Append(append(b, 1))
}

// ParseSum reads what Append wrote and returns what follows it.
func ParseSum(b []byte) (s Sum, rest []byte, err error) {
	if s.fixed.Int128, b, err = ParseInt128(b); err != nil {
		return s, nil, err
	}
	if len(b) == 0 || b[0] > 1 {
		return s, nil, fault.New(fault.Input, "a stored sum is cut off")
	}
	if b[0] == 1 {
		s.super, b, err = ParseSuper(b[1:])
		return s, b, err
	}
	return s, b[1:], nil
}
