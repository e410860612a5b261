package iforest

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Options of a forest; zero values are those of the paper.
type Options struct {
	Trees  int // default 100
	Sample int // rows a tree sees, ψ; default and most 256
	Seed   uint64
}

// Forest is a fitted isolation forest. It is immutable.
type Forest struct {
	columns int
	height  int // levels of inner nodes
	norm    float64
	trees   []tree
}

// mostSample is the largest sample: node numbers then fit a byte, which needs no bounds check.
const mostSample = 256

// tree is a complete binary tree with its root at 1: node k has children 2k and 2k+1. Leaf i
// is what 2^height + i would be, its depth stands apart.
type tree struct {
	nodes [mostSample]node
	depth [mostSample]float32 // of each leaf, with c(size) for the rows that were not separated
}

type node struct {
	cut    float32 // goes right where value > cut
	column uint32
}

// Fit grows a forest on rows given by columns of equal length without NaN.
func Fit(columns [][]float64, o Options) (*Forest, error) {
	if o.Trees == 0 {
		o.Trees = 100
	}
	if o.Sample == 0 {
		o.Sample = mostSample
	}
	if o.Sample > mostSample || o.Sample < 1 || o.Trees < 1 {
		panic("iforest: sample or trees out of range")
	}
	if len(columns) == 0 || len(columns[0]) == 0 {
		return nil, fault.New(fault.Input, "isolation forest: no rows")
	}
	for _, c := range columns {
		if len(c) != len(columns[0]) {
			panic("iforest: columns of different lengths")
		}
	}
	rows := len(columns[0])
	o.Sample = min(o.Sample, rows)
	f := &Forest{columns: len(columns), norm: average(o.Sample)}
	for 1<<f.height < o.Sample {
		f.height++
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0x1f0e57))
	for range o.Trees {
		g := grower{columns: columns, rng: rng, height: f.height}
		g.grow(1, 0, sample(rng, rows, o.Sample))
		f.trees = append(f.trees, g.tree)
	}
	return f, nil
}

// average is c(n): the mean depth of an unsuccessful search in a binary search tree of n rows.
func average(n int) float64 {
	switch {
	case n <= 1:
		return 0
	case n == 2:
		return 1
	}
	return 2*(math.Log(float64(n-1))+0.5772156649015329) - 2*float64(n-1)/float64(n)
}

// sample draws k of n row numbers without replacement (Floyd, Communications of the ACM 30(9), 1987).
func sample(rng *rand.Rand, n, k int) []int {
	seen := make(map[int]bool, k)
	out := make([]int, 0, k)
	for j := n - k; j < n; j++ {
		x := rng.IntN(j + 1)
		if seen[x] {
			x = j
		}
		seen[x] = true
		out = append(out, x)
	}
	return out
}

// grower grows one tree.
type grower struct {
	tree
	columns [][]float64
	rng     *rand.Rand
	height  int
}

// grow fills node k at a level with rows, which it reorders.
func (g *grower) grow(k, level int, rows []int) {
	column, cut, ok := -1, 0.0, false
	if level < g.height && len(rows) > 1 {
		column, cut, ok = g.choose(rows)
	}
	if !ok {
		g.leaf(k, level, float64(level)+average(len(rows)))
		return
	}
	values := g.columns[column]
	left := 0
	for i, r := range rows {
		if !(float32(values[r]) > float32(cut)) {
			rows[i], rows[left] = rows[left], r
			left++
		}
	}
	g.nodes[k] = node{float32(cut), uint32(column)}
	g.grow(2*k, level+1, rows[:left])
	g.grow(2*k+1, level+1, rows[left:])
}

// choose draws a column that is not constant over the rows and a cut between its extremes.
func (g *grower) choose(rows []int) (column int, cut float64, ok bool) {
	for i, start := 0, g.rng.IntN(len(g.columns)); i < len(g.columns); i++ {
		column = (start + i) % len(g.columns)
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, r := range rows {
			v := float64(float32(g.columns[column][r]))
			lo, hi = math.Min(lo, v), math.Max(hi, v)
		}
		if !(hi > lo) {
			continue
		}
		cut = lo + (hi-lo)*g.rng.Float64()
		if float32(cut) >= float32(hi) || math.IsInf(hi-lo, 0) { // by rounding, or beyond float32
			cut = lo
		}
		return column, cut, true
	}
	return 0, 0, false
}

