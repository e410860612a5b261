package local

import (
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/exact"
	"github.com/ecomctl/ecomctl/internal/kernel/radix"
	"github.com/ecomctl/ecomctl/internal/query"
)

// results turns merged accumulators into tables.
type results struct {
	p     *physical
	accs  []acc
	keys  []*keyReader
	bases []*baseReader
}

// dimValue is the value of a dimension of one result group: a number, or for
// text the id of its keyer.
type dimValue struct {
	v    int64
	null bool
}

// groupMap says which group of the scan belongs to which result group.
type groupMap struct {
	gids []uint32 // groups of the scan, ascending
	fin  []int32  // their result groups, in the order of the answer; -1 for none
	n    int
	dims [][]dimValue // by dimension, by result group
	to   *paged[int32]
}

// table answers one query.
func (r *results) table(qp *queryPlan) (*query.Table, error) {
	m := r.groups(qp)
	t := &query.Table{Name: qp.q.Name, N: m.n}
	for i := range qp.dims {
		d := &qp.dims[i]
		typ := cutType(d.typ, d.cut)
		kr := r.keys[r.p.bases[qp.base].keyers[d.pos]].load()
		t.Names = append(t.Names, d.name)
		t.Types = append(t.Types, typ)
		t.Cols = append(t.Cols, dimColumn(typ, m.dims[i], d, kr))
	}
	for i := range qp.measures {
		mp := &qp.measures[i]
		col, err := r.measure(qp, mp, m)
		if err != nil {
			return nil, fault.Wrap(err, "query %s, measure %s", qp.q.Name, mp.m.Name)
		}
		t.Names = append(t.Names, mp.m.Name)
		t.Types = append(t.Types, mp.typ)
		t.Cols = append(t.Cols, col)
	}
	return t, nil
}

// measure reads one measure of all result groups.
func (r *results) measure(qp *queryPlan, mp *measurePlan, m *groupMap) (frameColumn, error) {
	switch mp.m.Op {
	case query.Count:
		return intColumn(expr.Int, foldCounts(m, &r.accs[mp.unit].(*countAcc).n)), nil
	case query.CountDistinct:
		if mp.pos >= 0 {
			return intColumn(expr.Int, r.ownKeys(qp, mp, m)), nil
		}
		return intColumn(expr.Int, r.accs[mp.unit].(*distinctAcc).counts(m.index(), m.n)), nil
	case query.Sum:
		return r.sum(mp, m)
	case query.Mean:
		return r.mean(mp, m)
	case query.Quantile:
		return r.quantile(mp, m), nil
	}
	return r.extreme(mp, m), nil
}

// foldCounts adds the counts of the groups of each result.
func foldCounts(m *groupMap, n *paged[int64]) []int64 {
	out := make([]int64, m.n)
	for j, g := range m.gids {
		if f := m.fin[j]; f >= 0 {
			out[f] += n.get(g)
		}
	}
	return out
}

// ownKeys counts the different values of one of the base's own keyers.
func (r *results) ownKeys(qp *queryPlan, mp *measurePlan, m *groupMap) []int64 {
	base := r.bases[qp.base]
	ids := make([]uint32, len(base.b.keyers))
	touch := r.accs[mp.unit].(*touchAcc)
	once := m.keyed(qp, mp.pos)
	out := make([]int64, m.n)
	var pairs []uint64
	for j, g := range m.gids {
		if f := m.fin[j]; f >= 0 && touch.has(g) {
			base.split(g, ids)
			if ids[mp.pos] != 0 && once {
				out[f]++
			} else if ids[mp.pos] != 0 {
				pairs = append(pairs, uint64(f)<<32|uint64(ids[mp.pos]))
			}
		}
	}
	radix.Uint64(pairs, nil)
	for i, p := range pairs {
		if i == 0 || p != pairs[i-1] {
			out[p>>32]++
		}
	}
	return out
}

// keyed reports whether a result group and a value of the keyer at pos
// determine the group of the scan, so that no value counts twice: every other
// keyer is a dimension of the answer as it is.
func (m *groupMap) keyed(qp *queryPlan, pos int) bool {
	known := map[int]bool{pos: true}
	keyers := map[int]bool{pos: true}
	for _, d := range qp.dims {
		keyers[d.pos] = true
		if d.first < 0 && d.cut == d.from {
			known[d.pos] = true
		}
	}
	return len(known) == len(keyers)
}

