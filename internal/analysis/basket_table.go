package analysis

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/itemset"
	"github.com/ecomctl/ecomctl/internal/result"
)

// sortByTime orders positions by time, equal times by position.
func sortByTime(order []int, at []int64) {
	sort.SliceStable(order, func(a, b int) bool { return at[order[a]] < at[order[b]] })
}

// wanted applies --contain and --exclude to items.
func (o *basketOptions) wanted(names []string, sides ...[]uint32) bool {
	has := len(o.contain) == 0
	for _, side := range sides {
		for _, it := range side {
			if o.exclude[names[it]] {
				return false
			}
			has = has || o.contain[names[it]]
		}
	}
	return has
}

func joinItems(buf []byte, names []string, items []uint32) []byte {
	for i, it := range items {
		if i > 0 {
			buf = append(buf, ", "...)
		}
		buf = append(buf, names[it]...)
	}
	return buf
}

// setTable lists itemsets, most frequent first, then by size and text.
func setTable(s *itemset.Sets, names []string, n int64, o *basketOptions) *result.Table {
	// Most frequent first, then by items. The key holds the count, falling, and the first item, so that
	// few comparisons look at the sets themselves.
	type place struct {
		key uint64
		at  int
	}
	idx := make([]place, 0, s.Len())
	for i := range s.Len() {
		if o.wanted(names, s.At(i)) {
			idx = append(idx, place{uint64(math.MaxUint32-min(s.Count[i], math.MaxUint32))<<32 | uint64(s.At(i)[0]), i})
		}
	}
	slices.SortFunc(idx, func(a, b place) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return slices.Compare(s.At(a.at), s.At(b.at))
	})
	cols := newColumns(itemsetSpecs, len(idx))
	var buf []byte
	for _, p := range idx {
		i := p.at
		buf = joinItems(buf[:0], names, s.At(i))
		result.AppendText(&cols[0], buf)
		result.AppendInt(&cols[1], int64(len(s.At(i))))
		result.AppendInt(&cols[2], s.Count[i])
		result.AppendFloat(&cols[3], float64(s.Count[i])/float64(n))
	}
	return tableOf("itemsets", itemsetSpecs, cols)
}

// keepRules drops what --contain, --exclude, --fdr and --non-redundant leave out and
// orders the rest by lift, count and items.
func keepRules(rs *itemset.RuleSet, names []string, o *basketOptions) {
	rs.Rules = slices.DeleteFunc(rs.Rules, func(r itemset.Rule) bool { return r.Q > o.fdr || !o.wanted(names, r.Left, r.Right) })
	if o.nonRedundant {
		dropRedundant(rs)
	}
	type place struct {
		strength float64 // lift / transactions: rises with the lift
		at       int
	}
	order := make([]place, len(rs.Rules))
	for i := range rs.Rules {
		r := &rs.Rules[i]
		order[i] = place{float64(r.N) / (float64(r.NLeft) * float64(r.NRight)), i}
	}
	slices.SortFunc(order, func(x, y place) int {
		if x.strength != y.strength {
			return cmp.Compare(y.strength, x.strength)
		}
		a, b := &rs.Rules[x.at], &rs.Rules[y.at]
		return cmp.Or(cmp.Compare(b.N, a.N), slices.Compare(a.Left, b.Left), slices.Compare(a.Right, b.Right))
	})
	sorted := make([]itemset.Rule, len(order))
	for i, p := range order {
		sorted[i] = rs.Rules[p.at]
	}
	rs.Rules = sorted
}

// dropRedundant removes rules X → Y for which a rule X' → Y with X' ⊂ X has at least
// the confidence (Bayardo, Agrawal & Gunopulos, Constraint-Based Rule Mining, 2000: no improvement).
func dropRedundant(rs *itemset.RuleSet) {
	best := map[string][]itemset.Rule{}
	for _, r := range rs.Rules {
		best[key(r.Right)] = append(best[key(r.Right)], r)
	}
	rs.Rules = slices.DeleteFunc(rs.Rules, func(r itemset.Rule) bool {
		for _, g := range best[key(r.Right)] {
			if len(g.Left) < len(r.Left) && subset(g.Left, r.Left) && float64(g.N)*float64(r.NLeft) >= float64(r.N)*float64(g.NLeft) {
				return true
			}
		}
		return false
	})
}

