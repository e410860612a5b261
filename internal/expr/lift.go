package expr

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// liftOp computes a part that reads a single text column. For a dictionary
// column it runs over the entries, once per dictionary, and maps the results
// through the codes; for plain text it runs over the rows.
type liftOp struct {
	id    int
	typ   Type
	index int
	x     op
}

// lifted holds the results of the last dictionary seen: one per entry, and one more
// at the end for null rows.
type lifted struct {
	dict *frame.Dict
	cols []*frame.Column
	col  frame.Column
	off  []int32
	tri  []uint8
	i64  []int64
	f64  []float64
	// ok says which entries have a value; allOK that all but the one for null have.
	ok    []bool
	allOK bool
	out   *frame.Dict
	// tooBig says that the texts made of the entries would take far more room than
	// the dictionary itself; rows are then computed one by one, which copies nothing.
	tooBig bool
}

// roomyBytes is the size of a lifted dictionary that is always allowed.
const roomyBytes = 1 << 24

func (o *liftOp) eval(s *Scratch, b *batch) vec {
	c := b.cols[o.index]
	if c == nil || c.Dict == nil || c.Kind != frame.String {
		return o.x.eval(s, b)
	}
	f := &s.bufs[o.id]
	if f.lift == nil {
		f.lift = &lifted{}
	}
	l := f.lift
	if l.dict != c.Dict {
		o.run(s, l, c.Dict)
	}
	if l.tooBig {
		return o.x.eval(s, b)
	}
	valid := c.Valid
	if c.Nulls == 0 {
		valid = nil
	}
	return o.spread(f, l, c.Codes[:b.n], valid)
}

// run evaluates the part over the dictionary and keeps the results.
func (o *liftOp) run(s *Scratch, l *lifted, d *frame.Dict) {
	n := d.Len()
	l.off = append(append(l.off[:0], d.Off...), d.Off[n])
	valid := make([]byte, bitmapLen(n+1))
	for i := 0; i < n; i++ {
		frame.SetBit(valid, i)
	}
	l.col = frame.Column{Type: textType, Kind: frame.String, Len: n + 1, Valid: valid, Nulls: 1, Off: l.off, Data: d.Data}
	if len(l.cols) <= o.index {
		l.cols = make([]*frame.Column, o.index+1)
	}
	l.cols[o.index] = &l.col
	v := o.x.eval(s, &batch{cols: l.cols, n: n + 1})
	l.dict = d
	l.ok = frame.Grow(l.ok, n+1)
	l.allOK = true
	for i := range l.ok {
		l.ok[i] = o.typ == Bool || !v.null(i)
		l.allOK = l.allOK && (l.ok[i] || i == n)
	}
	l.tooBig = false
	switch o.typ {
	case Bool:
		l.tri = append(l.tri[:0], v.tri[:n+1]...)
	case Float:
		l.f64 = append(l.f64[:0], v.f64[:n+1]...)
	case Text:
		// Results may be handed out, so every dictionary gets a new one.
		size := 0
		for i := range l.ok {
			if l.ok[i] {
				size += len(v.str(i))
			}
		}
		if size > max(roomyBytes, 2*len(d.Data)) || size > math.MaxInt32 {
			l.tooBig = true
			return
		}
		l.out = &frame.Dict{Off: make([]int32, n+2), Data: make([]byte, 0, size)}
		for i := 0; i <= n; i++ {
			if l.ok[i] {
				l.out.Data = append(l.out.Data, v.str(i)...)
			}
			l.out.Off[i+1] = int32(len(l.out.Data))
		}
	default:
		l.i64 = append(l.i64[:0], v.i64[:n+1]...)
	}
}

// spread maps the results of the entries to the rows.
func (o *liftOp) spread(f *buf, l *lifted, codes []int32, valid []byte) vec {
	n := len(codes)
	null := len(l.ok) - 1
	var v vec
	switch o.typ {
	case Bool:
		v.tri = f.triBuf(n)
		spread(l.tri, codes, valid, v.tri)
		return v
	case Float:
		f.f64 = frame.Grow(f.f64, n)
		v.f64 = f.f64
		spread(l.f64, codes, valid, v.f64)
	case Text:
		f.col = frame.Column{Type: textType, Kind: frame.String, Len: n, Dict: l.out, Codes: codes}
		if valid != nil && l.ok[null] {
			f.off = frame.Grow(f.off, n)
			copy(f.off, codes)
			for i := range f.off {
				if !frame.Bit(valid, i) {
					f.off[i] = int32(null)
				}
			}
			f.col.Codes = f.off
		}
		v.txt = &f.col
	default:
		f.i64 = frame.Grow(f.i64, n)
		v.i64 = f.i64
		spread(l.i64, codes, valid, v.i64)
	}
	v.valid = o.validity(f, l, codes, valid)
	if o.typ == Text {
		f.col.Valid, f.col.Nulls = v.valid, countNulls(v.valid, n)
	}
	return v
}

// validity is the bitmap of the spread rows.
func (o *liftOp) validity(f *buf, l *lifted, codes []int32, valid []byte) []byte {
	null := len(l.ok) - 1
	if l.allOK && (valid == nil || l.ok[null]) {
		return nil
	}
	if l.allOK {
		return valid
	}
	out := f.ones(len(codes))
	for i, c := range codes {
		if valid != nil && !frame.Bit(valid, i) {
			c = int32(null)
		}
		if !l.ok[c] {
			frame.ClearBit(out, i)
		}
	}
	return out
}

// spread writes table[codes[i]], and the last entry of the table in null rows.
func spread[T any](table []T, codes []int32, valid []byte, out []T) {
	out = out[:len(codes)]
	for i, c := range codes {
		out[i] = table[c]
	}
	if valid == nil {
		return
	}
	last := table[len(table)-1]
	for i := range out {
		if !frame.Bit(valid, i) {
			out[i] = last
		}
	}
}