func (r *results) sum(mp *measurePlan, m *groupMap) (frameColumn, error) {
	if mp.typ == expr.Float {
		return floatColumn(r.floatSums(mp, m), nil), nil
	}
	sums := r.intSums(mp, m)
	out := make([]int64, m.n)
	for f := range sums {
		v, ok := sums[f].Int64()
		if !ok {
			return frameColumn{}, fault.New(fault.Input, "the sum of %s passes 64 bits", mp.m.Column).
				WithHint("look for absurd values with: ecomctl profile")
		}
		out[f] = v
	}
	return intColumn(mp.typ, out), nil
}

func (r *results) intSums(mp *measurePlan, m *groupMap) []exact.Int128 {
	out := make([]exact.Int128, m.n)
	if a, ok := r.accs[mp.unit].(*wideAcc); ok {
		for j, g := range m.gids {
			if f := m.fin[j]; f >= 0 {
				out[f].Merge(a.n.get(g))
			}
		}
		return out
	}
	get := func(g uint32) int64 { return 0 }
	switch a := r.accs[mp.unit].(type) {
	case *sumAcc:
		get = a.n.get
	case *sharedAcc:
		get = a.all.get
	}
	for j, g := range m.gids {
		if f := m.fin[j]; f >= 0 {
			out[f].Add(get(g))
		}
	}
	return out
}

func (r *results) floatSums(mp *measurePlan, m *groupMap) []float64 {
	out := make([]float64, m.n)
	if a, ok := r.accs[mp.unit].(*superAcc); ok {
		sums := make([]exact.Super, m.n)
		for j, g := range m.gids {
			if f := m.fin[j]; f >= 0 {
				if s := a.n.get(g); s != nil {
					sums[f].Merge(s)
				}
			}
		}
		for f := range sums {
			out[f] = sums[f].Float()
		}
		return out
	}
	a := r.accs[mp.unit].(*fixedAcc)
	sums := make([]exact.Fixed, m.n)
	for j, g := range m.gids {
		if f := m.fin[j]; f >= 0 {
			sums[f].Merge(a.n.get(g).Int128)
		}
	}
	for f := range sums {
		out[f] = sums[f].Float()
	}
	return out
}

// mean divides the sum by the number of non-null values; no values, no mean.
func (r *results) mean(mp *measurePlan, m *groupMap) (frameColumn, error) {
	counts := foldCounts(m, &r.accs[mp.count].(*countAcc).n)
	var sums []float64
	if mp.in == expr.Float {
		sums = r.floatSums(mp, m)
	} else {
		sums = make([]float64, m.n)
		for f, s := range r.intSums(mp, m) {
			sums[f] = s.Float(0)
		}
	}
	scale := 1.0
	if mp.in == expr.Money {
		scale = moneyUnits
	}
	for f, c := range counts {
		if c > 0 {
			sums[f] /= float64(c) * scale
		}
	}
	return floatColumn(sums, func(f int) bool { return counts[f] > 0 }), nil
}

// moneyUnits is how many of money's integer units make one.
const moneyUnits = 1e4

func (r *results) extreme(mp *measurePlan, m *groupMap) frameColumn {
	if a, ok := r.accs[mp.unit].(*textAcc); ok {
		return a.column(m)
	}
	a := r.accs[mp.unit].(*extremeAcc)
	out, has := make([]int64, m.n), make([]bool, m.n)
	for j, g := range m.gids {
		f := m.fin[j]
		if f < 0 {
			continue
		}
		if v, ok := a.get(g); ok && (!has[f] || (v > out[f]) == a.max) {
			out[f], has[f] = v, true
		}
	}
	ok := func(f int) bool { return has[f] }
	if a.float {
		fs := make([]float64, m.n)
		for f, v := range out {
			if has[f] {
				fs[f] = unsortable(v)
			}
		}
		return floatColumn(fs, ok)
	}
	for f, v := range out {
		if has[f] {
			out[f] = unitStart(mp.m.Cut, v)
		}
	}
	return nullableColumn(mp.typ, out, ok)
}

func (a *textAcc) column(m *groupMap) frameColumn {
	best, has := make([][]byte, m.n), make([]bool, m.n)
	for j, g := range m.gids {
		f := m.fin[j]
		if x, ok := a.n[g]; ok && f >= 0 && (!has[f] || a.better(x, best[f])) {
			best[f], has[f] = x, true
		}
	}
	return textColumn(m.n, func(f int) ([]byte, bool) { return best[f], has[f] })
}
