package analysis

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// panel is a set of series on one grid, as forecast and anomaly read them.
type panel struct {
	grid   *panelGrid
	series []panelSeries
	keys   frame.Column // unique_id of each; nil Data: one series without a name
	sums   *hierarchy   // levels that add up; nil for series files
	notes  []string
	// decimals says that values are exact at 10⁻⁴ (orders), so that sums are too.
	decimals bool
}

// panelSeries is one series; missing values are NaN.
type panelSeries struct {
	id     string
	origin int64 // stamp of y[0]
	y      []float64
}

// mostPeriods bounds the length of a series: a stamp in the year 9999 among hours is a mistake.
const mostPeriods = 20_000_000

// longestHistory is how many of its last periods a model looks at: what is longer ago tells nothing more, and
// ten million points would take hours.
const longestHistory = 20_000

// forget cuts longer histories.
func (p *panel) forget() {
	cut := 0
	for i := range p.series {
		s := &p.series[i]
		if n := len(s.y) - longestHistory; n > 0 {
			cut++
			s.origin, s.y = p.grid.at(s.origin, int64(n)), s.y[n:]
		}
	}
	if cut > 0 {
		p.notes = append(p.notes, fmt.Sprintf("%d series longer than %d periods: their last %d are used", cut, longestHistory, longestHistory))
	}
}

// panelPlan asks for what readPanel reads.
func panelPlan(r *Request) (query.Plan, error) {
	if r.Rel.Name == "series" {
		return seriesPlan(r)
	}
	return ordersPanelPlan(r)
}

// readPanel reads the answer to panelPlan.
func readPanel(r *Request, a *query.Answer) (*panel, error) {
	if r.Rel.Name == "series" {
		return readSeries(r, a)
	}
	return readOrdersPanel(r, a)
}

// seriesPlan asks for the points of a series file.
func seriesPlan(r *Request) (query.Plan, error) {
	for _, p := range []string{"by", "measure"} {
		if r.Str(p) != "" {
			return query.Plan{}, fault.New(fault.Usage, "--%s: a series file has one value a point; it applies to orders", p).
				WithHint("use --table orders if the input is one")
		}
	}
	q := r.baseQuery("points")
	if !r.Rel.Has("unique_id") {
		q.Dims = []query.Dim{{Name: "ds", Column: "ds"}}
		q.Measures = []query.Measure{{Name: "rows", Op: query.Count}, {Name: "y", Op: query.Mean, Column: "y"}}
		return query.Plan{Queries: []query.Query{q}}, nil
	}
	return query.Plan{Groupings: []query.Grouping{{Name: "series", Scope: q.Scope, Where: q.Where, From: q.From, To: q.To,
		Key: "unique_id", Item: "ds", Order: []string{"ds"}, Values: []string{"y"}}}}, nil
}

// points are the stamps and values of the series of a file.
type points struct {
	keys   frame.Column
	ids    []string
	stamps [][]int64
	values [][]float64
	typ    expr.Type
}

// farthestStamp bounds integer stamps: their differences fit 64 bits, and so do nanoseconds until 2043.
const farthestStamp = 1 << 61

// inRange refuses stamps that cannot be subtracted; those of a series are sorted.
func (p *points) inRange() error {
	for i, s := range p.stamps {
		if n := len(s) - 1; n >= 0 && (s[0] < -farthestStamp || s[n] > farthestStamp) {
			return fault.New(fault.Input, "reading series %q: ds goes from %d to %d: too far for steps", p.ids[i], s[0], s[n]).
				WithHint("integers of ds count steps, up to ±2^61; leave the odd ones out with --where")
		}
	}
	return nil
}

// lastStamp is the end of the year 9999 in µs: longer years have no agreed way to be written.
const lastStamp = 253402300799999999

// ends refuses a horizon whose stamps do not fit 64 bits, or lie beyond the year 9999.
func (p *panel) ends(horizon int) error {
	if p.grid.unit != query.NoCut {
		for _, s := range p.series {
			if p.grid.at(s.origin, int64(len(s.y)+horizon-1)) > lastStamp {
				return fault.New(fault.Usage, "--horizon %d: series %q would go beyond the year 9999", horizon, s.id).WithHint("choose a shorter horizon, or correct the stamps")
			}
		}
		return nil
	}
	for _, s := range p.series {
		if float64(s.origin)+float64(len(s.y)+horizon)*float64(p.grid.step) > math.MaxInt64/2 {
			return fault.New(fault.Usage, "--horizon %d: the steps of %d of series %q go beyond the range of ds", horizon, p.grid.step, s.id).WithHint("choose a shorter horizon")
		}
	}
	return nil
}

