package arima

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// draw gives a random form and a point of its search.
func draw(t *rapid.T) *problem {
	m := rapid.SampledFrom([]int{1, 4, 7}).Draw(t, "m")
	s := Spec{P: rapid.IntRange(0, 3).Draw(t, "p"), Q: rapid.IntRange(0, 3).Draw(t, "q"), M: m}
	if m > 1 {
		s.SP, s.SQ = rapid.IntRange(0, 2).Draw(t, "P"), rapid.IntRange(0, 2).Draw(t, "Q")
	}
	seed := rapid.Uint64().Draw(t, "seed")
	r := rand.New(rand.NewPCG(seed, 3))
	w := make([]float64, rapid.IntRange(20, 90).Draw(t, "n"))
	for i := range w {
		w[i] = r.NormFloat64()
	}
	p := &problem{}
	p.prepare(s, w)
	for i := range p.x {
		p.x[i] = 1.2 * r.NormFloat64()
	}
	return p
}

// The likelihood of a Gaussian vector by its whole covariance matrix, whose autocovariances come from
// ψ weights summed until they vanish: nothing in common with the recursions.
func TestLikelihoodAgainstCovarianceMatrix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := draw(t)
		value := p.exact(p.x, p.res)
		n := len(p.w)
		psi := psi(&p.at.ar, &p.at.ma, 6000)
		tail := 0.0
		for _, v := range psi[5950:] {
			tail += math.Abs(v)
		}
		if tail > 1e-9 {
			t.Skip("memory too long for the reference")
		}
		c := mat.NewSymDense(n, nil)
		for lag := range n {
			g := dot(psi[:6000-lag], psi[lag:])
			for i := 0; i+lag < n; i++ {
				c.SetSym(i, i+lag, g)
			}
		}
		var l mat.Cholesky
		if !l.Factorize(c) {
			t.Skip("reference not positive definite")
		}
		w := mat.NewVecDense(n, p.w)
		var x mat.VecDense
		if err := l.SolveVecTo(&x, w); err != nil {
			t.Skip("reference ill-conditioned")
		}
		want := math.Log(mat.Dot(w, &x)/float64(n)) + l.LogDet()/float64(n)
		if math.Abs(value-want) > 1e-6*(1+math.Abs(want)) {
			t.Fatalf("%v: %v, by the covariance matrix %v (steady at %d of %d)", p.spec, value, want, p.f.steady, n)
		}
	})
}

func TestConditionalDerivatives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := draw(t)
		k := p.spec.coefs()
		if k == 0 {
			t.Skip()
		}
		n := len(p.w)
		for range 4 {
			p.cols = append(p.cols, make([]float64, n))
		}
		res := func(x, out []float64) {
			p.set(x)
			p.at.ar.multiply(p.w, p.cols[0])
			p.at.ma.divide(p.cols[0], out)
		}
		res(p.x, p.res)
		p.cssJacobian(make([]float64, n))
		up, down := make([]float64, n), make([]float64, n)
		x := append([]float64(nil), p.x...)
		for j := range k {
			const h = 1e-5
			x[j] = p.x[j] + h
			res(x, up)
			x[j] = p.x[j] - h
			res(x, down)
			x[j] = p.x[j]
			scale := 1.0
			for i := range up {
				scale = math.Max(scale, math.Abs(up[i]))
			}
			for i := range up {
				want := (up[i] - down[i]) / (2 * h)
				if math.Abs(p.jac[j][i]-want) > 1e-5*scale*(1+math.Abs(want)) {
					t.Fatalf("%v: ∂e_%d/∂x_%d = %v, by differences %v", p.spec, i, j, p.jac[j][i], want)
				}
			}
		}
	})
}

func TestPartials(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SliceOfN(rapid.Float64Range(-0.95, 0.95), 1, 6).Draw(t, "r")
		phi := make([]float64, len(r))
		fromPartial(r, phi, nil)
		back := make([]float64, len(r))
		if !partials(append([]float64(nil), phi...), back, make([]float64, len(r))) {
			t.Fatal("not stationary")
		}
		for i := range r {
			if math.Abs(back[i]-r[i]) > 1e-6 {
				t.Fatalf("%v came back as %v", r, back)
			}
		}
	})
}

