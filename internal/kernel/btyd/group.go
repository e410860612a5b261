package btyd

import (
	"cmp"
	"maps"
	"slices"
)

// History is what is known of a customer: X repeat order days, the last of them TX
// after the first order, observed for T. 0 ≤ TX ≤ T; TX = 0 when X = 0.
type History struct{ X, TX, T float64 }

// Group is a history shared by N customers.
type Group struct {
	History
	N float64
}

// GroupHistories counts equal histories. Groups come sorted by X, TX, T.
func GroupHistories(h []History) []Group {
	type times struct{ tx, t float64 }
	byX := map[float64][]times{}
	for _, c := range h {
		byX[c.X] = append(byX[c.X], times{c.TX, c.T})
	}
	var g []Group
	for _, x := range slices.Sorted(maps.Keys(byX)) {
		s := byX[x]
		slices.SortFunc(s, func(a, b times) int {
			if a.tx != b.tx {
				return cmp.Compare(a.tx, b.tx)
			}
			return cmp.Compare(a.t, b.t)
		})
		first := len(g)
		for _, c := range s {
			if n := len(g); n > first && g[n-1].TX == c.tx && g[n-1].T == c.t {
				g[n-1].N++
			} else {
				g = append(g, Group{History{x, c.tx, c.t}, 1})
			}
		}
	}
	return g
}

// everyNth returns a part of many terms, evenly over their order, and nil of few.
func everyNth[T any](all []T) []T {
	if len(all) < 4*sampleTerms {
		return nil
	}
	var part []T
	for i := range sampleTerms {
		part = append(part, all[i*len(all)/sampleTerms])
	}
	return part
}

// valid reports the first history that cannot be.
func valid(g []Group) (History, bool) {
	for _, x := range g {
		if !(x.X >= 0 && x.TX >= 0 && x.TX <= x.T && x.N > 0) || (x.X == 0 && x.TX != 0) {
			return x.History, false
		}
	}
	return History{}, true
}
