package recommend

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawMatrix makes a small matrix, with values or without.
func drawMatrix(t *rapid.T) *Matrix {
	items := rapid.IntRange(1, 12).Draw(t, "items")
	users := rapid.IntRange(1, 12).Draw(t, "users")
	valued := rapid.Bool().Draw(t, "valued")
	off, item := []int64{0}, []uint32{}
	var value []float32
	for range users {
		for range rapid.IntRange(0, 8).Draw(t, "row") {
			item = append(item, uint32(rapid.IntRange(0, items-1).Draw(t, "item")))
			if valued {
				value = append(value, float32(rapid.IntRange(1, 4).Draw(t, "value")))
			}
		}
		off = append(off, int64(len(item)))
	}
	if len(item) == 0 {
		off[users], item = 1, append(item, 0)
		if valued {
			value = append(value, 1)
		}
	}
	return FromRows(items, off, item, value)
}

// dense returns the matrix as rows of float64.
func dense(m *Matrix) [][]float64 {
	out := make([][]float64, m.Users())
	for u := range out {
		out[u] = make([]float64, m.Items)
		items, values := m.Row(u)
		for n, it := range items {
			out[u][it] = 1
			if values != nil {
				out[u][it] = float64(values[n])
			}
		}
	}
	return out
}

// TestALSSolvesItsEquations checks every user's factors against eq. 4 of Hu et al. with the confidences of FitALS, written out densely.
func TestALSSolvesItsEquations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMatrix(t)
		const f, lambda, alpha = 5, 0.5, 2.0
		a, err := FitALS(context.Background(), m, ALSOptions{Factors: f, Iterations: 2, Regularization: lambda, Alpha: alpha, Seed: 3, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, a.k)
		s := newALSSolver(a, a.gram, a.Y)
		for u, row := range dense(m) {
			lhs, rhs := make([]float64, f*f), make([]float64, f)
			for it, v := range row {
				y := a.Y[it*a.k : it*a.k+f]
				c := 1 + alpha*max(0, v-1)
				for i := range f {
					for j := range f {
						lhs[i*f+j] += c * float64(y[i]) * float64(y[j])
					}
					if v > 0 {
						rhs[i] += c * float64(y[i])
					}
				}
			}
			for i := range f {
				lhs[i*f+i] += lambda
			}
			if !solveSPD(lhs, rhs) {
				t.Fatal("not positive definite")
			}
			clear(x)
			items, values := m.Row(u)
			for range 20 {
				s.improve(x, items, values)
			}
			for i, want := range rhs {
				if math.Abs(float64(x[i])-want) > 1e-4 {
					t.Fatalf("user %d: factors %v, want %v", u, x[:f], rhs)
				}
			}
			for _, v := range x[f:] {
				if v != 0 {
					t.Fatal("padding is not 0")
				}
			}
		}
	})
}

// TestTopAgreesWithSorting compares every model's lists with all scores sorted.
func TestTopAgreesWithSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMatrix(t)
		o := TopOptions{K: rapid.IntRange(1, 6).Draw(t, "k"), Rebuy: rapid.Bool().Draw(t, "rebuy"), Threads: rapid.IntRange(1, 3).Draw(t, "threads")}
		a, err := FitALS(t.Context(), m, ALSOptions{Factors: 3, Iterations: 2, Regularization: 0.1, Alpha: 1, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		e, err := FitEASE(t.Context(), m, EASEOptions{Lambda: 1, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		sums := map[string]func(u int, j int) float32{
			"als": func(u, j int) float32 {
				var c [tileCols * tileRows]float32
				x := make([]float32, tileRows*a.k)
				copy(x, a.X[u*a.k:(u+1)*a.k])
				tile(c[:], tileCols, x, a.k, a.panel[j/tileCols*tileCols*a.k:])
				return c[j%tileCols]
			},
			"ease": func(u, j int) float32 {
				score := make([]float32, e.row)
				items, values := m.Row(u)
				if p := e.place[j]; p >= 0 && e.sum(score, items, values) {
					return score[p]
				}
				return float32(math.NaN())
			},
		}
		for name, model := range map[string]Model{"als": a, "ease": e} {
			l, err := model.Top(t.Context(), m, allUsers(m), o)
			if err != nil {
				t.Fatal(err)
			}
			for u := range m.Users() {
				own, _ := m.Row(u)
				var want []uint64
				for j := range m.Items {
					s := sums[name](u, j)
					if _, had := slices.BinarySearch(own, uint32(j)); s == s && (o.Rebuy || !had) {
						want = append(want, keyOf(s, uint32(j)))
					}
				}
				slices.SortFunc(want, func(a, b uint64) int { return -cmpKey(a, b) })
				want = want[:min(len(want), o.K)]
				items, scores := l.Of(u)
				var got []uint64
				for i := range items {
					got = append(got, keyOf(scores[i], items[i]))
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%s, user %d: %v, want %v", name, u, got, want)
				}
			}
		}
	})
}

func cmpKey(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// TestALSIsTheSameForAnyThreads compares bits.
func TestALSIsTheSameForAnyThreads(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	m := randomMatrix(rng, 9000, 300, 12)
	fit := func(threads int) *ALS {
		a, err := FitALS(t.Context(), m, ALSOptions{Factors: 20, Iterations: 3, Regularization: 0.01, Alpha: 1, Seed: 1, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	one, four := fit(1), fit(4)
	if !slices.Equal(one.X, four.X) || !slices.Equal(one.Y, four.Y) {
		t.Error("factors depend on the number of threads")
	}
}

// randomMatrix has skewed items and values of 1 to 3.
func randomMatrix(rng *rand.Rand, users, items, row int) *Matrix {
	off, item := []int64{0}, []uint32{}
	for range users {
		for range 1 + rng.IntN(2*row-1) {
			x := rng.Float64()
			item = append(item, uint32(float64(items)*x*x))
		}
		off = append(off, int64(len(item)))
	}
	return FromRows(items, off, item, nil)
}

// TestEASEIsTheClosedForm inverts with another method: the definition P(XᵀX + λI) = I row by row.
func TestEASEIsTheClosedForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMatrix(t)
		const lambda = 2.0
		e, err := FitEASE(t.Context(), m, EASEOptions{Lambda: lambda, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		x, n := dense(m), len(e.Items)
		gram := func() []float64 {
			g := make([]float64, n*n)
			for i, a := range e.Items {
				for j, b := range e.Items {
					for _, row := range x {
						g[i*n+j] += row[a] * row[b]
					}
				}
				g[i*n+i] += lambda
			}
			return g
		}
		p := make([][]float64, n)
		for i := range p {
			p[i] = make([]float64, n)
			p[i][i] = 1
			if !solveSPD(gram(), p[i]) {
				t.Fatal("not positive definite")
			}
		}
		for i := range n {
			for j := range n {
				want := 0.0
				if i != j {
					want = -p[i][j] / p[j][j]
				}
				if got := float64(e.b[i*e.row+j]); math.Abs(got-want) > 1e-6 {
					t.Fatalf("B[%d,%d] = %g, want %g", i, j, got, want)
				}
			}
		}
	})
}
