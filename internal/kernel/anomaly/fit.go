package anomaly

import (
	"math"
)

// Grids of the smoothing weights that are tried.
var (
	alphas = []float64{0.01, 0.03, 0.1, 0.25, 0.5, 0.8, 1}
	gammas = []float64{0.02, 0.07, 0.2}
)

// fitBaseline chooses transform, seasonal profiles and weights for a history (raw
// values, NaN = gap, the first at step first) by the robust scale of one-step errors behind the
// stretch that starts the state, compared between transforms as Box & Cox do. It returns
// the baseline in its state after the history and the standardised one-step errors.
func fitBaseline(first int64, history []float64, periods []int, floor floors) (*baseline, []float64) {
	seen := make([]float64, 0, len(history))
	for _, y := range history {
		if y == y {
			seen = append(seen, y)
		}
	}
	f := &fitter{first: first, history: history, floor: floor}
	best := candidate{cost: math.Inf(1)}
	for _, pow := range powers(seen) {
		f.transform(pow)
		for _, set := range subsets(periods, len(history)) {
			best = f.better(best, candidate{pow: pow, periods: set, alpha: 0.1, gamma: 0.1})
			best = f.better(best, candidate{pow: pow, periods: set, alpha: 0.6, gamma: 0.1})
		}
	}
	f.transform(best.pow)
	for _, a := range alphas {
		c := best
		c.alpha = a
		best = f.better(best, c)
	}
	if len(best.periods) > 0 {
		for _, g := range gammas {
			c := best
			c.gamma = g
			best = f.better(best, c)
		}
	}
	return f.finish(best)
}

// likes is the advantage in cost that a transform needs over the logarithm, where that is
// possible: what sells multiplies.
var likes = map[float64]float64{0: 0, 0.5: 0.03, 1: 0.06}

// candidate is one choice of a fit with its cost: the logarithm of the scale of its errors.
type candidate struct {
	pow          power
	periods      []int
	alpha, gamma float64
	cost         float64
}

// fitter tries candidates on one history.
type fitter struct {
	first   int64
	history []float64
	pow     power
	g       []float64 // transformed
	slope   float64   // mean logSlope
	errs    []float64
	floor   floors
}

// floors bound scales from below, on the raw scale.
type floors struct {
	size float64 // mean absolute value
	any  float64 // a ten-thousandth of it: a constant series has a scale
	// noise is leastStep of the median step from one value to the next, or to the same place of the next season, whichever is
	// less, and at least any: noise makes larger errors than that, a straight line does not.
	noise float64
}

// leastStep is less than the scale of errors in units of the median step where there is noise: that is .95 standard deviations of
// independent errors.
const leastStep = 0.5

// floorsOf looks at a history. Before three cycles of a season the steps do not tell noise from season.
func floorsOf(y []float64, periods []int) floors {
	f, n := floors{}, 0
	for _, v := range y {
		if v == v {
			f.size += math.Abs(v)
			n++
		}
	}
	if f.size == 0 {
		return floors{any: 1e-9, noise: 1e-9}
	}
	f.size /= float64(n)
	f.any = 1e-4 * f.size
	step := medianStep(y, 1)
	for _, m := range periods {
		if m > 1 && len(y) < 3*m {
			step = 0
			break
		}
		step = math.Min(step, medianStep(y, m))
	}
	f.noise = math.Max(f.any, leastStep*step)
	return f
}

// medianStep returns the median distance of values a lag apart; 0 without any.
func medianStep(y []float64, lag int) float64 {
	d := make([]float64, 0, len(y))
	for i := lag; i < len(y); i++ {
		if s := math.Abs(y[i] - y[i-lag]); s == s {
			d = append(d, s)
		}
	}
	if len(d) == 0 {
		return 0
	}
	return medianOf(d)
}

func (f *fitter) transform(p power) {
	f.pow, f.slope = p, 0
	f.g = make([]float64, len(f.history))
	n := 0
	for i, y := range f.history {
		f.g[i] = y
		if y == y {
			f.g[i] = p.apply(y)
			f.slope += p.logSlope(y)
			n++
		}
	}
	f.slope /= float64(max(n, 1))
}

// warm is the number of points that start the state: two cycles of the longest period, or
// as many as a quarter of the history.
func warm(periods []int, n int) int {
	w := max(6, n/4)
	if len(periods) > 0 {
		m := periods[len(periods)-1]
		w = max(2*m, w/m*m)
	}
	return min(w, n)
}

