package analysis

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// timeline is a set of series on one grid of steps, with what anomaly found in them.
type timeline struct {
	name       string // "3 series by day"
	grid       panelGrid
	fixed      int64 // µs of a step where grid.unit is NoCut and stamps are times
	origin     int64 // stamp of step 0: µs, or an integer
	stampType  expr.Type
	idType     expr.Type
	keys       *frame.Column // ids of a file; nil: the texts of the series
	series     []timeSeries
	periods    []int
	pointsADay float64 // over all series; 0 = no calendar
	level      float64
	money      bool // values are money
	by         []string
	spots      map[int64]anomaly.Spot // steps near known events; nil: none
	rows       bool                   // rows of a file are the steps
	byTest     bool                   // p is that of a test of a stretch, not of one point
	notes      []string
}

// timeSeries is one series: y[i] stands at step first + i.
type timeSeries struct {
	id     string
	first  int64
	y      []float64
	stamps []int64 // as in the file; nil: those of the grid
	absent []bool  // positions that the input does not have; nil: none
	unfair []bool  // positions that are shown and not judged; nil: none
	points []anomalyPoint
}

func (s *timeSeries) shown(i int) bool { return s.absent == nil || !s.absent[i] }

// showsAny reports whether a point of the series is shown.
func (s *timeSeries) showsAny() bool {
	for i := range s.y {
		if s.shown(i) {
			return true
		}
	}
	return false
}

// judged returns the values that are judged: NaN elsewhere.
func (s *timeSeries) judged() []float64 {
	if s.unfair == nil {
		return s.y
	}
	y := slices.Clone(s.y)
	for i, no := range s.unfair {
		if no {
			y[i] = math.NaN()
		}
	}
	return y
}

// stampAt returns the stamp of a position: µs, or an integer.
func (p *timeline) stampAt(k, i int) int64 {
	s := &p.series[k]
	if s.stamps != nil {
		return s.stamps[i]
	}
	if p.fixed > 0 {
		return p.origin + (s.first+int64(i))*p.fixed
	}
	return p.grid.at(p.origin, s.first+int64(i))
}

// cell converts a stamp to the ds column.
func (p *timeline) cell(stamp int64) int64 {
	if p.stampType == expr.Date {
		return civil.FloorDiv(stamp, dayMicros)
	}
	return stamp
}

// points counts the rows of the result.
func (p *timeline) points() int {
	n := 0
	for i := range p.series {
		n += len(p.series[i].y)
	}
	return n
}

func (p *timeline) appendID(c *frame.Column, k int) {
	if p.keys != nil && p.keys.Kind != frame.String {
		if p.keys.IsNull(k) {
			result.AppendNull(c)
		} else {
			result.AppendInt(c, p.keys.I64[k])
		}
		return
	}
	result.AppendText(c, p.series[k].id)
}

// namesNobody refuses parameters that make customers the names of series or of causes, which stand in texts,
// where pseudonyms are asked for.
func namesNobody(r *Request, params ...string) error {
	if r.Pseudonym == nil {
		return nil
	}
	for _, p := range params {
		if i := slices.IndexFunc(words(r.Str(p)), isPerson); i >= 0 {
			return fault.New(fault.Usage, "--pseudonymise: --%s %s would tell the customers in texts", p, words(r.Str(p))[i]).
				WithHint("look at --on customers, whose ids are hidden")
		}
	}
	return nil
}

// anomalyOrdersPlan asks for the measure by period and series, and for the same by each dimension
// that may explain an alert.
func anomalyOrdersPlan(r *Request) (query.Plan, error) {
	unit := query.Day
	if s := r.Str("freq"); s != "" {
		var err error
		if unit, err = parseFreq(s); err != nil {
			return query.Plan{}, err
		}
	}
	m, ok := r.measure(r.Str("measure"))
	if !ok {
		return query.Plan{}, fault.New(fault.Usage, "--measure %s: the input has no %s", r.Str("measure"), m.Column).
			WithHint("map a column with --map %s=Column", m.Column)
	}
	if err := namesNobody(r, "by", "dimensions"); err != nil {
		return query.Plan{}, err
	}
	dims := []query.Dim{{Name: "ds", Column: relationTime, Cut: unit}}
	for _, w := range words(r.Str("by")) {
		d, err := r.dim(w)
		if err != nil {
			return query.Plan{}, err
		}
		if d.Cut != query.NoCut {
			return query.Plan{}, fault.New(fault.Usage, "--by %s: a calendar cut makes no series", w).WithHint("the length of periods is --freq")
		}
		dims = append(dims, d)
	}
	q := r.baseQuery("points")
	q.Dims, q.Measures = dims, []query.Measure{m}
	plan := query.Plan{Queries: []query.Query{q}}
	causes, err := causeDims(r)
	if err != nil {
		return query.Plan{}, err
	}
	for _, c := range causes {
		d, err := r.dim(c)
		if err != nil {
			return query.Plan{}, err
		}
		part := r.baseQuery("by " + c)
		part.Dims, part.Measures = append(slices.Clone(dims), d), []query.Measure{m}
		plan.Queries = append(plan.Queries, part)
	}
	return plan, nil
}

