package btyd

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestManyOrders fits histories of hundreds of order days, of customers who stay and who leave early: neither
// part of the likelihood fits a double there.
func TestManyOrders(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	h := []History{{X: 168, TX: 104, T: 104}, {X: 700, TX: 700, T: 731}, {X: 900, TX: 20, T: 5000}, {X: 3000, TX: 2999, T: 3000}}
	for range 300 {
		last := 700 * rng.Float64()
		h = append(h, History{X: float64(1 + rng.IntN(40)), TX: last, T: last + 100*rng.Float64()})
	}
	m, f, err := FitParetoNBD(context.Background(), GroupHistories(h), 1)
	if err != nil {
		t.Fatal(err)
	}
	if math.IsNaN(f.LL) || math.IsInf(f.LL, 0) {
		t.Fatalf("log-likelihood %v", f.LL)
	}
	b, _, err := FitBGNBD(context.Background(), GroupHistories(h), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range h[:4] {
		for name, v := range map[string][2]float64{
			"Pareto/NBD": {m.Alive(x), m.Expected(x, 36500)}, "BG/NBD": {b.Alive(x), b.Expected(x, 36500)},
		} {
			if !(v[0] >= 0 && v[0] <= 1) || !(v[1] >= 0) || math.IsInf(v[1], 0) {
				t.Errorf("%s of %+v: alive %v, expected %v", name, x, v[0], v[1])
			}
		}
	}
	if p := m.Alive(h[2]); p > 1e-6 {
		t.Errorf("900 orders in 20 days, none in the 4,980 since: alive %v", p)
	}
	if p := m.Alive(h[3]); p < 0.9 {
		t.Errorf("an order on 3,000 of 3,000 days: alive %v", p)
	}
}

// TestSeriesEnds: where the parameters of Pareto/NBD lie millions apart the series is given up at once.
func TestSeriesEnds(t *testing.T) {
	begun := time.Now()
	for range 1000 {
		if v := logHyp2f1(3.5, 2.5, 4.5, 1-1e-9); !math.IsNaN(v) {
			t.Fatalf("%g after a series that cannot settle", v)
		}
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("giving up took %s", took)
	}
	if v := logHyp2f1(3.5, 2.5, 4.5, 0.999); math.IsNaN(v) {
		t.Error("z = 0.999 has a value")
	}
}
