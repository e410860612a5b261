package gbt

import "context"

// Node is a node of a tree. A leaf has Left 0; else Left and Right are the places of the
// children in the tree, both larger than its own.
type Node struct {
	Feature     int32
	Left, Right int32
	Bin         uint8      // numbers: bins 1 … Bin go left
	MissLeft    bool       // numbers: bin 0 goes left
	Levels      *[4]uint64 // levels: the bins that go left, a bit set; nil for numbers
	Value       float64    // of a leaf: what it adds to the log-odds
	Gain        float64    // what the split saved of the loss in training
}

// Tree is a binary tree; node 0 is its root.
type Tree []Node

// goesLeft reports where a bin goes.
func (n *Node) goesLeft(b uint8) bool {
	switch {
	case n.Levels != nil:
		return n.Levels[b>>6]&(1<<(b&63)) != 0
	case b == 0:
		return n.MissLeft
	}
	return b <= n.Bin
}

// leaf returns the leaf of a row.
func (t Tree) leaf(m *Matrix, row int32) *Node {
	n := &t[0]
	for n.Left != 0 {
		if n.goesLeft(m.bin(row, int(n.Feature))) {
			n = &t[n.Left]
		} else {
			n = &t[n.Right]
		}
	}
	return n
}

// open is a leaf that may still be split: rows[lo:hi] of the grower.
type open struct {
	node   int32
	lo, hi int
	total  cell
	hist   histogram // nil: too small to split
	best   split
}

// grower grows the trees of one fit.
type grower struct {
	m       *Matrix
	bins    []*Bins
	p       *Params
	threads int
	scale   *scale
	d       []derivs // by row of the matrix
	train   []int32  // rows of the fit, ascending
	rows    []int32  // the same, grouped by leaf
	spare   []int32
	free    []histogram
	part    []histogram // of the other threads
}

// smallPart is the least number of rows that is worth a thread.
const smallPart = 4096

// grow grows one tree from g.d and adds its values to the log-odds of the training rows.
func (g *grower) grow(ctx context.Context, f []float64) (Tree, error) {
	copy(g.rows, g.train)
	tree := make(Tree, 1, 2*g.p.Leaves)
	root := &open{lo: 0, hi: len(g.rows)}
	root.hist = g.histogram()
	g.count(root.hist, g.rows)
	for b := range g.bins[0].N {
		root.total.g += root.hist[0][b].g
		root.total.hc += root.hist[0][b].hc
	}
	g.find(root)
	leaves := []*open{root}
	for len(leaves) < g.p.Leaves {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at := -1
		for i, l := range leaves { // ties: the older leaf
			if l.best.gain > g.p.MinGain && (at < 0 || l.best.gain > leaves[at].best.gain) {
				at = i
			}
		}
		if at < 0 {
			break
		}
		l, r := g.divide(&tree, leaves[at], len(leaves)+1 < g.p.Leaves)
		leaves[at] = l
		leaves = append(leaves, r)
	}
	for _, l := range leaves {
		s := g.scale.sums(l.total)
		v := 0.0
		if s.h+g.p.L2 > 0 {
			v = -g.p.Rate * s.g / (s.h + g.p.L2)
		}
		tree[l.node].Value = v
		for _, r := range g.rows[l.lo:l.hi] {
			f[r] += v
		}
		g.release(l.hist)
	}
	return tree, nil
}

// divide splits a leaf. Children are looked at only when further splits may follow.
func (g *grower) divide(tree *Tree, p *open, more bool) (l, r *open) {
	b := &p.best
	n := &(*tree)[p.node]
	n.Feature, n.Bin, n.MissLeft, n.Levels, n.Gain = int32(b.feature), b.bin, b.missLeft, b.levels, b.gain/2
	n.Left, n.Right = int32(len(*tree)), int32(len(*tree)+1)
	at := p.lo + g.partition(p.lo, p.hi, n)
	l = &open{node: n.Left, lo: p.lo, hi: at}
	r = &open{node: n.Right, lo: at, hi: p.hi}
	for bin := range g.bins[b.feature].N {
		if n.goesLeft(uint8(bin)) {
			c := p.hist[b.feature][bin]
			l.total.g, l.total.hc = l.total.g+c.g, l.total.hc+c.hc
		}
	}
	r.total = cell{p.total.g - l.total.g, p.total.hc - l.total.hc}
	*tree = append(*tree, Node{}, Node{})
	if more {
		g.histograms(p, l, r)
		g.find(l)
		g.find(r)
	}
	g.release(p.hist)
	return l, r
}

