package parquet

import "github.com/ecomctl/ecomctl/internal/frame"

// emit shows the first n rows of the batch as a frame column. Rows beyond n,
// which only text columns have, are the first of the next batch.
func (c *column) emit(f *frame.Column, n int) {
	l := c.leaf
	*f = frame.Column{Type: l.typ, Kind: l.kind, Len: n}
	if l.kind == frame.Null {
		f.Nulls = n
		return
	}
	c.shown = n
	if c.nulls > 0 {
		f.Nulls = n - popcount(c.valid, 0, n)
	}
	if f.Nulls > 0 {
		f.Valid = c.valid[:(n+7)/8]
	}
	switch l.to {
	case toI64, toU32, toTime96, toDec64:
		f.I64 = c.i64[:n]
	case toF64, toFloat16:
		f.F64 = c.f64[:n]
	case toDec128:
		f.D128 = c.d128[:n]
	case toText, toUUID:
		if c.mode {
			f.Codes, f.Dict = c.code[:n], c.dict
		} else {
			f.Off, f.Data = c.off[:n+1], c.text
		}
	}
}

// shift moves the rows that were read but not shown to the front and returns
// their number. The batch before is invalid by now.
func (c *column) shift() int {
	n := c.held - c.shown
	from := c.shown
	c.held, c.shown = 0, 0
	if n <= 0 || c.leaf.kind != frame.String {
		c.nulls, c.text = 0, c.text[:0]
		return 0
	}
	if c.mode {
		copy(c.code, c.code[from:from+n])
	} else {
		base := c.off[from]
		for i := range n + 1 {
			c.off[i] = c.off[from+i] - base
		}
		c.text = c.text[:copy(c.text, c.text[base:])]
	}
	if c.nulls > 0 {
		if c.nulls = n - popcount(c.valid, from, n); c.nulls > 0 {
			for i := range n {
				putBit(c.valid, i, c.valid[(from+i)>>3]>>((from+i)&7)&1)
			}
		}
	}
	return n
}
