package recommend

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomSPD returns RᵀR + λI of random rows R, and the same as a full square.
func randomSPD(rng *rand.Rand, n int, lambda float64) (*spd, []float64) {
	s, full := newSPD(n), make([]float64, n*n)
	r := make([]float64, n)
	for range n/2 + 1 { // so that λ alone makes it regular
		for i := range r {
			r[i] = rng.NormFloat64()
		}
		for i := range n {
			for j := range n {
				full[i*n+j] += r[i] * r[j]
			}
		}
	}
	for i := range n {
		full[i*n+i] += lambda
		copy(s.row(i), full[i*n:])
	}
	return s, full
}

// TestNegatedInverse multiplies with the original, for sizes around those of blocks, chunks and tiles.
func TestNegatedInverse(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{1, 7, 24, 97, 193, 230} {
		s, full := randomSPD(rng, n, 0.5)
		again := &spd{n: n, size: s.size, a: slices.Clone(s.a)}
		if err := s.negatedInverse(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
		at := func(i, j int) float64 { return s.row(max(i, j))[min(i, j)] }
		for i := range n {
			for j := range n {
				sum := 0.0
				for m := range n {
					sum -= full[i*n+m] * at(m, j)
				}
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(sum-want) > 1e-9 {
					t.Fatalf("n %d: element %d, %d of the product is %v", n, i, j, sum)
				}
			}
		}
		if err := again.negatedInverse(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if !slices.Equal(s.row(i), again.row(i)) {
				t.Fatalf("n %d: row %d depends on the number of threads", n, i)
			}
		}
	}
}

// TestNegatedInverseFails gives matrices that are singular or not numbers, and a context that has ended.
func TestNegatedInverseFails(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	for name, spoil := range map[string]func(s *spd){
		"zero":     func(s *spd) { clear(s.a) },
		"negative": func(s *spd) { s.row(230)[230] = -1 },
		"NaN":      func(s *spd) { s.row(3)[1] = math.NaN() },
	} {
		s, _ := randomSPD(rng, 250, 1)
		spoil(s)
		if s.negatedInverse(t.Context(), 2) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, _ := randomSPD(rng, 250, 1)
	if err := s.negatedInverse(ctx, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, not that of the context", err)
	}
}

// TestTile64 compares the fast form with the plain one.
func TestTile64(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for _, k := range []int{1, 2, 8, 24, 192} {
		ld := tileCols64 + rng.IntN(5)
		c, x, panel := make([]float64, tileRows64*ld), make([]float64, tileRows64*k), make([]float64, k*tileCols64)
		for _, a := range [][]float64{c, x, panel} {
			for i := range a {
				a[i] = rng.NormFloat64()
			}
		}
		want := slices.Clone(c)
		tile64(c, ld, x, k, panel)
		tile64Go(want, ld, x, k, panel)
		for i := range c {
			if math.Abs(c[i]-want[i]) > 1e-12*float64(k+1) {
				t.Fatalf("k %d: element %d is %v, not %v", k, i, c[i], want[i])
			}
		}
	}
}

func BenchmarkNegatedInverse(b *testing.B) {
	s, _ := randomSPD(rand.New(rand.NewPCG(4, 1)), 1000, 100)
	work := &spd{n: s.n, size: s.size, a: make([]float64, len(s.a))}
	for b.Loop() {
		copy(work.a, s.a)
		if err := work.negatedInverse(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1e9*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gflop/s")
}
