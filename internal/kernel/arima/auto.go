package arima

import (
	"context"
	"fmt"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
	"github.com/ecomctl/ecomctl/internal/kernel/stl"
)

var _ forecast.Model = Auto{}

// Auto chooses the orders by a stepwise search and fits them. Its zero value has the usual bounds.
type Auto struct{}

// The bounds of the search, as in auto.arima() of R's forecast package.
const (
	mostP, mostQ   = 5, 5
	mostSP, mostSQ = 2, 2
	mostD          = 2
	mostModels     = 94
	longestSeason  = 400 // a season over it is not modelled: the state would have hundreds of elements
	finalists      = 3   // candidates whose likelihood is maximised to the end
)

// Name implements forecast.Model.
func (Auto) Name() string { return "arima" }

// Fit implements forecast.Model. Missing values are filled from their season; leading ones are cut off.
func (Auto) Fit(ctx context.Context, y []float64, season int) (forecast.Fitted, error) {
	cut := 0
	for cut < len(y) && y[cut] != y[cut] {
		cut++
	}
	full, missing := stl.FillSeasonal(y[cut:], season)
	if len(full) < 3 {
		return nil, fault.New(fault.Data, "choosing an ARIMA model: %d values are too few", len(full))
	}
	f, err := choose(ctx, full, season)
	if err != nil {
		return nil, err
	}
	if missing > 0 {
		f.changed = fmt.Sprintf(", %d missing filled", missing)
	}
	f.restore(y, cut)
	return f, nil
}

// restore gives the one-step forecasts the shape of the series as it came: cut values at the start, NaN for
// missing ones.
func (f *Fitted) restore(y []float64, cut int) {
	ahead := make([]float64, len(y))
	for t := range ahead {
		ahead[t] = math.NaN()
		if t >= cut && y[t] == y[t] {
			ahead[t] = f.ahead[t-cut]
		}
	}
	f.ahead = ahead
}

// choose runs the tests and the search on a series without missing values.
func choose(ctx context.Context, y []float64, m int) (*Fitted, error) {
	if m < 2 || m > longestSeason || len(y) <= 2*m {
		m = 1
	}
	scale := 0.0
	for _, v := range y {
		scale = math.Max(scale, math.Abs(v))
	}
	if constant(y, scale) {
		return Fit(ctx, y, Spec{M: 1, Constant: true})
	}
	sd := 0
	var ws stl.Workspace
	if m > 1 && seasonalDifference(&ws, y, m) {
		sd = 1
	}
	dy := difference(y, 0, sd, m)
	d := differences(dy, mostD, scale)
	data, err := newData(y, d, sd, m)
	if err != nil {
		return nil, err
	}
	if constant(difference(dy, d, 0, 1), scale) { // a polynomial, a repeated season
		return Fit(ctx, y, Spec{D: d, SD: sd, M: m, Constant: d+sd <= 1})
	}
	s := newSearch(ctx, data)
	if err := s.run(); err != nil {
		return nil, err
	}
	return s.finish()
}

// search is the state of the stepwise search.
type search struct {
	ctx     context.Context
	data    *data
	p       problem
	most    Spec // bounds
	seen    map[Spec]bool
	best    *estimate
	top     []*estimate // sound ones, best first
	unsound *estimate   // the best of those with roots near the circle: only when nothing else is left
	err     error
}

func newSearch(ctx context.Context, d *data) *search {
	n := len(d.y)
	s := &search{ctx: ctx, data: d, seen: map[Spec]bool{}}
	s.most = Spec{P: min(mostP, n/3), Q: min(mostQ, n/3)}
	if d.m > 1 {
		s.most.SP, s.most.SQ = min(mostSP, n/3/d.m), min(mostSQ, n/3/d.m)
		s.most.P, s.most.Q = min(s.most.P, d.m-1), min(s.most.Q, d.m-1)
	}
	return s
}

