package arrowipc

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/float16"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// column holds the buffers of one column of the present record batch and gives
// slices of it as frame columns.
type column struct {
	at   int
	typ  arrow.DataType
	swap bool
	dict *dictionary

	kind  frame.Kind
	width int    // bytes of a value, or of an offset of text; 0 for bits
	valid []byte // nil when nothing is null
	vals  []byte // values, indices, offsets or views
	data  []byte
	parts [][]byte // of views
	rows  int

	// memory of what slice gives
	i64   []int64
	f64   []float64
	dec   []decimal128.Num
	off   []int32
	text  []byte
	codes []int32
	bits  []byte
}

// stored is the type of the values in the buffers.
func (c *column) stored() arrow.DataType {
	if d, ok := c.typ.(*arrow.DictionaryType); ok {
		return d.IndexType
	}
	if e, ok := c.typ.(arrow.ExtensionType); ok {
		return e.StorageType()
	}
	return c.typ
}

// load reads the buffers of the column.
func (c *column) load(u *unpacker, p piece, rows int) error {
	t := c.stored()
	c.kind, c.rows, c.width = frame.KindOf(c.typ), rows, 0
	if p.node.rows != int64(rows) {
		return fault.New(fault.Input, "damaged metadata: %d values in a batch of %d rows", p.node.rows, rows)
	}
	if c.kind == frame.Null {
		return nil
	}
	var err error
	had := c.valid
	if c.valid = nil; p.node.nulls != 0 {
		if c.valid, err = u.load(had, p.bufs[0]); err != nil {
			return err
		}
		if len(c.valid) < (rows+7)/8 {
			return short("validity", len(c.valid), (rows+7)/8)
		}
	}
	if c.vals, err = u.load(c.vals, p.bufs[1]); err != nil {
		return err
	}
	need := rows
	switch t := t.(type) {
	case *arrow.BooleanType:
		return c.enough((rows + 7) / 8)
	case *arrow.StringType, *arrow.BinaryType:
		c.width, need = 4, rows+1
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		c.width, need = 8, rows+1
	case arrow.BinaryViewDataType:
		c.width = 16
		return c.loadViews(u, p.bufs[2:])
	case arrow.FixedWidthDataType:
		if c.width = t.BitWidth() / 8; c.width <= 0 {
			return fault.New(fault.Input, "values of %d bytes cannot be read", c.width)
		}
	default:
		return fault.New(fault.Input, "values of type %s cannot be read", c.typ)
	}
	if rows == 0 {
		return nil // offsets may be absent too
	}
	if err := c.enough(need * c.width); err != nil {
		return err
	}
	if frame.KindOf(t) == frame.String && len(p.bufs) > 2 {
		if c.data, err = u.load(c.data, p.bufs[2]); err != nil {
			return err
		}
	}
	if fixed, ok := t.(*arrow.FixedSizeBinaryType); !ok && c.swap {
		swapBytes(c.vals, c.width)
	} else if ok {
		c.width = fixed.ByteWidth
	}
	return nil
}

func short(what string, got, want int) error {
	return fault.New(fault.Input, "damaged data: %d bytes of %s where %d are needed", got, what, want)
}

func (c *column) enough(n int) error {
	if len(c.vals) < n {
		return short("values", len(c.vals), n)
	}
	return nil
}

func (c *column) loadViews(u *unpacker, bufs []span) error {
	if err := c.enough(16 * c.rows); err != nil {
		return err
	}
	c.parts = c.parts[:0]
	for _, s := range bufs {
		b, err := u.load(nil, s)
		if err != nil {
			return err
		}
		c.parts = append(c.parts, b)
	}
	if c.swap {
		return fault.New(fault.Input, "big-endian text views cannot be read")
	}
	return nil
}

