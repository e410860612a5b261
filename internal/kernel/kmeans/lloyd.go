package kmeans

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// run is the memory of one start; starts reuse it.
type run struct {
	p       *centered
	o       Options
	cut     cut
	threads int

	k       int
	centers []float64 // k × D
	labels  []int32
	// upper and lower hold the bounds of each point less what its centre has added since:
	// u = upper + move[a].up, l = lower − move[a].down. While seeding, upper is the squared distance.
	upper, lower []float64
	moves        []move
	// sums and counts of the points of each cluster, by piece.
	sums    []float64
	counts  []int64
	changed []int64 // points that changed their cluster, by piece
	margin  float64 // what rounding may do to a bound
	sample  int     // points on which seeds are refined
	part    *run    // of these points
	still   bool    // empty clusters keep their centres

	size       []int64
	inertia    float64
	iterations int
	settled    bool
}

// move is what the motion of the centres means for a point of one cluster.
type move struct {
	up   float64 // way of this centre so far
	down float64 // longest ways of the others, added up
	half float64 // half the distance to the next centre
	_    float64 // four to a cache line
}

func newRun(p *centered, o Options) *run {
	kd := o.K * p.D
	return &run{p: p, o: o, cut: p.cut, threads: o.Threads,
		centers: make([]float64, 0, kd), labels: make([]int32, p.N), upper: make([]float64, p.N), lower: make([]float64, p.N),
		moves: make([]move, o.K), sums: make([]float64, p.cut.pieces*kd), counts: make([]int64, p.cut.pieces*o.K),
		changed: make([]int64, p.cut.pieces), size: make([]int64, o.K), margin: 1e-12 * p.radius, sample: refineRows}
}

func (r *run) center(c int) []float64 { return r.centers[c*r.p.D : (c+1)*r.p.D : (c+1)*r.p.D] }

func (r *run) addCenter(x []float64) {
	r.centers = append(r.centers[:r.k*r.p.D], x...)
	r.k++
}

// start runs one start: seeds, then Lloyd's iteration.
func (r *run) start(ctx context.Context, rng *rand.Rand) error {
	if err := r.prepare(ctx, rng); err != nil {
		return err
	}
	if err := r.assign(ctx); err != nil {
		return err
	}
	if err := r.iterate(ctx); err != nil {
		return err
	}
	return r.close(ctx)
}

// prepare draws seeds and refines them.
func (r *run) prepare(ctx context.Context, rng *rand.Rand) error {
	if err := r.seed(ctx, rng); err != nil {
		return err
	}
	clear(r.moves)
	if err := r.open(ctx); err != nil {
		return err
	}
	return r.refine(ctx, rng)
}

// iterate moves centres and points in turn until nothing changes.
func (r *run) iterate(ctx context.Context) error {
	for r.iterations = 1; ; r.iterations++ {
		if err := r.update(ctx); err != nil {
			return err
		}
		moved := r.step()
		if err := r.assign(ctx); err != nil {
			return err
		}
		if r.settled = sum(r.changed) == 0 || moved <= r.o.Tol*r.p.variance; r.settled || r.iterations >= r.o.Iterations {
			return nil
		}
	}
}

func sum(v []int64) (s int64) {
	for _, x := range v {
		s += x
	}
	return s
}

// open turns the seeds' squared distances into bounds (nothing is known of the second
// nearest yet) and adds up the clusters.
func (r *run) open(ctx context.Context) error {
	return r.cut.each(ctx, r.threads, func(piece, from, to int) {
		for i := from; i < to; i++ {
			r.upper[i] = math.Sqrt(r.upper[i])
			r.lower[i] = 0
		}
		r.recount(piece, from, to)
	})
}

// pieceSums returns the sums and counts of a piece.
func (r *run) pieceSums(piece int) ([]float64, []int64) {
	kd := r.o.K * r.p.D
	return r.sums[piece*kd:][:kd], r.counts[piece*r.o.K:][:r.o.K]
}

// recount adds up the clusters of a piece anew.
func (r *run) recount(piece, from, to int) {
	d := r.p.D
	sums, counts := r.pieceSums(piece)
	clear(sums)
	clear(counts)
	for i := from; i < to; i++ {
		a := int(r.labels[i])
		counts[a]++
		s := sums[a*d:][:d]
		for j, v := range r.p.row(i) {
			s[j] += v
		}
	}
}

// freshEvery is the number of iterations after which the sums are added up anew: moving
// points in and out of a sum rounds a little each time.
const freshEvery = 32

// update repairs empty clusters and, now and then, the sums.
func (r *run) update(ctx context.Context) error {
	if r.iterations%freshEvery == 0 {
		if err := r.cut.each(ctx, r.threads, r.recount); err != nil {
			return err
		}
	}
	for {
		clear(r.size)
		for piece := range r.cut.pieces {
			_, counts := r.pieceSums(piece)
			for c := range r.k {
				r.size[c] += counts[c]
			}
		}
		empty := slices.Index(r.size[:r.k], 0)
		if empty < 0 || r.still {
			return nil
		}
		if done, err := r.refill(ctx, empty); err != nil || done {
			return err
		}
	}
}

