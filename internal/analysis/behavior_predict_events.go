package analysis

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/learner"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Bounds of learning from events.
const (
	mostTypes     = 12 // event types that get features of their own
	mostSnapshots = 3  // cut-offs that a model is fitted at
	mostLookback  = 180 * dayMicros
	mostFitRows   = 1_000_000 // users of all cut-offs of a fit
)

// eventSpec says how features are made of events: what a model file must know.
type eventSpec struct {
	Target   string
	Horizon  int64    // µs
	Lookback int64    // µs; only events in [cut-off − Lookback, cut-off) count
	Types    []string // with features of their own, sorted
	Products bool
	Prices   bool
}

// validate checks a spec that came from a file.
func (s *eventSpec) validate() error {
	span := func(v int64) bool { return v > 0 && v <= 36_525*dayMicros }
	if !span(s.Horizon) || !span(s.Lookback) || len(s.Types) > mostTypes+1 {
		return fault.New(fault.Input, "spans or event types out of range")
	}
	return nil
}

// eventsPlan asks for the event types and the events of each user in order of time.
func (o *predictOptions) eventsPlan(r *Request) query.Plan {
	g := eventsGrouping(r, "predict")
	if r.Rel.Has("price") {
		g.Values = append(g.Values, "price")
	}
	for _, c := range []string{"product_id", "session_id"} {
		if r.Rel.Has(c) {
			g.Codes = append(g.Codes, c)
		}
	}
	return query.Plan{Groupings: []query.Grouping{g}}
}

// history of all users, from the engine.
type eventGroups struct {
	*query.Groups
	times    []int64
	prices   []int64  // bits of floats, or units of 10⁻⁴; nil
	money    bool     // prices are units of 10⁻⁴
	products []uint32 // nil
	sessions []uint32 // nil
	hash     []int64  // of each user's id: folds do not depend on who else is there
}

func newEventGroups(r *Request, g *query.Groups) *eventGroups {
	e := &eventGroups{Groups: g, times: g.Values[0]}
	if i := r.Rel.Find("price"); i >= 0 {
		e.prices, e.money = g.Values[1], r.Rel.Columns[i].Type != expr.Float
	}
	next := 0
	for _, c := range []struct {
		name string
		to   *[]uint32
	}{{"product_id", &e.products}, {"session_id", &e.sessions}} {
		if r.Rel.Has(c.name) {
			*c.to = g.Codes[next]
			next++
		}
	}
	e.hash = make([]int64, g.Keys.Len)
	for u := range e.hash {
		h := fnv.New64a()
		id, _ := textAt(&g.Keys, u)
		h.Write([]byte(id))
		e.hash[u] = int64(h.Sum64())
	}
	return e
}

// readPredictEvents makes the rows of all cut-offs.
func readPredictEvents(ctx context.Context, r *Request, o *predictOptions, a *query.Answer) (*predictData, error) {
	g := newEventGroups(r, a.Groups[0])
	if g.Keys.Len == 0 {
		return nil, fault.New(fault.Input, "predicting: the input has no events")
	}
	end := min(asOfDay(r, a)*dayMicros, r.To)
	cut := end
	if o.cutoff != query.MaxTime {
		cut = o.cutoff
	}
	if cut > end {
		return nil, fault.New(fault.Usage, "--cutoff %s lies after the last observed day %s", dayText(cut), dayText(end-1)).
			WithHint("what happened until the cut-off must be known; --as-of says until when it is")
	}
	first := slices.Min(g.times)
	if cut <= first {
		return nil, fault.New(fault.Usage, "--cutoff %s: no event lies before it; the first is of %s", dayText(cut), dayText(first))
	}
	if o.apply != nil {
		d := &predictData{events: o.apply.Events}
		d.add(ctx, g, cut, false)
		if d.answer = d.all(0); len(d.answer) == 0 {
			return nil, noUsers(cut, d.events)
		}
		d.idsOf(r, g)
		for i := range d.Columns {
			if f := o.apply.Model.Fields[i]; f.Levels != nil {
				recode(&d.Columns[i], f.Levels)
			}
		}
		return d, nil
	}
	return o.learnEvents(ctx, r, g, first, cut, end)
}

func dayText(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.DateOnly) }

func noUsers(cut int64, s *eventSpec) error {
	return fault.New(fault.Input, "predicting: no user has an event in the %.3g days before %s", float64(s.Lookback)/float64(dayMicros), dayText(cut)).
		WithHint("choose another --cutoff")
}

// snapshots lists the cut-offs to fit at for predictions at cut: a horizon apart, the
// last a horizon before it. All but the first need two horizons of events before them.
func (o *predictOptions) snapshots(first, cut int64) []int64 {
	var out []int64
	for s := cut - o.horizon; len(out) < mostSnapshots && s > first; s -= o.horizon {
		if len(out) > 0 && s-first < 2*o.horizon {
			break
		}
		out = append(out, s)
	}
	return out
}

// predictMoments are the cut-offs of a run: those that the model is fitted at and the one it is
// measured or asked at.
type predictMoments struct {
	fit    []int64
	at     int64
	judged bool // the outcome after at is known and measured
}

// moments chooses the cut-offs. Where the outcome after cut is not observed by end, a model is
// judged one horizon earlier.
func (o *predictOptions) moments(first, cut, end int64) (m predictMoments, err error) {
	m = predictMoments{at: cut, judged: o.evaluate || o.importance}
	if m.judged && cut+o.horizon > end {
		m.at -= o.horizon
	}
	if m.fit = o.snapshots(first, m.at); len(m.fit) == 0 {
		return m, fault.New(fault.Input, "predicting: events begin on %s: no earlier cut-off has a known outcome before %s", dayText(first), dayText(m.at)).
			WithHint("shorten --horizon, choose a later --cutoff, or give more events")
	}
	return m, nil
}

