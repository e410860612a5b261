package analysis

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
)

// TestClosedDays: a shop that sells nothing on Saturdays is forecast to sell nothing on them, at the back-test's origins too, and one
// that happens to sell nothing now and then is not.
func TestClosedDays(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	y := make([]float64, 200)
	for i := range y {
		if i%7 != 5 {
			y[i] = 100 * math.Exp(0.3*rng.NormFloat64())
		}
	}
	m := forecastOptions{}.aware(autoForecast(modelSetting{seasons: []int{7}, horizon: 14, light: true}), &panelSeries{})
	fit, err := m.Fit(context.Background(), y, 7)
	if err != nil {
		t.Fatal(err)
	}
	point, sigma := fit.Forecast(14), fit.Sigma(14)
	for j, v := range point {
		if closed := (200+j)%7 == 5; closed != (v == 0) || closed != (sigma[j] < 5) {
			t.Errorf("step %d: %v ± %v", j, v, sigma[j])
		}
	}
	tested := fit.(tester).Tested()
	if len(tested) == 0 || closedPlaces(fit) != 1 {
		t.Fatalf("%d origins, %d places", len(tested), closedPlaces(fit))
	}
	for _, o := range tested {
		for j, v := range o.Point {
			if (o.At+j)%7 == 5 && v != 0 {
				t.Errorf("origin %d, step %d: %v", o.At, j, v)
			}
		}
	}
	rare := make([]float64, 200)
	for i := range rare {
		if rng.IntN(10) == 0 {
			rare[i] = 5
		}
	}
	if c := closedAt(rare, 7); c != nil {
		t.Errorf("a rare product is closed at %v", c)
	}
	y[5+7*27] = 3 // one Saturday of the last weeks was open
	if c := closedAt(y, 7); c != nil {
		t.Errorf("closed at %v although it was open", c)
	}
	if closedAt(nil, 7) != nil || closedAt(make([]float64, 100), 7) != nil || closedAt(y, 1) != nil {
		t.Error("nothing tells of closed days here")
	}
	if f, err := (forecastOptions{}).aware(forecast.SeasonalNaive(), &panelSeries{}).Fit(context.Background(), y, 7); err != nil || closedPlaces(f) != 0 {
		t.Errorf("the seasonal naive model: %v", err)
	}
}
