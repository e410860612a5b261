package analysis

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/result"
)

// scaleColumns transforms number columns in place; ids, dates and texts stay.
func scaleColumns(t *result.Table, how string) {
	if how == "" || how == "none" {
		return
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Name == "customer_id" || (c.Type != expr.Int && c.Type != expr.Float && c.Type != expr.Money) {
			continue
		}
		out := result.NewData(expr.Float, t.N)
		mean, sd := moments(c, t.N)
		for r := range t.N {
			switch v := 0.0; {
			case c.Data.IsNull(r):
				result.AppendNull(&out)
			case how == "log":
				v = number(c, r)
				result.AppendFloat(&out, math.Copysign(math.Log1p(math.Abs(v)), v))
			case sd == 0:
				result.AppendFloat(&out, 0)
			default:
				result.AppendFloat(&out, (number(c, r)-mean)/sd)
			}
		}
		c.Type, c.Data = expr.Float, out
		c.Desc += " (" + how + ")"
	}
}

// number returns a number cell; money in whole units.
func number(c *result.Column, r int) float64 {
	switch c.Type {
	case expr.Float:
		return c.Data.F64[r]
	case expr.Money:
		return float64(c.Data.I64[r]) / 1e4
	}
	return float64(c.Data.I64[r])
}

// moments returns mean and standard deviation (population) of the known values.
func moments(c *result.Column, n int) (mean, sd float64) {
	k := 0.0
	m2 := 0.0
	for r := range n { // Welford (1962): one pass, no cancellation
		if c.Data.IsNull(r) {
			continue
		}
		k++
		v := number(c, r)
		d := v - mean
		mean += d / k
		m2 += d * (v - mean)
	}
	if k == 0 {
		return 0, 0
	}
	return mean, math.Sqrt(m2 / k)
}
