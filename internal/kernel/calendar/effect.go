package calendar

import (
	"cmp"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/kernel/stl"
)

// Event is one occurrence of something that moves sales. Occurrences of equal Name are of one kind.
type Event struct {
	Name          string
	Day           int64 // days since 1970-01-01
	Before, After int   // days around it that it may move, too
}

// Effect is what events do to a series.
type Effect struct {
	// Past and Future are factors of the values, 1 on days that no kept event moves; a
	// model sees value / Past.
	Past, Future []float64
	// Base holds, for days whose factor is near 0 (closed), what a usual day would have had;
	// NaN elsewhere.
	Base []float64
	Used []Use
}

// Use is an event that was kept.
type Use struct {
	Name        string
	Occurrences int     // in the history
	Days        int     // offsets that are moved
	Peak        float64 // the strongest of them, as a ratio less 1
}

// Bounds of the estimate.
const (
	week         = 7
	leastDays    = 8 * week // of history
	nearZero     = 0.2      // a factor below it means closed: the value tells nothing of the base
	mostRatio    = 50
	usualSpreads = 2 // effects within so many spreads of usual days are noise
	strongSpread = 5 // an effect seen once must be over so many, and
	strongSpots  = 3 // so many others of that strength must have been seen again
)

// spot is a day near an event.
type spot struct{ kind, offset int }

// spots marks the days [first, first+n) near events: the nearest event wins, then the earlier in the
// list of names.
func spots(first int64, n int, events []Event) (at map[int64]spot, names []string) {
	at = map[int64]spot{}
	index := map[string]int{}
	for _, e := range events {
		k, ok := index[e.Name]
		if !ok {
			k = len(names)
			index[e.Name] = k
			names = append(names, e.Name)
		}
		for o := -e.Before; o <= e.After; o++ {
			day := e.Day + int64(o)
			if day < first || day >= first+int64(n) {
				continue
			}
			old, taken := at[day]
			if !taken || abs(o) < abs(old.offset) || abs(o) == abs(old.offset) && k < old.kind {
				at[day] = spot{k, o}
			}
		}
	}
	return at, names
}

// Spot is a day near an event: Offset days after it.
type Spot struct {
	Name   string
	Offset int
}

// Spots marks the days [first, first+n) near events. Where several claim a day, the nearest has it, then the
// one whose kind was named first.
func Spots(first int64, n int, events []Event) map[int64]Spot {
	at, names := spots(first, n, events)
	out := make(map[int64]Spot, len(at))
	for day, s := range at {
		out[day] = Spot{names[s.kind], s.offset}
	}
	return out
}

func abs(i int) int {
	if i < 0 {
		return -i
	}
	return i
}

// Estimate tells what events do to the daily series y that starts on day first, and to the ahead days
// after it. NaN is missing. It returns nil when no event is kept.
func Estimate(y []float64, first int64, ahead int, events []Event) *Effect {
	if len(y) < leastDays || len(events) == 0 {
		return nil
	}
	at, names := spots(first, len(y)+ahead, events)
	base, spread := baseline(y, first, at)
	if base == nil {
		return nil
	}
	seen := map[spot][]float64{} // ratios less 1, in order of time
	for t, v := range y {
		s, near := at[first+int64(t)]
		if near && v == v && base[t] > 0 {
			seen[s] = append(seen[s], math.Min(v/base[t], mostRatio)-1)
		}
	}
	kept, used := keep(seen, names, spread)
	if len(used) == 0 {
		return nil
	}
	e := &Effect{Past: make([]float64, len(y)), Future: make([]float64, ahead), Base: make([]float64, len(y)), Used: used}
	factor := func(day int64) float64 {
		if s, ok := at[day]; ok {
			if v, ok := kept[s]; ok {
				return math.Max(0, 1+v)
			}
		}
		return 1
	}
	for t := range e.Past {
		e.Past[t], e.Base[t] = factor(first+int64(t)), math.NaN()
		if e.Past[t] < nearZero {
			e.Base[t] = base[t]
		}
	}
	for j := range e.Future {
		e.Future[j] = factor(first + int64(len(y)+j))
	}
	return e
}

// probeEvery: so often a usual day is left out, too, when the base is made: what it is off there tells
// how far off the base is on days near events, which it does not see either.
const probeEvery = 10

