package pca

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The figures of sklearn.decomposition.PCA 1.9.1 on the same five rows.
func TestScikitLearn(t *testing.T) {
	x := []float64{2.5, 2.4, 1, 0.5, 0.7, 3, 2.2, 2.9, 2, 1.9, 2.2, 5, 3.1, 3.0, 4}
	c, err := Fit(x, 5, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float64{{-0.09720077500317142, -0.09389854441803008, 0.9908254501651427}, {0.7182422911013968, 0.6825425189011737, 0.13514333563094014}}
	share := []float64{0.5859858215545433, 0.4014475891933287}
	for a := range want {
		if math.Abs(c.Share[a]-share[a]) > 1e-12 {
			t.Errorf("share %d: %v, want %v", a, c.Share[a], share[a])
		}
		for j, v := range want[a] {
			if math.Abs(c.Direction[a][j]-v) > 1e-12 {
				t.Errorf("direction %d: %v, want %v", a, c.Direction[a], want[a])
			}
		}
	}
}

// Directions are orthonormal, shares fall and add up to one, scores have mean 0.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(1, 30).Draw(t, "n"), rapid.IntRange(1, 6).Draw(t, "d")
		x := rapid.SliceOfN(rapid.Float64Range(-100, 100), n*d, n*d).Draw(t, "x")
		c, err := Fit(x, n, d, d)
		if err != nil {
			t.Fatal(err)
		}
		total := 0.0
		for a := range d {
			total += c.Share[a]
			if a > 0 && c.Share[a] > c.Share[a-1]+1e-9 {
				t.Fatalf("shares %v", c.Share)
			}
			mean := 0.0
			for i := range n {
				mean += c.Score(x[i*d:(i+1)*d], a) / float64(n)
			}
			if math.Abs(mean) > 1e-9 {
				t.Fatalf("mean score %v", mean)
			}
			for b := range d {
				dot, want := 0.0, 0.0
				for j := range d {
					dot += c.Direction[a][j] * c.Direction[b][j]
				}
				if a == b {
					want = 1
				}
				if math.Abs(dot-want) > 1e-9 {
					t.Fatalf("directions %d and %d: %v", a, b, dot)
				}
			}
		}
		if math.Abs(total-1) > 1e-9 && total != 0 {
			t.Fatalf("shares add up to %v", total)
		}
	})
}
