package kmeans

import (
	"context"
	"math/rand/v2"
	"testing"
)

// blobs makes n points around k centres, standardised; spread is the centres' standard deviation
// against 1.5 of the noise.
func blobs(n, d, k int, spread float64, seed uint64) Points {
	rng := rand.New(rand.NewPCG(seed, 7))
	c := make([]float64, k*d)
	for i := range c {
		c[i] = rng.NormFloat64() * spread
	}
	p := Points{make([]float64, n*d), n, d}
	for i := range n {
		a := rng.IntN(k)
		for j := range d {
			p.X[i*d+j] = c[a*d+j] + 1.5*rng.NormFloat64()
		}
	}
	return p
}

func BenchmarkFit(b *testing.B) {
	for _, c := range []struct {
		name   string
		spread float64
		k      int
	}{{"apart", 3, 8}, {"overlapping", 1, 8}, {"none", 0, 8}, {"none/k=32", 0, 32}} {
		p := blobs(1_000_000, 8, 8, c.spread, 1)
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				r, err := Fit(context.Background(), p, Options{K: c.k, Starts: 3, Iterations: 20, Seed: 1, Threads: 2})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(r.Inertia, "inertia")
			}
		})
	}
}
