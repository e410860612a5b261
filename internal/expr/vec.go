package expr

import (
	"fmt"
	"math"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// The three truth values, ordered so that and is the minimum, or the maximum,
// and not the difference to yes.
const (
	no    uint8 = 0
	maybe uint8 = 1
	yes   uint8 = 2
)

// vec is a vector of values of one type: Bool in tri; Int, Money, Time and Date in
// i64; Float in f64; Text in txt or, when put together row by row, in rows.
// valid is an LSB bitmap, nil when no row is null; Bool has its nulls in tri. For
// rows a nil element is null. Values at null rows are unspecified.
type vec struct {
	tri   []uint8
	i64   []int64
	f64   []float64
	txt   *frame.Column
	rows  [][]byte
	valid []byte
}

// null reports whether row i of a vector other than Bool is null.
func (v *vec) null(i int) bool {
	if v.rows != nil {
		return v.rows[i] == nil
	}
	return v.valid != nil && v.valid[i>>3]&(1<<(i&7)) == 0
}

// str returns the text of row i, which must not be null. It is never nil.
func (v *vec) str(i int) []byte {
	if v.rows != nil {
		return v.rows[i]
	}
	if s := v.txt.Str(i); s != nil {
		return s
	}
	return emptyText
}

var emptyText = []byte{}

// batch is what a program runs over.
type batch struct {
	cols []*frame.Column
	n    int
}

// Scratch is the working memory of one program for one goroutine; it grows to
// the size of the batches and is then reused. The zero value is ready. A
// Scratch must not move between programs.
type Scratch struct {
	owner *Program
	bufs  []buf
	batch batch // kept here so that a run allocates nothing
}

// buf is the memory of one operation.
type buf struct {
	tri   []uint8
	tri2  []uint8
	i64   []int64
	f64   []float64
	rows  [][]byte
	valid []byte
	off   []int32
	data  []byte
	col   frame.Column
	full  int // rows of a constant already written
	lift  *lifted
}

// op is one compiled operation. eval's result is good until the op runs again
// with the same Scratch.
type op interface {
	eval(s *Scratch, b *batch) vec
}

// triBuf returns the op's truth vector with length n.
func (f *buf) triBuf(n int) []uint8 {
	f.tri = frame.Grow(f.tri, n)
	return f.tri
}

func bitmapLen(n int) int { return (n + 7) >> 3 }

// ones returns a bitmap of n set bits in the op's memory.
func (f *buf) ones(n int) []byte {
	f.valid = frame.Grow(f.valid, bitmapLen(n))
	for i := range f.valid {
		f.valid[i] = 0xff
	}
	return f.valid
}

// zeros returns a bitmap of n cleared bits in the op's memory.
func (f *buf) zeros(n int) []byte {
	f.valid = frame.Grow(f.valid, bitmapLen(n))
	clear(f.valid)
	return f.valid
}

// copyValid returns a bitmap of the op's own that begins as v.
func (f *buf) copyValid(v []byte, n int) []byte {
	if v == nil {
		return f.ones(n)
	}
	f.valid = frame.Grow(f.valid, bitmapLen(n))
	copy(f.valid, v)
	return f.valid
}

// both returns the bitmap of rows valid on both sides, in the op's memory when
// it has to be computed.
func (f *buf) both(a, b []byte, n int) []byte {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	f.valid = frame.Grow(f.valid, bitmapLen(n))
	for i := range f.valid {
		f.valid[i] = a[i] & b[i]
	}
	return f.valid
}

// maskNulls writes maybe into every row of t that valid clears.
func maskNulls(t []uint8, valid []byte) {
	if valid == nil {
		return
	}
	n := len(t)
	full := n >> 3
	for i := 0; i < full; i++ {
		m := valid[i]
		if m == 0xff {
			continue
		}
		w := t[i*8 : i*8+8 : i*8+8]
		for j := range w {
			if m&(1<<j) == 0 {
				w[j] = maybe
			}
		}
	}
	for i := full * 8; i < n; i++ {
		if valid[i>>3]&(1<<(i&7)) == 0 {
			t[i] = maybe
		}
	}
}

// columnOp reads a column of the batch.
type columnOp struct {
	id, index int
	typ       Type
	name      string
}

func (o *columnOp) eval(s *Scratch, b *batch) vec {
	c := b.cols[o.index]
	if c == nil {
		panic("expr: the batch lacks column " + o.name)
	}
	f := &s.bufs[o.id]
	if c.Kind == frame.Null {
		return nullVec(f, o.typ, b.n)
	}
	v := vec{valid: c.Valid}
	if c.Nulls == 0 {
		v.valid = nil
	}
	switch o.typ {
	case Bool:
		o.want(len(c.I64) >= b.n, c)
		v.tri = f.triBuf(b.n)
		for i, x := range c.I64[:b.n] {
			var t uint8
			if x != 0 {
				t = 1
			}
			v.tri[i] = t << 1
		}
		maskNulls(v.tri, v.valid)
		v.valid = nil
	case Float:
		o.want(len(c.F64) >= b.n, c)
		v.f64 = c.F64[:b.n]
		v.valid = f.finite(v.f64, v.valid)
	case Text:
		o.want(c.Kind == frame.String, c)
		v.txt = c
	default:
		o.want(len(c.I64) >= b.n, c)
		v.i64 = c.I64[:b.n]
	}
	return v
}

func (o *columnOp) want(ok bool, c *frame.Column) {
	if !ok {
		panic(fmt.Sprintf("expr: column %s is held as %s, not as %s", o.name, c.Kind, o.typ))
	}
}

const expMask = 0x7ff << 52

// notFinite reports whether x is NaN or infinite.
func notFinite(x float64) bool { return math.Float64bits(x)&expMask == expMask }

// finite clears the bits of NaN and infinite rows; valid itself is returned when
// there are none.
func (f *buf) finite(x []float64, valid []byte) []byte {
	var bad uint64
	for _, v := range x {
		// The carry into the sign bit appears only when all exponent bits are set.
		bad |= (math.Float64bits(v) &^ (1 << 63)) + (1 << 52)
	}
	if bad>>63 == 0 {
		return valid
	}
	var own []byte
	for i, v := range x {
		if notFinite(v) {
			if own == nil {
				own = f.copyValid(valid, len(x))
			}
			frame.ClearBit(own, i)
		}
	}
	return own
}

// nullVec is a vector of n nulls in the op's memory.
func nullVec(f *buf, t Type, n int) vec {
	v := vec{}
	switch t {
	case Bool:
		v.tri = f.triBuf(n)
		for i := range v.tri {
			v.tri[i] = maybe
		}
		return v
	case Float:
		f.f64 = frame.Grow(f.f64, n)
		clear(f.f64)
		v.f64 = f.f64
	case Text:
		f.rows = frame.Grow(f.rows, max(n, 1))[:n]
		clear(f.rows)
		v.rows = f.rows
		return v
	default:
		f.i64 = frame.Grow(f.i64, n)
		clear(f.i64)
		v.i64 = f.i64
	}
	v.valid = f.zeros(n)
	return v
}

// constOp gives the same value in every row; it is written once per Scratch.
type constOp struct {
	id  int
	lit *Literal
	txt *frame.Dict
}

func newConst(id int, l *Literal) *constOp {
	o := &constOp{id: id, lit: l}
	if l.Type == Text && !l.Null {
		o.txt = &frame.Dict{Off: []int32{0, int32(len(l.S))}, Data: []byte(l.S)}
	}
	return o
}

func (o *constOp) eval(s *Scratch, b *batch) vec {
	f := &s.bufs[o.id]
	if o.lit.Null {
		return nullVec(f, o.lit.Type, b.n)
	}
	if f.full < b.n {
		o.fill(f, b.n)
		f.full = b.n
	}
	switch o.lit.Type {
	case Bool:
		return vec{tri: f.tri[:b.n]}
	case Float:
		return vec{f64: f.f64[:b.n]}
	case Text:
		f.col.Len = b.n
		return vec{txt: &f.col}
	}
	return vec{i64: f.i64[:b.n]}
}

func (o *constOp) fill(f *buf, n int) {
	switch o.lit.Type {
	case Bool:
		f.tri = make([]uint8, n)
		for i := range f.tri {
			f.tri[i] = uint8(o.lit.I) * yes
		}
	case Float:
		f.f64 = make([]float64, n)
		for i := range f.f64 {
			f.f64[i] = o.lit.F
		}
	case Text:
		f.col = frame.Column{Type: textType, Kind: frame.String, Dict: o.txt, Codes: make([]int32, n)}
	default:
		f.i64 = make([]int64, n)
		for i := range f.i64 {
			f.i64[i] = o.lit.I
		}
	}
}
