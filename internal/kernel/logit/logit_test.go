package logit

import (
	"context"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// fixture is 40 rows; the figures were made with scikit-learn 1.9.1 from the same rows:
//
//	i = np.arange(40); y = (((i*37) % 17) + ((i*5) % 7) > 11)
//	X = np.c_[np.sin(i), np.cos(2*i), i % 5]; Xs = (X - X.mean(0))/X.std(0); g = (i*3) % 4
//	LogisticRegression(C=1, tol=1e-12, solver="newton-cholesky").fit(Xs, y)
//	LogisticRegression(C=0.5, …).fit(np.c_[Xs, one_hot(g)], y)
func fixture() (cols []Column, y []bool, rows []int32) {
	cols = []Column{{Values: make([]float64, 40)}, {Values: make([]float64, 40)}, {Values: make([]float64, 40)}, {Codes: make([]int32, 40), Levels: 4}}
	for i := range 40 {
		f := float64(i)
		cols[0].Values[i], cols[1].Values[i], cols[2].Values[i], cols[3].Codes[i] = math.Sin(f), math.Cos(2*f), float64(i%5), int32(i*3%4)
		y = append(y, i*37%17+i*5%7 > 11)
		rows = append(rows, int32(i))
	}
	return cols, y, rows
}

func fit(t *testing.T, cols []Column, y []bool, rows []int32, c float64, threads int) *Model {
	t.Helper()
	m, err := Fit(t.Context(), cols, y, rows, Params{C: c, MaxSteps: 100}, threads)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFitAgainstScikitLearn(t *testing.T) {
	cols, y, rows := fixture()
	check := func(m *Model, want []float64, intercept float64) {
		t.Helper()
		for i, w := range want {
			if math.Abs(m.Weights[i]-w) > 1e-8 {
				t.Errorf("weight %d is %.12f, want %.12f", i, m.Weights[i], w)
			}
		}
		if math.Abs(m.Intercept-intercept) > 1e-8 {
			t.Errorf("intercept is %.12f, want %.12f", m.Intercept, intercept)
		}
	}
	check(fit(t, cols[:3], y, rows, 1, 1), []float64{0.4011340457569167, 0.006297332582806816, -0.1936938252163555}, -0.10507472691347602)
	check(fit(t, cols, y, rows, 0.5, 3), []float64{0.37551949171674154, 0.01785496296841613, -0.17219865662085593,
		0.08603540386715587, -0.18706695235454937, -0.18815411159381817, 0.2891856600812115}, -0.10360530326182443)
}

func TestAnyNumberOfThreadsGivesTheSameBits(t *testing.T) {
	cols, y, rows := fixture()
	one := fit(t, cols, y, rows, 1, 1)
	for _, threads := range []int{2, 5, 16} {
		m := fit(t, cols, y, rows, 1, threads)
		if !slices.Equal(m.Weights, one.Weights) || math.Float64bits(m.Intercept) != math.Float64bits(one.Intercept) {
			t.Errorf("%d threads: %v, one thread: %v", threads, m.Weights, one.Weights)
		}
	}
}

// TestGradientIsZero checks the first-order condition of the penalised likelihood on random
// tables, by its definition.
func TestGradientIsZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		cols := []Column{{Values: make([]float64, n)}, {Codes: make([]int32, n), Levels: 5}, {Values: make([]float64, n)}}
		var y []bool
		var rows []int32
		for i := range n {
			cols[0].Values[i] = rapid.SampledFrom([]float64{1, 2, 3, 1e9, -7, math.NaN(), math.Inf(1)}).Draw(t, "v")
			cols[1].Codes[i] = int32(rapid.IntRange(-1, 6).Draw(t, "code"))
			cols[2].Values[i] = cols[0].Values[i] // the same column twice: only the penalty tells
			y = append(y, rapid.Bool().Draw(t, "y"))
			rows = append(rows, int32(i))
		}
		m, err := Fit(context.Background(), cols, y, rows, Defaults(), 2)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Validate(); err != nil {
			t.Fatal(err)
		}
		z, err := m.LogOdds(context.Background(), cols, rows, 1)
		if err != nil {
			t.Fatal(err)
		}
		grad := slices.Clone(m.Weights)
		rest := 0.0
		for i, r := range rows {
			d := 1 / (1 + math.Exp(-z[i]))
			if y[r] {
				d--
			}
			x := make([]float64, m.Design.Numbers)
			for _, at := range m.Design.row(x, nil, cols, int(r)) {
				grad[at] += d
			}
			for at, v := range x {
				grad[at] += d * v
			}
			rest += d
		}
		all := !slices.Contains(y, true) || !slices.Contains(y, false)
		for _, g := range append(grad, rest) {
			if math.Abs(g) > 1e-6*float64(n) && !(all && math.Abs(g) < 0.6) {
				t.Fatalf("gradient %v, intercept %g", grad, rest)
			}
		}
	})
}

func TestSeparableDataStayFinite(t *testing.T) {
	cols := []Column{{Values: []float64{1, 2, 3, 4, 5, 6}}}
	m := fit(t, cols, []bool{false, false, false, true, true, true}, []int32{0, 1, 2, 3, 4, 5}, 1, 1)
	if !(m.Weights[0] > 0.5 && m.Weights[0] < 5) {
		t.Errorf("weight %g", m.Weights[0])
	}
}

func TestRowsUnlikeTrainingAreFinite(t *testing.T) {
	cols, y, rows := fixture()
	m := fit(t, cols, y, rows, 1, 1)
	far := []Column{{Values: []float64{1e308}}, {Values: []float64{-1e308}}, {Values: []float64{math.NaN()}}, {Codes: []int32{77}, Levels: 78}}
	z, err := m.LogOdds(t.Context(), far, []int32{0}, 4)
	if err != nil || !finite(z[0]) {
		t.Errorf("log-odds %v, %v", z, err)
	}
}

func TestNoRows(t *testing.T) {
	if _, err := Fit(t.Context(), []Column{{Values: nil, Codes: nil}}, nil, nil, Defaults(), 1); err == nil {
		t.Error("a fit without rows succeeds")
	}
}

func BenchmarkFit(b *testing.B) {
	const n = 100_000
	cols := make([]Column, 20)
	y, rows := make([]bool, n), make([]int32, n)
	for i := range cols {
		cols[i].Values = make([]float64, n)
		for r := range n {
			cols[i].Values[r] = math.Sin(float64(r*(i+1))*1.37 + float64(i))
		}
	}
	for r := range n {
		rows[r], y[r] = int32(r), cols[0].Values[r]+cols[1].Values[r]*0.5 > math.Sin(float64(r)*99)
	}
	for b.Loop() {
		if _, err := Fit(b.Context(), cols, y, rows, Defaults(), 1); err != nil {
			b.Fatal(err)
		}
	}
}
