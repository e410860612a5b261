package stl

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"pgregory.net/rapid"
)

// peer holds testdata/stl.json: what statsmodels makes of the same series (testdata/make_stl.py).
type peer struct {
	STL []struct {
		Name    string
		Options struct {
			Period, Seasonal, Trend int
			SeasonalDeg             *int `json:"seasonal_deg"`
			SeasonalJump            int  `json:"seasonal_jump"`
			TrendJump               int  `json:"trend_jump"`
			LowPassJump             int  `json:"low_pass_jump"`
			Robust                  bool
		}
		Inner, Outer              int
		Y, Season, Trend, Weights []float64
	}
	MSTL struct {
		Y, Trend, Weights []float64
		Periods           []int
		Seasons           [][]float64
	}
}

func readPeer(t *testing.T) peer {
	t.Helper()
	b, err := os.ReadFile("testdata/stl.json")
	if err != nil {
		t.Fatal(err)
	}
	var p peer
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func near(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i, v := range want {
		if !(math.Abs(got[i]-v) <= tol) {
			t.Fatalf("%s[%d] = %.12g, statsmodels has %.12g", what, i, got[i], v)
		}
	}
}

func TestAgainstStatsmodels(t *testing.T) {
	var w Workspace // one for all: what is left of one case must not touch the next
	for _, c := range readPeer(t).STL {
		t.Run(c.Name, func(t *testing.T) {
			o := Options{Period: c.Options.Period, Seasonal: c.Options.Seasonal, Trend: c.Options.Trend, Robust: c.Options.Robust, Inner: c.Inner, Outer: c.Outer,
				SeasonalJump: c.Options.SeasonalJump, TrendJump: c.Options.TrendJump, LowPassJump: c.Options.LowPassJump}
			if d := c.Options.SeasonalDeg; d != nil && *d == 0 {
				o.FlatSeason, o.FlatTrend, o.FlatLowPass = true, true, true
			}
			var p Parts
			if err := w.Decompose(c.Y, o, &p); err != nil {
				t.Fatal(err)
			}
			near(t, "season", p.Season, c.Season, 1e-8)
			near(t, "trend", p.Trend, c.Trend, 1e-8)
			near(t, "weights", p.Weights, c.Weights, 1e-8)
		})
	}
}

func TestMultiAgainstStatsmodels(t *testing.T) {
	c := readPeer(t).MSTL
	var w Workspace
	m, err := w.Multi(c.Y, []int{30, 7, 7, 200}, Options{}) // unsorted, twice, and one too long
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Periods, c.Periods) {
		t.Fatalf("periods %v, want %v", m.Periods, c.Periods)
	}
	for i, s := range c.Seasons {
		near(t, "season", m.Seasons[i], s, 1e-8)
	}
	near(t, "trend", m.Trend, c.Trend, 1e-8)
}

// The parts of any series add up to it and weights stay within [0, 1].
func TestPartsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		period := rapid.IntRange(2, 24).Draw(t, "period")
		n := rapid.IntRange(2*period, 12*period).Draw(t, "n")
		o := Options{Period: period, Seasonal: 2*rapid.IntRange(1, 8).Draw(t, "seasonal") + 1, Robust: rapid.Bool().Draw(t, "robust")}
		y := make([]float64, n)
		for i := range y {
			y[i] = 3 + 0.25*float64(i) + float64(i%period*i%period)
		}
		p, err := Decompose(y, o)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range y {
			if math.Abs(p.Season[i]+p.Trend[i]+p.Remainder[i]-v) > 1e-9*(1+math.Abs(v)) {
				t.Fatalf("parts of value %d do not add up", i)
			}
			if w := p.Weights[i]; !(w >= 0 && w <= 1) {
				t.Fatalf("weight %v", w)
			}
		}
	})
}

// statsmodels takes the rounding of equal values for remainders; here no point is an outlier.
func TestAllEqual(t *testing.T) {
	for _, v := range []float64{0, 3, -1e9, 1.0 / 3} {
		y := slices.Repeat([]float64{v}, 28)
		p, err := Decompose(y, Options{Period: 7, Robust: true})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "trend", p.Trend, y, 1e-12*math.Abs(v))
		near(t, "weights", p.Weights, slices.Repeat([]float64{1}, 28), 0)
	}
}

func TestShiftAndScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 1))
		y, z := make([]float64, 70), make([]float64, 70)
		for i := range y {
			y[i] = r.NormFloat64() + float64(i%7)
			z[i] = 4*y[i] + 1000
		}
		a, err := Decompose(y, Options{Period: 7})
		if err != nil {
			t.Fatal(err)
		}
		b, err := Decompose(z, Options{Period: 7})
		if err != nil {
			t.Fatal(err)
		}
		for i := range y {
			if math.Abs(4*a.Season[i]-b.Season[i]) > 1e-9 || math.Abs(4*a.Trend[i]+1000-b.Trend[i]) > 1e-9 {
				t.Fatalf("value %d: the parts do not follow shift and scale", i)
			}
		}
	})
}

func TestRefuses(t *testing.T) {
	bad := map[string]struct {
		y    []float64
		o    Options
		kind fault.Kind
	}{
		"empty":    {nil, Options{Period: 7}, fault.Data},
		"short":    {make([]float64, 13), Options{Period: 7}, fault.Data},
		"NaN":      {append(make([]float64, 20), math.NaN()), Options{Period: 7}, fault.Data},
		"Inf":      {append(make([]float64, 20), math.Inf(1)), Options{Period: 7}, fault.Data},
		"period":   {make([]float64, 20), Options{Period: 1}, fault.Usage},
		"even":     {make([]float64, 20), Options{Period: 7, Seasonal: 8}, fault.Usage},
		"trend":    {make([]float64, 20), Options{Period: 7, Trend: 5}, fault.Usage},
		"low pass": {make([]float64, 20), Options{Period: 7, LowPass: 8}, fault.Usage},
	}
	for name, c := range bad {
		if _, err := Decompose(c.y, c.o); err == nil || fault.KindOf(err) != c.kind {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestFillers(t *testing.T) {
	nan := math.NaN()
	y, n := Interpolate([]float64{nan, 2, nan, nan, 8, nan})
	if n != 4 {
		t.Errorf("%d missing, want 4", n)
	}
	near(t, "filled", y, []float64{2, 2, 4, 6, 8, 8}, 1e-12)
	if y, _ := Interpolate([]float64{nan, nan}); y != nil {
		t.Errorf("nothing known gives %v", y)
	}
	week := make([]float64, 35)
	for i := range week {
		week[i] = float64(i % 7 * 10)
	}
	holes := slices.Clone(week)
	for _, i := range []int{5, 6, 20, 34} {
		holes[i] = nan
	}
	filled, n := FillSeasonal(holes, 7)
	if n != 4 {
		t.Errorf("%d missing, want 4", n)
	}
	for i, v := range week {
		if math.Abs(filled[i]-v) > 5 { // the line through a few weeks is not quite flat
			t.Errorf("filled[%d] = %v, the weekday has %v", i, filled[i], v)
		}
	}
}

func TestSelectKth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(-3, 3), 1, 50).Draw(t, "v")
		if rapid.Bool().Draw(t, "ties") {
			for i := range v {
				v[i] = math.Round(v[i])
			}
		}
		k := rapid.IntRange(0, len(v)-1).Draw(t, "k")
		want := slices.Sorted(slices.Values(v))[k]
		if got := selectKth(v, k); got != want {
			t.Fatalf("rank %d: %v, want %v", k, got, want)
		}
		for i, x := range v {
			if i < k && x > want || i > k && x < want {
				t.Fatalf("value %d stands on the wrong side", i)
			}
		}
	})
}

func TestNoAllocation(t *testing.T) {
	y := noisy(365)
	var w Workspace
	var p Parts
	run := func() {
		if err := w.Decompose(y, Options{Period: 7, Robust: true}, &p); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(5, run); n != 0 {
		t.Errorf("%v allocations a series", n)
	}
}

func noisy(n int) []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	y := make([]float64, n)
	for i := range y {
		y[i] = 100 * (1 + 0.3*math.Sin(2*math.Pi*float64(i)/7)) * (1 + 0.12*r.NormFloat64())
	}
	return y
}

func BenchmarkRobust730(b *testing.B) {
	y := noisy(730)
	var w Workspace
	var p Parts
	for b.Loop() {
		if err := w.Decompose(y, Options{Period: 7, Robust: true}, &p); err != nil {
			b.Fatal(err)
		}
	}
}
