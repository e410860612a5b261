package learner

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/ecomctl/ecomctl/internal/kernel/classify"
)

// uniform is a fixed source of numbers in [0, 1).
func uniform(i, c int) float64 {
	return float64(classify.Hash(uint64(i), uint64(c)+77)>>11) / (1 << 53)
}

// made is a table of n rows whose log-odds are z; columns: 5 numbers and a text of 6 levels.
func made(n int, z func(v []float64, level int) float64) (*Table, []int32) {
	t := &Table{}
	for c := range 5 {
		t.Columns = append(t.Columns, Column{Name: fmt.Sprintf("x%d", c), Values: make([]float64, n)})
	}
	t.Columns = append(t.Columns, Column{Name: "text", Codes: make([]int32, n), Levels: []string{"a", "b", "c", "d", "e", "f"}})
	rows := make([]int32, n)
	for i := range n {
		v := make([]float64, 5)
		for c := range v {
			v[c] = 2*uniform(i, c) - 1
			t.Columns[c].Values[i] = v[c]
		}
		k := int(6 * uniform(i, 9))
		t.Columns[5].Codes[i] = int32(k)
		t.Y = append(t.Y, uniform(i, 10) < 1/(1+math.Exp(-z(v, k))))
		rows[i] = int32(i)
	}
	return t, rows
}

var both = Options{Kinds: []string{Logistic, Boosting}, Calibration: PlattScaling, Seed: 1, Threads: 2}

