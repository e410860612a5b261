package local

import (
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
)

// quantile computes type 7 quantiles (Hyndman & Fan 1996, definition 7).
func (r *results) quantile(mp *measurePlan, m *groupMap) frameColumn {
	a := r.accs[mp.unit].(*quantileAcc)
	to := m.index()
	start := make([]int, m.n+1)
	for _, g := range a.gid {
		if f := to.get(g); f > 0 {
			start[f]++
		}
	}
	for f := range m.n {
		start[f+1] += start[f]
	}
	vals := make([]int64, start[m.n])
	at := slices.Clone(start)
	for i, g := range a.gid {
		if f := to.get(g); f > 0 {
			vals[at[f-1]] = a.val[i]
			at[f-1]++
		}
	}
	out := make([]float64, m.n)
	for f := range out {
		if own := vals[start[f]:start[f+1]]; len(own) > 0 {
			out[f] = quantileOf(own, mp.m.P, mp.in)
		}
	}
	return floatColumn(out, func(f int) bool { return start[f+1] > start[f] })
}

// quantileOf sorts vals and interpolates between the two neighbours of
// (n − 1)·p.
func quantileOf(vals []int64, p float64, typ expr.Type) float64 {
	slices.Sort(vals)
	get := func(i int) float64 {
		switch typ {
		case expr.Float:
			return unsortable(vals[i])
		case expr.Money:
			return float64(vals[i]) / moneyUnits
		}
		return float64(vals[i])
	}
	h := float64(len(vals)-1) * p
	lo := int(math.Floor(h))
	hi := min(lo+1, len(vals)-1)
	a, b := get(lo), get(hi)
	if a == b || h == float64(lo) {
		return a
	}
	return a + (h-float64(lo))*(b-a)
}
