package recommend

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// naiveSimilarities is the definition of Similarity over dense columns.
func naiveSimilarities(m *Matrix, o KNNOptions) [][]float64 {
	x := dense(m)
	if o.Similarity == Jaccard {
		x = dense(m.Binary())
	}
	if o.Similarity == BM25 {
		weights := bm25(m, m.counts())
		x = dense(&Matrix{Items: m.Items, Off: m.Off, Item: m.Item, Value: weights})
	}
	s := make([][]float64, m.Items)
	for i := range s {
		s[i] = make([]float64, m.Items)
		for j := range s[i] {
			var dot, a, b float64
			for _, row := range x {
				dot, a, b = dot+row[i]*row[j], a+row[i]*row[i], b+row[j]*row[j]
			}
			switch {
			case dot == 0:
			case o.Similarity == Cosine:
				s[i][j] = dot / (math.Sqrt(a)*math.Sqrt(b) + o.Shrink)
			case o.Similarity == Jaccard:
				s[i][j] = dot / (a + b - dot + o.Shrink)
			case o.Similarity == BM25:
				s[i][j] = dot / (1 + o.Shrink)
			}
		}
	}
	return s
}

func TestNeighboursAgreeWithTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMatrix(t)
		o := KNNOptions{Similarity: rapid.SampledFrom([]Similarity{Cosine, Jaccard, BM25}).Draw(t, "similarity"), Neighbours: rapid.IntRange(1, 12).Draw(t, "k"),
			Shrink: rapid.SampledFrom([]float64{0, 0, 3}).Draw(t, "shrink"), Threads: rapid.IntRange(1, 3).Draw(t, "threads")}
		k, err := FitKNN(t.Context(), m, o)
		if err != nil {
			t.Fatal(err)
		}
		want := naiveSimilarities(m, o)
		for i := range m.Items {
			items, scores := k.BestNeighbours(uint32(i))
			var all []float64
			for j, s := range want[i] {
				if j != i && s > 0 {
					all = append(all, s)
				}
			}
			slices.SortFunc(all, func(a, b float64) int { return -cmpFloat(a, b) })
			all = all[:min(len(all), o.Neighbours)]
			if len(items) != len(all) {
				t.Fatalf("item %d has %d neighbours, want %d", i, len(items), len(all))
			}
			for n, j := range items {
				if int(j) == i || math.Abs(float64(scores[n])-want[i][j]) > 1e-5*max(1, all[0]) || math.Abs(float64(scores[n])-all[n]) > 1e-5*max(1, all[0]) {
					t.Fatalf("item %d, neighbour %d: item %d with %g, want %g of %v", i, n, j, scores[n], all[n], want[i])
				}
				if n > 0 && (scores[n] > scores[n-1] || scores[n] == scores[n-1] && j < items[n-1]) {
					t.Fatalf("item %d: neighbours out of order: %v %v", i, items, scores)
				}
			}
		}
	})
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestKNNListsAgreeWithTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMatrix(t)
		k, err := FitKNN(t.Context(), m, KNNOptions{Neighbours: rapid.IntRange(1, 12).Draw(t, "neighbours")})
		if err != nil {
			t.Fatal(err)
		}
		o := TopOptions{K: rapid.IntRange(1, 6).Draw(t, "k"), Rebuy: rapid.Bool().Draw(t, "rebuy"), Threads: 2}
		l, err := k.Top(t.Context(), m, allUsers(m), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := FitPopular(m).Complete(t.Context(), l, m, allUsers(m), o); err != nil {
			t.Fatal(err)
		}
		for u, row := range dense(m) {
			want := make([]float64, m.Items)
			for i, v := range row {
				items, scores := k.BestNeighbours(uint32(i))
				for n, j := range items {
					want[j] += v * float64(scores[n])
				}
				if o.Rebuy {
					want[i] += v
				}
			}
			items, scores := l.Of(u)
			seen := map[uint32]bool{}
			for n, j := range items {
				if seen[j] || !o.Rebuy && row[j] > 0 {
					t.Fatalf("user %d: item %d is there twice or was had", u, j)
				}
				seen[j] = true
				if math.Abs(float64(scores[n])-want[j]) > 1e-4 {
					t.Fatalf("user %d item %d: %g, want %g", u, j, scores[n], want[j])
				}
				if n > 0 && scores[n] > scores[n-1] {
					t.Fatalf("user %d: %v", u, scores)
				}
			}
			better := 0 // items that would have to be there
			for j, w := range want {
				if (o.Rebuy || row[j] == 0) && !seen[uint32(j)] && (w > 0 || m.counts()[j] > 0) {
					better++
					if n := len(scores); n == o.K && w > float64(scores[n-1])+1e-4 {
						t.Fatalf("user %d: item %d with %g is missing", u, j, w)
					}
				}
			}
			if len(items) < o.K && better > 0 {
				t.Fatalf("user %d: %d of %d proposals, and %d were left", u, len(items), o.K, better)
			}
		}
	})
}

