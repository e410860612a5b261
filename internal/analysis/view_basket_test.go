package analysis

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"

	"github.com/ecomctl/ecomctl/internal/expr"
)

// basketGroups makes the answer of a grouping; the time of an order is its number.
func basketGroups(items int, baskets [][]uint32) *query.Groups {
	keys := result.NewData(expr.Int, items)
	for i := range items {
		result.AppendInt(&keys, int64(i))
	}
	g := &query.Groups{Off: []int64{0}, ItemKeys: keys, Values: [][]int64{nil}}
	for t, b := range baskets {
		for _, it := range b {
			g.Items, g.Values[0] = append(g.Items, it), append(g.Values[0], int64(t))
		}
		g.Off = append(g.Off, int64(len(g.Items)))
	}
	return g
}

// random draws n baskets of k of the items from first on.
func random(r *rand.Rand, n, k, first, items int) (out [][]uint32) {
	for range n {
		var b []uint32
		for _, it := range r.Perm(items)[:k] {
			b = append(b, uint32(first+it))
		}
		out = append(out, b)
	}
	return out
}

func pairsOf(t *testing.T, g *query.Groups) []pair {
	t.Helper()
	facts := phrase.BasketFacts{Several: int64(len(g.Off))}
	pairs, err := findPairs(context.Background(), g, &facts, 1)
	if err != nil {
		t.Fatal(err)
	}
	return pairs
}

// TestPlantedPairIsFound: 0 and 1 are bought together in every fourth order, all else is chance.
func TestPlantedPairIsFound(t *testing.T) {
	baskets := random(rand.New(rand.NewPCG(1, 1)), 4000, 3, 2, 40)
	for i := range baskets {
		if i%4 == 0 {
			baskets[i] = append([]uint32{0, 1}, baskets[i]...)
		}
	}
	pairs := pairsOf(t, basketGroups(42, baskets))
	if len(pairs) != 1 || pairs[0].Left[0] != 0 || pairs[0].Right[0] != 1 || pairs[0].N != 800 || pairs[0].later != 200 || !pairs[0].lasts() {
		t.Fatalf("%+v", pairs)
	}
}

// TestLargeOrdersMakeNoPairs: every fifth order holds half of the shop, so that plain lift calls all
// pairs strong; nothing but size brings them together.
func TestLargeOrdersMakeNoPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	small, large := random(r, 4000, 2, 0, 40), random(r, 1000, 20, 0, 40)
	var baskets [][]uint32
	for i := range large {
		baskets = append(append(baskets, small[4*i:4*i+4]...), large[i])
	}
	g := basketGroups(40, baskets)
	if pairs := pairsOf(t, g); len(pairs) != 0 {
		t.Fatalf("%d pairs, first %+v", len(pairs), pairs[0])
	}
}

// TestPairThatEndsDoesNotLast: what was bought together until the last fifth is found and not confirmed.
func TestPairThatEndsDoesNotLast(t *testing.T) {
	baskets := random(rand.New(rand.NewPCG(1, 3)), 4000, 3, 0, 40)
	for i := range 3200 {
		if i%4 == 0 {
			baskets[i] = append([]uint32{40, 41}, baskets[i]...)
		}
	}
	for i := 3200; i < 4000; i++ {
		baskets[i] = append([]uint32{uint32(40 + i%2)}, baskets[i]...)
	}
	for _, q := range pairsOf(t, basketGroups(42, baskets)) {
		if q.Left[0] >= 40 && q.lasts() {
			t.Fatalf("%+v", q)
		}
	}
}

// TestWholesaleListsAreLeftOut: an order of 10,000 items costs nothing and says nothing.
func TestWholesaleListsAreLeftOut(t *testing.T) {
	baskets := random(rand.New(rand.NewPCG(1, 4)), 100, 2, 0, 40)
	var all []uint32
	for i := range 10_000 {
		all = append(all, uint32(i))
	}
	g := narrow(basketGroups(10_000, append(baskets, all)))
	if len(g.Off) != 101 || len(g.Items) != 200 || len(g.Values[0]) != 200 {
		t.Fatalf("%d orders, %d items", len(g.Off)-1, len(g.Items))
	}
}

// TestEqualOrdersHaveNoPairs: where all orders are the same, or hold one product, nothing is beyond chance.
func TestEqualOrdersHaveNoPairs(t *testing.T) {
	for _, items := range [][]uint32{{0}, {0, 1}, {0, 1, 2, 3, 4}} {
		var baskets [][]uint32
		for range 500 {
			baskets = append(baskets, items)
		}
		if pairs := pairsOf(t, basketGroups(5, baskets)); len(pairs) != 0 {
			t.Errorf("%v: %+v", items, pairs)
		}
	}
}
