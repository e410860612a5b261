package relation

import (
	"slices"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// DupSet holds the places of rows that equal an earlier row, by split.
type DupSet struct {
	// Rows lists, for each split, ascending row positions within it.
	Rows map[int][]int64
}

// Len returns the number of rows in the set.
func (s *DupSet) Len() (n int) {
	for _, r := range s.Rows {
		n += len(r)
	}
	return n
}

// mask marks the rows of a batch that are in the set.
func (s *DupSet) mask(split int, b *frame.Batch, mask []uint64) bool {
	rows := s.Rows[split]
	if len(rows) == 0 || b.N == 0 {
		return false
	}
	at, _ := slices.BinarySearch(rows, b.RowAt(0))
	last := b.RowAt(b.N - 1)
	any := false
	for _, r := range rows[at:] {
		if r > last {
			break
		}
		i := int(r - b.Row0)
		if b.Rows != nil {
			var ok bool
			if i, ok = slices.BinarySearch(b.Rows[:b.N], r); !ok {
				continue
			}
		}
		if !any {
			any = true
			clear(mask)
		}
		mask[i>>6] |= 1 << (i & 63)
	}
	return any
}
