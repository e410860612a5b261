package anomaly

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// weekly is a clean series of days: a week's profile, noise of 5 %.
func weekly(n int, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 9))
	profile := []float64{1, 0.9, 0.9, 0.95, 1.1, 1.4, 1.2}
	y := make([]float64, n)
	for i := range y {
		y[i] = 1000 * profile[i%7] * math.Exp(0.05*rng.NormFloat64())
	}
	return y
}

func judgeOne(t testing.TB, y []float64, o Options) []Point {
	t.Helper()
	out, err := Batch(context.Background(), []Series{{Y: y}}, o, 1)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

// TestFalseAlarmsOnCleanData counts anomalies of 200 clean series at two levels: the promise is
// that there are at most as many as 1 − level says. The binomial limit is three standard deviations above.
func TestFalseAlarmsOnCleanData(t *testing.T) {
	for _, level := range []float64{0.99, 0.999} {
		told, judged := 0, 0
		for seed := range 200 {
			for i, p := range judgeOne(t, weekly(400, uint64(seed)), Options{Periods: []int{7}, Level: level}) {
				if i >= 42 && p.Score == p.Score { // behind six weeks: the seasons are known
					judged++
					if p.Anomaly {
						told++
					}
				}
			}
		}
		expected := (1 - level) * float64(judged)
		if float64(told) > expected+3*math.Sqrt(expected) {
			t.Errorf("level %v: %d false alarms in %d points, at most %.0f are promised", level, told, judged, expected)
		}
		t.Logf("level %v: %d false alarms of %.0f expected", level, told, expected)
	}
}

// TestKinds plants one anomaly of each kind behind 200 days.
func TestKinds(t *testing.T) {
	for _, c := range []struct {
		name  string
		plant func(y []float64)
		kind  Kind
		at    int
	}{
		{"spike", func(y []float64) { y[200] *= 2 }, Spike, 200},
		{"dip", func(y []float64) { y[200] *= 0.5 }, Dip, 200},
		{"nothing sold", func(y []float64) { y[200] = 0 }, Missing, 200},
		{"shift up", func(y []float64) {
			for i := 200; i < len(y); i++ {
				y[i] *= 1.8
			}
		}, ShiftUp, 206},
		{"shift down", func(y []float64) {
			for i := 200; i < len(y); i++ {
				y[i] *= 0.5
			}
		}, ShiftDown, 206},
	} {
		y := weekly(230, 3)
		c.plant(y)
		points := judgeOne(t, y, Options{Periods: []int{7}})
		if p := points[c.at]; !p.Anomaly || p.Kind != c.kind {
			t.Errorf("%s: point %d is %v, anomaly %v (p %v)", c.name, c.at, p.Kind, p.Anomaly, p.P)
		}
		if !points[200].Onset {
			t.Errorf("%s: no onset at 200", c.name)
		}
		for i, p := range points[60:200] {
			if p.Anomaly && p.P < 1e-4 {
				t.Errorf("%s: false alarm at %d, p %v", c.name, 60+i, p.P)
			}
		}
		if last := points[len(points)-1]; last.Anomaly {
			t.Errorf("%s: a month later it is an anomaly still", c.name)
		}
	}
	y := weekly(230, 3)
	y[200] = math.NaN()
	if p := judgeOne(t, y, Options{Periods: []int{7}})[200]; p.Kind != Missing || p.Score == p.Score || math.IsNaN(p.Expected) {
		t.Errorf("a gap is %+v, want missing, without a score and with an expectation", p)
	}
}

// TestCausal says that what comes later changes no score, and that batches are streams.
func TestCausal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-10, 100), rapid.Just(math.NaN()), rapid.Just(0.0)), 0, 120).Draw(t, "y")
		cut := rapid.IntRange(0, len(y)).Draw(t, "cut")
		o := Options{Periods: []int{7}}
		d := New(o)
		whole, err := Batch(context.Background(), []Series{{First: 5, Y: y}}, o, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range y[:cut] {
			p, w := d.Update(5+int64(i), v), whole[0][i]
			if !same(p.Score, w.Score) || !same(p.Expected, w.Expected) || p.Anomaly != w.Anomaly {
				t.Fatalf("point %d is %+v in a stream, %+v in a batch of more", i, p, w)
			}
			if !math.IsNaN(p.Score) && !(p.Score >= 0 && p.Score <= 1) {
				t.Fatalf("point %d scores %v", i, p.Score)
			}
			if !math.IsNaN(v) && i > 40 && math.IsNaN(p.Score) && d.n > Least+1 {
				t.Fatalf("point %d of known values has no score", i)
			}
		}
	})
}

