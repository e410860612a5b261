package arrowipc

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// sliceCodes reads the indices of a dictionary column.
func (c *column) sliceCodes(col *frame.Column, from, n int) error {
	c.sliceInts(c.stored(), from, n)
	entries := int64(c.dict.dict.Len())
	c.codes = frame.Grow(c.codes, n)
	if c.dict.null != nil {
		c.bits = frame.Grow(c.bits, (n+7)/8)
		for i := range c.bits {
			c.bits[i] = 0xff
		}
		for i := range n {
			if col.IsNull(i) {
				frame.ClearBit(c.bits, i)
			}
		}
	}
	for i := range n {
		k := c.i64[i]
		c.codes[i] = int32(k)
		if k >= 0 && k < entries {
			if c.dict.null != nil && c.dict.null[k] && !col.IsNull(i) {
				frame.ClearBit(c.bits, i)
				col.Nulls++
			}
			continue
		}
		if !col.IsNull(i) {
			return fault.New(fault.Input, "damaged data: row %d of the batch asks for entry %d of a dictionary of %d", from+i+1, k, entries)
		}
		c.codes[i] = 0
	}
	if c.dict.null != nil {
		col.Valid = c.bits
		if col.Nulls == 0 {
			col.Valid = nil
		}
	}
	if c.kind == frame.String {
		col.Codes, col.Dict = c.codes, c.dict.dict
		if entries == 0 {
			col.Dict = &frame.Dict{Off: []int32{0, 0}}
		}
		return nil
	}
	c.gather(col, n)
	return nil
}

// gather writes out dictionaries of other values than text.
func (c *column) gather(col *frame.Column, n int) {
	v := c.dict.vals
	col.Type = c.typ.(*arrow.DictionaryType).ValueType
	pick := func(i int) int {
		if col.IsNull(i) || v.Len == 0 {
			return -1
		}
		return int(c.codes[i])
	}
	switch {
	case v.Kind == frame.Float:
		c.f64 = frame.Grow(c.f64, n)
		for i := range n {
			if k := pick(i); k >= 0 {
				c.f64[i] = v.F64[k]
			}
		}
		col.F64 = c.f64
	case v.D128 != nil:
		c.dec = frame.Grow(c.dec, n)
		for i := range n {
			if k := pick(i); k >= 0 {
				c.dec[i] = v.D128[k]
			}
		}
		col.D128 = c.dec
	default:
		for i := range n {
			if k := pick(i); k >= 0 {
				c.i64[i] = v.I64[k]
			}
		}
		col.I64 = c.i64
	}
}