// try fits a form once and reports whether it is the best so far.
func (s *search) try(p, q, sp, sq int, constant bool) bool {
	d := s.data
	spec := Spec{P: p, D: d.d, Q: q, SP: sp, SD: d.sd, SQ: sq, M: d.m, Constant: constant}
	if s.err != nil || s.seen[spec] || len(s.seen) >= mostModels || len(d.w) < spec.size()+3 {
		return false
	}
	if s.err = s.ctx.Err(); s.err != nil {
		return false
	}
	s.seen[spec] = true
	e, sound := d.candidate(&s.p, spec, s.best)
	if e == nil {
		return false
	}
	if !sound {
		if s.unsound == nil || e.aicc < s.unsound.aicc {
			s.unsound = e
		}
		return false
	}
	at := len(s.top)
	for at > 0 && e.aicc < s.top[at-1].aicc {
		at--
	}
	if at < finalists {
		s.top = append(s.top, nil)
		copy(s.top[at+1:], s.top[at:])
		s.top[at] = e
		s.top = s.top[:min(len(s.top), finalists)]
	}
	if s.best == nil || e.aicc < s.best.aicc {
		s.best = e
		return true
	}
	return false
}

// run is algorithm 1 of the paper: four forms to begin with, then the neighbours of the best.
func (s *search) run() error {
	d := s.data
	constant := d.d+d.sd <= 1
	startP, startQ := 2, 2
	startSP, startSQ := 1, 1
	if len(d.y) < 10 {
		startP, startQ, startSP, startSQ = 1, 1, 0, 0
	}
	m := s.most
	s.try(0, 0, 0, 0, constant)
	s.try(min(1, m.P), 0, min(1, m.SP), 0, constant)
	s.try(0, min(1, m.Q), 0, min(1, m.SQ), constant)
	s.try(min(startP, m.P), min(startQ, m.Q), min(startSP, m.SP), min(startSQ, m.SQ), constant)
	if constant {
		s.try(0, 0, 0, 0, false)
	}
	for s.err == nil && s.best != nil && s.step(constant) {
	}
	return s.err
}

// moves are the neighbours of a form in the paper's order: changes of (p, q, P, Q).
var moves = [][4]int{
	{0, 0, -1, 0}, {0, 0, 0, -1}, {0, 0, 1, 0}, {0, 0, 0, 1},
	{0, 0, -1, -1}, {0, 0, -1, 1}, {0, 0, 1, -1}, {0, 0, 1, 1},
	{-1, 0, 0, 0}, {0, -1, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0},
	{-1, -1, 0, 0}, {-1, 1, 0, 0}, {1, -1, 0, 0}, {1, 1, 0, 0},
}

// step goes to the first neighbour that is better; false when none is.
func (s *search) step(constant bool) bool {
	b := s.best.spec
	for _, v := range moves {
		p, q, sp, sq := b.P+v[0], b.Q+v[1], b.SP+v[2], b.SQ+v[3]
		if p < 0 || q < 0 || sp < 0 || sq < 0 || p > s.most.P || q > s.most.Q || sp > s.most.SP || sq > s.most.SQ {
			continue
		}
		if s.try(p, q, sp, sq, b.Constant) {
			return true
		}
	}
	return constant && s.try(b.P, b.Q, b.SP, b.SQ, !b.Constant)
}

// finish maximises the likelihood of the best few and freezes the best of them.
func (s *search) finish() (*Fitted, error) {
	var best *estimate
	for _, e := range s.top {
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		rough := *e
		if s.data.polish(&s.p, e); !s.p.sound() {
			e = &rough // its way to the maximum leads to the circle
		}
		if best == nil || e.aicc < best.aicc {
			best = e
		}
	}
	if best == nil {
		best = s.unsound
	}
	if best == nil {
		return nil, fault.New(fault.Data, "choosing an ARIMA model: none of %d forms fits %d values", len(s.seen), len(s.data.y))
	}
	return s.data.freeze(&s.p, best), nil
}