// histograms counts the smaller child and takes it from the parent for the larger.
func (g *grower) histograms(p, l, r *open) {
	small, large := l, r
	if r.hi-r.lo < l.hi-l.lo {
		small, large = r, l
	}
	least := 2 * g.p.MinRows
	if large.hi-large.lo < least {
		return
	}
	h := g.histogram()
	g.count(h, g.rows[small.lo:small.hi])
	large.hist = g.histogram()
	large.hist.subtract(p.hist, h, g.bins)
	if small.hi-small.lo < least {
		g.release(h)
		return
	}
	small.hist = h
}

// histogram returns one from the pool; its contents are unspecified.
func (g *grower) histogram() histogram {
	if n := len(g.free); n > 0 {
		h := g.free[n-1]
		g.free = g.free[:n-1]
		return h
	}
	return make(histogram, len(g.bins))
}

func (g *grower) release(h histogram) {
	if h != nil {
		g.free = append(g.free, h)
	}
}

// count fills a histogram from rows. Integer sums make it independent of the threads.
func (g *grower) count(h histogram, rows []int32) {
	h.clear(g.bins)
	threads := max(1, min(g.threads, len(rows)/smallPart))
	for len(g.part) < threads-1 {
		g.part = append(g.part, make(histogram, len(g.bins)))
	}
	spans(len(rows), threads, 1, func(part, lo, hi int) {
		to := h
		if part > 0 {
			to = g.part[part-1]
			to.clear(g.bins)
		}
		to.accumulate(g.m, rows[lo:hi], g.d)
	})
	for _, o := range g.part[:threads-1] {
		h.add(o, g.bins)
	}
}

// find sets the best split of a leaf; equal gains go to the first feature.
func (g *grower) find(l *open) {
	if l.hist == nil {
		return
	}
	f := finder{p: g.p, bins: g.bins, scale: g.scale}
	for i := range g.bins {
		if s := f.feature(i, &l.hist[i], l.total); s.gain > l.best.gain {
			l.best = s
		}
	}
}

// partition moves the rows of a leaf that go left before the others, both in their order,
// and returns how many those are.
func (g *grower) partition(lo, hi int, n *Node) int {
	rows := g.rows[lo:hi]
	threads := max(1, min(g.threads, len(rows)/(4*smallPart)))
	lefts, starts := make([]int, threads), make([]int, threads)
	words, shift := g.m.groups[n.Feature/lanes], uint(n.Feature%lanes)*8
	var left [MaxBins + 1]bool
	for b := range left {
		left[b] = n.goesLeft(uint8(b))
	}
	spans(len(rows), threads, 1, func(part, lo, hi int) {
		spare := g.spare[lo:hi]
		k, e := lo, 0
		for _, r := range rows[lo:hi] {
			// Both are written, one is kept: no branch to mispredict.
			rows[k], spare[e] = r, r
			if left[uint8(words[r]>>shift)] {
				k++
			} else {
				e++
			}
		}
		copy(rows[k:hi], spare[:e])
		lefts[part], starts[part] = k-lo, lo
	})
	total := lefts[0]
	for p := 1; p < threads; p++ { // close the gaps, in order
		s, k := starts[p], lefts[p]
		right := s - total
		copy(g.spare[:right], rows[total:s])
		copy(rows[total:], rows[s:s+k])
		copy(rows[total+k:], g.spare[:right])
		total += k
	}
	return total
}
