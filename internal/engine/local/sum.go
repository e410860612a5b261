package local

import (
	"math"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/kernel/exact"
)

// sumUnit adds numbers by group. Integers are added in 64 bits as long as the
// magnitudes met so far prove that no sum can pass them, else the attempt is
// repeated wide. Doubles are added exactly in fixed point, else in full.
type sumUnit struct {
	base, vec          int
	float, wide, super bool
}

func (u sumUnit) start(p *physical, mem *budget) acc {
	switch {
	case !u.float && !u.wide && p.bases[p.groupUses[u.base].base].big >= 0:
		return p.sharedSum(u, mem)
	case u.float && u.super:
		return &superAcc{sumUnit: u, n: paged[*exact.Super]{mem: mem}}
	case u.float:
		return &fixedAcc{sumUnit: u, n: paged[exact.Fixed]{mem: mem}}
	case u.wide:
		return &wideAcc{sumUnit: u, n: paged[exact.Int128]{mem: mem}}
	}
	return &sumAcc{sumUnit: u, n: paged[int64]{mem: mem}}
}

type sumAcc struct {
	sumUnit
	n     paged[int64]
	bound uint64 // no sum of magnitudes exceeds it
}

func (a *sumAcc) add(s *state) error {
	g, v := &s.gids[a.base], &s.vecs[a.vec]
	if len(g.ids) == 0 {
		return nil
	}
	if err := a.raise(uint64(len(g.ids)), v.or); err != nil {
		return err
	}
	a.n.reach(g.hi)
	if starts := s.stretches(a.base); starts != nil {
		sums := v.totals()
		for i, from := range starts[:len(starts)-1] {
			id := g.ids[from]
			a.n.page(id >> pageBits)[id&pageMask] += sums[starts[i+1]] - sums[from]
		}
		return nil
	}
	vals := v.i64[:len(g.ids)]
	if g.lo>>pageBits == g.hi>>pageBits {
		pg := a.n.page(g.lo >> pageBits)
		for i, id := range g.ids {
			pg[id&pageMask] += vals[i]
		}
		return nil
	}
	for i, id := range g.ids {
		a.n.page(id >> pageBits)[id&pageMask] += vals[i]
	}
	return nil
}

// raise adds n numbers below 2^bits(or) to the bound.
func (a *sumAcc) raise(n, or uint64) error {
	hi, lo := bits.Mul64(n, 1<<min(bits.Len64(or), 63))
	if a.bound += lo; hi != 0 || lo > math.MaxInt64 || a.bound > math.MaxInt64 {
		return errWide
	}
	return nil
}

func (a *sumAcc) merge(o acc) error {
	b := o.(*sumAcc)
	if a.bound += b.bound; a.bound > math.MaxInt64 {
		return errWide
	}
	a.n.steal(&b.n, func(p, q *[pageLen]int64, _ uint32) {
		for i := range p {
			p[i] += q[i]
		}
	})
	return nil
}

// sharedAcc adds integers of a product base, whose groups are too many for an
// array a worker: all workers add to one.
type sharedAcc struct {
	sumAcc // the bound only
	all    *sharedPages
}

// sharedPages is a paged array of sums that workers share. A cell holds 32 bits,
// for most sums (a customer's month) are small: what passes them is carried
// into a map. An addition that wraps is seen by the one worker that made it.
type sharedPages struct {
	mu    sync.Mutex
	p     []atomic.Pointer[[pageLen]int32]
	carry map[uint32]int64
	most  int // carries at which the attempt is repeated with 128-bit cells
	mem   *budget
}

// mostCarries bounds the map of carries.
const mostCarries = 1 << 18

// sharedSum returns an accumulator over the pages that the plan's workers share.
func (p *physical) sharedSum(u sumUnit, mem *budget) acc {
	if p.shared == nil {
		p.shared = map[sumUnit]*sharedPages{}
	}
	if p.shared[u] == nil {
		p.shared[u] = &sharedPages{p: make([]atomic.Pointer[[pageLen]int32], math.MaxUint32>>pageBits+1), carry: map[uint32]int64{}, most: mostCarries, mem: mem}
	}
	return &sharedAcc{sumAcc: sumAcc{sumUnit: u}, all: p.shared[u]}
}

