package analysis

import (
	"cmp"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/recommend"
	"github.com/ecomctl/ecomctl/internal/query"
)

// history is what each customer bought in each order, in the order of time: customer c has
// the rows off[c]:off[c+1], one a distinct product of a distinct order. Orders with equal
// time follow their ids. Without order ids an order is what a customer bought at one time.
type history struct {
	keys, items *frame.Column
	off         []int64
	item        []uint32
	order       []int32 // number of the order within the customer, from 0
	at          []int64 // time of the order, µs; 0 without times
	last        int64   // greatest at
}

// line is one bought line of a customer.
type line struct {
	item      uint32
	order, at int64
}

// newHistory reads groups whose values are the time and the order, as far as the relation has them. It takes
// the groups' arrays over.
func newHistory(r *Request, g *query.Groups) *history {
	h := &history{keys: &g.Keys, items: &g.ItemKeys, off: make([]int64, 1, len(g.Off)), last: math.MinInt64}
	n := len(g.Items)
	h.item, h.order, h.at = g.Items, make([]int32, n), make([]int64, n)
	_, _, order := recommendColumns(r)
	var times, orders []int64
	if r.Rel.Has(recommendTime(r)) {
		times = g.Values[0]
	}
	if order != "" {
		orders = g.Values[len(g.Values)-1]
	}
	var rows []line
	starts := map[int64]int64{}
	out := int64(0)
	for c := 0; c+1 < len(g.Off); c++ {
		rows = rows[:0]
		for i := g.Off[c]; i < g.Off[c+1]; i++ {
			l := line{item: g.Items[i]}
			if times != nil && times[i] != query.NullValue {
				l.at = times[i]
			}
			l.order = l.at
			if orders != nil {
				l.order = orders[i]
			}
			rows = append(rows, l)
		}
		if orders != nil {
			orderTimes(rows, starts)
		}
		slices.SortFunc(rows, func(a, b line) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order), cmp.Compare(a.item, b.item))
		})
		number := int32(-1)
		for i, l := range rows {
			same := i > 0 && rows[i-1].at == l.at && rows[i-1].order == l.order
			if same && rows[i-1].item == l.item {
				continue
			}
			if !same {
				number++
			}
			h.item[out], h.order[out], h.at[out] = l.item, number, l.at
			h.last = max(h.last, l.at)
			out++
		}
		h.off = append(h.off, out)
	}
	h.item, h.order, h.at = h.item[:out], h.order[:out], h.at[:out]
	return h
}

// orderTimes gives every line the time of the first line of its order.
func orderTimes(rows []line, first map[int64]int64) {
	clear(first)
	for _, l := range rows {
		if t, ok := first[l.order]; !ok || l.at < t {
			first[l.order] = l.at
		}
	}
	for i := range rows {
		rows[i].at = first[rows[i].order]
	}
}

// matrix returns customers × products of the rows that keep tells; the value is the number
// of orders with the product. A nil keep keeps all.
func (h *history) matrix(keep func(c int, row int64) bool) *recommend.Matrix {
	off := make([]int64, 1, len(h.off))
	item := make([]uint32, 0, len(h.item))
	for c := 0; c+1 < len(h.off); c++ {
		for i := h.off[c]; i < h.off[c+1]; i++ {
			if keep == nil || keep(c, i) {
				item = append(item, h.item[i])
			}
		}
		off = append(off, int64(len(item)))
	}
	return recommend.FromRows(h.items.Len, off, item, nil)
}

// before tells the rows of the training part: all but each customer's last order, or all before
// a time.
func (h *history) before(split int64) func(c int, row int64) bool {
	if split != query.MaxTime {
		return func(_ int, row int64) bool { return h.at[row] < split }
	}
	return func(c int, row int64) bool { return h.order[row] != h.order[h.off[c+1]-1] }
}

// recent weighs products by the customers who bought them within window of the last
// purchase that keep tells.
func (h *history) recent(window int64, keep func(c int, row int64) bool) []float64 {
	last := int64(math.MinInt64)
	each := func(f func(c int, row int64)) {
		for c := 0; c+1 < len(h.off); c++ {
			for i := h.off[c]; i < h.off[c+1]; i++ {
				if keep == nil || keep(c, i) {
					f(c, i)
				}
			}
		}
	}
	each(func(_ int, row int64) { last = max(last, h.at[row]) })
	weight := make([]float64, h.items.Len)
	by := make([]int32, h.items.Len) // customer + 1 that counted last
	each(func(c int, row int64) {
		if it := h.item[row]; h.at[row] > last-window && by[it] != int32(c)+1 {
			by[it] = int32(c) + 1
			weight[it]++
		}
	})
	return weight
}

// truth lists what the customers of train bought in the rows that keep leaves out: what was
// new to them, or with rebuy anything. Customers without either are left out.
func (h *history) truth(train *recommend.Matrix, keep func(c int, row int64) bool, rebuy bool) *recommend.Truth {
	t := &recommend.Truth{Off: []int64{0}}
	var later []uint32
	for c := range train.Users() {
		known, _ := train.Row(c)
		if len(known) == 0 {
			continue
		}
		later = later[:0]
		for i := h.off[c]; i < h.off[c+1]; i++ {
			if keep(c, i) {
				continue
			}
			if _, had := slices.BinarySearch(known, h.item[i]); rebuy || !had {
				later = append(later, h.item[i])
			}
		}
		if len(later) == 0 {
			continue
		}
		slices.Sort(later)
		t.User = append(t.User, uint32(c))
		t.Item = append(t.Item, slices.Compact(later)...)
		t.Off = append(t.Off, int64(len(t.Item)))
	}
	return t
}
