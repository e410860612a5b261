package gbt

import (
	"context"
	"math"
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/classify"
)

// Params are the parameters of a fit.
type Params struct {
	Trees    int     // at most
	Leaves   int     // of a tree, at most
	Rate     float64 // shrinkage
	MinRows  int     // of a leaf
	MinHess  float64 // of a leaf
	MinGain  float64 // twice the loss a split must save
	L2       float64 // λ
	Patience int     // trees without a better validation loss before the fit stops; 0 = never
}

// Defaults returns the parameters that suit most tables.
func Defaults() Params {
	return Params{Trees: 500, Leaves: 31, Rate: 0.1, MinRows: 20, MinHess: 1e-3, L2: 1, Patience: 20}
}

// Model is a fitted ensemble: log-odds = Start + Σ trees.
type Model struct {
	Start float64
	Bins  []*Bins
	Trees []Tree
	// Loss is the mean log-loss over the validation rows after each tree fitted, those beyond
	// len(Trees) included; nil without validation rows.
	Loss []float64 `json:"-"`
}

// scale turns gradients into integers.
type scale struct {
	g, h, gInv, hInv float64
}

// newScale chooses the units for n rows: |g| ≤ 1 in 30 bits; h ≤ ¼ in what 64 bits leave beside
// the row count, at least 16 bits.
func newScale(n int) *scale {
	s := &scale{g: 1 << 30, h: 4 * (math.Exp2(float64(min(30, 64-countBits-bits.Len(uint(n))))) - 1)}
	s.gInv, s.hInv = 1/s.g, 1/s.h
	return s
}

// Fit fits an ensemble to the rows train of a matrix whose labels are y, and stops early
// by the loss on the rows valid, where p.Patience asks for it. Rows are ascending. Labels of one
// class give an ensemble without trees.
func Fit(ctx context.Context, m *Matrix, bins []*Bins, y []bool, train, valid []int32, p Params, threads int) (*Model, error) {
	if len(train) == 0 {
		return nil, fault.New(fault.Input, "fitting trees: there are no rows")
	}
	if len(train) > MaxRows {
		return nil, fault.New(fault.Input, "fitting trees: %d rows are more than %d", len(train), MaxRows)
	}
	model := &Model{Bins: bins, Start: logOdds(y, train)}
	if math.IsInf(model.Start, 0) || m.Features == 0 {
		model.Start = max(-36, min(36, model.Start))
		return model, nil
	}
	g := &grower{m: m, bins: bins, p: &p, threads: max(1, threads), scale: newScale(len(train)),
		d: make([]derivs, m.Rows), train: train, rows: make([]int32, len(train)), spare: make([]int32, len(train))}
	f := make([]float64, m.Rows)
	for i := range f {
		f[i] = model.Start
	}
	stop := stopper{patience: p.Patience, best: math.Inf(1)}
	for range p.Trees {
		g.derive(f, y)
		t, err := g.grow(ctx, f)
		if err != nil {
			return nil, err
		}
		if len(t) == 1 { // no split gains: later trees would find none either
			break
		}
		model.Trees = append(model.Trees, t)
		if len(valid) > 0 && p.Patience > 0 {
			loss := g.validate(t, f, y, valid)
			model.Loss = append(model.Loss, loss)
			if stop.enough(loss) {
				break
			}
		}
	}
	if p.Patience > 0 && len(valid) > 0 {
		model.Trees = model.Trees[:stop.at]
	}
	return model, nil
}

// stopper remembers the best loss.
type stopper struct {
	patience, seen, at int
	best               float64
}

func (s *stopper) enough(loss float64) bool {
	s.seen++
	if loss < s.best-1e-7 {
		s.best, s.at = loss, s.seen
	}
	return s.seen-s.at >= s.patience
}

// logOdds returns the log-odds of the labels of some rows; infinite for one class.
func logOdds(y []bool, rows []int32) float64 {
	n := 0
	for _, r := range rows {
		if y[r] {
			n++
		}
	}
	return math.Log(float64(n)) - math.Log(float64(len(rows)-n))
}

// derive sets g and h of the training rows.
func (g *grower) derive(f []float64, y []bool) {
	spans(len(g.train), g.threads, smallPart, func(_, lo, hi int) {
		for _, r := range g.train[lo:hi] {
			p := sigmoid(f[r])
			e := p
			if y[r] {
				e--
			}
			// Rounded half up: floor(x + ½) is the same on every machine.
			g.d[r] = derivs{int32(math.Floor(e*g.scale.g + 0.5)), max(1, uint32(p*(1-p)*g.scale.h))}
		}
	})
}

// validate adds a tree to the log-odds of the validation rows and returns their mean loss.
func (g *grower) validate(t Tree, f []float64, y []bool, valid []int32) float64 {
	spans(len(valid), g.threads, smallPart, func(_, lo, hi int) {
		for _, r := range valid[lo:hi] {
			f[r] += t.leaf(g.m, r).Value
		}
	})
	var loss float64
	for _, r := range valid {
		loss += classify.LossOf(f[r], y[r])
	}
	return loss / float64(len(valid))
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
