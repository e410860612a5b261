package recommend

import (
	"math/rand/v2"
	"testing"
)

func allUsers(m *Matrix) []uint32 {
	users := make([]uint32, m.Users())
	for u := range users {
		users[u] = uint32(u)
	}
	return users
}

// BenchmarkModels fits each model to 20,000 users × 2,000 items and proposes ten items to all; the sizes of
// the bars are timed by scripts/bench.
func BenchmarkModels(b *testing.B) {
	m := randomMatrix(rand.New(rand.NewPCG(1, 1)), 20_000, 2000, 20)
	for name, fit := range map[string]func() (Model, error){
		"itemknn": func() (Model, error) { return FitKNN(b.Context(), m, KNNOptions{Neighbours: 20}) },
		"als": func() (Model, error) {
			return FitALS(b.Context(), m, ALSOptions{Factors: 64, Iterations: 5, Regularization: 10, Alpha: 1})
		},
		"ease": func() (Model, error) { return FitEASE(b.Context(), m, EASEOptions{Lambda: 500}) },
	} {
		b.Run(name+"/fit", func(b *testing.B) {
			for b.Loop() {
				if _, err := fit(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/top10", func(b *testing.B) {
			model, err := fit()
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := model.Top(b.Context(), m, allUsers(m), TopOptions{K: 10}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTile(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	x, panel, c := randoms(rng, tileRows*64), randoms(rng, 64*tileCols), make([]float32, tileRows*tileCols)
	for name, f := range map[string]func([]float32, int, []float32, int, []float32){"fast": tile, "go": tileGo} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f(c, tileCols, x, 64, panel)
			}
		})
	}
}
