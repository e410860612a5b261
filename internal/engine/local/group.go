package local

import (
	"math"
	"slices"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
)

// groupPlan is how one grouping is answered: ids of key and item, vectors of
// what orders the rows and is returned with them, and ids of what is returned as codes.
type groupPlan struct {
	g         query.Grouping
	key, item int   // uses
	order     []int // vecs; text columns are ordered by orderText
	orderText []int // uses, parallel to order; -1 for numbers
	values    []int // vecs
	valueText []int // uses, parallel to values: texts are given as ranks; -1
	ordered   []int // parallel to values: the order column that it is; -1
	codes     []int // uses
	stream    int
	tops      []atomic.Uint32 // greatest id met of key, item and codes
}

func (b *builder) grouping(g query.Grouping) (*groupPlan, error) {
	n := query.Query{Scope: g.Scope, From: g.From, To: g.To}.Normal()
	g.Scope, g.From, g.To = n.Scope, n.From, n.To
	gp := &groupPlan{g: g}
	var err error
	if gp.stream, err = b.stream(g.Scope, g.Where, g.From, g.To); err != nil {
		return nil, err
	}
	use := func(name string) (int, error) {
		id, err := b.key(name, query.NoCut)
		if err != nil {
			return 0, err
		}
		return b.keyed(gp.stream, id), nil
	}
	if gp.key, err = use(g.Key); err != nil {
		return nil, err
	}
	if gp.item, err = use(g.Item); err != nil {
		return nil, err
	}
	for _, name := range g.Order {
		v, typ, err := b.numbers(gp.stream, name, query.NoCut)
		if err != nil {
			return nil, err
		}
		text := -1
		if typ == expr.Text {
			if text, err = use(name); err != nil {
				return nil, err
			}
		}
		gp.order, gp.orderText = append(gp.order, v), append(gp.orderText, text)
	}
	for _, name := range g.Values {
		v, typ, err := b.numbers(gp.stream, name, query.NoCut)
		if err != nil {
			return nil, err
		}
		at, text := -1, -1
		switch typ {
		case expr.Unknown:
			return nil, fault.New(fault.Usage, "value %s of the groups: it is a %s, not a number, a time or a text", name, typ)
		case expr.Text:
			if text, err = use(name); err != nil {
				return nil, err
			}
		case expr.Float: // whose order is kept in another form
		default:
			at = slices.Index(gp.order, v)
		}
		gp.values, gp.valueText, gp.ordered = append(gp.values, v), append(gp.valueText, text), append(gp.ordered, at)
	}
	for _, name := range g.Codes {
		c, err := use(name)
		if err != nil {
			return nil, err
		}
		gp.codes = append(gp.codes, c)
	}
	gp.tops = make([]atomic.Uint32, 2+len(gp.codes))
	return gp, nil
}

// rowBytes is what one row of a grouping takes: as it is collected, in slices that grow, and
// again as it is put into its group.
func (gp *groupPlan) rowBytes() int64 {
	n := 8 + 8*len(gp.order) + 4*len(gp.codes)
	for _, at := range gp.ordered {
		if at < 0 {
			n += 8
		}
	}
	return int64(n)*9/4 + 4
}

// part holds the rows of a grouping that came from one split, in file order.
type part struct {
	key, item []uint32
	order     [][]int64 // sortable numbers, or text ids
	orderNull [][]bool  // nil where no row of the part is null
	values    [][]int64 // nil where an order column is the same
	codes     [][]uint32
	keep      []int32 // of the batch: rows with key and item
}

// add appends a batch.
func (pt *part) add(gp *groupPlan, s *state, mem *budget) {
	if pt.order == nil {
		pt.order, pt.orderNull = make([][]int64, len(gp.order)), make([][]bool, len(gp.order))
		pt.values, pt.codes = make([][]int64, len(gp.values)), make([][]uint32, len(gp.codes))
	}
	keys, items := &s.ids[gp.key], &s.ids[gp.item]
	all := len(keys.ids) > 0 && keys.lo > 0 && items.lo > 0
	pt.keep = pt.keep[:0]
	if !all {
		for i, k := range keys.ids {
			if k != 0 && items.ids[i] != 0 {
				pt.keep = append(pt.keep, int32(i))
			}
		}
		all = len(pt.keep) == len(keys.ids)
	}
	had, n := len(pt.key), len(pt.keep)
	if all {
		n = len(keys.ids)
	}
	pt.key, pt.item = appendRows(pt.key, keys.ids, pt.keep, all), appendRows(pt.item, items.ids, pt.keep, all)
	for j, use := range gp.codes {
		pt.codes[j] = appendRows(pt.codes[j], s.ids[use].ids, pt.keep, all)
	}
	for j, v := range gp.order {
		if use := gp.orderText[j]; use >= 0 {
			for _, i := range rowsOf(pt.keep, all, len(keys.ids), s) {
				id := s.ids[use].ids[i]
				pt.order[j] = append(pt.order[j], int64(id))
				pt.null(j, had, id == 0)
			}
			continue
		}
		pt.addOrder(j, &s.vecs[v], had, rowsOf(pt.keep, all, len(keys.ids), s), all)
	}
	for j, v := range gp.values {
		rows := rowsOf(pt.keep, all, len(keys.ids), s)
		if use := gp.valueText[j]; use >= 0 {
			for _, i := range rows {
				pt.values[j] = append(pt.values[j], textID(s.ids[use].ids[i]))
			}
		} else if gp.ordered[j] < 0 {
			pt.values[j] = appendValues(pt.values[j], &s.vecs[v], rows, all)
		}
	}
	for i, use := range append([]int{gp.key, gp.item}, gp.codes...) {
		raise(&gp.tops[i], s.ids[use].hi)
	}
	mem.add(int64(n) * gp.rowBytes())
}

