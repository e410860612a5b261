package expr

import (
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Program is a compiled expression. It never changes, and any number of
// goroutines may run it; the working memory of a run is a Scratch.
type Program struct {
	typ     Type
	root    op
	bufs    int
	columns []int
	pool    sync.Pool
}

// Compile checks n and compiles it for batches whose columns stand at the
// positions that l gives. A nil n is the condition that every row passes.
func Compile(n Node, l Lookup) (*Program, error) {
	if n == nil {
		n = &Literal{Type: Bool, I: 1}
	}
	typed, _, err := Check(n, l)
	if err != nil {
		return nil, err
	}
	return compileTyped(typed), nil
}

// CompileCondition is Compile for a condition: anything but a boolean is an error.
func CompileCondition(n Node, l Lookup) (*Program, error) {
	if n == nil {
		return Compile(n, l)
	}
	typed, err := CheckCondition(n, l)
	if err != nil {
		return nil, err
	}
	return compileTyped(typed), nil
}

func compileTyped(typed Node) *Program {
	c := &compiler{}
	p := &Program{typ: TypeOf(typed)}
	p.root = c.node(typed)
	p.bufs = c.bufs
	Walk(typed, func(n Node) {
		if col, ok := n.(*Column); ok && !slices.Contains(p.columns, col.Index) {
			p.columns = append(p.columns, col.Index)
		}
	})
	p.pool.New = func() any { return p.NewScratch() }
	return p
}

// Type is the type of the program's result.
func (p *Program) Type() Type { return p.typ }

// Columns returns the positions of the columns the program reads.
func (p *Program) Columns() []int { return p.columns }

// NewScratch returns working memory for one goroutine.
func (p *Program) NewScratch() *Scratch { return &Scratch{owner: p, bufs: make([]buf, p.bufs)} }

// Filter writes, for each of the n rows, whether the condition is true. Columns
// that the program does not read may be nil. The program must be boolean (see
// CompileCondition), and columns held as another kind than their type needs are a
// programming error: both panic.
func (p *Program) Filter(cols []*frame.Column, n int, sel []bool) {
	s := p.pool.Get().(*Scratch)
	p.FilterWith(s, cols, n, sel)
	p.pool.Put(s)
}

// FilterWith is Filter with the caller's working memory.
func (p *Program) FilterWith(s *Scratch, cols []*frame.Column, n int, sel []bool) {
	t := p.truth(s, cols, n)
	sel = sel[:len(t)]
	for i, v := range t {
		sel[i] = v == yes
	}
}

// Truth gives the three-valued answer of a condition: 0 false, 1 null, 2 true. The slice
// belongs to the scratch and is good until it is used again.
func (p *Program) Truth(s *Scratch, cols []*frame.Column, n int) []uint8 {
	return p.truth(s, cols, n)
}

func (p *Program) truth(s *Scratch, cols []*frame.Column, n int) []uint8 {
	if p.typ != Bool && p.typ != Unknown {
		panic("expr: a filter of type " + p.typ.String())
	}
	p.own(s)
	s.batch = batch{cols: cols, n: n}
	v := p.root.eval(s, &s.batch)
	s.batch.cols = nil
	if v.tri == nil { // a bare null
		v = nullVec(&s.bufs[0], Bool, n)
	}
	return v.tri[:n]
}

func (p *Program) own(s *Scratch) {
	if s.owner == nil && s.bufs == nil {
		s.owner, s.bufs = p, make([]buf, p.bufs)
	}
	if s.owner != p {
		panic("expr: a scratch of another program")
	}
}

// Eval computes the expression for n rows. The result belongs to the caller, but
// it may share the memory of the columns it was taken from, and so lives as long
// as their batch.
func (p *Program) Eval(cols []*frame.Column, n int) (*frame.Column, error) {
	return p.EvalWith(p.NewScratch(), cols, n)
}

// EvalWith is Eval with the caller's working memory: the result is good until
// the scratch is used again.
func (p *Program) EvalWith(s *Scratch, cols []*frame.Column, n int) (*frame.Column, error) {
	p.own(s)
	s.batch = batch{cols: cols, n: n}
	v := p.root.eval(s, &s.batch)
	s.batch.cols = nil
	return s.column(&v, p.typ, n)
}

var (
	textType  arrow.DataType = arrow.BinaryTypes.String
	timeType  arrow.DataType = &arrow.TimestampType{Unit: arrow.Microsecond}
	moneyType arrow.DataType = &arrow.Decimal128Type{Precision: 19, Scale: 4}
)

// column makes a frame column of a result.
func (s *Scratch) column(v *vec, t Type, n int) (*frame.Column, error) {
	f := &s.bufs[len(s.bufs)-1] // the last buffer belongs to the result
	c := &f.col
	*c = frame.Column{Len: n, Valid: v.valid}
	switch t {
	case Unknown:
		*c = frame.Column{Type: arrow.Null, Kind: frame.Null, Len: n, Nulls: n}
		return c, nil
	case Bool:
		c.Type, c.Kind = arrow.FixedWidthTypes.Boolean, frame.Bool
		f.i64 = frame.Grow(f.i64, n)
		c.I64 = f.i64
		c.Valid = f.ones(n)
		for i, x := range v.tri[:n] {
			c.I64[i] = int64(x >> 1)
			if x == maybe {
				frame.ClearBit(c.Valid, i)
			}
		}
	case Int:
		c.Type, c.Kind, c.I64 = arrow.PrimitiveTypes.Int64, frame.Int, v.i64
	case Float:
		c.Type, c.Kind, c.F64 = arrow.PrimitiveTypes.Float64, frame.Float, v.f64
	case Money:
		c.Type, c.Kind, c.I64 = moneyType, frame.Decimal, v.i64
	case Time:
		c.Type, c.Kind, c.I64 = timeType, frame.Time, v.i64
	case Date:
		c.Type, c.Kind, c.I64 = arrow.FixedWidthTypes.Date32, frame.Date, v.i64
	case Text:
		if v.rows == nil {
			*c = *v.txt
			c.Len = n
			break
		}
		if err := f.flatten(v.rows, n); err != nil {
			return nil, err
		}
	}
	c.Nulls = countNulls(c.Valid, n)
	if c.Nulls == 0 {
		c.Valid = nil
	}
	return c, nil
}

// flatten lays text rows one after the other.
func (f *buf) flatten(rows [][]byte, n int) error {
	size := 0
	for _, r := range rows[:n] {
		size += len(r)
	}
	if size > 1<<31-1 {
		return fault.New(fault.Full, "computing text: %d rows hold more than 2 GiB", n)
	}
	f.off = frame.Grow(f.off, n+1)
	f.data = frame.Grow(f.data, size)[:0]
	valid := f.ones(n)
	f.off[0] = 0
	for i, r := range rows[:n] {
		if r == nil {
			frame.ClearBit(valid, i)
		}
		f.data = append(f.data, r...)
		f.off[i+1] = int32(len(f.data))
	}
	f.col = frame.Column{Type: textType, Kind: frame.String, Len: n, Valid: valid, Off: f.off, Data: f.data}
	return nil
}

func countNulls(valid []byte, n int) int {
	if valid == nil {
		return 0
	}
	nulls := 0
	for i := 0; i < n; i++ {
		if !frame.Bit(valid, i) {
			nulls++
		}
	}
	return nulls
}

// constantOf computes a checked node that reads no column, or returns nil when it cannot.
func constantOf(n Node) *Literal {
	t := TypeOf(n)
	p := compileTyped(n)
	c, err := p.Eval(nil, 1)
	switch {
	case err != nil:
		return nil
	case c.IsNull(0):
		return &Literal{Type: t, Null: true}
	case t == Float:
		return floatLiteral(at{}, c.F64[0])
	case t == Text:
		return &Literal{Type: Text, S: string(c.Str(0))}
	}
	return &Literal{Type: t, I: c.I64[0]}
}
