package kmeans

import (
	"context"
	"math"
	"math/rand/v2"
)

// seed draws the centres of a start by greedy k-means++ and leaves in r.labels and
// r.upper the nearest seed of each point and the squared distance to it. It ends
// with fewer than k seeds when every point is a seed's equal.
func (r *run) seed(ctx context.Context, rng *rand.Rand) error {
	p := r.p
	r.k = 0
	r.addCenter(p.row(rng.IntN(p.N)))
	sums := make([]float64, r.cut.pieces)
	err := r.cut.each(ctx, r.threads, func(piece, from, to int) {
		s, c := 0.0, r.centers[:p.D]
		for i := from; i < to; i++ {
			r.labels[i] = 0
			r.upper[i] = square(p.row(i), c)
			s += r.upper[i]
		}
		sums[piece] = s
	})
	if err != nil {
		return err
	}
	tries := 2 + int(math.Log(float64(r.o.K)))
	for r.k < r.o.K && err == nil {
		total := add(sums)
		if !(total > 0) {
			break
		}
		cand := make([]int, tries)
		for t := range cand {
			cand[t] = r.draw(rng.Float64()*total, sums)
		}
		var best int
		if best, err = r.bestCandidate(ctx, cand); err == nil {
			r.addCenter(p.row(cand[best]))
			err = r.claim(ctx, sums)
		}
	}
	return err
}

// add sums in order.
func add(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

// draw returns the point at which the running sum of squared distances passes target.
func (r *run) draw(target float64, sums []float64) int {
	last := 0
	for piece, s := range sums {
		if s <= 0 {
			continue
		}
		if target >= s {
			target -= s
			last = piece
			continue
		}
		last = piece
		break
	}
	at := -1
	for i := last * r.cut.size; i < min(r.p.N, (last+1)*r.cut.size); i++ {
		if r.upper[i] > 0 {
			at = i // rounding may leave a rest: then the last one
			if target -= r.upper[i]; target < 0 {
				break
			}
		}
	}
	return at
}

// bestCandidate returns which candidate would leave the least sum of squared distances.
func (r *run) bestCandidate(ctx context.Context, cand []int) (int, error) {
	d, t := r.p.D, len(cand)
	rows := make([]float64, 0, (t+1)*d)
	for _, i := range cand {
		rows = append(rows, r.p.row(i)...)
	}
	rows, pairs := padded(rows, d)
	safe := r.quarters(rows[:t*d])
	parts := make([]float64, r.cut.pieces*t)
	err := r.cut.each(ctx, r.threads, func(piece, from, to int) {
		same := 0.0 // of points that no candidate is nearer to
		sum, squares := make([]float64, t), make([]float64, 2*lanes*pairs)
		near := newTile(d)
		flush := func() {
			squaresTile(near.x, d, rows, pairs, squares)
			for c := range sum {
				s, of := 0.0, squares[c*lanes:][:lanes]
				for l, i := range near.at[:near.n] {
					s += min(r.upper[i], of[l])
				}
				sum[c] += s
			}
			near.n = 0
		}
		for i := from; i < to; i++ {
			have := r.upper[i]
			if have <= safe[r.labels[i]] {
				same += have
			} else if near.put(r.p.row(i), i) {
				flush()
			}
		}
		flush()
		for c, s := range sum {
			parts[piece*t+c] = s + same
		}
	})
	if err != nil {
		return 0, err
	}
	best, least := 0, math.Inf(1)
	for c := range t {
		s := 0.0
		for piece := range r.cut.pieces {
			s += parts[piece*t+c]
		}
		if s < least {
			best, least = c, s
		}
	}
	return best, nil
}

// quarters returns for each seed a quarter of the squared distance to the nearest of some
// places: a point of that seed whose squared distance to it is at most that is no nearer to
// any of them. The factor leaves room for rounding.
func (r *run) quarters(places []float64) []float64 {
	d := r.p.D
	q := make([]float64, r.k)
	for c := range q {
		least := math.Inf(1)
		for at := 0; at < len(places); at += d {
			least = min(least, square(r.center(c), places[at:at+d]))
		}
		q[c] = 0.25 * (1 - 1e-12) * least
	}
	return q
}

// claim gives the newest seed the points that are nearer to it.
func (r *run) claim(ctx context.Context, sums []float64) error {
	k := r.k - 1
	fresh := r.center(k)
	safe := r.quarters(fresh)[:k]
	return r.cut.each(ctx, r.threads, func(piece, from, to int) {
		s := 0.0
		for i := from; i < to; i++ {
			have := r.upper[i]
			if safe[r.labels[i]] < have {
				if d := square(r.p.row(i), fresh); d < have {
					r.upper[i], r.labels[i], have = d, int32(k), d
				}
			}
			s += have
		}
		sums[piece] = s
	})
}