func readSeries(r *Request, a *query.Answer) (*panel, error) {
	p := points{typ: r.Rel.Columns[r.Rel.Find("ds")].Type}
	var err error
	if len(a.Groups) > 0 {
		err = p.fromGroups(a.Groups[0])
	} else {
		err = p.fromTable(a.Tables[0])
	}
	if err != nil {
		return nil, err
	}
	if len(p.ids) == 0 {
		return nil, fault.New(fault.Input, "reading series: the input has no point with an id and a stamp")
	}
	if err := p.inRange(); err != nil {
		return nil, err
	}
	g, err := findGrid(p.typ, r.Str("freq"), p.ids, p.stamps)
	if err != nil {
		return nil, err
	}
	out := &panel{grid: g, keys: p.keys}
	for i, id := range p.ids {
		s, err := layOut(g, id, p.stamps[i], p.values[i])
		if err != nil {
			return nil, err
		}
		p.stamps[i], p.values[i] = nil, nil
		out.series = append(out.series, s)
	}
	return out, nil
}

// layOut puts points on the grid; two in one period are an error.
func layOut(g *panelGrid, id string, stamps []int64, values []float64) (panelSeries, error) {
	origin := stamps[0]
	last, _ := g.index(origin, stamps[len(stamps)-1])
	if last >= mostPeriods {
		return panelSeries{}, fault.New(fault.Input, "reading series %q: from %s to %s are %d periods", id, g.text(origin), g.text(stamps[len(stamps)-1]), last+1).
			WithHint("say a longer --freq, or leave the odd stamps out with --where")
	}
	y := make([]float64, last+1)
	for i := range y {
		y[i] = math.NaN()
	}
	before := int64(-1)
	for i, s := range stamps {
		k, _ := g.index(origin, s)
		if k == before {
			return panelSeries{}, fault.New(fault.Input, "reading series %q: two points in the %s of %s (%s and %s)", id, g.unit, g.text(g.at(origin, k)), g.text(stamps[i-1]), g.text(s)).
				WithHint("add them up first, or say a shorter --freq")
		}
		y[k], before = values[i], k
	}
	return panelSeries{id: id, origin: origin, y: y}, nil
}

// fromGroups reads a grouping by series; duplicate stamps are an error.
func (p *points) fromGroups(g *query.Groups) error {
	n := g.Keys.Len
	p.keys = g.Keys
	p.ids, p.stamps, p.values = make([]string, n), make([][]int64, n), make([][]float64, n)
	for k := range n {
		p.ids[k] = keyText(&g.Keys, k)
		from, to := g.Off[k], g.Off[k+1]
		stamps, values := make([]int64, 0, to-from), make([]float64, 0, to-from)
		for i := from; i < to; i++ {
			s := stampOf(g.ItemKeys.I64[g.Items[i]], p.typ)
			if len(stamps) > 0 && stamps[len(stamps)-1] == s {
				return duplicateStamp(p.ids[k], s, p.typ)
			}
			v := math.NaN()
			if bits := g.Values[0][i]; bits != query.NullValue {
				v = math.Float64frombits(uint64(bits))
			}
			stamps, values = append(stamps, s), append(values, v)
		}
		p.stamps[k], p.values[k] = stamps, values
	}
	return nil
}

// fromTable reads the points of a file that holds one series without an id.
func (p *points) fromTable(t *query.Table) error {
	ds, rows, y := t.Col("ds"), t.Col("rows"), t.Col("y")
	var stamps []int64
	var values []float64
	for i := range t.N {
		if ds.IsNull(i) {
			continue
		}
		s := stampOf(ds.I64[i], p.typ)
		if rows.I64[i] > 1 {
			return duplicateStamp("series", s, p.typ)
		}
		v := math.NaN()
		if !y.IsNull(i) {
			v = y.F64[i]
		}
		stamps, values = append(stamps, s), append(values, v)
	}
	if len(stamps) > 0 {
		p.ids, p.stamps, p.values = []string{"series"}, [][]int64{stamps}, [][]float64{values}
	}
	return nil
}

