package btyd

import (
	"context"
	"encoding/csv"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// table reads columns of a shared CSV file as numbers, or skips.
func table(t testing.TB, name string, cols ...string) [][]float64 {
	t.Helper()
	dir := os.Getenv("ECOMCTL_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(dir, "data", "cdnow", name))
	if err != nil {
		if os.Getenv("ECOMCTL_REQUIRE_SHARED") != "" {
			t.Fatal(err)
		}
		t.Skip("the shared data are not here: ", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, n := range rows[0] {
		at[n] = i
	}
	var out [][]float64
	for _, r := range rows[1:] {
		v := make([]float64, len(cols))
		for j, c := range cols {
			if v[j], err = strconv.ParseFloat(r[at[c]], 64); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, v)
	}
	return out
}

func cdnow(t testing.TB) []Group {
	var h []History
	for _, r := range table(t, "cdnow_customers_summary.csv", "frequency", "recency", "T") {
		h = append(h, History{r[0], r[1], r[2]})
	}
	return GroupHistories(h)
}

func near(t *testing.T, what string, got, want, rel float64) {
	t.Helper()
	if !(math.Abs(got-want) <= rel*math.Abs(want)) {
		t.Errorf("%s = %.6g, want %.6g within %g", what, got, want, rel)
	}
}

// TestBGNBDPublished: Fader, Hardie & Lee (2005), Table 2: r .243, α 4.414, a .793,
// b 2.426, LL −9582.4 on the 39-week CDNOW sample.
func TestBGNBDPublished(t *testing.T) {
	m, f, err := FitBGNBD(context.Background(), cdnow(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "LL", f.LL, -9582.4256, 1e-7)
	near(t, "r", m.R, 0.24259, 1e-3)
	near(t, "alpha", m.Alpha, 4.41353, 1e-3)
	near(t, "a", m.A, 0.79289, 1e-3)
	near(t, "b", m.B, 2.42575, 1e-3)
	for i, se := range f.SE() {
		if !(se > 0 && se < f.Params[i]) {
			t.Errorf("standard error %d is %g of %g", i, se, f.Params[i])
		}
	}
}

// TestParetoNBDPublished: r .553, α 10.578, s .606, β 11.669, LL −9595.0 on the same sample
// (Fader, Hardie & Lee 2005, Table 2).
func TestParetoNBDPublished(t *testing.T) {
	m, f, err := FitParetoNBD(context.Background(), cdnow(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "LL", f.LL, -9594.9739, 1e-7)
	near(t, "r", m.R, 0.55328, 5e-3)
	near(t, "alpha", m.Alpha, 10.57761, 5e-3)
	near(t, "s", m.S, 0.60621, 5e-3)
	near(t, "beta", m.Beta, 11.66791, 5e-3)
}

// TestGammaGammaPublished: p 6.25, q 3.74, v 15.44 on the 946 repeat customers
// (Fader & Hardie 2013), mean spend 35.08.
func TestGammaGammaPublished(t *testing.T) {
	var s []Spend
	for _, r := range table(t, "cdnow_customers_summary_with_transactions.csv", "x", "zbar") {
		if r[0] > 0 && r[1] > 0 {
			s = append(s, Spend{r[0], r[1], 1})
		}
	}
	if len(s) != 946 {
		t.Fatalf("%d repeat customers", len(s))
	}
	m, _, err := FitGammaGamma(context.Background(), s, 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "p", m.P, 6.24880, 2e-3)
	near(t, "q", m.Q, 3.74459, 2e-3)
	near(t, "v", m.V, 15.44774, 2e-3)
}

// TestPredictions compares with lifetimes 0.11.3 at the published parameters:
// conditional_expected_number_of_purchases_up_to_time(39, x, t_x, T), conditional_probability_alive
// and conditional_expected_average_profit.
func TestPredictions(t *testing.T) {
	bg := BGNBD{0.24259, 4.41353, 0.79289, 2.42575}
	near(t, "BG E(26, 30.86, 31)", bg.Expected(History{26, 30.86, 31}, 39), 20.750536401242037, 1e-9)
	near(t, "BG E(2, 30.43, 38.86)", bg.Expected(History{2, 30.43, 38.86}, 39), 1.2259062937959357, 1e-9)
	near(t, "BG E(0, 0, 38.86)", bg.Expected(History{0, 0, 38.86}, 39), 0.19477846612843658, 1e-9)
	near(t, "BG alive", bg.Alive(History{2, 30.43, 38.86}), 0.72660811, 1e-7)
	pareto := ParetoNBD{0.55328, 10.57761, 0.60621, 11.66791}
	near(t, "Pareto E(2, 30.43, 38.86)", pareto.Expected(History{2, 30.43, 38.86}, 39), 1.4551182097405284, 1e-8)
	near(t, "Pareto alive(2, 30.43, 38.86)", pareto.Alive(History{2, 30.43, 38.86}), 0.8691193713810528, 1e-8)
	near(t, "Pareto E(0, 0, 38.86)", pareto.Expected(History{0, 0, 38.86}, 39), 0.1070611348548998, 1e-8)
	near(t, "Pareto alive(0, 0, 38.86)", pareto.Alive(History{0, 0, 38.86}), 0.29509813758731734, 1e-8)
	gg := GammaGamma{6.2488, 3.74459, 15.44774}
	near(t, "GG(2, 22.35)", gg.Expected(2, 22.35), 24.658609, 1e-7)
	near(t, "GG(1, 11.77)", gg.Expected(1, 11.77), 18.911469, 1e-7)
	near(t, "GG(0)", gg.Expected(0, 0), 35.170950, 1e-7)
}

// TestSlopes compares analytic slopes with central differences.
func TestSlopes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h []History
		for range rapid.IntRange(1, 20).Draw(t, "customers") {
			T := rapid.Float64Range(1, 50).Draw(t, "T")
			x := float64(rapid.IntRange(0, 6).Draw(t, "x"))
			tx := 0.0
			if x > 0 {
				tx = T * rapid.Float64Range(0, 1).Draw(t, "tx")
			}
			h = append(h, History{x, tx, T})
		}
		logp := []float64{rapid.Float64Range(-2, 2).Draw(t, "r"), rapid.Float64Range(-2, 3).Draw(t, "alpha"), rapid.Float64Range(-2, 2).Draw(t, "a"), rapid.Float64Range(-2, 2).Draw(t, "b")}
		l := newBGLikelihood(GroupHistories(h), 1)
		got, want := make([]float64, 4), make([]float64, 4)
		l.value(logp, got)
		slopes(func(x []float64) float64 { return l.value(x, nil) }, logp, want)
		for i := range got {
			if math.Abs(got[i]-want[i]) > 1e-4*(1+math.Abs(want[i])) {
				t.Fatalf("slope %d is %g, by differences %g", i, got[i], want[i])
			}
		}
	})
}

// TestHyp2F1 sums the series exactly in rational numbers.
func TestHyp2F1(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := func(name string, lo, hi int64) (float64, *big.Rat) {
			n := rapid.Int64Range(lo, hi).Draw(t, name)
			return float64(n) / 8, big.NewRat(n, 8)
		}
		a, ra := q("a", 1, 80)
		b, rb := q("b", 1, 80)
		c, rc := q("c", 4, 120)
		z, rz := q("z", 0, 5)
		sum, term := big.NewFloat(1).SetPrec(200), big.NewFloat(1).SetPrec(200)
		f := func(r *big.Rat, n int64) *big.Float {
			return new(big.Float).SetPrec(200).SetRat(new(big.Rat).Add(r, big.NewRat(n, 1)))
		}
		for n := range int64(3000) {
			term.Mul(term, f(ra, n)).Mul(term, f(rb, n)).Mul(term, f(rz, 0))
			term.Quo(term, f(rc, n)).Quo(term, big.NewFloat(float64(n+1)))
			sum.Add(sum, term)
		}
		want, _ := sum.Float64()
		if got := math.Exp(logHyp2f1(a, b, c, z)); math.Abs(got-want) > 1e-10*math.Abs(want) {
			t.Fatalf("F(%g, %g; %g; %g) = %g, want %g", a, b, c, z, got, want)
		}
	})
}

func TestNoRepeatIsSaid(t *testing.T) {
	if _, _, err := FitBGNBD(context.Background(), []Group{{History{0, 0, 10}, 5}}, 1); err == nil {
		t.Error("a fit without repeat orders must be an error")
	}
}

func BenchmarkFitBGNBD(b *testing.B) {
	g := cdnow(b)
	for b.Loop() {
		if _, _, err := FitBGNBD(context.Background(), g, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// TestPredictDiscounts compares the quadrature with a fine sum of discounted pieces.
func TestPredictDiscounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Model(BGNBD{rapid.Float64Range(0.1, 3).Draw(t, "r"), rapid.Float64Range(1, 40).Draw(t, "alpha"), rapid.Float64Range(0.2, 3).Draw(t, "a"), rapid.Float64Range(0.5, 9).Draw(t, "b")})
		if rapid.Bool().Draw(t, "pareto") {
			m = ParetoNBD{rapid.Float64Range(0.1, 3).Draw(t, "r"), rapid.Float64Range(1, 40).Draw(t, "alpha"), rapid.Float64Range(0.2, 3).Draw(t, "s"), rapid.Float64Range(1, 40).Draw(t, "beta")}
		}
		x, T := float64(rapid.IntRange(0, 9).Draw(t, "x")), rapid.Float64Range(0, 100).Draw(t, "T")
		o := Horizon{Span: rapid.Float64Range(1, 160).Draw(t, "span"), Rate: 0.1 / 52, Year: 52}
		got, err := Predict(context.Background(), m, []History{{x, 0, T}}, o, 1)
		if err != nil {
			t.Fatal(err)
		}
		const steps = 4000
		want, before := 0.0, 0.0
		for i := range steps {
			at := o.Span * float64(i+1) / steps
			e := m.Future(x, T, at)
			want += (e - before) * math.Exp(-o.Rate*(at-o.Span/steps/2))
			before = e
		}
		want *= got[0].Alive
		if math.Abs(got[0].Discounted-want) > 1e-5*want || got[0].Discounted > got[0].Orders {
			t.Fatalf("discounted %.10g of %g, want %.10g", got[0].Discounted, got[0].Orders, want)
		}
	})
}

// TestLargeFitsAgree: the fit that begins with a sample ends where the plain one does.
func TestLargeFitsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h []History
	var s []Spend
	for range 90_000 {
		T := 10 + 90*r.Float64()
		c := History{T: T}
		rate, leave := r.ExpFloat64()/10, r.Float64()/2
		for at := r.ExpFloat64() / rate; at <= T; at += r.ExpFloat64() / rate {
			c.X, c.TX = c.X+1, at
			if r.Float64() < leave {
				break
			}
		}
		h = append(h, c)
		x := c.X + 1
		nu := distuv.Gamma{Alpha: 3.7, Beta: 15, Src: r}.Rand()
		s = append(s, Spend{x, distuv.Gamma{Alpha: 6.2 * x, Beta: nu * x, Src: r}.Rand(), 1})
	}
	g := GroupHistories(h)
	n, meanT, _ := totals(g)
	plain, err := maximise(context.Background(), problem{name: "BG/NBD", dim: 4, customers: n, value: newBGLikelihood(g, 2).value, starts: [][]float64{{1, meanT, 1, 1}}})
	if err != nil {
		t.Fatal(err)
	}
	_, f, err := FitBGNBD(context.Background(), g, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(g) < 4*sampleTerms {
		t.Fatalf("%d groups are too few to be sampled", len(g))
	}
	near(t, "LL", f.LL, plain.LL, 1e-10)
	for i := range f.Params {
		near(t, "a parameter of BG/NBD", f.Params[i], plain.Params[i], 1e-4)
	}
	plain, err = maximise(context.Background(), problem{name: "Gamma–Gamma", dim: 3, customers: n, value: newGGLikelihood(s, 2).value, starts: [][]float64{{1, 2, 30}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, f, err = FitGammaGamma(context.Background(), s, 2); err != nil {
		t.Fatal(err)
	}
	near(t, "LL", f.LL, plain.LL, 1e-10)
	for i := range f.Params {
		near(t, "a parameter of Gamma–Gamma", f.Params[i], plain.Params[i], 1e-4)
	}
}
