package analysis

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
)

// dayData is a shop's n days: a level, a weekly rhythm, noise and, at the end, the answer.
func dayData(n int, seed uint64, lang string) (*forecastData, []float64) {
	r := rand.New(rand.NewPCG(seed, 5))
	y := make([]float64, n+viewHorizon)
	level := 1000.0
	for i := range y {
		level *= math.Exp(0.01 * r.NormFloat64())
		y[i] = level * (1 + 0.3*math.Sin(2*math.Pi*float64(i)/7)) * math.Exp(0.1*r.NormFloat64())
	}
	return &forecastData{p: phrase.Printer{Lang: lang, Currency: "EUR"}, y: y[:n:n], first: 19_000}, y[n:]
}

func (d *forecastData) must(t testing.TB) {
	t.Helper()
	if err := d.run(context.Background(), &panel{grid: &panelGrid{}}); err != nil {
		t.Fatal(err)
	}
}

// The interval of the sum must hold the sum about as often as it says; errors of one forecast go
// together, so intervals of independent days would fail here.
func TestForecastSumCoverage(t *testing.T) {
	inside, tests := 0, 60
	for seed := range tests {
		d, truth := dayData(300, uint64(seed), "en")
		d.must(t)
		if s := money(sumOf(truth)); s >= d.facts.Low && s <= d.facts.High {
			inside++
		}
	}
	// 80 % of 60 is 48, with a standard deviation of 3.1
	if inside < 40 || inside > 57 {
		t.Errorf("%d of %d sums lie in the 80 %% interval", inside, tests)
	}
}

func BenchmarkForecastSection(b *testing.B) {
	d, _ := dayData(728, 1, "en")
	for b.Loop() {
		d.must(b)
		if err := d.figures(&View{}); err != nil {
			b.Fatal(err)
		}
	}
}

// A day whose sales were cut off must not become the latest value; a quiet day may.
func TestLastDayOpen(t *testing.T) {
	y := make([]float64, 70)
	for i := range y {
		y[i] = 100
	}
	const last, hour = 19_069, int64(3600e6)
	for _, c := range []struct {
		what  string
		value float64
		sold  int64 // µs
		want  bool
	}{
		{"cut at four", 12, last*dayMicros + 4*hour, true},
		{"cut at four, but busy", 80, last*dayMicros + 4*hour, false},
		{"quiet to the end", 12, last*dayMicros + 23*hour, false},
		{"dates only", 12, last * dayMicros, false},
		{"the last sale was days before", 0, (last-3)*dayMicros + 4*hour, false},
	} {
		y[69] = c.value
		if got := lastDayOpen(y, last, query.Account{LastSold: c.sold}); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
	if lastDayOpen(y[:20], 19_019, query.Account{LastSold: 19_019*dayMicros + hour}) {
		t.Error("three weeks are too few to tell")
	}
}

func TestForecastFigures(t *testing.T) {
	d, _ := dayData(400, 3, "en")
	d.y[100] = 0
	d.must(t)
	v := &View{}
	if err := d.figures(v); err != nil {
		t.Fatal(err)
	}
	if len(v.Figures) != 3 {
		t.Fatalf("%d figures", len(v.Figures))
	}
	fan := v.Figures[0].Table
	if fan.N != shownHistory+viewHorizon {
		t.Errorf("the fan has %d days", fan.N)
	}
	sum := int64(0)
	for i := range fan.N {
		lo95, lo80 := fan.Col("lo_95").Data, fan.Col("lo_80").Data
		said, hi80, hi95 := fan.Col("forecast").Data, fan.Col("hi_80").Data, fan.Col("hi_95").Data
		if i < shownHistory {
			if !said.IsNull(i) || fan.Col("revenue").Data.IsNull(i) {
				t.Fatalf("row %d mixes history and forecast", i)
			}
			continue
		}
		if !(lo95.I64[i] <= lo80.I64[i] && lo80.I64[i] <= said.I64[i] && said.I64[i] <= hi80.I64[i] && hi80.I64[i] <= hi95.I64[i]) {
			t.Fatalf("row %d: the band does not hold the forecast", i)
		}
		sum += said.I64[i]
	}
	if math.Abs(float64(sum-d.facts.Expected)) > 28 {
		t.Errorf("the days add up to %d, the sentence says %d", sum, d.facts.Expected)
	}
	for _, f := range v.Figures {
		if strings.Contains(f.Alt, "NaN") || strings.Contains(f.Alt, "Inf") {
			t.Errorf("%s: %s", f.ID, f.Alt)
		}
	}
	parts := v.Figures[1].Table
	for i := range parts.N {
		at := func(c string) int64 { return parts.Col(c).Data.I64[i] }
		if diff := at("revenue") - at("trend") - at("season") - at("remainder"); diff < -2 || diff > 2 {
			t.Fatalf("parts of day %d do not add up", i)
		}
	}
}
