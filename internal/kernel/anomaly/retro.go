package anomaly

import (
	"context"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/kernel/pelt"
	"github.com/ecomctl/ecomctl/internal/kernel/stl"
)

// Limits of Retrospective.
const (
	changeSteps = 4000 // places for changes of level
	changeSize  = 3.0  // standard deviations of the remainder that a change of level has at least
)

// Retrospective judges whole series at once: robust STL (MSTL for several seasons) on the
// series without its changes of level (PELT), remainder in robust standard deviations of its phase, tails
// fitted to all remainders and pooled over the series. The first point of a new level is a
// Shift. The answer is parallel to the series and their values.
func Retrospective(ctx context.Context, series []Series, o Options, threads int) ([][]Point, error) {
	out := make([][]Point, len(series))
	errs := make([]error, len(series))
	o = New(o).opt
	each(len(series), threads, func(i int) {
		if errs[i] = ctx.Err(); errs[i] == nil {
			out[i], errs[i] = decompose(ctx, series[i], o)
		}
	})
	pool := &Pool{}
	for i := range series {
		if errs[i] != nil {
			return nil, errs[i]
		}
		for _, p := range out[i] {
			if p.Event == nil {
				pool.tails.learn(p.Z)
			}
		}
	}
	each(len(series), threads, func(i int) { judgeAll(out[i], series[i].Y, pool, o.Level) })
	return out, nil
}

// judgeAll turns standardised remainders into probabilities by their own and the pooled tail.
func judgeAll(points []Point, y []float64, pool *Pool, level float64) {
	var own pair
	for _, p := range points {
		if p.Event == nil {
			own.learn(p.Z)
		}
	}
	w := own.trust()
	for i := range points {
		p := &points[i]
		if p.Z != p.Z {
			p.P, p.Score = math.NaN(), math.NaN()
			if y[i] != y[i] {
				p.Kind = Missing
			}
			continue
		}
		l := w*math.Log(math.Min(1, 2*math.Min(own.up.P(p.Z), own.down.P(-p.Z)))) + (1-w)*pool.logP(p.Z, own.up.N())
		p.P = bodyOr(l, p.Z)
		if p.Kind == ShiftUp || p.Kind == ShiftDown {
			p.P = math.Min(p.P, 2*supposed(own.up.N()).Survival(math.Abs(p.shift)))
		} else {
			p.Kind = kindOf(y[i], p.Expected)
		}
		p.Score = 1 - p.P
		p.Anomaly = p.Score >= level
	}
}

// decompose returns expectation, standardised remainder and changes of level of one series.
func decompose(ctx context.Context, s Series, o Options) ([]Point, error) {
	whole, events, periods := s, false, o.Periods
	if len(o.Spots) > 0 {
		if y, ok := withoutEvents(s, o.Spots); ok {
			s.Y, events = y, true
		}
	}
	points := make([]Point, len(s.Y))
	for i := range points {
		points[i] = Point{Expected: math.NaN(), Z: math.NaN(), P: math.NaN(), Score: math.NaN()}
	}
	seen := make([]float64, 0, len(s.Y))
	for _, y := range s.Y {
		if y == y {
			seen = append(seen, y)
		}
	}
	if len(seen) < Least {
		return points, nil
	}
	floor := floorsOf(s.Y, usable(periods, len(s.Y))).noise
	full, _ := stl.Interpolate(s.Y)
	if use := usable(periods, len(s.Y)); events && len(use) > 0 {
		full, _ = stl.FillSeasonal(s.Y, use[0])
	}
	full = tamed(full, floor, seasonLength(periods))
	seasonal := seasons(full, periods)
	calm := make([]float64, len(full))
	for i := range full {
		calm[i] = full[i] - seasonal[i]
	}
	changes, sd, err := levels(ctx, calm, floor, seasonLength(periods))
	if err != nil {
		return nil, err
	}
	level := stepLevels(calm, changes)
	for i := range full {
		full[i] -= level[i]
	}
	trend, season := parts(full, periods)
	rest := make([]float64, 0, len(seen))
	for i, y := range s.Y {
		points[i].Expected = level[i] + trend[i] + season[i]
		if y == y {
			rest = append(rest, y-points[i].Expected)
		}
	}
	scale := math.Max(spread(rest), floor)
	for i, y := range s.Y {
		points[i].Z = (y - points[i].Expected) / scale
	}
	for _, c := range changes {
		jump := level[c] - level[c-1]
		if math.Abs(jump) < changeSize*sd {
			continue
		}
		points[c].Kind, points[c].shift = ShiftUp, jump/sd
		if jump < 0 {
			points[c].Kind = ShiftDown
		}
	}
	if events {
		judgeEvents(points, whole, o.Spots, scale)
	}
	return points, nil
}

// tamed returns a copy whose values are at most tameAt scales off their running median: what
// is far outside must not shape season and trend where robust weights have no scale to go by.
func tamed(y []float64, floor float64, season int) []float64 {
	local := runningMedian(y, 2*season+1)
	off := make([]float64, len(y))
	for i := range y {
		off[i] = y[i] - local[i]
	}
	limit := tameAt * math.Max(spread(slices.Clone(off)), tameFloor*floor)
	for i := range off {
		off[i] = local[i] + math.Max(-limit, math.Min(limit, off[i]))
	}
	return off
}

