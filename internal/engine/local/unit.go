package local

import (
	"math"
	"math/bits"
)

// unit is an accumulator that a plan needs. Units are comparable values: two
// queries that need the same one share it.
type unit interface {
	// start makes an empty accumulator for one worker.
	start(p *physical, mem *budget) acc
}

// acc folds batches. It belongs to one worker until the scan is over.
type acc interface {
	// add folds a batch.
	add(s *state) error
	// merge adds another worker's accumulator of the same unit and empties it.
	merge(o acc) error
}

// countUnit counts rows by group: all of them, or those where vec is not null.
type countUnit struct{ base, vec int }

type countAcc struct {
	countUnit
	n paged[int64]
}

func (u countUnit) start(_ *physical, mem *budget) acc {
	return &countAcc{u, paged[int64]{mem: mem}}
}

func (a *countAcc) add(s *state) error {
	g := &s.gids[a.base]
	if len(g.ids) == 0 {
		return nil
	}
	a.n.reach(g.hi)
	if a.vec >= 0 && s.vecs[a.vec].ok != nil {
		for i, ok := range s.vecs[a.vec].ok {
			if ok {
				a.n.page(g.ids[i] >> pageBits)[g.ids[i]&pageMask]++
			}
		}
		return nil
	}
	if starts := s.stretches(a.base); starts != nil {
		for i, from := range starts[:len(starts)-1] {
			id := g.ids[from]
			a.n.page(id >> pageBits)[id&pageMask] += int64(starts[i+1] - from)
		}
		return nil
	}
	if g.lo>>pageBits == g.hi>>pageBits {
		pg := a.n.page(g.lo >> pageBits)
		for _, id := range g.ids {
			pg[id&pageMask]++
		}
		return nil
	}
	for _, id := range g.ids {
		a.n.page(id >> pageBits)[id&pageMask]++
	}
	return nil
}

func (a *countAcc) merge(o acc) error {
	a.n.steal(&o.(*countAcc).n, func(p, q *[pageLen]int64, _ uint32) {
		for i := range p {
			p[i] += q[i]
		}
	})
	return nil
}

// touchUnit remembers which groups met a row, one bit each.
type touchUnit struct{ base int }

type touchAcc struct {
	touchUnit
	n   []*[pageLen / 64]uint64
	mem *budget
}

func (u touchUnit) start(_ *physical, mem *budget) acc { return &touchAcc{touchUnit: u, mem: mem} }

func (a *touchAcc) page(k uint32) *[pageLen / 64]uint64 {
	if pg := a.n[k]; pg != nil {
		return pg
	}
	a.n[k] = new([pageLen / 64]uint64)
	a.mem.add(pageLen / 8)
	return a.n[k]
}

func (a *touchAcc) reach(hi uint32) {
	if need := int(hi>>pageBits) + 1; need > len(a.n) {
		a.n = append(a.n, make([]*[pageLen / 64]uint64, need-len(a.n))...)
	}
}

func (a *touchAcc) add(s *state) error {
	g := &s.gids[a.base]
	if len(g.ids) == 0 {
		return nil
	}
	a.reach(g.hi)
	if starts := s.stretches(a.base); starts != nil {
		for _, from := range starts[:len(starts)-1] {
			id := g.ids[from]
			a.page(id >> pageBits)[id&pageMask>>6] |= 1 << (id & 63)
		}
		return nil
	}
	if g.lo>>pageBits == g.hi>>pageBits {
		pg := a.page(g.lo >> pageBits)
		for _, id := range g.ids {
			pg[id&pageMask>>6] |= 1 << (id & 63)
		}
		return nil
	}
	for _, id := range g.ids {
		a.page(id >> pageBits)[id&pageMask>>6] |= 1 << (id & 63)
	}
	return nil
}

// has reports whether a group met a row.
func (a *touchAcc) has(id uint32) bool {
	k := id >> pageBits
	return int(k) < len(a.n) && a.n[k] != nil && a.n[k][id&pageMask>>6]&(1<<(id&63)) != 0
}

// each calls f for the groups that met a row, in ascending order.
func (a *touchAcc) each(f func(id uint32)) {
	for k, pg := range a.n {
		if pg == nil {
			continue
		}
		for i, w := range pg {
			for ; w != 0; w &= w - 1 {
				f(uint32(k)<<pageBits | uint32(i)<<6 | uint32(bits.TrailingZeros64(w)))
			}
		}
	}
}

// count returns the number of groups that met a row.
func (a *touchAcc) count() (n int) {
	for _, pg := range a.n {
		if pg != nil {
			for _, w := range pg {
				n += bits.OnesCount64(w)
			}
		}
	}
	return n
}

func (a *touchAcc) merge(o acc) error {
	b := o.(*touchAcc)
	if len(b.n) > len(a.n) {
		a.n, b.n = b.n, a.n
	}
	for k, pg := range b.n {
		switch {
		case pg == nil:
		case a.n[k] == nil:
			a.n[k] = pg
		default:
			for i, w := range pg {
				a.n[k][i] |= w
			}
		}
	}
	b.n = nil
	return nil
}

// quantileUnit keeps every non-null value with its group.
type quantileUnit struct{ base, vec int }

type quantileAcc struct {
	quantileUnit
	gid []uint32
	val []int64 // doubles as sortable integers
	mem *budget
}

func (u quantileUnit) start(_ *physical, mem *budget) acc {
	return &quantileAcc{quantileUnit: u, mem: mem}
}

func (a *quantileAcc) add(s *state) error {
	g, v := &s.gids[a.base], &s.vecs[a.vec]
	before := cap(a.gid)*4 + cap(a.val)*8
	for i, id := range g.ids {
		if v.ok != nil && !v.ok[i] {
			continue
		}
		a.gid = append(a.gid, id)
		if v.isFloat {
			a.val = append(a.val, sortable(v.f64[i]))
		} else {
			a.val = append(a.val, v.i64[i])
		}
	}
	if a.mem != nil {
		a.mem.add(int64(cap(a.gid)*4 + cap(a.val)*8 - before))
	}
	return nil
}

func (a *quantileAcc) merge(o acc) error {
	b := o.(*quantileAcc)
	a.gid = append(a.gid, b.gid...)
	a.val = append(a.val, b.val...)
	b.gid, b.val = nil, nil
	return nil
}

// floatOf is the double whose bits a keyer interned.
func floatOf(bits int64) float64 { return math.Float64frombits(uint64(bits)) }

func floatBits(f float64) int64 { return int64(math.Float64bits(f)) }
