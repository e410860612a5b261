package local

import (
	"fmt"
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/kernel/radix"
)

// groups lists a query's groups and sorts them by the dimensions.
func (r *results) groups(qp *queryPlan) *groupMap {
	m := &groupMap{}
	main := r.touched(qp, m)
	if len(qp.dims) == 0 { // one row always, as SQL answers
		m.n, m.gids, m.fin = 1, []uint32{0}, []int32{0}
		return m
	}
	r.assign(qp, m, main)
	m.sortGroups(qp, r)
	return m
}

// touched collects the groups that any measure of the query met; main tells
// which of them rows of the query's own scope made, nil says all.
func (r *results) touched(qp *queryPlan, m *groupMap) (main []bool) {
	first := r.accs[qp.touch[0]].(*touchAcc)
	if len(qp.touch) == 1 {
		m.gids = make([]uint32, 0, first.count())
		first.each(func(id uint32) { m.gids = append(m.gids, id) })
		return nil
	}
	any := &touchAcc{mem: &budget{}}
	for _, t := range qp.touch {
		r.accs[t].(*touchAcc).each(func(id uint32) {
			any.reach(id)
			any.page(id >> pageBits)[id&pageMask>>6] |= 1 << (id & 63)
		})
	}
	m.gids, main = make([]uint32, 0, any.count()), make([]bool, 0, any.count())
	any.each(func(id uint32) {
		m.gids = append(m.gids, id)
		main = append(main, first.has(id))
	})
	return main
}

// assign computes the dimensions of every group of the scan and numbers the
// result groups. Without roll-up and cohort every group is a result of its own.
func (r *results) assign(qp *queryPlan, m *groupMap, main []bool) {
	m.fin = make([]int32, len(m.gids))
	m.dims = make([][]dimValue, len(qp.dims))
	direct := true
	for _, d := range qp.dims {
		direct = direct && d.cut == d.from && d.first < 0
	}
	if !direct {
		r.fold(qp, m, main)
		return
	}
	base := r.bases[qp.base]
	ids := make([]uint32, len(base.b.keyers))
	krs := r.readers(qp)
	for i := range m.dims {
		m.dims[i] = make([]dimValue, 0, len(m.gids))
	}
	for j, g := range m.gids {
		if main != nil && !main[j] {
			m.fin[j] = -1
			continue
		}
		m.fin[j] = int32(m.n)
		m.n++
		base.split(g, ids)
		for i := range qp.dims {
			d := &qp.dims[i]
			v, _ := r.value(d, krs[i], ids[d.pos])
			m.dims[i] = append(m.dims[i], v)
		}
	}
}

// readers returns the reader of each dimension's keyer.
func (r *results) readers(qp *queryPlan) []*keyReader {
	var out []*keyReader
	for i := range qp.dims {
		out = append(out, r.keys[r.p.bases[qp.base].keyers[qp.dims[i].pos]].load())
	}
	return out
}

// value computes a dimension from its keyer's id; false when the row belongs
// to no result (a cohort needs its customer).
func (r *results) value(d *dimPlan, kr *keyReader, id uint32) (dimValue, bool) {
	switch {
	case d.first >= 0:
		v, ok := r.accs[d.first].(*extremeAcc).get(id)
		if ok && d.cut != d.from {
			v = unitOfDay(d.cut, v)
		}
		return dimValue{v: v, null: !ok}, id != 0
	case id == 0:
		return dimValue{null: true}, true
	case d.typ == expr.Text:
		return dimValue{v: int64(id)}, true
	}
	v := kr.number(id)
	if d.cut != d.from {
		v = unitOfDay(d.cut, v)
	}
	return dimValue{v: v}, true
}

// coder numbers the values of one dimension: few values, however many ids.
type coder struct {
	byID paged[int32] // code + 1 by keyer id; -1: no result
	at   map[dimValue]int32
	vals []dimValue
}

