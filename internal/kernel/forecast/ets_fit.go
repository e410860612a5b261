package forecast

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// The usual bounds of the parameters, as in R's ets(): 0 < β < α < 1, 0 < γ < 1 − α,
// .8 ≤ φ ≤ .98 (φ near 0 forgets the trend at once, near 1 it cannot be told from none).
const (
	alphaMin, alphaMax = 1e-4, 0.9999
	phiMin, phiMax     = 0.8, 0.98
)

// etsFit is one form on one series: the objective of the minimiser.
//
// The variables are logits of the smoothing parameters within their bounds, then the initial
// states in units of the series' own spread.
type etsFit struct {
	spec ETSSpec
	pass etsPass
	grad etsPars
	opt  minimiser
	x    []float64
	best []float64
	unit float64 // of level and slope
	seas float64 // unit of the seasonal states
}

func logistic(u float64) float64 { return 1 / (1 + math.Exp(-u)) }

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

// unpack writes the variables into the pass.
func (f *etsFit) unpack(x []float64) {
	p := &f.pass.p
	p.alpha = alphaMin + (alphaMax-alphaMin)*logistic(x[0])
	p.beta, p.gamma, p.phi, p.slope = 0, 0, 1, 0
	i := 1
	if f.spec.Trend != 'N' {
		p.beta = p.alpha * logistic(x[i])
		i++
	} else {
		p.phi = 0
	}
	if f.spec.Season != 'N' {
		p.gamma = (1 - p.alpha) * logistic(x[i])
		i++
	}
	if f.spec.Damped {
		p.phi = phiMin + (phiMax-phiMin)*logistic(x[i])
		i++
	}
	p.level = x[i] * f.unit
	i++
	if f.spec.Trend != 'N' {
		p.slope = x[i] * f.unit
		i++
	}
	if f.spec.Season == 'N' {
		p.seas[0] = 0
		return
	}
	m := f.pass.m
	sum := 0.0
	for j := range m - 1 {
		p.seas[j] = x[i+j] * f.seas
		sum += p.seas[j]
	}
	p.seas[m-1] = -sum
	if f.spec.Season == 'M' {
		p.seas[m-1] = float64(m) - sum
	}
}

// value implements objective.
func (f *etsFit) value(x []float64) float64 {
	f.unpack(x)
	return f.pass.forward()
}

// gradient implements objective: the adjoints, then the chain rule of unpack.
func (f *etsFit) gradient(x, g []float64) {
	f.unpack(x)
	f.pass.backward(&f.grad)
	p, d := &f.pass.p, &f.grad
	da := d.alpha
	i := 1
	if f.spec.Trend != 'N' {
		r := logistic(x[i])
		g[i] = d.beta * p.alpha * r * (1 - r)
		da += d.beta * r
		i++
	}
	if f.spec.Season != 'N' {
		r := logistic(x[i])
		g[i] = d.gamma * (1 - p.alpha) * r * (1 - r)
		da -= d.gamma * r
		i++
	}
	if f.spec.Damped {
		r := logistic(x[i])
		g[i] = d.phi * (phiMax - phiMin) * r * (1 - r)
		i++
	}
	r := logistic(x[0])
	g[0] = da * (alphaMax - alphaMin) * r * (1 - r)
	g[i] = d.level * f.unit
	i++
	if f.spec.Trend != 'N' {
		g[i] = d.slope * f.unit
		i++
	}
	if f.spec.Season != 'N' {
		m := f.pass.m
		for j := range m - 1 {
			g[i+j] = (d.seas[j] - d.seas[m-1]) * f.seas
		}
	}
}

// etsStart are first guesses of the initial states, shared by all forms on one series.
type etsStart struct {
	level, slope, mean float64
	seas               []float64
}

// starting smoothing parameters, tried before the descent: α, β/α, γ/(1−α).
var (
	startAlpha = []float64{0.05, 0.3, 0.8}
	startRatio = []float64{0.005, 0.05, 0.4}
)

// begin puts guesses into x and returns the value of the best of a few starts.
func (f *etsFit) begin(st etsStart) float64 {
	k := f.spec.smoothers()
	i := k
	f.x[i] = st.level / f.unit
	if f.spec.Trend != 'N' {
		i++
		f.x[i] = st.slope / f.unit
	} else {
		f.x[i] = st.mean / f.unit
	}
	if f.spec.Season != 'N' {
		for j := range f.pass.m - 1 {
			f.x[i+1+j] = st.seas[j] / f.seas
		}
	}
	best := math.Inf(1)
	copy(f.best, f.x)
	ratios := func(has bool) []float64 {
		if has {
			return startRatio
		}
		return startRatio[:1]
	}
	for _, a := range startAlpha {
		for _, rb := range ratios(f.spec.Trend != 'N') {
			for _, rg := range ratios(f.spec.Season != 'N') {
				f.x[0] = logit(a)
				i := 1
				if f.spec.Trend != 'N' {
					f.x[i] = logit(rb)
					i++
				}
				if f.spec.Season != 'N' {
					f.x[i] = logit(rg)
					i++
				}
				if f.spec.Damped {
					f.x[i] = logit(0.8)
				}
				if v := f.value(f.x); v < best {
					best = v
					copy(f.best, f.x)
				}
			}
		}
	}
	copy(f.x, f.best)
	return best
}

