package analysis

import (
	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

var heatSpecs = []result.Spec{
	{Name: "weekday", Type: expr.Int, Desc: "1 (Monday) to 7"},
	{Name: "hour", Type: expr.Int, Desc: "0 to 23, in --tz"},
	{Name: "events", Type: expr.Int, Desc: "events in that hour of the week"},
	{Name: "users", Type: expr.Int, Unit: result.Customers, Desc: "users with such an event"},
	{Name: "share", Type: expr.Float, Unit: result.Ratio, Desc: "events / all events", Null: "no events"},
}

// heatQuery counts events and users by hour of the week.
func heatQuery(r *Request) query.Query {
	return query.Query{Name: "heatmap", Scope: relation.Only(relation.Sold), Where: r.Where, From: r.From, To: r.To,
		Dims:     []query.Dim{{Name: "weekday", Column: "event_ts", Cut: query.Weekday}, {Name: "hour", Column: "event_ts", Cut: query.HourOfDay}},
		Measures: []query.Measure{{Name: "events", Op: query.Count}, {Name: "users", Op: query.CountDistinct, Column: "user_id"}}}
}

// heatCells are events and users by weekday (from Monday) and hour.
func heatCells(t *query.Table) (cells [7][24][2]int64, total int64) {
	day, hour := t.Col("weekday"), t.Col("hour")
	for i := range t.N {
		if day.IsNull(i) {
			continue // --no-clean: events without a time
		}
		n := t.Col("events").I64[i]
		cells[day.I64[i]-1][hour.I64[i]] = [2]int64{n, t.Col("users").I64[i]}
		total += n
	}
	return cells, total
}

// heatTable lists all hours of the week, those without events too.
func heatTable(t *query.Table) *result.Table {
	cells, total := heatCells(t)
	b := newTable("heatmap", heatSpecs...)
	for d := range cells {
		for h, c := range cells[d] {
			var share any
			if total > 0 {
				share = float64(c[0]) / float64(total)
			}
			b.row(d+1, h, c[0], c[1], share)
		}
	}
	return b.t
}

var userRetentionSpecs = []result.Spec{
	{Name: "cohort", Type: expr.Date, Desc: "Monday of the week of the users' first event"},
	{Name: "week", Type: expr.Int, Desc: "weeks since the cohort's own; 0 is its own"},
	{Name: "users", Type: expr.Int, Unit: result.Customers, Desc: "users of the cohort"},
	{Name: "active", Type: expr.Int, Unit: result.Customers, Desc: "users of the cohort with an event in the week", Null: "not observable yet"},
	{Name: "retention", Type: expr.Float, Unit: result.Ratio, Desc: "active / users", Null: "not observable yet"},
	{Name: "complete", Type: expr.Bool, Desc: "the week had ended at as-of"},
}

// retentionQueries ask for the active users of each week by cohort and, as the filters may
// hide the users' first events, for the sizes of the cohorts.
func retentionQueries(r *Request) []query.Query {
	sold := relation.Only(relation.Sold)
	cohort := query.Dim{Name: "cohort", Column: "event_ts", Cut: query.Week, FirstPer: "user_id", FirstScope: sold}
	users := query.Measure{Name: "users", Op: query.CountDistinct, Column: "user_id"}
	cells := query.Query{Name: "user-weeks", Scope: sold, Where: r.Where, From: r.From, To: r.To,
		Dims: []query.Dim{cohort, {Name: "at", Column: "event_ts", Cut: query.Week}}, Measures: []query.Measure{users}}
	sizes := query.Query{Name: "user-cohorts", Scope: sold, From: query.MinTime, To: r.To, Dims: []query.Dim{cohort}, Measures: []query.Measure{users}}
	return []query.Query{cells, sizes}
}

// userCohorts are the active users by the week of their first event and by week (days
// since 1970).
type userCohorts struct {
	cohorts []int64 // ascending
	sizes   map[int64]int64
	active  map[[2]int64]int64
	from    int64 // first reported day
	end     int64 // first day that is not observed any more
}

func newUserCohorts(r *Request, tables []*query.Table, asOf int64) *userCohorts {
	g := &userCohorts{sizes: map[int64]int64{}, active: map[[2]int64]int64{}, from: minDay, end: asOf}
	if r.From != query.MinTime {
		g.from = civil.FloorDiv(r.From, dayMicros)
	}
	if r.To != query.MaxTime {
		g.end = min(g.end, civil.FloorDiv(r.To+dayMicros-1, dayMicros))
	}
	cells, sizes := tables[0], tables[1]
	for i := range cells.N {
		if c, at := cells.Col("cohort"), cells.Col("at"); !c.IsNull(i) && !at.IsNull(i) {
			g.active[[2]int64{c.I64[i], at.I64[i]}] = cells.Col("users").I64[i]
		}
	}
	for i := range sizes.N {
		if c := sizes.Col("cohort"); !c.IsNull(i) {
			g.cohorts = append(g.cohorts, c.I64[i])
			g.sizes[c.I64[i]] = sizes.Col("users").I64[i]
		}
	}
	return g
}

// maxUserWeeks bounds the cells of the retention table: times of absurd years would make millions.
const maxUserWeeks = 1040

// weeks is the number of weeks from the first cohort to the end of what is observed.
func (g *userCohorts) weeks() int64 {
	if len(g.cohorts) == 0 {
		return 0
	}
	return max(0, (g.end-g.cohorts[0]+6)/7)
}

// table lays cohorts out: each has as many weeks as the oldest one, up to maxUserWeeks.
func (g *userCohorts) table(cohorts []int64) *result.Table {
	b := newTable("retention", userRetentionSpecs...)
	weeks := int(min(g.weeks(), maxUserWeeks))
	for _, c := range cohorts {
		for w := range weeks {
			at := c + 7*int64(w)
			if at+7 <= g.from {
				continue
			}
			if at >= g.end {
				b.row(c, w, g.sizes[c], nil, nil, false)
				continue
			}
			n := g.active[[2]int64{c, at}]
			b.row(c, w, g.sizes[c], n, float64(n)/float64(g.sizes[c]), at+7 <= g.end)
		}
	}
	return b.t
}
