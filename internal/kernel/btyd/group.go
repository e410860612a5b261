package btyd

import (
	"cmp"
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
	sorted := slices.Clone(h)
	slices.SortFunc(sorted, compare)
	var g []Group
	for _, x := range sorted {
		if len(g) > 0 && g[len(g)-1].History == x {
			g[len(g)-1].N++
		} else {
			g = append(g, Group{x, 1})
		}
	}
	return g
}

func compare(a, b History) int {
	if c := cmp.Compare(a.X, b.X); c != 0 {
		return c
	}
	if c := cmp.Compare(a.TX, b.TX); c != 0 {
		return c
	}
	return cmp.Compare(a.T, b.T)
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
