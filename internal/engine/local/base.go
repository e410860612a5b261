package local

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/kernel/intern"
)

// base numbers the groups of one or more keyers.
//
//	no keyer     one group, 0
//	one          the keyer's ids
//	product      pack(small keyers) × stride + id of the big keyer, so that arrays by
//	             group are dense stretches by the big keyer
//	otherwise    ids packed in pairs and interned, pair by pair
type base struct {
	keyers []int
	big    int    // position of the big keyer of a product; -1
	stride uint32 // of a product
	pairs  []*intern.Ints
}

// baseUse is a base applied to the rows of a stream.
type baseUse struct {
	base, stream int
	uses         []int // parallel to the base's keyers
}

// bigSpan is the window from which a keyer counts as big.
const bigSpan = 4096

func newBase(p *physical, keyers []int, opt attemptOptions) *base {
	b := &base{keyers: keyers, big: -1}
	if len(keyers) < 2 {
		return b
	}
	for i, k := range keyers {
		kr := p.keyers[k]
		if !opt.sparse && kr.tidy && kr.span >= uint64(opt.big) && kr.span < 1<<27 && (b.big < 0 || kr.span > uint64(b.stride)) {
			b.big, b.stride = i, uint32(kr.span)+1
		}
	}
	n := len(keyers) - 1
	if b.big >= 0 {
		n--
	}
	for range max(n, 0) {
		b.pairs = append(b.pairs, intern.NewInts())
	}
	if b.big >= 0 && n == 0 { // one small keyer: its ids are made dense
		b.pairs = append(b.pairs, intern.NewInts())
	}
	return b
}

func (b *base) bytes() (n int64) {
	for _, p := range b.pairs {
		n += p.Bytes()
	}
	return n
}

// small lists the positions of the keyers that are packed.
func (b *base) small() []int {
	var out []int
	for i := range b.keyers {
		if i != b.big {
			out = append(out, i)
		}
	}
	return out
}

// group fills d with the group ids of a batch; ids are those of the keyers.
func (b *base) group(ids []*idData, n int, packed []int64, d *idData, c *cells) error {
	switch len(b.keyers) {
	case 0:
		clear(d.ids)
		d.lo, d.hi = 0, 0
		return nil
	case 1:
		*d = *ids[0]
		return nil
	}
	sm := b.small()
	first, rest := ids[sm[0]], sm[1:]
	second := first // unused
	if len(rest) > 0 {
		second, rest = ids[rest[0]], rest[1:]
	}
	if !b.cached(first, second, len(sm) > 1, d.ids, c) {
		for i, id := range first.ids {
			packed[i] = int64(id)
			if len(sm) > 1 {
				packed[i] = int64(uint64(id)<<32 | uint64(second.ids[i]))
			}
		}
		b.pairs[0].IDs(packed[:n], d.ids)
	}
	cur := d.ids
	for j, p := range rest {
		next := ids[p].ids[:n]
		for i, id := range cur {
			packed[i] = int64(uint64(id)<<32 | uint64(next[i]))
		}
		b.pairs[j+1].IDs(packed[:n], d.ids)
	}
	if b.big >= 0 {
		if uint64(b.pairs[len(b.pairs)-1].Bound())*uint64(b.stride) > math.MaxUint32-1 || ids[b.big].hi >= b.stride {
			return errProduct
		}
		big := ids[b.big].ids[:n]
		for i, id := range d.ids[:n] {
			d.ids[i] = id*b.stride + big[i]
		}
	}
	d.span()
	return nil
}

// cells remember the ids that a base gave to pairs of ids (to single ones, where there is no
// second) in a small table: days by regions. One belongs to one worker.
type cells struct {
	lo, wide uint32 // first id of the rows, length of a row
	id       []uint32
}

// mostCells bounds the table of a worker: it should stay in the second cache.
const mostCells = 1 << 17

// fit makes the table hold the pairs of two batches of ids; false when it would be too large.
func (c *cells) fit(a, b *idData) bool {
	if n := uint32(len(c.id)); n > 0 && a.lo >= c.lo && b.hi < c.wide && a.hi-c.lo < n/c.wide {
		return true
	}
	lo, hi, wide := a.lo&^63, a.hi|63, b.hi|7
	if len(c.id) > 0 {
		lo, wide = min(lo, c.lo), max(wide, c.wide-1)
		hi = max(hi, c.lo+uint32(len(c.id))/c.wide-1)
	}
	wide++
	n := (uint64(hi-lo) + 1) * uint64(wide)
	if wide == 0 || n > mostCells {
		return false
	}
	c.lo, c.wide, c.id = lo, wide, make([]uint32, n)
	return true
}

// cached gives the ids of pairs from the worker's table; false when that is too small.
func (b *base) cached(first, second *idData, both bool, dst []uint32, c *cells) bool {
	if !both {
		second = &idData{}
	}
	if !c.fit(first, second) {
		return false
	}
	lo, wide, tab := c.lo, c.wide, c.id
	if !both {
		for i, id := range first.ids {
			p := (id - lo) * wide
			if tab[p] == 0 {
				tab[p] = b.pairs[0].ID(int64(id)) + 1
			}
			dst[i] = tab[p] - 1
		}
		return true
	}
	next := second.ids[:len(first.ids)]
	for i, id := range first.ids {
		p := (id-lo)*wide + next[i]
		if tab[p] == 0 {
			tab[p] = b.pairs[0].ID(int64(uint64(id)<<32|uint64(next[i]))) + 1
		}
		dst[i] = tab[p] - 1
	}
	return true
}

// baseReader takes group ids apart once the scan is over.
type baseReader struct {
	b     *base
	small []int
	pairs [][]int64
}

func (b *base) reader() *baseReader {
	r := &baseReader{b: b, small: b.small()}
	for _, p := range b.pairs {
		r.pairs = append(r.pairs, p.Values())
	}
	return r
}

// split stores the keyer ids of group g in out.
func (r *baseReader) split(g uint32, out []uint32) {
	switch len(r.b.keyers) {
	case 0:
		return
	case 1:
		out[0] = g
		return
	}
	if r.b.big >= 0 {
		out[r.b.big] = g % r.b.stride
		g /= r.b.stride
	}
	if len(r.small) == 1 {
		out[r.small[0]] = uint32(r.pairs[0][g])
		return
	}
	for j := len(r.small) - 2; j >= 0; j-- {
		v := uint64(r.pairs[j][g])
		out[r.small[j+1]] = uint32(v)
		g = uint32(v >> 32)
	}
	out[r.small[0]] = g
}
