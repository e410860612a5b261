package forecast

import (
	"context"
	"math"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// thetaForm is one of the theta models of Fiorucci, Pellegrini, Louzada, Petropoulos & Koehler,
// Models for optimising the theta method and their relationship to state space models, Int.
// J. Forecasting 32 (2016).
type thetaForm struct {
	name    string
	optimal bool // θ is estimated; else 2
	dynamic bool // the line through the data moves with every step
}

var thetaForms = []thetaForm{{"STM", false, false}, {"OTM", true, false}, {"DSTM", false, true}, {"DOTM", true, true}}

// thetaModel is one or several forms of the theta method.
type thetaModel struct {
	name  string
	forms []thetaForm
}

// Theta is the standard theta method (Assimakopoulos & Nikolopoulos, Int. J. Forecasting 16, 2000).
func Theta() Model { return thetaModel{"theta", thetaForms[:1]} }

// OptimisedTheta estimates θ too.
func OptimisedTheta() Model { return thetaModel{"otm", thetaForms[1:2]} }

// DynamicTheta is the standard method with a line that moves.
func DynamicTheta() Model { return thetaModel{"dstm", thetaForms[2:3]} }

// DynamicOptimisedTheta estimates θ and moves the line.
func DynamicOptimisedTheta() Model { return thetaModel{"dotm", thetaForms[3:]} }

// AutoTheta takes the form of least squared error within the series.
func AutoTheta() Model { return thetaModel{"autotheta", thetaForms} }

// Name implements Model.
func (m thetaModel) Name() string { return m.name }

// thetaSkip is the number of first errors that do not count, as the line is not settled.
const thetaSkip = 3

// Fit implements Model. Where the season is significant the series is adjusted by classical
// decomposition first, multiplicative where all values allow it.
func (m thetaModel) Fit(ctx context.Context, y []float64, season int) (Fitted, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	known := trimmed(y)
	if len(known) <= thetaSkip {
		return nil, fault.New(fault.Data, "fitting %s: fewer than %d values", m.name, thetaSkip+1)
	}
	adj, seas, mul := deseasonalise(filled(known), season)
	w := newThetaWork(adj)
	var best *thetaFitted
	for _, form := range m.forms {
		r := w.fit(form)
		if best == nil || r.mse < best.mse {
			best = r
		}
	}
	best.seas, best.mul = seas, mul
	best.fitted = make([]float64, len(y))
	offset := len(y) - len(known)
	for i := range offset {
		best.fitted[i] = math.NaN()
	}
	w.run(best.form, best.alpha)
	for i := range known {
		v := w.base[i] + best.omega*w.line[i] + best.start*w.decay[i]
		best.fitted[offset+i] = best.season(i, v)
	}
	best.work = w
	return best, nil
}

// deseasonalise returns y adjusted for a significant season and the indices; seas is nil without.
func deseasonalise(y []float64, m int) (adjusted, seas []float64, mul bool) {
	if m < 4 || len(y) < 2*m || seasonalScore(y, m) <= 1.645 {
		return y, nil, false
	}
	least := math.Inf(1)
	for _, v := range y {
		least = math.Min(least, v)
	}
	mul = least > 0
	seas = SeasonalIndices(y, m, mul)
	for _, s := range seas {
		if mul && s < 0.02 {
			mul = false
			seas = SeasonalIndices(y, m, false)
			break
		}
	}
	adjusted = make([]float64, len(y))
	for t, v := range y {
		if mul {
			adjusted[t] = v / seas[t%m]
		} else {
			adjusted[t] = v - seas[t%m]
		}
	}
	return adjusted, seas, mul
}

// thetaWork runs theta models over one adjusted series. With ω = 1 − 1/θ the one-step forecast
//
//	μ_t = ℓ_{t−1} + ω (A r^t + B (1 − r^{t+1}) / α),  r = 1 − α
//
// is linear in ω and in the initial level: μ = base + start·decay + ω·line. So for each α both
// are a least-squares problem of two unknowns, and only α is searched for.
type thetaWork struct {
	y                 []float64
	base, decay, line []float64
	a, b              []float64 // of the moving line, as of the steps before each step
	whole             [2]float64
}

func newThetaWork(y []float64) *thetaWork {
	n := len(y)
	w := &thetaWork{y: y, base: make([]float64, n), decay: make([]float64, n), line: make([]float64, n),
		a: make([]float64, n+1), b: make([]float64, n+1)}
	level, slope, _ := line(y)
	w.whole = [2]float64{level, slope}
	mean, b := 0.0, 0.0
	for i, v := range y {
		if i == 0 {
			mean = v
		} else {
			f := float64(i)
			before := mean
			mean = (f*mean + v) / (f + 1)
			b = ((f-1)*b + 6*(v-before)/(f+1)) / (f + 2)
		}
		w.b[i+1], w.a[i+1] = b, mean-b*float64(i+2)/2
	}
	return w
}

// run fills base, decay and line for an α.
func (w *thetaWork) run(form thetaForm, alpha float64) {
	r := 1 - alpha
	level, power := 0.0, 1.0
	a, b := w.whole[0], w.whole[1]
	inv := 1 / alpha
	for t, v := range w.y {
		if form.dynamic {
			a, b = w.a[t], w.b[t]
		}
		w.base[t], w.decay[t] = level, power
		w.line[t] = a*power + b*(1-power*r)*inv
		level = alpha*v + r*level
		if power *= r; power < 1e-150 {
			power = 0
		}
	}
	if form.dynamic { // nothing is known before the first value: its forecast is itself
		w.base[0], w.decay[0], w.line[0] = w.y[0], 0, 0
	}
}

// solve returns the best initial level and ω for an α, and the mean squared error.
func (w *thetaWork) solve(form thetaForm, alpha float64) (start, omega, mse float64) {
	w.run(form, alpha)
	var uu, ud, ul, dd, dl, ll float64
	for t := thetaSkip; t < len(w.y); t++ {
		u, d, l := w.y[t]-w.base[t], w.decay[t], w.line[t]
		uu += u * u
		ud += u * d
		ul += u * l
		dd += d * d
		dl += d * l
		ll += l * l
	}
	// a level that the errors hardly feel stays near the first value
	const weight = 1e-6
	ud += weight * w.y[0]
	uu += weight * w.y[0] * w.y[0]
	dd += weight
	omega = 0.5
	if form.optimal {
		omega = 0
		if det := dd*ll - dl*dl; det > 1e-12*dd*ll {
			omega = (dd*ul - dl*ud) / det
		}
		omega = math.Max(0, math.Min(1-1e-10, omega))
	}
	start = (ud - omega*dl) / dd
	sse := uu + omega*omega*ll + start*start*dd - 2*omega*ul - 2*start*ud + 2*omega*start*dl
	return start, omega, math.Max(0, sse) / float64(len(w.y)-thetaSkip)
}

// thetaAlphas are tried before the search closes in; .1 and .99 bound α as in forecTheta.
var thetaAlphas = []float64{0.1, 0.18, 0.28, 0.4, 0.52, 0.64, 0.76, 0.88, 0.99}

func (w *thetaWork) fit(form thetaForm) *thetaFitted {
	best, at := math.Inf(1), 0
	for i, a := range thetaAlphas {
		if _, _, v := w.solve(form, a); v < best {
			best, at = v, i
		}
	}
	alpha := golden(thetaAlphas[max(0, at-1)], thetaAlphas[min(len(thetaAlphas)-1, at+1)], 1e-4, func(a float64) float64 {
		_, _, v := w.solve(form, a)
		return v
	})
	r := &thetaFitted{form: form, alpha: alpha}
	r.start, r.omega, r.mse = w.solve(form, alpha)
	return r
}

// golden minimises f on [lo, hi] by golden sections to the width tol.
func golden(lo, hi, tol float64, f func(float64) float64) float64 {
	const g = 0.6180339887498949
	a, b := hi-g*(hi-lo), lo+g*(hi-lo)
	fa, fb := f(a), f(b)
	for hi-lo > tol {
		if fa <= fb {
			hi, b, fb = b, a, fa
			a = hi - g*(hi-lo)
			fa = f(a)
		} else {
			lo, a, fa = a, b, fb
			b = lo + g*(hi-lo)
			fb = f(b)
		}
	}
	return (lo + hi) / 2
}

// thetaFitted is a fitted theta model.
type thetaFitted struct {
	form                     thetaForm
	alpha, start, omega, mse float64
	seas                     []float64
	mul                      bool
	fitted                   []float64
	work                     *thetaWork
}

// season puts the season of step i (from the first known value) back on v.
func (r *thetaFitted) season(i int, v float64) float64 {
	switch {
	case r.seas == nil:
		return v
	case r.mul:
		return v * r.seas[i%len(r.seas)]
	}
	return v + r.seas[i%len(r.seas)]
}

// Name implements Fitted.
func (r *thetaFitted) Name() string {
	name := "Theta(" + r.form.name + ")"
	if r.seas != nil {
		name += "[" + strconv.Itoa(len(r.seas)) + "]"
	}
	return name
}

// AICc implements Fitted.
func (r *thetaFitted) AICc() float64 { return math.NaN() }

// Fitted implements Fitted.
func (r *thetaFitted) Fitted() []float64 { return append([]float64(nil), r.fitted...) }

// Params implements Fitted.
func (r *thetaFitted) Params() []Param {
	return []Param{{"level", r.start}, {"alpha", r.alpha}, {"theta", 1 / (1 - r.omega)}}
}

// Forecast implements Fitted: each forecast stands for the value that is not there yet.
func (r *thetaFitted) Forecast(h int) []float64 {
	w := r.work
	n := len(w.y)
	rest := 1 - r.alpha
	level, power := r.start, 1.0
	mean := 0.0
	for _, v := range w.y {
		level = r.alpha*v + rest*level
		power *= rest
		mean += v
	}
	mean /= float64(n)
	a, b := w.whole[0], w.whole[1]
	if r.form.dynamic {
		a, b = w.a[n], w.b[n]
	}
	out := make([]float64, h)
	for j := range out {
		v := level + r.omega*(a*power+b*(1-power*rest)/r.alpha)
		out[j] = r.season(n+j, v)
		level = r.alpha*v + rest*level
		power *= rest
		if r.form.dynamic {
			f := float64(n + j)
			before := mean
			mean = (f*mean + v) / (f + 1)
			b = ((f-1)*b + 6*(v-before)/(f+1)) / (f + 2)
			a = mean - b*(f+2)/2
		}
	}
	return out
}

// Sigma implements Fitted: simple exponential smoothing with a drift that is known (Hyndman &
// Billah, Unmasking the Theta method, Int. J. Forecasting 19, 2003).
func (r *thetaFitted) Sigma(h int) []float64 {
	n := len(r.work.y)
	out := make([]float64, h)
	for j := range out {
		s := math.Sqrt(r.mse * (1 + float64(j)*r.alpha*r.alpha))
		if r.mul {
			s *= r.seas[(n+j)%len(r.seas)]
		}
		out[j] = s
	}
	return out
}
