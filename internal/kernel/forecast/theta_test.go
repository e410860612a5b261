package forecast

import (
	"math"
	"testing"
)

// thetaRecursion is the algorithm of Fiorucci et al. (2016), section 3, written down step by step.
func thetaRecursion(y []float64, dynamic bool, start, alpha, theta float64) (mu []float64) {
	n := float64(len(y))
	level, slope, _ := line(y)
	a, b := level, slope
	_ = n
	l, mean := start, 0.0
	for i, v := range y {
		k := float64(i)
		if dynamic && i == 0 {
			mu = append(mu, v)
		} else {
			mu = append(mu, l+(1-1/theta)*(a*math.Pow(1-alpha, k)+b*(1-math.Pow(1-alpha, k+1))/alpha))
		}
		l = alpha*v + (1-alpha)*l
		if dynamic {
			before := mean
			if mean = (k*mean + v) / (k + 1); i == 0 {
				a, b = v, 0
				continue
			}
			b = ((k-1)*b + 6*(v-before)/(k+1)) / (k + 2)
			a = mean - b*(k+2)/2
		}
	}
	return mu
}

// TestTheta compares the fitted values with the recursion, the moving line with lines through what
// was seen, and the squared error with nearby parameters.
func TestTheta(t *testing.T) {
	y := planted(60, 1, 5)
	for _, m := range []Model{Theta(), OptimisedTheta(), DynamicTheta(), DynamicOptimisedTheta()} {
		f := fitted(t, m, y, 1).(*thetaFitted)
		theta := 1 / (1 - f.omega)
		mu := thetaRecursion(y, f.form.dynamic, f.start, f.alpha, theta)
		for i, v := range f.Fitted() {
			if math.Abs(v-mu[i]) > 1e-8*math.Abs(mu[i]) {
				t.Fatalf("%s step %d: %g, recursion %g", f.Name(), i, v, mu[i])
			}
		}
		sse := func(start, alpha, theta float64) (s float64) {
			for i, v := range thetaRecursion(y, f.form.dynamic, start, alpha, theta) {
				if i >= thetaSkip {
					s += (y[i] - v) * (y[i] - v)
				}
			}
			return s
		}
		best := sse(f.start, f.alpha, theta)
		for _, d := range []float64{-0.02, 0.02} {
			if alpha := f.alpha + d; alpha >= 0.1 && alpha <= 0.99 && sse(f.start, alpha, theta) < best*(1-1e-6) {
				t.Errorf("%s: alpha %g is better than %g", f.Name(), alpha, f.alpha)
			}
			if f.form.optimal && theta*(1+d) >= 1 && sse(f.start, f.alpha, theta*(1+d)) < best*(1-1e-6) {
				t.Errorf("%s: theta %g is better than %g", f.Name(), theta*(1+d), theta)
			}
		}
	}
	w := newThetaWork(y)
	for _, n := range []int{2, 7, 60} {
		level, slope, _ := line(y[:n])
		if math.Abs(w.b[n]-slope) > 1e-9 || math.Abs(w.a[n]-level) > 1e-7 {
			t.Errorf("line of %d values: %g + %g t, want %g + %g t", n, w.a[n], w.b[n], level, slope)
		}
	}
}

// TestThetaSeason puts an exact season on a level: the forecast must have it.
func TestThetaSeason(t *testing.T) {
	y := make([]float64, 48)
	for i := range y {
		y[i] = 100 * []float64{0.8, 1, 1.3, 0.9}[i%4]
	}
	for j, v := range fitted(t, AutoTheta(), y, 4).Forecast(6) {
		if want := y[j]; math.Abs(v-want) > 0.01*want {
			t.Errorf("step %d: %g, want %g", j+1, v, want)
		}
	}
}
