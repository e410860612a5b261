package forecast

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// crostonModel is the family for intermittent demand: sizes and gaps (or chances) smoothed apart.
type crostonModel struct {
	name string
	kind crostonKind
}

type crostonKind uint8

const (
	crostonClassic crostonKind = iota
	crostonSBA
	crostonTSB
)

// Croston smooths the sizes of demands and the gaps between them (Croston, Operational Research
// Quarterly 23, 1972).
func Croston() Model { return crostonModel{"croston", crostonClassic} }

// SBA is Croston's method times 1 − α/2, which takes out most of its bias (Syntetos & Boylan, Int.
// J. Forecasting 21, 2005).
func SBA() Model { return crostonModel{"sba", crostonSBA} }

// TSB smooths the chance of a demand in every step, so that a dying product's forecast fades
// (Teunter, Syntetos & Babai, European J. of Operational Research 214, 2011).
func TSB() Model { return crostonModel{"tsb", crostonTSB} }

// rareShare is the share of zeros from which demand is called intermittent.
const rareShare = 0.3

// rare reports whether a series is intermittent demand.
func rare(y []float64) bool {
	zeros, known := 0, 0
	for _, v := range y {
		switch {
		case v < 0:
			return false
		case v == 0:
			zeros++
		}
		if v == v {
			known++
		}
	}
	return zeros < known && float64(zeros) >= rareShare*float64(known)
}

// onlyRare is a model for intermittent demand alone.
type onlyRare struct{ Model }

// OnlyIntermittent makes a model refuse series whose values are not to 30 % or more 0.
func OnlyIntermittent(m Model) Model { return onlyRare{m} }

// Fit implements Model.
func (o onlyRare) Fit(ctx context.Context, y []float64, season int) (Fitted, error) {
	if !rare(y) {
		return nil, fault.New(fault.Data, "fitting %s: the demand is not intermittent", o.Name())
	}
	return o.Model.Fit(ctx, y, season)
}

// Name implements Model.
func (m crostonModel) Name() string { return m.name }

// crostonAlphas are the tried smoothing parameters; demands that come seldom bear no finer choice
// and no large value.
var crostonAlphas = []float64{0.05, 0.1, 0.15, 0.2, 0.3}

// Fit implements Model: the smoothing parameters of least squared error of the one-step forecasts.
func (m crostonModel) Fit(ctx context.Context, y []float64, _ int) (Fitted, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	known, demands := 0, 0
	for _, v := range y {
		if v < 0 {
			return nil, fault.New(fault.Data, "fitting %s: demand below 0", m.name)
		}
		if v == v {
			known++
		}
		if v > 0 {
			demands++
		}
	}
	if known == 0 {
		return nil, fault.New(fault.Data, "fitting %s: the series has no value", m.name)
	}
	best := math.Inf(1)
	fitted := make([]float64, len(y))
	var f *simpleFit
	betas := crostonAlphas
	if m.kind != crostonTSB {
		betas = betas[:1]
	}
	for _, a := range crostonAlphas {
		for _, b := range betas {
			point := m.smooth(y, fitted, a, b)
			s := residualRMS(y, fitted, 1)
			if s < best || f == nil {
				best = s
				f = &simpleFit{
					name:   m.name,
					fitted: append([]float64(nil), fitted...),
					params: []Param{{"alpha", a}},
					point:  func(int) float64 { return point },
					sigma:  func(int) float64 { return s },
				}
				if m.kind == crostonTSB {
					f.params = append(f.params, Param{"beta", b})
				}
			}
		}
	}
	if demands == 0 {
		f.sigma = func(int) float64 { return 0 }
	}
	return f, nil
}

// smooth fills the one-step forecasts and returns the one after the end. Before the first demand the
// forecast is 0.
func (m crostonModel) smooth(y, fitted []float64, alpha, beta float64) float64 {
	size, gap, chance := 0.0, 0.0, 0.0
	since, seen := 1.0, false
	now := 0.0
	for t, v := range y {
		fitted[t] = now
		if v != v {
			continue
		}
		switch {
		case v > 0 && !seen:
			seen = true
			size, gap, chance = v, since, 1/since
			since = 1
		case v > 0:
			size += alpha * (v - size)
			gap += alpha * (since - gap)
			chance += beta * (1 - chance)
			since = 1
		default:
			since++
			chance -= beta * chance
		}
		if !seen {
			continue
		}
		switch m.kind {
		case crostonTSB:
			now = chance * size
		case crostonSBA:
			now = (1 - alpha/2) * size / gap
		default:
			now = size / gap
		}
	}
	return now
}
