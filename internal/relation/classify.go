package relation

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// rulePlan is a compiled rule. Its kernel writes one bit a row: the rule's
// predicate is true there.
type rulePlan struct {
	Rule
	reason  uint8
	col     int // place in cols; -1 when the test needs none
	outside bool
	dups    bool
	filter  *filter // TestExpr
}

// rules compiles the rules in order. A test of the house over a column that
// the relation does not have never holds and is left out.
func (b *builder) rules() error {
	rules := b.Rel.Rules
	if len(rules) > maxRules {
		return fault.New(fault.Usage, "reading the clean rules: %d rules are more than the %d allowed", len(rules), maxRules)
	}
	for i, r := range rules {
		if r.Kind == Sold || r.Kind >= NumKinds {
			return fault.New(fault.Usage, "reading the clean rules: rule %s gives the kind sold, which is what remains", r.Name)
		}
		b.Reasons = append(b.Reasons, Reason{r.Name, r.Kind})
		if r.Name == ReasonUnparsable {
			b.badReason = uint8(i)
		}
	}
	extra := func(name string, k Kind) uint8 {
		b.Reasons = append(b.Reasons, Reason{name, k})
		return uint8(len(b.Reasons) - 1)
	}
	if b.badReason == 0 && (len(rules) == 0 || rules[0].Name != ReasonUnparsable) {
		b.badReason = extra(ReasonUnparsable, Reject)
	}
	b.dupReason = extra(ReasonDuplicate, Reject)
	b.outReason = extra(ReasonOutside, Outside)
	scope := false
	addScope := func() {
		scope = true
		if b.dups != nil {
			b.Program.rules = append(b.Program.rules, rulePlan{Rule: Rule{Kind: Reject}, reason: b.dupReason, col: -1, dups: true})
		}
		if b.ts >= 0 && b.Rel.AsOf != math.MaxInt64 {
			b.Program.rules = append(b.Program.rules, rulePlan{Rule: Rule{Kind: Outside, Limit: b.Rel.AsOf - 1}, reason: b.outReason, col: b.ts, outside: true})
		}
	}
	for i, r := range rules {
		if !scope && r.Kind != Reject {
			addScope()
		}
		rp, ok, err := b.rule(r)
		if err != nil {
			return err
		}
		if rp.reason = uint8(i); ok {
			b.Program.rules = append(b.Program.rules, rp)
		}
	}
	if !scope {
		addScope()
	}
	return nil
}

// rule compiles one rule; ok is false when it can never hold.
func (b *builder) rule(r Rule) (rp rulePlan, ok bool, err error) {
	rp = rulePlan{Rule: r, col: -1}
	switch r.Test {
	case TestExpr:
		rp.filter, err = b.compileFilter(r)
		return rp, true, err
	case TestBad:
		return rp, true, nil
	case TestNoMoney:
		return rp, b.HasMoney(), nil
	case TestReversal:
		if b.Rel.Find("quantity") >= 0 {
			rp.col, err = b.column("quantity")
		}
		return rp, rp.col >= 0 || b.HasMoney(), err
	case TestFree:
		rp.col = b.price
		return rp, b.price >= 0 || b.HasMoney(), nil
	}
	if r.Column == MoneyColumn && b.Rel.Find(MoneyColumn) < 0 {
		return rp, b.HasMoney(), nil
	}
	ci := b.Rel.Find(r.Column)
	if ci < 0 {
		return rp, false, nil
	}
	if r.Test == TestWords && b.Rel.Columns[ci].Type != expr.Text {
		return rp, false, nil
	}
	rp.col, err = b.column(r.Column)
	return rp, true, err
}

// masks computes the mask of every rule and shares rows out: the first rule
// that holds takes a row. Rows that none takes are sold.
func (w *Worker) classify() {
	n, words := w.rows.N, (w.rows.N+63)>>6
	w.rows.Kind = frame.Grow(w.rows.Kind, n)
	w.rows.Reason = frame.Grow(w.rows.Reason, n)
	clear(w.rows.Kind) // Sold is 0
	fill(w.rows.Reason, NoReason)
	w.free = frame.Grow(w.free, words)
	fillWords(w.free, n)
	clear(w.rows.Count[:])
	for i := range w.prog.rules {
		r := &w.prog.rules[i]
		w.mask = frame.Grow(w.mask, words)
		if !w.ruleMask(r, w.mask) {
			continue
		}
		for k, m := range w.mask {
			if m &= w.free[k]; m != 0 {
				w.free[k] &^= m
				w.take(r, k<<6, m)
			}
		}
	}
	w.tallySold()
	if w.rows.Count[Void]+w.rows.Count[Reversal] > 0 && w.prog.ts >= 0 && w.prog.Rel.AsOf == math.MaxInt64 {
		w.tallyLate()
	}
}