// code returns the number of the value that an id stands for, -1 for none.
func (c *coder) code(r *results, d *dimPlan, kr *keyReader, id uint32) int32 {
	p := c.byID.at(id)
	if *p != 0 {
		if *p < 0 {
			return -1
		}
		return *p - 1
	}
	v, ok := r.value(d, kr, id)
	if !ok {
		*p = -1
		return -1
	}
	k, seen := c.at[v]
	if !seen {
		k = int32(len(c.vals))
		c.at[v] = k
		c.vals = append(c.vals, v)
	}
	*p = k + 1
	return k
}

// fold numbers result groups that several groups of the scan make up.
func (r *results) fold(qp *queryPlan, m *groupMap, main []bool) {
	base := r.bases[qp.base]
	ids := make([]uint32, len(base.b.keyers))
	coders := make([]coder, len(qp.dims))
	for i := range coders {
		coders[i].at = map[dimValue]int32{}
	}
	krs := r.readers(qp)
	place := newPlaces()
	var own []bool // result groups that rows of the scope made
	codes := make([]int32, len(qp.dims))
next:
	for j, g := range m.gids {
		base.split(g, ids)
		for i := range qp.dims {
			d := &qp.dims[i]
			if codes[i] = coders[i].code(r, d, krs[i], ids[d.pos]); codes[i] < 0 {
				m.fin[j] = -1
				continue next
			}
		}
		f, fresh := place.of(codes)
		if fresh {
			for i, c := range codes {
				m.dims[i] = append(m.dims[i], coders[i].vals[c])
			}
			own = append(own, false)
		}
		m.fin[j] = f
		own[f] = own[f] || main == nil || main[j]
	}
	m.n = len(own)
	m.keep(own)
}

// places numbers tuples of codes.
type places struct {
	near [1 << 16]int32 // result + 1 by two codes below 256
	far  map[[4]int32]int32
	deep map[string]int32
	n    int32
}

func newPlaces() *places { return &places{far: map[[4]int32]int32{}, deep: map[string]int32{}} }

// of returns the number of a tuple; fresh says that it is new.
func (p *places) of(codes []int32) (f int32, fresh bool) {
	if len(codes) <= 2 {
		a, b := codes[0], codes[len(codes)-1]
		if a < 256 && b < 256 {
			at := &p.near[a<<8|b]
			if *at == 0 {
				p.n++
				*at = p.n
				return p.n - 1, true
			}
			return *at - 1, false
		}
	}
	if len(codes) > 4 {
		key := fmt.Sprint(codes)
		f, ok := p.deep[key]
		if !ok {
			f = p.n
			p.deep[key] = f
			p.n++
		}
		return f, !ok
	}
	var key [4]int32
	copy(key[:], codes)
	f, ok := p.far[key]
	if !ok {
		f = p.n
		p.far[key] = f
		p.n++
	}
	return f, !ok
}

// keep drops the result groups that no row of the query's scope made.
func (m *groupMap) keep(lone []bool) {
	to := make([]int32, m.n)
	n := int32(0)
	for f := range to {
		to[f] = -1
		if lone[f] {
			to[f] = n
			for i := range m.dims {
				m.dims[i][n] = m.dims[i][f]
			}
			n++
		}
	}
	if int(n) == m.n {
		return
	}
	m.n = int(n)
	for i := range m.dims {
		m.dims[i] = m.dims[i][:n]
	}
	for j, f := range m.fin {
		if f >= 0 {
			m.fin[j] = to[f]
		}
	}
}

// sortGroups brings the result groups into the order of their dimensions.
func (m *groupMap) sortGroups(qp *queryPlan, r *results) {
	if m.rotate(qp, r) {
		return
	}
	order := make([]uint32, m.n)
	for i := range order {
		order[i] = uint32(i)
	}
	ords := make([][]uint64, len(qp.dims))
	for i := range qp.dims {
		d := &qp.dims[i]
		ords[i] = ordinals(d.typ, m.dims[i], r.keys[r.p.bases[qp.base].keyers[d.pos]].load())
	}
	// Stable passes from the last dimension to the first; nulls go last.
	pairs := make([]radix.Pair, m.n)
	scratch := make([]radix.Pair, m.n)
	for i := len(ords) - 1; i >= 0; i-- {
		n := 0
		for _, f := range order {
			if !m.dims[i][f].null {
				pairs[n] = radix.Pair{Key: ords[i][f], At: f}
				n++
			}
		}
		k := n
		for _, f := range order {
			if m.dims[i][f].null {
				pairs[k].At = f
				k++
			}
		}
		radix.Pairs(pairs[:n], scratch)
		for j := range pairs {
			order[j] = pairs[j].At
		}
	}
	to := make([]int32, m.n)
	for j, f := range order {
		to[f] = int32(j)
	}
	for i := range m.dims {
		sorted := make([]dimValue, m.n)
		for f, v := range m.dims[i] {
			sorted[to[f]] = v
		}
		m.dims[i] = sorted
	}
	for j, f := range m.fin {
		if f >= 0 {
			m.fin[j] = to[f]
		}
	}
}

