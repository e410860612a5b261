package stl

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Options are the parameters of STL, named as in the paper's program. Zero means the default.
type Options struct {
	Period   int // steps of a season, at least 2
	Seasonal int // odd window of the seasonal smoother in seasons; default 7
	Trend    int // odd window of the trend smoother, over Period; default the least odd ≥ 1.5·Period / (1 − 1.5/Seasonal)
	LowPass  int // odd window of the low-pass smoother, over Period; default the least odd > Period

	// Flat takes local means instead of lines for season, trend and low pass.
	FlatSeason, FlatTrend, FlatLowPass bool
	// Smoothers run at every jump-th point and interpolate between; default 1.
	SeasonalJump, TrendJump, LowPassJump int

	Robust bool
	Inner  int // passes of the inner loop; default 5, robust 2
	Outer  int // robustness iterations; default 0, robust 15; less than 0 = none
}

// fill returns o with the defaults, or why it cannot be.
func (o Options) fill() (Options, error) {
	set := func(v *int, value int) {
		if *v == 0 {
			*v = value
		}
	}
	if o.Period < 2 {
		return o, fault.New(fault.Usage, "splitting a season of %d steps: at least 2 are needed", o.Period)
	}
	set(&o.Seasonal, 7)
	if o.Seasonal < 3 || o.Seasonal%2 == 0 {
		return o, fault.New(fault.Usage, "splitting a season: the window %d of the seasonal smoother is not odd and at least 3", o.Seasonal)
	}
	set(&o.Trend, int(math.Ceil(1.5*float64(o.Period)/(1-1.5/float64(o.Seasonal))))|1)
	set(&o.LowPass, (o.Period+1)|1)
	for _, w := range []int{o.Trend, o.LowPass} {
		if w <= o.Period || w%2 == 0 {
			return o, fault.New(fault.Usage, "splitting a season: a window of %d steps is not odd and over the season of %d", w, o.Period)
		}
	}
	for _, j := range []*int{&o.SeasonalJump, &o.TrendJump, &o.LowPassJump} {
		set(j, 1)
		*j = max(1, *j)
	}
	if o.Robust {
		set(&o.Inner, 2)
		set(&o.Outer, 15)
	}
	set(&o.Inner, 5)
	o.Inner, o.Outer = max(1, o.Inner), max(0, o.Outer)
	return o, nil
}

// Parts are the components of a series: y = Season + Trend + Remainder at every point.
type Parts struct {
	Season, Trend, Remainder []float64
	// Weights are the robustness weights of the last pass, 1 = a point like the others,
	// 0 = an outlier that the parts do not follow.
	Weights []float64
}

func (p *Parts) grow(n int) {
	for _, v := range []*[]float64{&p.Season, &p.Trend, &p.Remainder, &p.Weights} {
		*v = resize(*v, n)
	}
}

func resize(v []float64, n int) []float64 {
	if cap(v) < n {
		return make([]float64, n)
	}
	return v[:n]
}

// Workspace holds the memory of decompositions; the zero value is ready. After the first series of a length
// and period nothing is allocated. It must not be used by two goroutines at once.
type Workspace struct {
	season, trend, low loess
	detrended          []float64 // y − trend, later y − season
	product            []float64 // rho times detrended
	cycle              []float64 // the smoothed cycle-subseries, one season longer at both ends
	slow               []float64 // what is slow in cycle
	average            []float64 // moving averages
	sorted             []float64
}

// Decompose splits y into out, whose slices are used again when they are long enough. It fails on
// fewer than two seasons and on values that are not finite (see Interpolate).
func (w *Workspace) Decompose(y []float64, o Options, out *Parts) error {
	o, err := o.fill()
	if err != nil {
		return err
	}
	n := len(y)
	if n < 2*o.Period {
		return fault.New(fault.Data, "splitting a season of %d steps: %d values are less than two seasons", o.Period, n)
	}
	scale := 0.0
	for i, v := range y {
		scale = max(scale, math.Abs(v))
		if math.IsNaN(v) || math.Abs(v) > 1e150 {
			return fault.New(fault.Data, "splitting a season: value %d is %v", i+1, v)
		}
	}
	w.reset(n, o)
	out.grow(n)
	for i := range out.Trend {
		out.Trend[i], out.Weights[i] = 0, 1
	}
	for pass := 0; ; pass++ {
		var rho []float64
		if pass > 0 {
			rho = out.Weights
			w.weigh(rho, o)
		}
		for range o.Inner {
			w.inner(y, rho, o, out)
		}
		if pass == o.Outer {
			break
		}
		for i, v := range y {
			out.Remainder[i] = math.Abs(v - (out.Trend[i] + out.Season[i]))
		}
		w.bisquare(out.Remainder, out.Weights, scale)
	}
	for i, v := range y {
		out.Remainder[i] = v - out.Season[i] - out.Trend[i]
	}
	return nil
}

