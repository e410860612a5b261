package accuracy_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
	"github.com/ecomctl/ecomctl/test/accuracy/table"
	"github.com/ecomctl/ecomctl/test/harness"
)

const m4Horizon = 13 // weeks ahead in the M4 competition

// m4Series is one weekly series of the M4 competition: what the competitors saw and what came.
type m4Series struct {
	id          string
	train, test []float64
}

// gzipRows reads the rows of a compressed CSV file after its header.
func gzipRows(t testing.TB, path string) [][]string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func float(t testing.TB, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// m4Weekly reads the 359 series in the order of the file.
func m4Weekly(t testing.TB) []m4Series {
	t.Helper()
	var all []m4Series
	at := map[string]int{}
	for _, r := range gzipRows(t, harness.Shared(t, "data/m4_weekly/m4_weekly.csv.gz")) {
		i, ok := at[r[0]]
		if !ok {
			i = len(all)
			at[r[0]] = i
			all = append(all, m4Series{id: r[0]})
		}
		if r[1] == "train" {
			all[i].train = append(all[i].train, float(t, r[3]))
		} else {
			all[i].test = append(all[i].test, float(t, r[3]))
		}
	}
	if len(all) != 359 {
		t.Fatalf("%d series", len(all))
	}
	return all
}

// m4Errors are the means over all series that the competition ranked by.
type m4Errors struct{ smape, mase, owa float64 }

// judge measures forecasts by series. Weekly series have no season in the competition's measures, so
// that NAIVE2 is the naive forecast.
func judge(all []m4Series, forecasts map[string][]float64) m4Errors {
	var sum, naive m4Errors
	n := float64(len(all))
	for _, s := range all {
		last := make([]float64, len(s.test))
		for j := range last {
			last[j] = s.train[len(s.train)-1]
		}
		e, e2 := forecast.ScoreOf(s.train, s.test, forecasts[s.id], 1), forecast.ScoreOf(s.train, s.test, last, 1)
		sum.smape += e.SMAPE / n
		sum.mase += e.MASE / n
		naive.smape += e2.SMAPE / n
		naive.mase += e2.MASE / n
	}
	sum.owa = forecast.OWA(sum.smape, sum.mase, naive.smape, naive.mase)
	return sum
}

// TestM4Published holds our measures against the organisers': from the forecasts they published they must
// give the errors they published (Evaluation and Ranks.xlsx of Mcompetitions/M4-methods).
func TestM4Published(t *testing.T) {
	all := m4Weekly(t)
	methods := map[string]map[string][]float64{}
	for _, r := range gzipRows(t, harness.Shared(t, "data/m4_weekly/benchmark_forecasts.csv.gz")) {
		if methods[r[0]] == nil {
			methods[r[0]] = map[string][]float64{}
		}
		methods[r[0]][r[1]] = append(methods[r[0]][r[1]], float(t, r[3]))
	}
	f, err := os.Open(harness.Shared(t, "data/m4_weekly/published_scores.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	scores, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, r := range scores[1:] {
		name := r[0]
		if methods[name] == nil {
			continue
		}
		checked++
		got := judge(all, methods[name])
		if math.Abs(got.smape-float(t, r[1])) > 0.0011 || math.Abs(got.mase-float(t, r[2])) > 0.0011 || math.Abs(got.owa-float(t, r[3])) > 0.0002 {
			t.Errorf("%s: sMAPE %.3f MASE %.3f OWA %.4f, published %s", name, got.smape, got.mase, got.owa, r)
		}
	}
	if checked < 4 {
		t.Errorf("only %d published methods have forecasts", checked)
	}
}

// m4File writes what the competitors saw as a series file.
func m4File(t testing.TB, all []m4Series) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m4.csv")
	var b bytes.Buffer
	b.WriteString("unique_id,ds,y\n")
	for _, s := range all {
		for i, v := range s.train {
			fmt.Fprintf(&b, "%s,%d,%v\n", s.id, i+1, v)
		}
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// interval is the share of values inside, by level.
type interval struct{ in80, in95 float64 }

// forecastAll runs the command over all series.
func forecastAll(t testing.TB, all []m4Series, file string, flags ...string) (map[string][]float64, interval) {
	t.Helper()
	a := ask(t, append([]string{"forecast", file, "--horizon", strconv.Itoa(m4Horizon)}, flags...)...)
	test := map[string][]float64{}
	for _, s := range all {
		test[s.id] = s.test
	}
	out := map[string][]float64{}
	var in interval
	n := float64(len(a.rows))
	for i := range a.rows {
		id := a.text(t, i, "unique_id")
		y := test[id][len(out[id])]
		out[id] = append(out[id], a.number(t, i, "forecast"))
		if a.number(t, i, "lo_80") <= y && y <= a.number(t, i, "hi_80") {
			in.in80 += 1 / n
		}
		if a.number(t, i, "lo_95") <= y && y <= a.number(t, i, "hi_95") {
			in.in95 += 1 / n
		}
	}
	return out, in
}

// TestM4Weekly forecasts the weekly series. What statsforecast 2.1.1 reaches on them is what
// peers/m4_weekly_statsforecast.py prints; its Holt is undamped or damped, as AICc says, like ours.
func TestM4Weekly(t *testing.T) {
	all := m4Weekly(t)
	file := m4File(t, all)
	const worse, autoGoal, coverGoal = 1.005, 0.90, 0.03
	var rows [][]string
	for _, m := range []struct {
		model, season string
		peer          float64 // OWA; 0 = none
	}{
		{"auto", "auto", 0},
		{"naive", "1", 1}, {"drift", "1", 1.0005}, {"ses", "1", 0.9738}, {"holt", "1", 0.9239}, {"damped", "1", 0.9282}, {"ets", "1", 0.9339},
		{"theta", "1", 0.9745}, {"otm", "1", 0.9757}, {"dstm", "1", 0.9724}, {"dotm", "1", 0.9590}, {"autotheta", "1", 0.9708},
		{"theta", "52", 0.8855}, {"otm", "52", 0.8890}, {"dstm", "52", 0.8832}, {"dotm", "52", 0.8720}, {"autotheta", "52", 0.8844},
	} {
		f, in := forecastAll(t, all, file, "--model", m.model, "--season", m.season)
		e := judge(all, f)
		peer, goal := "", fmt.Sprintf("≤ %.2f", autoGoal)
		if m.peer > 0 {
			peer, goal = table.Num(m.peer, 4), fmt.Sprintf("≤ %.4f", m.peer*worse)
			if e.owa > m.peer*worse {
				t.Errorf("%s, season %s: OWA %.4f, statsforecast %.4f", m.model, m.season, e.owa, m.peer)
			}
		} else if e.owa > autoGoal {
			t.Errorf("%s, season %s: OWA %.4f over %.2f", m.model, m.season, e.owa, autoGoal)
		}
		if m.model == "auto" && (math.Abs(in.in80-0.80) > coverGoal || math.Abs(in.in95-0.95) > coverGoal) {
			t.Errorf("%s, season %s: %.1f %% lie in the 80 %% intervals, %.1f %% in the 95 %%", m.model, m.season, 100*in.in80, 100*in.in95)
		}
		rows = append(rows, []string{m.model, m.season, table.Num(e.smape, 3), table.Num(e.mase, 3), table.Num(e.owa, 4), peer, goal,
			fmt.Sprintf("%.1f %%", 100*in.in80), fmt.Sprintf("%.1f %%", 100*in.in95)})
	}
	table.Section(t, "forecast", []string{"M4 weekly, 359 series, 13 ahead: --model", "--season", "sMAPE", "MASE", "OWA", "statsforecast 2.1.1", "goal (OWA)", "in 80 % interval", "in 95 % interval"}, rows,
		"OWA of the competition's own methods on these series: Theta .971, Comb .926, Damped .917, best statistical combination .751. From the forecasts that the organisers published (naive, seasonal naive, NAIVE2, SES) our measures give the errors that they published. The series come as integer steps; `--season auto` finds the season in them. Goals of the intervals, where `--model auto` knows the season: within 3 points.")
}