func same(a, b float64) bool { return a == b || a != a && b != b }

// TestBatchIsDeterministic compares numbers of threads.
func TestBatchIsDeterministic(t *testing.T) {
	var in []Series
	for k := range 9 {
		in = append(in, Series{First: int64(3 * k), Y: weekly(50+20*k, uint64(k))})
	}
	one, err := Batch(context.Background(), in, Options{Periods: []int{7}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	four, err := Batch(context.Background(), in, Options{Periods: []int{7}}, 4)
	if err != nil {
		t.Fatal(err)
	}
	for k := range one {
		for i := range one[k] {
			if !same(one[k][i].Score, four[k][i].Score) {
				t.Fatalf("series %d, point %d: %v with one thread, %v with four", k, i, one[k][i].Score, four[k][i].Score)
			}
		}
	}
}

// TestRetrospective finds what was planted, tells a change of level from a spike, and leaves its
// input alone.
func TestRetrospective(t *testing.T) {
	y := weekly(300, 5)
	y[100] *= 2
	for i := 200; i < 300; i++ {
		y[i] *= 1.6
	}
	before := append([]float64(nil), y...)
	out, err := Retrospective(context.Background(), []Series{{Y: y}}, Options{Periods: []int{7}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range y {
		if y[i] != before[i] {
			t.Fatalf("value %d of the input was changed", i)
		}
	}
	if p := out[0][100]; !p.Anomaly || p.Kind != Spike {
		t.Errorf("the spike is %+v", p)
	}
	shift := 0
	for i, p := range out[0] {
		if p.Kind == ShiftUp {
			shift = i
		}
	}
	if shift < 197 || shift > 203 || !out[0][shift].Anomaly {
		t.Errorf("the change of level of 200 is found at %d: %+v", shift, out[0][shift])
	}
	constant := make([]float64, 50)
	out, err = Retrospective(context.Background(), []Series{{Y: constant}, {Y: nil}, {Y: []float64{1}}}, Options{Periods: []int{7}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range out[0] {
		if p.Anomaly || math.IsNaN(p.Score) {
			t.Errorf("point %d of a constant series is %+v", i, p)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	y := weekly(5000, 1)
	b.ReportAllocs()
	for b.Loop() {
		d := New(Options{Periods: []int{7}})
		for i, v := range y {
			d.Update(int64(i), v)
		}
	}
}

// TestLinesWithoutNoise: nothing about them is unusual, whatever slope, season and sign they have; a point beside such a line is.
func TestLinesWithoutNoise(t *testing.T) {
	for name, f := range map[string]func(i int) float64{
		"up":        func(i int) float64 { return 100 + 5*float64(i) },
		"down":      func(i int) float64 { return 500 - 3*float64(i) },
		"through 0": func(i int) float64 { return -20 + float64(i) },
		"tiny":      func(i int) float64 { return 1e-9 * (3 + float64(i)) },
		"constant":  func(int) float64 { return 7 },
		"weekly":    func(i int) float64 { return 100 + []float64{0, 5, 9, 3, -4, 20, 1}[i%7] },
		"growing":   func(i int) float64 { return (100 + float64(i)) * []float64{1, 1.2, 0.8, 1, 1.5, 2, 1}[i%7] },
	} {
		y := make([]float64, 120)
		for i := range y {
			y[i] = f(i)
		}
		for which, judge := range []func(context.Context, []Series, Options, int) ([][]Point, error){Batch, Retrospective} {
			out, err := judge(context.Background(), []Series{{Y: y}}, Options{Periods: []int{7}}, 1)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range out[0] {
				if p.Anomaly {
					t.Errorf("%s (%d): point %d is %+v", name, which, i, p)
				}
			}
			if name == "tiny" {
				continue // below the least scale
			}
			odd := append([]float64(nil), y...)
			odd[100] += 40 + math.Abs(y[100])/2
			if out, err = judge(context.Background(), []Series{{Y: odd}}, Options{Periods: []int{7}}, 1); err != nil || !out[0][100].Anomaly {
				t.Errorf("%s (%d): an odd point is %+v, %v", name, which, out[0][100], err)
			}
		}
	}
}
