package kmeans

import (
	"context"
	"math"
	"math/rand/v2"
)

// The points on which seeds are refined, and how often at most.
const (
	refineRows       = 32_768
	refineIterations = 100
)

// refine moves the seeds to where Lloyd's iteration on a sample takes them, so that the iterations on
// all points begin near their end (after Bradley & Fayyad, Refining initial points for k-means clustering,
// ICML 1998). A seed that no sampled point is nearest to stays: it may stand for a few points far off. The sample
// holds one point of each of r.sample runs of equal length, drawn by rng. Small inputs are left alone.
func (r *run) refine(ctx context.Context, rng *rand.Rand) error {
	d := r.p.D
	if r.p.N < 4*r.sample {
		return nil
	}
	if r.part == nil {
		few := &centered{Points: Points{make([]float64, r.sample*d), r.sample, d}, variance: r.p.variance, radius: r.p.radius, cut: newCut(r.sample)}
		o := r.o
		o.Iterations = refineIterations
		r.part = newRun(few, o)
		r.part.still = true
	}
	s := r.part
	for i := range r.sample {
		from, to := i*r.p.N/r.sample, (i+1)*r.p.N/r.sample
		copy(s.p.row(i), r.p.row(from+rng.IntN(to-from)))
	}
	s.k, s.centers = r.k, append(s.centers[:0], r.centers[:r.k*d]...)
	clear(s.moves)
	for i := range s.labels {
		s.labels[i], s.upper[i] = 0, math.Inf(1) // nothing is known yet
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	if err := s.assign(ctx); err != nil {
		return err
	}
	if err := s.iterate(ctx); err != nil {
		return err
	}
	way := make([]float64, r.k)
	for c := range way {
		way[c] = math.Sqrt(square(s.center(c), r.center(c)))
		copy(r.center(c), s.center(c))
	}
	r.note(way)
	return nil
}
