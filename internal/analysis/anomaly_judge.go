package analysis

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
)

// anomalyPoint is what is known of one point after judging.
type anomalyPoint = anomaly.Point

// pointBytes is what a point takes: its value, twice, what is known of it, and its row of the table.
const pointBytes = 160

// fits refuses what memory (bytes, 0 = no bound) cannot hold.
func (p *timeline) fits(memory int64) error {
	points := int64(0)
	for i := range p.series {
		points += int64(len(p.series[i].y))
	}
	return p.fitPoints(points, memory)
}

// fitPoints is fits for a number of points.
func (p *timeline) fitPoints(points, memory int64) error {
	if need := points * pointBytes; memory > 0 && need > memory {
		return fault.New(fault.Full, "anomaly: at least %d points of %d series need %d MiB, more than --memory (%d MiB)", points, len(p.series), need>>20, memory>>20).
			WithHint("ask for fewer series with --by or --where, a longer --freq or a shorter history with --from, or raise --memory")
	}
	return nil
}

// judge scores all points of all series.
func (p *timeline) judge(ctx context.Context, o anomalyOptions, threads int) error {
	in := make([]anomaly.Series, len(p.series))
	for i := range p.series {
		in[i] = anomaly.Series{First: p.series[i].first, Y: p.series[i].judged()}
	}
	opt := anomaly.Options{Periods: p.periods, Level: p.level, Spots: p.spots}
	judge := anomaly.Batch
	switch {
	case o.retrospective:
		judge = anomaly.Retrospective
	case o.esd:
		judge = func(ctx context.Context, in []anomaly.Series, opt anomaly.Options, threads int) ([][]anomaly.Point, error) {
			return anomaly.SeasonalESD(ctx, in, opt, o.most, threads)
		}
	}
	out, err := judge(ctx, in, opt, threads)
	if err != nil {
		return err
	}
	for i := range p.series {
		p.series[i].points = out[i]
	}
	if o.fdr > 0 {
		p.discover(o.fdr)
	}
	return nil
}

// discover replaces the level by the Benjamini–Hochberg rule over the series at each step.
func (p *timeline) discover(q float64) {
	type place struct{ series, i int }
	at := map[int64][]place{}
	for k := range p.series {
		s := &p.series[k]
		for i, pt := range s.points {
			if pt.P == pt.P {
				step := s.first + int64(i)
				at[step] = append(at[step], place{k, i})
			}
		}
	}
	for _, places := range at {
		ps := make([]float64, len(places))
		for j, pl := range places {
			ps[j] = p.series[pl.series].points[pl.i].P
		}
		limit := anomaly.Discoveries(ps, q)
		for j, pl := range places {
			p.series[pl.series].points[pl.i].Tell(ps[j] <= limit)
		}
	}
	p.level = 0
}
