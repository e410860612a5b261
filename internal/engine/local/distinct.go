package local

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"
	"unsafe"

	"github.com/ecomctl/ecomctl/internal/kernel/radix"
	"github.com/ecomctl/ecomctl/internal/kernel/zeros"
)

// distinctUnit counts the different keys of each group, exactly.
type distinctUnit struct{ base, key int }

// distinctAcc remembers which key met which group, in the cheapest of three
// forms; a pair may be in several of them, the count takes their union.
//
//	owner   by key: the first group it met. Enough when a key belongs to one group
//	        (an order has one day, one customer, one region).
//	rows    by group: a bitmap of its keys. For few groups whose keys recur (customers of
//	        a day); chosen when the bitmaps are known to stay small.
//	pairs   (group, key) lists, sorted and made unique now and then: everything else.
//
// It begins with owners, whose misses go to pairs; when pairs pile up it looks
// at them and turns to bitmaps if those are cheap.
type distinctAcc struct {
	distinctUnit
	owner paged[uint32] // group + 1
	rows  paged[[]uint64]
	bits  bool
	full  bool // no new bitmaps: the groups that have none use pairs

	pairs    []uint64 // group<<32 | key
	limit    int      // pairs at which they are made unique again
	look     int      // the first such limit
	last     uint64
	keyBound func() uint32
	bitBytes int64
	bitCap   int64
	mem      *budget

	runs  runs
	once  sync.Once
	owned paged[int64] // keys by the group that owns them
}

// firstLook is the number of pairs at which an accumulator chooses its form.
const firstLook = 1 << 15

func (u distinctUnit) start(p *physical, mem *budget) acc {
	kr := p.keyers[p.uses[u.key].keyer]
	return &distinctAcc{distinctUnit: u, owner: paged[uint32]{mem: mem}, rows: paged[[]uint64]{mem: mem},
		limit: p.opt.look, look: p.opt.look, keyBound: kr.bound, bitCap: p.bitmapBytes, mem: mem}
}

func (a *distinctAcc) add(s *state) error {
	g, k := &s.gids[a.base], &s.ids[a.key]
	if len(g.ids) == 0 {
		return nil
	}
	if a.bits {
		a.addBits(g, k)
	} else {
		a.addOwners(g, k)
	}
	if len(a.pairs) >= a.limit {
		a.choose()
	}
	return nil
}

func (a *distinctAcc) addOwners(g, k *idData) {
	a.owner.reach(k.hi)
	gids := g.ids[:len(k.ids)]
	if starts := a.runs.ofPairs(k.ids, gids); starts != nil {
		for _, i := range starts[:len(starts)-1] {
			key := k.ids[i]
			p := &a.owner.page(key >> pageBits)[key&pageMask]
			o, own := *p, gids[i]+1
			if o == 0 {
				o = own
			}
			*p = o
			if o != own {
				a.pair(own-1, key)
			}
		}
		return
	}
	if k.lo>>pageBits == k.hi>>pageBits {
		pg := a.owner.page(k.lo >> pageBits)
		for i, key := range k.ids {
			// the first owner stays, without a branch on what the cell holds
			o, own := pg[key&pageMask], gids[i]+1
			if o == 0 {
				o = own
			}
			pg[key&pageMask] = o
			if o != own {
				a.pair(own-1, key)
			}
		}
		return
	}
	for i, key := range k.ids {
		p := &a.owner.page(key >> pageBits)[key&pageMask]
		o, own := *p, gids[i]+1
		if o == 0 {
			o = own
		}
		*p = o
		if o != own {
			a.pair(own-1, key)
		}
	}
}

// pair notes a pair apart, unless it is null or just was noted.
func (a *distinctAcc) pair(g, key uint32) {
	p := uint64(g)<<32 | uint64(key)
	if p == a.last || key == 0 {
		return
	}
	a.last = p
	if len(a.pairs) == cap(a.pairs) {
		a.growPairs()
	}
	a.pairs = append(a.pairs, p)
}

func (a *distinctAcc) growPairs() {
	n := max(2*cap(a.pairs), 2*a.look)
	if a.mem != nil {
		a.mem.add(int64(n-cap(a.pairs)) * 8)
	}
	p := make([]uint64, len(a.pairs), n)
	copy(p, a.pairs)
	a.pairs = p
}

