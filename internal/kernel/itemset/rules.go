package itemset

import (
	"context"
	"maps"
	"math"
	"math/bits"
	"slices"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// RuleOptions of Rules.
type RuleOptions struct {
	// Confidence is inclusive and compared in integers: count(X∪Y) × ConfDen ≥ count(X) × ConfNum.
	ConfNum, ConfDen int64
	MaxConsequent    int   // largest consequent; 0 = 1
	MaxCandidates    int64 // bound on candidate rules; 0 = none
	MaxRules         int64 // bound on rules kept; 0 = none
}

// Rule is X → Y. Left and Right are sets of codes, ascending, that alias the mined
// sets or small slices of their own.
type Rule struct {
	Left, Right      []uint32
	N, NLeft, NRight int64   // baskets with X∪Y, X, Y
	P                float64 // one-sided Fisher: probability of so many or more under independence
	Q                float64 // Benjamini–Hochberg over all candidates
}

// RuleSet is the answer of Rules.
type RuleSet struct {
	Rules      []Rule
	Candidates int64 // rules that meet the support and size limits, before the confidence: the m of Benjamini–Hochberg
	Baskets    int64
}

// index finds the count of a frequent set by its items; equality is checked, the
// hash only narrows the search.
type index struct {
	s    *Sets
	slot []int32
	mask uint64
}

func newIndex(s *Sets) *index {
	size := 16
	for size < 2*s.Len() {
		size *= 2
	}
	x := &index{s: s, slot: make([]int32, size), mask: uint64(size - 1)}
	for i := range x.slot {
		x.slot[i] = -1
	}
	for i := range s.Len() {
		h := hash(s.At(i)) & x.mask
		for x.slot[h] >= 0 {
			h = (h + 1) & x.mask
		}
		x.slot[h] = int32(i)
	}
	return x
}

func hash(items []uint32) uint64 {
	h := uint64(len(items)) * 0x9e3779b97f4a7c15
	for _, it := range items {
		h = (h ^ uint64(it)) * 0xff51afd7ed558ccd
		h ^= h >> 32
	}
	return h
}

// count returns the number of baskets of a frequent set; every subset of a mined
// set is there.
func (x *index) count(items []uint32) (int64, bool) {
	for h := hash(items) & x.mask; x.slot[h] >= 0; h = (h + 1) & x.mask {
		if i := int(x.slot[h]); slices.Equal(x.s.At(i), items) {
			return x.s.Count[i], true
		}
	}
	return 0, false
}

// splits returns how many rules a set of the given size gives: Σ C(size, k) over the
// sizes of a consequent, at most 2⁴⁰.
func splits(size, maxConsequent int) int64 {
	sum, c := int64(0), int64(1)
	for k := 1; k <= maxConsequent && k < size; k++ {
		c = c * int64(size-k+1) / int64(k)
		if sum += c; sum >= 1<<40 {
			return 1 << 40
		}
	}
	return sum
}

// candidates returns the number of rules before any confidence.
func candidates(s *Sets, maxConsequent int) (n int64) {
	for i := range s.Len() {
		n += splits(len(s.At(i)), maxConsequent)
	}
	return n
}

// fewer returns the least count threshold at which the sets give at most limit candidates.
func fewer(s *Sets, maxConsequent int, limit int64) int64 {
	of := map[int64]int64{}
	for i := range s.Len() {
		of[s.Count[i]] += splits(len(s.At(i)), maxConsequent)
	}
	counts := slices.Sorted(maps.Keys(of))
	slices.Reverse(counts)
	n := int64(0)
	for _, c := range counts {
		if n += of[c]; n > limit {
			return c + 1
		}
	}
	return 1
}

// Rules makes the rules of frequent sets (all of them, as Mine with target Frequent
// and no MaxSize returns them) over the given number of baskets. p-values are
// computed for every candidate, so that Q controls the false discovery rate over
// all rules that could have been reported (Benjamini & Hochberg, JRSS B 57, 1995).
func Rules(ctx context.Context, s *Sets, baskets int64, o RuleOptions) (*RuleSet, error) {
	if o.MaxConsequent <= 0 {
		o.MaxConsequent = 1
	}
	if n := candidates(s, o.MaxConsequent); o.MaxCandidates > 0 && n > o.MaxCandidates {
		return nil, fault.New(fault.Full, "making %d rules: %w", n, &TooMany{Fits: fewer(s, o.MaxConsequent, o.MaxCandidates)})
	}
	g := &ruler{s: s, x: newIndex(s), o: o, fisher: NewFisher(baskets), out: &RuleSet{Baskets: baskets}}
	for i := range s.Len() {
		if i&0xff == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := g.split(i); err != nil {
			return nil, err
		}
	}
	g.adjust()
	return g.out, nil
}

// ruler is the state of Rules.
type ruler struct {
	s      *Sets
	x      *index
	o      RuleOptions
	fisher *Fisher
	out    *RuleSet
	p      []float64 // of all candidates
	at     []int     // candidate number of each kept rule
	left   []uint32
	pick   []int
}

// split tries every consequent of set i.
func (g *ruler) split(i int) error {
	items := g.s.At(i)
	for k := 1; k <= g.o.MaxConsequent && k < len(items); k++ {
		g.pick = g.pick[:0]
		for j := range k {
			g.pick = append(g.pick, j)
		}
		for {
			if err := g.candidate(items, g.s.Count[i]); err != nil {
				return err
			}
			if !nextPick(g.pick, len(items)) {
				break
			}
		}
	}
	return nil
}

// nextPick moves to the next k-subset of 0 … n−1 in lexicographic order.
func nextPick(pick []int, n int) bool {
	k := len(pick)
	for j := k - 1; j >= 0; j-- {
		if pick[j] < n-k+j {
			pick[j]++
			for l := j + 1; l < k; l++ {
				pick[l] = pick[l-1] + 1
			}
			return true
		}
	}
	return false
}

// candidate looks at the rule whose consequent is g.pick of items.
func (g *ruler) candidate(items []uint32, n int64) error {
	var right [8]uint32
	r := right[:0]
	g.left = g.left[:0]
	p := 0
	for j, it := range items {
		if p < len(g.pick) && g.pick[p] == j {
			r = append(r, it)
			p++
		} else {
			g.left = append(g.left, it)
		}
	}
	nl, okl := g.x.count(g.left)
	nr, okr := g.x.count(r)
	if !okl || !okr {
		return fault.New(fault.Internal, "making rules: a subset of a frequent set is missing")
	}
	g.out.Candidates++
	pv := g.fisher.Greater(n, nl, nr)
	g.p = append(g.p, pv)
	if !atLeast(n, g.o.ConfDen, nl, g.o.ConfNum) {
		return nil
	}
	if g.o.MaxRules > 0 && int64(len(g.out.Rules)) >= g.o.MaxRules {
		return fault.New(fault.Full, "making more than %d rules: %w", g.o.MaxRules, &TooMany{Fits: fewer(g.s, g.o.MaxConsequent, g.o.MaxRules)})
	}
	g.out.Rules = append(g.out.Rules, Rule{Left: slices.Clone(g.left), Right: slices.Clone(r), N: n, NLeft: nl, NRight: nr, P: pv})
	g.at = append(g.at, len(g.p)-1)
	return nil
}

// atLeast compares a×b ≥ c×d in 128 bits; all are at least 0.
func atLeast(a, b, c, d int64) bool {
	h1, l1 := bits.Mul64(uint64(a), uint64(b))
	h2, l2 := bits.Mul64(uint64(c), uint64(d))
	return h1 > h2 || (h1 == h2 && l1 >= l2)
}

// adjust turns p-values into q-values: q of the rank-r smallest p is the least
// p_s·m/s over s ≥ r. Equal p-values get equal q-values: of them the last rank gives the least p·m/s.
func (g *ruler) adjust() {
	m := len(g.p)
	if m == 0 {
		return
	}
	sorted := slices.Clone(g.p)
	slices.Sort(sorted)
	q := make([]float64, m)
	least := 1.0
	for r := m - 1; r >= 0; r-- {
		least = math.Min(least, sorted[r]*float64(m)/float64(r+1))
		q[r] = least
	}
	for i := range g.out.Rules {
		r, _ := slices.BinarySearch(sorted, g.p[g.at[i]])
		g.out.Rules[i].Q = q[r]
	}
}