// baseline is trend and weekly season without the days near events, and the spread of the ratio of usual
// days to it; nil where the series has no level.
func baseline(y []float64, first int64, at map[int64]spot) (base []float64, spread float64) {
	seen := slices.Clone(y)
	var probes []int
	usual, known := 0, 0
	for t, v := range y {
		if _, near := at[first+int64(t)]; near {
			seen[t] = math.NaN()
		} else if v == v {
			if usual++; usual%probeEvery == 0 {
				probes = append(probes, t)
				seen[t] = math.NaN()
			}
		}
		if seen[t] == seen[t] {
			known++
		}
	}
	if 2*known < len(y) {
		return nil, 0 // events everywhere: nothing is usual
	}
	full, _ := stl.FillSeasonal(seen, week)
	parts, err := stl.Decompose(full, stl.Options{Period: week, Robust: true})
	if err != nil {
		return nil, 0
	}
	base = parts.Trend
	for t := range base {
		base[t] += parts.Season[t]
	}
	var off []float64
	for _, t := range probes {
		if base[t] > 0 {
			off = append(off, math.Abs(y[t]/base[t]-1))
		}
	}
	if len(off) < 3 || 2*len(off) < len(probes) {
		return nil, 0
	}
	slices.Sort(off)
	return base, 1.4826 * off[len(off)/2]
}

// keep tests the effects on the history and returns those that help, by spot, and the events they are of.
func keep(seen map[spot][]float64, names []string, spread float64) (kept map[spot]float64, used []Use) {
	kept = map[spot]float64{}
	uses := make([]Use, len(names))
	again := persistence(seen, spread)
	for s, x := range seen {
		v, ok := tested(x, spread)
		if len(x) == 1 && math.Abs(x[0]) > strongSpread*spread {
			v, ok = again*x[0], again > 0
		}
		if !ok {
			continue
		}
		kept[s] = v
		u := &uses[s.kind]
		u.Days++
		u.Occurrences = max(u.Occurrences, len(x))
		if math.Abs(v) > math.Abs(u.Peak) || math.Abs(v) == math.Abs(u.Peak) && v > u.Peak {
			u.Peak = v
		}
	}
	for k, u := range uses {
		if u.Days > 0 {
			u.Name = names[k]
			used = append(used, u)
		}
	}
	return kept, used
}

// tested is the effect of a spot seen at least twice, and whether it helps: its noise is passed, and estimated from what
// came before, it came nearer to what came later than nothing does.
func tested(x []float64, spread float64) (v float64, ok bool) {
	if len(x) < 2 {
		return 0, false
	}
	gain := 0.0
	for i := 1; i < len(x); i++ {
		gain += math.Abs(x[i]) - math.Abs(x[i]-shrunk(x[:i], spread))
	}
	v = shrunk(x, spread)
	return v, gain > 0 && math.Abs(v) > usualSpreads*spread
}

// persistence is how much of a strong effect comes back the next time, by the regression of second on
// first occurrences through 0 over all spots with both: what an event seen once is worth. It is 0 where too
// few strong effects could come back, at most 1.
func persistence(seen map[spot][]float64, spread float64) float64 {
	var pairs [][2]float64
	for _, x := range seen {
		if len(x) > 1 && math.Abs(x[0]) > strongSpread*spread {
			pairs = append(pairs, [2]float64{x[0], x[1]})
		}
	}
	if len(pairs) < strongSpots {
		return 0
	}
	slices.SortFunc(pairs, func(a, b [2]float64) int { // sums must not depend on the map's order
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	var cross, square float64
	for _, p := range pairs {
		cross += p[0] * p[1]
		square += p[0] * p[0]
	}
	return math.Min(1, math.Max(0, cross/square))
}

// shrunk is the mean of x drawn towards 0 by its noise.
func shrunk(x []float64, spread float64) float64 {
	mean := 0.0
	for _, v := range x {
		mean += v
	}
	n := float64(len(x))
	mean /= n
	if mean == 0 {
		return 0
	}
	return mean * math.Max(0, 1-spread*spread/(n*mean*mean))
}

// Usual returns y as it would have been without the events: what a model fits.
func (e *Effect) Usual(y []float64) []float64 {
	out := make([]float64, len(y))
	for t, v := range y {
		switch {
		case v != v || e.Past[t] == 1:
			out[t] = v
		case e.Past[t] < nearZero:
			out[t] = e.Base[t]
		default:
			out[t] = v / e.Past[t]
		}
	}
	return out
}