// page returns page k, making it at first sight.
func (s *sharedPages) page(k uint32) *[pageLen]int32 {
	if pg := s.p[k].Load(); pg != nil {
		return pg
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	pg := s.p[k].Load()
	if pg == nil {
		pg = new([pageLen]int32)
		s.mem.add(pageLen * 4)
		s.p[k].Store(pg)
	}
	return pg
}

// add adds v to a cell.
func (s *sharedPages) add(id uint32, v int64) error {
	low := int32(v)
	carry := v - int64(low)
	now := atomic.AddInt32(&s.page(id >> pageBits)[id&pageMask], low)
	before := now - low // what the cell held, also when the addition wrapped
	carry += int64(before) + int64(low) - int64(now)
	if carry == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.carry[id] += carry
	if len(s.carry) > s.most {
		return errWide
	}
	return nil
}

func (s *sharedPages) get(id uint32) int64 {
	if pg := s.p[id>>pageBits].Load(); pg != nil {
		return int64(pg[id&pageMask]) + s.carry[id]
	}
	return 0
}

func (a *sharedAcc) add(s *state) error {
	g, v := &s.gids[a.base], &s.vecs[a.vec]
	if len(g.ids) == 0 {
		return nil
	}
	if err := a.raise(uint64(len(g.ids)), v.or); err != nil {
		return err
	}
	if starts := s.stretches(a.base); starts != nil {
		sums := v.totals()
		for i, from := range starts[:len(starts)-1] {
			if err := a.all.add(g.ids[from], sums[starts[i+1]]-sums[from]); err != nil {
				return err
			}
		}
		return nil
	}
	for i, id := range g.ids {
		if err := a.all.add(id, v.i64[i]); err != nil {
			return err
		}
	}
	return nil
}

func (a *sharedAcc) merge(o acc) error {
	return a.sumAcc.merge(&o.(*sharedAcc).sumAcc)
}

type wideAcc struct {
	sumUnit
	n paged[exact.Int128]
}

func (a *wideAcc) add(s *state) error {
	g, v := &s.gids[a.base], &s.vecs[a.vec]
	if len(g.ids) == 0 {
		return nil
	}
	a.n.reach(g.hi)
	for i, id := range g.ids {
		a.n.page(id >> pageBits)[id&pageMask].Add(v.i64[i])
	}
	return nil
}

func (a *wideAcc) merge(o acc) error {
	a.n.steal(&o.(*wideAcc).n, func(p, q *[pageLen]exact.Int128, _ uint32) {
		for i := range p {
			p[i].Merge(q[i])
		}
	})
	return nil
}

type fixedAcc struct {
	sumUnit
	n paged[exact.Fixed]
}

func (a *fixedAcc) add(s *state) error {
	g, v := &s.gids[a.base], &s.vecs[a.vec]
	if len(g.ids) == 0 {
		return nil
	}
	a.n.reach(g.hi)
	for i, id := range g.ids {
		f := &a.n.page(id >> pageBits)[id&pageMask]
		if !f.AddFloat(v.f64[i]) || f.Near() {
			return errSuper
		}
	}
	return nil
}

func (a *fixedAcc) merge(o acc) (err error) {
	a.n.steal(&o.(*fixedAcc).n, func(p, q *[pageLen]exact.Fixed, _ uint32) {
		for i := range p {
			if p[i].Merge(q[i].Int128); p[i].Near() {
				err = errSuper
			}
		}
	})
	return err
}

type superAcc struct {
	sumUnit
	n paged[*exact.Super]
}

// superBytes is the size of an exact.Super.
const superBytes = 67*8 + 8

func (a *superAcc) add(s *state) error {
	g, v := &s.gids[a.base], &s.vecs[a.vec]
	if len(g.ids) == 0 {
		return nil
	}
	a.n.reach(g.hi)
	for i, id := range g.ids {
		p := &a.n.page(id >> pageBits)[id&pageMask]
		if *p == nil {
			*p = new(exact.Super)
			if a.n.mem != nil {
				a.n.mem.add(superBytes)
			}
		}
		(*p).Add(v.f64[i])
	}
	return nil
}

func (a *superAcc) merge(o acc) error {
	a.n.steal(&o.(*superAcc).n, func(p, q *[pageLen]*exact.Super, _ uint32) {
		for i := range p {
			switch {
			case q[i] == nil:
			case p[i] == nil:
				p[i] = q[i]
			default:
				p[i].Merge(q[i])
			}
		}
	})
	return nil
}
