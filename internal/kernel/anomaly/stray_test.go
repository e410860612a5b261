package anomaly

import (
	"math/rand/v2"
	"testing"
)

func TestStrays(t *testing.T) {
	for _, c := range []struct {
		name  string
		plant func(y []float64)
		want  []int
	}{
		{"nothing", func([]float64) {}, nil},
		{"a spike on the last day", func(y []float64) { y[199] *= 3 }, []int{199}},
		{"nothing sold on the last day", func(y []float64) { y[199] = 0 }, []int{199}},
		{"two days within the last fortnight", func(y []float64) { y[190] *= 3; y[191] *= 4 }, []int{190, 191}},
		{"a new level of two days may stay", func(y []float64) { y[198] *= 3; y[199] *= 3 }, nil},
		{"a new level of five days", func(y []float64) {
			for i := 195; i < 200; i++ {
				y[i] *= 3
			}
		}, nil},
		{"long ago", func(y []float64) { y[100] *= 5 }, nil},
	} {
		for seed := range uint64(20) {
			y := weekly(200, seed)
			c.plant(y)
			got := Strays(y, []int{7}, 14)
			if len(got) != len(c.want) {
				t.Errorf("%s, seed %d: %+v, want %v", c.name, seed, got, c.want)
				continue
			}
			for k, s := range got {
				if s.At != c.want[k] || s.Value != y[s.At] || s.Expected < 700 || s.Expected > 1800 {
					t.Errorf("%s, seed %d: %+v, want one at %d", c.name, seed, s, c.want[k])
				}
			}
		}
	}
}

// TestStraysOfWalks: a random walk goes on from its last value, however far that is.
func TestStraysOfWalks(t *testing.T) {
	found := 0
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		y, level := make([]float64, 300), 1000.0
		for i := range y {
			step := 5 * rng.NormFloat64()
			if rng.IntN(40) == 0 {
				step *= 12
			}
			level += step
			y[i] = level
		}
		y[299] += 200
		found += len(Strays(y, nil, 8))
	}
	if found > 4 {
		t.Errorf("%d strays in 200 random walks", found)
	}
}

// TestStraysOfNoise: hardly any where there are none.
func TestStraysOfNoise(t *testing.T) {
	found := 0
	for seed := range uint64(500) {
		found += len(Strays(weekly(300, seed), []int{7}, 14))
	}
	if found > 2 {
		t.Errorf("%d strays in 500 clean series", found)
	}
	Strays(nil, nil, 5)
	Strays([]float64{1, 2}, []int{7}, 5)
}