func (a *distinctAcc) addBits(g, k *idData) {
	a.rows.reach(g.hi)
	gids := g.ids[:len(k.ids)]
	if starts := a.runs.ofPairs(k.ids, gids); starts != nil {
		for _, i := range starts[:len(starts)-1] {
			a.set(gids[i], k.ids[i])
		}
		return
	}
	for i, key := range k.ids {
		row := a.rows.page(gids[i] >> pageBits)[gids[i]&pageMask]
		w := int(key >> 6)
		if w >= len(row) {
			if key == 0 {
				continue
			}
			if row = a.widen(gids[i], w); row == nil {
				a.pair(gids[i], key)
				continue
			}
		}
		row[w] |= 1 << (key & 63)
	}
}

// widen makes a group's bitmap hold word w; nil when there is no room for it.
func (a *distinctAcc) widen(g uint32, w int) []uint64 {
	p := a.rows.at(g)
	n := max(w+1, int(a.keyBound()>>6)+1)
	grow := int64(n-len(*p)) * 8
	if a.full || a.bitBytes+grow > a.bitCap {
		a.full = a.full || *p == nil
		return nil
	}
	a.bitBytes += grow
	if a.mem != nil {
		a.mem.add(grow)
	}
	row := zeros.Make[uint64](n)
	copy(row, *p)
	*p = row
	return row
}

// choose makes the pairs unique, and at the first time chooses the form.
func (a *distinctAcc) choose() {
	a.compact()
	if !a.bits && !a.full {
		groups := 0
		for i, p := range a.pairs {
			if i == 0 || p>>32 != a.pairs[i-1]>>32 {
				groups++
			}
		}
		each := int64(a.keyBound()>>3) + 8
		if int64(groups)*each <= a.bitCap {
			a.toBits()
		}
	}
	a.limit = max(2*len(a.pairs), a.look)
}

// compact sorts the pairs and drops repeated ones.
func (a *distinctAcc) compact() {
	radix.Uint64(a.pairs, nil)
	a.pairs = radix.Unique(a.pairs)
}

// toBits moves pairs and owners into bitmaps, as far as there is room.
func (a *distinctAcc) toBits() {
	a.bits = true
	old := a.pairs
	a.pairs, a.last = nil, 0
	for _, p := range old {
		a.set(uint32(p>>32), uint32(p))
	}
	a.owner.each(func(pg *[pageLen]uint32, base uint32) {
		for i, o := range pg {
			if o != 0 {
				a.set(o-1, base+uint32(i))
			}
		}
		if a.mem != nil {
			a.mem.add(-int64(unsafe.Sizeof(*pg)))
		}
	})
	a.owner.p = nil
	if a.mem != nil {
		a.mem.add(-int64(cap(old)-cap(a.pairs)) * 8)
	}
}

// set stores one pair in a bitmap or in pairs.
func (a *distinctAcc) set(g, key uint32) {
	if key == 0 {
		return
	}
	row := a.rows.get(g)
	w := int(key >> 6)
	if w >= len(row) {
		if row = a.widen(g, w); row == nil {
			a.pair(g, key)
			return
		}
	}
	row[w] |= 1 << (key & 63)
}

func (a *distinctAcc) merge(o acc) error {
	b := o.(*distinctAcc)
	if a.bits != b.bits {
		if !a.bits {
			a.toBits()
		} else {
			b.toBits()
		}
	}
	a.owner.steal(&b.owner, func(p, q *[pageLen]uint32, base uint32) {
		for i, own := range q {
			switch {
			case own == 0 || own == p[i]:
			case p[i] == 0:
				p[i] = own
			default:
				a.pair(own-1, base+uint32(i))
			}
		}
	})
	a.rows.steal(&b.rows, func(p, q *[pageLen][]uint64, _ uint32) {
		for i, row := range q {
			if len(row) > len(p[i]) {
				p[i], row = row, p[i]
			}
			for w, x := range row {
				p[i][w] |= x
			}
		}
	})
	a.pairs = append(a.pairs, b.pairs...)
	b.pairs = nil
	return nil
}

