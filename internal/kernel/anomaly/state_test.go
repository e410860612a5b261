package anomaly

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// drawSeries makes a series of one of the sorts that a Detector treats differently, with gaps and events.
func drawSeries(t *rapid.T) ([]float64, Options) {
	n := rapid.IntRange(0, 400).Draw(t, "n")
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 8))
	sort := rapid.SampledFrom([]string{"weekly", "sparse", "walk", "negative", "constant"}).Draw(t, "sort")
	y, level := make([]float64, n), 100.0
	for i := range y {
		level += rng.NormFloat64()
		switch sort {
		case "weekly":
			y[i] = 100 * (1 + float64(i%7)/4) * math.Exp(0.1*rng.NormFloat64())
		case "sparse":
			if rng.IntN(5) == 0 {
				y[i] = 10 * rng.ExpFloat64()
			}
		case "walk":
			y[i] = level
		case "negative":
			y[i] = 10 * rng.NormFloat64()
		}
		if i > n/2 && rng.IntN(40) == 0 {
			y[i] *= 4
		}
		if rng.IntN(30) == 0 {
			y[i] = math.NaN()
		}
	}
	o := Options{Periods: []int{7}, Level: 0.99, Spots: map[int64]Spot{}}
	if rapid.Bool().Draw(t, "events") {
		for i := 25; i < n; i += 50 {
			o.Spots[int64(i)], o.Spots[int64(i+1)] = Spot{"sale", 0}, Spot{"sale", 1}
		}
	}
	return y, o
}

// samePoint compares two points; NaN equals itself.
func samePoint(a, b Point) bool {
	if (a.Event == nil) != (b.Event == nil) || a.Event != nil && *a.Event != *b.Event {
		return false
	}
	return same(a.Expected, b.Expected) && same(a.Z, b.Z) && same(a.P, b.P) && same(a.Score, b.Score) && a.Anomaly == b.Anomaly && a.Onset == b.Onset && a.Kind == b.Kind
}

// TestStateGoesOn: whatever the place, a Detector that is written, read and goes on gives the points of one that never
// stopped, and ends in the same state.
func TestStateGoesOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y, o := drawSeries(t)
		cut := rapid.IntRange(0, len(y)).Draw(t, "cut")
		whole, part := New(o), New(o)
		for i, v := range y {
			if i == cut {
				state := part.State()
				again, err := Restore(state, o)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(again.State(), state) {
					t.Fatal("the state that was read is not the state that was written")
				}
				part = again
			}
			a, b := whole.Update(int64(i), v), part.Update(int64(i), v)
			if !samePoint(a, b) {
				t.Fatalf("point %d, cut at %d: %+v without a stop, %+v with one", i, cut, a, b)
			}
		}
		if !bytes.Equal(whole.State(), part.State()) {
			t.Fatal("the states at the end differ")
		}
	})
}

// TestStateOfPool: as TestStateGoesOn for what many series share.
func TestStateOfPool(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p := &Pool{}
	z := make([]float64, 500)
	for i := range z {
		z[i] = rng.NormFloat64()
	}
	p.Learn(z)
	q, err := RestorePool(p.State())
	if err != nil {
		t.Fatal(err)
	}
	p.Learn(z[:100])
	q.Learn(z[:100])
	if !bytes.Equal(p.State(), q.State()) || p.logP(4, 9) != q.logP(4, 9) {
		t.Error("the pools differ")
	}
}

// TestStateRefused: bytes that are no state are an error, never a panic; also those whose checksum is right.
func TestStateRefused(t *testing.T) {
	d := New(Options{Periods: []int{7}})
	for i, v := range weekly(100, 1) {
		d.Update(int64(i), v)
	}
	good := d.State()
	if _, err := Restore(good, Options{Periods: []int{24}}); err == nil {
		t.Error("a state of other seasons was taken")
	}
	rapid.Check(t, func(t *rapid.T) {
		state := bytes.Clone(good)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			state[rapid.IntRange(0, len(state)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		}
		state = state[:rapid.IntRange(0, len(state)).Draw(t, "length")]
		if !bytes.Equal(state, good) {
			if _, err := Restore(state, Options{Periods: []int{7}}); err == nil {
				t.Fatal("a damaged state was taken")
			}
		}
		if len(state) < len(detectorState) {
			return
		}
		resealed := seal(detectorState, func(c *codec) { c.buf = append(c.buf, state[len(detectorState):]...) })
		again, err := Restore(resealed, Options{Periods: []int{7}})
		if err != nil {
			return
		}
		for i, v := range weekly(60, 2) { // what passes is used
			again.Update(int64(100+i), v)
		}
	})
}