// TestKNNIsTheSameForAnyThreads compares bits, with values and without.
func TestKNNIsTheSameForAnyThreads(t *testing.T) {
	m := randomMatrix(rand.New(rand.NewPCG(1, 1)), 3000, 400, 15)
	for _, m := range []*Matrix{m, m.Binary()} {
		one, err := FitKNN(t.Context(), m, KNNOptions{Neighbours: 10, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		five, err := FitKNN(t.Context(), m, KNNOptions{Neighbours: 10, Threads: 5})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one.Item, five.Item) || !slices.Equal(one.Score, five.Score) {
			t.Error("neighbours depend on the number of threads")
		}
	}
}

// fixture is testdata/implicit.json, made by testdata/make_implicit.py with implicit 0.7.3.
type fixture struct {
	Rows       [][]float32 `json:"rows"` // users × items
	Cosine     [][]float64 `json:"cosine"`
	BM25       [][]float64 `json:"bm25"`
	ALS        [][]float64 `json:"als_scores"`
	ALSFactors int         `json:"als_factors"`
	ALSLambda  float64     `json:"als_lambda"`
	ALSAlpha   float64     `json:"als_alpha"`
	Start      [][]float32 `json:"als_start"`
	Rounds     int         `json:"als_rounds"`
}

// TestAgreesWithImplicit compares all item similarities and ALS scores with another implementation's.
func TestAgreesWithImplicit(t *testing.T) {
	raw, err := os.ReadFile("testdata/implicit.json")
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	off, item, value := []int64{0}, []uint32{}, []float32{}
	for _, row := range f.Rows {
		for it, v := range row {
			if v > 0 {
				item, value = append(item, uint32(it)), append(value, v)
			}
		}
		off = append(off, int64(len(item)))
	}
	m := FromRows(len(f.Rows[0]), off, item, value)
	for sim, want := range map[Similarity][][]float64{Cosine: f.Cosine, BM25: f.BM25} {
		k, err := FitKNN(t.Context(), m, KNNOptions{Similarity: sim, Neighbours: m.Items})
		if err != nil {
			t.Fatal(err)
		}
		for i := range m.Items {
			got := make([]float64, m.Items)
			items, scores := k.BestNeighbours(uint32(i))
			for n, j := range items {
				got[j] = float64(scores[n])
			}
			for j, w := range want[i] {
				if i != j && math.Abs(got[j]-w) > 1e-4*max(1, w) {
					t.Errorf("similarity %d of %d and %d: %g, implicit has %g", sim, i, j, got[j], w)
				}
			}
		}
	}
	a := &ALS{o: ALSOptions{Factors: f.ALSFactors, Regularization: f.ALSLambda, Alpha: f.ALSAlpha, Steps: 50}, k: padded(f.ALSFactors), items: m.Items}
	a.X, a.Y = make([]float32, m.Users()*a.k), make([]float32, m.Items*a.k)
	for i, row := range f.Start {
		copy(a.Y[i*a.k:], row)
	}
	tr := m.Transpose()
	for range f.Rounds {
		if err := errors.Join(a.solve(t.Context(), m, a.X, a.Y), a.solve(t.Context(), tr, a.Y, a.X)); err != nil {
			t.Fatal(err)
		}
	}
	for u, row := range f.ALS {
		for i, w := range row {
			if got := float64(dot(a.X[u*a.k:(u+1)*a.k], a.Y[i*a.k:(i+1)*a.k])); math.Abs(got-w) > 2e-3 {
				t.Errorf("ALS score of user %d, item %d: %g, dense solutions give %g", u, i, got, w)
			}
		}
	}
}

func TestLongHistoriesAreSampled(t *testing.T) {
	const n = 30_000
	off, item := []int64{0, n, n + 2, n + 4}, make([]uint32, n, n+4)
	for i := range item {
		item[i] = uint32(i)
	}
	m := FromRows(n, off, append(item, 0, 1, 0, 1), nil)
	k, err := FitKNN(t.Context(), m, KNNOptions{Neighbours: 2, MaxHistory: 100})
	if err != nil {
		t.Fatal(err)
	}
	near, _ := k.BestNeighbours(0)
	if k.Sampled != 1 || len(near) == 0 || near[0] != 1 {
		t.Errorf("sampled %d, neighbours of 0: %v", k.Sampled, near)
	}
}

func TestSmallestInputs(t *testing.T) {
	empty := FromRows(0, []int64{0}, nil, nil)
	if _, err := FitKNN(t.Context(), empty, KNNOptions{Neighbours: 3}); fault.KindOf(err) != fault.Input {
		t.Errorf("no purchases: %v", err)
	}
	one := FromRows(1, []int64{0, 2}, []uint32{0, 0}, nil)
	k, err := FitKNN(t.Context(), one, KNNOptions{Neighbours: 3})
	if err != nil {
		t.Fatal(err)
	}
	a, err := FitALS(t.Context(), one, ALSOptions{Factors: 4, Iterations: 2, Regularization: 1, Alpha: 1})
	if err != nil {
		t.Fatal(err)
	}
	e, err := FitEASE(t.Context(), one, EASEOptions{Lambda: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range []Model{k, a, e, FitPopular(one), Own{}} {
		for _, rebuy := range []bool{false, true} {
			l, err := model.Top(t.Context(), one, []uint32{0}, TopOptions{K: 3, Rebuy: rebuy})
			if err != nil {
				t.Fatal(err)
			}
			items, scores := l.Of(0)
			if want := map[bool]int{true: 1}[rebuy]; len(items) != want {
				t.Errorf("%T, rebuy %v: %v %v", model, rebuy, items, scores)
			}
			for _, s := range scores {
				if s != s {
					t.Errorf("%T: NaN", model)
				}
			}
		}
	}
}

func TestStopsWithTheContext(t *testing.T) {
	m := randomMatrix(rand.New(rand.NewPCG(1, 1)), 3000, 400, 15)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, knn := FitKNN(ctx, m, KNNOptions{Neighbours: 10})
	_, als := FitALS(ctx, m, ALSOptions{Factors: 8, Iterations: 100, Regularization: 1})
	_, ease := FitEASE(ctx, m, EASEOptions{Lambda: 1})
	_, lists := FitPopular(m).Top(ctx, m, allUsers(m), TopOptions{K: 5})
	for i, err := range []error{knn, als, ease, lists} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func FuzzKeys(f *testing.F) {
	f.Add(float32(1), float32(2), uint32(3), uint32(4))
	f.Add(float32(-1), float32(0), uint32(3), uint32(4))
	f.Fuzz(func(t *testing.T, a, b float32, i, j uint32) {
		if a != a || b != b {
			t.Skip("no score is NaN")
		}
		x, y := keyOf(a, i), keyOf(b, j)
		if keyItem(x) != i || keyScore(x) != a {
			t.Fatalf("%g, %d became %g, %d", a, i, keyScore(x), keyItem(x))
		}
		if better := a > b || a == b && i < j; better != (x > y) {
			t.Fatalf("(%g, %d) against (%g, %d): %v", a, i, b, j, x > y)
		}
	})
}