func key(items []uint32) string {
	var b strings.Builder
	for _, it := range items {
		b.Write([]byte{byte(it), byte(it >> 8), byte(it >> 16), byte(it >> 24)})
	}
	return b.String()
}

// subset reports whether the ascending sub lies in the ascending sup.
func subset(sub, sup []uint32) bool {
	j := 0
	for _, it := range sub {
		for j < len(sup) && sup[j] < it {
			j++
		}
		if j == len(sup) || sup[j] != it {
			return false
		}
	}
	return true
}

func ruleTable(rs *itemset.RuleSet, names []string) *result.Table {
	cols := newColumns(ruleSpecs, len(rs.Rules))
	var buf []byte
	for i := range rs.Rules {
		r := &rs.Rules[i]
		m := r.Measure(rs.Baskets)
		buf = joinItems(buf[:0], names, r.Left)
		result.AppendText(&cols[0], buf)
		buf = joinItems(buf[:0], names, r.Right)
		result.AppendText(&cols[1], buf)
		result.AppendInt(&cols[2], r.N)
		for j, v := range []float64{m.Support, m.Confidence, m.Lift, m.Leverage, m.Conviction, m.Zhang, r.P, r.Q} {
			appendFloatOrNull(&cols[3+j], v)
		}
	}
	return tableOf("basket", ruleSpecs, cols)
}

// addHoldout appends what the rules do in the later orders.
func addHoldout(t *result.Table, rs *itemset.RuleSet, later *itemset.Baskets) {
	specs := []result.Spec{
		{Name: "holdout_count", Type: expr.Int, Desc: "later transactions with both sides"},
		{Name: "holdout_lift", Type: expr.Float, Desc: "lift in the later transactions", Null: "a side never occurs there"},
	}
	cols := newColumns(specs, len(rs.Rules))
	where := make([][]int32, later.N)
	for b := range later.Len() {
		for _, it := range later.Items[later.Off[b]:later.Off[b+1]] {
			where[it] = append(where[it], int32(b))
		}
	}
	n := float64(later.Len())
	for i := range rs.Rules {
		r := &rs.Rules[i]
		left, right := common(where, r.Left), common(where, r.Right)
		both := len(meet(left, right))
		result.AppendInt(&cols[0], int64(both))
		lift := math.NaN()
		if len(left) > 0 && len(right) > 0 {
			lift = float64(both) * n / (float64(len(left)) * float64(len(right)))
		}
		appendFloatOrNull(&cols[1], lift)
	}
	for i := range specs {
		t.Columns = append(t.Columns, result.Column{Spec: specs[i], Data: cols[i]})
	}
}

// common returns the baskets that hold all items.
func common(where [][]int32, items []uint32) []int32 {
	out := where[items[0]]
	for _, it := range items[1:] {
		out = meet(out, where[it])
	}
	return out
}

// meet intersects two ascending lists.
func meet(a, b []int32) []int32 {
	var out []int32
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			out = append(out, a[i])
			i, j = i+1, j+1
		}
	}
	return out
}

// appendFloatOrNull appends v; NaN is null.
func appendFloatOrNull(c *frame.Column, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		result.AppendNull(c)
	} else {
		result.AppendFloat(c, v)
	}
}

// newColumns returns empty columns for specs.
func newColumns(specs []result.Spec, n int) []frame.Column {
	cols := make([]frame.Column, len(specs))
	for i, s := range specs {
		cols[i] = result.NewData(s.Type, n)
	}
	return cols
}

// tableOf puts specs and columns together.
func tableOf(name string, specs []result.Spec, cols []frame.Column) *result.Table {
	t := &result.Table{Name: name, N: cols[0].Len}
	for i, s := range specs {
		t.Columns = append(t.Columns, result.Column{Spec: s, Data: cols[i]})
	}
	return t
}
