package expr

import (
	"bytes"
	"slices"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// number is what comparison kernels are made for: integers, money and times in
// int64, numbers in float64 (finite where valid).
type number interface{ int64 | float64 }

// cmpConst writes x[i] op c into t. One loop per operation keeps the branch out of
// the loop; the compiler turns each body into a flag-setting instruction.
func cmpConst[T number](op Op, x []T, c T, t []uint8) {
	t = t[:len(x)]
	switch op {
	case OpEq:
		for i, v := range x {
			var b uint8
			if v == c {
				b = 1
			}
			t[i] = b << 1
		}
	case OpNe:
		for i, v := range x {
			var b uint8
			if v != c {
				b = 1
			}
			t[i] = b << 1
		}
	case OpLt:
		for i, v := range x {
			var b uint8
			if v < c {
				b = 1
			}
			t[i] = b << 1
		}
	case OpLe:
		for i, v := range x {
			var b uint8
			if v <= c {
				b = 1
			}
			t[i] = b << 1
		}
	case OpGt:
		for i, v := range x {
			var b uint8
			if v > c {
				b = 1
			}
			t[i] = b << 1
		}
	case OpGe:
		for i, v := range x {
			var b uint8
			if v >= c {
				b = 1
			}
			t[i] = b << 1
		}
	}
}

// cmpVec writes x[i] op y[i] into t.
func cmpVec[T number](op Op, x, y []T, t []uint8) {
	t, y = t[:len(x)], y[:len(x)]
	switch op {
	case OpEq:
		for i, v := range x {
			var b uint8
			if v == y[i] {
				b = 1
			}
			t[i] = b << 1
		}
	case OpNe:
		for i, v := range x {
			var b uint8
			if v != y[i] {
				b = 1
			}
			t[i] = b << 1
		}
	case OpLt, OpGe:
		cmpLess(x, y, t)
	case OpGt, OpLe:
		cmpLess(y, x, t)
	}
	if op == OpGe || op == OpLe { // both are finite, so these are the negations
		for i := range t {
			t[i] ^= yes
		}
	}
}

func cmpLess[T number](x, y []T, t []uint8) {
	y, t = y[:len(x)], t[:len(x)]
	for i, v := range x {
		var b uint8
		if v < y[i] {
			b = 1
		}
		t[i] = b << 1
	}
}

// compareOp compares two vectors of one type.
type compareOp struct {
	id   int
	op   Op
	typ  Type
	l, r op
	c    *Literal // the right side when it is a constant number
}

func (o *compareOp) eval(s *Scratch, b *batch) vec {
	t := s.bufs[o.id].triBuf(b.n)
	l := o.l.eval(s, b)
	if o.c != nil {
		if o.typ == Float {
			cmpConst(o.op, l.f64, o.c.F, t)
		} else {
			cmpConst(o.op, l.i64, o.c.I, t)
		}
		maskNulls(t, l.valid)
		return vec{tri: t}
	}
	r := o.r.eval(s, b)
	compareVecs(o.op, o.typ, &l, &r, t)
	return vec{tri: t}
}

// compareVecs writes the truth of l op r into t.
func compareVecs(op Op, typ Type, l, r *vec, t []uint8) {
	switch typ {
	case Bool:
		cmpTri(op, l.tri, r.tri, t)
		return
	case Text:
		cmpText(op, l, r, t)
		return
	case Float:
		cmpVec(op, l.f64, r.f64, t)
	default:
		cmpVec(op, l.i64, r.i64, t)
	}
	maskNulls(t, l.valid)
	maskNulls(t, r.valid)
}

// rangeOp is x between lo and hi. Every part is evaluated once.
type rangeOp struct {
	id        int
	typ       Type
	x, lo, hi op
}

func (o *rangeOp) eval(s *Scratch, b *batch) vec {
	f := &s.bufs[o.id]
	x, lo, hi := o.x.eval(s, b), o.lo.eval(s, b), o.hi.eval(s, b)
	t := f.triBuf(b.n)
	f.tri2 = frame.Grow(f.tri2, b.n)
	compareVecs(OpGe, o.typ, &x, &lo, t)
	compareVecs(OpLe, o.typ, &x, &hi, f.tri2)
	for i, v := range f.tri2 {
		t[i] = min(t[i], v)
	}
	return vec{tri: t}
}

func cmpTri(op Op, x, y, t []uint8) {
	for i := range t {
		switch {
		case x[i] == maybe || y[i] == maybe:
			t[i] = maybe
		case (x[i] == y[i]) == (op == OpEq):
			t[i] = yes
		default:
			t[i] = no
		}
	}
}

func cmpText(op Op, x, y *vec, t []uint8) {
	for i := range t {
		if x.null(i) || y.null(i) {
			t[i] = maybe
			continue
		}
		t[i] = no
		if holds(op, bytes.Compare(x.str(i), y.str(i))) {
			t[i] = yes
		}
	}
}

// holds reports whether a comparison with result c (-1, 0, 1) satisfies op.
func holds(op Op, c int) bool {
	switch op {
	case OpEq:
		return c == 0
	case OpNe:
		return c != 0
	case OpLt:
		return c < 0
	case OpLe:
		return c <= 0
	case OpGt:
		return c > 0
	}
	return c >= 0
}

// textOp is a predicate on one text: comparison with a constant, in, like, matches, …
type textOp struct {
	id int
	x  op
	fn func([]byte) bool
}

func (o *textOp) eval(s *Scratch, b *batch) vec {
	x := o.x.eval(s, b)
	t := s.bufs[o.id].triBuf(b.n)
	for i := range t {
		if x.null(i) {
			t[i] = maybe
			continue
		}
		t[i] = no
		if o.fn(x.str(i)) {
			t[i] = yes
		}
	}
	return vec{tri: t}
}

// inOp tests numbers against a sorted list of constants.
type inOp struct {
	id    int
	x     op
	ints  []int64   // sorted; nil for Float
	nums  []float64 // sorted
	small bool      // few enough to compare with each
}

func (o *inOp) eval(s *Scratch, b *batch) vec {
	x := o.x.eval(s, b)
	t := s.bufs[o.id].triBuf(b.n)
	if x.f64 != nil {
		inList(x.f64, o.nums, o.small, t)
	} else {
		inList(x.i64, o.ints, o.small, t)
	}
	maskNulls(t, x.valid)
	return vec{tri: t}
}

func inList[T number](x, list []T, small bool, t []uint8) {
	if small {
		clear(t)
		for _, c := range list {
			for i, v := range x {
				var b uint8
				if v == c {
					b = 1
				}
				t[i] |= b << 1
			}
		}
		return
	}
	for i, v := range x {
		t[i] = no
		if _, ok := slices.BinarySearch(list, v); ok {
			t[i] = yes
		}
	}
}

// logicOp is and (or false) or or over truth vectors.
type logicOp struct {
	id   int
	or   bool
	args []op
}

func (o *logicOp) eval(s *Scratch, b *batch) vec {
	t := s.bufs[o.id].triBuf(b.n)
	copy(t, o.args[0].eval(s, b).tri)
	for _, a := range o.args[1:] {
		x := a.eval(s, b).tri[:len(t)]
		if o.or {
			for i, v := range x {
				t[i] = max(t[i], v)
			}
		} else {
			for i, v := range x {
				t[i] = min(t[i], v)
			}
		}
	}
	return vec{tri: t}
}

// notOp negates a truth vector.
type notOp struct {
	id int
	x  op
}

func (o *notOp) eval(s *Scratch, b *batch) vec {
	x := o.x.eval(s, b).tri
	t := s.bufs[o.id].triBuf(b.n)
	for i, v := range x[:len(t)] {
		t[i] = yes - v
	}
	return vec{tri: t}
}

// nullOp is is null, or with not is not null.
type nullOp struct {
	id  int
	not bool
	x   op
}

func (o *nullOp) eval(s *Scratch, b *batch) vec {
	x := o.x.eval(s, b)
	t := s.bufs[o.id].triBuf(b.n)
	for i := range t {
		isNull := false
		if x.tri != nil {
			isNull = x.tri[i] == maybe
		} else {
			isNull = x.null(i)
		}
		t[i] = no
		if isNull != o.not {
			t[i] = yes
		}
	}
	return vec{tri: t}
}
