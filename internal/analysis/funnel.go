package analysis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/funnel"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Funnel counts how far visitors get.
var Funnel = Register(&Definition{
	Name:  "funnel",
	Group: "Customers",
	Short: Text{"How far visitors get: users and conversion by step, with the time it takes", "访客走到哪一步：各步用户数、转化率与所需时间"},
	Long: `A user enters with an event of the first step in [--from, --to). Every such event is tried; the
deepest chain counts, the earliest on ties. The window runs from the entry, inclusive, and may pass --to;
a later step needs a time ≥ that of the step before and a different row. conversion = users / users of the
first step; median_seconds is from the step before (type-7 quantile).

Users too young to have finished are censored: they have not come to the last step, and their window
(entry + --window) reaches beyond --as-of. They are left out of the rows of the steps, and so of every
conversion, and shown in rows of their own behind them, named "STEP (censored)": how many of them have come to
that step so far. With --to at least a window before --as-of nobody is censored.

--times shows instead how soon those finish who do: within, seconds, users, share (of all who finished) and conversion
(of all who entered), at marks from a minute to the window. --by COLUMN gives a funnel for each value of a column at the entry's row. --where chooses the events
that exist for the funnel, first and later steps alike.`,
	Example: []string{
		"ecomctl funnel clicks.parquet --steps view,cart,purchase --window 7d",
		"ecomctl funnel clicks.parquet --steps view,purchase --window 30min --by device",
		"ecomctl funnel 2019-Oct.csv --preset rees46 --from 2019-10-01 --to 2019-10-25",
	},
	Table: "events",
	Needs: []string{"user_id", "event_ts", "event_type"},
	Params: []Param{
		{Name: "steps", Kind: ListParam, Default: "view,cart,purchase", Help: "event types in order, the entry first; one may occur again"},
		{Name: "window", Kind: StringParam, Default: "7d", Help: "time from the entry to the last step, like 45s, 30min, 12h, 7d, 2w"},
		{Name: "by", Kind: StringParam, Default: "", Columns: true, Help: "a funnel for each value of this column at the entry"},
		{Name: "times", Kind: BoolParam, Default: "false", Help: "show how soon users come from the entry to the last step instead"},
	},
	Columns: []result.Spec{
		{Name: "step", Type: expr.Text, Desc: `event type of the step; "STEP (censored)" for users who may finish yet`},
		{Name: "users", Type: expr.Int, Unit: result.Customers, Desc: "users who came to the step"},
		{Name: "conversion", Type: expr.Float, Unit: result.Ratio, Desc: "users / users of the first step", Null: "nobody entered, or censored"},
		{Name: "step_conversion", Type: expr.Float, Unit: result.Ratio, Desc: "users / users of the step before", Null: "the first step, nobody came to the one before, or censored"},
		{Name: "median_seconds", Type: expr.Float, Unit: result.Seconds, Desc: "median time from the step before", Null: "the first step, nobody came, or censored"},
	},
	Method: "funnel",
	NoNet:  true,
	Plan:   funnelPlan,
	Finish: funnelFinish,

	Section: funnelSection,
})