func TestClearOfUnit(t *testing.T) {
	for _, c := range []struct {
		phi  []float64
		want bool
	}{
		{nil, true},
		{[]float64{0.998}, true}, // root 1.002
		{[]float64{0.9995}, false},
		{[]float64{-0.9995}, false},
		{[]float64{0, 0.997}, true}, // roots ±1.0015
		{[]float64{0, -0.9985}, false},
	} {
		if got := clearOfUnit(c.phi, minRoot); got != c.want {
			t.Errorf("%v: %v", c.phi, got)
		}
	}
}

// The airline model of Box & Jenkins (1970), chapter 9. The estimates are R's: arima(log(AirPassengers), c(0,1,1), list(order =
// c(0,1,1), period = 12)) gives ma1 −0.4018, sma1 −0.5569, σ² 0.001348 (by n), log L 244.7.
func TestAirline(t *testing.T) {
	y := make([]float64, len(airPassengers))
	for i, v := range airPassengers {
		y[i] = math.Log(v)
	}
	f, err := Fit(context.Background(), y, Spec{D: 1, Q: 1, SD: 1, SQ: 1, M: 12})
	if err != nil {
		t.Fatal(err)
	}
	n := float64(len(f.w))
	for _, c := range []struct {
		what           string
		got, want, tol float64
	}{
		{"ma1", f.Coef.MA[0], -0.4018, 5e-5},
		{"sma1", f.Coef.SMA[0], -0.5569, 5e-5},
		{"sigma2", f.Sigma2 * (n - 2) / n, 0.001348, 5e-7},
		{"log-likelihood", f.LogLik, 244.70, 5e-3},
	} {
		if !(math.Abs(c.got-c.want) <= c.tol) {
			t.Errorf("%s = %.6f, R has %.6f", c.what, c.got, c.want)
		}
	}
	// R: predict(…, 3)$pred and $se
	want, se := []float64{6.110186, 6.053775, 6.171715}, []float64{0.03671562, 0.04278291, 0.04809072}
	got, sigma := f.Forecast(3), f.Sigma(3)
	for i := range want {
		if math.Abs(got[i]-want[i]) > 2e-4 {
			t.Errorf("forecast %d = %.6f, R has %.6f", i+1, got[i], want[i])
		}
		// R divides the variance by n, the package by degrees of freedom
		if math.Abs(sigma[i]*math.Sqrt((n-2)/n)-se[i]) > 1e-4 {
			t.Errorf("spread %d = %.6f, R has %.6f", i+1, sigma[i]*math.Sqrt((n-2)/n), se[i])
		}
	}
}

// simulate draws an ARIMA series.
func simulate(n int, spec Spec, c Coef, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 9))
	var ar, ma lags
	ar.product(c.AR, c.SAR, spec.M, -1)
	ma.product(c.MA, c.SMA, spec.M, 1)
	burn := 500
	e, w := make([]float64, n+burn), make([]float64, n+burn)
	for i := range e {
		e[i] = r.NormFloat64()
	}
	tmp := make([]float64, n+burn)
	ma.multiply(e, tmp)
	ar.divide(tmp, w)
	w = w[burn:]
	f := &Fitted{Spec: spec, Coef: c, y: make([]float64, spec.lost()+1)}
	return f.integrate(w)
}

func TestFitFindsTheTruth(t *testing.T) {
	spec := Spec{P: 1, D: 1, Q: 1, SD: 1, SQ: 1, M: 7}
	truth := Coef{AR: []float64{0.6}, MA: []float64{-0.3}, SMA: []float64{-0.7}}
	y := simulate(3000, spec, truth, 1)
	f, err := Fit(context.Background(), y, spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ got, want float64 }{
		{f.Coef.AR[0], 0.6}, {f.Coef.MA[0], -0.3}, {f.Coef.SMA[0], -0.7}, {f.Sigma2, 1},
	} {
		if math.Abs(c.got-c.want) > 0.1 {
			t.Errorf("%v, the series was made with %v", c.got, c.want)
		}
	}
	// ψ weights of the truth: σ_1 = 1 and growing
	s := f.Sigma(14)
	if math.Abs(s[0]-math.Sqrt(f.Sigma2)) > 1e-12 || s[13] < s[6] {
		t.Errorf("spread %v", s)
	}
}