func duplicateStamp(id string, stamp int64, typ expr.Type) error {
	g := panelGrid{typ: typ}
	err := fault.New(fault.Input, "reading series %q: the stamp %s stands there more than once", id, g.text(stamp))
	if typ == expr.Time {
		return err.WithHint("add the rows up first; if clocks were put back there, read the times with --tz UTC")
	}
	return err.WithHint("add the rows up first, or give the series ids of their own")
}

// stampOf brings days to microseconds; integers stay.
func stampOf(v int64, typ expr.Type) int64 {
	if typ == expr.Date {
		return v * dayMicros
	}
	return v
}

// keyText shows a key.
func keyText(c *frame.Column, i int) string {
	switch {
	case c.IsNull(i):
		return "unknown"
	case c.Kind == frame.String:
		return string(c.Str(i))
	case c.Kind == frame.Float:
		return strconv.FormatFloat(c.F64[i], 'g', -1, 64)
	case c.Kind == frame.Bool:
		return strconv.FormatBool(c.I64[i] != 0)
	}
	return strconv.FormatInt(c.I64[i], 10)
}

// idColumn returns the unique_id column of results, each id repeated.
func (p *panel) idColumn(rows []int) result.Column {
	spec := result.Spec{Name: "unique_id", Type: expr.Text, Desc: forecastSpecs[0].Desc}
	if p.keys.Len > 0 && p.sums == nil {
		if p.keys.Kind != frame.String {
			spec.Type = expr.Int
		}
		return result.Column{Spec: spec, Data: result.Gather(&p.keys, rows)}
	}
	c := result.NewData(expr.Text, len(rows))
	for _, i := range rows {
		result.AppendText(&c, p.series[i].id)
	}
	return result.Column{Spec: spec, Data: c}
}

// stampColumn returns the ds column from stamps.
func (p *panel) stampColumn(stamps []int64) result.Column {
	spec := result.Spec{Name: "ds", Type: p.grid.typ, Desc: forecastSpecs[1].Desc}
	c := result.NewData(spec.Type, len(stamps))
	for _, s := range stamps {
		if spec.Type == expr.Date {
			s = civil.FloorDiv(s, dayMicros)
		}
		result.AppendInt(&c, s)
	}
	return result.Column{Spec: spec, Data: c}
}

// seasons reads --season: a length, several, or auto: those people know of the frequency.
func (p *panel) seasons(s string) ([]int, error) {
	if s == "" || s == "auto" {
		known := seasonsOf(p.grid.unit)
		if p.grid.unit != query.NoCut {
			return known, nil
		}
		found := p.vote(known)
		if len(found) > 0 {
			p.notes = append(p.notes, fmt.Sprintf("season found: %s steps (--season says another; 1 = none)", joinInts(found)))
		}
		return found, nil
	}
	var out []int
	for _, w := range strings.Split(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(w))
		if err != nil || n < 1 || n > 100_000 {
			return nil, fault.New(fault.Usage, "--season %s: whole numbers of periods from 1 (none) are wanted, like 7 or 24,168", s)
		}
		if len(out) > 0 && n <= out[len(out)-1] {
			return nil, fault.New(fault.Usage, "--season %s: several seasons go from the shortest to the longest", s)
		}
		out = append(out, n)
	}
	return out, nil
}

// leastVotes is the share of series that must show a season for all to be tried with it.
const leastVotes = 0.1

// vote finds the seasons of series without a calendar: those most of them show.
func (p *panel) vote(candidates []int) []int {
	type ballot struct {
		seasons []int
		n       int
	}
	votes := map[string]*ballot{}
	var best *ballot
	for i := range p.series {
		found := forecast.DetectSeasons(p.series[i].y, candidates)
		if len(found) == 0 {
			continue
		}
		key := joinInts(found)
		if votes[key] == nil {
			votes[key] = &ballot{seasons: found}
		}
		b := votes[key]
		b.n++
		if best == nil || b.n > best.n || b.n == best.n && joinInts(b.seasons) < joinInts(best.seasons) {
			best = b
		}
	}
	if best == nil || float64(best.n) < leastVotes*float64(len(p.series)) {
		return nil
	}
	return best.seasons
}

func joinInts(v []int) string {
	texts := make([]string, len(v))
	for i, n := range v {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ",")
}

// name describes the panel in notes.
func (p *panel) name() string {
	unit := p.grid.unit.String()
	if p.grid.unit == query.NoCut {
		unit = "step"
	}
	return fmt.Sprintf("%d series by %s", len(p.series), unit)
}
