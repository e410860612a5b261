package anomaly

import (
	"math"
)

// Kind says what sort of anomaly a point is.
type Kind uint8

// The kinds. Shift is a change of level that lasted a whole season (at least shiftLeast
// points); Missing is a gap, or nothing where something was sure.
const (
	Normal Kind = iota
	Spike
	Dip
	ShiftUp
	ShiftDown
	Missing
)

// String returns the name used in results.
func (k Kind) String() string {
	return [...]string{"", "spike", "dip", "shift_up", "shift_down", "missing"}[k]
}

// Point is what a Detector says of one value.
type Point struct {
	// Expected is the value that the points before it announce; NaN before Least points are known.
	Expected float64
	// Z is the one-step error on the stabilised scale in robust standard deviations.
	Z float64
	// P is the probability of a value as strange as this one, given the past.
	P float64
	// Score is 1 − P. While an incident lasts that has been told it does not pass
	// 1 − 0.0027, unless the point is far less probable than the onset: it says what is new. NaN where P is.
	Score float64
	// Anomaly says that 1 − P reaches Options.Level.
	Anomaly bool
	// Onset says that an incident begins here.
	Onset bool
	Kind  Kind
	// Event is the known event that the point lies near; nil for none.
	Event *Known

	shift float64 // Retrospective: size of the change of level in scales
}

// Tell marks the point as an anomaly or not, for rules other than a level.
func (p *Point) Tell(anomaly bool) { p.Anomaly = anomaly }

// kindOf names a point by the side it lies on.
func kindOf(y, expected float64) Kind {
	switch {
	case y > expected:
		return Spike
	case y == 0 && expected > 0:
		return Missing
	}
	return Dip
}

// Options describe a series to its Detector.
type Options struct {
	// Periods are the possible seasons in points, ascending: 7 for days, 24 and 168 for
	// hours. Those that do not help are not used.
	Periods []int
	// Level is the score from which a point is an anomaly; 0 = 0.999.
	Level float64
	// Pool holds the errors of other series, for the time when the own ones are few; may be nil.
	Pool *Pool
	// Spots are the steps near events that are known in advance; nil for none.
	Spots map[int64]Spot
}

// Least is the number of points before the first one that is judged.
const Least = 10

// Limits of a Detector.
const (
	keepPoints   = 8192 // history that fits look at
	shiftLeast   = 6    // points beyond shiftZ on one side that make a change of level
	shiftZ       = 2.0
	meanWidth    = 6    // points of the short means
	driftClip    = 3    // scales that an error counts in the mean of errors: one spike is no drift
	slowAlpha    = 0.02 // level weight of the slow baseline
	slowGamma    = 0.05
	tellAgain    = 12 // points after an onset that tell nothing new, where no season is known
	defaultLevel = 0.999
	incidentP    = 0.0027 // three standard deviations of a normal: from there on an incident is told, once
	muchWorse    = 1e-3   // a point so much less probable than the onset is told again
)

// Weights of the kinds of evidence, whose probabilities are merged as the smallest
// p / weight: a weighted Bonferroni rule (Genovese, Roeder & Wasserman, False discovery
// control with p-value weighting, Biometrika 93(3), 2006), valid whatever their dependence.
const (
	weightJump    = 0.35 // error and step in the series' own unit, their geometric mean
	weightMean    = 0.20 // short mean against the slow baseline, own unit
	weightScale   = 0.25 // error in standard deviations of the stabilised scale
	weightDrift   = 0.15 // short mean of those errors, clipped
	weightNothing = 0.05 // nothing where something was expected
)

// Detector judges the values of one series as they come: each by those before it
// alone. Its memory is bounded, its cost a point constant but for refits at doubling
// lengths. It is not safe for concurrent use.
type Detector struct {
	opt   Options
	first int64 // step of hist[0]
	hist  []float64
	last  int64 // step of the last point
	prev  float64
	n     int // points seen, gaps apart
	next  int // refit at so many points

	base, slow *baseline
	scaled     pair // errors of base in its scales
	jump       pair // errors of base, own unit
	step       pair // differences of neighbours, own unit
	mean       pair // short means of errors of slow, own unit
	drift      pair // short means of errors of base in its scales, clipped
	nothing    nothings
	sparse     sparse
	negative   bool // a value was below 0
	short      window
	clipped    window
	run        run // of base: consecutive errors on one side
	slowRun    run
	effects    effects
	onset      int64 // step of the last onset
	open       bool  // an onset was told
	onsetP     float64
	fresh      []float64
}

// New returns a Detector.
func New(o Options) *Detector {
	if o.Level <= 0 || o.Level >= 1 {
		o.Level = defaultLevel
	}
	return &Detector{opt: o, next: Least, prev: math.NaN()}
}

