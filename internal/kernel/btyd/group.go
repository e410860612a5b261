package btyd

import (
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
	count := map[float64]int{}
	for i := range h {
		count[h[i].X]++
	}
	xs := slices.Sorted(maps.Keys(count))
	place := make(map[float64]int, len(xs)) // where the next history of an x goes
	at := 0
	for _, x := range xs {
		place[x] = at
		at += count[x]
	}
	all := make([]times, len(h))
	for i := range h {
		k := place[h[i].X]
		place[h[i].X] = k + 1
		all[k] = times{h[i].TX, h[i].T}
	}
	g := make([]Group, 0, len(h))
	for _, x := range xs {
		s := all[place[x]-count[x] : place[x]]
		slices.SortFunc(s, func(a, b times) int {
			switch {
			case a.tx < b.tx:
				return -1
			case a.tx > b.tx:
				return 1
			case a.t < b.t:
				return -1
			case a.t > b.t:
				return 1
			}
			return 0
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
