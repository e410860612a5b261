package relation

import (
	"math"
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/frame"
)

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