// Decompose is Workspace.Decompose with memory of its own.
func Decompose(y []float64, o Options) (*Parts, error) {
	var w Workspace
	p := &Parts{}
	if err := w.Decompose(y, o, p); err != nil {
		return nil, err
	}
	return p, nil
}

func (w *Workspace) reset(n int, o Options) {
	w.detrended, w.product = resize(w.detrended, n), resize(w.product, n)
	w.sorted, w.slow = resize(w.sorted, n), resize(w.slow, n)
	w.cycle = resize(w.cycle, n+2*o.Period)
	w.average = resize(w.average, n+o.Period+1)
	w.season.set(o.Seasonal, degree(o.FlatSeason), o.SeasonalJump)
	w.trend.set(o.Trend, degree(o.FlatTrend), o.TrendJump)
	w.low.set(o.LowPass, degree(o.FlatLowPass), o.LowPassJump)
}

func degree(flat bool) int {
	if flat {
		return 0
	}
	return 1
}

// quick tells whether all lanes of n points take the fast interior filter.
func (l *loess) quick(n int) bool { return l.jump == 1 && n > l.window }

// weigh prepares the sums of robustness weights that the next inner passes share.
func (w *Workspace) weigh(rho []float64, o Options) {
	n := len(rho)
	if w.season.quick(n / o.Period) {
		short, long := n/o.Period, n%o.Period
		edge := w.season.half * o.Period
		w.season.prepare(rho, edge, n-edge, o.Period, func(i int) int {
			if i%o.Period < long {
				return short + 1
			}
			return short
		})
	}
	if w.trend.quick(n) {
		w.trend.prepare(rho, w.trend.half, n-w.trend.half, 1, func(int) int { return n })
	}
}

// inner is one pass of the inner loop: season from the detrended series, trend from the
// deseasonalised one.
func (w *Workspace) inner(y, rho []float64, o Options, out *Parts) {
	n := len(y)
	for i, v := range y {
		w.detrended[i] = v - out.Trend[i]
	}
	w.cycles(rho, o)
	w.lowPass(n, o.Period)
	cycle := w.cycle[o.Period:][:n]
	for i, v := range y {
		s := cycle[i] - w.slow[i]
		out.Season[i] = s
		w.detrended[i] = v - s
	}
	w.smooth(&w.trend, w.detrended, rho, out.Trend)
}

// smooth runs a smoother over a whole series.
func (w *Workspace) smooth(l *loess, y, rho, out []float64) {
	n := len(y)
	whole := lane{0, 1, n}
	if !l.quick(n) {
		l.slow(y, rho, out, whole, 0)
		return
	}
	w.middle(l, y, rho, out, 1)
	l.ends(y, rho, out, whole, 0)
}

// middle smooths the points whose windows lie within the series.
func (w *Workspace) middle(l *loess, y, rho, out []float64, step int) {
	edge := l.half * step
	if rho == nil {
		l.plain(y, out, edge, len(y)-edge, step)
		return
	}
	z := w.product
	for i, v := range y {
		z[i] = v * rho[i]
	}
	l.weighted(y, z, out, edge, len(y)-edge, step)
}

// cycles smooths the cycle-subseries of the detrended series, each one point beyond its ends.
func (w *Workspace) cycles(rho []float64, o Options) {
	l, y, np := &w.season, w.detrended, o.Period
	n := len(y)
	quick := l.quick(n / np)
	if quick {
		w.middle(l, y, rho, w.cycle[np:], np)
	}
	for j := range np {
		c := lane{j, np, (n-1-j)/np + 1}
		if quick {
			l.ends(y, rho, w.cycle, c, np)
		} else {
			l.slow(y, rho, w.cycle, c, np)
		}
		w.cycle[j] = orElse(l.beyond(y, rho, c), w.cycle[j+np])
		end := j + (c.n+1)*np
		w.cycle[end] = orElse(l.beyond(y, rho, c.reversed()), w.cycle[end-np])
	}
}

// lowPass sets slow to what is slow in the cycles: moving averages of a season, a season and three,
// then loess.
func (w *Workspace) lowPass(n, np int) {
	a := w.average[:n+np+1]
	movingAverage(w.cycle, np, a)
	movingAverage(a, np, a[:n+2])
	x := w.product // not in use here
	v := a[0] + a[1] + a[2]
	x[0] = v / 3
	for i := 1; i < n; i++ {
		v += a[i+2] - a[i-1]
		x[i] = v / 3
	}
	w.smooth(&w.low, x, nil, w.slow)
}

// movingAverage sets out[i] to the mean of x[i … i+k−1]; out may be the start of x.
func movingAverage(x []float64, k int, out []float64) {
	sum := 0.0
	for _, v := range x[:k] {
		sum += v
	}
	per := float64(k)
	for i := range out {
		head := x[i]
		out[i] = sum / per
		if i+k < len(x) {
			sum += x[i+k] - head
		}
	}
}
