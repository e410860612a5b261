package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// totalID is the unique_id of the sum of all series.
const totalID = "total"

// hierarchy says how the bottom series of orders add up: by all of --by, by all but the last, …,
// to the total.
type hierarchy struct {
	nodes []sumNode // from the total down, the bottom left out
}

// sumNode is one sum of bottom series.
type sumNode struct {
	id      string
	members []int // bottom series
}

// ordersFreq is --freq of an orders table; day by default.
func ordersFreq(r *Request) (query.Cut, error) {
	if s := r.Str("freq"); s != "" {
		return parseFreq(s)
	}
	return query.Day, nil
}

// seriesMeasure is --measure; revenue by default.
func seriesMeasure(r *Request) string {
	if m := r.Str("measure"); m != "" {
		return m
	}
	return mRevenue
}

// ordersPanelPlan asks for the measure by --by and period.
func ordersPanelPlan(r *Request) (query.Plan, error) {
	freq, err := ordersFreq(r)
	if err != nil {
		return query.Plan{}, err
	}
	q := r.baseQuery("series")
	for _, w := range words(r.Str("by")) {
		d, err := r.dim(w)
		if err != nil {
			return query.Plan{}, err
		}
		if isPeriod(d.Cut) {
			return query.Plan{}, fault.New(fault.Usage, "--by %s: periods of time are --freq %s", w, d.Cut)
		}
		if slices.Contains(q.Dims, d) {
			return query.Plan{}, fault.New(fault.Usage, "--by: %s is named twice", w)
		}
		q.Dims = append(q.Dims, d)
	}
	q.Dims = append(q.Dims, query.Dim{Name: "_period", Column: relation.OrderTS, Cut: freq})
	m, ok := r.measure(seriesMeasure(r))
	if !ok {
		return query.Plan{}, fault.New(fault.Usage, "--measure %s: the input has no %s", m.Name, m.Column).WithHint("map it with --map %s=Column", m.Column)
	}
	m.Name = "_value"
	q.Measures = []query.Measure{m}
	return query.Plan{Queries: []query.Query{q}}, nil
}

// panelSpan is the span of complete periods that are reported, in units from its first period.
type panelSpan struct {
	origin int64 // µs, start of the first complete period
	n      int64 // complete periods
	notes  []string
}

// observed tells from when to when the input was watched, µs.
func observed(r *Request, a *query.Answer, unit query.Cut) (from, to int64) {
	from = civil.FloorDiv(a.Account.FirstSold, dayMicros) * dayMicros
	if r.From > from {
		from = r.From
	}
	to = asOfDay(r, a) * dayMicros
	if unit == query.Hour && r.AsOf == query.MaxTime {
		to = a.Account.LastSold + 1 // the rest of the last day was not seen
	}
	if r.To < to {
		to = r.To
	}
	return from, to
}

// completePeriods bounds the periods that were watched whole.
func completePeriods(g *panelGrid, from, to, first, last int64) panelSpan {
	w := panelSpan{origin: first}
	drop := func(edge string, stamp int64) {
		w.notes = append(w.notes, fmt.Sprintf("the %s %s of %s is not complete and left out", edge, g.unit, g.text(stamp)))
	}
	if first < from {
		drop("first", first)
		w.origin = g.at(first, 1)
	}
	n, _ := g.index(w.origin, last)
	w.n = n + 1
	if end := g.at(w.origin, w.n); end > to && w.n > 0 {
		w.n--
		drop("last", g.at(w.origin, w.n))
	} else if w.n >= 0 { // quiet periods up to the end
		k, _ := g.index(w.origin, to)
		w.n = max(w.n, k)
	}
	return w
}

func readOrdersPanel(r *Request, a *query.Answer) (*panel, error) {
	t := a.Tables[0]
	freq, err := ordersFreq(r)
	if err != nil {
		return nil, err
	}
	g := &panelGrid{unit: freq, step: 1, typ: expr.Date}
	if freq == query.Hour {
		g.typ = expr.Time
	}
	p := &panel{grid: g, decimals: true}
	dims := len(t.Cols) - 2
	period := t.Cols[dims]
	stamps := make([]int64, t.N)
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for i := range stamps {
		stamps[i] = stampOf(period.I64[i], g.typ)
		first, last = min(first, stamps[i]), max(last, stamps[i])
	}
	if t.N == 0 {
		return nil, fault.New(fault.Input, "forecast: no sold line is in scope")
	}
	from, to := observed(r, a, freq)
	w := completePeriods(g, from, to, first, last)
	if freq == query.Day && w.n <= mostPeriods {
		leaveOpenDay(r, a, &w, p.totals(t, dims, stamps, w))
	}
	p.notes = w.notes
	if w.n < 1 {
		return nil, fault.New(fault.Input, "forecast: no %s is complete between %s and %s", freq, g.text(from), g.text(to)).
			WithHint("choose a shorter --freq")
	}
	if w.n > mostPeriods {
		return nil, fault.New(fault.Input, "forecast: from %s on are %d periods", g.text(first), w.n).WithHint("leave the odd dates out with --from and --to")
	}
	bottoms := p.readBottoms(r, t, dims, stamps, w)
	if len(p.series) == 0 {
		return nil, fault.New(fault.Input, "forecast: no sale lies in a complete %s", freq)
	}
	if freq == query.Hour {
		p.clockChanges(r.Rel.Zone)
	}
	if dims == 0 {
		p.series[0].id = totalID
		return p, nil
	}
	p.sums = newHierarchy(bottoms, p.addable(r, t.Names[:dims], bottoms))
	if m := seriesMeasure(r); m == mOrders || m == mCustomers {
		p.notes = append(p.notes, fmt.Sprintf("total and levels add up the series: %s that are in several count in each", m))
	}
	return p, nil
}

