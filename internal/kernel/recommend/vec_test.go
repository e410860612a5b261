package recommend

import (
	"math"
	"math/rand/v2"
	"testing"
)

func randoms(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

// near fails where two vectors differ by more than rounding: 1e-5 of the scale.
func near(t *testing.T, what string, got, want []float32, scale float64) {
	t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= 1e-5*scale) {
			t.Fatalf("%s: value %d is %g, want %g", what, i, got[i], want[i])
		}
	}
}

// TestAssemblyEqualsGo compares each inner loop with its meaning, for all shapes that occur.
func TestAssemblyEqualsGo(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, k := range []int{16, 32, 48, 64, 80, 128, 144} {
		for _, n := range []int{0, 1, 2, 7, 64, 300} {
			rows, p := randoms(rng, max(1, n)*k), randoms(rng, max(n, k)*3)
			got, want := randoms(rng, k), make([]float32, k)
			combine(got, p, 3, rows, n)
			combineGo(want, p, 3, rows, n)
			near(t, "combine", got, want, float64(n+1))

			idx := make([]uint32, n)
			for e := range idx {
				idx[e] = uint32(rng.IntN(n))
			}
			a, w := randoms(rng, n), randoms(rng, n)
			copy(got, want)
			gather(got, p, rows, idx, a, w)
			gatherGo(want, p, rows, idx, a, w)
			near(t, "gather", got, want, float64((n+1)*k))
		}
		y, sum, same := randoms(rng, k), randoms(rng, k), make([]float32, k)
		copy(same, sum)
		axpy(sum, 1.5, y)
		axpyGo(same, 1.5, y)
		near(t, "axpy", sum, same, 2)
		x, panel := randoms(rng, tileRows*k), randoms(rng, tileCols*k)
		got, want := make([]float32, tileRows*40), make([]float32, tileRows*40)
		tile(got, 40, x, k, panel)
		tileGo(want, 40, x, k, panel)
		near(t, "tile", got, want, float64(k))
	}
	for range 2000 {
		v := randoms(rng, rng.IntN(100))
		at, bound := rng.IntN(len(v)+1), float32(rng.NormFloat64()*2)
		if len(v) > 3 {
			v[rng.IntN(len(v))] = float32(math.NaN())
			v[rng.IntN(len(v))] = float32(math.Inf(-1))
			v[rng.IntN(len(v))] = bound
		}
		if got, want := above(v, bound, at), aboveGo(v, bound, at); got != want {
			t.Fatalf("above(%v, %g, %d) = %d, want %d", v, bound, at, got, want)
		}
	}
}