const relationTime = "order_ts"

// causeDims are the columns that may explain an alert: those named, else the small ones
// that people look at first; never one that makes the series.
func causeDims(r *Request) ([]string, error) {
	names := words(r.Str("dimensions"))
	auto := len(names) == 0 || (len(names) == 1 && names[0] == "auto")
	if auto {
		names = []string{"region", "country", "category", "channel", "payment"}
	}
	var by []string
	for _, w := range words(r.Str("by")) {
		if d, err := r.dim(w); err == nil {
			by = append(by, d.Name)
		}
	}
	var out []string
	for _, n := range names {
		d, err := r.dim(n)
		switch {
		case err != nil && auto:
			continue
		case err != nil:
			return nil, fault.New(fault.Usage, "--dimensions %s: no column of the input", n)
		case d.Cut != query.NoCut:
			return nil, fault.New(fault.Usage, "--dimensions %s: a calendar cut explains nothing", n)
		}
		if !slices.Contains(by, d.Name) && !slices.Contains(out, d.Name) {
			out = append(out, d.Name)
		}
	}
	return out, nil
}

// readTimeline reads the answer to the plan.
func readTimeline(r *Request, a *query.Answer, o anomalyOptions) (p *timeline, err error) {
	if r.Rel.Name == "series" {
		p, err = readSeriesTimeline(r, a, o)
	} else {
		p, err = readOrdersTimeline(r, a, o)
	}
	if err != nil {
		return nil, err
	}
	if o.seasons != nil {
		p.periods = o.seasons
	}
	if err := p.readSpots(r); err != nil {
		return nil, err
	}
	p.byTest = o.esd
	p.level, err = o.levelOf(p.pointsADay)
	return p, err
}

func readOrdersTimeline(r *Request, a *query.Answer, o anomalyOptions) (*timeline, error) {
	t := a.Tables[0]
	p := &timeline{grid: panelGrid{unit: query.Day, typ: expr.Date, step: 1}, stampType: expr.Date, idType: expr.Text, money: r.Str("measure") == mRevenue}
	if o.unit != query.NoCut {
		p.grid.unit = o.unit
	}
	if p.grid.unit == query.Hour {
		p.stampType, p.grid.typ = expr.Time, expr.Time
	}
	p.by = slices.Clone(t.Names[1 : len(t.Names)-1])
	from, end, err := p.span(r, a)
	if err != nil {
		return nil, err
	}
	p.origin = from
	steps, _ := p.grid.index(from, end)
	if steps > mostPeriods {
		return nil, fault.New(fault.Input, "filling the calendar: %d periods from %s to %s", steps, p.grid.text(from), p.grid.text(end)).
			WithHint("bound the days with --from and --to, or give a longer --freq")
	}
	at, points := map[string]int{}, int64(0)
	ds, y := &t.Cols[0], &t.Cols[len(t.Cols)-1]
	scale := 1.0
	if p.money {
		scale = 1e4
	}
	for i := range t.N {
		if ds.IsNull(i) {
			continue
		}
		k, _ := p.grid.index(from, cutMicros(ds.I64[i], p.grid.unit))
		if k < 0 || k >= steps {
			continue
		}
		id := rowID(t, i)
		s, ok := at[id]
		if !ok {
			s = len(p.series)
			at[id] = s
			points += steps - k
			if err := p.fitPoints(points, r.Memory); err != nil {
				return nil, err
			}
			p.series = append(p.series, timeSeries{id: id, first: k, y: make([]float64, steps-k)})
		}
		ts := &p.series[s]
		ts.y[k-ts.first] = floatAt(y, i) / scale
	}
	sort.SliceStable(p.series, func(a, b int) bool { return p.series[a].id < p.series[b].id })
	if len(p.series) == 0 {
		return nil, fault.New(fault.Input, "anomaly: no sold line in a whole %s", p.grid.unit).
			WithHint("widen --from, --to or --where, or give a shorter --freq")
	}
	if p.grid.unit == query.Hour {
		p.clockChanges(r.Rel.Zone)
	}
	if p.grid.unit == query.Day && r.AsOf == query.MaxTime {
		p.openDay(a.Account)
	}
	p.periods = seasonsOf(p.grid.unit)
	p.pointsADay = float64(len(p.series)) / unitDays(p.grid.unit)
	p.name = fmt.Sprintf("%s by %s, %d series", r.Str("measure"), p.grid.unit, len(p.series))
	return p, nil
}

