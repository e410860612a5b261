package anomaly

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sparseSales is a clean series of days with sales on a share of them: a Poisson number of sales, counted or of
// log-normal amounts.
func sparseSales(n int, sold float64, money bool, rng *rand.Rand) []float64 {
	y := make([]float64, n)
	for i := range y {
		for left := rng.Float64(); left > 1-sold; left *= rng.Float64() { // Knuth's product of uniforms
			if y[i]++; money {
				y[i] += 500 * math.Exp(rng.NormFloat64())
			}
		}
	}
	return y
}

// TestFalseAlarmsOnSparseSeries counts points below .001 in 40 clean series for each share of days with sales: at most four
// times as many as promised (a hundred times before sparse series had a rule of their own).
func TestFalseAlarmsOnSparseSeries(t *testing.T) {
	for _, money := range []bool{true, false} {
		for _, sold := range []float64{0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97} {
			told, judged := 0, 0
			rng := rand.New(rand.NewPCG(5, 11))
			for range 40 {
				for i, p := range judgeOne(t, sparseSales(500, sold, money, rng), Options{Periods: []int{7}}) {
					if i > 42 {
						judged++
						if p.P < 1e-3 {
							told++
						}
					}
				}
			}
			if most := 4e-3 * float64(judged); float64(told) > most {
				t.Errorf("money %v, sales on %v of the days: %d of %d points below .001, at most %.0f are borne", money, sold, told, judged, most)
			}
		}
	}
}

// TestSparseAnomalies plants what must be told of a series with sales on a third of the days.
func TestSparseAnomalies(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(y []float64)
		kind  Kind
	}{
		"an amount of a thousand": {func(y []float64) { y[300] = 500_000 }, Spike},
		"forty days of nothing":   {func(y []float64) { clear(y[300:340]) }, Missing},
		"sales every day": {func(y []float64) {
			for i := range 20 {
				y[300+i] = 500
			}
		}, Spike},
	} {
		y := sparseSales(400, 0.33, true, rand.New(rand.NewPCG(8, 8)))
		c.plant(y)
		found := false
		for _, p := range judgeOne(t, y, Options{Periods: []int{7}})[300:340] {
			found = found || p.Anomaly && p.Kind == c.kind
		}
		if !found {
			t.Errorf("%s: no %v is told", name, c.kind)
		}
	}
}

// TestNothingBelowZeroIsExpected of a series without a negative value.
func TestNothingBelowZeroIsExpected(t *testing.T) {
	for i, p := range judgeOne(t, sparseSales(500, 0.6, true, rand.New(rand.NewPCG(2, 2))), Options{Periods: []int{7}}) {
		if p.Expected < 0 {
			t.Fatalf("point %d: %v is expected", i, p.Expected)
		}
	}
}