// rotate sorts the groups of one direct key, whose ids order as the values do:
// only null, id 0, has to move to the end. It reports whether that was all.
func (m *groupMap) rotate(qp *queryPlan, r *results) bool {
	d := &qp.dims[0]
	k := r.p.keyers[r.p.bases[qp.base].keyers[d.pos]]
	if len(qp.dims) > 1 || d.first >= 0 || d.cut != d.from || m.n == 0 || uint64(m.gids[len(m.gids)-1]) > k.span || k.text != nil {
		return false
	}
	if !m.dims[0][0].null {
		return true
	}
	null := m.dims[0][0]
	copy(m.dims[0], m.dims[0][1:])
	m.dims[0][m.n-1] = null
	last := int32(m.n - 1)
	for j, f := range m.fin {
		switch {
		case f == 0:
			m.fin[j] = last
		case f > 0:
			m.fin[j] = f - 1
		}
	}
	return true
}

// ordinals maps values to numbers that sort as the values do.
func ordinals(typ expr.Type, vals []dimValue, kr *keyReader) []uint64 {
	out := make([]uint64, len(vals))
	switch typ {
	case expr.Text:
		rank := textRanks(vals, kr)
		for i, v := range vals {
			if !v.null {
				out[i] = uint64(rank[v.v])
			}
		}
	case expr.Float:
		for i, v := range vals {
			out[i] = uint64(sortable(floatOf(v.v))) ^ signBit
		}
	default:
		for i, v := range vals {
			out[i] = uint64(v.v) ^ signBit
		}
	}
	return out
}

// textRanks ranks the ids in vals by their text.
func textRanks(vals []dimValue, kr *keyReader) []uint32 {
	rank := make([]uint32, len(kr.strs)+1)
	var ids []uint32
	for _, v := range vals {
		if !v.null && rank[v.v] == 0 {
			rank[v.v] = 1
			ids = append(ids, uint32(v.v))
		}
	}
	sortText(ids, kr.string)
	for i, id := range ids {
		rank[id] = uint32(i)
	}
	return rank
}

// sortText sorts ids by their text: by the first eight bytes as a number, then
// the runs that agree in them by comparison.
func sortText(ids []uint32, text func(uint32) []byte) {
	pairs := make([]radix.Pair, len(ids))
	for i, id := range ids {
		var k uint64
		for j, c := range text(id)[:min(8, len(text(id)))] {
			k |= uint64(c) << (56 - 8*j)
		}
		pairs[i] = radix.Pair{Key: k, At: id}
	}
	radix.Pairs(pairs, nil)
	for i := 0; i < len(pairs); {
		j := i + 1
		for j < len(pairs) && pairs[j].Key == pairs[i].Key {
			j++
		}
		if j-i > 1 {
			slices.SortFunc(pairs[i:j], func(a, b radix.Pair) int { return slices.Compare(text(a.At), text(b.At)) })
		}
		i = j
	}
	for i := range pairs {
		ids[i] = pairs[i].At
	}
}

// index returns the result group + 1 by group of the scan.
func (m *groupMap) index() *paged[int32] {
	if m.to == nil {
		m.to = &paged[int32]{}
		for j, g := range m.gids {
			if m.fin[j] >= 0 {
				*m.to.at(g) = m.fin[j] + 1
			}
		}
	}
	return m.to
}