// refill gives an empty cluster the point farthest from its own centre (the first of
// equals). It reports true when all points lie on their centres: then the cluster stays
// empty and is dropped at the end.
func (r *run) refill(ctx context.Context, empty int) (bool, error) {
	far, at := make([]float64, r.cut.pieces), make([]int, r.cut.pieces)
	err := r.cut.each(ctx, r.threads, func(piece, from, to int) {
		far[piece] = 0
		for i := from; i < to; i++ {
			if s := square(r.p.row(i), r.center(int(r.labels[i]))); s > far[piece] {
				far[piece], at[piece] = s, i
			}
		}
	})
	if err != nil {
		return false, err
	}
	piece := 0
	for q, s := range far {
		if s > far[piece] {
			piece = q
		}
	}
	if far[piece] == 0 {
		return true, nil
	}
	r.relabel(piece, at[piece], empty)
	r.upper[at[piece]], r.lower[at[piece]] = math.Inf(1), 0
	return false, nil
}

// relabel moves a point to another cluster.
func (r *run) relabel(piece, i, to int) {
	d, from := r.p.D, int(r.labels[i])
	sums, counts := r.pieceSums(piece)
	counts[from]--
	counts[to]++
	old, now := sums[from*d:][:d], sums[to*d:][:d]
	for j, v := range r.p.row(i) {
		old[j] -= v
		now[j] += v
	}
	r.labels[i] = int32(to)
}

// step moves every centre to the mean of its points and notes the moves; it returns the
// sum of their squares.
func (r *run) step() (moved float64) {
	d := r.p.D
	way := make([]float64, r.k)
	mean := make([]float64, d)
	for c := range r.k {
		if r.size[c] == 0 {
			continue
		}
		clear(mean)
		for piece := range r.cut.pieces {
			sums, _ := r.pieceSums(piece)
			for j, v := range sums[c*d:][:d] {
				mean[j] += v
			}
		}
		for j := range mean {
			mean[j] /= float64(r.size[c])
		}
		s := square(mean, r.center(c))
		moved += s
		way[c] = math.Sqrt(s)
		copy(r.center(c), mean)
	}
	r.note(way)
	return moved
}

// note adds the ways of the centres to what the bounds have to allow for.
func (r *run) note(way []float64) {
	first, second := -1, 0.0
	for c, w := range way {
		switch {
		case first < 0 || w > way[first]:
			if first >= 0 {
				second = way[first]
			}
			first = c
		case w > second:
			second = w
		}
	}
	for c := range way {
		m := &r.moves[c]
		m.up += way[c]
		if c == first {
			m.down += second
		} else {
			m.down += way[first]
		}
		least := math.Inf(1)
		for e := range way {
			if e != c {
				least = min(least, square(r.center(c), r.center(e)))
			}
		}
		m.half = math.Sqrt(least)/2 - r.margin
	}
}

// tighten is the number of centres from which it pays to compute the distance to the
// own centre before those to all.
const tighten = 24

// assign gives every point its nearest centre. It computes distances only for points that
// the bounds do not settle, eight at a time.
func (r *run) assign(ctx context.Context) error {
	d, margin := r.p.D, r.margin
	centers, pairs := padded(r.centers[:r.k*d:r.k*d], d)
	return r.cut.each(ctx, r.threads, func(piece, from, to int) {
		upper, lower, labels, moves := r.upper[from:to], r.lower[from:to], r.labels[from:to], r.moves
		n := int64(0)
		t := newTile(d)
		var near neighbours
		flush := func() {
			nearestTile(t.x, d, centers, pairs, &near)
			for l, i := range t.at[:t.n] {
				best := int32(near.best[l])
				if best != labels[i] {
					n++
					r.relabel(piece, from+int(i), int(best))
				}
				upper[i], lower[i] = near.first[l]-moves[best].up, near.second[l]+moves[best].down
			}
			t.n = 0
		}
		for i, a := range labels {
			m := &moves[a]
			safe := max(lower[i]-m.down-margin, m.half)
			if upper[i]+m.up <= safe {
				continue
			}
			x := r.p.X[(from+i)*d:][:d:d]
			if pairs >= tighten/2 {
				if u := math.Sqrt(square(x, centers[int(a)*d:][:d])); u <= safe {
					upper[i] = u - m.up
					continue
				}
			}
			if t.put(x, i) {
				flush()
			}
		}
		flush()
		r.changed[piece] = n
	})
}

// close drops clusters that stayed empty and adds up the inertia. The centres are the ones
// the labels were assigned to.
func (r *run) close(ctx context.Context) error {
	parts := make([]float64, r.cut.pieces)
	err := r.cut.each(ctx, r.threads, func(piece, from, to int) {
		s := 0.0
		for i := from; i < to; i++ {
			s += square(r.p.row(i), r.center(int(r.labels[i])))
		}
		parts[piece] = s
	})
	r.inertia = add(parts)
	clear(r.size)
	for piece := range r.cut.pieces {
		_, counts := r.pieceSums(piece)
		for c := range r.k {
			r.size[c] += counts[c]
		}
	}
	return err
}

// copyTo keeps the partition of this start.
func (r *run) copyTo(res *Result) {
	d := r.p.D
	to := make([]int32, r.k)
	res.K, res.Centroids, res.Sizes = 0, res.Centroids[:0], res.Sizes[:0]
	for c := range r.k {
		if r.size[c] > 0 {
			to[c] = int32(res.K)
			res.K++
			res.Centroids = append(res.Centroids, r.centers[c*d:(c+1)*d]...)
			res.Sizes = append(res.Sizes, r.size[c])
		}
	}
	res.Labels = slices.Grow(res.Labels[:0], len(r.labels))[:len(r.labels)]
	for i, a := range r.labels {
		res.Labels[i] = to[a]
	}
	res.Inertia, res.Iterations, res.Settled = r.inertia, r.iterations, r.settled
}