// Update judges the value at a step (its place on the calendar grid: steps ascend, gaps
// may be left out or given as NaN) and learns it.
func (d *Detector) Update(step int64, y float64) Point {
	p := Point{Expected: math.NaN(), Z: math.NaN(), P: math.NaN(), Score: math.NaN()}
	if math.IsNaN(y) || math.IsInf(y, 0) {
		p.Kind = Missing
		if d.base != nil {
			p.Expected = d.base.pow.invert(d.base.expect(step))
		}
		return p
	}
	if spot, near := d.opt.Spots[step]; near && !d.sparse.on {
		if d.base != nil {
			d.judgeEvent(spot, step, y, &p)
		}
		d.leaveOut(step)
		return p
	}
	if d.base != nil {
		d.judge(step, y, &p)
	}
	d.keep(step, y)
	if d.n == d.next {
		d.refit()
	}
	return p
}

// judge fills p from the evidence and lets the baselines learn.
func (d *Detector) judge(step int64, y float64, p *Point) {
	b := d.base
	g := b.pow.apply(y)
	mu, sd := b.expect(step), b.sd(step)
	p.Expected, p.Z = b.pow.invert(mu), (g-mu)/sd
	if d.sparse.on {
		d.judgeSparse(step, y, g-mu, sd, p)
		return
	}
	d.fresh = append(d.fresh, p.Z)

	smu, ssd := d.slow.expect(step), d.slow.sd(step)
	d.short.add(y - d.slow.pow.invert(smu))
	if p.P = d.merged(y, sd, p); !d.negative {
		p.Expected = math.Max(0, p.Expected)
	}

	b.learn(step, g-mu, sd)
	d.slow.learn(step, g-smu, ssd)
	if m, ok := d.run.add(p.Z, g-mu, d.season()); ok {
		b.jump(m)
	}
	if m, ok := d.slowRun.add((g-smu)/ssd, g-smu, 2*d.season()); ok {
		d.slow.jump(m)
	}
	d.decide(step, y, p)
}

// judgeSparse is judge of a series that is 0 most of the time: the errors of its baseline say nothing, and are
// no example to others.
func (d *Detector) judgeSparse(step int64, y, e, sd float64, p *Point) {
	if !d.negative {
		p.Expected = math.Max(0, p.Expected)
	}
	p.P = math.Exp(d.sparse.logP(y))
	d.base.learn(step, e, sd)
	if m, ok := d.run.add(p.Z, e, d.season()); ok {
		d.base.jump(m)
	}
	d.decide(step, y, p)
}

// merged returns the probability of the point and teaches it to the tails.
func (d *Detector) merged(y, sd float64, p *Point) float64 {
	lz := d.scaled.logP(p.Z, d.opt.Pool, true)
	lj := d.jump.logP(y-p.Expected, nil, false)
	ls := 0.0
	if d.prev == d.prev {
		ls = d.step.logP(y-d.prev, nil, false)
	}
	lm, ld := 0.0, 0.0
	if m, ok := d.short.mean(); ok {
		if lm = d.mean.logP(m, nil, false); m*p.Z < math.Abs(m) {
			lm = 0 // less than a scale out itself: the tail of an incident that is over
		}
	}
	d.clipped.add(math.Max(-driftClip, math.Min(driftClip, p.Z)))
	if m, ok := d.clipped.mean(); ok {
		if ld = d.drift.logP(m*math.Sqrt(meanWidth), nil, true); m*p.Z < math.Abs(m) {
			ld = 0
		}
	}
	l := math.Min(lz+math.Log(1/weightScale), ld+math.Log(1/weightDrift))
	l = math.Min(l, (lj+ls)/2+math.Log(1/weightJump))
	l = math.Min(l, lm+math.Log(1/weightMean))
	if y == 0 && p.Expected > 0 {
		l = math.Min(l, d.nothing.logP(p.Expected, d.amounts(p.Expected, sd))+math.Log(1/weightNothing))
	}
	if y == 0 {
		l = math.Max(l, d.nothing.logUsual(p.Expected, d.sparse.zeros()+1))
	}
	d.nothing.learn(y, p.Expected)
	return bodyOr(l, p.Z)
}

// amounts bounds the number of amounts that an expectation is the sum of: 1/cv², by the
// scale at the step, and by that of the whole series in proportion to the expectation.
func (d *Detector) amounts(expected, sd float64) float64 {
	b := d.base
	cv := func(y, sd float64) float64 { return sd / math.Exp(b.pow.logSlope(y)) / y }
	typical := b.pow.invert(b.level)
	if typical <= 0 {
		return 0
	}
	here, whole := cv(expected, sd), cv(typical, b.scale)
	return math.Min(1/(here*here), expected/typical/(whole*whole))
}

// bodyP is the probability from which tails are not looked at: there the errors count as normal.
const bodyP = 0.1