// warmLeast is the number of values, gaps apart, that start a state at least.
const warmLeast = 6

// warm is the length of the stretch that starts the state: longer where gaps leave too few values in it.
func (f *fitter) warm(periods []int) int {
	w, known := warm(periods, len(f.g)), 0
	for _, x := range f.g[:w] {
		if x == x {
			known++
		}
	}
	for ; known < warmLeast && w < len(f.g); w++ {
		if f.g[w] == f.g[w] {
			known++
		}
	}
	return w
}

// run replays one candidate and returns the baseline after it.
func (f *fitter) run(c *candidate) *baseline {
	b := &baseline{pow: c.pow, alpha: c.alpha, gamma: c.gamma, periods: c.periods}
	b.floor = f.floor.any * math.Exp(f.slope)
	w := f.warm(c.periods)
	b.start(f.first, f.g[:w])
	var own []float64
	for i, x := range f.g[:w] {
		if x == x {
			own = append(own, x-b.expect(f.first+int64(i)))
		}
	}
	b.scale = math.Max(b.floor, spread(own))
	f.errs = b.replay(f.first, f.g, w, f.errs)
	return b
}

// better returns the cheaper of best and c.
func (f *fitter) better(best, c candidate) candidate {
	f.run(&c)
	if len(f.errs) < 4 {
		return fallback(best, c)
	}
	c.cost = math.Log(spread(f.errs)+f.floor.any*math.Exp(f.slope)) - f.slope + likes[c.pow.exponent]
	if c.cost < best.cost-0.01 { // a tie keeps the simpler one, which comes first
		return c
	}
	return best
}

// fallback takes the first candidate where nothing can be compared.
func fallback(best, c candidate) candidate {
	if math.IsInf(best.cost, 1) && best.alpha == 0 {
		return c
	}
	return best
}

// finish returns the chosen baseline, its profiles started from the whole history and its
// scale from errors that it did not see.
func (f *fitter) finish(c candidate) (*baseline, []float64) {
	b := f.run(&c)
	b.floor = math.Max(b.floor, f.floor.noise*math.Exp(c.pow.logSlope(f.floor.size)))
	scale := math.Max(b.floor, spread(append([]float64(nil), f.errs...)))
	w := f.warm(c.periods)
	var factor []float64
	if len(c.periods) > 0 {
		factor = phaseFactors(f.first+int64(w), c.periods[0], f.g[w:], f.errs, scale)
	}
	z := make([]float64, 0, len(f.errs))
	k := 0
	for i, x := range f.g[w:] {
		if x != x {
			continue
		}
		s := scale
		if factor != nil {
			s *= factor[phase(f.first+int64(w+i), c.periods[0])]
		}
		z = append(z, f.errs[k]/math.Max(s, b.floor))
		k++
	}
	if len(c.periods) > 0 && len(z) > 0 {
		b.start(f.first, f.g)
		b.scale = scale
		b.replay(f.first, f.g, len(f.g), nil)
	}
	b.factor = factor
	b.scale = scale
	return b, z
}

// phaseFactors returns the scale of the errors of each phase relative to that of all,
// drawn towards 1 as by ten errors of the common scale; nil where the errors are few.
func phaseFactors(first int64, period int, g, errs []float64, scale float64) []float64 {
	if len(errs) < 6*period || scale <= 0 {
		return nil
	}
	by := make([][]float64, period)
	k := 0
	for i, x := range g {
		if x != x {
			continue
		}
		p := phase(first+int64(i), period)
		by[p] = append(by[p], errs[k])
		k++
	}
	f := make([]float64, period)
	for p, v := range by {
		n := float64(len(v))
		s := spread(v) / scale
		f[p] = math.Sqrt((n*s*s + 10) / (n + 10))
	}
	return f
}

// subsets lists the sets of periods that a history of n points can start and test: three
// cycles at least.
func subsets(periods []int, n int) [][]int {
	var can []int
	for _, m := range periods {
		if m > 1 && n >= 3*m {
			can = append(can, m)
		}
	}
	sets := [][]int{nil}
	for _, m := range can {
		sets = append(sets, []int{m})
	}
	if len(can) > 1 {
		sets = append(sets, can)
	}
	return sets
}
