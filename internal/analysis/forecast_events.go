package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/holiday"
	"github.com/ecomctl/ecomctl/internal/kernel/calendar"
	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
	"github.com/ecomctl/ecomctl/internal/query"
)

// eventParams are the parameters that name days which move sales.
var eventParams = []Param{
	{Name: "country", Kind: StringParam, Default: "", Help: "know the holidays and shopping days of a country (CN, US, DE, …); what they did before is expected again"},
	{Name: "events-file", Kind: InFileParam, Help: "know the days of a CSV `FILE` name,date[,before,after]; what they did before is expected again"},
}

// eventsAsked tells whether --country or --events-file is given.
func eventsAsked(r *Request) bool { return r.Str("country") != "" || r.Files["events-file"] != nil }

// readEvents reads --country and --events-file for the days of a panel and the horizon after it.
func readEvents(r *Request, p *panel, horizon int) ([]calendar.Event, error) {
	if !eventsAsked(r) {
		return nil, nil
	}
	if p.grid.unit != query.Day {
		return nil, fault.New(fault.Usage, "--country and --events-file move days, and the series are by %s", p.grid.unit).WithHint("use --freq day")
	}
	from, to := p.days(horizon)
	return eventsBetween(r, from, to)
}

// eventsBetween reads the events of --country and --events-file; the country's are those from one day to another.
func eventsBetween(r *Request, from, to int64) (events []calendar.Event, err error) {
	country, file := r.Str("country"), r.Files["events-file"]
	if file != nil {
		if events, err = holiday.Parse(file); err != nil {
			return nil, fault.Wrap(err, "--events-file %s", r.Str("events-file"))
		}
	}
	if country != "" {
		known, err := holiday.Of(country, from, to)
		if err != nil {
			return nil, err
		}
		events = append(events, known...) // own events come first where both claim a day
	}
	return events, nil
}

// days returns the first day of a daily panel and the last of the horizon after it.
func (p *panel) days(horizon int) (from, to int64) {
	for i, s := range p.series {
		first := civil.FloorDiv(s.origin, dayMicros)
		end := first + int64(len(s.y)+horizon)
		if i == 0 {
			from, to = first, end
		}
		from, to = min(from, first), max(to, end)
	}
	return from, to
}

// aware keeps strays from a model, closes its closed days and gives it the events, for one series.
func (o forecastOptions) aware(m forecast.Model, s *panelSeries) forecast.Model {
	if !slices.Contains(asTheyAre, m.Name()) {
		if !o.keepOutliers {
			m = cleaned{m}
		}
		m = closing{m}
	}
	if len(o.events) == 0 {
		return m
	}
	return calendar.Aware(m, civil.FloorDiv(s.origin, dayMicros), o.events)
}

// usedEvents are the events that a fit uses.
func usedEvents(fit forecast.Fitted) []calendar.Use {
	if f, ok := fit.(interface{ Used() []calendar.Use }); ok {
		return f.Used()
	}
	return nil
}

// eventNote says which events are used, the strongest first.
func (f *forecastRun) eventNote() string {
	type sum struct {
		name   string
		series int
		peak   float64
		times  int
	}
	at := map[string]int{}
	var sums []sum
	for i := range f.outcomes {
		for _, u := range f.outcomes[i].events {
			k, ok := at[u.Name]
			if !ok {
				k = len(sums)
				at[u.Name] = k
				sums = append(sums, sum{name: u.Name})
			}
			s := &sums[k]
			s.series, s.times = s.series+1, max(s.times, u.Occurrences)
			if s.peak*s.peak < u.Peak*u.Peak {
				s.peak = u.Peak
			}
		}
	}
	if len(sums) == 0 {
		return "events: none explains the past well enough to be used"
	}
	slices.SortStableFunc(sums, func(a, b sum) int {
		switch {
		case a.peak*a.peak > b.peak*b.peak:
			return -1
		case a.peak*a.peak < b.peak*b.peak:
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	const most = 8
	var words []string
	for _, s := range sums[:min(most, len(sums))] {
		w := fmt.Sprintf("%s %+.0f %% (seen %d times", s.name, 100*s.peak, s.times)
		if s.times == 1 {
			w = fmt.Sprintf("%s %+.0f %% (seen once", s.name, 100*s.peak)
		}
		if len(f.outcomes) > 1 {
			w += fmt.Sprintf(", %d of %d series", s.series, len(f.outcomes))
		}
		words = append(words, w+")")
	}
	if len(sums) > most {
		words = append(words, fmt.Sprintf("%d more", len(sums)-most))
	}
	return "events used, with their strongest day: " + strings.Join(words, ", ")
}
