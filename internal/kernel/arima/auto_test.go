package arima

import (
	"context"
	"math"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"pgregory.net/rapid"
)

// statsmodels 0.15: kpss(y, "c", nlags=floor(3·sqrt(n)/13))[0] on the airline passengers.
func TestKPSS(t *testing.T) {
	logs := make([]float64, len(airPassengers))
	for i, v := range airPassengers {
		logs[i] = math.Log(v)
	}
	for _, c := range []struct {
		what string
		y    []float64
		want float64
	}{
		{"levels", airPassengers, 4.342286797114149},
		{"differences", difference(airPassengers, 1, 0, 1), 0.011484728338723346},
		{"log differences", difference(logs, 1, 0, 1), 0.022017183712740952},
		{"log yearly differences", difference(logs, 0, 1, 12), 0.5366879474447167},
	} {
		if got := kpss(c.y); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %.12f, statsmodels has %.12f", c.what, got, c.want)
		}
	}
}

// R's auto.arima(log(AirPassengers)) gives ARIMA(0,1,1)(0,1,1)[12].
func TestAutoAirline(t *testing.T) {
	y := make([]float64, len(airPassengers))
	for i, v := range airPassengers {
		y[i] = math.Log(v)
	}
	f, err := Auto{}.Fit(context.Background(), y, 12)
	if err != nil {
		t.Fatal(err)
	}
	if f.Name() != "ARIMA(0,1,1)(0,1,1)[12]" {
		t.Errorf("chose %s %v %v", f.Name(), f.AICc(), f.Params())
	}
}

func TestAutoFindsDifferences(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		coef Coef
	}{
		{Spec{P: 1, M: 1}, Coef{AR: []float64{0.5}}},
		{Spec{D: 1, Q: 1, M: 1}, Coef{MA: []float64{-0.4}}},
		{Spec{D: 2, Q: 1, M: 1}, Coef{MA: []float64{-0.4}}},
		{Spec{SD: 1, SQ: 1, M: 7}, Coef{SMA: []float64{-0.2}}},
	} {
		y := simulate(600, c.spec, c.coef, 5)
		f, err := Auto{}.Fit(context.Background(), y, c.spec.M)
		if err != nil {
			t.Fatal(err)
		}
		got := f.(*Fitted).Spec
		if got.D != c.spec.D || got.SD != c.spec.SD {
			t.Errorf("made as %v, chose %v", c.spec, got)
		}
		// the true form, fitted, must not be much better than the chosen one
		truth, err := Fit(context.Background(), y, c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if f.AICc() > truth.AICc()+0.01 {
			t.Errorf("chose %v with AICc %.2f, the truth %v has %.2f", got, f.AICc(), c.spec, truth.AICc())
		}
	}
}

func TestAutoRegular(t *testing.T) {
	line, week := make([]float64, 60), make([]float64, 60)
	for i := range line {
		line[i] = 5 + 0.5*float64(i)
		week[i] = float64(i % 7)
	}
	for _, c := range []struct {
		what   string
		y      []float64
		season int
		want   []float64
	}{
		{"constant", []float64{4, 4, 4, 4, 4, 4}, 1, []float64{4, 4, 4}},
		{"zero", make([]float64, 30), 7, []float64{0, 0, 0}},
		{"line", line, 1, []float64{35, 35.5, 36}},
		{"week", week, 7, []float64{4, 5, 6}},
	} {
		f, err := Auto{}.Fit(context.Background(), c.y, c.season)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		got := f.Forecast(3)
		for i, v := range c.want {
			if math.Abs(got[i]-v) > 1e-6 {
				t.Errorf("%s: %s forecasts %v, want %v", c.what, f.Name(), got, c.want)
				break
			}
		}
	}
}

func TestAutoMissing(t *testing.T) {
	y := simulate(200, Spec{P: 1, M: 1}, Coef{AR: []float64{0.8}}, 2)
	nan := math.NaN()
	y[0], y[50], y[199] = nan, nan, nan
	f, err := Auto{}.Fit(context.Background(), y, 1)
	if err != nil {
		t.Fatal(err)
	}
	ahead := f.Fitted()
	if len(ahead) != 200 || ahead[0] == ahead[0] || ahead[50] == ahead[50] || ahead[120] != ahead[120] {
		t.Errorf("one-step forecasts do not follow the series: %v %v %v", ahead[0], ahead[50], ahead[120])
	}
	if got := f.Name(); got[len(got)-16:] != "2 missing filled" {
		t.Errorf("%s does not say what was filled", got)
	}
}

// Whatever the numbers, there are finite forecasts and growing spreads, or an error of the data.
func TestAutoNeverBreaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(rapid.OneOf(
			rapid.Float64Range(-10, 10),
			rapid.SampledFrom([]float64{0, 0, 0, 1, 1e-12, 1e12, -1e9, math.NaN(), math.Inf(1)}),
		), 0, 60).Draw(t, "y")
		season := rapid.SampledFrom([]int{0, 1, 2, 4, 7, 12, 100}).Draw(t, "season")
		f, err := Auto{}.Fit(context.Background(), y, season)
		if err != nil {
			if fault.KindOf(err) != fault.Data {
				t.Fatalf("%v", err)
			}
			return
		}
		h := 2*len(y) + 3
		last := 0.0
		for i, v := range f.Forecast(h) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("%s: forecast %d is %v", f.Name(), i, v)
			}
		}
		for i, v := range f.Sigma(h) {
			if !(v >= last*(1-1e-12)) || math.IsInf(v, 0) {
				t.Fatalf("%s: spread %d is %v after %v", f.Name(), i, v, last)
			}
			last = v
		}
		if len(f.Fitted()) != len(y) {
			t.Fatalf("%d one-step forecasts of %d values", len(f.Fitted()), len(y))
		}
	})
}

func BenchmarkAutoWeekly700(b *testing.B) {
	y := simulate(702, Spec{P: 1, Q: 1, SD: 1, SQ: 1, M: 7}, Coef{AR: []float64{0.9}, MA: []float64{-0.5}, SMA: []float64{-0.8}}, 4)
	for b.Loop() {
		if _, err := (Auto{}).Fit(context.Background(), y, 7); err != nil {
			b.Fatal(err)
		}
	}
}
