package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
	"github.com/ecomctl/ecomctl/internal/kernel/calendar"
	"github.com/ecomctl/ecomctl/internal/query"
)

// readSpots reads --country and --events-file into the steps of the timeline that lie near events: by day, or by what
// divides a day; the same hour of the same holiday is then supposed to be alike.
func (p *timeline) readSpots(r *Request) error {
	if !eventsAsked(r) {
		return nil
	}
	step := p.fixed
	if step == 0 && !p.rows {
		step = fixedMicros(p.grid.unit)
	}
	if step <= 0 || step > dayMicros || dayMicros%step != 0 {
		what := "are by " + p.grid.unit.String()
		if p.grid.unit == query.NoCut || p.rows {
			what = "have no steps of days or hours"
		}
		return fault.New(fault.Usage, "--country and --events-file move days, and the series %s", what).WithHint("use --freq day")
	}
	last := int64(0)
	for i := range p.series {
		last = max(last, p.series[i].first+int64(len(p.series[i].y)))
	}
	from, to := civil.FloorDiv(p.origin, dayMicros), civil.FloorDiv(p.origin+last*step, dayMicros)
	events, err := eventsBetween(r, from, to)
	if err != nil {
		return err
	}
	days := calendar.Spots(from, int(to-from)+1, events)
	p.spots = map[int64]anomaly.Spot{}
	aDay := dayMicros / step
	for k := range last {
		at := p.origin + k*step
		day := civil.FloorDiv(at, dayMicros)
		if s, near := days[day]; near {
			p.spots[k] = anomaly.Spot{Name: s.Name, Offset: s.Offset*int(aDay) + int((at-day*dayMicros)/step)}
		}
	}
	return nil
}

// eventText names the event near a point, "" without.
func eventText(k *anomaly.Known) string {
	switch {
	case k == nil:
		return ""
	case k.Seen == 0:
		return k.Name + " (not seen before)"
	case k.Seen == 1:
		return k.Name + " (seen once before)"
	}
	return fmt.Sprintf("%s (seen %d times before)", k.Name, k.Seen)
}

// eventOf returns the event of an alert's strangest point near one.
func (p *timeline) eventOf(al alert) *anomaly.Known {
	if al.event != nil || al.slice {
		return al.event
	}
	s := &p.series[al.series]
	best := -1
	for i := al.from; i <= al.to; i++ {
		if pt := &s.points[i]; pt.Anomaly && pt.Event != nil && (best < 0 || pt.P < s.points[best].P) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return s.points[best].Event
}

// eventNote says how many points were judged as those of events, and which events moved the series most often.
func (p *timeline) eventNote() string {
	var known, first int
	names := map[string]bool{}
	for i := range p.series {
		for j := range p.series[i].points {
			pt := &p.series[i].points[j]
			switch {
			case pt.Event == nil || pt.Score != pt.Score:
				continue
			case pt.Event.Seen == 0:
				first++
			default:
				known++
			}
			names[pt.Event.Name] = true
		}
	}
	if known+first == 0 {
		return "events: none lies among the points that are judged"
	}
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	slices.Sort(list)
	const most = 6
	more := ""
	if len(list) > most {
		more = fmt.Sprintf(" and %d more", len(list)-most)
		list = list[:most]
	}
	return fmt.Sprintf("events: %d points judged by what the event did before, %d with a wide scale because it was not seen before: %s%s", known, first, strings.Join(list, ", "), more)
}
