package frame

import (
	"slices"
)

// CopyFrom makes b an independent copy of src that outlives its reader, reusing
// b's memory. Dictionaries are immutable and shared. Raw is left out: it reads
// the reader's own buffers.
func (b *Batch) CopyFrom(src *Batch) {
	b.N, b.Row0, b.Raw = src.N, src.Row0, nil
	b.Rows = copyOf(b.Rows, src.Rows)
	b.Bad = append(b.Bad[:0], src.Bad...)
	b.Cols = slices.Grow(b.Cols[:0], len(src.Cols))[:len(src.Cols)]
	for i := range src.Cols {
		b.Cols[i].CopyFrom(&src.Cols[i])
	}
}

// CopyFrom makes c an independent copy of src, reusing c's memory.
func (c *Column) CopyFrom(src *Column) {
	c.Type, c.Kind, c.Len, c.Nulls, c.Dict = src.Type, src.Kind, src.Len, src.Nulls, src.Dict
	c.Swapped = src.Swapped
	c.Valid = copyOf(c.Valid, src.Valid)
	c.Bad = copyOf(c.Bad, src.Bad)
	c.I64 = copyOf(c.I64, src.I64)
	c.F64 = copyOf(c.F64, src.F64)
	c.D128 = copyOf(c.D128, src.D128)
	c.Codes = copyOf(c.Codes, src.Codes)
	c.Off, c.Data = copyText(c.Off, c.Data, src)
}

// copyOf copies src into dst's memory; nil stays nil.
func copyOf[T any](dst, src []T) []T {
	if src == nil {
		return nil
	}
	dst = Grow(dst, len(src))
	copy(dst, src)
	return dst
}

// copyText copies only the bytes that the column's rows reach.
func copyText(off []int32, data []byte, src *Column) ([]int32, []byte) {
	if src.Off == nil {
		return nil, nil
	}
	n := src.Len
	off = Grow(off, n+1)
	first, last := src.Off[0], src.Off[n]
	for i, o := range src.Off[:n+1] {
		off[i] = o - first
	}
	data = Grow(data, int(last-first))
	copy(data, src.Data[first:last])
	return off, data
}

// Drop removes the rows for which drop is true. The batch must own its memory
// (see CopyFrom).
func (b *Batch) Drop(drop []bool) {
	keep := make([]int, 0, b.N)
	for i := range b.N {
		if !drop[i] {
			keep = append(keep, i)
		}
	}
	if len(keep) == b.N {
		return
	}
	rows := make([]int64, len(keep))
	for o, i := range keep {
		rows[o] = b.RowAt(i)
	}
	b.Rows = rows
	for i := range b.Cols {
		b.Cols[i].keep(keep)
	}
	b.N = len(keep)
}

// keep moves the rows at the ascending positions to the front.
func (c *Column) keep(idx []int) {
	if c.Valid != nil {
		c.Nulls = 0
		for o, i := range idx {
			if Bit(c.Valid, i) {
				SetBit(c.Valid, o)
			} else {
				ClearBit(c.Valid, o)
				c.Nulls++
			}
		}
	}
	c.Bad, c.Swapped = nil, nil
	keepAt(c.I64, idx)
	keepAt(c.F64, idx)
	keepAt(c.D128, idx)
	keepAt(c.Codes, idx)
	if c.Off != nil {
		end := int32(0)
		for o, i := range idx {
			from, to := c.Off[i], c.Off[i+1]
			copy(c.Data[end:], c.Data[from:to])
			c.Off[o] = end
			end += to - from
		}
		c.Off[len(idx)] = end
	}
	c.Len = len(idx)
}

func keepAt[T any](s []T, idx []int) {
	if len(s) == 0 {
		return
	}
	for o, i := range idx {
		s[o] = s[i]
	}
}
