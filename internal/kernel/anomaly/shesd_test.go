package anomaly

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// plainESD is the test word by word: median and MAD anew for each outlier taken out, Rosner's critical values.
func plainESD(x []float64, most int, alpha float64) []int {
	left := make([]int, len(x))
	for i := range left {
		left[i] = i
	}
	n, out, keep := len(x), []int(nil), 0
	for i := 1; i <= min(most, n/2) && len(left) > 2; i++ {
		v := make([]float64, len(left))
		for k, j := range left {
			v[k] = x[j]
		}
		m := medianOf(slices.Clone(v))
		for k := range v {
			v[k] = math.Abs(v[k] - m)
		}
		mad := madScale * medianOf(slices.Clone(v))
		if mad == 0 {
			break
		}
		far := 0
		for k := range v {
			if v[k] > v[far] {
				far = k
			}
		}
		out = append(out, left[far])
		left = slices.Delete(left, far, far+1)
		df := float64(n - i - 1)
		t := distuv.StudentsT{Sigma: 1, Nu: df}.Quantile(1 - alpha/(2*float64(n-i+1)))
		if v[far]/mad > float64(n-i)*t/math.Sqrt((df+t*t)*float64(n-i+1)) {
			keep = i
		}
	}
	return out[:keep]
}

func TestESDEqualsPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 6)) // no two values are equally far
		x := make([]float64, rapid.IntRange(5, 60).Draw(t, "n"))
		heavy := rapid.Float64Range(0, 0.5).Draw(t, "heavy")
		for i := range x {
			x[i] = rng.NormFloat64()
			if rng.Float64() < heavy {
				x[i] *= 20
			}
		}
		most := rapid.IntRange(1, 20).Draw(t, "most")
		alpha := rapid.SampledFrom([]float64{0.5, 0.05, 0.001}).Draw(t, "alpha")
		got, _ := ESD(x, most, alpha)
		want := plainESD(x, most, alpha)
		if !slices.Equal(got, want) {
			t.Fatalf("outliers at %v, word by word at %v", got, want)
		}
	})
}

func TestSeasonalESD(t *testing.T) {
	y := weekly(400, 2)
	y[120] *= 2
	y[333] *= 0.2
	y[200] = math.NaN()
	out, err := SeasonalESD(context.Background(), []Series{{Y: y}, {Y: nil}, {Y: []float64{1, 2}}, {Y: make([]float64, 50)}}, Options{Periods: []int{7}, Level: 0.9999}, 0.02, 2)
	if err != nil {
		t.Fatal(err)
	}
	var told []int
	for i, p := range out[0] {
		if p.Anomaly {
			told = append(told, i)
		}
		if math.IsNaN(p.Score) != (i == 200) || math.IsNaN(p.Expected) || !(p.Expected > 700 && p.Expected < 1700) {
			t.Errorf("point %d of %v is %+v", i, y[i], p)
		}
	}
	if !slices.Equal(told, []int{120, 333}) || out[0][120].Kind != Spike || out[0][333].Kind != Dip {
		t.Errorf("told %v", told)
	}
	if !math.IsNaN(out[2][0].Score) || out[3][7].Anomaly {
		t.Errorf("two points: %+v; zeros: %+v", out[2][0], out[3][7])
	}
}
