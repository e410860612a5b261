package local

import (
	"math"
)

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
	runs runs
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
	// No branch on what the cell holds: a miss of the cache would then also be a
	// branch guessed wrong.
	vals := v.i64[:len(g.ids)]
	least := uint64(math.MaxUint64)
	if starts := a.runs.ofValues(g.ids, vals); starts != nil {
		for _, i := range starts[:len(starts)-1] {
			id := g.ids[i]
			p := &a.n.page(id >> pageBits)[id&pageMask]
			m := uint64(vals[i]) ^ flip
			least = min(least, m)
			*p = max(*p, m)
		}
		return a.zeros(g.ids, vals, least, flip)
	}
	for i, id := range g.ids {
		p := &a.n.page(id >> pageBits)[id&pageMask]
		m := uint64(vals[i]) ^ flip
		least = min(least, m)
		*p = max(*p, m)
	}
	return a.zeros(g.ids, vals, least, flip)
}

// zeros lists the groups of values whose image is 0, if the least image of a batch is.
func (a *extremeAcc) zeros(ids []uint32, vals []int64, least, flip uint64) error {
	if least == 0 {
		for i, id := range ids {
			if uint64(vals[i])^flip == 0 {
				a.put(id, 0)
			}
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
