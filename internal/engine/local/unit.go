package local

import (
	"math"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/kernel/exact"
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
	vals := v.i64[:len(g.ids)]
	run, sum := g.ids[0], int64(0)
	for i, id := range g.ids { // lines of one order stand together: one add for all
		if id != run {
			if err := a.all.add(run, sum); err != nil {
				return err
			}
			run, sum = id, 0
		}
		sum += vals[i]
	}
	return a.all.add(run, sum)
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

// extremeUnit keeps the least or greatest value by group.
type extremeUnit struct {
	base, vec        int
	max, float, text bool
}

func (u extremeUnit) start(_ *physical, mem *budget) acc {
	if u.text {
		return &textAcc{extremeUnit: u, n: map[uint32][]byte{}, mem: mem}
	}
	return &extremeAcc{extremeUnit: u, n: paged[uint64]{mem: mem}}
}

// extremeAcc keeps the greatest image of the values in an order-preserving map
// to unsigned numbers (order-reversing for the least); 0 stands for none. Only
// one integer has the image 0, so groups that met it are listed apart.
type extremeAcc struct {
	extremeUnit
	n    paged[uint64]
	zero map[uint32]bool
}

const signBit = 1 << 63

// image maps x so that greater images win.
func (u extremeUnit) image(x int64) uint64 {
	if u.max {
		return uint64(x) ^ signBit
	}
	return ^(uint64(x) ^ signBit)
}

// value is the inverse of image.
func (u extremeUnit) value(m uint64) int64 {
	if u.max {
		return int64(m ^ signBit)
	}
	return int64(^m ^ signBit)
}

// sortable maps a double to an integer of the same order.
func sortable(f float64) int64 {
	b := int64(math.Float64bits(f + 0))
	return b ^ int64(uint64(b>>63)>>1)
}

// unsortable is the inverse of sortable.
func unsortable(x int64) float64 { return math.Float64frombits(uint64(x ^ int64(uint64(x>>63)>>1))) }

func (a *extremeAcc) add(s *state) error {
	g, v := &s.gids[a.base], &s.vecs[a.vec]
	if len(g.ids) == 0 {
		return nil
	}
	a.n.reach(g.hi)
	if a.float {
		for i, f := range v.f64 {
			if v.ok == nil || v.ok[i] {
				a.put(g.ids[i], a.image(sortable(f)))
			}
		}
		return nil
	}
	if v.ok != nil {
		for i, x := range v.i64 {
			if v.ok[i] {
				a.put(g.ids[i], a.image(x))
			}
		}
		return nil
	}
	flip := uint64(signBit)
	if !a.max {
		flip = ^flip
	}
	vals := v.i64[:len(g.ids)]
	for i, id := range g.ids {
		p := &a.n.page(id >> pageBits)[id&pageMask]
		m := uint64(vals[i]) ^ flip
		if m > *p {
			*p = m
		} else if m == 0 {
			a.put(id, 0)
		}
	}
	return nil
}

func (a *extremeAcc) put(id uint32, m uint64) {
	if m == 0 {
		if a.zero == nil {
			a.zero = map[uint32]bool{}
		}
		a.zero[id] = true
	}
	p := &a.n.page(id >> pageBits)[id&pageMask]
	*p = max(*p, m)
}

// get returns a group's extreme; ok is false when it met no value.
func (a *extremeAcc) get(id uint32) (x int64, ok bool) {
	m := a.n.get(id)
	return a.value(m), m != 0 || a.zero[id]
}

func (a *extremeAcc) merge(o acc) error {
	b := o.(*extremeAcc)
	a.n.steal(&b.n, func(p, q *[pageLen]uint64, _ uint32) {
		for i := range p {
			p[i] = max(p[i], q[i])
		}
	})
	for id := range b.zero {
		a.n.reach(id)
		a.put(id, 0)
	}
	return nil
}

// textAcc keeps the least or greatest text by group, compared by bytes.
type textAcc struct {
	extremeUnit
	n   map[uint32][]byte
	mem *budget
}

func (a *textAcc) better(x, than []byte) bool {
	if a.max {
		return string(x) > string(than)
	}
	return string(x) < string(than)
}

func (a *textAcc) add(s *state) error {
	g, v := &s.gids[a.base], s.p.vecs[a.vec]
	c := s.rows.Cols[v.col]
	for i, r := range s.sel[v.stream] {
		if c.IsNull(int(r)) {
			continue
		}
		x := c.Str(int(r))
		old, seen := a.n[g.ids[i]]
		if !seen || a.better(x, old) {
			a.n[g.ids[i]] = append(old[:0:0], x...)
			if a.mem != nil && !seen {
				a.mem.add(int64(len(x)) + 48)
			}
		}
	}
	return nil
}

func (a *textAcc) merge(o acc) error {
	for id, x := range o.(*textAcc).n {
		if old, seen := a.n[id]; !seen || a.better(x, old) {
			a.n[id] = x
		}
	}
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
