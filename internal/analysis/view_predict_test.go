package analysis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/query"
)

// plantedClicks are eight weeks of 1,200 visitors who each look once a week; keen buyers among them, one in
// ten, buy in the week after with probability high, the others with low.
func plantedClicks(high, low float64) []click {
	r := rand.New(rand.NewPCG(7, 7))
	var out []click
	for u := range 1200 {
		name, chance := fmt.Sprintf("u%04d", u), low
		if u%10 == 0 {
			chance = high
		}
		for week := range int64(8) {
			at := week*7*dayMicros + r.Int64N(7*dayMicros)
			out = append(out, click{name, at, "view", "p", 1})
			if u%10 == 0 {
				out = append(out, click{name, at + 1, "cart", "p", 1})
			}
			if r.Float64() < chance {
				out = append(out, click{name, at + 2, "purchase", "p", 1})
			}
		}
	}
	return out
}

func nextOf(t *testing.T, clicks []click) *nextBuyers {
	t.Helper()
	a := &query.Answer{Groups: []*query.Groups{groupsOf(clicks)}}
	r := eventsRequest()
	r.AsOf = 56 * dayMicros
	n, err := findNext(context.Background(), r, a, "purchase")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNextBuyersAreFound: of the tenth named most likely nearly all are the keen buyers; the sums are near
// what is planted: 120 × 0.6 + 1,080 × 0.05 = 126 buyers a week.
func TestNextBuyersAreFound(t *testing.T) {
	n := nextOf(t, plantedClicks(0.6, 0.05))
	f := n.facts
	if !f.Known || f.Expected < 105 || f.Expected > 150 || f.Told < 105 || f.Told > 150 || f.TestedTop != 120 || f.BoughtTop < 55 {
		t.Errorf("%+v", f)
	}
	for _, i := range n.order[:100] {
		if id, _ := textAt(&n.data.ids.Data, i); !strings.HasSuffix(id, "0") {
			t.Errorf("%s is among the first hundred with %.2f", id, n.p[i])
		}
	}
	if !slices.IsSortedFunc(n.order, func(i, j int) int {
		if n.p[i] < n.p[j] {
			return 1
		}
		return 0
	}) {
		t.Error("not in the order of the probability")
	}
}

// TestNextBuyersByChance: where everybody buys alike nothing is claimed.
func TestNextBuyersByChance(t *testing.T) {
	clicks := slices.DeleteFunc(plantedClicks(0.1, 0.1), func(c click) bool { return c.what == "cart" })
	v, err := predictView(context.Background(), &Request{Rel: eventsRequest().Rel, AsOf: 56 * dayMicros, From: query.MinTime, To: query.MaxTime, Seed: 1},
		&query.Answer{Groups: []*query.Groups{groupsOf(clicks)}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(v.Lead[0], "no better than chance") || len(v.Actions) > 0 || len(v.Figures) != 1 {
		t.Errorf("%q, %d actions, %d figures", v.Lead, len(v.Actions), len(v.Figures))
	}
}
