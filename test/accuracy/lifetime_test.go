package accuracy_test

import (
	"math"
	"testing"

	"github.com/ecomctl/ecomctl/test/accuracy/table"
	"github.com/ecomctl/ecomctl/test/harness"
)

const (
	cdnowSample = "data/cdnow/CDNOW_sample.txt"
	cdnowEnd    = "1997-09-30" // the end of the 39 weeks that the papers calibrate on
)

// TestLifetime fits the CDNOW sample as the papers do: Fader, Hardie & Lee (2005), Table 2, with
// the digits of log-likelihood that a fit by maximum likelihood on the very same histories
// has; Fader & Hardie (2013) for Gamma–Gamma.
func TestLifetime(t *testing.T) {
	file := harness.Shared(t, cdnowSample)
	var rows [][]string
	for _, m := range []struct {
		model, part, name string
		ll                float64 // NaN: none published
		want              [][2]any
	}{
		{"bgnbd", "bgnbd", "BG/NBD", -9582.43, [][2]any{{"r", 0.243}, {"alpha", 4.414}, {"a", 0.793}, {"b", 2.426}}},
		{"pareto", "pareto", "Pareto/NBD", -9594.97, [][2]any{{"r", 0.553}, {"alpha", 10.578}, {"s", 0.606}, {"beta", 11.669}}},
		{"bgnbd", "gamma_gamma", "Gamma–Gamma", math.NaN(), [][2]any{{"p", 6.249}, {"q", 3.745}, {"v", 15.448}}},
	} {
		a := ask(t, "lifetime", file, "--preset", "cdnow", "--calibration-end", cdnowEnd, "--model", m.model, "--params")
		got, se := map[string]float64{}, map[string]string{}
		for i := range a.rows {
			if a.text(t, i, "model") == m.part {
				name := a.text(t, i, "parameter")
				got[name] = a.number(t, i, "value")
				if a.text(t, i, "std_error") != "" {
					se[name] = table.Num(a.number(t, i, "std_error"), 3)
				}
			}
		}
		for _, w := range m.want {
			name, want := w[0].(string), w[1].(float64)
			if math.Abs(got[name]-want) > 0.01*want {
				t.Errorf("%s: %s is %g, want %g within 1 %%", m.name, name, got[name], want)
			}
			rows = append(rows, []string{m.name + " " + name, table.Num(want, 3), table.Num(got[name], 3), se[name], "1 %"})
		}
		if !math.IsNaN(m.ll) {
			if got := got["log_likelihood"]; math.Abs(got-m.ll) > 0.01 {
				t.Errorf("%s: log-likelihood %g, want %g within .01", m.name, got, m.ll)
			}
			rows = append(rows, []string{m.name + " log-likelihood", table.Num(m.ll, 2), table.Num(got["log_likelihood"], 2), "", ".01"})
		}
	}
	table.Section(t, "lifetime", []string{"CDNOW sample, 39 weeks", "published", "ecomctl", "standard error", "goal within"}, rows)
}

// TestLifetimeHoldout forecasts the 39 weeks after the calibration for each of the 2,357 customers.
// The peer's errors are those that peers/cdnow_lifetimes.py prints with lifetimes 0.11.3.
func TestLifetimeHoldout(t *testing.T) {
	file := harness.Shared(t, cdnowSample)
	later := map[string]float64{}
	days := ask(t, "query", file, "--preset", "cdnow", "--by", "customer_id,day", "--measure", "lines", "--from", "1997-10-01")
	for i := range days.rows {
		later[days.text(t, i, "customer_id")]++
	}
	var rows [][]string
	for _, m := range []struct {
		model, name string
		mae, rmse   float64
	}{{"bgnbd", "BG/NBD", 0.785454, 1.607982}, {"pareto", "Pareto/NBD", 0.754522, 1.602848}} {
		a := ask(t, "lifetime", file, "--preset", "cdnow", "--calibration-end", cdnowEnd, "--model", m.model, "--horizon", "39w")
		var abs, square, naive, naiveSquare float64
		n := float64(len(a.rows))
		if n != 2357 {
			t.Fatalf("%g customers", n)
		}
		for i := range a.rows {
			came := later[a.text(t, i, "customer_id")]
			d := a.number(t, i, "expected_orders") - came
			abs, square = abs+math.Abs(d), square+d*d
			d = a.number(t, i, "frequency")/a.number(t, i, "age")*39 - came
			naive, naiveSquare = naive+math.Abs(d), naiveSquare+d*d
		}
		mae, rmse := abs/n, math.Sqrt(square/n)
		// equal to the last digit at which two optimisers agree on the parameters
		if mae > m.mae*1.0001 || rmse > m.rmse*1.0001 {
			t.Errorf("%s: mean absolute error %.6f, root mean square error %.6f; lifetimes has %.6f and %.6f", m.name, mae, rmse, m.mae, m.rmse)
		}
		rows = append(rows,
			[]string{m.name + ", mean absolute error", table.Num(m.mae, 4), table.Num(mae, 4), table.Num(naive/n, 4)},
			[]string{m.name + ", root mean square error", table.Num(m.rmse, 4), table.Num(rmse, 4), table.Num(math.Sqrt(naiveSquare/n), 4)})
	}
	table.Section(t, "lifetime-holdout", []string{"order days in the 39 weeks after, by customer", "lifetimes 0.11.3", "ecomctl", "going on at the past rate"}, rows)
}
