package forecast

import (
	"math"
	"slices"
)

// Levels are the coverages of the two intervals.
var Levels = [2]float64{0.80, 0.95}

// normalQuantile are the two-sided quantiles of the normal distribution at Levels.
var normalQuantile = [2]float64{1.2815515655446004, 1.959963984540054}

// Calibration stretches the intervals that models claim to what their back-tests show: half
// width = quantile × sigma. It is conformal prediction with normalised residuals (Lei et al., J.
// American Statistical Association 113, 2018) whose scores, |error|/sigma, are pooled over the
// series of a run and mixed with the series' own and the normal quantile, by how many there are.
type Calibration struct {
	steps [][2]float64 // pooled quantile of each step
	prior float64      // weight of the pooled quantiles, in origins
}

// Weights of the mix, in origins: one series' h errors from one origin hang together, so they count as one.
const (
	normalOrigins = 4  // the normal quantile is worth so many origins of the pool
	poolOrigins   = 12 // the pooled quantile so many of a series
	smoothSteps   = 2  // steps on each side whose ratios join a step's
)

// NewCalibration pools ratios of origins (rows; NaN left out) for horizons of h steps.
func NewCalibration(ratios [][]float64, h int) *Calibration {
	c := &Calibration{steps: make([][2]float64, h), prior: poolOrigins}
	var all []float64
	byStep := make([][]float64, h)
	for _, r := range ratios {
		for j, v := range r {
			if v == v && j < h {
				byStep[j] = append(byStep[j], v)
				all = append(all, v)
			}
		}
	}
	n := float64(len(ratios))
	for k, level := range Levels {
		overall := mixed(quantile(all, level), n, normalQuantile[k], normalOrigins)
		for j := range c.steps {
			var near []float64
			for i := max(0, j-smoothSteps); i <= min(h-1, j+smoothSteps); i++ {
				near = append(near, byStep[i]...)
			}
			c.steps[j][k] = mixed(quantile(near, level), n, overall, 4*poolOrigins)
		}
	}
	return c
}

// mixed is the geometric mean of a and b with weights; a missing a leaves b.
func mixed(a, wa, b, wb float64) float64 {
	if !(a > 0) || wa <= 0 {
		return b
	}
	return math.Exp((wa*math.Log(a) + wb*math.Log(b)) / (wa + wb))
}

// quantile is of type 7; NaN without values. It sorts a copy.
func quantile(v []float64, p float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Clone(v)
	slices.Sort(s)
	x := p * float64(len(s)-1)
	i := int(x)
	if i+1 >= len(s) {
		return s[i]
	}
	return s[i] + (x-float64(i))*(s[i+1]-s[i])
}

// Widths returns the half widths of the intervals, by step and level, of a series with its own
// ratios (may be none).
func (c *Calibration) Widths(sigma []float64, own [][]float64) [][2]float64 {
	var all []float64
	n := 0.0
	for _, r := range own {
		used := false
		for _, v := range r {
			if v == v {
				all = append(all, v)
				used = true
			}
		}
		if used {
			n++
		}
	}
	// how much wider the series' own errors are than the pool's, at both levels
	var scale [2]float64
	for k, level := range Levels {
		pool := 0.0
		for _, s := range c.steps {
			pool += math.Log(s[k])
		}
		pool = math.Exp(pool / float64(max(1, len(c.steps))))
		scale[k] = mixed(quantile(all, level), n, pool, c.prior) / pool
	}
	out := make([][2]float64, len(sigma))
	for j, s := range sigma {
		i := min(j, len(c.steps)-1)
		for k := range Levels {
			out[j][k] = s * c.steps[i][k] * scale[k]
		}
		out[j][1] = math.Max(out[j][1], out[j][0])
	}
	return out
}
