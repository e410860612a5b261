package arrowipc

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// converter turns the values of one column into Arrow's memory. It reuses its
// buffers, which the writer has copied to its output when the next batch comes.
type converter struct {
	typ  arrow.DataType
	bits []byte
	nums []byte
	off  []int32
	text []byte
	dec  []decimal128.Num
}

// data returns the column as Arrow data of type typ.
func (c *converter) data(col *frame.Column, n int) (arrow.ArrayData, error) {
	valid, nulls := c.validity(col, n)
	if col.Kind == frame.Null {
		// All null: a column of the wanted type full of zeros.
		col = c.zeros(n)
	}
	bufs := []*memory.Buffer{valid}
	switch col.Kind {
	case frame.String:
		b, err := c.strings(col, n)
		if err != nil {
			return nil, err
		}
		bufs = append(bufs, b...)
	case frame.Float:
		if c.typ.ID() == arrow.FLOAT32 {
			v := grown[float32](&c.nums, n)
			for i := range v {
				v[i] = float32(col.F64[i])
			}
			bufs = append(bufs, memory.NewBufferBytes(c.nums))
		} else {
			bufs = append(bufs, memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(col.F64[:n])))
		}
	case frame.Decimal:
		v := col.D128
		if v == nil {
			c.dec = frame.Grow(c.dec, n)
			for i := range n {
				c.dec[i] = decimal128.FromI64(col.I64[i])
			}
			v = c.dec
		}
		bufs = append(bufs, memory.NewBufferBytes(arrow.Decimal128Traits.CastToBytes(v[:n])))
	default:
		b, err := c.integers(col, n)
		if err != nil {
			return nil, err
		}
		bufs = append(bufs, b)
	}
	return array.NewData(c.typ, n, bufs, nil, nulls, 0), nil
}

// zeros is a column of n zero values of the converter's kind.
func (c *converter) zeros(n int) *frame.Column {
	z := &frame.Column{Type: c.typ, Kind: frame.KindOf(c.typ), Len: n}
	switch z.Kind {
	case frame.String:
		z.Off = make([]int32, n+1)
	case frame.Float:
		z.F64 = make([]float64, n)
	default:
		z.I64 = make([]int64, n)
	}
	return z
}

func (c *converter) validity(col *frame.Column, n int) (*memory.Buffer, int) {
	if col.Kind == frame.Null {
		c.bits = frame.Grow(c.bits, (n+7)/8)
		clear(c.bits)
		return memory.NewBufferBytes(c.bits), n
	}
	if col.Valid == nil {
		return nil, 0
	}
	return memory.NewBufferBytes(col.Valid[:(n+7)/8]), col.Nulls
}

// grown returns n values of T whose memory is the converter's bytes, which it sizes.
func grown[T int8 | int16 | int32 | uint8 | uint16 | uint32 | float32](b *[]byte, n int) []T {
	v := arrow.GetData[T](*b)
	if cap(v) < n {
		v = make([]T, n+n/8)
	}
	v = v[:n]
	*b = arrow.GetBytes(v)
	return v
}

// narrow copies integers to a smaller width; values at null rows may be anything.
func narrow[T int8 | int16 | int32 | uint8 | uint16 | uint32](b *[]byte, col *frame.Column, n int) (*memory.Buffer, error) {
	v := grown[T](b, n)
	for i, x := range col.I64[:n] {
		v[i] = T(x)
		if int64(v[i]) != x && !col.IsNull(i) {
			return nil, fault.New(fault.Internal, "the value %d does not fit the type of the table", x)
		}
	}
	return memory.NewBufferBytes(*b), nil
}

// integers gives booleans, integers, dates and times their width.
func (c *converter) integers(col *frame.Column, n int) (*memory.Buffer, error) {
	switch c.typ.ID() {
	case arrow.BOOL:
		c.nums = frame.Grow(c.nums, (n+7)/8)
		clear(c.nums)
		for i, x := range col.I64[:n] {
			if x != 0 {
				frame.SetBit(c.nums, i)
			}
		}
		return memory.NewBufferBytes(c.nums), nil
	case arrow.INT8:
		return narrow[int8](&c.nums, col, n)
	case arrow.INT16:
		return narrow[int16](&c.nums, col, n)
	case arrow.INT32, arrow.DATE32, arrow.TIME32:
		return narrow[int32](&c.nums, col, n)
	case arrow.UINT8:
		return narrow[uint8](&c.nums, col, n)
	case arrow.UINT16:
		return narrow[uint16](&c.nums, col, n)
	case arrow.UINT32:
		return narrow[uint32](&c.nums, col, n)
	case arrow.DATE64:
		days := make([]int64, n)
		for i, x := range col.I64[:n] {
			days[i] = x * 86400000
		}
		return memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(days)), nil
	}
	return memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(col.I64[:n])), nil
}

// strings gives texts offsets and bytes; dictionary columns are written out.
func (c *converter) strings(col *frame.Column, n int) ([]*memory.Buffer, error) {
	if fixed, ok := c.typ.(*arrow.FixedSizeBinaryType); ok {
		c.text = c.text[:0]
		for i := range n {
			if col.IsNull(i) {
				c.text = append(c.text, make([]byte, fixed.ByteWidth)...)
				continue
			}
			s := col.Str(i)
			if len(s) != fixed.ByteWidth {
				return nil, fault.New(fault.Internal, "a value of %d bytes in a column of %d", len(s), fixed.ByteWidth)
			}
			c.text = append(c.text, s...)
		}
		return []*memory.Buffer{memory.NewBufferBytes(c.text)}, nil
	}
	off, text := col.Off, col.Data
	if col.Dict != nil {
		c.off, c.text = frame.Grow(c.off, n+1), c.text[:0]
		c.off[0] = 0
		for i := range n {
			if !col.IsNull(i) {
				c.text = append(c.text, col.Dict.At(col.Codes[i])...)
				if len(c.text) > math.MaxInt32 {
					return nil, fault.New(fault.Full, "a batch holds more than 2 GiB of text")
				}
			}
			c.off[i+1] = int32(len(c.text))
		}
		off, text = c.off, c.text
	}
	return []*memory.Buffer{memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(off[:n+1])), memory.NewBufferBytes(text)}, nil
}