// readBottoms lays the rows of each group out on the grid, from its first sale to the common
// end, and returns the groups' dimensions.
func (p *panel) readBottoms(r *Request, t *query.Table, dims int, stamps []int64, w panelSpan) [][]string {
	value := t.Cols[dims+1]
	at := func(i int) float64 { return measured(&value, i) }
	var keys [][]string
	for i := 0; i < t.N; {
		key := make([]string, dims)
		for d := range key {
			key[d] = keyText(&t.Cols[d], i)
			if r.Pseudonym != nil && isPerson(t.Names[d]) && !t.Cols[d].IsNull(i) {
				key[d] = r.Pseudonym(key[d])
			}
		}
		j := i
		var s *panelSeries
		for ; j < t.N && samePanelKey(t, dims, i, j); j++ {
			k, _ := p.grid.index(w.origin, stamps[j])
			if k < 0 || k >= w.n {
				continue
			}
			if s == nil {
				s = &panelSeries{id: strings.Join(key, "/"), origin: stamps[j], y: make([]float64, w.n-k)}
			}
			s.y[int64(len(s.y))-(w.n-k)] = at(j)
		}
		if s != nil {
			p.series = append(p.series, *s)
			keys = append(keys, key)
		}
		i = j
	}
	return keys
}

// isPerson reports whether a column says who somebody is.
func isPerson(column string) bool { return column == "customer_id" || column == "user_id" }

// measured is a measure as a plain number; null is 0.
func measured(value *frame.Column, i int) float64 {
	switch {
	case value.IsNull(i):
		return 0
	case value.Kind == frame.Float:
		return value.F64[i]
	case value.Kind == frame.Decimal:
		return float64(value.I64[i]) / 1e4
	}
	return float64(value.I64[i])
}

// totals adds up all rows by period of a span.
func (p *panel) totals(t *query.Table, dims int, stamps []int64, w panelSpan) []float64 {
	sum := make([]float64, max(0, w.n))
	for i := range t.N {
		if k, _ := p.grid.index(w.origin, stamps[i]); k >= 0 && k < w.n {
			sum[k] += measured(&t.Cols[dims+1], i)
		}
	}
	return sum
}

// samePanelKey reports whether two rows agree in the first dims columns.
func samePanelKey(t *query.Table, dims, i, j int) bool {
	for d := range dims {
		c := &t.Cols[d]
		if c.IsNull(i) != c.IsNull(j) {
			return false
		}
		if c.IsNull(i) {
			continue
		}
		switch c.Kind {
		case frame.String:
			if string(c.Str(i)) != string(c.Str(j)) {
				return false
			}
		case frame.Float:
			if math.Float64bits(c.F64[i]) != math.Float64bits(c.F64[j]) {
				return false
			}
		default:
			if c.I64[i] != c.I64[j] {
				return false
			}
		}
	}
	return true
}

// clockChanges makes hours that a zone's clocks skip missing, and those they repeat, which hold
// two hours' sales.
func (p *panel) clockChanges(zone string) {
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "UTC" || zone == "" {
		return
	}
	for _, s := range p.series {
		for i := range s.y {
			t := microTime(p.grid.at(s.origin, int64(i)))
			local := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), 0, 0, 0, loc)
			again := local.Add(time.Hour)
			if local.Hour() != t.Hour() || again.Hour() == local.Hour() || local.Add(-time.Hour).Hour() == local.Hour() {
				s.y[i] = math.NaN()
			}
		}
	}
}

// addable is the least number of dimensions whose groups may be added up over the others: money of
// several currencies may not.
func (p *panel) addable(r *Request, dims []string, keys [][]string) int {
	at := slices.Index(dims, currencyColumn)
	if m := seriesMeasure(r); at < 0 || m != mRevenue {
		return 0
	}
	for _, key := range keys {
		if key[at] != keys[0][at] {
			p.notes = append(p.notes, "no total: money of several currencies cannot be added up")
			return at + 1
		}
	}
	return 0
}

// newHierarchy sums groups by ever fewer of their dimensions, down to least; nil where nothing is added up.
func newHierarchy(keys [][]string, least int) *hierarchy {
	h := &hierarchy{}
	for depth := least; depth < len(keys[0]); depth++ {
		at := map[string]int{}
		for i, key := range keys {
			id := totalID
			if depth > 0 {
				id = strings.Join(key[:depth], "/")
			}
			k, ok := at[strings.Join(key[:depth], "\x00")]
			if !ok {
				k = len(h.nodes)
				at[strings.Join(key[:depth], "\x00")] = k
				h.nodes = append(h.nodes, sumNode{id: id})
			}
			h.nodes[k].members = append(h.nodes[k].members, i)
		}
	}
	if len(h.nodes) == 0 {
		return nil
	}
	return h
}
