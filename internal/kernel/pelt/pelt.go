// Package pelt finds the change points of a series exactly and in about linear time:
// Killick, Fearnhead & Eckley, Optimal detection of changepoints with a linear
// computational cost, JASA 107(500), 2012 (PELT). The segmentation minimises
//
//	Σ cost(segment) + penalty × (number of changes)
//
// by dynamic programming; candidates for the last change that cannot become optimal
// any more are pruned.
package pelt

import (
	"context"
	"math"
)

// Cost is the misfit of a segment. For pruning it must not grow when a segment is cut:
// Of(a, b) ≥ Of(a, c) + Of(c, b), which holds for maximised likelihoods.
type Cost interface {
	// Len is the number of points.
	Len() int
	// Of is the cost of points [from, to), to − from ≥ 1.
	Of(from, to int) float64
}

// Mean is the cost of a change in mean of normal values with a known standard
// deviation: the squared distance from the segment's mean over the variance.
type Mean struct {
	sum, square []float64 // prefix sums of values about their mean, and of squares
	variance    float64
}

// NewMean prepares y, without NaN, whose noise has standard deviation sd > 0.
func NewMean(y []float64, sd float64) *Mean {
	m := &Mean{sum: make([]float64, len(y)+1), square: make([]float64, len(y)+1), variance: sd * sd}
	centre := 0.0
	for i, v := range y {
		centre += (v - centre) / float64(i+1)
	}
	for i, v := range y {
		v -= centre
		m.sum[i+1] = m.sum[i] + v
		m.square[i+1] = m.square[i] + v*v
	}
	return m
}

// Len implements Cost.
func (m *Mean) Len() int { return len(m.sum) - 1 }

// Of implements Cost.
func (m *Mean) Of(from, to int) float64 {
	s := m.sum[to] - m.sum[from]
	return math.Max(0, m.square[to]-m.square[from]-s*s/float64(to-from)) / m.variance
}

// Changes returns the first points of all segments but the first, in ascending order. Segments
// have at least least points. Ties go to fewer and earlier changes.
func Changes(ctx context.Context, c Cost, penalty float64, least int) ([]int, error) {
	n := c.Len()
	least = max(1, least)
	if n < 2*least {
		return nil, nil
	}
	best := make([]float64, n+1) // of the points before, plus penalty for each segment
	from := make([]int, n+1)     // where the last segment of the best begins
	best[0] = -penalty
	for i := 1; i < least; i++ {
		best[i] = math.Inf(1)
	}
	candidates := []int{0}
	out := make([]int, n+1) // when a candidate is out; 0: not seen to be
	for t := least; t <= n; t++ {
		if t%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		if s := t - least; s >= least {
			candidates = append(candidates, s)
		}
		best[t] = math.Inf(1)
		for _, s := range candidates {
			if v := best[s] + c.Of(s, t) + penalty; v < best[t] {
				best[t], from[t] = v, s
			}
		}
		// Killick et al., theorem 3.1: where s is not better than t even without a penalty, a segment
		// from t serves every later end that it can reach: those from t + least on.
		kept := candidates[:0]
		for _, s := range candidates {
			if out[s] == 0 && best[s]+c.Of(s, t) > best[t]+slack(best[t]) {
				out[s] = t + least
			}
			if out[s] == 0 || t+1 < out[s] {
				kept = append(kept, s)
			}
		}
		candidates = kept
	}
	var changes []int
	for t := from[n]; t > 0; t = from[t] {
		changes = append(changes, t)
	}
	for i, j := 0, len(changes)-1; i < j; i, j = i+1, j-1 {
		changes[i], changes[j] = changes[j], changes[i]
	}
	return changes, nil
}

// slack keeps rounding from pruning a candidate that is equally good.
func slack(v float64) float64 { return 1e-9 * (1 + math.Abs(v)) }

// every is a cost whose changes lie at multiples of step points only.
type every struct {
	Cost
	step int
}

// Every allows changes at multiples of step points only: pruning drops no candidate
// within a segment, so very long segments need a coarser grid. Changes of it count in steps.
func Every(c Cost, step int) Cost { return every{c, max(1, step)} }

// Len implements Cost.
func (e every) Len() int { return e.Cost.Len() / e.step }

// Of implements Cost.
func (e every) Of(from, to int) float64 {
	end := to * e.step
	if to == e.Len() {
		end = e.Cost.Len()
	}
	return e.Cost.Of(from*e.step, end)
}
