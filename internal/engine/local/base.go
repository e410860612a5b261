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
func (b *base) group(ids []*idData, n int, packed []int64, d *idData) error {
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
	cur := ids[sm[0]].ids
	if len(sm) == 1 {
		for i, id := range cur {
			packed[i] = int64(id)
		}
		b.pairs[0].IDs(packed[:n], d.ids)
	}
	for j, p := range sm[1:] {
		next := ids[p].ids[:n]
		for i, id := range cur {
			packed[i] = int64(uint64(id)<<32 | uint64(next[i]))
		}
		b.pairs[j].IDs(packed[:n], d.ids)
		cur = d.ids
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
