package analysis

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/result"
)

func containsFallBack(model string) bool { return strings.Contains(model, "; fell back") }

// ends returns an interval's ends.
func (o *outcome) ends(j, k int) (lo, hi float64) {
	lo, hi = o.point[j]-o.width[j][k], o.point[j]+o.width[j][k]
	if o.floor {
		lo, hi = math.Max(0, lo), math.Max(0, hi)
	}
	return lo, hi
}

// value returns the point forecast, which is not below 0 where no value was.
func (o *outcome) value(j int) float64 {
	if o.floor {
		return math.Max(0, o.point[j])
	}
	return o.point[j]
}

// exactly rounds to 10⁻⁴, as money is, so that sums of rows are the rows of sums.
func exactly(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// addUp makes the sums of the hierarchy. A sum's spread is that of its parts as if they were
// independent, times how much the parts' one-step errors really add up.
func (f *forecastRun) addUp() {
	h := f.options.horizon
	for _, node := range f.panel.sums.nodes {
		sum := outcome{point: make([]float64, h), sigma: make([]float64, h), width: make([][2]float64, h), floor: true,
			model: fmt.Sprintf("sum of %d series", len(node.members))}
		for _, i := range node.members {
			sum.floor = sum.floor && f.outcomes[i].floor
		}
		together := f.togetherness(node.members)
		for j := range h {
			sum.point[j] = f.sumOver(node.members, func(o *outcome) float64 { return exactly(o.value(j)) })
			for k := range sum.width[j] {
				squares := f.sumOver(node.members, func(o *outcome) float64 { return o.width[j][k] * o.width[j][k] })
				sum.width[j][k] = together * math.Sqrt(squares)
			}
		}
		f.sums = append(f.sums, sum)
	}
}

// sumOver adds up what is known of the members; NaN where nothing is.
func (f *forecastRun) sumOver(members []int, of func(*outcome) float64) float64 {
	sum, known := 0.0, false
	for _, i := range members {
		if v := of(&f.outcomes[i]); v == v {
			sum, known = sum+v, true
		}
	}
	if !known {
		return math.NaN()
	}
	return sum
}

// togetherness is the root of the mean square of the sum of the members' errors over the sum of
// their mean squares, from the back-tests: 1 where errors are independent, more where they go together.
func (f *forecastRun) togetherness(members []int) float64 {
	var square, squares float64
	for k := range max(testOrigins, autoOrigins) {
		var sum, parts []float64
		for _, i := range members {
			y := f.panel.series[i].y
			if len(f.outcomes[i].origins) <= k {
				continue
			}
			o := &f.outcomes[i].origins[k]
			fromEnd := len(y) - o.At
			if sum == nil {
				sum, parts = make([]float64, fromEnd), make([]float64, fromEnd)
			}
			if fromEnd != len(sum) {
				continue
			}
			for j, p := range o.Point {
				if e := y[o.At+j] - p; e == e {
					sum[j] += e
					parts[j] += e * e
				}
			}
		}
		for j := range sum {
			square += sum[j] * sum[j]
			squares += parts[j]
		}
	}
	if !(squares > 0) {
		return 1
	}
	// between independent and wholly together; few origins pull towards a middle
	return math.Sqrt((square + squares) / (2 * squares))
}

// table lists the sums, from the total down, and then the series.
func (f *forecastRun) table() *result.Table {
	h := f.options.horizon
	n := (len(f.sums) + len(f.outcomes)) * h
	t := &result.Table{Name: "forecast", N: n}
	rows, stamps := make([]int, 0, n), make([]int64, 0, n)
	cols := newColumns(forecastSpecs[2:], n)
	add := func(o *outcome, s *panelSeries) {
		for j := range h {
			stamps = append(stamps, f.panel.grid.at(s.origin, int64(len(s.y)+j)))
			f.appendRow(cols, o, j)
		}
	}
	p := *f.panel
	if p.sums != nil {
		p.series = nil
		for _, node := range f.panel.sums.nodes {
			p.series = append(p.series, panelSeries{id: node.id})
		}
		p.series = append(p.series, f.panel.series...)
	}
	for i := range f.sums {
		add(&f.sums[i], &f.panel.series[f.panel.sums.nodes[i].members[0]])
		rows = appendTimes(rows, i, h)
	}
	for i := range f.outcomes {
		add(&f.outcomes[i], &f.panel.series[i])
		rows = appendTimes(rows, len(f.sums)+i, h)
	}
	t.Columns = append(t.Columns, p.idColumn(rows), p.stampColumn(stamps))
	for i, c := range cols {
		t.Columns = append(t.Columns, result.Column{Spec: forecastSpecs[i+2], Data: c})
	}
	return t
}

func appendTimes(rows []int, i, n int) []int {
	for range n {
		rows = append(rows, i)
	}
	return rows
}

// appendRow adds step j of an outcome to the columns after ds.
func (f *forecastRun) appendRow(cols []frame.Column, o *outcome, j int) {
	round := func(v float64) float64 {
		if f.panel.decimals {
			return exactly(v)
		}
		return v
	}
	appendFloatOrNull(&cols[0], round(o.value(j)))
	for k := range forecast.Levels {
		lo, hi := o.ends(j, k)
		appendFloatOrNull(&cols[1+2*k], round(lo))
		appendFloatOrNull(&cols[2+2*k], round(hi))
	}
	result.AppendText(&cols[5], o.model)
}

// crossValidate prints the errors of rolling origins of each model on each series.
func crossValidate(ctx context.Context, p *panel, o forecastOptions, seasons []int, season string, res *Result) error {
	scale := scaleSeason(p, season, seasons)
	setting := modelSetting{seasons: seasons, horizon: o.horizon, light: len(p.series) > lightSeries}
	scores := make([][]forecast.Score, len(p.series))
	err := parallel.Each(ctx, len(p.series), o.threads, func(ctx context.Context, _, i int) error {
		y := p.series[i].y
		at := forecast.Origins(len(y), o.horizon, o.cv, 2)
		scores[i] = make([]forecast.Score, len(o.models))
		for k, name := range o.models {
			m, err := modelOf(name, setting)
			if err != nil {
				return err
			}
			if scores[i][k], err = rollingScore(ctx, o.aware(m, &p.series[i]), y, setting.shortest(), o.horizon, scale, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	n := len(p.series) * len(o.models)
	var rows []int
	cols := newColumns(cvSpecs[1:], n)
	for i := range p.series {
		for k, name := range o.models {
			rows = append(rows, i)
			result.AppendText(&cols[0], name)
			s := scores[i][k]
			for c, v := range []float64{s.MASE, s.SMAPE, s.RMSSE} {
				if math.IsInf(v, 0) {
					v = math.NaN()
				}
				appendFloatOrNull(&cols[1+c], v)
			}
		}
	}
	t := &result.Table{Name: "forecast_cv", N: n, Columns: []result.Column{p.idColumn(rows)}}
	for i, c := range cols {
		t.Columns = append(t.Columns, result.Column{Spec: cvSpecs[i+1], Data: c})
	}
	res.Main = t
	res.Notes = append(res.Notes, fmt.Sprintf("%s; up to %d origins, %d ahead, each fitted on what came before", p.name(), o.cv, o.horizon))
	for k, name := range o.models {
		res.Notes = append(res.Notes, meanNote(name, scores, k))
	}
	return nil
}

// rollingScore is the mean of the measures over origins; a model that fails at one falls back there.
func rollingScore(ctx context.Context, m forecast.Model, y []float64, season, h, scale int, at []int) (forecast.Score, error) {
	sum, n := forecast.Score{}, 0.0
	for _, k := range at {
		fit, _, err := fitOrFallBack(ctx, m, y[:k:k], season)
		if err != nil {
			return sum, err
		}
		if fit == nil {
			continue
		}
		s := forecast.ScoreOf(y[:k], y[k:k+h], fit.Forecast(h), scale)
		sum.MASE += s.MASE
		sum.SMAPE += s.SMAPE
		sum.RMSSE += s.RMSSE
		n++
	}
	return forecast.Score{SMAPE: sum.SMAPE / n, MASE: sum.MASE / n, RMSSE: sum.RMSSE / n}, nil
}

// meanNote is the mean of a model's measures over the series that have them.
func meanNote(name string, scores [][]forecast.Score, k int) string {
	var sum [3]float64
	var n [3]int
	for _, s := range scores {
		for c, v := range []float64{s[k].MASE, s[k].SMAPE, s[k].RMSSE} {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				sum[c] += v
				n[c]++
			}
		}
	}
	mean := func(c int) string {
		if n[c] == 0 {
			return "none"
		}
		return fmt.Sprintf("%.3f", sum[c]/float64(n[c]))
	}
	return fmt.Sprintf("%s: mean MASE %s, sMAPE %s, RMSSE %s over %d series", name, mean(0), mean(1), mean(2), max(n[0], n[1]))
}
