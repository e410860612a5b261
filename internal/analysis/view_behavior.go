package analysis

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/session"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
)

var behaviorTitle = Text{"Visits", "访问行为"}

// behaviorSection answers: what do visitors do, when, and do they return?
var behaviorSection = &Section{
	Order: 85,
	Title: behaviorTitle,
	Table: "events",
	Plan:  behaviorSectionPlan,
	View:  behaviorView,
}

func behaviorSectionPlan(r *Request) (query.Plan, error) {
	plan, err := visitsPlan(r)
	if err != nil {
		return plan, err
	}
	plan.Queries = append([]query.Query{heatQuery(r)}, retentionQueries(r)...)
	return plan, nil
}

// maxRows bounds the table behind a figure.
const maxRows = 2000

// maxStates bounds the event types of the transition chart: the most frequent ones; the
// command has all.
const maxStates = 12

func behaviorView(ctx context.Context, r *Request, a *query.Answer) (*View, error) {
	p := r.printer(a)
	v := &View{ID: "visits", Title: behaviorTitle.In(r.Lang)}
	o, err := readBehaviorOptions(behaviorDefaults(r))
	if err != nil {
		return nil, err
	}
	g := until(a.Groups[0], r.To)
	s, err := countSessions(ctx, r, o, g)
	if err != nil {
		return nil, err
	}
	if s.Sessions == 0 {
		v.Missing = p.Pick("No event with a user and a type is in scope: widen --from, --to or --where.", "范围内没有带用户与类型的事件：请放宽 --from、--to 或 --where。")
		return v, nil
	}
	cells, total := heatCells(a.Tables[0])
	v.Lead = p.Sessions(sessionFacts(s, &cells, total))
	cohorts := newUserCohorts(r, a.Tables[1:3], asOfDay(r, a))
	rate, users, weeks := cohorts.secondWeek()
	if text := p.Returns(rate, users, weeks); text != "" {
		v.Lead = append(v.Lead, text)
	}
	v.Lead = append(v.Lead, clicksSpan(p, r, g)...)
	for _, draw := range []func() (Figure, error){
		func() (Figure, error) { return transitionHeat(p, s, &g.ItemKeys) },
		func() (Figure, error) { return pathBars(p, s, &g.ItemKeys) },
		func() (Figure, error) { return hoursHeat(p, &cells, a.Tables[0]) },
		func() (Figure, error) { return weeksHeat(p, cohorts) },
	} {
		f, err := draw()
		if err != nil {
			return nil, err
		}
		if f.Chart != nil {
			v.Figures = append(v.Figures, f)
		}
	}
	return v, nil
}

// until leaves out the events at or after a time.
func until(g *query.Groups, to int64) *query.Groups {
	if to == query.MaxTime {
		return g
	}
	out := *g
	out.Off, out.Items, out.Values, out.Codes = []int64{0}, nil, [][]int64{nil}, make([][]uint32, len(g.Codes))
	for u := range len(g.Off) - 1 {
		lo, hi := g.Off[u], g.Off[u+1]
		n, _ := slices.BinarySearch(g.Values[0][lo:hi], to)
		hi = lo + int64(n)
		out.Items, out.Values[0] = append(out.Items, g.Items[lo:hi]...), append(out.Values[0], g.Values[0][lo:hi]...)
		for j := range g.Codes {
			out.Codes[j] = append(out.Codes[j], g.Codes[j][lo:hi]...)
		}
		out.Off = append(out.Off, int64(len(out.Items)))
	}
	return &out
}

func sessionFacts(s *session.Result, cells *[7][24][2]int64, total int64) phrase.SessionFacts {
	f := phrase.SessionFacts{Sessions: s.Sessions, Users: s.Users, Events: s.Events, Single: s.Single, Seconds: math.NaN()}
	if m, ok := medianSeconds(s.Durations).(float64); ok {
		f.Seconds = m
	}
	const few = 1000 // events below which an hour of the week is chance
	best := int64(0)
	for d := range cells {
		for h, c := range cells[d] {
			if c[0] > best && total >= few {
				best = c[0]
				f.Weekday, f.Hour, f.HourShare = d+1, h, float64(c[0])/float64(total)
			}
		}
	}
	return f
}

