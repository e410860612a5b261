package analysis

import (
	"fmt"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
)

// anomalySeriesPlan asks for the points of a series file, each row by itself.
func anomalySeriesPlan(r *Request) (query.Plan, error) {
	if r.Str("by") != "" {
		return query.Plan{}, fault.New(fault.Usage, "--by: a series file has one value a point; it applies to orders").
			WithHint("use --table orders if the input is one")
	}
	q := r.baseQuery("points")
	if !r.Rel.Has("unique_id") { // ds and y together keep the rows apart that share a stamp
		q.Dims = []query.Dim{{Name: "ds", Column: "ds"}, {Name: "y", Column: "y"}}
		q.Measures = []query.Measure{{Name: "rows", Op: query.Count}}
		return query.Plan{Queries: []query.Query{q}}, nil
	}
	return query.Plan{Groupings: []query.Grouping{{Name: "series", Scope: q.Scope, Where: q.Where, From: q.From, To: q.To,
		Key: "unique_id", Item: "ds", Order: []string{"ds"}, Values: []string{"y"}}}}, nil
}

// readSeriesTimeline lays the points of a file on steps. Unlike a forecast it judges every
// row: a stamp that stands there twice, or stamps without rhythm, make the rows the steps.
func readSeriesTimeline(r *Request, a *query.Answer, o anomalyOptions) (*timeline, error) {
	pts := points{typ: r.Rel.Columns[r.Rel.Find("ds")].Type}
	twins := 0
	if len(a.Groups) > 0 {
		twins = pts.rows(a.Groups[0])
	} else {
		twins = pts.single(a.Tables[0])
	}
	if len(pts.ids) == 0 {
		return nil, fault.New(fault.Input, "anomaly: the input has no point with a stamp")
	}
	if err := pts.inRange(); err != nil {
		return nil, err
	}
	p := &timeline{stampType: pts.typ, idType: expr.Text, grid: panelGrid{typ: pts.typ, step: 1}}
	if pts.keys.Len > 0 {
		p.keys = &pts.keys
		if pts.keys.Kind != frame.String {
			p.idType = expr.Int
		}
	}
	rhythm := ""
	if twins > 0 {
		rhythm = fmt.Sprintf("stamps that stand more than once in their series: %d", twins)
	} else if err := p.findStep(pts, o); err != nil {
		return nil, err
	}
	for i, id := range pts.ids {
		s := timeSeries{id: id, stamps: pts.stamps[i], y: pts.values[i]}
		if rhythm == "" && !p.layOut(&s) {
			rhythm = "the stamps of " + fmt.Sprintf("%q", id) + " do not stand on one grid"
		}
		p.series = append(p.series, s)
	}
	if rhythm != "" { // rows are steps
		p.rows, p.fixed = true, 0
		p.notes = append(p.notes, rhythm+": rows count as steps, in order of time")
		for i := range p.series {
			p.series[i] = timeSeries{id: pts.ids[i], stamps: pts.stamps[i], y: pts.values[i]}
		}
	}
	p.calendar(pts)
	p.name = fmt.Sprintf("%d series", len(p.series))
	return p, nil
}

// rows reads a grouping by series and counts the rows whose stamp stands there before.
func (p *points) rows(g *query.Groups) (twins int) {
	n := g.Keys.Len
	p.keys = g.Keys
	for k := range n {
		var stamps []int64
		var values []float64
		for i := g.Off[k]; i < g.Off[k+1]; i++ {
			s := stampOf(g.ItemKeys.I64[g.Items[i]], p.typ)
			if len(stamps) > 0 && stamps[len(stamps)-1] == s {
				twins++
			}
			v := math.NaN()
			if bits := g.Values[0][i]; bits != query.NullValue {
				v = math.Float64frombits(uint64(bits))
			}
			stamps, values = append(stamps, s), append(values, v)
		}
		p.ids, p.stamps, p.values = append(p.ids, keyText(&g.Keys, k)), append(p.stamps, stamps), append(p.values, values)
	}
	return twins
}

// single reads the points of a file without ids; rows of one stamp come in the order of their values.
func (p *points) single(t *query.Table) (twins int) {
	ds, rows, y := t.Col("ds"), t.Col("rows"), t.Col("y")
	var stamps []int64
	var values []float64
	for i := range t.N {
		if ds.IsNull(i) {
			continue
		}
		v := math.NaN()
		if !y.IsNull(i) {
			v = floatAt(y, i)
		}
		s := stampOf(ds.I64[i], p.typ)
		for range rows.I64[i] {
			if n := len(stamps); n > 0 && stamps[n-1] == s {
				twins++
			}
			stamps, values = append(stamps, s), append(values, v)
		}
	}
	if len(stamps) > 0 {
		p.ids, p.stamps, p.values = []string{"series"}, [][]int64{stamps}, [][]float64{values}
	}
	return twins
}

