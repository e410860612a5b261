package analysis

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/kmeans"
)

// clustering is a finished partition.
type clustering struct {
	in    *clusterRows
	o     *clusterOptions
	model *clusterModel
	// used lists the rows that have all values (or got the median); cluster and distance run in
	// parallel.
	used     []int
	cluster  []int32 // from 0
	distance []float64
	missing  []int // rows without a value, by column
	constant []int // columns of one value
	asked    int   // the k that was asked for; 0 = auto
	// tried holds the silhouette of each k from 2 on when k was chosen; NaN where there is none.
	tried      []float64
	silhouette float64 // of the partition, on sampled rows; NaN where there is none
	sampled    int
	stability  float64 // adjusted Rand index of two fits to halves; NaN when too few rows
	total      float64 // inertia of one cluster of all rows
	inertia    float64 // of the rows that have a cluster
	fit        *kmeans.Result
	scaled     kmeans.Points // the used rows as distances see them
}

// autoMost is the largest k that auto tries.
const autoMost = 10

// clusterEffort bounds the work in rows; docs/methods.md states the bounds.
type clusterEffort struct {
	fit        int // rows to which centroids are fitted
	auto       int // to which auto fits each k
	silhouette int // among which all pairs are measured
	stability  int // of the two halves
}

// The command fits to all rows; a report has less time.
var (
	commandEffort = clusterEffort{fit: math.MaxInt, auto: 50_000, silhouette: 4_000, stability: 20_000}
	reportEffort  = clusterEffort{fit: 10_000, auto: 4_000, silhouette: 1_000, stability: 4_000}
)

func runClusters(ctx context.Context, r *Request, in *clusterRows, o *clusterOptions) (*clustering, error) {
	c := &clustering{in: in, o: o, asked: o.k, model: o.model, silhouette: math.NaN(), stability: math.NaN()}
	p, fill := c.complete()
	if len(c.used) == 0 {
		return nil, fault.New(fault.Input, "clustering: no row has a value in every column of %v", in.names).
			WithHint("leave out the emptiest --features, or fill gaps with --missing median")
	}
	if c.model != nil {
		c.model.Scale.apply(p.X)
		return c, c.assign(ctx, p, r.Threads)
	}
	if need := fitBytes(p, max(o.k, autoMost)); r.Memory > 0 && need > r.Memory {
		return nil, fault.New(fault.Full, "clustering: %d clusters of %d rows of %d columns need %d MiB, more than --memory (%d MiB)", max(o.k, autoMost), p.N, p.D, need>>20, r.Memory>>20).
			WithHint("ask for fewer clusters or columns, or raise --memory")
	}
	scale, constant := fitScale(o.scale, p.X, p.D)
	for j, v := range scale.Factor {
		if !(math.Abs(v) <= 1e140 && math.Abs(scale.Shift[j]) <= 1e140) { // sums of squares overflow
			return nil, fault.New(fault.Input, "clustering: column %s has values beyond ±1e140", in.names[j]).WithHint("scale the columns: --scale log")
		}
	}
	scale.apply(p.X)
	c.constant = constant
	for _, v := range p.X {
		if math.Abs(v) > 1e140 {
			return nil, fault.New(fault.Input, "clustering: a value is beyond ±1e140").WithHint("scale the columns: --scale log")
		}
	}
	rng := rand.New(rand.NewPCG(uint64(r.Seed), 0x6b6d65616e73))
	k := o.k
	if k == 0 {
		var err error
		if k, err = c.chooseK(ctx, r, p, rng); err != nil {
			return nil, err
		}
	}
	part := p
	if p.N > o.effort.fit {
		part = gatherRows(p, drawRows(p.N, o.effort.fit, rng))
	}
	fit, err := kmeans.Fit(ctx, part, c.options(r, k))
	if err != nil {
		return nil, err
	}
	c.fit, c.scaled = fit, p
	c.model = &clusterModel{Format: clusterFormat, Version: clusterVersion, Table: r.Rel.Name, Features: in.names, Scale: scale,
		Fill: fill, Rows: p.N, Seed: r.Seed}
	if in.asOf != 0 {
		c.model.AsOf = dateText(civil.FloorDiv(in.asOf, dayMicros))
	}
	for a := range fit.K {
		c.model.Centroids = append(c.model.Centroids, fit.Centroids[a*p.D:(a+1)*p.D])
	}
	if err := c.assign(ctx, p, r.Threads); err != nil {
		return nil, err
	}
	c.order()
	c.profile(p)
	return c, c.evaluate(ctx, r, p, rng)
}