// states are the event types of the chart: the steps of a purchase and the most frequent others, those
// with which most sessions begin first.
func states(s *session.Result, keys *frame.Column) []uint32 {
	types := keys.Len
	step := map[uint32]bool{}
	for _, name := range purchaseSteps(keys) {
		step[codeOf(keys, name)] = true
	}
	count, starts := make([]int64, types+1), make([]int64, types+1)
	for _, e := range s.Edges {
		if e.To != uint32(types) {
			count[e.To] += e.Count
		}
		if e.From == uint32(types) {
			starts[e.To] += e.Count
		}
	}
	var list []uint32
	for t := range types {
		if count[t] > 0 {
			list = append(list, uint32(t))
		}
	}
	slices.SortFunc(list, func(a, b uint32) int {
		if step[a] != step[b] {
			if step[a] {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	list = list[:min(len(list), maxStates)]
	slices.SortFunc(list, func(a, b uint32) int { return cmp.Or(cmp.Compare(starts[b], starts[a]), cmp.Compare(a, b)) })
	return list
}

// transitionHeat draws the probabilities from each state (rows) to the next (columns).
func transitionHeat(p phrase.Printer, s *session.Result, types *frame.Column) (Figure, error) {
	n := types.Len
	list := states(s, types)
	outer := uint32(n)
	rows, cols := append([]uint32{outer}, list...), append(slices.Clone(list), outer)
	at := map[[2]uint32]session.Edge{}
	total := map[uint32]int64{}
	for _, e := range s.Edges {
		at[[2]uint32{e.From, e.To}] = e
		total[e.From] += e.Count
	}
	name := func(c uint32, outside string) string {
		if c == outer {
			return outside
		}
		text, _ := textAt(types, int(c))
		return stepName(text)
	}
	start, end := p.Pick("start", "开始"), p.Pick("end", "结束")
	h := chart.Heat{ID: "visits-transitions", Kind: "heat", Height: 60 + 30*len(rows), Whole: true, XName: p.Pick("next event", "下一事件")}
	numbered := len(list) > 5 // names of columns would not fit: they have the numbers of their rows
	top := 0.0
	for i, c := range cols {
		label := phrase.Name(name(c, end), 12)
		if numbered && c != outer {
			label = strconv.Itoa(i + 1)
		}
		h.X = append(h.X, label)
	}
	for _, e := range at {
		if slices.Contains(rows, e.From) && slices.Contains(cols, e.To) {
			top = math.Max(top, float64(e.Count)/float64(total[e.From]))
		}
	}
	for y, from := range rows {
		label := name(from, start)
		if numbered && from != outer {
			label = strconv.Itoa(y) + "  " + label
		}
		h.Y = append(h.Y, label)
		for x, to := range cols {
			e := at[[2]uint32{from, to}]
			share := 0.0
			if total[from] > 0 {
				share = float64(e.Count) / float64(total[from])
			}
			cell := chart.Cell{X: x, Y: y, Level: share / top, Tip: name(from, start) + " → " + name(to, end) + "\n" + p.Pick(p.Percent(share)+" of what follows\n"+p.Count(e.Sessions)+" visits of "+p.Count(e.Users)+" visitors",
				"占后续事件的 "+p.Percent(share)+"\n"+p.Count(e.Users)+" 位访客的 "+p.Count(e.Sessions)+" 次来访")}
			if share >= 0.005 {
				cell.Text = phrase.Decimal(100*share, 0)
			}
			h.Cells = append(h.Cells, cell)
		}
	}
	h.Legend = chart.ScaleLegend("0"+p.Pick("\u202f%", "%"), p.Percent(top))
	ch, err := h.Chart()
	note := p.Pick("Of all events of the row's type, how many per cent are followed by that of the column.", "该行事件之后，下一事件为该列的百分比。")
	if numbered {
		note += p.Pick(" The columns have the numbers of the rows.", " 列号与行号对应。")
	}
	var only []uint32
	switch {
	case len(s.Edges) > maxRows:
		only = list
		note += p.Pick(" The most frequent types are shown; the command `ecomctl behavior` lists all.", " 仅显示最常见的类型；`ecomctl behavior` 可列出全部。")
	case len(list) < n:
		note += p.Pick(" The most frequent types are drawn; the table has all.", " 图中为最常见的类型，表中为全部。")
	}
	return Figure{ID: h.ID, Question: p.Pick("What follows what?", "接下来会发生什么？"), Chart: ch, Table: transitionTable(s, types, only), Note: note,
		Alt: p.Pick("For each event type the probability of each next one, and of the end of the visit.", "各事件类型之后，下一事件类型及来访结束的概率。")}, err
}

// pathBars draws the most frequent paths.
func pathBars(p phrase.Printer, s *session.Result, types *frame.Column) (Figure, error) {
	if len(s.Paths) < 2 {
		return Figure{}, nil
	}
	b := chart.Bars{ID: "visits-paths", Lying: true, Value: func(v float64) string { return p.CountShort(int64(v)) }}
	bar := chart.Bar{Name: p.Pick("visits", "来访"), Color: "@s1"}
	for _, q := range s.Paths[:min(10, len(s.Paths))] {
		share := float64(q.Sessions) / float64(s.Sessions)
		text := strings.ReplaceAll(strings.ReplaceAll(pathText(q, types), "_", " "), " > ", " › ")
		b.Labels = append(b.Labels, phrase.Name(text, 44))
		b.Tips = append(b.Tips, phrase.Name(text, 160)+"\n"+p.Pick(p.Count(q.Sessions)+" visits ("+p.Percent(share)+") of "+p.Count(q.Users)+" visitors", p.Count(q.Users)+" 位访客的 "+p.Count(q.Sessions)+" 次来访（"+p.Percent(share)+"）"))
		bar.Values, bar.Labels = append(bar.Values, float64(q.Sessions)), append(bar.Labels, p.Percent(share))
	}
	b.Series = []chart.Bar{bar}
	ch, err := b.Chart()
	return Figure{ID: b.ID, Question: p.Pick("Which ways do they go?", "他们走哪些路径？"), Chart: ch, Table: pathTable(s, types, 100),
		Alt:  p.Pick("The most frequent path is "+b.Labels[0]+", with "+bar.Labels[0]+" of the visits.", "最常见的路径是“"+b.Labels[0]+"”，占来访的 "+bar.Labels[0]+"。"),
		Note: p.Pick("Repeated events of one type are one stage; “…” goes on behind the fifth.", "连续的同类事件算一个阶段；“…”表示第五阶段之后仍有。")}, err
}

// hoursHeat draws the events by weekday and hour.
func hoursHeat(p phrase.Printer, cells *[7][24][2]int64, t *query.Table) (Figure, error) {
	h := chart.Heat{ID: "visits-hours", Kind: "heat", Height: 56 + 7*30, Whole: true, XName: p.Pick("hour of the day", "小时")}
	top := int64(1)
	for d := range cells {
		for _, c := range cells[d] {
			top = max(top, c[0])
		}
	}
	for hour := range 24 {
		h.X = append(h.X, strconv.Itoa(hour))
	}
	for d := range cells {
		h.Y = append(h.Y, p.Weekday(d+1))
		for hour, c := range cells[d] {
			h.Cells = append(h.Cells, chart.Cell{X: hour, Y: d, Level: float64(c[0]) / float64(top),
				Tip: p.WeekdayLong(d+1) + " " + strconv.Itoa(hour) + ":00\n" + p.Pick(p.Count(c[0])+" events of "+p.Count(c[1])+" visitors", p.Count(c[1])+" 位访客的 "+p.Count(c[0])+" 个事件")})
		}
	}
	h.Legend = chart.ScaleLegend("0", p.CountShort(top))
	ch, err := h.Chart()
	return Figure{ID: h.ID, Question: p.Pick("When do they come?", "他们什么时候来？"), Chart: ch, Table: heatTable(t),
		Alt: p.Pick("Events by weekday and hour of the day.", "按星期与小时统计的事件数。")}, err
}

// secondWeek is the pooled retention one week on, of the cohorts that can show it; the first
// cohort, which holds older users too, is left out.
func (g *userCohorts) secondWeek() (rate float64, users int64, weeks int) {
	var active int64
	for i, c := range g.cohorts {
		if i == 0 || c+14 > g.end || c+7 < g.from {
			continue
		}
		active += g.active[[2]int64{c, c + 7}]
		users += g.sizes[c]
		weeks++
	}
	if users == 0 {
		return math.NaN(), 0, 0
	}
	return float64(active) / float64(users), users, weeks
}

// weeksHeat draws the retention of the last cohorts by week.
func weeksHeat(p phrase.Printer, g *userCohorts) (Figure, error) {
	const most = 16
	if len(g.cohorts) < 3 {
		return Figure{}, nil
	}
	shown := g.cohorts[max(0, len(g.cohorts)-most):]
	wide := int(min((g.end-shown[0]+6)/7-1, most))
	if wide < 1 {
		return Figure{}, nil
	}
	h := chart.Heat{ID: "visits-weeks", Kind: "heat", Height: 56 + 30*len(shown), XName: p.Pick("weeks after the first visit", "首次来访后的周数")}
	top := 0.0
	for _, c := range shown {
		for w := 1; w <= wide; w++ {
			top = math.Max(top, float64(g.active[[2]int64{c, c + 7*int64(w)}])/float64(g.sizes[c]))
		}
	}
	for w := 1; w <= wide; w++ {
		h.X = append(h.X, strconv.Itoa(w))
	}
	for y, c := range shown {
		h.Y = append(h.Y, p.Day(c)+"  "+p.CountShort(g.sizes[c]))
		for w := 1; w <= wide; w++ {
			at := c + 7*int64(w)
			cell := chart.Cell{X: w - 1, Y: y}
			if at >= g.end {
				cell.Empty, cell.Tip = true, p.Pick("not observable yet", "尚不可观察")
			} else {
				n := g.active[[2]int64{c, at}]
				share := float64(n) / float64(g.sizes[c])
				cell.Text, cell.Open = phrase.Decimal(100*share, 0), at+7 > g.end
				if top > 0 {
					cell.Level = share / top
				}
				cell.Tip = p.Pick("First came in the week of "+p.Day(c)+"\n"+p.Count(n)+" of "+p.Count(g.sizes[c])+" came "+strconv.Itoa(w)+" "+phrase.Plural(int64(w), "week", "weeks")+" later: "+p.Percent(share),
					p.Day(c)+"当周首次来访\n"+p.Count(g.sizes[c])+" 位中有 "+p.Count(n)+" 位在 "+strconv.Itoa(w)+" 周后来访："+p.Percent(share))
				if cell.Open {
					cell.Tip += "\n" + p.Pick("that week is still open", "该周尚未结束")
				}
			}
			h.Cells = append(h.Cells, cell)
		}
	}
	h.Legend = append(chart.ScaleLegend("0"+p.Pick("\u202f%", "%"), p.Percent(top)), chart.Key{Color: "@empty", Text: p.Pick("not yet observable", "尚不可观察")},
		chart.Key{Color: "@o3", Text: p.Pick("week still open", "当周未结束"), Hatch: true})
	ch, err := h.Chart()
	t := g.table(shown)
	note := p.Pick("Beside each week (its Monday): its new visitors.", "周一日期旁为当周新访客数。")
	if len(shown) == len(g.cohorts) {
		note += p.Pick(" The first row also holds visitors who came before the data begin.", " 首行还包含数据开始之前的访客。")
	}
	return Figure{ID: h.ID, Question: p.Pick("Do they come back?", "他们会回来吗？"), Chart: ch, Table: t, Note: note,
		Alt: p.Pick("Of each week's new visitors, how many per cent came again in each later week.", "每周新访客在之后各周再次来访的百分比。")}, err
}
