package quality

import "math/bits"

// rowSet is a growing set of row numbers of a split.
type rowSet []uint64

func (s *rowSet) add(row int64) {
	w := int(row >> 6)
	for len(*s) <= w {
		*s = append(*s, 0)
	}
	(*s)[w] |= 1 << (row & 63)
}

func (s rowSet) has(row int64) bool {
	w := int(row >> 6)
	return w < len(s) && s[w]&(1<<(row&63)) != 0
}

func (s rowSet) remove(row int64) {
	if w := int(row >> 6); w < len(s) {
		s[w] &^= 1 << (row & 63)
	}
}

func (s rowSet) count() (n int64) {
	for _, w := range s {
		n += int64(bits.OnesCount64(w))
	}
	return n
}
