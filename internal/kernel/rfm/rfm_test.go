package rfm

import (
	"testing"

	"pgregory.net/rapid"
)

// TestScoreIsTheDefinition compares the cut-point form with the definition, counted naively.
func TestScoreIsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.SliceOfN(rapid.Int64Range(-5, 12), 1, 60), rapid.SliceOfN(rapid.Int64(), 1, 60)).Draw(t, "values")
		cuts := CutsOf(v)
		for _, x := range v {
			worse := 0
			for _, y := range v {
				if y < x {
					worse++
				}
			}
			if want := uint8(1 + 5*worse/len(v)); cuts.Score(x) != want {
				t.Fatalf("score of %d in %v = %d, want %d", x, v, cuts.Score(x), want)
			}
		}
	})
}

// TestSegmentTable writes out the contract's table by recency score (rows) and v (columns 1–5).
func TestSegmentTable(t *testing.T) {
	want := map[uint8][5]string{
		5: {"new", "potential_loyalists", "potential_loyalists", "champions", "champions"},
		4: {"promising", "potential_loyalists", "potential_loyalists", "loyal", "loyal"},
		3: {"about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"},
		2: {"hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"},
		1: {"lost", "hibernating", "at_risk", "at_risk", "cant_lose"},
	}
	for r := uint8(1); r <= 5; r++ {
		for f := uint8(1); f <= 5; f++ {
			for m := uint8(1); m <= 5; m++ {
				v := (int(f) + int(m) + 1) / 2
				if got := Segments[Segment(r, f, m)]; got != want[r][v-1] {
					t.Errorf("r=%d f=%d m=%d: %s, want %s", r, f, m, got, want[r][v-1])
				}
			}
		}
	}
}

func BenchmarkScore(b *testing.B) {
	n := 500_000
	rec, frq, mon := make([]int64, n), make([]int64, n), make([]int64, n)
	x := uint64(1)
	for i := range n {
		x = x*6364136223846793005 + 1442695040888963407
		rec[i], frq[i], mon[i] = int64(x>>40%700), int64(x>>50%12), int64(x>>20%50_000_000)
	}
	b.ReportAllocs()
	for b.Loop() {
		Score(rec, frq, mon)
	}
}