// fitBytes bounds what a fit holds: the rows scaled and centred, bounds of the rows, and sums of each cluster in up to 256 pieces.
func fitBytes(p kmeans.Points, k int) int64 {
	n, d := int64(p.N), int64(p.D)
	return 8*n*(2*d+4) + 8*min(256, n/4096+1)*int64(min(k, p.N))*(d+1)
}

func (c *clustering) options(r *Request, k int) kmeans.Options {
	return kmeans.Options{K: k, Starts: c.o.starts, Iterations: c.o.iterations, Seed: r.Seed, Threads: r.Threads}
}

// complete copies the rows that have all values; with --missing median (or a model that says so) the others too,
// with the medians, which it returns.
func (c *clustering) complete() (kmeans.Points, []float64) {
	in, d := c.in, len(c.in.names)
	c.missing = make([]int, d)
	for i, v := range in.x {
		if v != v {
			c.missing[i%d]++
		}
	}
	var fill []float64
	switch {
	case c.model != nil:
		fill = c.model.Fill
	case c.o.median:
		fill = medians(in.x, d)
	}
	p := kmeans.Points{X: make([]float64, 0, len(in.x)), D: d}
	for i := range in.n {
		row := in.x[i*d : (i+1)*d]
		if fill == nil && slices.ContainsFunc(row, math.IsNaN) {
			continue
		}
		at := len(p.X)
		p.X = append(p.X, row...)
		for j, v := range row {
			if v != v {
				p.X[at+j] = fill[j]
			}
		}
		c.used = append(c.used, i)
	}
	p.N = len(c.used)
	return p, fill
}

// medians of the known values of each column; 0 where none is known.
func medians(x []float64, d int) []float64 {
	m := make([]float64, d)
	for j := range d {
		known := slices.DeleteFunc(columnOf(x, d, j), math.IsNaN)
		if len(known) > 0 {
			slices.Sort(known)
			m[j] = sortedQuantile(known, 0.5)
		}
	}
	return m
}

// drawRows returns at most m of n row numbers, ascending, every set equally likely (Knuth, TAOCP
// 2, 3.4.2, algorithm S).
func drawRows(n, m int, rng *rand.Rand) []int {
	m = min(n, m)
	out := make([]int, 0, m)
	for i := 0; len(out) < m; i++ {
		if n == m || rng.IntN(n-i) < m-len(out) {
			out = append(out, i)
		}
	}
	return out
}

// gatherRows copies rows.
func gatherRows(p kmeans.Points, rows []int) kmeans.Points {
	out := kmeans.Points{X: make([]float64, 0, len(rows)*p.D), N: len(rows), D: p.D}
	for _, i := range rows {
		out.X = append(out.X, p.X[i*p.D:(i+1)*p.D]...)
	}
	return out
}

// chooseK fits every k from 2 to autoMost to a sample and picks by mean silhouette; 1 when there is nothing to tell apart.
func (c *clustering) chooseK(ctx context.Context, r *Request, p kmeans.Points, rng *rand.Rand) (int, error) {
	part := gatherRows(p, drawRows(p.N, c.o.effort.auto, rng))
	looked := drawRows(part.N, c.o.effort.silhouette, rng)
	var partitions [][]int32
	for k := 2; k <= min(autoMost, part.N-1); k++ {
		fit, err := kmeans.Fit(ctx, part, c.options(r, k))
		if err != nil {
			return 0, err
		}
		if fit.K < k {
			break // no more distinct rows
		}
		labels := make([]int32, len(looked))
		for i, at := range looked {
			labels[i] = fit.Labels[at]
		}
		partitions = append(partitions, labels)
	}
	if len(partitions) == 0 {
		return 1, nil
	}
	var err error
	if c.tried, err = kmeans.Silhouette(ctx, gatherRows(part, looked), partitions, max(1, r.Threads)); err != nil {
		return 0, err
	}
	return c.o.pick(c.tried), nil
}

