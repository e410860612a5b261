package pelt

import (
	"context"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// naive finds the best segmentation by dynamic programming without pruning.
func naive(c Cost, penalty float64, least int) float64 {
	n := c.Len()
	best := make([]float64, n+1)
	best[0] = -penalty
	for t := 1; t <= n; t++ {
		best[t] = math.Inf(1)
		for s := 0; s <= t-least; s++ {
			best[t] = math.Min(best[t], best[s]+c.Of(s, t)+penalty)
		}
	}
	return best[n]
}

func total(c Cost, changes []int, penalty float64) float64 {
	sum, from := penalty*float64(len(changes)), 0
	for _, t := range append(slices.Clone(changes), c.Len()) {
		sum += c.Of(from, t)
		from = t
	}
	return sum
}

// TestChangesAreOptimal compares with dynamic programming over all segmentations.
func TestChangesAreOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(rapid.Float64Range(-5, 5), 1, 60).Draw(t, "y")
		for i := range y {
			if rapid.Bool().Draw(t, "up") && i > len(y)/2 {
				y[i] += 8
			}
		}
		penalty := rapid.Float64Range(0.1, 30).Draw(t, "penalty")
		least := rapid.IntRange(1, 5).Draw(t, "least")
		c := NewMean(y, rapid.Float64Range(0.5, 3).Draw(t, "sd"))
		got, err := Changes(context.Background(), c, penalty, least)
		if err != nil {
			t.Fatal(err)
		}
		if len(y) < 2*least {
			if got != nil {
				t.Fatalf("changes %v in %d points of segments of %d", got, len(y), least)
			}
			return
		}
		want := naive(c, penalty, least)
		if sum := total(c, got, penalty); math.Abs(sum-want) > 1e-6*(1+math.Abs(want)) {
			t.Fatalf("changes %v cost %v, the best cost %v", got, sum, want)
		}
		for i, from := 0, 0; i < len(got); i++ {
			if got[i]-from < least {
				t.Fatalf("changes %v leave segments below %d", got, least)
			}
			from = got[i]
		}
	})
}

// TestShortSegmentsKeepCandidates has an end that no segment from the pruning point can reach yet.
func TestShortSegmentsKeepCandidates(t *testing.T) {
	c := NewMean([]float64{1, 1, 1, 1, 1, 9, -1.984375}, 3)
	got, err := Changes(context.Background(), c, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if sum, want := total(c, got, 1), naive(c, 1, 2); math.Abs(sum-want) > 1e-9 {
		t.Errorf("changes %v cost %v, the best cost %v", got, sum, want)
	}
}

func TestChangesOfSteps(t *testing.T) {
	var y []float64
	for i := range 300 {
		level := 0.0
		if i >= 100 {
			level = 5
		}
		if i >= 220 {
			level = 2
		}
		y = append(y, level+math.Sin(float64(i*i))) // a bounded, deterministic wobble
	}
	got, err := Changes(context.Background(), NewMean(y, 0.7), 2*math.Log(300), 5)
	if err != nil || !slices.Equal(got, []int{100, 220}) {
		t.Errorf("changes %v, %v; want [100 220]", got, err)
	}
}

func BenchmarkChanges(b *testing.B) {
	y := make([]float64, 100_000)
	for i := range y {
		y[i] = float64(i/1000%3) + math.Sin(float64(i*i))
	}
	c := NewMean(y, 0.7)
	for b.Loop() {
		if _, err := Changes(context.Background(), c, 30, 5); err != nil {
			b.Fatal(err)
		}
	}
}
