package relation

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// fillWords sets the bits below n.
func fillWords(m []uint64, n int) {
	for i := range m {
		m[i] = math.MaxUint64
	}
	if r := n & 63; r > 0 {
		m[len(m)-1] = 1<<r - 1
	}
}

// wordAt loads bits [64k, 64k+64) of a bitmap, missing bytes as 0.
func wordAt(m []byte, k int) uint64 {
	if lo := k << 3; lo+8 <= len(m) {
		return binary.LittleEndian.Uint64(m[lo:])
	}
	x := uint64(0)
	for j, b := range m[k<<3:] {
		x |= uint64(b) << (j << 3)
	}
	return x
}

// ruleMask evaluates a rule; false means it holds nowhere. Bits beyond the last row are
// unspecified.
func (w *Worker) ruleMask(r *rulePlan, mask []uint64) bool {
	switch {
	case r.dups:
		return w.prog.dups.mask(w.split, w.rows.Raw, mask)
	case r.outside:
		return w.after(r.col, r.Limit, mask)
	}
	switch r.Test {
	case TestNull:
		return nullMask(&w.vecs[r.col].out, mask)
	case TestBad:
		return w.badMask(mask)
	case TestNoMoney:
		if w.rows.MoneyValid == nil {
			return false
		}
		for k := range mask {
			mask[k] = ^wordAt(w.rows.MoneyValid, k)
		}
		return true
	case TestNegative:
		return w.signMask(r.col, true, mask)
	case TestZero, TestFree:
		return w.signMask(r.col, false, mask)
	case TestReversal:
		return w.reversalMask(r.col, mask)
	case TestAfter:
		return w.after(r.col, r.Limit, mask)
	case TestWords:
		return w.wordsMask(r, mask)
	}
	return r.filter.mask(w, mask)
}

// nullMask marks null rows, but for those whose value could not be read.
func nullMask(c *frame.Column, mask []uint64) bool {
	if c.Kind == frame.Null {
		fillWords(mask, c.Len)
		return true
	}
	if c.Valid == nil || c.Nulls == 0 {
		return false
	}
	for k := range mask {
		mask[k] = ^wordAt(c.Valid, k)
	}
	if c.Bad != nil {
		for k := range mask {
			mask[k] &^= wordAt(c.Bad, k)
		}
	}
	return true
}

// badMask marks rows with an unreadable mapped value.
func (w *Worker) badMask(mask []uint64) bool {
	any := false
	for i := range w.prog.cols {
		c := &w.vecs[i].out
		if c.Bad == nil || !w.prog.cols[i].mapped {
			continue
		}
		if !any {
			clear(mask)
			any = true
		}
		for k := range mask {
			mask[k] |= wordAt(c.Bad, k)
		}
	}
	return any
}

// dropNulls clears the bits of null rows.
func dropNulls(c *frame.Column, mask []uint64) {
	if c.Valid == nil || c.Nulls == 0 {
		return
	}
	for k := range mask {
		mask[k] &= wordAt(c.Valid, k)
	}
}

// after marks rows whose time is beyond limit.
func (w *Worker) after(col int, limit int64, mask []uint64) bool {
	c := &w.vecs[col].out
	ts := c.I64[:w.rows.N]
	any := uint64(0)
	for k := range mask {
		blk := ts[k<<6 : min(k<<6+64, len(ts))]
		m := uint64(0)
		for j, t := range blk {
			if t > limit {
				m |= 1 << (j & 63)
			}
		}
		mask[k] = m
		any |= m
	}
	if any == 0 {
		return false
	}
	dropNulls(c, mask)
	return true
}

// reversalMask marks rows of negative quantity or negative money.
func (w *Worker) reversalMask(quantity int, mask []uint64) bool {
	any := quantity >= 0 && w.signMask(quantity, true, mask)
	if !w.prog.HasMoney() {
		return any
	}
	if !any {
		return w.signMask(-1, true, mask)
	}
	w.mask2 = frame.Grow(w.mask2, len(mask))
	if w.signMask(-1, true, w.mask2) {
		for k, m := range w.mask2 {
			mask[k] |= m
		}
	}
	return true
}

// signMask marks negative or zero values of a column, or of money (col -1). The
// first sweep finds rows ≤ 0, which are rare; only those are looked at again.
func (w *Worker) signMask(col int, neg bool, mask []uint64) bool {
	if col < 0 {
		if !lowInts(w.rows.Money, mask) {
			return false
		}
		money := w.rows.Money
		resolve(mask, func(i int) bool { return (money[i] < 0) == neg })
		if w.rows.MoneyValid != nil {
			for k := range mask {
				mask[k] &= wordAt(w.rows.MoneyValid, k)
			}
		}
		return true
	}
	c := &w.vecs[col].out
	switch {
	case c.Kind == frame.Float:
		if !w.low(col, mask) {
			return false
		}
		resolve(mask, func(i int) bool { return (c.F64[i] < 0) == neg })
	case c.I64 != nil && !c.Unsigned():
		if !w.low(col, mask) {
			return false
		}
		resolve(mask, func(i int) bool { return (c.I64[i] < 0) == neg })
	case c.I64 != nil:
		fillWords(mask, w.rows.N)
		resolve(mask, func(i int) bool { return c.I64[i] == 0 && !neg })
	case c.D128 != nil:
		fillWords(mask, w.rows.N)
		resolve(mask, func(i int) bool { return (c.D128[i].Sign() < 0 && neg) || (c.D128[i].Sign() == 0 && !neg) })
	default:
		return false
	}
	dropNulls(c, mask)
	return true
}

