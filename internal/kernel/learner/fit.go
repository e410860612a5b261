package learner

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/classify"
	"github.com/ecomctl/ecomctl/internal/kernel/gbt"
	"github.com/ecomctl/ecomctl/internal/kernel/logit"
)

// Options of training.
type Options struct {
	Kinds       []string // candidates: Logistic, Boosting; the better one is taken
	Calibration string
	Seed        uint64
	Threads     int
}

// Sizes that choose how much is fitted how often.
const (
	refitRows  = 100_000 // up to here trees are fitted anew on all rows
	validParts = 7       // one of so many parts finds the number of trees
	fastRows   = 200_000 // above, trees take larger steps
)

// folds returns the number of folds for so many rows: the more rows, the less a fold matters.
func folds(rows, smaller int) int {
	k := 5
	if rows > 50_000 {
		k = 3
	}
	if rows > 500_000 {
		k = 2
	}
	return max(2, min(k, smaller))
}

// boosting returns the parameters of trees for so many rows.
func boosting(rows int) gbt.Params {
	p := gbt.Defaults()
	p.Rate, p.Trees, p.Patience = 0.05, 1000, 30
	if rows > fastRows {
		p.Rate, p.Trees, p.Patience = 0.1, 500, 15
	}
	return p
}

// fit fits a model of a kind to rows, without calibration.
func fit(ctx context.Context, t *Table, rows []int32, kind string, o Options) (*Model, error) {
	m := &Model{Kind: kind, Rate: rate(t, rows), Calibration: Calibration{Method: NoCalibration, Platt: classify.Platt{A: 1}}}
	for _, c := range t.Columns {
		m.Fields = append(m.Fields, Field{c.Name, c.Levels})
	}
	var err error
	switch kind {
	case Logistic:
		m.Terms, err = logit.Fit(ctx, terms(t.Columns), t.Y, rows, logit.Defaults(), o.Threads)
	case Boosting:
		m.Trees, err = fitTrees(ctx, t, rows, o)
	}
	return m, err
}

// rate is the share of yes.
func rate(t *Table, rows []int32) float64 {
	n := 0
	for _, r := range rows {
		if t.Y[r] {
			n++
		}
	}
	return float64(n) / float64(max(1, len(rows)))
}

// fitTrees finds the number of trees on a part of the rows, then fits them to all.
func fitTrees(ctx context.Context, t *Table, rows []int32, o Options) (*gbt.Model, error) {
	p := boosting(len(rows))
	cols := trees(t.Columns)
	bins := make([]*gbt.Bins, len(cols))
	for i := range cols {
		bins[i] = gbt.NewBins(&cols[i], rows)
	}
	x, err := gbt.NewMatrix(ctx, cols, bins, len(t.Y), o.Threads)
	if err != nil {
		return nil, err
	}
	parts := max(2, min(validParts, t.smaller(rows)))
	valid, train := apart(rows, t.folds(rows, parts, o.Seed+101), 0)
	if len(valid) == 0 || len(train) == 0 {
		valid, train = nil, rows
		p.Trees, p.Patience = 50, 0
	}
	m, err := gbt.Fit(ctx, x, bins, t.Y, train, valid, p, o.Threads)
	if err != nil || len(rows) > refitRows || valid == nil {
		return m, err
	}
	p.Trees, p.Patience = len(m.Trees), 0
	return gbt.Fit(ctx, x, bins, t.Y, rows, nil, p, o.Threads)
}

// Candidate is a kind of model with its out-of-fold scores.
type Candidate struct {
	Kind string
	// OutOfFold are calibrated probabilities, parallel to the rows of training, each from models and a
	// calibration that did not see the row.
	OutOfFold []float64
	Metrics   classify.Metrics // of them
	score     []float64        // uncalibrated
}

// Trained is the outcome of Train.
type Trained struct {
	Model      *Model
	Best       int // of Candidates
	Candidates []Candidate
	Folds      int
}

// Train fits all candidates out of fold, takes the one with the least log-loss, and fits it to all
// rows. The simpler candidate, which comes first, wins unless the other is better by more than half a percent.
func Train(ctx context.Context, t *Table, rows []int32, o Options) (*Trained, error) {
	if t.smaller(rows) < 2 {
		return nil, fault.New(fault.Input, "fitting a model: fewer than two rows of one class")
	}
	tr := &Trained{Folds: folds(len(rows), t.smaller(rows))}
	for i, kind := range o.Kinds {
		c, err := candidate(ctx, t, rows, kind, tr.Folds, o)
		if err != nil {
			return nil, err
		}
		tr.Candidates = append(tr.Candidates, *c)
		if best := &tr.Candidates[tr.Best]; i > 0 && c.Metrics.LogLoss < 0.995*best.Metrics.LogLoss {
			tr.Best = i
		}
	}
	var err error
	tr.Model, err = tr.finish(ctx, t, rows, tr.Best, o)
	return tr, err
}

// finish fits candidate i to all rows, calibrated by its out-of-fold scores.
func (tr *Trained) finish(ctx context.Context, t *Table, rows []int32, i int, o Options) (*Model, error) {
	c := &tr.Candidates[i]
	m, err := fit(ctx, t, rows, c.Kind, o)
	if err != nil {
		return nil, err
	}
	m.Calibration = calibrate(o.Calibration, c.score, t.labels(rows))
	return m, nil
}

// candidate scores rows out of fold.
func candidate(ctx context.Context, t *Table, rows []int32, kind string, k int, o Options) (*Candidate, error) {
	fold := t.folds(rows, k, o.Seed)
	c := &Candidate{Kind: kind, score: make([]float64, len(rows))}
	for f := range k {
		test, train := apart(rows, fold, f)
		if len(test) == 0 || len(train) == 0 {
			continue
		}
		m, err := fit(ctx, t, train, kind, o)
		if err != nil {
			return nil, err
		}
		s, err := m.scores(ctx, t.Columns, test, o.Threads)
		if err != nil {
			return nil, err
		}
		next := 0
		for i := range rows {
			if int(fold[i]) == f {
				c.score[i] = s[next]
				next++
			}
		}
	}
	y := t.labels(rows)
	c.OutOfFold = crossCalibrate(o.Calibration, c.score, y, fold, k)
	c.Metrics = classify.Measure(c.OutOfFold, y)
	return c, nil
}

// crossCalibrate calibrates each fold by the scores of the others.
func crossCalibrate(method string, score []float64, y []bool, fold []uint8, k int) []float64 {
	out := make([]float64, len(score))
	for f := range k {
		var s []float64
		var l []bool
		for i := range score {
			if int(fold[i]) != f {
				s, l = append(s, score[i]), append(l, y[i])
			}
		}
		c := calibrate(method, s, l)
		for i := range score {
			if int(fold[i]) == f {
				out[i] = c.apply(score[i])
			}
		}
	}
	return out
}
