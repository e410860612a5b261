package analysis

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/btyd"
	"github.com/ecomctl/ecomctl/internal/result"
)

// fitted is what lifetime knows after fitting.
type fitted struct {
	name   string
	names  []string
	orders btyd.Model
	fit    *btyd.Fit
	money  btyd.GammaGamma
	spend  *btyd.Fit // nil when no customer has repeat money, all have the same, or no model fits it
	spends int
	// constant is the mean money of every customer's order day where all are the same; else NaN.
	constant float64
	noMoney  error // why no model fits the money
}

// constantMoney returns the money that all customers share, NaN when they differ: a
// model of differences has nothing to learn from it.
func constantMoney(s []btyd.Spend) float64 {
	for _, c := range s {
		if math.Abs(c.Z-s[0].Z) > 1e-9*s[0].Z {
			return math.NaN()
		}
	}
	if len(s) == 0 {
		return math.NaN()
	}
	return s[0].Z
}

// orderMoney returns the money expected of an order day of a customer of x repeat days of mean z (NaN
// = none), NaN when it cannot be told.
func (f *fitted) orderMoney(x, z float64) float64 {
	switch {
	case f.spend == nil:
		return f.constant
	case math.IsNaN(z):
		z = 0
	}
	return f.money.Expected(x, z)
}

func fitLifetime(ctx context.Context, b *buyers, o lifetimeOptions, threads int) (*fitted, error) {
	groups := btyd.GroupHistories(b.history)
	f := &fitted{name: "bgnbd", names: []string{"r", "alpha", "a", "b"}}
	var err error
	if o.pareto {
		f.name, f.names = "pareto", []string{"r", "alpha", "s", "beta"}
		f.orders, f.fit, err = fitted2(btyd.FitParetoNBD(ctx, groups, threads))
	} else {
		f.orders, f.fit, err = fitted2(btyd.FitBGNBD(ctx, groups, threads))
	}
	if err != nil {
		return nil, err
	}
	var s []btyd.Spend
	for i, z := range b.monetary {
		if z > 0 {
			s = append(s, btyd.Spend{X: b.history[i].X, Z: z, N: 1})
		}
	}
	f.spends = len(s)
	f.constant = constantMoney(s)
	if len(s) == 0 || !math.IsNaN(f.constant) {
		return f, nil
	}
	f.money, f.spend, err = btyd.FitGammaGamma(ctx, s, threads)
	if fault.KindOf(err) == fault.Input { // the orders can be told all the same
		f.spend, f.noMoney = nil, err
	} else if err != nil {
		return nil, err
	}
	return f, nil
}

// fitted2 gives a concrete model as the interface.
func fitted2[M btyd.Model](m M, f *btyd.Fit, err error) (btyd.Model, *btyd.Fit, error) {
	return m, f, err
}

// notes say what the models were fitted on.
func (f *fitted) notes(b *buyers, o lifetimeOptions) []string {
	repeat := 0
	for _, h := range b.history {
		if h.X > 0 {
			repeat++
		}
	}
	notes := []string{fmt.Sprintf("%s on %d customers (%d with a repeat order day) up to %s: log-likelihood %.4f", f.name, len(b.idx), repeat, dateText(o.end), f.fit.LL)}
	if slices.ContainsFunc(f.fit.SE(), math.IsNaN) {
		notes = append(notes, fmt.Sprintf("%s has no standard errors: the data do not tell its parameters, and p_alive near 1 for everybody means only that nobody was seen to leave", f.name))
	}
	switch {
	case f.spends == 0:
		return append(notes, "no repeat order day has money: clv cannot be told")
	case !math.IsNaN(f.constant):
		return append(notes, fmt.Sprintf("the mean money of a repeat order day is %.4f with every customer: clv takes it for all", f.constant))
	case f.spend == nil:
		return append(notes, fmt.Sprintf("%v: clv cannot be told", f.noMoney))
	}
	notes = append(notes, fmt.Sprintf("gamma_gamma on %d customers with repeat money: log-likelihood %.4f", f.spends, f.spend.LL))
	if f.money.Q <= 1 {
		notes = append(notes, fmt.Sprintf("gamma_gamma: q = %.3g ≤ 1, so the population has no mean: clv of customers without repeat money is null", f.money.Q))
	}
	return notes
}

// table lists the fitted parameters.
func (f *fitted) table(customers int) *result.Table {
	cols := newColumns(paramSpecs, 10)
	add := func(model, name string, v, se float64) {
		result.AppendText(&cols[0], model)
		result.AppendText(&cols[1], name)
		result.AppendFloat(&cols[2], v)
		appendFloatOrNull(&cols[3], se)
	}
	list := func(model string, names []string, fit *btyd.Fit, n int) {
		se := fit.SE()
		for i, name := range names {
			add(model, name, fit.Params[i], se[i])
		}
		add(model, "log_likelihood", fit.LL, math.NaN())
		add(model, "customers", float64(n), math.NaN())
	}
	list(f.name, f.names, f.fit, customers)
	if f.spend != nil {
		list("gamma_gamma", []string{"p", "q", "v"}, f.spend, f.spends)
	}
	return tableOf("lifetime_params", paramSpecs, cols)
}
