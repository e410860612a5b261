package learner

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/classify"
	"github.com/ecomctl/ecomctl/internal/kernel/gbt"
	"github.com/ecomctl/ecomctl/internal/kernel/logit"
)

// The kinds of models.
const (
	BaseRate = "base_rate" // the share of yes in training, for every row
	Logistic = "logistic"
	Boosting = "gbt"
)

// The ways of calibration.
const (
	PlattScaling       = "platt"
	IsotonicRegression = "isotonic"
	NoCalibration      = "none"
)

// Field is a column as a model knows it.
type Field struct {
	Name   string
	Levels []string // nil for numbers
}

// Model gives probabilities.
type Model struct {
	Kind   string
	Fields []Field
	Rate   float64      // share of yes in training
	Trees  *gbt.Model   // of Boosting
	Terms  *logit.Model // of Logistic
	Calibration
}

// Calibration turns log-odds into probabilities.
type Calibration struct {
	Method   string
	Platt    classify.Platt
	Isotonic classify.Isotonic
	// Least bounds probabilities away from 0 and 1: nobody is certain after so few rows.
	Least float64
}

// calibrate fits a calibration to scores that did not see their labels.
func calibrate(method string, score []float64, y []bool) Calibration {
	c := Calibration{Method: method, Platt: classify.Platt{A: 1}, Least: 1 / float64(len(y)+2)}
	switch method {
	case PlattScaling:
		c.Platt = classify.FitPlatt(score, y)
	case IsotonicRegression:
		c.Isotonic = classify.FitIsotonic(score, y)
	}
	return c
}

// apply returns the probability of log-odds.
func (c *Calibration) apply(x float64) float64 {
	p := c.Platt.Apply(x)
	if c.Method == IsotonicRegression {
		p = c.Isotonic.Apply(x)
	}
	if c.Method != NoCalibration {
		p = max(c.Least, min(1-c.Least, p))
	}
	return p
}

// scores returns log-odds before calibration.
func (m *Model) scores(ctx context.Context, cols []Column, rows []int32, threads int) ([]float64, error) {
	switch m.Kind {
	case Logistic:
		return m.Terms.LogOdds(ctx, terms(cols), rows, threads)
	case Boosting:
		x, err := gbt.NewMatrix(ctx, trees(cols), m.Trees.Bins, height(cols), threads)
		if err != nil {
			return nil, err
		}
		return m.Trees.LogOdds(ctx, x, rows, threads)
	}
	out := make([]float64, len(rows))
	for i := range out {
		out[i] = math.Log(m.Rate) - math.Log1p(-m.Rate)
	}
	return out, nil
}

// height returns the number of rows of columns.
func height(cols []Column) int {
	if len(cols) == 0 {
		return 0
	}
	return max(len(cols[0].Values), len(cols[0].Codes))
}

// Probabilities predicts rows of columns that are those of m.Fields in their order, with codes into
// the field's own levels.
func (m *Model) Probabilities(ctx context.Context, cols []Column, rows []int32, threads int) ([]float64, error) {
	s, err := m.scores(ctx, cols, rows, threads)
	if err != nil {
		return nil, err
	}
	for i := range s {
		s[i] = m.apply(s[i])
	}
	return s, nil
}

// Validate checks a model that came from a file: predicting with it neither fails nor reads what
// is not there.
func (m *Model) Validate() error {
	if !(m.Rate >= 0 && m.Rate <= 1) || !(m.Least >= 0 && m.Least <= 0.5) || !finite(m.Platt.A) || !finite(m.Platt.B) {
		return fault.New(fault.Input, "model: rate or calibration is not a number in its range")
	}
	switch m.Method {
	case PlattScaling, NoCalibration:
	case IsotonicRegression:
		if err := m.Isotonic.Validate(); err != nil {
			return err
		}
	default:
		return fault.New(fault.Input, "model: unknown calibration %.40q", m.Method)
	}
	switch {
	case m.Kind == Logistic && m.Terms != nil:
		if m.Terms.Design == nil || len(m.Terms.Design.Terms) != len(m.Fields) {
			return fault.New(fault.Input, "model: not one term a field")
		}
		for i, f := range m.Fields {
			if level := m.Terms.Design.Terms[i].Level; (level != nil) != (f.Levels != nil) || len(level) != len(f.Levels) {
				return fault.New(fault.Input, "model: field %d has levels without weights", i+1)
			}
		}
		return m.Terms.Validate()
	case m.Kind == Boosting && m.Trees != nil:
		if len(m.Trees.Bins) != len(m.Fields) {
			return fault.New(fault.Input, "model: not bins of each field")
		}
		for i, f := range m.Fields {
			if b := m.Trees.Bins[i]; b == nil || (b.Level != nil) != (f.Levels != nil) || len(b.Level) != len(f.Levels) {
				return fault.New(fault.Input, "model: field %d has levels without bins", i+1)
			}
		}
		return m.Trees.Validate()
	}
	return fault.New(fault.Input, "model: unknown kind %.40q, or one without its parameters", m.Kind)
}

func finite(x float64) bool { return x-x == 0 }
