package forecast

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
)

func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*math.Max(1, math.Abs(want)) {
		t.Errorf("%s: %g, want %g", name, got, want)
	}
}

// TestRules: by hand on 2, 4, ?, 8, 5, 3.
func TestRules(t *testing.T) {
	y := []float64{2, 4, math.NaN(), 8, 5, 3}
	near(t, "naive", fitted(t, Naive(), y, 1).Forecast(2)[1], 3)
	near(t, "drift", fitted(t, Drift(), y, 1).Forecast(2)[1], 3+2*0.2)
	s := fitted(t, SeasonalNaive(), y, 3).Forecast(4)
	for j, want := range []float64{8, 5, 3, 8} {
		near(t, "snaive", s[j], want)
	}
	near(t, "window", fitted(t, WindowMean(), y, 2).Forecast(1)[0], 4)
}

// TestCroston: by hand on 0, 3, 0, 0, 6, 0 with α = β = a: sizes 3, then 3 + 3a; gaps 2, then 2 + a; chance ½, then
// fading twice, rising, fading.
func TestCroston(t *testing.T) {
	y := []float64{0, 3, 0, 0, 6, 0}
	buf := make([]float64, len(y))
	const a = 0.1
	near(t, "croston", crostonModel{"", crostonClassic}.smooth(y, buf, a, a), 3.3/2.1)
	near(t, "sba", crostonModel{"", crostonSBA}.smooth(y, buf, a, a), 0.95*3.3/2.1)
	chance := 0.5 * 0.9 * 0.9
	chance += 0.1 * (1 - chance)
	near(t, "tsb", crostonModel{"", crostonTSB}.smooth(y, buf, a, a), chance*0.9*3.3)
	if _, err := Croston().Fit(context.Background(), []float64{1, -1}, 1); fault.KindOf(err) != fault.Data {
		t.Errorf("demand below 0: %v", err)
	}
}

// TestSeasonalIndices: by hand, a line with an exact additive season, and a level with an exact ratio.
func TestSeasonalIndices(t *testing.T) {
	season := []float64{-3, 1, 0, 2}
	add, mul := make([]float64, 24), make([]float64, 24)
	for i := range add {
		add[i] = 10 + 0.5*float64(i) + season[i%4]
		mul[i] = 100 * (1 + season[i%4]/10)
	}
	for j, v := range SeasonalIndices(add, 4, false) {
		near(t, "additive", v, season[j])
	}
	for j, v := range SeasonalIndices(mul, 4, true) {
		near(t, "multiplicative", v, 1+season[j]/10)
	}
	if !SeasonalTest(add, 4) || SeasonalTest(add[:11], 4) || SeasonalTest([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 4) {
		t.Error("the test of seasons: an exact season is one, less than three of them are not told, a line is none")
	}
}

func TestDetectSeasons(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	y, noise := make([]float64, 800), make([]float64, 800)
	level := 0.0
	for i := range y {
		level += 0.1 * r.NormFloat64()
		noise[i] = noise[max(0, i-1)] + r.NormFloat64()
		y[i] = 50 + level + 5*math.Sin(2*math.Pi*float64(i)/24) + 0.5*r.NormFloat64()
		if i/24%7 >= 5 {
			y[i] -= 6
		}
	}
	all := []int{4, 7, 12, 24, 52, 168}
	if got := DetectSeasons(y, all); !reflect.DeepEqual(got, []int{24, 168}) {
		t.Errorf("hours with days and weeks: %v", got)
	}
	if got := DetectSeasons(noise, all); len(got) != 0 {
		t.Errorf("a random walk: %v", got)
	}
}

// TestMeasures: by hand.
func TestMeasures(t *testing.T) {
	history, y, f := []float64{1, 3, 2, 5}, []float64{4, 0, 6}, []float64{5, 0, 3}
	s := ScoreOf(history, y, f, 1)
	near(t, "sMAPE", s.SMAPE, (200.0*1/9+0+200.0*3/9)/3)
	near(t, "MASE", s.MASE, (4.0/3)/2)
	near(t, "RMSSE", s.RMSSE, math.Sqrt((10.0/3)/(14.0/3)))
	near(t, "OWA", OWA(8, 2, 10, 4), 0.65)
}

// TestNothingBreaksModels: whatever the numbers, a model fits with finite forecasts or says why not.
func TestNothingBreaksModels(t *testing.T) {
	models := []Model{Naive(), SeasonalNaive(), Drift(), WindowMean(), SES(), Holt(), HoltWinters(false), HoltWinters(true), AutoETS(), AutoTheta(),
		Croston(), SBA(), TSB(), Logged(SES()), Decomposed("mstl", []int{3}, SES()),
		Auto{Horizon: 3, Origins: 2, Candidates: []Candidate{{SES(), 1}, {Theta(), 1}, {Naive(), 0.5}}}}
	value := rapid.OneOf(rapid.Float64Range(-10, 10), rapid.SampledFrom([]float64{0, 0, 1, 1e-300, 1e12, math.NaN(), math.Inf(1)}))
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(value, 0, 24).Draw(t, "y")
		season := rapid.IntRange(0, 6).Draw(t, "season")
		m := models[rapid.IntRange(0, len(models)-1).Draw(t, "model")]
		f, err := m.Fit(context.Background(), y, season)
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				t.Fatalf("%s: %v", m.Name(), err)
			}
			return
		}
		if len(f.Forecast(4)) != 4 || len(f.Sigma(4)) != 4 || len(f.Fitted()) != len(y) {
			t.Fatalf("%s: lengths %d, %d, %d of %d", m.Name(), len(f.Forecast(4)), len(f.Sigma(4)), len(f.Fitted()), len(y))
		}
	})
}

// TestAutoPrefersWhatWorks: on a clean weekly pattern the seasonal rule must get nearly all the weight, and its
// back-test must be that good.
func TestAutoPrefersWhatWorks(t *testing.T) {
	y := make([]float64, 120)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range y {
		y[i] = []float64{10, 20, 30, 40, 35, 80, 90}[i%7] + r.NormFloat64()
	}
	f := fitted(t, Auto{Horizon: 7, Origins: 4, Candidates: []Candidate{{SES(), 1}, {SeasonalNaive(), 0.5}, {Naive(), 0.5}}}, y, 7).(*autoFit)
	if f.fits[0].Name() != "snaive" || f.weights[0] < 0.9 {
		t.Errorf("%s", f.Name())
	}
	if len(f.Tested()) != 4 {
		t.Fatalf("%d origins", len(f.Tested()))
	}
	for _, o := range f.Tested() {
		if e := MAE(y[o.At:o.At+7], o.Point); e > 5 {
			t.Errorf("origin %d: error %g", o.At, e)
		}
	}
}

// TestCalibrationCovers: ratios twice as large as the model claims must double the intervals, at both
// levels, for a series that has none of its own as for one that has.
func TestCalibrationCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var rows [][]float64
	for range 400 {
		row := make([]float64, 6)
		for j := range row {
			row[j] = math.Abs(2 * r.NormFloat64())
		}
		rows = append(rows, row)
	}
	c := NewCalibration(rows, 6)
	for _, own := range [][][]float64{nil, rows[:3]} {
		for j, w := range c.Widths([]float64{1, 1, 1, 1, 1, 1}, own) {
			for k := range Levels {
				if ratio := w[k] / (2 * normalQuantile[k]); ratio < 0.85 || ratio > 1.15 {
					t.Errorf("step %d level %g: %g times what it should be", j+1, Levels[k], ratio)
				}
			}
		}
	}
}