// learnEvents makes the rows of the fit and of the evaluation or the answer.
func (o *predictOptions) learnEvents(ctx context.Context, r *Request, g *eventGroups, first, cut, end int64) (*predictData, error) {
	m, err := o.moments(first, cut, end)
	if err != nil {
		return nil, err
	}
	d := &predictData{events: &eventSpec{Target: o.target, Horizon: o.horizon, Products: g.products != nil, Prices: g.prices != nil}}
	d.events.Lookback = min(mostLookback, m.fit[len(m.fit)-1]-first)
	if err := d.events.chooseTypes(g, m.at); err != nil {
		return nil, err
	}
	if err := predictMemory(r, int64(g.Keys.Len)*int64(len(m.fit)+1), len(d.events.names())); err != nil {
		return nil, err
	}
	for _, s := range m.fit {
		if d.add(ctx, g, s, true); len(d.Y) > mostFitRows { // enough
			break
		}
	}
	fit := d.all(0)
	if n := d.smaller(fit); n < 2 {
		return nil, fault.New(fault.Input, "predicting: %d of %d users before the earlier cut-offs have a %s within %s after them: fewer than two of one kind", yesOf(d, fit), len(fit), o.target, r.Str("horizon")).
			WithHint("choose another --target, a longer --horizon or a later --cutoff")
	}
	d.add(ctx, g, m.at, m.judged)
	rest := d.all(len(fit))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(rest) == 0 {
		return nil, noUsers(m.at, d.events)
	}
	if m.judged {
		d.train, d.test = fit, rest
		d.notes = append(d.notes, fmt.Sprintf("hold-out: %d users with events before %s, outcome up to %s", len(d.test), dayText(m.at), dayText(m.at+o.horizon)))
	} else {
		d.fit, d.answer = fit, rest
		d.idsOf(r, g)
	}
	d.notes = append(d.notes, fmt.Sprintf("%s within %s after %s; fitted at %s on events of up to %.3g days before", o.target, r.Str("horizon"),
		dayText(m.at), daysText(m.fit), daysOf(d.events.Lookback)))
	return d, nil
}

func yesOf(d *predictData, rows []int32) (n int) {
	for _, r := range rows {
		if d.Y[r] {
			n++
		}
	}
	return n
}

func daysText(cuts []int64) (s string) {
	for i, c := range cuts {
		if i > 0 {
			s += ", "
		}
		s += dayText(c)
	}
	return s
}

// chooseTypes takes the most frequent event types of the events before a time.
func (s *eventSpec) chooseTypes(g *eventGroups, before int64) error {
	count := make([]int, g.ItemKeys.Len)
	for i, k := range g.Items {
		if g.times[i] < before {
			count[k]++
		}
	}
	order := make([]int, 0, len(count))
	for k, n := range count {
		if n > 0 {
			order = append(order, k)
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return count[order[i]] > count[order[j]] })
	var list []string
	target := false
	for i, k := range order {
		name, _ := textAt(&g.ItemKeys, k)
		target = target || name == s.Target
		if i < mostTypes || name == s.Target {
			s.Types = append(s.Types, name)
		}
		if i < 20 {
			list = append(list, fmt.Sprintf("%s (%d)", name, count[k]))
		}
	}
	if !target {
		return fault.New(fault.Usage, "--target %s: no event before %s has this type", s.Target, dayText(before)).WithHint("event types: %s", strings.Join(list, ", "))
	}
	slices.Sort(s.Types)
	return nil
}

// all returns the rows from lo on.
func (d *predictData) all(lo int) []int32 {
	rows := make([]int32, len(d.Y)-lo)
	for i := range rows {
		rows[i] = int32(lo + i)
	}
	return rows
}

// add appends the users of a cut-off as rows; label tells whether the outcome is known.
func (d *predictData) add(ctx context.Context, g *eventGroups, cut int64, label bool) {
	if d.Columns == nil {
		for _, n := range d.events.names() {
			c := learner.Column{Name: n, Values: []float64{}}
			if n == lastTypeFeature {
				c = learner.Column{Name: n, Codes: []int32{}, Levels: d.events.Types}
			}
			d.Columns = append(d.Columns, c)
		}
	}
	f := newFeatureMaker(g, d.events)
	for u := range g.Keys.Len {
		if u&0xfff == 0 && ctx.Err() != nil {
			return
		}
		lo, hi := f.window(u, cut)
		if lo == hi {
			continue
		}
		f.make(lo, hi, cut)
		for i := range d.Columns {
			c := &d.Columns[i]
			if c.Values != nil {
				c.Values = append(c.Values, f.out[i])
			} else {
				c.Codes = append(c.Codes, int32(f.out[i]))
			}
		}
		d.users = append(d.users, int32(u))
		d.Groups = append(d.Groups, g.hash[u])
		d.Y = append(d.Y, label && f.outcome(u, hi, cut))
	}
}

// idsOf takes the ids of the answer's users.
func (d *predictData) idsOf(r *Request, g *eventGroups) {
	typ := r.Rel.Columns[r.Rel.Find("user_id")].Type
	data := result.NewData(typ, len(d.answer))
	for _, row := range d.answer {
		switch u := int(d.users[row]); {
		case g.Keys.IsNull(u):
			result.AppendNull(&data)
		case typ == expr.Text:
			result.AppendText(&data, g.Keys.Str(u))
		default:
			result.AppendInt(&data, g.Keys.I64[u])
		}
	}
	d.ids = result.Column{Spec: result.Spec{Name: "user_id", Type: typ}, Data: data}
}