// rowsOf lists the kept rows: all of 0 … n−1, or keep.
func rowsOf(keep []int32, all bool, n int, s *state) []int32 {
	if !all {
		return keep
	}
	for len(s.all) < n {
		s.all = append(s.all, int32(len(s.all)))
	}
	return s.all[:n]
}

// appendRows appends the kept rows of src.
func appendRows(dst, src []uint32, keep []int32, all bool) []uint32 {
	if all {
		return append(dst, src...)
	}
	for _, i := range keep {
		dst = append(dst, src[i])
	}
	return dst
}

// null notes whether the row just appended to order column j is null; the flags begin with
// the first one that is.
func (pt *part) null(j, had int, null bool) {
	if null && pt.orderNull[j] == nil {
		pt.orderNull[j] = make([]bool, had, max(2*had, 64))
	}
	if at := len(pt.order[j]); pt.orderNull[j] != nil || null {
		for len(pt.orderNull[j]) < at-1 {
			pt.orderNull[j] = append(pt.orderNull[j], false)
		}
		pt.orderNull[j] = append(pt.orderNull[j], null)
	}
}

// addOrder appends an order column's rows as integers of the same order.
func (pt *part) addOrder(j int, d *vecData, had int, rows []int32, all bool) {
	switch {
	case all && !d.isFloat && d.ok == nil && pt.orderNull[j] == nil:
		pt.order[j] = append(pt.order[j], d.i64...)
		return
	case d.isFloat:
		for _, i := range rows {
			pt.order[j] = append(pt.order[j], sortable(d.f64[i]))
			pt.null(j, had, d.ok != nil && !d.ok[i])
		}
		return
	}
	for _, i := range rows {
		pt.order[j] = append(pt.order[j], d.i64[i])
		pt.null(j, had, d.ok != nil && !d.ok[i])
	}
}

// textID is the id of a text as a value.
func textID(id uint32) int64 {
	if id == 0 {
		return query.NullValue
	}
	return int64(id)
}

// appendValues appends a value column's rows.
func appendValues(dst []int64, d *vecData, rows []int32, all bool) []int64 {
	if all && d.ok == nil && !d.isFloat {
		return append(dst, d.i64...)
	}
	for _, i := range rows {
		switch {
		case d.ok != nil && !d.ok[i]:
			dst = append(dst, query.NullValue)
		case d.isFloat:
			dst = append(dst, floatBits(d.f64[i]+0)) // the bits of -0 are NullValue
		default:
			dst = append(dst, d.i64[i])
		}
	}
	return dst
}

// full tells that the rows collected so far pass the budget. They are not spilled.
func (a *attempt) full() error {
	if a.mem.limit <= 0 || a.mem.used.Load()+a.p.tableBytes()+a.p.rankBytes() <= a.mem.limit {
		return nil
	}
	if a.spill == nil && len(a.p.units) > 0 {
		return errBudget // the queries' state can go to disk, and leave the room to the groups
	}
	return fault.New(fault.Full, "collecting the rows of each %s: they do not fit in the memory budget of %d MiB", a.p.groups[0].g.Key, a.mem.limit>>20).
		WithHint("raise --memory, or ask for a shorter period or fewer rows with --from, --to and --where")
}

// rankBytes is what the ranks of the groupings' ids take once the scan is over.
func (p *physical) rankBytes() (n int64) {
	for _, gp := range p.groups {
		for i := range gp.tops {
			n += 4 * int64(gp.tops[i].Load())
		}
	}
	return n
}

// raise makes top at least v.
func raise(top *atomic.Uint32, v uint32) {
	for old := top.Load(); v > old && !top.CompareAndSwap(old, v); {
		old = top.Load()
	}
}

// maxGroupRows bounds the rows of a grouping: they are numbered by 32 bits.
const maxGroupRows = math.MaxUint32 - 1
