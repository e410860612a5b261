package logit

import (
	"context"
	"errors"
	"math"
	"sync"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/classify"
)

// Params are the parameters of a fit.
type Params struct {
	C        float64 // inverse strength of the penalty
	MaxSteps int
}

// Defaults returns C = 1 and at most 100 Newton steps.
func Defaults() Params { return Params{C: 1, MaxSteps: 100} }

// Model is a fitted regression.
type Model struct {
	Design    *Design
	Weights   []float64
	Intercept float64
	Steps     int
	Gradient  float64 // largest absolute component at the end, by row
}

// tolerance of the gradient, by row.
const tolerance = 1e-9

// parts is the fixed division of the rows.
const parts = 8

// Fit fits the regression to some rows of the columns with labels y.
func Fit(ctx context.Context, cols []Column, y []bool, rows []int32, p Params, threads int) (*Model, error) {
	d, err := NewDesign(cols, rows)
	if err != nil {
		return nil, err
	}
	f := &fitter{d: d, cols: cols, y: y, rows: rows, p: p, threads: threads, w: make([]float64, d.Weights+1)}
	f.w[d.Weights] = startOf(y, rows)
	m := &Model{Design: d}
	s := f.sums(f.w, true)
	for m.Steps = 0; m.Steps < p.MaxSteps; m.Steps++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m.Gradient = s.steepest() / float64(len(rows))
		if m.Gradient < tolerance {
			break
		}
		step, err := s.newton()
		if err != nil {
			return nil, err
		}
		next, moved := f.search(s, step)
		if !moved { // as close as floats go
			break
		}
		s = next
	}
	m.Weights, m.Intercept = f.w[:d.Weights], f.w[d.Weights]
	return m, nil
}

// startOf is the log-odds of the labels, smoothed so that one class stays finite.
func startOf(y []bool, rows []int32) float64 {
	var pos float64
	for _, r := range rows {
		if y[r] {
			pos++
		}
	}
	return math.Log(pos+0.5) - math.Log(float64(len(rows))-pos+0.5)
}

type fitter struct {
	d       *Design
	cols    []Column
	y       []bool
	rows    []int32
	p       Params
	threads int
	w       []float64 // weights, then the intercept
}

// state is loss, gradient and Hessian at one place; the last entry is the intercept.
type state struct {
	n        int
	loss     float64
	gradient []float64
	hessian  []float64 // upper triangle, row by row
}

// search halves the step until the loss falls.
func (f *fitter) search(s *state, step []float64) (*state, bool) {
	w := make([]float64, len(f.w))
	for t := 1.0; t > 1e-8; t /= 2 {
		for i := range w {
			w[i] = f.w[i] - t*step[i]
		}
		if l := f.sums(w, false); l.loss < s.loss {
			copy(f.w, w)
			return f.sums(f.w, true), true
		}
	}
	return nil, false
}

// sums adds up the parts in their order and the penalty.
func (f *fitter) sums(w []float64, curvature bool) *state {
	part := make([]*state, parts)
	sem := make(chan struct{}, max(1, f.threads))
	var wg sync.WaitGroup
	for i := range part {
		wg.Add(1)
		sem <- struct{}{}
		go func() {
			defer wg.Done()
			part[i] = f.part(w, f.rows[len(f.rows)*i/parts:len(f.rows)*(i+1)/parts], curvature)
			<-sem
		}()
	}
	wg.Wait()
	s := part[0]
	for _, p := range part[1:] {
		s.loss += p.loss
		for i, v := range p.gradient {
			s.gradient[i] += v
		}
		for i, v := range p.hessian {
			s.hessian[i] += v
		}
	}
	for i, v := range w[:len(w)-1] {
		s.loss += v * v / (2 * f.p.C)
		if curvature {
			s.gradient[i] += v / f.p.C
			s.hessian[i*s.n+i] += 1 / f.p.C
		}
	}
	return s
}