// low marks the rows of a number column that may be ≤ 0, once a batch: both
// sign tests of a column share the sweep.
func (w *Worker) low(col int, mask []uint64) bool {
	s := &w.vecs[col].low
	if !s.done {
		s.done = true
		s.mask = frame.Grow(s.mask, len(mask))
		c := &w.vecs[col].out
		if c.Kind == frame.Float {
			s.any = lowFloats(c.F64[:w.rows.N], s.mask)
		} else {
			s.any = lowInts(c.I64[:w.rows.N], s.mask)
		}
	}
	if s.any {
		copy(mask, s.mask)
	}
	return s.any
}

// lowMask caches which rows of a column are ≤ 0.
type lowMask struct {
	done, any bool
	mask      []uint64
}

// lowInts marks values ≤ 0.
func lowInts(v []int64, mask []uint64) bool {
	any := uint64(0)
	for k := range mask {
		blk := v[k<<6 : min(k<<6+64, len(v))]
		m := uint64(0)
		for j, x := range blk {
			if x <= 0 {
				m |= 1 << (j & 63)
			}
		}
		mask[k] = m
		any |= m
	}
	return any != 0
}

// lowFloats marks values ≤ 0.
func lowFloats(v []float64, mask []uint64) bool {
	any := uint64(0)
	for k := range mask {
		blk := v[k<<6 : min(k<<6+64, len(v))]
		m := uint64(0)
		for j, x := range blk {
			if x <= 0 {
				m |= 1 << (j & 63)
			}
		}
		mask[k] = m
		any |= m
	}
	return any != 0
}

// resolve keeps the bits for which keep is true.
func resolve(mask []uint64, keep func(i int) bool) {
	for k, m := range mask {
		for rest := m; rest != 0; rest &= rest - 1 {
			j := bits.TrailingZeros64(rest)
			if !keep(k<<6 + j) {
				m &^= 1 << j
			}
		}
		mask[k] = m
	}
}

// wordsMask marks rows whose text is one of the rule's words; a dictionary is
// asked once an entry.
func (w *Worker) wordsMask(r *rulePlan, mask []uint64) bool {
	v := &w.vecs[r.col]
	c := &v.out
	if c.Kind != frame.String {
		return false
	}
	n := w.rows.N
	if c.Dict == nil {
		clear(mask)
		for i := range n {
			if !c.IsNull(i) && isWord(c.Data[c.Off[i]:c.Off[i+1]], r.Words) {
				mask[i>>6] |= 1 << (i & 63)
			}
		}
		return true
	}
	hit := v.words.of(c.Dict, r.reason, r.Words)
	if hit == nil {
		return false
	}
	codes := c.Codes[:n]
	for k := range mask {
		blk := codes[k<<6 : min(k<<6+64, len(codes))]
		m := uint64(0)
		for j, code := range blk {
			m |= uint64(hit[code]) << (j & 63)
		}
		mask[k] = m
	}
	dropNulls(c, mask)
	return true
}

// wordCache remembers which entries of the last dictionary are words of a rule.
type wordCache struct {
	dict *frame.Dict
	rule uint8
	any  bool
	hit  []uint8
}

// of returns a 0 or 1 for every entry, or nil when no entry is a word.
func (m *wordCache) of(d *frame.Dict, rule uint8, words []string) []uint8 {
	if m.dict != d || m.rule != rule {
		m.dict, m.rule, m.any = d, rule, false
		m.hit = frame.Grow(m.hit, max(d.Len(), 1))
		m.hit[0] = 0
		for i := range d.Len() {
			m.hit[i] = 0
			if isWord(d.At(int32(i)), words) {
				m.hit[i], m.any = 1, true
			}
		}
	}
	if !m.any {
		return nil
	}
	return m.hit
}

// isWord compares as lower(trim(s)) in (words): ASCII case, spaces only.
func isWord(s []byte, words []string) bool {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	for _, w := range words {
		if len(w) == len(s) && equalFold(s, w) {
			return true
		}
	}
	return false
}

// equalFold compares s with the lower-case word w of the same length.
func equalFold(s []byte, w string) bool {
	for i, c := range s {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != w[i] {
			return false
		}
	}
	return true
}
