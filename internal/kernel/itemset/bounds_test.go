package itemset

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// width adds up what a result takes of Options.MaxItems.
func (s *Sets) width() int64 { return int64(len(s.Items)) + overhead*int64(s.Len()) }

// TestTooManyNamesWhatFits mines small budgets: the threshold that the error names must
// fit, and all that fits must be found.
func TestTooManyNamesWhatFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOfN(rapid.SliceOfN(rapid.Uint32Range(0, 9), 0, 10), 1, 40).Draw(t, "baskets")
		b := basketsOf(lists)
		o := Options{MinCount: rapid.Int64Range(1, 3).Draw(t, "min"), Target: Target(rapid.IntRange(0, 2).Draw(t, "target")),
			MaxItems: rapid.Int64Range(1, 400).Draw(t, "budget"), Threads: rapid.IntRange(1, 3).Draw(t, "threads")}
		free := o
		free.MaxItems = 0
		all, err := Mine(context.Background(), b, free)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Mine(context.Background(), b, o)
		if fits := all.width() <= o.MaxItems; fits != (err == nil) {
			t.Fatalf("%d of %d: %v", all.width(), o.MaxItems, err)
		}
		if err == nil {
			return
		}
		var many *TooMany
		if !errors.As(err, &many) || fault.KindOf(err) != fault.Full || many.Fits <= o.MinCount {
			t.Fatalf("%v", err)
		}
		o.MinCount = many.Fits
		if _, err := Mine(context.Background(), b, o); err != nil {
			t.Fatalf("%d was said to fit: %v", many.Fits, err)
		}
	})
}

// TestExplosion: forty equal baskets of 10,000 items have 2^10000 frequent sets, one closed
// one; the refusal comes at once.
func TestExplosion(t *testing.T) {
	var lists [][]uint32
	for range 40 {
		l := make([]uint32, 10_000)
		for i := range l {
			l[i] = uint32(i)
		}
		lists = append(lists, l)
	}
	b := basketsOf(lists)
	var many *TooMany
	if _, err := Mine(context.Background(), b, Options{MinCount: 2, MaxItems: 1 << 20, Threads: 2}); !errors.As(err, &many) || many.Fits != 41 {
		t.Fatalf("%v %+v", err, many)
	}
	for _, target := range []Target{Closed, Maximal} {
		s, err := Mine(context.Background(), b, Options{MinCount: 2, Target: target, MaxItems: 1 << 20, Threads: 2})
		if err != nil || s.Len() != 1 || len(s.At(0)) != 10_000 {
			t.Fatalf("target %d: %v", target, err)
		}
	}
}

func TestMaxSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOfN(rapid.SliceOfN(rapid.Uint32Range(0, 7), 0, 8), 0, 20).Draw(t, "baskets")
		size := rapid.IntRange(1, 5).Draw(t, "size")
		o := Options{MinCount: rapid.Int64Range(1, 4).Draw(t, "min")}
		all, err := Mine(context.Background(), basketsOf(lists), o)
		if err != nil {
			t.Fatal(err)
		}
		o.MaxSize = size
		got, err := Mine(context.Background(), basketsOf(lists), o)
		if err != nil {
			t.Fatal(err)
		}
		small := 0
		for i := range all.Len() {
			if len(all.At(i)) <= size {
				small++
			}
		}
		for i := range got.Len() {
			if len(got.At(i)) > size {
				t.Fatalf("%v is too large", got.At(i))
			}
		}
		if got.Len() != small {
			t.Fatalf("%d sets of at most %d items, want %d", got.Len(), size, small)
		}
	})
}

// TestQValues compares with the definition: q_i = min over all p_j ≥ p_i of p_j·m / #{p ≤ p_j}.
func TestQValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.SampledFrom([]float64{0, 0.001, 0.01, 0.02, 0.3, 0.5, 1}), 1, 30).Draw(t, "p")
		g := &ruler{p: p, out: &RuleSet{}}
		for i := range p {
			g.out.Rules, g.at = append(g.out.Rules, Rule{}), append(g.at, i)
		}
		g.adjust()
		for i := range p {
			want := 1.0
			for _, pj := range p {
				if pj < p[i] {
					continue
				}
				below := 0
				for _, v := range p {
					if v <= pj {
						below++
					}
				}
				want = math.Min(want, pj*float64(len(p))/float64(below))
			}
			if math.Abs(g.out.Rules[i].Q-want) > 1e-12 {
				t.Fatalf("q of %g among %v is %g, want %g", p[i], slices.Sorted(slices.Values(p)), g.out.Rules[i].Q, want)
			}
		}
	})
}

// TestRulesNameWhatFits: with the threshold that the refusal names the rules can be made.
func TestRulesNameWhatFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOfN(rapid.SliceOfN(rapid.Uint32Range(0, 7), 0, 8), 1, 30).Draw(t, "baskets")
		b := basketsOf(lists)
		s, err := Mine(context.Background(), b, Options{MinCount: 1})
		if err != nil {
			t.Fatal(err)
		}
		o := RuleOptions{ConfNum: 0, ConfDen: 1, MaxConsequent: rapid.IntRange(1, 3).Draw(t, "consequent"), MaxCandidates: rapid.Int64Range(1, 60).Draw(t, "candidates")}
		_, err = Rules(context.Background(), s, int64(b.Len()), o)
		var many *TooMany
		if err == nil {
			return
		}
		if !errors.As(err, &many) || many.Fits < 2 {
			t.Fatal(err)
		}
		if s, err = Mine(context.Background(), b, Options{MinCount: many.Fits}); err != nil {
			t.Fatal(err)
		}
		if _, err := Rules(context.Background(), s, int64(b.Len()), o); err != nil {
			t.Fatalf("%d was said to fit: %v", many.Fits, err)
		}
	})
}

// TestFisherWithoutTable: above the table's limit the same p-values come from Lgamma.
func TestFisherWithoutTable(t *testing.T) {
	const n = 1_000_000
	table, free := NewFisher(n), &Fisher{n: n}
	for _, c := range [][3]int64{{120, 10_000, 10_000}, {90, 10_000, 10_000}, {5, 40, 3000}, {999, 1000, 500_000}, {30, 100_000, 17}} {
		a, b := table.Greater(c[0], c[1], c[2]), free.Greater(c[0], c[1], c[2])
		if math.Abs(a-b) > 1e-7*a {
			t.Errorf("%v: %g and %g", c, a, b)
		}
	}
}
