package local

import (
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
)

// groupPlan is how one grouping is answered: ids of key and item, and vectors
// of what orders the rows and is returned with them.
type groupPlan struct {
	g         query.Grouping
	key, item int   // uses
	order     []int // vecs; -1 for text, which orders by textOrder
	orderText []int // uses, parallel to order; -1
	values    []int // vecs; of text, which gives its rank, valueText
	valueText []int // uses, parallel to values; -1
	types     []expr.Type
	stream    int
}

func (b *builder) grouping(g query.Grouping) (*groupPlan, error) {
	n := query.Query{Scope: g.Scope, From: g.From, To: g.To}.Normal()
	g.Scope, g.From, g.To = n.Scope, n.From, n.To
	gp := &groupPlan{g: g}
	var err error
	if gp.stream, err = b.stream(g.Scope, g.Where, g.From, g.To); err != nil {
		return nil, err
	}
	for _, k := range []struct {
		name string
		use  *int
	}{{g.Key, &gp.key}, {g.Item, &gp.item}} {
		id, err := b.key(k.name, query.NoCut)
		if err != nil {
			return nil, err
		}
		*k.use = b.keyed(gp.stream, id)
	}
	for _, name := range g.Order {
		v, typ, err := b.numbers(gp.stream, name, query.NoCut)
		if err != nil {
			return nil, err
		}
		use := -1
		if typ == expr.Text {
			id, err := b.key(name, query.NoCut)
			if err != nil {
				return nil, err
			}
			use = b.keyed(gp.stream, id)
		}
		gp.order, gp.orderText = append(gp.order, v), append(gp.orderText, use)
	}
	for _, name := range g.Values {
		v, typ, err := b.numbers(gp.stream, name, query.NoCut)
		if err != nil {
			return nil, err
		}
		use := -1
		switch typ {
		case expr.Unknown:
			return nil, fault.New(fault.Usage, "value %s of the groups: it is a %s, not a number, a time or a text", name, typ)
		case expr.Text:
			id, err := b.key(name, query.NoCut)
			if err != nil {
				return nil, err
			}
			use = b.keyed(gp.stream, id)
		}
		gp.values, gp.valueText, gp.types = append(gp.values, v), append(gp.valueText, use), append(gp.types, typ)
	}
	return gp, nil
}

// part holds the rows of a grouping that came from one split, in file order.
type part struct {
	key, item []uint32
	order     [][]int64 // sortable numbers, or text ids
	orderNull [][]bool
	values    [][]int64
}

// add appends a batch.
func (pt *part) add(gp *groupPlan, s *state, mem *budget) {
	if pt.order == nil {
		pt.order, pt.orderNull = make([][]int64, len(gp.order)), make([][]bool, len(gp.order))
		pt.values = make([][]int64, len(gp.values))
	}
	keys, items := s.ids[gp.key].ids, s.ids[gp.item].ids
	n := 0
	for i, k := range keys {
		if k == 0 || items[i] == 0 {
			continue
		}
		n++
		pt.key, pt.item = append(pt.key, k), append(pt.item, items[i])
		for j, v := range gp.order {
			x, null := s.sortKey(v, gp.orderText[j], i)
			pt.order[j], pt.orderNull[j] = append(pt.order[j], x), append(pt.orderNull[j], null)
		}
		for j, v := range gp.values {
			x := query.NullValue
			if use := gp.valueText[j]; use >= 0 {
				if id := s.ids[use].ids[i]; id != 0 {
					x = int64(id)
				}
				pt.values[j] = append(pt.values[j], x)
				continue
			}
			d := &s.vecs[v]
			switch {
			case d.ok != nil && !d.ok[i]:
			case d.isFloat:
				x = floatBits(d.f64[i] + 0) // the bits of -0 are NullValue
			default:
				x = d.i64[i]
			}
			pt.values[j] = append(pt.values[j], x)
		}
	}
	mem.add(int64(n) * int64(8+9*len(gp.order)+8*len(gp.values)) * 3 / 2)
}

// sortKey is the value of row i of a vector as an integer of the same order.
func (s *state) sortKey(v, textUse, i int) (x int64, null bool) {
	if textUse >= 0 {
		id := s.ids[textUse].ids[i]
		return int64(id), id == 0
	}
	d := &s.vecs[v]
	if d.ok != nil && !d.ok[i] {
		return 0, true
	}
	if d.isFloat {
		return sortable(d.f64[i]), false
	}
	return d.i64[i], false
}

