package anomaly

import (
	"math"
)

// baseline predicts the next value of a series from those before it: robust exponential
// smoothing of a level and of additive seasonal profiles on a transformed scale. An
// error moves the state by at most clipAt scales, so a spike does not become the
// expectation (Gelper, Fried & Croux, Robust forecasting with exponential and
// Holt–Winters smoothing, Journal of Forecasting 29(3), 2010).
type baseline struct {
	pow     power
	alpha   float64 // weight of the level
	gamma   float64 // weight of the seasonal profiles
	periods []int   // of the profiles in use, ascending
	profile [][]float64
	factor  []float64 // scale of each phase of the first period relative to the whole; nil = equal
	level   float64
	scale   float64 // of one-step errors
	floor   float64 // least scale
}

const (
	clipAt     = 2.0  // errors count up to so many scales
	scaleShare = 0.02 // weight of an error in the running scale
)

// expect returns the transformed expectation at a step.
func (b *baseline) expect(step int64) float64 {
	mu := b.level
	for i, m := range b.periods {
		mu += b.profile[i][phase(step, m)]
	}
	return mu
}

// sd returns the scale of the error at a step.
func (b *baseline) sd(step int64) float64 {
	s := b.scale
	if b.factor != nil {
		s *= b.factor[phase(step, b.periods[0])]
	}
	return max(s, b.floor)
}

func phase(step int64, period int) int {
	p := int(step % int64(period))
	if p < 0 {
		p += period
	}
	return p
}

// learn moves the state by the error e at a step, whose scale was s.
func (b *baseline) learn(step int64, e, s float64) {
	z := e / s
	// The running scale takes squares up to the clip, made consistent for normal errors:
	// E min(Z², 4) = 0.7737.
	b.scale = max(b.floor, b.scale*math.Sqrt(1-scaleShare+scaleShare*min(z*z, clipAt*clipAt)/0.7737))
	e = max(-clipAt*s, min(clipAt*s, e))
	b.level += b.alpha * e
	for i, m := range b.periods {
		b.profile[i][phase(step, m)] += b.gamma * e
	}
}

// start sets level and profiles by medians over a stretch of transformed values that
// begins at step first; NaN are gaps.
func (b *baseline) start(first int64, g []float64) {
	var seen []float64
	for _, x := range g {
		if x == x {
			seen = append(seen, x)
		}
	}
	b.level = medianOf(seen)
	b.profile = make([][]float64, len(b.periods))
	rest := make([]float64, len(g))
	for i, x := range g {
		rest[i] = x - b.level
	}
	for k, m := range b.periods {
		p := make([]float64, m)
		for ph := range m {
			seen = seen[:0]
			for i := phase(int64(ph)-first, m); i < len(rest); i += m {
				if x := rest[i]; x == x {
					seen = append(seen, x)
				}
			}
			if len(seen) > 0 {
				p[ph] = medianOf(seen)
			}
		}
		shrink(p, rest, first)
		b.profile[k] = p
		for i := range rest {
			rest[i] -= p[phase(first+int64(i), m)]
		}
	}
}

// jump moves the level by d.
func (b *baseline) jump(d float64) { b.level += d }

// replay runs over transformed values from state, keeps the one-step errors from
// position skip on, and leaves the state at the end.
func (b *baseline) replay(first int64, g []float64, skip int, errs []float64) []float64 {
	errs = errs[:0]
	if len(b.periods) <= 1 && b.factor == nil {
		return b.replayOne(first, g, skip, errs)
	}
	for i, x := range g {
		if x != x {
			continue
		}
		step := first + int64(i)
		e := x - b.expect(step)
		if i >= skip {
			errs = append(errs, e)
		}
		b.learn(step, e, b.sd(step))
	}
	return errs
}

// replayOne is replay with at most one season and no factors, in locals.
func (b *baseline) replayOne(first int64, g []float64, skip int, errs []float64) []float64 {
	level, scale, alpha, gamma := b.level, b.scale, b.alpha, b.gamma
	none := [1]float64{}
	profile, ph, period := none[:], 0, 1
	if len(b.periods) == 1 {
		profile, period = b.profile[0], b.periods[0]
		ph = phase(first, period)
	} else {
		gamma = 0
	}
	for i, x := range g {
		if x == x {
			e := x - (level + profile[ph])
			if i >= skip {
				errs = append(errs, e)
			}
			s := max(scale, b.floor)
			z := e / s
			scale = max(b.floor, scale*math.Sqrt(1-scaleShare+scaleShare*min(z*z, clipAt*clipAt)/0.7737))
			e = max(-clipAt*s, min(clipAt*s, e))
			level += alpha * e
			profile[ph] += gamma * e
		}
		if ph++; ph == period {
			ph = 0
		}
	}
	b.level, b.scale = level, scale
	return errs
}

// shrink draws the medians of the phases towards 0 by the part of their variance that the
// noise explains: medians of few cycles are uncertain, a season that is none vanishes.
func shrink(p, rest []float64, first int64) {
	m := len(p)
	within := make([]float64, 0, len(rest))
	for i, x := range rest {
		if x == x {
			within = append(within, x-p[phase(first+int64(i), m)])
		}
	}
	cycles := float64(len(within)) / float64(m)
	if cycles <= 1.5 {
		return
	}
	s := spread(within)
	// Around the medians of so few values the noise looks smaller than it is; a median has π/2 times
	// the variance of a mean.
	noise := math.Pi / 2 * s * s / (cycles - 1)
	between := 0.0
	for _, v := range p {
		between += v * v / float64(m)
	}
	if between <= 0 {
		return
	}
	keep := math.Max(0, between-noise) / between
	for i := range p {
		p[i] *= keep
	}
}