// findStep tells the step of the grid: the unit asked for, a calendar month or longer, or the
// most frequent difference of stamps.
func (p *timeline) findStep(pts points, o anomalyOptions) error {
	p.origin = math.MaxInt64
	count := map[int64]int{}
	for _, s := range pts.stamps {
		if len(s) > 0 {
			p.origin = min(p.origin, s[0])
		}
		for i := 1; i < len(s); i++ {
			if d := s[i] - s[i-1]; d > 0 && (len(count) < 10_000 || count[d] > 0) {
				count[d]++
			}
		}
	}
	step, most := int64(1), 0
	for d, n := range count {
		if n > most || n == most && d < step {
			step, most = d, n
		}
	}
	switch {
	case pts.typ == expr.Int:
		if o.unit != query.NoCut {
			return fault.New(fault.Usage, "--freq: ds holds integer steps, which have no calendar")
		}
		p.grid.step = step
	case o.unit != query.NoCut:
		p.grid.unit = o.unit
		p.fixed = fixedMicros(o.unit)
	case step >= 28*dayMicros:
		p.grid.monthEnd = allMonthEnds(pts.stamps)
		p.grid.unit = fittingUnit(&p.grid, pts.stamps)
		if p.grid.unit == query.NoCut {
			p.fixed = step
		}
	default:
		p.fixed = step
	}
	return nil
}

// layOut puts a series on the grid with NaN for what is missing; false where two points share
// a step or the grid would be far longer than the series.
func (p *timeline) layOut(s *timeSeries) bool {
	if len(s.stamps) == 0 {
		return true
	}
	index := func(stamp int64) int64 {
		if p.fixed > 0 {
			return civil.FloorDiv(stamp-p.origin+p.fixed/2, p.fixed)
		}
		i, _ := p.grid.index(p.origin, stamp)
		return i
	}
	first, last := index(s.stamps[0]), index(s.stamps[len(s.stamps)-1])
	if n := int64(len(s.stamps)); last-first >= 4*n+1000 {
		return false
	}
	y, stamps, absent := make([]float64, last-first+1), make([]int64, last-first+1), make([]bool, last-first+1)
	for i := range y {
		y[i], absent[i] = math.NaN(), true
	}
	for i, stamp := range s.stamps {
		k := index(stamp) - first
		if !absent[k] {
			return false
		}
		y[k], stamps[k], absent[k] = s.values(i), stamp, false
	}
	s.first, s.y, s.stamps, s.absent = first, y, stamps, absent
	if !slices.Contains(absent, true) {
		s.absent = nil
	}
	return true
}

func (s *timeSeries) values(i int) float64 { return s.y[i] }

// calendar tells the seasons and the number of points a day.
func (p *timeline) calendar(pts points) {
	var span, n float64
	var steps []int64
	for _, s := range pts.stamps {
		if len(s) > 1 {
			span += float64(s[len(s)-1] - s[0])
			n += float64(len(s) - 1)
			if len(steps) < 1000 {
				for i := 1; i < len(s) && i < 1000; i++ {
					steps = append(steps, s[i]-s[i-1])
				}
			}
		}
	}
	if pts.typ == expr.Int {
		p.periods = []int{7, 12, 24}
		return
	}
	if n == 0 || span <= 0 {
		p.pointsADay = float64(len(pts.ids))
		return
	}
	p.pointsADay = float64(len(pts.ids)) * n / (span / float64(dayMicros))
	if months := monthsOf(p.grid.unit); months > 0 {
		p.periods = seasonsOf(p.grid.unit)
		return
	}
	slices.Sort(steps)
	p.periods = seasonsOfStep(steps[len(steps)/2])
}

// seasonsOfStep are the day and the week in steps of so many µs, the year of weeks.
func seasonsOfStep(step int64) []int {
	switch {
	case step <= 0:
		return nil
	case step == dayMicros:
		return []int{7}
	case step == 7*dayMicros:
		return []int{52}
	case step < dayMicros && dayMicros%step == 0 || step < hourMicros:
		day := int((dayMicros + step/2) / step)
		if week := 7 * day; week <= 20_000 {
			return []int{day, week}
		}
		if day <= 20_000 {
			return []int{day}
		}
	}
	return nil
}