// tallyLate notes void and reversed rows on days after the last sold row so far:
// if no later sale comes they are outside.
func (w *Worker) tallyLate() {
	cut := int64(math.MinInt64)
	if w.Tally.HasTime {
		cut = w.Tally.AsOf()
	}
	for i, t := range w.vecs[w.prog.ts].out.I64[:w.rows.N] {
		if t < cut || (w.rows.Kind[i] != Void && w.rows.Kind[i] != Reversal) || w.vecs[w.prog.ts].out.IsNull(i) {
			continue
		}
		one := Sum{Rows: 1}
		if w.rows.MoneyNull(i) {
			one.NoMoney = 1
		} else {
			one.add(w.rows.Money[i])
		}
		w.Tally.addLate(lateKey{floorDiv(t, dayMicros), w.rows.Reason[i]}, one)
	}
}

// take gives the rows of a mask word to a rule.
func (w *Worker) take(r *rulePlan, base int, m uint64) {
	sum := &w.Tally.By[r.reason]
	c := bits.OnesCount64(m)
	sum.Rows += int64(c)
	w.rows.Count[r.Kind] += c
	money := w.rows.Money
	for ; m != 0; m &= m - 1 {
		i := base + bits.TrailingZeros64(m)
		w.rows.Kind[i], w.rows.Reason[i] = r.Kind, r.reason
		if w.rows.MoneyNull(i) {
			sum.NoMoney++
		} else {
			sum.add(money[i])
		}
	}
}

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

// tallySold counts the rows that no rule took.
func (w *Worker) tallySold() {
	sum := &w.Tally.By[NoReason]
	n := w.rows.N
	sold := n
	for _, c := range w.rows.Count {
		sold -= c
	}
	w.rows.Count[Sold] = sold
	w.Tally.Rows += int64(n)
	sum.Rows += int64(sold)
	if sold == 0 {
		return
	}
	w.sumSold(sum)
	w.spanSold()
	w.countFree()
}

// sumSold adds the money of sold rows.
func (w *Worker) sumSold(sum *Sum) {
	money := w.rows.Money
	if money == nil {
		sum.NoMoney += int64(w.rows.Count[Sold])
		return
	}
	for k, m := range w.free {
		if w.rows.MoneyValid != nil {
			v := wordAt(w.rows.MoneyValid, k)
			sum.NoMoney += int64(bits.OnesCount64(m &^ v))
			m &= v
		}
		blk := money[k<<6 : min(k<<6+64, len(money))]
		s, big := int64(0), int64(0)
		for j, x := range blk {
			x &= -int64(m >> (j & 63) & 1)
			s += x
			big |= x ^ x>>63
		}
		if big>>56 == 0 { // 64 such values cannot overflow
			sum.add(s)
			continue
		}
		for j, x := range blk {
			if m>>(j&63)&1 != 0 {
				sum.add(x)
			}
		}
	}
}

// spanSold widens the time span by the sold rows.
func (w *Worker) spanSold() {
	if w.prog.ts < 0 {
		return
	}
	c := &w.vecs[w.prog.ts].out
	ts := c.I64[:w.rows.N]
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for k, m := range w.free {
		if c.Valid != nil {
			m &= wordAt(c.Valid, k)
		}
		blk := ts[k<<6 : min(k<<6+64, len(ts))]
		for j, t := range blk {
			no := int64(m>>(j&63)&1) - 1 // all ones when the row does not count
			lo = min(lo, t&^no|no&math.MaxInt64)
			hi = max(hi, t&^no|no&math.MinInt64)
		}
	}
	if lo <= hi {
		w.Tally.span(lo)
		w.Tally.span(hi)
	}
}

// countFree counts sold rows of price 0, or of money 0 without a price.
func (w *Worker) countFree() {
	words := len(w.free)
	w.mask = frame.Grow(w.mask, words)
	if w.prog.price < 0 && !w.prog.HasMoney() || !w.signMask(w.prog.price, false, w.mask) {
		return
	}
	for k, m := range w.mask {
		w.Tally.Free += int64(bits.OnesCount64(m & w.free[k]))
	}
}
