package expr

import "github.com/ecomctl/ecomctl/internal/frame"

// chooseOp gives in each row the value of one of several vectors of one type:
// case (the first branch whose condition is true), coalesce (the first that is
// not null), nullif (nothing where the two are equal).
type chooseOp struct {
	id    int
	typ   Type
	conds []op // case: as many as branches, or one fewer with else; nullif: the other value
	vals  []op
	mode  chooseMode
}

type chooseMode uint8

const (
	chooseCase chooseMode = iota
	chooseCoalesce
	chooseNullIf
)

// none marks rows that no branch takes.
const none = int32(-1)

func (o *chooseOp) eval(s *Scratch, b *batch) vec {
	f := &s.bufs[o.id]
	vals := make([]vec, len(o.vals))
	for i, v := range o.vals {
		vals[i] = v.eval(s, b)
	}
	f.off = frame.Grow(f.off, b.n)
	pick := f.off
	switch o.mode {
	case chooseCase:
		o.pickCase(s, b, pick)
	case chooseCoalesce:
		o.pickFirst(vals, pick)
	case chooseNullIf:
		other := o.conds[0].eval(s, b)
		t := f.triBuf(b.n)
		compareVecs(OpEq, o.typ, &vals[0], &other, t)
		for i := range pick {
			pick[i] = 0
			if t[i] == yes {
				pick[i] = none
			}
		}
	}
	return o.gather(f, vals, pick, b.n)
}

func (o *chooseOp) pickCase(s *Scratch, b *batch, pick []int32) {
	last := none
	if len(o.vals) > len(o.conds) {
		last = int32(len(o.conds))
	}
	for i := range pick {
		pick[i] = last
	}
	for k := len(o.conds) - 1; k >= 0; k-- {
		for i, t := range o.conds[k].eval(s, b).tri[:b.n] {
			if t == yes {
				pick[i] = int32(k)
			}
		}
	}
}

func (o *chooseOp) pickFirst(vals []vec, pick []int32) {
	for i := range pick {
		pick[i] = none
		for k := range vals {
			if o.typ == Bool && vals[k].tri[i] != maybe || o.typ != Bool && !vals[k].null(i) {
				pick[i] = int32(k)
				break
			}
		}
	}
}

func (o *chooseOp) gather(f *buf, vals []vec, pick []int32, n int) vec {
	switch o.typ {
	case Bool:
		f.tri2 = frame.Grow(f.tri2, n)
		t := f.tri2
		for i, k := range pick {
			t[i] = maybe
			if k != none {
				t[i] = vals[k].tri[i]
			}
		}
		return vec{tri: t}
	case Text:
		f.rows = frame.Grow(f.rows, max(n, 1))[:n]
		for i, k := range pick {
			f.rows[i] = nil
			if k != none && !vals[k].null(i) {
				f.rows[i] = vals[k].str(i)
			}
		}
		return vec{rows: f.rows}
	}
	valid := f.ones(n)
	if o.typ == Float {
		f.f64 = frame.Grow(f.f64, n)
	} else {
		f.i64 = frame.Grow(f.i64, n)
	}
	for i, k := range pick {
		switch {
		case k == none || vals[k].null(i):
			frame.ClearBit(valid, i)
		case o.typ == Float:
			f.f64[i] = vals[k].f64[i]
		default:
			f.i64[i] = vals[k].i64[i]
		}
	}
	if o.typ == Float {
		return vec{f64: f.f64, valid: valid}
	}
	return vec{i64: f.i64, valid: valid}
}
