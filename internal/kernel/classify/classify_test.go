package classify

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// fixture is 40 scores with many ties and their labels; the figures in this file were made with
// scikit-learn 1.9.1 from the same rows:
//
//	i = np.arange(40); s = ((i*37) % 17)/17*0.9 + 0.05
//	y = ((i*i*7 + 3*i) % 11 < 4); y2 = (((i*37) % 17) + ((i*5) % 7) > 11)
func fixture() (s []float64, y, y2 []bool) {
	for i := range 40 {
		s = append(s, float64(i*37%17)/17*0.9+0.05)
		y = append(y, (i*i*7+3*i)%11 < 4)
		y2 = append(y2, i*37%17+i*5%7 > 11)
	}
	return s, y, y2
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s is %.15g, want %.15g", what, got, want)
	}
}

func TestMetricsAgainstScikitLearn(t *testing.T) {
	s, y, _ := fixture()
	m := Measure(s, y)
	near(t, "AUC", m.AUC, 0.6212121212121213, 1e-14)             // roc_auc_score
	near(t, "average precision", m.AP, 0.631454052327258, 1e-14) // average_precision_score
	near(t, "Brier score", m.Brier, 0.26761072664359864, 1e-14)  // brier_score_loss
	near(t, "log-loss", m.LogLoss, 0.7627010313985999, 1e-14)    // log_loss
	if m.Rows != 40 || m.Positives != 22 {
		t.Errorf("%d rows, %d positives", m.Rows, m.Positives)
	}
}

func TestPlattAgainstScikitLearn(t *testing.T) {
	s, y, y2 := fixture()
	x := make([]float64, len(s))
	for i, v := range s {
		x[i] = math.Log(v / (1 - v))
	}
	// sklearn.calibration._SigmoidCalibration().fit(log(s/(1−s)), y); its signs are the other way round.
	p := FitPlatt(x, y)
	near(t, "A", p.A, 0.2927573242601235, 1e-6)
	near(t, "B", p.B, 0.26504405583021545, 1e-6)
	p = FitPlatt(x, y2)
	near(t, "A", p.A, 2.241047511162061, 1e-5)
	near(t, "B", p.B, 0.07841240463788512, 1e-5)
}

func TestIsotonicAgainstScikitLearn(t *testing.T) {
	s, y, _ := fixture()
	f := FitIsotonic(s, y)
	// IsotonicRegression(out_of_bounds="clip").fit(s, y).predict([0, .1, .3, .5, .52, .7, .9, 1])
	want := []float64{0.2, 0.2, 0.5, 0.5833333333333333, 0.6462962962962963, 0.6666666666666666, 0.7142857142857143, 0.7142857142857143}
	for i, x := range []float64{0, .1, .3, .5, .52, .7, .9, 1} {
		near(t, "isotonic", f.Apply(x), want[i], 1e-12)
	}
	if err := f.Validate(); err != nil {
		t.Error(err)
	}
}

func TestOneClassHasNoRanking(t *testing.T) {
	m := Measure([]float64{0.1, 0.2}, []bool{false, false})
	if !math.IsNaN(m.AUC) || !math.IsNaN(m.AP) || !math.IsNaN(m.Lift) {
		t.Errorf("figures of one class: %+v", m)
	}
	near(t, "Brier score", m.Brier, (0.01+0.04)/2, 1e-15)
	if p := FitPlatt([]float64{1, 2}, []bool{true, true}); p != (Platt{A: 1}) {
		t.Errorf("Platt of one class: %+v", p)
	}
}

func TestReversedScoresAreNotTurnedRound(t *testing.T) {
	p := FitPlatt([]float64{1, 2, 3, 4}, []bool{true, true, false, false})
	if p.A != 0 {
		t.Errorf("A is %g", p.A)
	}
	near(t, "probability", p.Apply(7), 0.5, 1e-12)
}

// scores draws scores with ties and labels.
func scores(t *rapid.T) ([]float64, []bool) {
	n := rapid.IntRange(2, 60).Draw(t, "n")
	s, y := make([]float64, n), make([]bool, n)
	for i := range s {
		s[i] = float64(rapid.IntRange(0, 12).Draw(t, "s")) / 12
		y[i] = rapid.Bool().Draw(t, "y")
	}
	return s, y
}

// naiveAUC compares all pairs, and gives DeLong's standard error by its definition.
func naiveAUC(s []float64, y []bool) (area, stderr float64) {
	win := func(a, b float64) float64 {
		switch {
		case a > b:
			return 1
		case a < b:
			return 0
		}
		return 0.5
	}
	var v10, v01 []float64
	for i := range s {
		var sum, n float64
		for j := range s {
			if y[i] && !y[j] {
				sum, n = sum+win(s[i], s[j]), n+1
			} else if !y[i] && y[j] {
				sum, n = sum+win(s[j], s[i]), n+1
			}
		}
		if y[i] {
			v10 = append(v10, sum/n)
		} else {
			v01 = append(v01, sum/n)
		}
	}
	mean := func(v []float64) (m float64) {
		for _, x := range v {
			m += x / float64(len(v))
		}
		return m
	}
	area = mean(v10)
	variance := func(v []float64) (s float64) {
		if len(v) < 2 {
			return math.NaN() // one value has no spread
		}
		for _, x := range v {
			s += (x - area) * (x - area) / float64(len(v)-1) / float64(len(v))
		}
		return s
	}
	return area, math.Sqrt(variance(v10) + variance(v01))
}

func TestAUCIsTheShareOfOrderedPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, y := scores(t)
		area, se := AUC(s, y)
		want, wantSE := naiveAUC(s, y)
		same := func(a, b float64) bool { return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) < 1e-7 }
		if !slices.Contains(y, true) || !slices.Contains(y, false) {
			if !math.IsNaN(area) {
				t.Fatalf("AUC %g of one class", area)
			}
			return
		}
		if !same(area, want) || !same(se, wantSE) {
			t.Fatalf("AUC %g ± %g, want %g ± %g", area, se, want, wantSE)
		}
	})
}

func TestMetricsDoNotDependOnTheOrderOfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, y := scores(t)
		m := Measure(s, y)
		slices.Reverse(s)
		slices.Reverse(y)
		o := Measure(s, y)
		for _, p := range [][2]float64{{m.AUC, o.AUC}, {m.AP, o.AP}, {m.Lift, o.Lift}, {m.Brier, o.Brier}, {m.LogLoss, o.LogLoss}} {
			if !(math.Abs(p[0]-p[1]) < 1e-12 || math.IsNaN(p[0]) && math.IsNaN(p[1])) {
				t.Fatalf("%+v and %+v", m, o)
			}
		}
	})
}

// TestIsotonicIsTheBestFit checks the least squares against the max-min formula:
// f(x_i) = max over a ≤ i of min over b ≥ i of the mean of y over x_a … x_b.
func TestIsotonicIsTheBestFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, y := scores(t)
		f := FitIsotonic(s, y)
		xs := slices.Clone(s)
		slices.Sort(xs)
		xs = slices.Compact(xs)
		mean := func(lo, hi float64) float64 {
			var sum, n float64
			for i, v := range s {
				if v >= lo && v <= hi {
					n++
					if y[i] {
						sum++
					}
				}
			}
			return sum / n
		}
		for i, x := range xs {
			best := math.Inf(-1)
			for a := 0; a <= i; a++ {
				least := math.Inf(1)
				for b := i; b < len(xs); b++ {
					least = min(least, mean(xs[a], xs[b]))
				}
				best = max(best, least)
			}
			if got := f.Apply(x); math.Abs(got-best) > 1e-9 {
				t.Fatalf("at %g: %g, want %g", x, got, best)
			}
		}
		if err := f.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLiftCountsTiesOnTheBorderInProportion(t *testing.T) {
	s := []float64{9, 5, 5, 5, 5, 1, 1, 1, 1, 1}
	y := []bool{true, true, false, false, false, false, false, false, false, false}
	near(t, "lift of the first tenth", Lift(s, y, 0.1), 1/0.2, 1e-12)
	near(t, "lift of three tenths", Lift(s, y, 0.3), (1+2*0.25)/3/0.2, 1e-12)
	near(t, "lift of all", Lift(s, y, 1), 1, 1e-12)
}

func TestFoldsAreStratifiedAndKeepGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, k := rapid.IntRange(1, 200).Draw(t, "n"), rapid.IntRange(2, 10).Draw(t, "k")
		y, g := make([]bool, n), make([]int64, n)
		for i := range y {
			y[i], g[i] = rapid.Bool().Draw(t, "y"), int64(rapid.IntRange(0, 30).Draw(t, "g"))
		}
		fold := Folds(y, nil, k, 1)
		for _, class := range []bool{false, true} {
			count := make([]int, k)
			for i := range y {
				if y[i] == class {
					count[fold[i]]++
				}
			}
			if slices.Max(count)-slices.Min(count) > 1 {
				t.Fatalf("class %v is dealt %v", class, count)
			}
		}
		of := map[int64]uint8{}
		for i, f := range Folds(y, g, k, 1) {
			if have, ok := of[g[i]]; ok && have != f || int(f) >= k {
				t.Fatalf("group %d is in folds %d and %d", g[i], have, f)
			}
			of[g[i]] = f
		}
	})
}

func BenchmarkMeasure(b *testing.B) {
	s, y := make([]float64, 1_000_000), make([]bool, 1_000_000)
	for i := range s {
		s[i] = float64(Hash(uint64(i), 1)>>11) / (1 << 53)
		y[i] = Hash(uint64(i), 2)%10 == 0
	}
	for b.Loop() {
		Measure(s, y)
	}
}

func TestHoldOutDrawsTheShareOfEachClass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, share := rapid.IntRange(1, 300).Draw(t, "n"), rapid.Float64Range(0.01, 0.9).Draw(t, "share")
		y := make([]bool, n)
		var all, drawn [2]float64
		for i := range y {
			y[i] = rapid.Bool().Draw(t, "y")
			all[index(y[i])]++
		}
		for i, d := range HoldOut(y, nil, share, 7) {
			drawn[index(y[i])] += float64(d)
		}
		for c := range all {
			if math.Abs(drawn[c]-share*all[c]) > 1 {
				t.Fatalf("%g of %g rows of class %d at a share of %g", drawn[c], all[c], c, share)
			}
		}
	})
}