// span returns the whole periods that the orders cover, [from, end) in µs.
func (p *timeline) span(r *Request, a *query.Answer) (from, end int64, err error) {
	w := windowOf(r, a)
	if rows := a.Account.FirstSold > a.Account.LastSold || w.end <= w.from; rows {
		return 0, 0, fault.New(fault.Input, "anomaly: no sold line in scope").WithHint("widen --from, --to or --where")
	}
	from, end = w.from*dayMicros, w.end*dayMicros
	u := p.grid.unit
	switch u {
	case query.Day:
		return from, end, nil
	case query.Hour:
		first := civil.FloorDiv(a.Account.FirstSold, hourMicros) * hourMicros
		from = max(from, first)
		if last := civil.FloorDiv(a.Account.LastSold, hourMicros) * hourMicros; r.AsOf == query.MaxTime && last < end {
			end = last // the hour of the last sale may be open
		}
		return from, end, nil
	}
	start := periodStart(u, from)
	if start < from {
		start = p.grid.at(start, 1)
		p.notes = append(p.notes, fmt.Sprintf("the first %s is not whole and is left out", u))
	}
	n, exact := p.grid.index(start, end)
	if !exact {
		p.notes = append(p.notes, fmt.Sprintf("the last %s is not whole and is left out", u))
	}
	return start, p.grid.at(start, max(n, 0)), nil
}

// openDay leaves the last day unjudged where it looks cut off.
func (p *timeline) openDay(acc query.Account) {
	if len(p.series) == 0 {
		return
	}
	n := 0
	for i := range p.series {
		n = max(n, len(p.series[i].y))
	}
	all := make([]float64, n)
	for i := range p.series {
		y := p.series[i].y
		for k, v := range y {
			all[n-len(y)+k] += v
		}
	}
	last := civil.FloorDiv(p.origin, dayMicros) + p.series[0].first + int64(len(p.series[0].y)) - 1
	if !lastDayOpen(all, last, acc) {
		return
	}
	p.notes = append(p.notes, "the last day, "+dateText(last)+", looks cut off and is not judged; --as-of "+dateText(last+1)+" says that it is whole")
	for i := range p.series {
		s := &p.series[i]
		if s.unfair == nil {
			s.unfair = make([]bool, len(s.y))
		}
		s.unfair[len(s.y)-1] = true
	}
}

// cutMicros brings the key of a period to µs.
func cutMicros(k int64, u query.Cut) int64 {
	if u == query.Hour {
		return k
	}
	return k * dayMicros
}

// periodStart returns the start of the week, month, quarter or year that holds a time.
func periodStart(u query.Cut, us int64) int64 {
	t := microTime(us)
	switch u {
	case query.Week:
		t = t.AddDate(0, 0, -int(t.Weekday()+6)%7)
	case query.Month:
		t = t.AddDate(0, 0, 1-t.Day())
	case query.Quarter:
		t = time.Date(t.Year(), (t.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
	case query.Year:
		t = time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t.UnixMicro()
}

// unitDays is the mean length of a unit in days.
func unitDays(u query.Cut) float64 {
	return map[query.Cut]float64{query.Hour: 1.0 / 24, query.Day: 1, query.Week: 7, query.Month: 365.25 / 12, query.Quarter: 365.25 / 4, query.Year: 365.25}[u]
}

// rowID joins the values of the dimensions behind the first.
func rowID(t *query.Table, i int) string {
	var parts []string
	for c := 1; c < len(t.Cols)-1; c++ {
		s, ok := textAt(&t.Cols[c], i)
		if !ok {
			s = "unknown"
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 {
		return "total"
	}
	return strings.Join(parts, "/")
}

// clockChanges takes the hours that a zone's clock leaves out from the series, and does
// not judge those that it runs twice.
func (p *timeline) clockChanges(zone string) {
	loc, err := time.LoadLocation(zone)
	if err != nil || loc == time.UTC {
		return
	}
	for k := range p.series {
		s := &p.series[k]
		for i := range s.y {
			t := microTime(p.stampAt(k, i))
			local := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), 0, 0, 0, loc)
			switch {
			case local.Hour() != t.Hour():
				if s.absent == nil {
					s.absent = make([]bool, len(s.y))
				}
				s.absent[i], s.y[i] = true, math.NaN()
			case twice(local):
				if s.unfair == nil {
					s.unfair = make([]bool, len(s.y))
				}
				s.unfair[i] = true
			}
		}
	}
}

// twice reports whether the wall clock shows this hour again an hour before or after.
func twice(t time.Time) bool {
	return t.Add(time.Hour).Hour() == t.Hour() || t.Add(-time.Hour).Hour() == t.Hour()
}