func train(t *testing.T, tb *Table, rows []int32, o Options) *Trained {
	t.Helper()
	tr, err := Train(t.Context(), tb, rows, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Model.Validate(); err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestAutoTakesTheModelThatFits(t *testing.T) {
	linear, rows := made(3000, func(v []float64, _ int) float64 { return 3*v[0] - 2*v[1] })
	if tr := train(t, linear, rows, both); tr.Model.Kind != Logistic {
		t.Errorf("a linear table gets %s", tr.Model.Kind)
	}
	crossed, rows := made(3000, func(v []float64, k int) float64 { return 12*v[0]*v[1] + float64(k%2) })
	if tr := train(t, crossed, rows, both); tr.Model.Kind != Boosting {
		t.Errorf("a crossed table gets %s", tr.Model.Kind)
	}
}

// TestNoiseStaysNoise: out-of-fold figures of labels that nothing tells are those of the base rate.
func TestNoiseStaysNoise(t *testing.T) {
	tb, rows := made(2000, func([]float64, int) float64 { return -1 })
	tr := train(t, tb, rows, both)
	for _, c := range tr.Candidates {
		if math.Abs(c.Metrics.AUC-0.5) > 3*c.Metrics.AUCError {
			t.Errorf("%s: AUC %.3f ± %.3f of noise", c.Kind, c.Metrics.AUC, c.Metrics.AUCError)
		}
		if base := classify.LogLoss(constant(rate(tb, rows), len(rows)), tb.Y); c.Metrics.LogLoss > base*1.01 {
			t.Errorf("%s: log-loss %.4f of noise, base rate %.4f", c.Kind, c.Metrics.LogLoss, base)
		}
	}
}

// TestGroupsAreNeverOnBothSides: twenty equal rows a user with the user's own random label look
// learnable only when a user is in training and test.
func TestGroupsAreNeverOnBothSides(t *testing.T) {
	tb, rows := made(4000, func([]float64, int) float64 { return 0 })
	tb.Groups = make([]int64, 4000)
	for i := range rows {
		u := i / 20
		tb.Groups[i], tb.Y[i] = int64(u), uniform(u, 55) < 0.5
		for c := range 5 {
			tb.Columns[c].Values[i] = uniform(u, c)
		}
	}
	o := both
	o.Kinds = []string{Boosting}
	if m := train(t, tb, rows, o).Candidates[0].Metrics; m.AUC > 0.65 {
		t.Errorf("AUC %.3f", m.AUC)
	}
	trainRows, test := tb.Split(rows, 0.25, 3)
	seen := map[int64]bool{}
	for _, r := range trainRows {
		seen[tb.Groups[r]] = true
	}
	for _, r := range test {
		if seen[tb.Groups[r]] {
			t.Fatalf("group %d is on both sides", tb.Groups[r])
		}
	}
	if len(test) != 1000 {
		t.Errorf("%d rows held out of 4000 at 25 %%", len(test))
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	tb, rows := made(5000, func(v []float64, k int) float64 { return 8*v[0]*v[1] + float64(k) - 3 })
	one := both
	one.Threads = 1
	a, b := train(t, tb, rows, one), train(t, tb, rows, both)
	a.Model.Trees.Loss, b.Model.Trees.Loss = nil, nil
	if !reflect.DeepEqual(a, b) {
		t.Error("two threads train another model than one")
	}
}

func TestCalibratedProbabilitiesAreFrequencies(t *testing.T) {
	tb, rows := made(12_000, func(v []float64, k int) float64 { return 6*v[0]*v[1] + v[2] - 1.5 })
	for _, method := range []string{PlattScaling, IsotonicRegression, NoCalibration} {
		for _, kind := range both.Kinds {
			o := Options{Kinds: []string{kind}, Calibration: method, Seed: 1, Threads: 2}
			tr := train(t, tb, rows[:8000], o)
			p, err := tr.Model.Probabilities(t.Context(), tb.Columns, rows[8000:], 2)
			if err != nil {
				t.Fatal(err)
			}
			// Rows in five bands of probability: the mean says how many are yes, within 4 standard errors.
			var n, want, got [5]float64
			for i, v := range p {
				if !(v > 0 && v < 1) {
					t.Fatalf("probability %g", v)
				}
				b := min(4, int(5*v))
				n[b]++
				want[b] += v
				if tb.Y[8000+i] {
					got[b]++
				}
			}
			for b := range n {
				if sd := math.Sqrt(want[b] * (1 - want[b]/max(1, n[b]))); n[b] > 30 && math.Abs(got[b]-want[b]) > 4*sd+0.03*n[b] {
					t.Errorf("%s, %s: %.0f rows of about %.2f: %.0f yes, %.1f expected", kind, method, n[b], want[b]/n[b], got[b], want[b])
				}
			}
		}
	}
}

func TestImportanceFindsTheColumnsThatMatter(t *testing.T) {
	tb, rows := made(4000, func(v []float64, k int) float64 { return 6*v[0]*v[1] + 2*float64(k%2) })
	for _, kind := range both.Kinds {
		o := both
		o.Kinds = []string{kind}
		reports, tr, err := Evaluate(t.Context(), tb, rows[:3000], rows[3000:], o)
		if err != nil {
			t.Fatal(err)
		}
		if reports[0].Kind != BaseRate || math.Abs(reports[0].Metrics.AUC-0.5) > 1e-12 || reports[1].Metrics.AUC < 0.6 {
			t.Errorf("%+v", reports)
		}
		imp, err := tr.Model.Importances(t.Context(), tb, rows[3000:], o)
		if err != nil {
			t.Fatal(err)
		}
		if imp[5].LogLoss < 0.02 || imp[5].LogLoss < 5*imp[4].LogLoss {
			t.Errorf("%s: text %+v, noise %+v", kind, imp[5], imp[4])
		}
		if kind == Boosting && (imp[0].LogLoss < 0.02 || imp[1].LogLoss < 0.02) {
			t.Errorf("crossed columns: %+v", imp[:2])
		}
		if math.Abs(imp[4].LogLoss) > 0.01 {
			t.Errorf("%s: noise is worth %g", kind, imp[4].LogLoss)
		}
	}
}

func TestCrossValidationMeasuresEveryRowOnce(t *testing.T) {
	tb, rows := made(900, func(v []float64, _ int) float64 { return 3 * v[0] })
	reports, err := CrossValidate(t.Context(), tb, rows, 10, both)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		yes := 0
		for _, y := range tb.Y {
			if y {
				yes++
			}
		}
		if r.Metrics.Rows != 900 || r.Metrics.Positives != yes {
			t.Errorf("%s: %d rows, %d yes of %d", r.Kind, r.Metrics.Rows, r.Metrics.Positives, yes)
		}
	}
	if a := reports[1].Metrics.AUC; a < 0.75 || a > 0.95 {
		t.Errorf("logistic AUC %.3f", a)
	}
}

func TestFewRows(t *testing.T) {
	for n := 2; n < 12; n++ {
		tb, rows := made(n, func([]float64, int) float64 { return 0 })
		tr, err := Train(t.Context(), tb, rows, both)
		if tb.smaller(rows) < 2 {
			if err == nil {
				t.Errorf("%d rows, %d of one class: no error", n, tb.smaller(rows))
			}
			continue
		}
		if err != nil {
			t.Fatalf("%d rows: %v", n, err)
		}
		p, err := tr.Model.Probabilities(t.Context(), tb.Columns, rows, 1)
		if err != nil || slices.ContainsFunc(p, func(v float64) bool { return !(v > 0 && v < 1) }) {
			t.Errorf("%d rows: %v, %v", n, p, err)
		}
	}
}

func TestCancelledTrainingEnds(t *testing.T) {
	tb, rows := made(1000, func(v []float64, _ int) float64 { return v[0] })
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Train(ctx, tb, rows, both); err == nil {
		t.Error("no error")
	}
}

func BenchmarkTrain(b *testing.B) {
	tb, rows := made(20_000, func(v []float64, k int) float64 { return 6*v[0]*v[1] + float64(k%2) })
	for b.Loop() {
		if _, err := Train(b.Context(), tb, rows, both); err != nil {
			b.Fatal(err)
		}
	}
}
