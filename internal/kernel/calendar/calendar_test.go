package calendar

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
	"pgregory.net/rapid"
)

const start = 18_000 // day of the first value

// shop is n days of a level with a weekly rhythm and noise, moved by factors of days.
func shop(n int, noise float64, factors map[int64]float64) []float64 {
	r := rand.New(rand.NewPCG(4, 2))
	y := make([]float64, n)
	for t := range y {
		y[t] = 100 * (1 + 0.2*math.Sin(2*math.Pi*float64(t)/7)) * (1 + noise*r.NormFloat64())
		if f, ok := factors[start+int64(t)]; ok {
			y[t] *= f
		}
	}
	return y
}

func yearly(name string, before, after int, days ...int64) []Event {
	var out []Event
	for _, d := range days {
		out = append(out, Event{Name: name, Day: start + d, Before: before, After: after})
	}
	return out
}

func TestEffectsComeBack(t *testing.T) {
	// sale: ×3 on its day and ×2 after it; closed: nothing is sold; quiet: named, but nothing happens
	f := map[int64]float64{}
	for _, d := range []int64{100, 465} {
		f[start+d], f[start+d+1] = 3, 2
	}
	for _, d := range []int64{60, 425} {
		f[start+d] = 0
	}
	y := shop(700, 0.05, f)
	events := append(yearly("sale", 1, 1, 100, 465, 730), yearly("closed", 0, 0, 60, 425, 720)...)
	events = append(events, yearly("quiet", 1, 1, 200, 565, 710)...)
	e := Estimate(y, start, 60, events)
	if e == nil {
		t.Fatal("nothing was kept")
	}
	if len(e.Used) != 2 || e.Used[0].Name != "sale" || e.Used[1].Name != "closed" || e.Used[0].Occurrences != 2 || e.Used[0].Days != 2 {
		t.Fatalf("kept %+v", e.Used)
	}
	for day, want := range map[int]float64{730: 3, 731: 2, 729: 1, 720: 0, 710: 1, 705: 1} {
		if got := e.Future[day-700]; math.Abs(got-want) > 0.2 {
			t.Errorf("day %d: factor %.2f, want %v", day, got, want)
		}
	}
	usual := e.Usual(y)
	for _, d := range []int{100, 101, 60, 425, 465} {
		if math.Abs(usual[d]-100) > 40 {
			t.Errorf("day %d without the event is %.1f", d, usual[d])
		}
	}
	if usual[300] != y[300] {
		t.Error("a day far from events changed")
	}
}

// What was seen once is used only where other strong effects came back.
func TestSeenOnce(t *testing.T) {
	f := map[int64]float64{start + 650: 4, start + 100: 3, start + 101: 3, start + 102: 3, start + 465: 2.8, start + 466: 2.8, start + 467: 2.8}
	y := shop(700, 0.05, f)
	once := yearly("once", 0, 0, 650, 710)
	if e := Estimate(y, start, 30, once); e != nil {
		t.Errorf("without other events: %+v", e.Used)
	}
	e := Estimate(y, start, 30, append(once, yearly("sale", 0, 2, 100, 465)...))
	if e == nil {
		t.Fatal("nothing was kept")
	}
	// the sale came back with 1.8 / 2 of its effect: 1 + .9·3 = 3.7
	if got := e.Future[10]; math.Abs(got-3.7) > 0.4 {
		t.Errorf("factor %.2f", got)
	}
}

func TestAwareForecasts(t *testing.T) {
	f := map[int64]float64{}
	for _, d := range []int64{100, 465} {
		f[start+d] = 3
	}
	y := shop(728, 0.02, f)
	events := yearly("sale", 0, 0, 100, 465, 730)
	m := Aware(forecast.SES(), start, events)
	fit, err := m.Fit(context.Background(), y, 7)
	if err != nil {
		t.Fatal(err)
	}
	p, s := fit.Forecast(5), fit.Sigma(5)
	if p[2]/p[1] < 2.7 || p[2]/p[1] > 3.3 || math.Abs(p[3]/p[1]-1) > 0.01 || s[2] < 2*s[1] {
		t.Errorf("forecast %v, spread %v", p, s)
	}
	if fit.Name() != "SES with events" && fit.Name() != "ETS(A,N,N) with events" {
		t.Logf("name %s", fit.Name())
	}
	if len(fit.Fitted()) != len(y) {
		t.Errorf("%d one-step forecasts", len(fit.Fitted()))
	}
	plain, err := Aware(forecast.SES(), start, nil).Fit(context.Background(), y, 7)
	if err != nil {
		t.Fatal(err)
	}
	if q := plain.Forecast(5); q[2] != q[1] {
		t.Errorf("without events: %v", q)
	}
}

// Noise must not be taken for effects: of many events where nothing happens, hardly any is kept.
func TestNoiseIsNotKept(t *testing.T) {
	y := shop(1100, 0.1, nil)
	var events []Event
	for k := range int64(40) {
		events = append(events, yearly(string(rune('A'+k)), 0, 0, 10+9*k, 374+9*k, 738+9*k)...)
	}
	e := Estimate(y, start, 28, events)
	if e != nil && len(e.Used) > 2 {
		t.Errorf("%d of 40 events that do nothing were kept", len(e.Used))
	}
}

func TestOddSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-5, 100),
			rapid.SampledFrom([]float64{0, 0, math.NaN(), 1e12, -1e12})), 0, 150).Draw(t, "y")
		var events []Event
		for range rapid.IntRange(0, 6).Draw(t, "events") {
			events = append(events, Event{
				Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"), Day: start + rapid.Int64Range(-20, 200).Draw(t, "day"),
				Before: rapid.IntRange(0, 9).Draw(t, "before"), After: rapid.IntRange(0, 9).Draw(t, "after"),
			})
		}
		e := Estimate(y, start, 30, events)
		if e == nil {
			return
		}
		for _, f := range append(e.Past, e.Future...) {
			if !(f >= 0 && f <= mostRatio+1) {
				t.Fatalf("factor %v", f)
			}
		}
		for i, v := range e.Usual(y) {
			if v != v && y[i] == y[i] {
				t.Fatalf("value %d got lost", i)
			}
		}
	})
}