// At the ends a running median is up to season/2 steps of a straight line off.
const (
	tameAt    = 6
	tameFloor = 2
)

// usable returns the periods of which n points hold two cycles.
func usable(periods []int, n int) []int {
	var out []int
	for _, m := range periods {
		if m > 1 && n >= 2*m {
			out = append(out, m)
		}
	}
	return out
}

// seasons returns the sum of the seasonal components of a robust decomposition.
func seasons(y []float64, periods []int) []float64 {
	_, season := parts(y, periods)
	return season
}

// parts returns trend and season by robust STL or MSTL; a running median where no season fits.
func parts(y []float64, periods []int) (trend, season []float64) {
	use := usable(periods, len(y))
	season = make([]float64, len(y))
	if len(use) == 0 {
		return runningMedian(y, 2*shiftLeast+1), season
	}
	if len(use) == 1 {
		p, err := stl.Decompose(y, stl.Options{Period: use[0], Robust: true, Seasonal: 11})
		if err != nil {
			return runningMedian(y, 2*shiftLeast+1), season
		}
		return p.Trend, p.Season
	}
	var w stl.Workspace
	m, err := w.Multi(y, use, stl.Options{Robust: true})
	if err != nil {
		return runningMedian(y, 2*shiftLeast+1), season
	}
	for _, s := range m.Seasons {
		for i, v := range s {
			season[i] += v
		}
	}
	return m.Trend, season
}

// seasonLength is the least length of a level.
func seasonLength(periods []int) int {
	if len(periods) > 0 {
		return max(shiftLeast, periods[0])
	}
	return shiftLeast
}

// levels finds the changes of level of a series without season. Values count up to three
// scales off a running median, so that single spikes make no level; the penalty is that of
// BIC (two parameters a change), times three for noise that is not independent.
func levels(ctx context.Context, calm []float64, floor float64, least int) (changes []int, sd float64, err error) {
	local := runningMedian(calm, 2*least+1)
	off := make([]float64, len(calm))
	for i := range calm {
		off[i] = calm[i] - local[i]
	}
	sd = math.Max(spread(slices.Clone(off)), floor)
	for i := range off {
		off[i] = local[i] + math.Max(-3*sd, math.Min(3*sd, off[i]))
	}
	step := (len(calm) + changeSteps - 1) / changeSteps
	changes, err = pelt.Changes(ctx, pelt.Every(pelt.NewMean(off, sd), step), 6*math.Log(float64(len(calm))+1), (least+step-1)/step)
	for i := range changes {
		changes[i] *= step
	}
	return sharp(calm, changes, sd, least), sd, err
}

// sharp keeps the changes that are steps: of at least changeSize scales between the medians
// of a season on either side. What moves slowly is trend.
func sharp(calm []float64, changes []int, sd float64, least int) []int {
	var out []int
	for _, c := range changes {
		before := medianOf(slices.Clone(calm[max(0, c-least):c]))
		after := medianOf(slices.Clone(calm[c:min(len(calm), c+least)]))
		jump := after - before
		if math.Abs(jump) < changeSize*sd {
			continue
		}
		// what the slopes on both sides explain of it is no step
		slope := (slopeOf(calm[max(0, c-least):c]) + slopeOf(calm[c:min(len(calm), c+least)])) / 2
		if rest := jump - slope*float64(least); math.Abs(rest) >= changeSize*sd/2 && rest*jump > 0 {
			out = append(out, c)
		}
	}
	return out
}

// slopeOf is the median of the slopes between the points of a stretch (Theil 1950, Sen 1968).
func slopeOf(y []float64) float64 {
	v := make([]float64, 0, len(y)*len(y)/2)
	for i := range y {
		for j := i + 1; j < len(y); j++ {
			v = append(v, (y[j]-y[i])/float64(j-i))
		}
	}
	if len(v) == 0 {
		return 0
	}
	return medianOf(v)
}

// stepLevels returns the level at every point: the median of the first segment, then moved at
// each change by the difference of the medians of a season on either side.
func stepLevels(calm []float64, changes []int) []float64 {
	level := make([]float64, len(calm))
	from := 0
	for k := 0; k <= len(changes); k++ {
		to := len(calm)
		if k < len(changes) {
			to = changes[k]
		}
		m := medianOf(slices.Clone(calm[from:to]))
		for i := from; i < to; i++ {
			level[i] = m
		}
		from = to
	}
	return level
}

// runningMedian is the median of the window around each point, shorter at the ends.
func runningMedian(y []float64, window int) []float64 {
	out := make([]float64, len(y))
	sorted := make([]float64, 0, window)
	half := window / 2
	insert := func(v float64) {
		i, _ := slices.BinarySearch(sorted, v)
		sorted = slices.Insert(sorted, i, v)
	}
	for i := range min(half, len(y)) {
		insert(y[i])
	}
	for i := range y {
		if i+half < len(y) {
			insert(y[i+half])
		}
		if i-half-1 >= 0 {
			k, _ := slices.BinarySearch(sorted, y[i-half-1])
			sorted = slices.Delete(sorted, k, k+1)
		}
		h := len(sorted) / 2
		out[i] = sorted[h]
		if len(sorted)%2 == 0 {
			out[i] = (sorted[h-1] + sorted[h]) / 2
		}
	}
	return out
}
