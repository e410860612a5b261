package kmeans

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Points are N rows of D finite numbers, row after row.
type Points struct {
	X    []float64
	N, D int
}

// row returns point i.
func (p *Points) row(i int) []float64 { return p.X[i*p.D : (i+1)*p.D : (i+1)*p.D] }

// Options say how to fit.
type Options struct {
	K          int
	Starts     int     // independent seedings, the best is kept; 0 = 1
	Iterations int     // at most, in each start; 0 = 300
	Tol        float64 // stop when the squared moves of the centres sum up to at most Tol × the mean variance of a column; 0 = when no point changes
	Seed       int64
	Threads    int // 0 = 1; does not change the result
}

// Result is the best start's partition.
type Result struct {
	K         int       // clusters found: fewer than asked where there are fewer distinct points
	Centroids []float64 // K × D, row after row
	Labels    []int32   // 0 … K−1, by point
	Sizes     []int64   // points of each cluster
	Inertia   float64   // Σ squared distance to the own centroid
	// Iterations of the best start; Settled tells that it ended because nothing changed (or
	// moved less than Tol), not because they ran out.
	Iterations int
	Settled    bool
	Starts     []float64 // inertia of each start
}

// maxValue keeps squares and their sums finite.
const maxValue = 1e140

// Fit clusters the points. It is an error to give none, a value that is not finite or beyond
// ±10¹⁴⁰, or fewer than one cluster.
func Fit(ctx context.Context, p Points, o Options) (*Result, error) {
	o.Starts, o.Threads = max(1, o.Starts), max(1, o.Threads)
	if o.Iterations <= 0 {
		o.Iterations = 300
	}
	if p.N < 1 || p.D < 1 || len(p.X) != p.N*p.D {
		return nil, fault.New(fault.Input, "clustering: no points")
	}
	if o.K < 1 {
		return nil, fault.New(fault.Usage, "clustering: %d clusters", o.K)
	}
	o.K = min(o.K, p.N)
	work, err := center(ctx, p, o.Threads)
	if err != nil {
		return nil, err
	}
	r := newRun(work, o)
	best := &Result{Inertia: math.Inf(1)}
	inertias := make([]float64, o.Starts)
	for s := range o.Starts {
		rng := rand.New(rand.NewPCG(uint64(o.Seed), uint64(s)+0x9e3779b97f4a7c15))
		if err := r.start(ctx, rng); err != nil {
			return nil, err
		}
		inertias[s] = r.inertia
		if r.inertia < best.Inertia {
			r.copyTo(best)
		}
	}
	best.Starts = inertias
	for c := range best.K {
		for j := range p.D {
			best.Centroids[c*p.D+j] += work.shift[j]
		}
	}
	return best, nil
}

// centered are the points less their mean: distances lose fewer digits near the origin.
type centered struct {
	Points
	shift    []float64
	variance float64 // mean variance of a column
	radius   float64 // the longest row
	cut      cut
}

// center checks the points and takes the mean of each column away.
func center(ctx context.Context, p Points, threads int) (*centered, error) {
	w := &centered{Points: Points{make([]float64, len(p.X)), p.N, p.D}, shift: make([]float64, p.D), cut: newCut(p.N)}
	sums := make([][]float64, w.cut.pieces)
	bad := make([]int, w.cut.pieces)
	err := w.cut.each(ctx, threads, func(piece, from, to int) {
		s := make([]float64, p.D)
		bad[piece] = -1
		for i := from; i < to; i++ {
			for j, v := range p.row(i) {
				if !(math.Abs(v) <= maxValue) && bad[piece] < 0 {
					bad[piece] = i
				}
				s[j] += v
			}
		}
		sums[piece] = s
	})
	if err != nil {
		return nil, err
	}
	for piece, s := range sums {
		if bad[piece] >= 0 {
			return nil, fault.New(fault.Input, "clustering: point %d holds a value that is not finite or beyond ±1e140", bad[piece])
		}
		for j, v := range s {
			w.shift[j] += v
		}
	}
	for j := range w.shift {
		w.shift[j] /= float64(p.N)
	}
	square, longest := make([]float64, w.cut.pieces), make([]float64, w.cut.pieces)
	err = w.cut.each(ctx, threads, func(piece, from, to int) {
		for i := from; i < to; i++ {
			row, norm := w.row(i), 0.0
			for j, v := range p.row(i) {
				v -= w.shift[j]
				row[j] = v
				norm += float64(v * v)
			}
			square[piece] += norm
			longest[piece] = max(longest[piece], norm)
		}
	})
	for piece, s := range square {
		w.variance += s
		w.radius = max(w.radius, longest[piece])
	}
	w.variance /= float64(p.N) * float64(p.D)
	w.radius = math.Sqrt(w.radius)
	return w, err
}