// run fits one form and returns log of the mean square [+ logs] at the optimum.
func (f *etsFit) run(spec ETSSpec, d *etsData) float64 {
	f.spec = spec
	m := 1
	f.seas = d.unit
	if spec.Season != 'N' {
		m = d.m
	}
	if spec.Season == 'M' {
		f.seas = d.unit / d.scale
	}
	f.unit = d.unit
	tiny := d.unit * d.unit * 1e-14
	if spec.Error == 'M' {
		tiny /= d.scale * d.scale
	}
	f.pass.reset(d.y, m, spec.Error == 'M', spec.Season == 'M', tiny, d.scale)
	f.grad.seas = resize(f.grad.seas, m)
	n := spec.size(m)
	f.x, f.best = resize(f.x, n), resize(f.best, n)
	if v := f.begin(d.start(spec.Season)); math.IsInf(v, 0) {
		return v
	}
	return f.opt.minimise(f, f.x, 60+4*min(n, 60), 1e-7)
}

// etsData is one series with what all its fits share.
type etsData struct {
	y               []float64
	m               int
	offset          int     // leading missing values, left out of y
	n               int     // observed values
	unit            float64 // spread of the steps
	scale           float64 // mean of |y|
	mean            float64
	least           float64
	full            []float64 // y with the missing values interpolated
	plain, add, mul etsStart
	made            [3]bool
}

// newETSData looks at a series; it fails where fewer than two values are there.
func newETSData(y []float64, m int) (*etsData, error) {
	d := &etsData{y: trimmed(y), m: max(1, m), least: math.Inf(1)}
	d.offset = len(y) - len(d.y)
	sum, abs := 0.0, 0.0
	for _, v := range d.y {
		if math.IsInf(v, 0) || math.Abs(v) > 1e100 {
			return nil, fault.New(fault.Data, "fitting ETS: a value beyond 10^100")
		}
		if v == v {
			d.n++
			sum += v
			abs += math.Abs(v)
			d.least = math.Min(d.least, v)
		}
	}
	if d.n < 2 {
		return nil, fault.New(fault.Data, "fitting ETS: fewer than 2 values")
	}
	d.mean, d.scale = sum/float64(d.n), abs/float64(d.n)
	d.full = filled(d.y)
	steps := 0.0
	for t := 1; t < len(d.full); t++ {
		e := d.full[t] - d.full[t-1]
		steps += e * e
	}
	d.unit = math.Sqrt(steps / float64(len(d.full)-1))
	return d, nil
}

// constant reports whether all values are equal.
func (d *etsData) constant() bool { return d.unit <= 1e-12*d.scale }

// start returns first guesses of the initial states for a kind of season.
func (d *etsData) start(season byte) etsStart {
	k, st := 0, &d.plain
	switch season {
	case 'A':
		k, st = 1, &d.add
	case 'M':
		k, st = 2, &d.mul
	}
	if d.made[k] {
		return *st
	}
	d.made[k] = true
	adjusted := d.full
	n := max(10, 2*d.m)
	if k > 0 {
		// the first seasons tell most of where the season stood at the start
		head := d.full[:min(len(d.full), 5*d.m)]
		st.seas = SeasonalIndices(head, d.m, season == 'M')
		adjusted = make([]float64, min(n, len(head)))
		for t := range adjusted {
			if season == 'M' {
				adjusted[t] = head[t] / st.seas[t%d.m]
			} else {
				adjusted[t] = head[t] - st.seas[t%d.m]
			}
		}
	}
	n = min(n, len(adjusted))
	st.level, st.slope, st.mean = line(adjusted[:n])
	if d.least > 0 { // a start below 0 would bar multiplicative forms
		low := 0.05 * st.mean
		if st.level <= low || st.level+st.slope*float64(n) <= low {
			st.level, st.slope = math.Max(low, math.Min(st.level, 2*st.mean)), 0
		}
	}
	return *st
}

// fitETS fits one form.
func fitETS(ctx context.Context, f *etsFit, spec ETSSpec, d *etsData) (*etsFitted, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if (spec.Error == 'M' || spec.Season == 'M') && d.least <= 0 {
		return nil, fault.New(fault.Data, "fitting %s: it needs values above 0", spec)
	}
	if spec.Season != 'N' && (d.m < 2 || d.n < 2*d.m) {
		return nil, fault.New(fault.Data, "fitting %s: %d values are less than two seasons of %d", spec, d.n, d.m)
	}
	v := f.run(spec, d)
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil, fault.New(fault.Data, "fitting %s: no start is possible", spec)
	}
	v = f.value(f.x) // leaves the states of the optimum
	return f.freeze(v, d), nil
}
