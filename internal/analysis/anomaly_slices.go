package analysis

import (
	"context"
	"slices"
	"sort"

	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
	"github.com/ecomctl/ecomctl/internal/query"
)

// watched is one value of one dimension within one series, watched by itself: what fails in one
// region may be lost in the noise of all.
type watched struct {
	series int
	dim    string
	value  string
	y      []float64 // by step of the grid, from the series' first
}

// Values that are watched of each dimension and series: the largest, and none that is too small
// for a failure to matter.
const (
	mostSlices = 50
	leastSlice = 0.05
)

// slicesOf lists what is watched: the largest values of each dimension that sell in most periods.
func (p *timeline) slicesOf(a *query.Answer) []watched {
	var out []watched
	for _, t := range a.Tables[min(1, len(a.Tables)):] {
		dim, ok := dimOfTable(t)
		if !ok {
			continue
		}
		parts := p.partsOf(t)
		for k := range p.series {
			s := &p.series[k]
			var own []watched
			sum, all := map[string]float64{}, 0.0
			for _, part := range parts[s.id] {
				y := part.y[s.first : s.first+int64(len(s.y))]
				zero := 0
				for _, v := range y {
					sum[part.value] += v
					all += v
					if v == 0 {
						zero++
					}
				}
				if 4*zero < len(y) {
					own = append(own, watched{k, dim, part.value, y})
				}
			}
			own = slices.DeleteFunc(own, func(w watched) bool { return sum[w.value] < leastSlice*all })
			sort.SliceStable(own, func(i, j int) bool { return sum[own[i].value] > sum[own[j].value] })
			if len(parts[s.id]) > 1 { // a single value is the series again
				out = append(out, own[:min(len(own), mostSlices)]...)
			}
		}
	}
	return out
}

// watchShare is the part of the expected false alarms that watched values may raise together.
const watchShare = 0.2

// watch judges the slices, which raise `rate` false alarms a period and series together. Of alerts
// that overlap in time the least probable is kept, and none beside an alert of the series itself.
func (p *timeline) watch(ctx context.Context, a *query.Answer, alerts []alert, rate float64, threads int) ([]alert, error) {
	ws := p.slicesOf(a)
	if len(ws) == 0 || p.level == 0 {
		return alerts, nil
	}
	in := make([]anomaly.Series, len(ws))
	for i, w := range ws {
		own := timeSeries{y: w.y, unfair: p.series[w.series].unfair}
		in[i] = anomaly.Series{First: p.series[w.series].first, Y: own.judged()}
	}
	level := 1 - rate*float64(len(p.series))/float64(len(ws))
	out, err := anomaly.Batch(ctx, in, anomaly.Options{Periods: p.periods, Level: level, Spots: p.spots}, threads)
	if err != nil {
		return nil, err
	}
	sub := &timeline{periods: p.periods}
	for i, w := range ws {
		sub.series = append(sub.series, timeSeries{first: in[i].First, y: w.y, points: out[i]})
	}
	found := sub.alerts()
	sort.SliceStable(found, func(i, j int) bool { return found[i].p < found[j].p })
	start := 0 // a part is told once its seasons could be seen: small parts have too few sales to judge without
	if n := len(p.periods); n > 0 {
		start = 3 * p.periods[n-1]
	}
	for _, al := range found {
		if al.from < start {
			continue
		}
		al.event = sub.eventOf(al)
		w := ws[al.series]
		al.series = w.series
		if slices.ContainsFunc(alerts, func(b alert) bool {
			return b.series == al.series && al.from <= b.to+1 && b.from <= al.to+1
		}) {
			continue
		}
		al.cause = &cause{dim: w.dim, values: []string{w.value}, share: 1}
		al.slice = true
		alerts = append(alerts, al)
	}
	sort.SliceStable(alerts, func(i, j int) bool {
		if alerts[i].series != alerts[j].series {
			return alerts[i].series < alerts[j].series
		}
		return alerts[i].from < alerts[j].from
	})
	return alerts, nil
}
