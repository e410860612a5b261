package parquet

import (
	"encoding/binary"
	"math"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Stats returns bounds of a column's values in the split, those of its row group, when
// the footer's statistics can be trusted: in the order of the logical type, in
// the right number of bytes, not NaN, the least not above the greatest.
//
// The older fields min and max were written in signed order by everybody, so
// they count for signed numbers only.
func (s *split) Stats(col int) (source.Stats, bool) {
	st := source.Stats{Nulls: -1}
	if col < 0 || col >= len(s.ds.leaves) {
		return st, false
	}
	l := &s.ds.leaves[col]
	if l.refused != "" {
		return st, false
	}
	k := &s.meta().columns[l.index]
	if n := k.stats.nulls; n >= 0 && n <= k.numValues {
		st.Nulls = n
		if !s.whole() && n > 0 { // of the rows of a part nobody counted the nulls
			st.Nulls = -1
			if n == k.numValues {
				st.Nulls = s.Rows()
			}
		}
	}
	lo, hi := k.stats.min, k.stats.max
	signed := l.to == toI64 && !l.unsigned() || l.to == toF64
	switch {
	case lo == nil && hi == nil && signed:
		lo, hi = k.stats.oldMin, k.stats.oldMax
	case !signed && !s.ds.ordered(l.index):
		return st, false
	}
	if lo == nil || hi == nil {
		return st, false
	}
	return st, l.bounds(&st, lo, hi)
}

// ordered tells whether the footer says that a leaf's statistics are in the
// order of its logical type.
func (d *dataset) ordered(leaf int) bool {
	return leaf < len(d.meta.orders) && d.meta.orders[leaf] == 1
}

func (l *leaf) unsigned() bool { return (&frame.Column{Type: l.typ}).Unsigned() }

// bounds decodes the two values and tells whether they make sense.
func (l *leaf) bounds(st *source.Stats, lo, hi []byte) bool {
	switch l.to {
	case toI64, toU32:
		n := l.width
		if l.phys == physBool {
			n = 1
		}
		if len(lo) != n || len(hi) != n {
			return false
		}
		st.MinI64, st.MaxI64 = l.integer(lo), l.integer(hi)
		if l.unsigned() && (st.MinI64 < 0 || st.MaxI64 < 0) {
			return false // beyond int64
		}
		return st.MinI64 <= st.MaxI64
	case toF64:
		if len(lo) != l.width || len(hi) != l.width {
			return false
		}
		st.MinF64, st.MaxF64 = l.float(lo), l.float(hi)
		return st.MinF64 <= st.MaxF64 // false for NaN
	case toText:
		st.MinStr, st.MaxStr = lo, hi
		return string(lo) <= string(hi)
	}
	return false
}

func (l *leaf) integer(b []byte) int64 {
	switch {
	case len(b) == 1:
		return int64(b[0] & 1)
	case len(b) == 8:
		return int64(binary.LittleEndian.Uint64(b))
	case l.to == toU32:
		return int64(binary.LittleEndian.Uint32(b))
	}
	return int64(int32(binary.LittleEndian.Uint32(b)))
}

func (l *leaf) float(b []byte) float64 {
	if len(b) == 4 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}
