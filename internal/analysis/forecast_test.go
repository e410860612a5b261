package analysis

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
)

// TestGridRoundTrip: the stamp of every index has that index, exactly, over leap years and short months.
func TestGridRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := panelGrid{unit: rapid.SampledFrom(append([]query.Cut{query.NoCut}, units...)).Draw(t, "unit"), step: 1, typ: expr.Time}
		day := rapid.Int64Range(-20_000, 40_000).Draw(t, "day")
		g.monthEnd = lastDay(dayTime(day))
		origin := day*dayMicros + 3600e6*rapid.Int64Range(0, 23).Draw(t, "hour")
		i := rapid.Int64Range(0, 5000).Draw(t, "i")
		k, exact := g.index(origin, g.at(origin, i))
		if k != i || !exact {
			t.Fatalf("%s after %s: index %d became %d, exact %v", g.unit, g.text(origin), i, k, exact)
		}
		if g.at(origin, i+1) <= g.at(origin, i) {
			t.Fatalf("%s: the stamps do not rise", g.unit)
		}
	})
}

// TestFindGrid: each frequency from its own stamps, with a tenth of the points missing.
func TestFindGrid(t *testing.T) {
	origin := time.Date(2023, 12, 31, 0, 0, 0, 0, time.UTC).UnixMicro()
	for _, u := range units {
		g := panelGrid{unit: u, monthEnd: true, typ: expr.Time}
		var stamps []int64
		for i := range int64(60) {
			if i%25 != 7 {
				stamps = append(stamps, g.at(origin, i))
			}
		}
		got, err := findGrid(expr.Time, "", []string{"a"}, [][]int64{stamps})
		if err != nil || got.unit != u {
			t.Errorf("by %s: %v, %v", u, got, err)
		}
	}
}

// TestSumsAddUp: the total and the levels are the sums of the rows below them, to the last digit shown.
func TestSumsAddUp(t *testing.T) {
	keys := [][]string{{"a", "x"}, {"a", "y"}, {"b", "x"}}
	p := &panel{grid: &panelGrid{unit: query.Day, step: 1, typ: expr.Date}, decimals: true, sums: newHierarchy(keys, 0)}
	for i := range keys {
		s := panelSeries{id: keys[i][0] + "/" + keys[i][1]}
		for d := range 60 {
			s.y = append(s.y, math.Round(1e4*(10+float64(i)+3*math.Sin(float64(d*(i+2)))))/1e4)
		}
		p.series = append(p.series, s)
	}
	f, err := runForecast(t.Context(), p, forecastOptions{horizon: 5, models: []string{"theta"}, threads: 2}, []int{7})
	if err != nil {
		t.Fatal(err)
	}
	id, value := f.table().Col("unique_id"), f.table().Col("forecast")
	at := map[string][]int64{}
	for i := range value.Data.Len {
		name := string(id.Data.Str(i))
		at[name] = append(at[name], int64(math.Round(value.Data.F64[i]*1e4)))
	}
	for j := range 5 {
		if at["a"][j] != at["a/x"][j]+at["a/y"][j] || at["b"][j] != at["b/x"][j] || at["total"][j] != at["a"][j]+at["b"][j] {
			t.Errorf("step %d: %v", j+1, at)
		}
	}
}

// TestCompletePeriods: a week seen from a Wednesday to a Tuesday is whole in no week.
func TestCompletePeriods(t *testing.T) {
	g := &panelGrid{unit: query.Week, typ: expr.Date}
	monday := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	week := 7 * dayMicros
	for _, c := range []struct {
		from, to int64 // days after the first Monday
		n        int64
		first    int64 // weeks
	}{{0, 21, 3, 0}, {2, 21, 2, 1}, {0, 20, 2, 0}, {2, 20, 1, 1}, {0, 28, 4, 0}} {
		w := completePeriods(g, monday+c.from*dayMicros, monday+c.to*dayMicros, monday, monday+2*week)
		if w.n != c.n || w.origin != monday+c.first*week {
			t.Errorf("days %d to %d: %d weeks from %s, want %d from week %d", c.from, c.to, w.n, g.text(w.origin), c.n, c.first)
		}
	}
}