// decide makes score and flags from the probability.
func (d *Detector) decide(step int64, y float64, p *Point) {
	p.Score = 1 - p.P
	p.Anomaly = p.Score >= d.opt.Level
	if p.Kind = kindOf(y, p.Expected); d.sparse.on && y == 0 {
		p.Kind = Missing
	}
	if d.run.n >= d.season() {
		p.Kind = ShiftDown
		if d.run.sign > 0 {
			p.Kind = ShiftUp
		}
	}
	if p.P > incidentP {
		return
	}
	quiet := int64(tellAgain)
	if len(d.opt.Periods) > 0 {
		quiet = int64((d.opt.Periods[0] + 1) / 2)
	}
	if d.open && step-d.onset <= quiet && p.P > d.onsetP*muchWorse {
		p.Score = 1 - math.Max(p.P, incidentP)
		return
	}
	d.open, d.onset, d.onsetP, p.Onset = true, step, p.P, true
}

// season returns the points that a change has to last to be a change of level.
func (d *Detector) season() int {
	if len(d.opt.Periods) > 0 {
		return max(shiftLeast, d.opt.Periods[0])
	}
	return shiftLeast
}

// keep learns a value.
func (d *Detector) keep(step int64, y float64) {
	d.store(step, y)
	d.sparse.learn(y)
	d.negative = d.negative || y < 0
	d.prev = y
	d.n++
}

// leaveOut makes a step a gap.
func (d *Detector) leaveOut(step int64) {
	if len(d.hist) > 0 {
		d.store(step, math.NaN())
	}
	d.prev = math.NaN()
}

// store adds a value to the history, filling gaps with NaN.
func (d *Detector) store(step int64, y float64) {
	if len(d.hist) == 0 {
		d.first = step
	} else {
		gap := step - d.last - 1
		if gap >= keepPoints { // nothing before such a gap helps
			d.hist, d.first = d.hist[:0], step
			gap = 0
		}
		for ; gap > 0; gap-- {
			d.hist = append(d.hist, math.NaN())
		}
	}
	d.hist = append(d.hist, y)
	d.last = step
	if cut := len(d.hist) - keepPoints; cut > keepPoints {
		d.hist = append(d.hist[:0], d.hist[cut:]...)
		d.first += int64(cut)
	}
}

// refit fits the baselines anew to the history kept and plans the next fit: at three
// cycles of each period, and whenever the length has grown by half, later doubled.
func (d *Detector) refit() {
	h := d.hist[max(0, len(d.hist)-keepPoints):]
	first := d.first + int64(len(d.hist)-len(h))
	floor := floorsOf(h, d.opt.Periods)
	for _, t := range []*pair{&d.jump, &d.step, &d.mean} {
		t.bound(floor.noise)
	}
	d.scaled, d.drift, d.clipped = pair{}, pair{}, window{}
	d.scaled.bound(leastExcess)
	d.drift.bound(leastExcess)
	if d.sparse.on = sparseAnyhow(first, h, d.opt.Periods); d.sparse.on {
		f := &fitter{first: first, history: h, floor: floor}
		f.transform(power{exponent: 1})
		d.base, _ = f.finish(candidate{pow: f.pow, alpha: sparseAlpha})
	} else {
		d.fitAll(first, h, floor)
	}
	d.run, d.slowRun = run{}, run{}
	next := 2 * d.n
	if d.n < 1000 {
		next = d.n + d.n/2
	}
	for _, m := range d.opt.Periods {
		if 3*m > d.n {
			next = min(next, 3*m)
		}
	}
	d.next = next
}

// fitAll fits the baselines and fills the tails that stand in their scales.
func (d *Detector) fitAll(first int64, h []float64, floor floors) {
	base, z := fitBaseline(first, h, d.opt.Periods, floor)
	d.base = base
	period := 1
	if len(base.periods) > 0 {
		period = base.periods[0]
	}
	if d.sparse.on = isSparse(first, h, period); d.sparse.on {
		return
	}
	for _, x := range z {
		d.scaled.learnMild(x)
		d.clipped.add(math.Max(-driftClip, math.Min(driftClip, x)))
		if m, ok := d.clipped.mean(); ok {
			d.drift.learnMild(m * math.Sqrt(meanWidth))
		}
	}
	d.slow = slowBaseline(first, h, base, floor)
}

// slowBaseline is a baseline like b whose level follows slowly.
func slowBaseline(first int64, history []float64, b *baseline, floor floors) *baseline {
	c := candidate{pow: b.pow, periods: b.periods, alpha: slowAlpha, gamma: math.Min(b.gamma, slowGamma)}
	if k := len(b.periods); k > 0 {
		c.alpha = math.Min(slowAlpha, 0.25/float64(b.periods[k-1]))
	}
	f := &fitter{first: first, history: history, floor: floor}
	f.transform(b.pow)
	s, _ := f.finish(c)
	return s
}

// TakeFresh returns the standardised errors since the last call, for a Pool.
func (d *Detector) TakeFresh() []float64 {
	f := d.fresh
	d.fresh = nil
	return f
}