// counts returns the distinct keys of n result groups, where group g of the
// scan belongs to result group to.get(g)-1 (0: to none). Several groups may
// belong to one result: weeks are folded from days this way.
func (a *distinctAcc) counts(to *paged[int32], n int) []int64 {
	if a.bits && len(a.pairs) == 0 {
		return a.unions(to, n)
	}
	out := make([]int64, n)
	fold, lent := foldRows(a, to, n)
	var rest []uint64
	put := func(f int32, key uint32) {
		if row := fold[f]; row != nil && int(key>>6) < len(row) {
			if row[key>>6]&(1<<(key&63)) != 0 {
				return
			}
			if lent[f] {
				row, lent[f] = slices.Clone(row), false
				fold[f] = row
			}
			row[key>>6] |= 1 << (key & 63)
			return
		}
		rest = append(rest, uint64(f)<<32|uint64(key))
	}
	a.ownerCounts().each(func(pg *[pageLen]int64, base uint32) {
		for i, c := range pg {
			if f := to.get(base+uint32(i)) - 1; c != 0 && f >= 0 {
				out[f] += c
			}
		}
	})
	for _, p := range a.pairs {
		f := to.get(uint32(p>>32)) - 1
		if f < 0 {
			continue
		}
		key := uint32(p)
		if o := a.owner.get(key); o != 0 && to.get(o-1)-1 == f {
			continue // the owner counts it
		}
		put(f, key)
	}
	for f, row := range fold {
		for _, w := range row {
			out[f] += int64(bits.OnesCount64(w))
		}
		if len(row) > 0 {
			out[f] -= int64(row[0] & 1) // null is no key
		}
	}
	radix.Uint64(rest, nil)
	for i, p := range rest {
		if i == 0 || p != rest[i-1] {
			out[p>>32]++
		}
	}
	return out
}

// ownerCounts counts the keys that each group of the scan owns, once for all
// queries. Accumulators with bitmaps have no owners.
func (a *distinctAcc) ownerCounts() *paged[int64] {
	a.once.Do(func() {
		a.owner.each(func(pg *[pageLen]uint32, base uint32) {
			for i, o := range pg {
				if o != 0 && base+uint32(i) != 0 {
					*a.owned.at(o - 1)++
				}
			}
		})
	})
	return &a.owned
}

// unions counts the keys of every result's bitmaps, one result at a time.
func (a *distinctAcc) unions(to *paged[int32], n int) []int64 {
	type member struct {
		f   int32
		row []uint64
	}
	var list []member
	a.rows.each(func(pg *[pageLen][]uint64, base uint32) {
		for i, row := range pg {
			if row != nil {
				if f := to.get(base+uint32(i)) - 1; f >= 0 {
					list = append(list, member{f, row})
				}
			}
		}
	})
	slices.SortFunc(list, func(a, b member) int { return cmp.Compare(a.f, b.f) })
	out := make([]int64, n)
	var union []uint64
	for i := 0; i < len(list); {
		f, row := list[i].f, list[i].row
		j := i + 1
		for ; j < len(list) && list[j].f == f; j++ {
			if j == i+1 {
				union = append(union[:0], row...)
			}
			if more := len(list[j].row) - len(union); more > 0 {
				union = append(union, make([]uint64, more)...)
			}
			for w, x := range list[j].row {
				union[w] |= x
			}
			row = union
		}
		for _, w := range row {
			out[f] += int64(bits.OnesCount64(w))
		}
		out[f] -= int64(row[0] & 1) // null is no key
		i = j
	}
	return out
}

// foldRows gives each result group that has bitmaps the union of them; a group
// without any has nil. A result that has only one bitmap borrows it (lent).
func foldRows(a *distinctAcc, to *paged[int32], n int) (fold [][]uint64, lent []bool) {
	fold, lent = make([][]uint64, n), make([]bool, n)
	width, members := make([]int, n), make([]int, n)
	rows := func(f func(res int32, row []uint64)) {
		a.rows.each(func(pg *[pageLen][]uint64, base uint32) {
			for i, row := range pg {
				if row != nil {
					if res := to.get(base+uint32(i)) - 1; res >= 0 {
						f(res, row)
					}
				}
			}
		})
	}
	rows(func(f int32, row []uint64) {
		width[f] = max(width[f], len(row))
		members[f]++
	})
	rows(func(f int32, row []uint64) {
		if members[f] == 1 {
			fold[f], lent[f] = row, true
			return
		}
		if fold[f] == nil {
			fold[f] = zeros.Make[uint64](width[f])
		}
		for w, x := range row {
			fold[f][w] |= x
		}
	})
	return fold, lent
}
