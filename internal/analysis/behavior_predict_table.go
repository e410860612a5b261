package analysis

import (
	"fmt"
	"math"
	"sort"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/classify"
	"github.com/ecomctl/ecomctl/internal/kernel/learner"
	"github.com/ecomctl/ecomctl/internal/result"
)

var evaluationSpecs = []result.Spec{
	{Name: "model", Type: expr.Text, Desc: "base_rate: the share of yes for everybody; logistic; gbt"},
	{Name: "rows", Type: expr.Int, Unit: result.Rows, Desc: "rows measured on"},
	{Name: "positives", Type: expr.Int, Unit: result.Rows, Desc: "of them yes"},
	{Name: "auc", Type: expr.Float, Desc: "share of (yes, no) pairs in the right order, ties half", Null: "one class only"},
	{Name: "auc_se", Type: expr.Float, Desc: "its standard error", Null: "fewer than two rows of a class"},
	{Name: "pr_auc", Type: expr.Float, Desc: "average precision", Null: "no yes"},
	{Name: "brier", Type: expr.Float, Desc: "mean squared error of the probability"},
	{Name: "log_loss", Type: expr.Float, Desc: "mean −ln of the probability of what happened"},
	{Name: "lift_10", Type: expr.Float, Desc: "rate of yes in the tenth with the highest probability / rate of all", Null: "no yes"},
}

var importanceSpecs = []result.Spec{
	{Name: "feature", Type: expr.Text, Desc: "the column"},
	{Name: "log_loss", Type: expr.Float, Desc: "mean rise of the log-loss when its values are shuffled"},
	{Name: "spread", Type: expr.Float, Desc: "standard deviation over five shuffles"},
	{Name: "auc", Type: expr.Float, Desc: "mean fall of the AUC", Null: "one class only"},
}

// predictColumns makes columns of text, whole numbers and numbers; NaN is null.
func predictColumn(spec result.Spec, n int, text func(i int) string, num func(i int) float64) result.Column {
	c := result.Column{Spec: spec, Data: result.NewData(spec.Type, n)}
	for i := range n {
		if spec.Type == expr.Text {
			result.AppendText(&c.Data, text(i))
			continue
		}
		switch v := num(i); {
		case math.IsNaN(v):
			result.AppendNull(&c.Data)
		case spec.Type == expr.Int:
			result.AppendInt(&c.Data, int64(v))
		default:
			result.AppendFloat(&c.Data, v)
		}
	}
	return c
}

func evaluationTable(reports []learner.Report) *result.Table {
	t := &result.Table{Name: "evaluation", N: len(reports)}
	for k, s := range evaluationSpecs {
		t.Columns = append(t.Columns, predictColumn(s, t.N, func(i int) string { return reports[i].Kind }, func(i int) float64 {
			m := reports[i].Metrics
			return []float64{0, float64(m.Rows), float64(m.Positives), m.AUC, m.AUCError, m.AP, m.Brier, m.LogLoss, m.Lift}[k]
		}))
	}
	return t
}

// importanceTable lists the most important columns first.
func importanceTable(imp []learner.Importance) *result.Table {
	sort.SliceStable(imp, func(i, j int) bool { return imp[i].LogLoss > imp[j].LogLoss })
	t := &result.Table{Name: "importance", N: len(imp)}
	for k, s := range importanceSpecs {
		t.Columns = append(t.Columns, predictColumn(s, t.N, func(i int) string { return imp[i].Feature }, func(i int) float64 {
			return []float64{0, imp[i].LogLoss, imp[i].Spread, imp[i].AUC}[k]
		}))
	}
	return t
}

// probabilities makes the main table from the probabilities of the answer's rows.
func (d *predictData) probabilities(p []float64) *result.Table {
	id := d.ids
	id.Spec = predictSpecs[0]
	id.Spec.Type = d.ids.Spec.Type
	id.Spec.Null = d.ids.Spec.Null
	data := frame.Column{Type: result.ArrowType(expr.Float), Kind: frame.Float, Len: len(p), F64: p}
	return &result.Table{Name: "predict", N: len(p), Columns: []result.Column{id, {Spec: predictSpecs[1], Data: data}}}
}