// pick returns the k of the highest silhouette, the smaller of equals; with finer set, the most
// groups whose silhouette falls short of it by at most that share.
func (o *clusterOptions) pick(tried []float64) int {
	k, most := 1, math.Inf(-1)
	for i, s := range tried {
		if s > most {
			k, most = i+2, s
		}
	}
	for i, s := range tried[:min(len(tried), mostDrawn-1)] {
		if o.finer > 0 && s >= most*(1-o.finer) {
			k = max(k, i+2)
		}
	}
	return k
}

// order numbers the clusters: customers' by mean revenue, others' by size, largest first; then by centroid.
func (c *clustering) order() {
	m := c.model
	k := len(m.Centroids)
	key, sizes := make([]float64, k), make([]int64, k)
	for u, a := range c.cluster {
		sizes[a]++
		if c.in.revenue != nil {
			key[a] += c.in.revenue[c.used[u]]
		}
	}
	place := make([]int, k)
	for a := range place {
		place[a] = a
		if c.in.revenue != nil {
			key[a] /= float64(max(1, sizes[a]))
		} else {
			key[a] = float64(sizes[a])
		}
	}
	slices.SortFunc(place, func(a, b int) int {
		return cmp.Or(cmp.Compare(key[b], key[a]), slices.Compare(m.Centroids[a], m.Centroids[b]))
	})
	old, number := m.Centroids, make([]int32, k)
	m.Centroids = nil
	for n, a := range place {
		number[a] = int32(n)
		m.Centroids, m.Sizes = append(m.Centroids, old[a]), append(m.Sizes, sizes[a])
	}
	for u, a := range c.cluster {
		c.cluster[u] = number[a]
	}
	m.Inertia = c.inertia
}

// profile tells how far each centroid lies from the mean of all rows, and adds up the inertia of one cluster.
func (c *clustering) profile(p kmeans.Points) {
	mean, sd := make([]float64, p.D), make([]float64, p.D)
	for j := range p.D {
		mean[j], sd[j] = meanAndSD(columnOf(p.X, p.D, j))
		c.total += sd[j] * sd[j] * float64(p.N)
	}
	for _, centroid := range c.model.Centroids {
		z := make([]float64, p.D)
		for j, v := range centroid {
			if sd[j] > 0 {
				z[j] = (v - mean[j]) / sd[j]
			}
		}
		c.model.Profile = append(c.model.Profile, z)
	}
}

// assign gives the scaled rows the clusters of the model: fitting and --apply end alike.
func (c *clustering) assign(ctx context.Context, p kmeans.Points, threads int) (err error) {
	c.cluster, c.distance, err = kmeans.Assign(ctx, p, slices.Concat(c.model.Centroids...), max(1, threads))
	c.inertia = 0
	for _, d := range c.distance {
		c.inertia += d * d
	}
	return err
}

// evaluate measures the silhouette of the partition and how well two halves of the rows agree.
func (c *clustering) evaluate(ctx context.Context, r *Request, p kmeans.Points, rng *rand.Rand) error {
	k := len(c.model.Centroids)
	if k < 2 {
		return nil
	}
	rows := drawRows(p.N, c.o.effort.silhouette, rng)
	labels := make([]int32, len(rows))
	for i, at := range rows {
		labels[i] = c.cluster[at]
	}
	s, err := kmeans.Silhouette(ctx, gatherRows(p, rows), [][]int32{labels}, max(1, r.Threads))
	if err != nil {
		return err
	}
	c.silhouette, c.sampled = s[0], len(rows)
	if p.N < 20*k {
		return nil
	}
	all := drawRows(p.N, c.o.effort.stability, rng)
	whole := gatherRows(p, all)
	var parts [2][]int32
	for h := range parts {
		var half []int
		for i := range all {
			if i%2 == h {
				half = append(half, i)
			}
		}
		fit, err := kmeans.Fit(ctx, gatherRows(whole, half), c.options(r, k))
		if err != nil {
			return err
		}
		if parts[h], _, err = kmeans.Assign(ctx, whole, fit.Centroids, max(1, r.Threads)); err != nil {
			return err
		}
	}
	c.stability = kmeans.AdjustedRand(parts[0], parts[1])
	return nil
}
