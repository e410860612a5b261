package forecast

import (
	"context"
	"math"
	"testing"
)

// airPassengers are the monthly totals of international airline passengers, 1949–1960, in thousands (Box
// & Jenkins, Time Series Analysis, 1976, series G).
var airPassengers = []float64{
	112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,
	145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166, 171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,
	196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201, 204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,
	242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278, 284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,
	315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336, 340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,
	360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405, 417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,
}

// TestETSAgainstR: ets(AirPassengers) of R's forecast package 8 prints ETS(M,Ad,M) with AICc 1400.638;
// its simplex stops early, so ours may lie below but not above.
func TestETSAgainstR(t *testing.T) {
	f, err := ETS("x", ETSSpec{'M', 'A', true, 'M'}).Fit(context.Background(), airPassengers, 12)
	if err != nil {
		t.Fatal(err)
	}
	if f.AICc() > 1400.64 || f.AICc() < 1385 {
		t.Errorf("AICc %.3f, R has 1400.638", f.AICc())
	}
	auto, err := AutoETS().Fit(context.Background(), airPassengers, 12)
	if err != nil {
		t.Fatal(err)
	}
	if auto.AICc() > f.AICc() {
		t.Errorf("the choice %s has AICc %.3f over %.3f", auto.Name(), auto.AICc(), f.AICc())
	}
	// R's forecast of January 1961 is 441.80
	if p := auto.Forecast(1)[0]; math.Abs(p-441.8) > 4 {
		t.Errorf("forecast %g", p)
	}
}

// TestETSIsItsRecursion runs the textbook's component form beside the pass.
func TestETSIsItsRecursion(t *testing.T) {
	y := planted(40, 4, 9)
	r := fitted(t, HoltWinters(false), y, 4).(*etsFitted)
	l, b := r.par.level, r.par.slope
	phi := 1.0
	if r.spec.Damped {
		phi = r.par.phi
	}
	s := append([]float64(nil), r.par.seas...)
	for i, v := range y {
		mu := l + phi*b + s[i%4]
		if math.Abs(mu-r.fitted[i]) > 1e-9*math.Abs(mu) {
			t.Fatalf("step %d: %g, fitted %g", i, mu, r.fitted[i])
		}
		e := v - mu
		l, b = l+phi*b+r.par.alpha*e, phi*b+r.par.beta*e
		s[i%4] += r.par.gamma * e
	}
	want := l + phi*b + s[len(y)%4]
	if got := r.Forecast(1)[0]; math.Abs(got-want) > 1e-9*math.Abs(want) {
		t.Errorf("forecast %g, want %g", got, want)
	}
}

// TestSESIsTheBest compares the optimum with a fine grid of smoothing parameters, each with its best level.
func TestSESIsTheBest(t *testing.T) {
	y := planted(80, 1, 4)
	r := fitted(t, SES(), y, 1).(*etsFitted)
	sse := func(alpha, level float64) (s float64) {
		for _, v := range y {
			e := v - level
			s += e * e
			level += alpha * e
		}
		return s
	}
	best := math.Inf(1)
	for a := 0.001; a < 1; a += 0.001 {
		// the sum of squares is a parabola in the initial level
		f0, f1, f2 := sse(a, 100), sse(a, 101), sse(a, 102)
		c := (f2 - 2*f1 + f0) / 2
		b := f1 - f0 - c
		best = math.Min(best, f0-b*b/(4*c))
	}
	if got := sse(r.par.alpha, r.par.level); got > best*(1+1e-5) {
		t.Errorf("sum of squares %g, the grid has %g", got, best)
	}
}

func fitted(t testing.TB, m Model, y []float64, season int) Fitted {
	t.Helper()
	f, err := m.Fit(context.Background(), y, season)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSigmaOfTheRandomWalk: with α = 1 the variance of the level model grows by the step.
func TestSigmaOfTheRandomWalk(t *testing.T) {
	r := &etsFitted{spec: ETSSpec{'A', 'N', false, 'N'}, m: 1, mse: 4, par: etsPars{alpha: 1}, end: etsPars{seas: []float64{0}}}
	for j, s := range r.Sigma(9) {
		if math.Abs(s-2*math.Sqrt(float64(j+1))) > 1e-12 {
			t.Errorf("step %d: %g", j+1, s)
		}
	}
}

// TestMissingValuesMoveNothing: a gap costs the length of the horizon, not the level.
func TestMissingValuesMoveNothing(t *testing.T) {
	y := planted(50, 1, 2)
	gap := append(append([]float64(nil), y...), math.NaN(), math.NaN())
	a, b := fitted(t, SES(), y, 1), fitted(t, SES(), gap, 1)
	if x, z := a.Forecast(1)[0], b.Forecast(1)[0]; math.Abs(x-z) > 1e-6*math.Abs(x) {
		t.Errorf("%g, with a gap behind %g", x, z)
	}
	lead := append([]float64{math.NaN()}, y...)
	if f := fitted(t, AutoETS(), lead, 1).Fitted(); len(f) != len(lead) || f[0] == f[0] {
		t.Errorf("fitted values of a leading gap: %d, first %g", len(f), f[0])
	}
}