// fewRows of the rarer class make every figure rough.
const fewRows = 50

// fitNotes say what was fitted on what, and how well it does out of fold.
func (d *predictData) fitNotes(tr *learner.Trained) []string {
	best := &tr.Candidates[tr.Best]
	m := best.Metrics
	rate := float64(m.Positives) / float64(m.Rows)
	base := -rate*math.Log(rate) - (1-rate)*math.Log(1-rate)
	notes := []string{
		fmt.Sprintf("%s, fitted to %d rows (%d yes, %.3g %%) of %d columns", modelText(tr.Model), m.Rows, m.Positives, 100*rate, len(d.Columns)),
		fmt.Sprintf("out of fold (%d folds): AUC %.3f, log-loss %.4f; the base rate alone has .500 and %.4f", tr.Folds, m.AUC, m.LogLoss, base),
	}
	if len(tr.Candidates) > 1 {
		c := tr.Candidates
		notes = append(notes, fmt.Sprintf("--model auto took %s: out-of-fold log-loss %s %.4f, %s %.4f", best.Kind, c[0].Kind, c[0].Metrics.LogLoss, c[1].Kind, c[1].Metrics.LogLoss))
	}
	if n := min(m.Positives, m.Rows-m.Positives); n < fewRows {
		notes = append(notes, fmt.Sprintf("only %d rows of the rarer class: all figures are rough", n))
	}
	if m.LogLoss >= base {
		notes = append(notes, "the columns tell no more than the base rate: do not rank by these probabilities")
	}
	return notes
}

// modelText tells a model's parameters.
func modelText(m *learner.Model) string {
	text := "logistic regression"
	if m.Trees != nil {
		text = fmt.Sprintf("gradient-boosted trees (%d trees)", len(m.Trees.Trees))
	} else if m.Terms != nil {
		text = fmt.Sprintf("logistic regression (L2, C 1, %d weights, %d Newton steps)", len(m.Terms.Weights), m.Terms.Steps)
	}
	switch m.Method {
	case learner.PlattScaling:
		text += fmt.Sprintf(", Platt-calibrated (slope %.3g, shift %.3g)", m.Platt.A, m.Platt.B)
	case learner.IsotonicRegression:
		text += fmt.Sprintf(", isotonically calibrated (%d points)", len(m.Isotonic.X))
	}
	return text
}

// suspicious is an AUC that honest columns hardly reach.
const suspicious = 0.999

// suspicions warn of a label that the columns give away, naming those that do so alone.
func (d *predictData) suspicions(auc float64, rows []int32) []string {
	if !(auc >= suspicious) {
		return nil
	}
	notes := []string{fmt.Sprintf("AUC %.4f is suspiciously perfect: is every column known before the label? Leave out with --ignore what is not", auc)}
	if step := 1 + len(rows)/20_000; step > 1 {
		var some []int32
		for i := 0; i < len(rows); i += step {
			some = append(some, rows[i])
		}
		rows = some
	}
	for i := range d.Columns {
		if a := d.alone(&d.Columns[i], rows); a >= suspicious {
			notes = append(notes, fmt.Sprintf("column %s alone tells the label (AUC %.4f)", d.Columns[i].Name, a))
		}
	}
	return notes
}

// alone is the AUC of one column: of its numbers, or of the rate of yes of its levels.
func (d *predictData) alone(c *learner.Column, rows []int32) float64 {
	score, y := make([]float64, len(rows)), make([]bool, len(rows))
	yes, all := make([]float64, len(c.Levels)+2), make([]float64, len(c.Levels)+2)
	for i, r := range rows {
		y[i] = d.Y[r]
		if c.Values != nil {
			if score[i] = c.Values[r]; math.IsNaN(score[i]) {
				score[i] = -math.MaxFloat64
			}
			continue
		}
		k := c.Codes[r] + 1
		all[k]++
		if y[i] {
			yes[k]++
		}
	}
	if c.Values == nil {
		for i, r := range rows {
			k := c.Codes[r] + 1
			score[i] = yes[k] / all[k]
		}
	}
	a, _ := classify.AUC(score, y)
	return max(a, 1-a)
}
