package anomaly

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestTailOfExponential: excesses of an exponential are exponential, so P(x) is e^−x.
func TestTailOfExponential(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var tail Tail
	for range 20_000 {
		tail.Add(rng.ExpFloat64())
	}
	for _, x := range []float64{6, 8, 10} {
		if got, want := math.Log(tail.P(x)), -x; math.Abs(got-want) > 0.12*x {
			t.Errorf("ln P(%v) is %v, want %v", x, got, want)
		}
	}
	for _, p := range []float64{1e-3, 1e-5} {
		if got := tail.P(tail.Quantile(p)); math.Abs(math.Log(got/p)) > 1e-6 {
			t.Errorf("P(Quantile(%v)) is %v", p, got)
		}
	}
}

func TestTailIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tail Tail
		for _, x := range rapid.SliceOfN(rapid.Float64Range(-100, 100), 0, 200).Draw(t, "x") {
			tail.Add(x)
		}
		a, b := rapid.Float64Range(-200, 1000).Draw(t, "a"), rapid.Float64Range(-200, 1000).Draw(t, "b")
		if a > b {
			a, b = b, a
		}
		pa, pb := tail.P(a), tail.P(b)
		if !(pa >= pb) || pa > 1 || pb < 0 {
			t.Fatalf("P(%v) = %v, P(%v) = %v", a, pa, b, pb)
		}
	})
}

// rosner are the 54 values of Rosner (1983), Table 5, as NIST/SEMATECH's e-Handbook section 1.3.5.17.3 gives
// them; with mean and standard deviation three are outliers: 6.01, 5.42, 5.34.
var rosner = []float64{-0.25, 0.68, 0.94, 1.15, 1.20, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58, 1.65, 1.69, 1.70, 1.76, 1.77, 1.81, 1.91, 1.94,
	1.96, 1.99, 2.06, 2.09, 2.10, 2.14, 2.15, 2.23, 2.24, 2.26, 2.35, 2.37, 2.40, 2.47, 2.54, 2.62, 2.64, 2.90, 2.92, 2.92, 2.93, 3.21, 3.26, 3.30, 3.59, 3.68, 4.30, 4.64,
	5.34, 5.42, 6.01}

// TestESDOfRosner: the robust form finds the same three first.
func TestESDOfRosner(t *testing.T) {
	at, _ := ESD(rosner, 10, 0.05)
	if len(at) < 3 || !slices.Equal(at[:3], []int{53, 52, 51}) {
		t.Errorf("outliers at %v, want 53, 52, 51 first", at)
	}
	if at, _ := ESD(make([]float64, 30), 5, 0.05); len(at) != 0 {
		t.Errorf("equal values have outliers at %v", at)
	}
}

func TestCentreEqualsSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(-50, 50), 3, 40).Draw(t, "v")
		slices.Sort(v)
		idx := make([]int, len(v))
		for i := range idx {
			idx[i] = i
		}
		median, mad := centre(v, idx)
		want := medianOf(slices.Clone(v))
		dev := make([]float64, len(v))
		for i, x := range v {
			dev[i] = math.Abs(x - want)
		}
		if d := madScale * medianOf(dev); math.Abs(median-want) > 1e-12 || math.Abs(mad-d) > 1e-9 {
			t.Fatalf("median %v, MAD %v; want %v, %v", median, mad, want, d)
		}
	})
}

// TestDiscoveries is the example of Benjamini & Hochberg (1995), section 3.2: 15 p-values of a trial, four are
// rejected at 0.05.
func TestDiscoveries(t *testing.T) {
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000}
	if got := Discoveries(p, 0.05); got != 0.0095 {
		t.Errorf("the threshold is %v, want 0.0095", got)
	}
	if got := Discoveries([]float64{0.5, math.NaN()}, 0.05); got != -1 {
		t.Errorf("without discoveries %v", got)
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		name   string
		slices []Slice
		want   []int
	}{
		{"one of three fails", []Slice{{0, 30}, {41, 40}, {29, 30}}, []int{0}},
		{"all fall alike", []Slice{{15, 30}, {20, 40}, {15, 30}}, nil},
		{"the largest falls as much as its share", []Slice{{40, 80}, {5, 10}, {5, 10}}, nil},
		{"two of five", []Slice{{0, 20}, {0, 20}, {20, 20}, {21, 20}, {20, 20}}, []int{0, 1}},
		{"one only", []Slice{{0, 20}}, nil},
		{"no deviation", []Slice{{20, 20}, {30, 30}}, nil},
	} {
		got, ok := Explain(c.slices)
		if ok != (c.want != nil) || ok && !slices.Equal(got.Values, c.want) {
			t.Errorf("%s: %v (%v), want %v", c.name, got.Values, ok, c.want)
		}
	}
}

// TestMCD: a fifth of the rows far away do not move centre and scatter of the rest.
func TestMCD(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	columns := make([][]float64, 2)
	for i := range 2000 {
		a := rng.NormFloat64()
		b := 0.8*a + 0.6*rng.NormFloat64()
		if i%5 == 0 {
			a, b = 10+rng.NormFloat64(), -10
		}
		columns[0], columns[1] = append(columns[0], a), append(columns[1], b)
	}
	l := MCD(columns, 1)
	for j := range 2 {
		if math.Abs(l.Mean[j]) > 0.12 || math.Abs(l.Cov.At(j, j)-1) > 0.2 {
			t.Errorf("column %d: mean %v, variance %v; want 0, 1", j, l.Mean[j], l.Cov.At(j, j))
		}
	}
	if c := l.Cov.At(0, 1); math.Abs(c-0.8) > 0.15 {
		t.Errorf("covariance %v, want 0.8", c)
	}
	row := []float64{10, -10}
	parts := l.Parts(row)
	if d := l.Distance(row); d < 300 || math.Abs(parts[0]+parts[1]-d) > 1e-6*d {
		t.Errorf("distance %v with parts %v", d, parts)
	}
	flat := MCD([][]float64{{1, 1, 1, 1, 1, 1}, {1, 2, 3, 4, 5, 6}}, 1)
	if d := flat.Distance([]float64{1, 3}); math.IsNaN(d) || math.IsInf(d, 0) {
		t.Errorf("a constant column makes the distance %v", d)
	}
}