// part sums some rows.
func (f *fitter) part(w []float64, rows []int32, curvature bool) *state {
	n := len(w)
	s := &state{n: n}
	if curvature {
		s.gradient, s.hessian = make([]float64, n), make([]float64, n*n)
	}
	x, ones := make([]float64, f.d.Numbers), []int32(nil)
	for _, r := range rows {
		ones = append(f.d.row(x, ones[:0], f.cols, int(r)), int32(n-1))
		z := floats.Dot(x, w[:len(x)])
		for _, at := range ones {
			z += w[at]
		}
		s.loss += classify.LossOf(z, f.y[r])
		if curvature {
			p := 1 / (1 + math.Exp(-z))
			g := p
			if f.y[r] {
				g--
			}
			s.add(x, ones, g, p*(1-p))
		}
	}
	return s
}

// add adds a row with the loss's first and second derivative in its log-odds.
func (s *state) add(x []float64, ones []int32, g, h float64) {
	floats.AddScaled(s.gradient[:len(x)], g, x)
	for i, v := range x {
		row := s.hessian[i*s.n : (i+1)*s.n]
		floats.AddScaled(row[i:len(x)], h*v, x[i:])
		for _, at := range ones { // all lie behind the numbers
			row[at] += h * v
		}
	}
	for i, a := range ones {
		s.gradient[a] += g
		for _, b := range ones[i:] { // each pair goes to the upper triangle
			s.hessian[int(min(a, b))*s.n+int(max(a, b))] += h
		}
	}
}

// steepest returns the largest absolute component of the gradient.
func (s *state) steepest() float64 {
	var most float64
	for _, g := range s.gradient {
		most = max(most, math.Abs(g))
	}
	return most
}

// newton solves H·step = gradient. A Hessian that rounding left singular gets a ridge.
func (s *state) newton() ([]float64, error) {
	var trace float64
	for i := range s.n {
		trace += s.hessian[i*s.n+i]
	}
	for ridge := 0.0; ridge < 1; ridge = max(1e-12, ridge*100) {
		h := mat.NewSymDense(s.n, append([]float64(nil), s.hessian...))
		for i := range s.n {
			h.SetSym(i, i, h.At(i, i)+ridge*max(trace/float64(s.n), 1e-300))
		}
		var chol mat.Cholesky
		if !chol.Factorize(h) {
			continue
		}
		var step mat.VecDense
		if err := chol.SolveVecTo(&step, mat.NewVecDense(s.n, s.gradient)); err != nil {
			if poor := mat.Condition(0); !errors.As(err, &poor) {
				continue
			}
		}
		return step.RawVector().Data, nil
	}
	return nil, fault.New(fault.Input, "fitting a logistic regression: the columns cannot be told apart numerically")
}

// LogOdds predicts rows of columns laid out as those of the fit.
func (m *Model) LogOdds(ctx context.Context, cols []Column, rows []int32, threads int) ([]float64, error) {
	out := make([]float64, len(rows))
	var wg sync.WaitGroup
	threads = max(1, threads)
	for t := range threads {
		wg.Add(1)
		go func() {
			defer wg.Done()
			x, ones := make([]float64, m.Design.Numbers), []int32(nil)
			for i := len(rows) * t / threads; i < len(rows)*(t+1)/threads; i++ {
				if i&0xffff == 0 && ctx.Err() != nil {
					return
				}
				ones = m.Design.row(x, ones[:0], cols, int(rows[i]))
				z := m.Intercept + floats.Dot(x, m.Weights[:len(x)])
				for _, at := range ones {
					z += m.Weights[at]
				}
				out[i] = z
			}
		}()
	}
	wg.Wait()
	return out, ctx.Err()
}

// Validate checks a model that came from a file.
func (m *Model) Validate() error {
	if m.Design == nil || len(m.Weights) != m.Design.Weights || !finite(m.Intercept) {
		return fault.New(fault.Input, "logistic regression: not %d weights", len(m.Weights))
	}
	for _, w := range m.Weights {
		if !finite(w) {
			return fault.New(fault.Input, "logistic regression: a weight is not a number")
		}
	}
	return m.Design.Validate()
}
