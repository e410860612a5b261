package analysis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/session"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Names of the states before the first and behind the last event of a session.
const (
	startState = "(start)"
	endState   = "(end)"
)

// Behavior tells what visitors do in their sessions.
var Behavior = Register(&Definition{
	Name:  "behavior",
	Group: "Customers",
	Short: Text{"What visitors do: transitions between events, paths, hours, who returns", "访客行为：事件转移、常见路径、时段与回访"},
	Long: `Sessions are those of session_id; events without one, all events when there is no such column, and all
with --gap, are cut where the next event of the user is 30 minutes (--gap) or more later. Within a session
events are in order of time, equal times in the order of the input; events without user or type are left out.

A session of events e1 … en makes the transitions (start) → e1, e1 → e2, …, en → (end). probability = transitions
from → to / all transitions from "from", so that it adds up to 1 for each "from"; users and sessions count
those with the transition at least once.

Instead of the transitions:
  --paths N    the N most frequent paths: path, sessions, users, share. A path is the session's stages, runs of one
               event type taken as one, up to --stages; " > …" says that the sessions go on. share is of all sessions.
  --heatmap    events and users by weekday (1 = Monday) and hour in --tz: weekday, hour, events, users, share
  --retention  users by the ISO week of their first event: cohort, week, users, active, retention, complete. A week that is
               not observable yet has null active; complete is false while it is open. First events
               are found on all input before --to; the first cohort also holds older users.`,
	Example: []string{
		"ecomctl behavior clicks.parquet",
		"ecomctl behavior clicks.parquet --paths 20 --stages 4",
		"ecomctl behavior clicks.csv --gap 15min --where \"device = 'app'\"",
		"ecomctl behavior clicks.parquet --retention --from 2024-02-01",
	},
	Table: "events",
	Needs: []string{"user_id", "event_ts", "event_type"},
	Uses:  []string{"session_id"},
	Params: []Param{
		{Name: "gap", Kind: StringParam, Default: "", Help: "cut sessions by pauses this long, like 15min, whatever session_id says (default: session_id, else 30min)"},
		{Name: "paths", Kind: IntParam, Default: "0", Help: "list so many of the most frequent paths instead"},
		{Name: "stages", Kind: IntParam, Default: "5", Help: fmt.Sprintf("most stages of a path, up to %d", session.MaxPath)},
		{Name: "heatmap", Kind: BoolParam, Default: "false", Help: "count events by weekday and hour instead"},
		{Name: "retention", Kind: BoolParam, Default: "false", Help: "follow users by the week of their first event instead"},
	},
	Columns: []result.Spec{
		{Name: "from", Type: expr.Text, Desc: "event type, or (start) of the session"},
		{Name: "to", Type: expr.Text, Desc: "the event type that follows, or (end) of the session"},
		{Name: "users", Type: expr.Int, Unit: result.Customers, Desc: "users with this transition"},
		{Name: "sessions", Type: expr.Int, Desc: "sessions with this transition"},
		{Name: "probability", Type: expr.Float, Unit: result.Ratio, Desc: "transitions / all transitions from the same event type"},
	},
	Method: "behavior",
	NoNet:  true,
	Plan:   behaviorPlan,
	Finish: behaviorFinish,

	Section: behaviorSection,
})

var pathSpecs = []result.Spec{
	{Name: "path", Type: expr.Text, Desc: "stages of the sessions, first to last"},
	{Name: "sessions", Type: expr.Int, Desc: "sessions with exactly this path"},
	{Name: "users", Type: expr.Int, Unit: result.Customers, Desc: "users with such a session"},
	{Name: "share", Type: expr.Float, Unit: result.Ratio, Desc: "sessions / all sessions"},
}

// behaviorOptions are the parameters of behavior, read.
type behaviorOptions struct {
	gap           int64 // µs
	stated        bool  // sessions by session_id
	paths, stages int
	view          string // "", "paths", "heatmap", "retention"
}

const defaultGap = 30 * 60 * 1_000_000

func readBehaviorOptions(r *Request) (o behaviorOptions, err error) {
	o.gap, o.stated = defaultGap, r.Rel.Has("session_id")
	if s := r.Str("gap"); s != "" {
		o.stated = false
		if o.gap, err = spanOf("gap", s); err != nil {
			return o, err
		}
	}
	if o.paths, err = strconv.Atoi(r.Str("paths")); err != nil || o.paths < 0 {
		return o, fault.New(fault.Usage, "--paths %s: a number of paths is wanted", r.Str("paths"))
	}
	if o.stages, err = strconv.Atoi(r.Str("stages")); err != nil || o.stages < 1 || o.stages > session.MaxPath {
		return o, fault.New(fault.Usage, "--stages %s: from 1 to %d are possible", r.Str("stages"), session.MaxPath)
	}
	var views []string
	for _, v := range []struct {
		name string
		on   bool
	}{{"paths", o.paths > 0}, {"heatmap", r.Str("heatmap") == "true"}, {"retention", r.Str("retention") == "true"}} {
		if v.on {
			views = append(views, "--"+v.name)
			o.view = v.name
		}
	}
	if len(views) > 1 {
		return o, fault.New(fault.Usage, "%s contradict each other", strings.Join(views, " and ")).WithHint("ask for one table at a time")
	}
	return o, nil
}

