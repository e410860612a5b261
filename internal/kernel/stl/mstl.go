package stl

import (
	"slices"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// MultiParts are the components of a series with several seasons.
type MultiParts struct {
	Periods          []int       // those used, rising
	Seasons          [][]float64 // by period
	Trend, Remainder []float64
	Weights          []float64
}

// mstlRounds is how often each season is estimated anew without the others.
const mstlRounds = 2

// Multi splits y by its seasons of the given periods. The seasonal windows are 11, 15, 19 … in the
// order of the periods, as in the paper; o.Period and o.Seasonal are not used. Periods
// of which y has less than two seasons are left out; when none remains it fails.
func (w *Workspace) Multi(y []float64, periods []int, o Options) (*MultiParts, error) {
	m := &MultiParts{}
	for _, p := range periods {
		if p >= 2 && 2*p < len(y) {
			m.Periods = append(m.Periods, p)
		}
	}
	slices.Sort(m.Periods)
	m.Periods = slices.Compact(m.Periods)
	if len(m.Periods) == 0 {
		return nil, fault.New(fault.Data, "splitting the seasons %v: %d values are less than two seasons of the shortest", periods, len(y))
	}
	for range m.Periods {
		m.Seasons = append(m.Seasons, make([]float64, len(y)))
	}
	rest := slices.Clone(y)
	var parts Parts
	rounds := mstlRounds
	if len(m.Periods) == 1 {
		rounds = 1 // nothing to take out: a second round would repeat the first
	}
	for range rounds {
		for i, p := range m.Periods {
			season := m.Seasons[i]
			for t, s := range season {
				rest[t] += s
			}
			o.Period, o.Seasonal = p, 7+4*(i+1)
			if err := w.Decompose(rest, o, &parts); err != nil {
				return nil, err
			}
			copy(season, parts.Season)
			for t, s := range season {
				rest[t] -= s
			}
		}
	}
	m.Trend, m.Weights = parts.Trend, parts.Weights
	m.Remainder = make([]float64, len(y))
	for t, v := range rest {
		m.Remainder[t] = v - m.Trend[t]
	}
	return m, nil
}
