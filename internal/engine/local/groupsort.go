package local

import (
	"cmp"
	"context"
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/radix"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/query"
)

// gathered are the rows of a grouping, group by group.
type gathered struct {
	off       []int64
	item      []uint32
	order     [][]int64
	orderNull [][]bool
	values    [][]int64
	codes     [][]uint32
}

// groupsOf answers a grouping. Every column goes to its group's place on its own; within
// a group the rows are in file order then, and are sorted where the order columns say else.
func (r *results) groupsOf(ctx context.Context, gp *groupPlan, parts []part, threads int) (*query.Groups, error) {
	keyReader, itemReader := r.reader(gp.key), r.reader(gp.item)
	keyRank, keys := rankIDs(parts, func(pt *part) []uint32 { return pt.key }, keyReader)
	at, off, err := places32(parts, keyRank, len(keys))
	if err != nil {
		return nil, err
	}
	g := &query.Groups{Name: gp.g.Name, Keys: idColumn(keys, keyReader), Codes: make([][]uint32, len(gp.codes)), CodeKeys: make([]frame.Column, len(gp.codes)),
		Values: make([][]int64, len(gp.values))}
	all := &gathered{off: off, order: make([][]int64, len(gp.order)), orderNull: make([][]bool, len(gp.order)), values: make([][]int64, len(gp.values)), codes: g.Codes}
	jobs := r.columnJobs(gp, parts, at, all, g, itemReader)
	if err := parallel.Each(ctx, len(jobs), threads, func(_ context.Context, _, i int) error { jobs[i](); return nil }); err != nil {
		return nil, err
	}
	if len(gp.order) > 0 {
		const chunk = 1 << 12 // groups
		n := (len(keys) + chunk - 1) / chunk
		err := parallel.Each(ctx, n, threads, func(_ context.Context, _, i int) error {
			var s sorter
			for k := i * chunk; k < min((i+1)*chunk, len(keys)); k++ {
				s.sort(all, int(off[k]), int(off[k+1]))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for j, o := range gp.ordered {
		if o >= 0 {
			all.values[j] = all.order[o]
			if nulls := all.orderNull[o]; nulls != nil {
				all.values[j] = slices.Clone(all.order[o])
				for i, null := range nulls {
					if null {
						all.values[j][i] = query.NullValue
					}
				}
			} else if slices.Index(gp.ordered, o) != j {
				all.values[j] = slices.Clone(all.order[o])
			}
		}
	}
	if gp.g.Distinct {
		all.distinct(g.ItemKeys.Len)
	}
	g.Off, g.Items, g.Values, g.Codes = all.off, all.item, all.values, all.codes
	return g, nil
}

// columnJobs are the columns' ways to their groups.
func (r *results) columnJobs(gp *groupPlan, parts []part, at [][]uint32, all *gathered, g *query.Groups, items *keyReader) []func() {
	n := all.off[len(all.off)-1]
	jobs := []func(){func() {
		rank, sorted := rankIDs(parts, func(pt *part) []uint32 { return pt.item }, items)
		all.item = make([]uint32, n)
		for i := range parts {
			for j, id := range parts[i].item {
				all.item[at[i][j]] = rank[id]
			}
			parts[i].item = nil
		}
		g.ItemKeys = idColumn(sorted, items)
	}}
	for c, use := range gp.codes {
		jobs = append(jobs, func() {
			kr := r.reader(use)
			rank, sorted := rankIDs(parts, func(pt *part) []uint32 { return pt.list(c) }, kr)
			all.codes[c] = make([]uint32, n)
			for i := range parts {
				for j, id := range parts[i].list(c) {
					code := query.NullCode
					if id != 0 {
						code = rank[id]
					}
					all.codes[c][at[i][j]] = code
				}
			}
			g.CodeKeys[c] = idColumn(sorted, kr)
		})
	}
	for c := range gp.order {
		jobs = append(jobs, func() { r.orderJob(gp, c, parts, at, all) })
	}
	for c := range gp.values {
		if gp.ordered[c] >= 0 {
			continue
		}
		jobs = append(jobs, func() { r.valueJob(gp, c, parts, at, all) })
	}
	return jobs
}

// valueJob brings value column c to its groups; text becomes its rank.
func (r *results) valueJob(gp *groupPlan, c int, parts []part, at [][]uint32, all *gathered) {
	out := make([]int64, all.off[len(all.off)-1])
	var rank []uint32
	if use := gp.valueText[c]; use >= 0 {
		rank = rankNumbers(parts, func(pt *part) []int64 { return pt.values[c] }, r.reader(use))
	}
	for i := range parts {
		if len(parts[i].key) == 0 {
			continue
		}
		to := at[i]
		for j, x := range parts[i].values[c] {
			if rank != nil && x != query.NullValue {
				x = int64(rank[x])
			}
			out[to[j]] = x
		}
		parts[i].values[c] = nil
	}
	all.values[c] = out
}

// rankNumbers ranks ids of texts that are held as numbers.
func rankNumbers(parts []part, numbers func(*part) []int64, kr *keyReader) (rank []uint32) {
	ids := make([]part, len(parts))
	for i := range parts {
		if len(parts[i].key) == 0 {
			continue
		}
		for _, x := range numbers(&parts[i]) {
			if x != query.NullValue {
				ids[i].key = append(ids[i].key, uint32(x))
			}
		}
	}
	rank, _ = rankIDs(ids, func(pt *part) []uint32 { return pt.key }, kr)
	return rank
}

// list is a part's code column; parts without rows have none.
func (pt *part) list(c int) []uint32 {
	if pt.codes == nil {
		return nil
	}
	return pt.codes[c]
}

// orderJob brings order column c to its groups; text becomes its rank.
func (r *results) orderJob(gp *groupPlan, c int, parts []part, at [][]uint32, all *gathered) {
	n := all.off[len(all.off)-1]
	out := make([]int64, n)
	var null []bool
	var rank []uint32
	if use := gp.orderText[c]; use >= 0 {
		rank = rankNumbers(parts, func(pt *part) []int64 { return pt.order[c] }, r.reader(use))
	}
	for i := range parts {
		if len(parts[i].key) == 0 {
			continue
		}
		to := at[i]
		for j, x := range parts[i].order[c] {
			if rank != nil && x != 0 {
				x = int64(rank[x])
			}
			out[to[j]] = x
		}
		for j, is := range parts[i].orderNull[c] {
			if is {
				if null == nil {
					null = make([]bool, n)
				}
				null[to[j]] = true
			}
		}
		parts[i].order[c], parts[i].orderNull[c] = nil, nil
	}
	all.order[c], all.orderNull[c] = out, null
}

// places32 gives every row its place: the groups in order of their ranks, the rows of a
// group in file order.
func places32(parts []part, rank []uint32, groups int) (at [][]uint32, off []int64, err error) {
	off = make([]int64, groups+1)
	for i := range parts {
		for _, k := range parts[i].key {
			off[rank[k]+1]++
		}
	}
	for i := range groups {
		off[i+1] += off[i]
	}
	if off[groups] > maxGroupRows {
		return nil, nil, fault.New(fault.Full, "grouping %d rows: at most %d can be", off[groups], int64(maxGroupRows)).
			WithHint("ask for a shorter period with --from and --to")
	}
	next := make([]uint32, groups)
	for i := range next {
		next[i] = uint32(off[i])
	}
	at = make([][]uint32, len(parts))
	for i := range parts {
		to := make([]uint32, len(parts[i].key))
		for j, k := range parts[i].key {
			g := rank[k]
			to[j] = next[g]
			next[g]++
		}
		at[i] = to
	}
	return at, off, nil
}

// sorter sorts the rows of groups; its memory is reused.
type sorter struct {
	pairs, swap []radix.Pair
	perm        []uint32
	num         []int64
	code        []uint32
	flag        []bool
}

// sort brings rows lo … hi−1 into the order of the order columns, nulls last. Most groups
// are in order already, for files are mostly written in the order of time.
func (s *sorter) sort(a *gathered, lo, hi int) {
	sorted := true
	for i := lo + 1; i < hi && sorted; i++ {
		sorted = a.compare(i-1, i) <= 0
	}
	if sorted {
		return
	}
	n := hi - lo
	if len(a.order) == 1 && a.orderNull[0] == nil {
		s.pairs, s.swap = frame.Grow(s.pairs, n), frame.Grow(s.swap, n)
		for i := range n {
			s.pairs[i] = radix.Pair{Key: uint64(a.order[0][lo+i]) ^ signBit, At: uint32(i)}
		}
		radix.Pairs(s.pairs, s.swap)
		s.perm = frame.Grow(s.perm, n)
		for i := range s.pairs {
			s.perm[i] = s.pairs[i].At
		}
	} else {
		s.perm = frame.Grow(s.perm, n)
		for i := range s.perm {
			s.perm[i] = uint32(i)
		}
		slices.SortStableFunc(s.perm, func(x, y uint32) int { return a.compare(lo+int(x), lo+int(y)) })
	}
	for _, col := range a.order {
		s.num = permute(s.num, col[lo:hi], s.perm)
	}
	for _, col := range a.orderNull {
		if col != nil {
			s.flag = permute(s.flag, col[lo:hi], s.perm)
		}
	}
	for _, col := range a.values {
		if col != nil {
			s.num = permute(s.num, col[lo:hi], s.perm)
		}
	}
	for _, col := range a.codes {
		s.code = permute(s.code, col[lo:hi], s.perm)
	}
	s.code = permute(s.code, a.item[lo:hi], s.perm)
}

// permute rearranges col; tmp is working memory.
func permute[T any](tmp, col []T, perm []uint32) []T {
	tmp = append(tmp[:0], col...)
	for i, p := range perm {
		col[i] = tmp[p]
	}
	return tmp
}

// compare orders two rows by the order columns, nulls last.
func (a *gathered) compare(x, y int) int {
	for j, o := range a.order {
		if null := a.orderNull[j]; null != nil && (null[x] || null[y]) {
			switch {
			case null[x] && null[y]:
				continue
			case null[x]:
				return 1
			}
			return -1
		}
		if c := cmp.Compare(o[x], o[y]); c != 0 {
			return c
		}
	}
	return 0
}

// distinct keeps the first row of each item in a group.
func (a *gathered) distinct(items int) {
	seen := make([]uint32, items) // group + 1 that last had the item
	n, from := 0, int64(0)
	for k := range len(a.off) - 1 {
		end := a.off[k+1]
		for i := from; i < end; i++ {
			it := a.item[i]
			if seen[it] == uint32(k)+1 {
				continue
			}
			seen[it] = uint32(k) + 1
			a.item[n] = it
			for _, col := range a.values {
				col[n] = col[i]
			}
			for _, col := range a.codes {
				col[n] = col[i]
			}
			n++
		}
		from = end
		a.off[k+1] = int64(n)
	}
	a.item = a.item[:n]
	for j := range a.values {
		a.values[j] = a.values[j][:n]
	}
	for j := range a.codes {
		a.codes[j] = a.codes[j][:n]
	}
}

// rankIDs ranks the non-null ids that occur by their values: rank by id, and the ids in order.
func rankIDs(parts []part, ids func(*part) []uint32, kr *keyReader) (rank, sorted []uint32) {
	top := uint32(0)
	for i := range parts {
		for _, id := range ids(&parts[i]) {
			top = max(top, id)
		}
	}
	rank = make([]uint32, top+1)
	n := 0
	for i := range parts {
		for _, id := range ids(&parts[i]) {
			if rank[id] == 0 && id != 0 {
				n++
			}
			rank[id] = 1
		}
	}
	sorted = make([]uint32, 0, n)
	for id := 1; id < len(rank); id++ { // ids of a window are in order as they are
		if rank[id] != 0 {
			sorted = append(sorted, uint32(id))
		}
	}
	sortIDs(sorted, kr)
	for i, id := range sorted {
		rank[id] = uint32(i)
	}
	return rank, sorted
}

// sortIDs sorts ids by their values.
func sortIDs(ids []uint32, kr *keyReader) {
	switch {
	case kr.k.text != nil:
		sortText(ids, kr.string)
	case kr.k.typ == expr.Float:
		slices.SortFunc(ids, func(a, b uint32) int {
			return cmp.Compare(sortable(floatOf(kr.number(a))), sortable(floatOf(kr.number(b))))
		})
	default:
		slices.SortFunc(ids, func(a, b uint32) int { return cmp.Compare(kr.number(a), kr.number(b)) })
	}
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
