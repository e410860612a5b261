package anomaly

import (
	"context"
	"math"
	"testing"
)

// sales is a week's rhythm with a sale each year on day 330 and the day after, by factors.
func sales(n int, factors ...float64) ([]float64, map[int64]Spot) {
	y, spots := weekly(n, 11), map[int64]Spot{}
	for k := 0; 330+365*k+1 < n; k++ {
		for o := range 2 {
			at := 330 + 365*k + o
			y[at] *= factors[k]
			spots[int64(at)] = Spot{"sale", o}
		}
	}
	return y, spots
}

// TestEventSeenBefore: the third sale is expected as the first two were, so that it is no alert, and a spike as
// large on a day that nobody knows of is one; a sale that fails is one, too.
func TestEventSeenBefore(t *testing.T) {
	y, spots := sales(1100, 3, 3, 3)
	y[1080] *= 3
	for _, judge := range []func(context.Context, []Series, Options, int) ([][]Point, error){Batch, Retrospective} {
		out, err := judge(context.Background(), []Series{{Y: y}}, Options{Periods: []int{7}, Spots: spots}, 1)
		if err != nil {
			t.Fatal(err)
		}
		p := out[0][1060]
		if p.Anomaly || p.Event == nil || p.Event.Name != "sale" || p.Event.Seen != 2 || math.Abs(p.Expected/y[1060]-1) > 0.2 {
			t.Errorf("the third sale is %+v, event %+v; it came to %v", p, p.Event, y[1060])
		}
		if p := out[0][1080]; !p.Anomaly || p.Kind != Spike || p.Event != nil {
			t.Errorf("an unknown spike of the same size is %+v", p)
		}
	}
	y, _ = sales(1100, 3, 3, 1)
	if p := judgeOne(t, y, Options{Periods: []int{7}, Spots: spots})[1060]; !p.Anomaly || p.Kind != Dip {
		t.Errorf("a sale that brings nothing is %+v", p)
	}
}

// TestEventNotSeenBefore: a first sale of an ordinary size is no alert, one twentyfold is, and both say what
// day it was. The days after are judged as if it had not been.
func TestEventNotSeenBefore(t *testing.T) {
	for factor, want := range map[float64]bool{2.5: false, 20: true} {
		y, spots := sales(400, factor)
		points := judgeOne(t, y, Options{Periods: []int{7}, Spots: spots})
		if p := points[330]; p.Anomaly != want || p.Event == nil || p.Event.Seen != 0 {
			t.Errorf("a first sale of %v times the usual is %+v, event %+v", factor, p, p.Event)
		}
		plain, _ := sales(400, 1)
		without := judgeOne(t, plain, Options{Periods: []int{7}, Spots: spots})
		for i := 332; i < 400; i++ {
			if !same(points[i].Score, without[i].Score) {
				t.Fatalf("day %d scores %v after the sale, %v without it", i, points[i].Score, without[i].Score)
			}
		}
	}
	y, _ := sales(400, 2.5)
	if p := judgeOne(t, y, Options{Periods: []int{7}})[330]; !p.Anomaly {
		t.Errorf("without a calendar the sale is %+v", p)
	}
}

// TestEventEveryDay: where nearly every step is said to be near an event, there is no baseline, and no panic.
func TestEventEveryDay(t *testing.T) {
	y := weekly(60, 1)
	spots := map[int64]Spot{}
	for i := range y {
		spots[int64(i)] = Spot{"sale", 0}
	}
	for _, p := range judgeOne(t, y, Options{Spots: spots}) {
		if p.Score == p.Score {
			t.Fatalf("judged: %+v", p)
		}
	}
	if _, err := Retrospective(context.Background(), []Series{{Y: y}}, Options{Spots: spots}, 1); err != nil {
		t.Fatal(err)
	}
}

// TestGapsAtTheStart: values that come long after the first few, or events before them, leave no state without a number.
func TestGapsAtTheStart(t *testing.T) {
	for _, known := range []int{0, 1, 3, 7} {
		for _, events := range []bool{false, true} {
			y, spots := weekly(300, 4), map[int64]Spot{}
			for i := known; i < 90; i++ {
				if events {
					spots[int64(i)] = Spot{"fair", i}
				} else {
					y[i] = math.NaN()
				}
			}
			judged := 0
			for i, p := range judgeOne(t, y, Options{Periods: []int{7}, Spots: spots}) {
				if i < 120 || p.Event != nil {
					continue
				}
				if !(p.P > 1e-9) || !(p.Expected > 300) {
					t.Fatalf("%d known, events %v: point %d is %+v", known, events, i, p)
				}
				judged++
			}
			if judged < 150 {
				t.Errorf("%d known, events %v: %d points judged", known, events, judged)
			}
		}
	}
}
