package iforest

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestAverage checks c(n) against the exact harmonic numbers: 2 H(255) − 2·255/256 = 10.2448 (Liu et al.,
// section 2, with ln + γ for H).
func TestAverage(t *testing.T) {
	h := 0.0
	for i := 1; i <= 255; i++ {
		h += 1 / float64(i)
	}
	if want := 2*h - 2*255.0/256; math.Abs(average(256)-want) > 0.005 {
		t.Errorf("c(256) is %v, want %v", average(256), want)
	}
	if average(1) != 0 || average(2) != 1 {
		t.Errorf("c(1), c(2) are %v, %v; want 0, 1", average(1), average(2))
	}
}

// walk is the path of a row read from the stored tree one node at a time.
func walk(t *tree, height int, row []float64) float64 {
	k := 1
	for range height {
		k *= 2
		if float32(row[t.nodes[k/2].column]) > t.nodes[k/2].cut {
			k++
		}
	}
	return float64(t.depth[k-1<<height])
}

// TestScoreEqualsWalk compares the four-at-a-time descent with one row at a time, for any
// number of threads.
func TestScoreEqualsWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(1, 1200).Draw(t, "rows"), rapid.IntRange(1, 11).Draw(t, "columns")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		columns := make([][]float64, d)
		for j := range columns {
			for range n {
				columns[j] = append(columns[j], math.Round(rng.NormFloat64()*3))
			}
		}
		f, err := Fit(columns, Options{Trees: 7, Sample: rapid.IntRange(1, 256).Draw(t, "sample"), Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Score(context.Background(), columns, 3)
		if err != nil {
			t.Fatal(err)
		}
		one, _ := f.Score(context.Background(), columns, 1)
		if !slices.Equal(got, one) {
			t.Fatal("scores depend on the number of threads")
		}
		for i := range n {
			row := make([]float64, d)
			for j := range row {
				row[j] = columns[j][i]
			}
			h := 0.0
			for k := range f.trees {
				h += walk(&f.trees[k], f.height, row)
			}
			want := math.Exp2(-h / 7 / math.Max(f.norm, 1e-300))
			if math.Abs(got[i]-want) > 1e-12 {
				t.Fatalf("row %d scores %v, want %v", i, got[i], want)
			}
		}
	})
}

// TestOutliersScoreHigh plants rows far out.
func TestOutliersScoreHigh(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	columns := make([][]float64, 3)
	for i := range 5000 {
		for j := range columns {
			v := rng.NormFloat64()
			if i < 20 {
				v += 6
			}
			columns[j] = append(columns[j], v)
		}
	}
	f, err := Fit(columns, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Score(context.Background(), columns, 2)
	if err != nil {
		t.Fatal(err)
	}
	odd := slices.Min(s[:20])
	ordinary := slices.Clone(s[20:])
	slices.Sort(ordinary)
	if limit := ordinary[len(ordinary)*999/1000]; odd < limit {
		t.Errorf("the least score of the planted rows is %v, the ordinary rows' 99.9 %% point %v", odd, limit)
	}
}

func TestConstantColumns(t *testing.T) {
	columns := [][]float64{make([]float64, 300), make([]float64, 300)}
	f, err := Fit(columns, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Score(context.Background(), columns, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range s {
		if math.IsNaN(v) || v != s[0] {
			t.Fatalf("equal rows score %v and %v", v, s[0])
		}
	}
	if _, err := Fit(nil, Options{}); err == nil {
		t.Error("no rows are fitted")
	}
}

func BenchmarkScore(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	columns := make([][]float64, 8)
	for j := range columns {
		for range 100_000 {
			columns[j] = append(columns[j], rng.NormFloat64())
		}
	}
	f, err := Fit(columns, Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := f.Score(context.Background(), columns, 1); err != nil {
			b.Fatal(err)
		}
	}
}