// spanOf parses 45s, 30min, 12h, 7d, 2w into µs.
func spanOf(flag, s string) (int64, error) {
	i := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	unit := map[string]float64{"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
	if i > 0 {
		if per, ok := unit[s[i:]]; ok {
			if v, err := strconv.ParseFloat(s[:i], 64); err == nil && v > 0 && v*per <= 36_525*86_400 {
				return int64(math.Round(v * per * 1e6)), nil
			}
		}
	}
	return 0, fault.New(fault.Usage, "--%s %s: not a span of time", flag, s).WithHint("spans look like 45s, 30min, 12h, 7d or 2w, up to a hundred years")
}

// funnelOptions are the parameters of funnel, read.
type funnelOptions struct {
	steps  []string
	window int64 // µs
	by     string

	windowName string // as typed
}

func readFunnelOptions(r *Request) (o funnelOptions, err error) {
	if o.steps = words(r.Str("steps")); len(o.steps) == 0 || len(o.steps) > funnel.MaxSteps {
		return o, fault.New(fault.Usage, "--steps %s: from 1 to %d event types are wanted", r.Str("steps"), funnel.MaxSteps).
			WithHint("for example --steps view,cart,purchase")
	}
	if o.window, err = spanOf("window", r.Str("window")); err != nil {
		return o, err
	}
	o.windowName = r.Str("window")
	if o.by = r.Str("by"); o.by != "" && r.Rel.Find(o.by) < 0 {
		return o, fault.New(fault.Usage, "--by %s: the input has no such column", o.by).
			WithHint("columns: %s", strings.Join(columnNames(r.Rel), ", "))
	}
	if slices.ContainsFunc(append(slices.Clone(timeSpecs), Get("funnel").Columns...), func(c result.Spec) bool { return c.Name == o.by }) {
		return o, fault.New(fault.Usage, "--by %s: a column of the result has this name", o.by).WithHint("map it to another name")
	}
	return o, nil
}

func columnNames(rel *relation.Relation) []string {
	var have []string
	for _, c := range rel.Columns {
		have = append(have, c.Name)
	}
	return have
}

// funnelPlan asks for the events of the steps by user and, to tell an empty step from a
// misspelt one, for the event types that there are.
func funnelPlan(r *Request) (query.Plan, error) {
	o, err := readFunnelOptions(r)
	if err != nil {
		return query.Plan{}, err
	}
	return query.Plan{Queries: []query.Query{eventTypesQuery()}, Groupings: []query.Grouping{o.grouping(r)}}, nil
}

// eventTypesQuery counts the rows of each event type, whatever the period and the filter.
func eventTypesQuery() query.Query {
	return query.Query{Name: "event-types", Scope: relation.Only(relation.Sold), From: query.MinTime, To: query.MaxTime,
		Dims: []query.Dim{{Name: "type", Column: "event_type"}}, Measures: []query.Measure{{Name: "n", Op: query.Count}}}
}

// grouping asks for the events of each user in order of time: those of the steps, up to a
// window beyond the end of the period.
func (o *funnelOptions) grouping(r *Request) query.Grouping {
	g := eventsGrouping(r, "funnel")
	if i := r.Rel.Find("event_type"); r.Rel.Columns[i].Type == expr.Text {
		g.Where = both(g.Where, expr.In(expr.Col("event_type"), o.steps...))
	}
	if g.To != query.MaxTime {
		g.To = g.To + o.window + 1
	}
	if o.by != "" {
		g.Codes = []string{o.by}
	}
	return g
}

// eventsGrouping asks for the events of each user in order of time.
func eventsGrouping(r *Request, name string) query.Grouping {
	g := query.Grouping{Name: name, Scope: relation.Only(relation.Sold), Where: r.Where, From: r.From, To: r.To,
		Key: "user_id", Item: "event_type", Order: []string{"event_ts"}, Values: []string{"event_ts"}}
	if len(r.Rel.Rules) == 0 { // --no-clean: nothing else keeps events without a time away
		g.Where = both(g.Where, expr.NotNull(expr.Col("event_ts")))
	}
	return g
}

func both(a, b expr.Node) expr.Node {
	if a == nil {
		return b
	}
	return expr.And(a, b)
}

// funnelCounts are a funnel's counts with what they were made from.
type funnelCounts struct {
	o      funnelOptions
	groups []*funnel.Count
	names  *frame.Column // of the groups; the last one is null. nil without --by
	end    int64
}

func countFunnel(ctx context.Context, r *Request, o funnelOptions, a *query.Answer, g *query.Groups) (*funnelCounts, error) {
	f := &funnelCounts{o: o, end: asOfDay(r, a) * dayMicros}
	if r.AsOf != query.MaxTime {
		f.end = r.AsOf // which may have a time of day
	}
	ev := funnel.Events{Off: g.Off, Types: g.Items, Times: g.Values[0]}
	opt := funnel.Options{Window: o.window, From: r.From, To: r.To, End: f.end, Threads: max(1, r.Threads)}
	if o.by != "" {
		ev.By, f.names, opt.Groups = g.Codes[0], &g.CodeKeys[0], g.CodeKeys[0].Len
	}
	for _, s := range o.steps {
		opt.Steps = append(opt.Steps, codeOf(&g.ItemKeys, s))
	}
	var err error
	f.groups, err = funnel.Run(ctx, ev, opt)
	return f, err
}

// codeOf is the code of a value in a sorted column of distinct values, funnel.NoType when it
// is not there.
func codeOf(keys *frame.Column, text string) uint32 {
	for i := range keys.Len {
		if s, ok := textAt(keys, i); ok && s == text {
			return uint32(i)
		}
	}
	return funnel.NoType
}

// usualTypes are the event types that logs of shops have. A day without a purchase is no slip of the pen.
var usualTypes = []string{"view", "cart", "purchase"}

// knownSteps refuses steps that no event of the input has: a slip of the pen would show as
// an empty step. A usual type behind the first step may be absent, which is remarked.
func knownSteps(steps []string, types *query.Table) (notes []string, err error) {
	if types.N == 0 {
		return nil, nil // an input without events is no slip
	}
	c := types.Col("type")
	for i, s := range steps {
		switch {
		case codeOf(c, s) != funnel.NoType:
		case i > 0 && slices.Contains(usualTypes, s):
			notes = append(notes, fmt.Sprintf("no event of the input is a %s; its event types are: %s", s, typeList(types)))
		default:
			return nil, fault.New(fault.Usage, "--steps %s: the input has no event of this type", s).WithHint("its event types are: %s", typeList(types))
		}
	}
	return notes, nil
}

// typeList names the most frequent event types with their events.
func typeList(types *query.Table) string {
	rows := make([]int, types.N)
	for i := range rows {
		rows[i] = i
	}
	n := types.Col("n").I64
	slices.SortStableFunc(rows, func(a, b int) int { return int(min(max(n[b]-n[a], -1), 1)) })
	var out []string
	for _, i := range rows[:min(len(rows), 20)] {
		name, ok := textAt(types.Col("type"), i)
		if !ok {
			name = "(none)"
		}
		out = append(out, fmt.Sprintf("%s (%d)", name, n[i]))
	}
	if len(rows) > 20 {
		out = append(out, fmt.Sprintf("and %d more", len(rows)-20))
	}
	return strings.Join(out, ", ")
}

func funnelFinish(ctx context.Context, r *Request, a *query.Answer) (*Result, error) {
	o, err := readFunnelOptions(r)
	if err != nil {
		return nil, err
	}
	notes, err := knownSteps(o.steps, tableNamed(a, "event-types"))
	if err != nil {
		return nil, err
	}
	f, err := countFunnel(ctx, r, o, a, a.Groups[0])
	if err != nil {
		return nil, err
	}
	res := &Result{AsOf: f.end, Notes: notes}
	if r.Str("times") == "true" {
		res.Main = f.times(r)
	} else {
		res.Main = f.table(r)
	}
	if n := f.censored(); n > 0 {
		res.Notes = append(res.Notes, fmt.Sprintf("%d users are censored: their window of %s reaches beyond %s, and they may finish yet; "+
			"they are in no conversion. With --to %s nobody is", n, r.Str("window"), dateText(civil.FloorDiv(f.end, dayMicros)), dateText(civil.FloorDiv(f.end-o.window, dayMicros))))
	}
	return res, nil
}

// censored is the number of censored users.
func (f *funnelCounts) censored() (n int64) {
	for _, c := range f.groups {
		if c != nil {
			n += c.Censored[0]
		}
	}
	return n
}

// table lays the counts out: the steps of each group, then its censored users by step.
func (f *funnelCounts) table(r *Request) *result.Table {
	return f.lay(r, "funnel", Get("funnel").Columns, func(c *funnel.Count, add func(values ...any)) {
		for k, step := range f.o.steps {
			var conv, part any
			if c.Users[0] > 0 {
				conv = float64(c.Users[k]) / float64(c.Users[0])
			}
			if k > 0 && c.Users[k-1] > 0 {
				part = float64(c.Users[k]) / float64(c.Users[k-1])
			}
			add(step, c.Users[k], conv, part, medianSeconds(c.Gaps[k]))
		}
		for k, step := range f.o.steps {
			if c.Censored[k] > 0 {
				add(step+" (censored)", c.Censored[k], nil, nil, nil)
			}
		}
	})
}

// lay makes a table whose rows each calls add with, group by group; with --by the group's value
// stands first.
func (f *funnelCounts) lay(r *Request, name string, specs []result.Spec, each func(c *funnel.Count, add func(values ...any))) *result.Table {
	own := len(specs)
	if f.names != nil {
		c := r.Rel.Columns[r.Rel.Find(f.o.by)]
		specs = append([]result.Spec{{Name: f.o.by, Type: c.Type, Desc: "value at the entry", Null: "unknown"}}, specs...)
	}
	b := newTable(name, specs...)
	for g, c := range f.groups {
		if c == nil {
			if f.names != nil {
				continue
			}
			c = &funnel.Count{Users: make([]int64, len(f.o.steps)), Censored: make([]int64, len(f.o.steps)), Gaps: make([][]int64, len(f.o.steps))}
		}
		each(c, func(values ...any) {
			if f.names != nil {
				copyCell(&b.t.Columns[0].Data, f.names, g)
			}
			b.rowAfter(len(specs)-own, values...)
		})
	}
	return b.t
}

// copyCell appends row i of a column of distinct values to a result column; a row behind its end is null.
func copyCell(dst, src *frame.Column, i int) {
	switch {
	case i >= src.Len || src.IsNull(i):
		result.AppendNull(dst)
	case src.Kind == frame.String:
		result.AppendText(dst, string(src.Str(i)))
	case src.Kind == frame.Float:
		result.AppendFloat(dst, src.F64[i])
	default:
		result.AppendInt(dst, src.I64[i])
	}
}

// rowAfter appends values behind the first skip columns, which were filled on their own.
func (b *tableBuilder) rowAfter(skip int, values ...any) {
	all := b.t.Columns
	b.t.Columns = all[skip:]
	b.row(values...)
	b.t.Columns = all
}

// medianSeconds is the type-7 median of µs in seconds; nil of none.
func medianSeconds(gaps []int64) any {
	if len(gaps) == 0 {
		return nil
	}
	slices.Sort(gaps)
	h := (len(gaps) - 1) / 2
	if len(gaps)%2 == 1 {
		return float64(gaps[h]) / 1e6
	}
	return (float64(gaps[h]) + float64(gaps[h+1])) / 2 / 1e6
}
