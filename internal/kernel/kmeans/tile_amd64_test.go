//go:build amd64 && !purego

package kmeans

import (
	"math"
	"testing"

	"golang.org/x/sys/cpu"
	"pgregory.net/rapid"
)

// golang.org/x/sys/cpu asks the processor in its own way.
func TestHasAVX2(t *testing.T) {
	if vector != cpu.X86.HasAVX2 {
		t.Errorf("AVX2: %v, x/sys says %v", vector, cpu.X86.HasAVX2)
	}
}

// The assembly and its Go twin give the same bits.
func TestTileTwins(t *testing.T) {
	if !vector {
		t.Skip("this processor has no AVX2")
	}
	rapid.Check(t, func(t *rapid.T) {
		d, k := rapid.IntRange(1, 20).Draw(t, "d"), rapid.IntRange(1, 21).Draw(t, "k")
		value := rapid.OneOf(rapid.Float64Range(-10, 10), rapid.Float64Range(-1e160, 1e160), rapid.Map(rapid.IntRange(-1, 1), func(i int) float64 { return float64(i) }))
		x := rapid.SliceOfN(value, lanes*d, lanes*d).Draw(t, "x")
		centers, pairs := padded(rapid.SliceOfN(value, k*d, k*d).Draw(t, "centers"), d)
		var a, b neighbours
		nearestAVX2(&x[0], d, &centers[0], pairs, &a)
		nearestGo(x, d, centers, pairs, &b)
		if a != b {
			t.Fatalf("nearest: %v, in Go %v", a, b)
		}
		s, g := make([]float64, 16*pairs), make([]float64, 16*pairs)
		squaresAVX2(&x[0], d, &centers[0], pairs, &s[0])
		squaresGo(x, d, centers, pairs, g)
		for i := range s {
			if math.Float64bits(s[i]) != math.Float64bits(g[i]) {
				t.Fatalf("square %d: %v, in Go %v", i, s[i], g[i])
			}
		}
	})
}