// groupsOf answers a grouping.
func (r *results) groupsOf(gp *groupPlan, parts []part) *query.Groups {
	all := join(gp, parts)
	keyReader, itemReader := r.reader(gp.key), r.reader(gp.item)
	keyRank, keys := rankIDs(all.key, keyReader)
	itemRank, items := rankIDs(all.item, itemReader)
	for j, use := range gp.orderText {
		if use >= 0 {
			ranks, _ := rankIDs64(all.order[j], all.orderNull[j], r.reader(use))
			for i, id := range all.order[j] {
				if !all.orderNull[j][i] {
					all.order[j][i] = int64(ranks[id])
				}
			}
		}
	}
	for j, use := range gp.valueText {
		if use >= 0 {
			rankTexts(all.values[j], r.reader(use))
		}
	}
	off := make([]int64, len(keys)+1)
	for _, k := range all.key {
		off[keyRank[k]+1]++
	}
	for i := range keys {
		off[i+1] += off[i]
	}
	rows := make([]uint32, len(all.key))
	at := slices.Clone(off)
	for i, k := range all.key { // stable: file order within a group
		rows[at[keyRank[k]]] = uint32(i)
		at[keyRank[k]]++
	}
	g := &query.Groups{Name: gp.g.Name, Off: []int64{0}, Values: make([][]int64, len(gp.values))}
	g.Keys = idColumn(keys, keyReader)
	g.ItemKeys = idColumn(items, itemReader)
	seen := make([]uint32, len(items)) // group + 1 that last had the item
	for k := range keys {
		own := rows[off[k]:off[k+1]]
		if len(gp.order) > 0 {
			slices.SortStableFunc(own, all.compare)
		}
		for _, i := range own {
			it := itemRank[all.item[i]]
			if gp.g.Distinct {
				if seen[it] == uint32(k)+1 {
					continue
				}
				seen[it] = uint32(k) + 1
			}
			g.Items = append(g.Items, it)
			for j := range g.Values {
				g.Values[j] = append(g.Values[j], all.values[j][i])
			}
		}
		g.Off = append(g.Off, int64(len(g.Items)))
	}
	return g
}

// compare orders two rows by the grouping's columns, nulls last.
func (pt *part) compare(a, b uint32) int {
	for j, o := range pt.order {
		an, bn := pt.orderNull[j][a], pt.orderNull[j][b]
		switch {
		case an && bn:
		case an:
			return 1
		case bn:
			return -1
		case o[a] < o[b]:
			return -1
		case o[a] > o[b]:
			return 1
		}
	}
	return 0
}

func join(gp *groupPlan, parts []part) *part {
	all := &part{order: make([][]int64, len(gp.order)), orderNull: make([][]bool, len(gp.order)), values: make([][]int64, len(gp.values))}
	for i := range parts {
		p := &parts[i]
		all.key, all.item = append(all.key, p.key...), append(all.item, p.item...)
		if len(p.key) > 0 {
			for j := range all.order {
				all.order[j] = append(all.order[j], p.order[j]...)
				all.orderNull[j] = append(all.orderNull[j], p.orderNull[j]...)
			}
			for j := range all.values {
				all.values[j] = append(all.values[j], p.values[j]...)
			}
		}
		*p = part{}
	}
	return all
}

// rankIDs ranks the ids that occur by their values: rank by id, and the ids in order.
func rankIDs(ids []uint32, kr *keyReader) (rank, sorted []uint32) {
	rank = make([]uint32, kr.k.bound())
	for _, id := range ids {
		if rank[id] == 0 {
			rank[id] = 1
			sorted = append(sorted, id)
		}
	}
	sortIDs(sorted, kr)
	for i, id := range sorted {
		rank[id] = uint32(i)
	}
	return rank, sorted
}

func rankIDs64(ids []int64, null []bool, kr *keyReader) (rank, sorted []uint32) {
	short := make([]uint32, 0, len(ids))
	for i, id := range ids {
		if !null[i] {
			short = append(short, uint32(id))
		}
	}
	return rankIDs(short, kr)
}

// rankTexts turns the ids of texts into their ranks among the texts that occur.
func rankTexts(ids []int64, kr *keyReader) {
	null := make([]bool, len(ids))
	for i, id := range ids {
		null[i] = id == query.NullValue
	}
	rank, _ := rankIDs64(ids, null, kr)
	for i, id := range ids {
		if !null[i] {
			ids[i] = int64(rank[id])
		}
	}
}

// sortIDs sorts ids by their values.
func sortIDs(ids []uint32, kr *keyReader) {
	switch {
	case kr.k.text != nil:
		sortText(ids, kr.string)
	case kr.k.typ == expr.Float:
		slices.SortFunc(ids, func(a, b uint32) int {
			return cmpInt(sortable(floatOf(kr.number(a))), sortable(floatOf(kr.number(b))))
		})
	default:
		slices.SortFunc(ids, func(a, b uint32) int { return cmpInt(kr.number(a), kr.number(b)) })
	}
}

func cmpInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// idColumn makes a column of the values of ids.
func idColumn(ids []uint32, kr *keyReader) frame.Column {
	vals := make([]dimValue, len(ids))
	for i, id := range ids {
		if kr.k.text != nil {
			vals[i].v = int64(id)
		} else {
			vals[i].v = kr.number(id)
		}
	}
	return dimColumn(cutType(kr.k.typ, kr.k.cut), vals, &dimPlan{cut: kr.k.cut}, kr)
}

func (r *results) reader(use int) *keyReader { return r.keys[r.p.uses[use].keyer].load() }