// swapBytes turns big-endian numbers of width bytes into little-endian ones.
func swapBytes(b []byte, width int) {
	if width < 2 {
		return
	}
	for ; len(b) >= width; b = b[width:] {
		for i, j := 0, width-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
}

// slice makes col of n rows from row from on.
func (c *column) slice(col *frame.Column, from, n int) error {
	*col = frame.Column{Type: c.typ, Kind: c.kind, Len: n}
	if c.kind == frame.Null {
		col.Nulls = n
		return nil
	}
	if c.valid != nil {
		col.Valid = c.valid[from/8 : (from+n+7)/8] // from is a multiple of 8
		ones := 0
		for _, b := range col.Valid[:n/8] {
			ones += bits.OnesCount8(b)
		}
		if n%8 != 0 {
			ones += bits.OnesCount8(col.Valid[n/8] & (1<<(n%8) - 1))
		}
		if col.Nulls = n - ones; col.Nulls == 0 {
			col.Valid = nil
		}
	}
	if _, ok := c.typ.(*arrow.DictionaryType); ok {
		return c.sliceCodes(col, from, n)
	}
	switch c.kind {
	case frame.Float:
		c.sliceFloats(col, from, n)
	case frame.Decimal:
		return c.sliceDecimals(col, from, n)
	case frame.String:
		return c.sliceText(col, from, n)
	default:
		c.sliceInts(c.stored(), from, n)
		col.I64 = c.i64
	}
	return nil
}

func le32(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
func le64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }

// sliceInts widens integers of any width, booleans, dates and times into c.i64.
func (c *column) sliceInts(t arrow.DataType, from, n int) {
	c.i64 = frame.Grow(c.i64, n)
	out := c.i64
	switch t.ID() {
	case arrow.BOOL:
		for i := range out {
			out[i] = int64(c.vals[(from+i)>>3] >> ((from + i) & 7) & 1)
		}
	case arrow.INT8:
		for i := range out {
			out[i] = int64(int8(c.vals[from+i]))
		}
	case arrow.UINT8:
		for i := range out {
			out[i] = int64(c.vals[from+i])
		}
	case arrow.INT16, arrow.UINT16:
		for i := range out {
			v := binary.LittleEndian.Uint16(c.vals[2*(from+i):])
			if out[i] = int64(v); t.ID() == arrow.INT16 {
				out[i] = int64(int16(v))
			}
		}
	case arrow.UINT32:
		for i := range out {
			out[i] = int64(le32(c.vals, from+i))
		}
	case arrow.DATE64:
		for i := range out {
			ms := int64(le64(c.vals, from+i))
			out[i] = ms / 86400000
			if ms%86400000 < 0 {
				out[i]--
			}
		}
	default:
		if c.width == 4 {
			for i := range out {
				out[i] = int64(int32(le32(c.vals, from+i)))
			}
			return
		}
		for i := range out {
			out[i] = int64(le64(c.vals, from+i))
		}
	}
}

func (c *column) sliceFloats(col *frame.Column, from, n int) {
	c.f64 = frame.Grow(c.f64, n)
	switch c.width {
	case 2:
		for i := range c.f64 {
			c.f64[i] = float64(float16.FromBits(binary.LittleEndian.Uint16(c.vals[2*(from+i):])).Float32())
		}
	case 4:
		for i := range c.f64 {
			c.f64[i] = float64(math.Float32frombits(le32(c.vals, from+i)))
		}
	default:
		for i := range c.f64 {
			c.f64[i] = math.Float64frombits(le64(c.vals, from+i))
		}
	}
	col.F64 = c.f64
}

// sliceDecimals reads decimals as 64-bit numbers when all fit, else as 128-bit ones.
func (c *column) sliceDecimals(col *frame.Column, from, n int) error {
	c.dec, c.i64 = frame.Grow(c.dec, n), frame.Grow(c.i64, n)
	small := true
	for i := range n {
		at := (from + i) * c.width
		lo, hi := le64(c.vals[at:], 0), int64(le64(c.vals[at:], 1))
		if col.IsNull(i) {
			lo, hi = 0, 0
		} else if c.width == 32 {
			if x, y := le64(c.vals[at:], 2), le64(c.vals[at:], 3); x != uint64(hi>>63) || y != x {
				return fault.New(fault.Input, "a decimal of more than 38 digits in row %d of the batch cannot be read", from+i+1)
			}
		}
		c.dec[i] = decimal128.New(hi, lo)
		c.i64[i] = int64(lo)
		small = small && hi == int64(lo)>>63
	}
	if small {
		col.I64 = c.i64
	} else {
		col.D128 = c.dec
	}
	return nil
}

func (c *column) sliceText(col *frame.Column, from, n int) error {
	c.off, c.text = frame.Grow(c.off, n+1), c.text[:0]
	c.off[0] = 0
	col.Off = c.off
	switch {
	case n == 0:
		return nil
	case c.stored().ID() == arrow.FIXED_SIZE_BINARY:
		for i := range n + 1 {
			c.off[i] = int32(i * c.width)
		}
		if n*c.width > math.MaxInt32 {
			return fault.New(fault.Full, "a batch of more than 2 GiB of text")
		}
		col.Data = c.vals[from*c.width : (from+n)*c.width]
		return nil
	case c.width == 16:
		return c.sliceViews(col, from, n)
	}
	at := func(i int) int64 {
		if c.width == 4 {
			return int64(int32(le32(c.vals, i)))
		}
		return int64(le64(c.vals, i))
	}
	first := at(from)
	last := first
	for i := range n {
		o := at(from + i + 1)
		if o < last || o-first > math.MaxInt32 {
			return fault.New(fault.Input, "damaged data: the text of row %d of the batch has an impossible place", from+i+1)
		}
		c.off[i+1] = int32(o - first)
		last = o
	}
	if first < 0 || last > int64(len(c.data)) {
		return short("text", len(c.data), int(last))
	}
	col.Data = c.data[first:last]
	return nil
}

// sliceViews copies texts that are held as views into one buffer.
func (c *column) sliceViews(col *frame.Column, from, n int) error {
	for i := range n {
		v := c.vals[16*(from+i) : 16*(from+i)+16]
		if !col.IsNull(i) {
			size := int64(int32(le32(v, 0)))
			switch {
			case size >= 0 && size <= 12:
				c.text = append(c.text, v[4:4+size]...)
			default:
				part, off := int64(int32(le32(v, 2))), int64(int32(le32(v, 3)))
				if size < 0 || part < 0 || part >= int64(len(c.parts)) || off < 0 || off+size > int64(len(c.parts[part])) {
					return fault.New(fault.Input, "damaged data: the text of row %d of the batch has an impossible place", from+i+1)
				}
				// Views may point to the same text again and again.
				if len(c.text)+int(size) > 1<<30 {
					return fault.New(fault.Full, "a batch of more than 1 GiB of text")
				}
				c.text = append(c.text, c.parts[part][off:off+size]...)
			}
		}
		c.off[i+1] = int32(len(c.text))
	}
	col.Data = c.text
	return nil
}
