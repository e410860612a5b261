package forecast

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// planted returns a positive series with trend and season.
func planted(n, m int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	y := make([]float64, n)
	level := 100.0
	for t := range y {
		level += 0.1 + r.NormFloat64()
		s := 0.0
		if m > 1 {
			s = 8 * math.Sin(2*math.Pi*float64(t%m)/float64(m))
		}
		y[t] = math.Max(5, level+s+2*r.NormFloat64())
	}
	return y
}

// TestETSGradient compares the adjoint derivatives with differences for every form.
func TestETSGradient(t *testing.T) {
	y := planted(60, 4, 3)
	y[17], y[40] = math.NaN(), math.NaN()
	d, err := newETSData(y, 4)
	if err != nil {
		t.Fatal(err)
	}
	forms := append(etsForms(true, true), ETSSpec{'A', 'A', true, 'M'})
	for _, spec := range forms {
		f := &etsFit{}
		f.run(spec, d) // sizes everything
		f.begin(d.start(spec.Season))
		g := make([]float64, len(f.x))
		f.value(f.x)
		f.gradient(f.x, g)
		for i := range f.x {
			x := append([]float64(nil), f.x...)
			h := 1e-5 * math.Max(1, math.Abs(x[i]))
			x[i] += h
			up := f.value(x)
			x[i] -= 2 * h
			down := f.value(x)
			if want := (up - down) / (2 * h); math.Abs(want-g[i]) > 1e-5*(1+math.Abs(want)) {
				t.Errorf("%s variable %d: adjoint %g, difference %g", spec, i, g[i], want)
			}
		}
	}
}

func BenchmarkAutoETS(b *testing.B) {
	y := planted(702, 7, 1)
	for b.Loop() {
		if _, err := AutoETS().Fit(context.Background(), y, 7); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHoltWinters(b *testing.B) {
	y := planted(702, 7, 1)
	for b.Loop() {
		if _, err := HoltWinters(false).Fit(context.Background(), y, 7); err != nil {
			b.Fatal(err)
		}
	}
}
