package optimize

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// ref is a row of one of several batches, with the first bytes of its key.
type ref struct {
	key   uint64
	batch int32
	row   int32
}

// keys returns the first 8 bytes of each row's key, such that comparing them as numbers never
// contradicts compare; equal ones have to be compared.
func keys(b *frame.Batch, by []int, out []uint64) []uint64 {
	out = frame.Grow(out, b.N)
	if len(by) == 0 {
		clear(out)
		return out
	}
	c := &b.Cols[by[0]]
	for i := range out {
		out[i] = key(c, i)
	}
	return out
}

const sign = 1 << 63

func key(c *frame.Column, i int) uint64 {
	if c.IsNull(i) {
		return math.MaxUint64
	}
	switch c.Kind {
	case frame.String:
		s := c.Str(i)
		if len(s) >= 8 {
			return binary.BigEndian.Uint64(s)
		}
		var b [8]byte
		copy(b[:], s)
		return binary.BigEndian.Uint64(b[:])
	case frame.Float:
		u := math.Float64bits(c.F64[i])
		if u&sign != 0 {
			return ^u
		}
		return u | sign
	case frame.Decimal:
		hi, _ := wide(c, i)
		return uint64(hi) ^ sign
	}
	if c.Unsigned() {
		return uint64(c.I64[i])
	}
	return uint64(c.I64[i]) ^ sign
}

// compare orders two rows by columns, nulls last.
func compare(a *frame.Batch, i int, b *frame.Batch, j int, by []int) int {
	for _, c := range by {
		if d := compareValues(&a.Cols[c], i, &b.Cols[c], j); d != 0 {
			return d
		}
	}
	return 0
}

func compareValues(a *frame.Column, i int, b *frame.Column, j int) int {
	switch x, y := a.IsNull(i), b.IsNull(j); {
	case x && y:
		return 0
	case x:
		return 1
	case y:
		return -1
	}
	switch a.Kind {
	case frame.String:
		return bytes.Compare(a.Str(i), b.Str(j))
	case frame.Float:
		return cmp.Compare(key(a, i), key(b, j)) // by bits, so that NaN and -0 have their places
	case frame.Decimal:
		ah, al := wide(a, i)
		bh, bl := wide(b, j)
		return cmp.Or(cmp.Compare(ah, bh), cmp.Compare(al, bl))
	}
	if a.Unsigned() {
		return cmp.Compare(uint64(a.I64[i]), uint64(b.I64[j]))
	}
	return cmp.Compare(a.I64[i], b.I64[j])
}

// order sorts rows; rows with equal keys keep their order.
func order(refs []ref, batches []*frame.Batch, by []int) {
	less := func(a, b ref) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return cmp.Or(compare(batches[a.batch], int(a.row), batches[b.batch], int(b.row), by), cmp.Compare(a.batch, b.batch), cmp.Compare(a.row, b.row))
	}
	if !slices.IsSortedFunc(refs, less) {
		slices.SortFunc(refs, less)
	}
}