func behaviorPlan(r *Request) (query.Plan, error) {
	o, err := readBehaviorOptions(r)
	if err != nil {
		return query.Plan{}, err
	}
	switch o.view {
	case "heatmap":
		return query.Plan{Queries: []query.Query{heatQuery(r)}}, nil
	case "retention":
		return query.Plan{Queries: retentionQueries(r)}, nil
	}
	return query.Plan{Groupings: []query.Grouping{o.grouping(r)}}, nil
}

// grouping asks for the events of each user in order of time, with their sessions.
func (o *behaviorOptions) grouping(r *Request) query.Grouping {
	g := eventsGrouping(r, "behavior")
	if o.stated {
		g.Codes = []string{"session_id"}
	}
	return g
}

func behaviorFinish(ctx context.Context, r *Request, a *query.Answer) (*Result, error) {
	o, err := readBehaviorOptions(r)
	if err != nil {
		return nil, err
	}
	res := &Result{AsOf: asOfDay(r, a) * dayMicros}
	switch o.view {
	case "heatmap":
		res.Main = heatTable(a.Tables[0])
		return res, nil
	case "retention":
		g := newUserCohorts(r, a.Tables, asOfDay(r, a))
		if g.weeks() > maxUserWeeks {
			res.Notes = append(res.Notes, fmt.Sprintf("%d weeks lie between the first event (%s) and the end: those behind week %d of each cohort are left out", g.weeks(), dateText(g.cohorts[0]), maxUserWeeks-1))
		}
		res.Main = g.table(g.cohorts)
		if len(g.cohorts) > 0 {
			res.Notes = append(res.Notes, "the first cohort ("+dateText(g.cohorts[0])+") is left-censored: it also holds users who came before the data begin")
		}
		return res, nil
	}
	g := a.Groups[0]
	s, err := countSessions(ctx, r, o, g)
	if err != nil {
		return nil, err
	}
	if o.view == "paths" {
		res.Main = pathTable(s, &g.ItemKeys, o.paths)
	} else {
		res.Main = transitionTable(s, &g.ItemKeys, nil)
	}
	how := "by session_id"
	if !o.stated {
		how = "cut by pauses"
	}
	if s.Sessions > 0 {
		res.Notes = append(res.Notes, fmt.Sprintf("%d sessions of %d users, %s; %.1f events in each on average", s.Sessions, s.Users, how, float64(s.Events)/float64(s.Sessions)))
	}
	return res, nil
}

// countSessions runs the kernel over a grouping's answer.
func countSessions(ctx context.Context, r *Request, o behaviorOptions, g *query.Groups) (*session.Result, error) {
	ev := session.Events{Off: g.Off, Types: g.Items, Times: g.Values[0]}
	if o.stated {
		ev.Sessions = g.Codes[0]
	}
	opt := session.Options{Types: g.ItemKeys.Len, Gap: o.gap, Threads: max(1, r.Threads), Memory: r.Memory}
	if o.paths > 0 {
		opt.Path = o.stages
	}
	return session.Run(ctx, ev, opt)
}

// transitionTable lays the transitions out: (start) first, then by the name of from; the
// most probable first. With only, those between other types are left out.
func transitionTable(s *session.Result, types *frame.Column, only []uint32) *result.Table {
	names := make([]string, types.Len)
	for i := range names {
		names[i], _ = textAt(types, i)
	}
	outer := uint32(types.Len)
	total := map[uint32]int64{}
	for _, e := range s.Edges {
		total[e.From] += e.Count
	}
	edges := slices.DeleteFunc(slices.Clone(s.Edges), func(e session.Edge) bool {
		return only != nil && (e.From != outer && !slices.Contains(only, e.From) || e.To != outer && !slices.Contains(only, e.To))
	})
	rank := func(e session.Edge) int64 { return (int64(e.From) + 1) % (int64(outer) + 1) } // (start) first
	slices.SortFunc(edges, func(a, b session.Edge) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Count, a.Count), cmp.Compare(a.To, b.To))
	})
	b := newTable("behavior", Get("behavior").Columns...)
	for _, e := range edges {
		from, to := startState, endState
		if e.From != outer {
			from = names[e.From]
		}
		if e.To != outer {
			to = names[e.To]
		}
		b.row(from, to, e.Users, e.Sessions, float64(e.Count)/float64(total[e.From]))
	}
	return b.t
}

// pathTable lists the n most frequent paths.
func pathTable(s *session.Result, types *frame.Column, n int) *result.Table {
	b := newTable("paths", pathSpecs...)
	for _, p := range s.Paths[:min(n, len(s.Paths))] {
		b.row(pathText(p, types), p.Sessions, p.Users, float64(p.Sessions)/float64(s.Sessions))
	}
	return b.t
}

func pathText(p session.Path, types *frame.Column) string {
	stages := make([]string, len(p.Stages))
	for i, c := range p.Stages {
		stages[i], _ = textAt(types, int(c))
	}
	if p.More {
		stages = append(stages, "…")
	}
	return strings.Join(stages, " > ")
}
