package gbt

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// blockRows are predicted tree by tree, so that a tree stays in the cache.
const blockRows = 1024

// LogOdds predicts the rows of a matrix that was binned with the model's own bins.
func (m *Model) LogOdds(ctx context.Context, x *Matrix, rows []int32, threads int) ([]float64, error) {
	out := make([]float64, len(rows))
	blocks := (len(rows) + blockRows - 1) / blockRows
	err := each(ctx, blocks, max(1, threads), func(b int) {
		lo, hi := b*blockRows, min(len(rows), (b+1)*blockRows)
		for i := lo; i < hi; i++ {
			out[i] = m.Start
		}
		for _, t := range m.Trees {
			for i := lo; i < hi; i++ {
				out[i] += t.leaf(x, rows[i]).Value
			}
		}
	})
	return out, err
}

// Bounds of a model that came from a file.
const (
	maxTrees = 100_000
	maxNodes = 1 << 16
)

// Validate checks the invariants of a model that came from a file: bins in order, trees whose
// children come after their parents, finite values. Predicting with a valid model ends and
// reads no place that is not there.
func (m *Model) Validate() error {
	if !finite(m.Start) || len(m.Trees) > maxTrees {
		return fault.New(fault.Input, "trees: not an ensemble")
	}
	for i, b := range m.Bins {
		if b == nil || !b.valid() {
			return fault.New(fault.Input, "trees: the bins of feature %d are not in order", i+1)
		}
	}
	for i, t := range m.Trees {
		if !t.valid(m.Bins) {
			return fault.New(fault.Input, "trees: tree %d is not a tree", i+1)
		}
	}
	return nil
}

func finite(x float64) bool { return x-x == 0 }

// valid reports whether every node is the child of one earlier node, or the root.
func (t Tree) valid(bins []*Bins) bool {
	if len(t) == 0 || len(t) > maxNodes {
		return false
	}
	parents := make([]uint8, len(t))
	for i := range t {
		n := &t[i]
		if !finite(n.Value) || !finite(n.Gain) || i > 0 && parents[i] != 1 {
			return false
		}
		if n.Left == 0 {
			if n.Right != 0 {
				return false
			}
			continue
		}
		ok := func(c int32) bool { return int(c) > i && int(c) < len(t) }
		if !ok(n.Left) || !ok(n.Right) || n.Left == n.Right || n.Feature < 0 || int(n.Feature) >= len(bins) {
			return false
		}
		if (n.Levels != nil) != bins[n.Feature].categorical() {
			return false
		}
		parents[n.Left]++
		parents[n.Right]++
	}
	return true
}