// leaf ends a branch: the nodes below always go left, every leaf below has its depth.
func (g *grower) leaf(k, level int, depth float64) {
	first, n := k, 1
	for ; level < g.height; level++ {
		for i := first; i < first+n; i++ {
			g.nodes[i] = node{cut: float32(math.Inf(1))}
		}
		first, n = 2*first, 2*n
	}
	for i := first; i < first+n; i++ {
		g.depth[i-1<<g.height] = float32(depth)
	}
}

// block is the number of rows that go through all trees while they stand in the cache.
const block = 512

// Score returns the scores of rows given by columns as in Fit.
func (f *Forest) Score(ctx context.Context, columns [][]float64, threads int) ([]float64, error) {
	if len(columns) != f.columns {
		panic("iforest: another number of columns")
	}
	n := len(columns[0])
	out := make([]float64, n)
	blocks := (n + block - 1) / block
	threads = max(1, min(threads, blocks))
	var wg sync.WaitGroup
	for w := range threads {
		wg.Go(func() {
			buf := make([]float32, block*stride(f.columns))
			for b := w; b < blocks && ctx.Err() == nil; b += threads {
				f.score(columns, b*block, out[b*block:min(n, (b+1)*block)], buf)
			}
		})
	}
	wg.Wait()
	return out, ctx.Err()
}

// narrow is the number of columns up to which rows lie in arrays of that length.
const narrow = 8

// stride is the length of a row in the block.
func stride(columns int) int { return max(narrow, columns) }

// score fills the scores of the rows from a row on.
func (f *Forest) score(columns [][]float64, from int, out []float64, buf []float32) {
	d := stride(len(columns))
	for j, c := range columns {
		for i, v := range c[from : from+len(out)] {
			buf[i*d+j] = float32(v)
		}
	}
	clear(out)
	for k := range f.trees {
		if d == narrow {
			f.trees[k].addNarrow(buf, f.height, out)
		} else {
			f.trees[k].add(buf, d, f.height, out)
		}
	}
	scale := -1 / (float64(len(f.trees)) * math.Max(f.norm, 1e-300))
	for i, h := range out {
		out[i] = math.Exp2(h * scale)
	}
}

// addNarrow adds the depths of the rows in buf, narrow values each, to out.
func (t *tree) addNarrow(buf []float32, height int, out []float64) {
	i := 0
	for ; i+4 <= len(out); i += 4 {
		r := buf[i*narrow : i*narrow+4*narrow]
		ra, rb, rc, re := (*[narrow]float32)(r), (*[narrow]float32)(r[narrow:]), (*[narrow]float32)(r[2*narrow:]), (*[narrow]float32)(r[3*narrow:])
		a, b, c, e := uint8(1), uint8(1), uint8(1), uint8(1)
		for range height {
			na, nb, nc, ne := t.nodes[a], t.nodes[b], t.nodes[c], t.nodes[e]
			a = a<<1 | above(ra[na.column%narrow], na.cut)
			b = b<<1 | above(rb[nb.column%narrow], nb.cut)
			c = c<<1 | above(rc[nc.column%narrow], nc.cut)
			e = e<<1 | above(re[ne.column%narrow], ne.cut)
		}
		first := uint8(1 << height & 0xff)
		out[i] += float64(t.depth[a-first])
		out[i+1] += float64(t.depth[b-first])
		out[i+2] += float64(t.depth[c-first])
		out[i+3] += float64(t.depth[e-first])
	}
	t.add(buf[i*narrow:], narrow, height, out[i:])
}

// add adds the depths of the rows in buf, d values each, to out.
func (t *tree) add(buf []float32, d, height int, out []float64) {
	for i := range out {
		k := uint8(1)
		row := buf[i*d : (i+1)*d]
		for range height {
			n := t.nodes[k]
			k = k<<1 | above(row[n.column], n.cut)
		}
		out[i] += float64(t.depth[k-uint8(1<<height&0xff)])
	}
}

// above is 1 where v > cut, else 0, without a branch.
func above(v, cut float32) uint8 {
	var x uint8
	if v > cut {
		x = 1
	}
	return x
}
