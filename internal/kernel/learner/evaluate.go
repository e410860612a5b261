package learner

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/kernel/classify"
	"github.com/ecomctl/ecomctl/internal/kernel/gbt"
)

// Report is the figures of one kind of model on rows it was not fitted on.
type Report struct {
	Kind    string
	Metrics classify.Metrics
}

// Evaluate trains the candidates on some rows and measures each, beside the base rate, on
// others. The Trained is that of the training rows.
func Evaluate(ctx context.Context, t *Table, train, test []int32, o Options) ([]Report, *Trained, error) {
	tr, err := Train(ctx, t, train, o)
	if err != nil {
		return nil, nil, err
	}
	y := t.labels(test)
	reports := []Report{{BaseRate, classify.Measure(constant(rate(t, train), len(test)), y)}}
	for i := range tr.Candidates {
		m := tr.Model
		if i != tr.Best {
			if m, err = tr.finish(ctx, t, train, i, o); err != nil {
				return nil, nil, err
			}
		}
		p, err := m.Probabilities(ctx, t.Columns, test, o.Threads)
		if err != nil {
			return nil, nil, err
		}
		reports = append(reports, Report{m.Kind, classify.Measure(p, y)})
	}
	return reports, tr, nil
}

func constant(v float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// CrossValidate measures the candidates and the base rate by k-fold cross-validation: each figure is the mean
// over the folds, AUCError the standard error of that mean.
func CrossValidate(ctx context.Context, t *Table, rows []int32, k int, o Options) ([]Report, error) {
	fold := t.folds(rows, k, o.Seed)
	y := t.labels(rows)
	base := make([]float64, len(rows))
	for f := range k {
		_, train := apart(rows, fold, f)
		p := rate(t, train)
		for i := range rows {
			if int(fold[i]) == f {
				base[i] = p
			}
		}
	}
	reports := []Report{{BaseRate, byFold(base, y, fold, k)}}
	for _, kind := range o.Kinds {
		c, err := candidate(ctx, t, rows, kind, k, o)
		if err != nil {
			return nil, err
		}
		reports = append(reports, Report{kind, byFold(c.OutOfFold, y, fold, k)})
	}
	return reports, nil
}

// byFold averages the metrics of the folds that have both classes.
func byFold(p []float64, y []bool, fold []uint8, k int) classify.Metrics {
	var sum classify.Metrics
	var n, square float64
	for f := range k {
		var fp []float64
		var fy []bool
		for i := range p {
			if int(fold[i]) == f {
				fp, fy = append(fp, p[i]), append(fy, y[i])
			}
		}
		m := classify.Measure(fp, fy)
		sum.Rows, sum.Positives = sum.Rows+m.Rows, sum.Positives+m.Positives
		if math.IsNaN(m.AUC) {
			continue
		}
		n++
		sum.AUC, square = sum.AUC+m.AUC, square+m.AUC*m.AUC
		sum.AP, sum.Brier, sum.LogLoss, sum.Lift = sum.AP+m.AP, sum.Brier+m.Brier, sum.LogLoss+m.LogLoss, sum.Lift+m.Lift
	}
	mean := sum.AUC / n
	sum.AUCError = math.Sqrt(max(0, square-n*mean*mean) / (n - 1) / n)
	sum.AUC, sum.AP, sum.Brier, sum.LogLoss, sum.Lift = mean, sum.AP/n, sum.Brier/n, sum.LogLoss/n, sum.Lift/n
	return sum
}

// Importance is what a feature is worth: how much worse the probabilities become when its values are
// dealt to other rows.
type Importance struct {
	Feature string
	LogLoss float64 // mean rise of the log-loss
	Spread  float64 // standard deviation over the repeats
	AUC     float64 // mean fall of the AUC; NaN with one class
}

// Bounds of permutation importance.
const (
	importanceRows    = 20_000
	importanceRepeats = 5
)

// Importances permutes each feature over (at most importanceRows of) the rows; the
// order is that of the columns. Breiman, Random Forests, Machine Learning 45, 2001, section 10.
func (m *Model) Importances(ctx context.Context, t *Table, rows []int32, o Options) ([]Importance, error) {
	if step := (len(rows) + importanceRows - 1) / importanceRows; step > 1 {
		var some []int32
		for i := 0; i < len(rows); i += step {
			some = append(some, rows[i])
		}
		rows = some
	}
	cols, y := take(t.Columns, rows), t.labels(rows)
	all := make([]int32, len(rows))
	for i := range all {
		all[i] = int32(i)
	}
	p, err := m.Probabilities(ctx, cols, all, o.Threads)
	if err != nil {
		return nil, err
	}
	loss := classify.LogLoss(p, y)
	auc, _ := classify.AUC(p, y)
	var x *gbt.Matrix
	if m.Kind == Boosting {
		if x, err = gbt.NewMatrix(ctx, trees(cols), m.Trees.Bins, len(all), o.Threads); err != nil {
			return nil, err
		}
	}
	out := make([]Importance, len(cols))
	for f := range cols {
		out[f].Feature = cols[f].Name
		var sum, square float64
		for rep := range importanceRepeats {
			perm := permutation(len(all), o.Seed+uint64(f*importanceRepeats+rep)+1)
			p, err := m.permuted(ctx, cols, x, all, f, perm, o.Threads)
			if err != nil {
				return nil, err
			}
			rise := classify.LogLoss(p, y) - loss
			sum, square = sum+rise, square+rise*rise
			a, _ := classify.AUC(p, y)
			out[f].AUC += (auc - a) / importanceRepeats
		}
		mean := sum / importanceRepeats
		out[f].LogLoss = mean
		out[f].Spread = math.Sqrt(max(0, square-importanceRepeats*mean*mean) / (importanceRepeats - 1))
	}
	return out, nil
}

// permuted predicts all rows with one feature taken from the rows of perm.
func (m *Model) permuted(ctx context.Context, cols []Column, x *gbt.Matrix, all []int32, f int, perm []int32, threads int) (p []float64, err error) {
	if x != nil {
		p, err = m.Trees.LogOdds(ctx, x.Permuted(f, perm), all, threads)
	} else {
		other := append([]Column(nil), cols...)
		other[f] = take(cols[f:f+1], perm)[0]
		p, err = m.scores(ctx, other, all, threads)
	}
	for i := range p {
		p[i] = m.apply(p[i])
	}
	return p, err
}

// take copies rows of columns.
func take(cols []Column, rows []int32) []Column {
	out := make([]Column, len(cols))
	for i, c := range cols {
		out[i] = Column{Name: c.Name, Levels: c.Levels}
		if c.Values != nil {
			out[i].Values = make([]float64, len(rows))
			for k, r := range rows {
				out[i].Values[k] = c.Values[r]
			}
			continue
		}
		out[i].Codes = make([]int32, len(rows))
		for k, r := range rows {
			out[i].Codes[k] = c.Codes[r]
		}
	}
	return out
}

// permutation is a shuffle of 0 … n−1 (Fisher & Yates) drawn by a seed.
func permutation(n int, seed uint64) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(i)
	}
	for i := n - 1; i > 0; i-- {
		j := int(classify.Hash(uint64(i), seed) % uint64(i+1))
		p[i], p[j] = p[j], p[i]
	}
	return p
}
