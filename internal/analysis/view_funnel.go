package analysis

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/funnel"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

var funnelTitle = Text{"Funnel", "转化漏斗"}

// funnelSection answers: how far do visitors get?
var funnelSection = &Section{
	Order: 80,
	Title: funnelTitle,
	Table: "events",
	Plan:  visitsPlan,
	View:  funnelView,
}

// funnelWords are the names that logs give to the steps of a purchase. The first that the data
// have makes the step.
var funnelWords = [][]string{
	{"product_view", "view_item", "item_view", "productview", "view_product", "view", "pv", "detail", "page_view", "pageview", "浏览", "点击"},
	{"add_to_cart", "addtocart", "cart_add", "add-to-cart", "cart", "加购", "加入购物车"}, // "cart" may be the page of the cart
	{"purchase", "buy", "transaction", "order_placed", "checkout_complete", "order", "payment", "购买", "下单", "成交"},
}

// purchaseSteps are the steps of a purchase among the event types.
func purchaseSteps(types *frame.Column) (steps []string) {
	for _, names := range funnelWords {
		for _, n := range names {
			if codeOf(types, n) != funnel.NoType {
				steps = append(steps, n)
				break
			}
		}
	}
	return steps
}

// reportWindow is the window of the report's funnel.
const reportWindow = "7d"

// visitsPlan asks for all events by user in order of time: what the funnel and the sessions of
// the report are made from. Both ask the same, so the scan collects it once.
func visitsPlan(r *Request) (query.Plan, error) {
	if err := Require(Get("behavior"), r.Rel); err != nil {
		return query.Plan{}, err
	}
	const rowBytes = 80 // of a grouped event while it is sorted, with its session
	if r.Memory > 0 && r.Rows*rowBytes > r.Memory {
		return query.Plan{}, fault.New(fault.Usage, "%d events of all users do not fit in the memory budget", r.Rows).
			WithHint("raise --memory, or ask for a shorter period with --from and --to; the commands funnel and behavior take fewer events with --where")
	}
	o, err := readBehaviorOptions(behaviorDefaults(r))
	if err != nil {
		return query.Plan{}, err
	}
	g := o.grouping(r)
	g.Name, g.To = "visits", query.MaxTime // later steps may pass --to
	return query.Plan{Groupings: []query.Grouping{g}}, nil
}

// behaviorDefaults is the request with the parameters that the report asks the behavior with.
func behaviorDefaults(r *Request) *Request {
	q := *r
	q.Params = map[string]string{"gap": "", "paths": "10", "stages": "5", "heatmap": "false", "retention": "false"}
	return &q
}

func funnelView(ctx context.Context, r *Request, a *query.Answer) (*View, error) {
	p := r.printer(a)
	v := &View{ID: "funnel", Title: funnelTitle.In(r.Lang)}
	g := a.Groups[0]
	o := funnelOptions{windowName: reportWindow}
	var err error
	if o.window, err = spanOf("window", reportWindow); err != nil {
		return nil, err
	}
	o.steps = purchaseSteps(&g.ItemKeys)
	if len(o.steps) < 2 {
		v.Missing = p.Pick("No funnel: no two of the event types are known steps of a purchase (view, cart, purchase, or what logs call them). Run the command `ecomctl funnel` with --steps.",
			"没有漏斗：事件类型中找不到两个已知的购买步骤（浏览、加购、购买等）。请用 `ecomctl funnel --steps` 指定。")
		return v, nil
	}
	f, err := countFunnel(ctx, r, o, a, g)
	if err != nil {
		return nil, err
	}
	c := f.groups[0]
	if c == nil {
		v.Missing = p.Pick("Nobody entered the funnel in this period: no event "+o.steps[0]+".", "该时段内没有用户进入漏斗：没有“"+o.steps[0]+"”事件。")
		return v, nil
	}
	facts := funnelFacts(p, o, c)
	v.Lead = append(p.Funnel(facts), clicksSpan(p, r, g)...)
	fig, err := funnelBars(p, o, c, facts, f.table(r))
	if err != nil {
		return nil, err
	}
	v.Figures = append(v.Figures, fig)
	if len(c.Total) >= fewFinished {
		if fig, err = timesBars(p, o, c, f.times(r)); err != nil {
			return nil, err
		}
		v.Figures = append(v.Figures, fig)
	}
	return v, nil
}

// clicksSpan says which days the events in the request's period are of.
func clicksSpan(p phrase.Printer, r *Request, g *query.Groups) []string {
	first, last := query.MaxTime, query.MinTime
	for _, t := range g.Values[0] {
		if t != query.NullValue && t >= r.From && t < r.To {
			first, last = min(first, t), max(last, t)
		}
	}
	if first > last {
		return nil
	}
	return []string{p.Clicks(civil.FloorDiv(first, dayMicros), civil.FloorDiv(last, dayMicros)+1)}
}

// fewFinished is the number of users below which how soon they finished is chance.
const fewFinished = 30

// timesBars draws what share of those who finish did so within each span.
func timesBars(p phrase.Printer, o funnelOptions, c *funnel.Count, t *result.Table) (Figure, error) {
	b := chart.Bars{ID: "funnel-times", Height: 240, Value: percentFormat(p)}
	bar := chart.Bar{Name: p.Pick("finished", "已完成"), Color: "@s1"}
	for _, m := range timeMarks(o.window, o.windowName) {
		n := within(c.Total, m.micros)
		share, span := float64(n)/float64(len(c.Total)), p.Elapsed(float64(m.micros)/1e6)
		b.Labels = append(b.Labels, span)
		b.Tips = append(b.Tips, p.Pick("within "+span+"\n"+p.Count(n)+" of "+p.Count(int64(len(c.Total)))+" who finish: "+p.Percent(share),
			span+"内\n完成者 "+p.Count(int64(len(c.Total)))+" 位中的 "+p.Count(n)+" 位："+p.Percent(share)))
		bar.Values, bar.Labels = append(bar.Values, share), append(bar.Labels, p.Percent(share))
	}
	b.Series = []chart.Bar{bar}
	ch, err := b.Chart()
	return Figure{ID: b.ID, Question: p.Pick("How soon do they finish?", "多久能走完？"), Chart: ch, Table: t,
		Alt: p.Pick("Of those who finish, the share that has done so within each span from the entry.", "完成者中，自入口起在各时间跨度内完成的占比。")}, err
}

func funnelFacts(p phrase.Printer, o funnelOptions, c *funnel.Count) phrase.FunnelFacts {
	last := len(o.steps) - 1
	f := phrase.FunnelFacts{First: stepName(o.steps[0]), Last: stepName(o.steps[last]), Users: c.Users[0], Done: c.Users[last], Window: p.Elapsed(float64(o.window) / 1e6),
		Seconds: math.NaN(), Censored: c.Censored[0], MoreThanTwo: last > 1}
	most := int64(-1)
	for k := 1; k <= last; k++ {
		if lost := c.Users[k-1] - c.Users[k]; lost > most && c.Users[k-1] > 0 {
			most = lost
			f.LossFrom, f.LossTo, f.Loss = stepName(o.steps[k-1]), stepName(o.steps[k]), float64(lost)/float64(c.Users[k-1])
		}
	}
	if s, ok := medianSeconds(slices.Clone(c.Total)).(float64); ok {
		f.Seconds = s
	}
	return f
}

// stepName is an event type as a page shows it.
func stepName(s string) string { return phrase.Name(strings.ReplaceAll(s, "_", " "), 32) }

// funnelBars draws the users of each step, and hatched beside them those who may go on.
func funnelBars(p phrase.Printer, o funnelOptions, c *funnel.Count, f phrase.FunnelFacts, t *result.Table) (Figure, error) {
	b := chart.Bars{ID: "funnel-steps", Lying: true, Value: func(v float64) string { return p.CountShort(int64(v)) }}
	known := chart.Bar{Name: p.Pick("time is over, or finished", "观察期已满或已完成"), Color: "@s1"}
	open := chart.Bar{Name: p.Pick("may go on", "仍可能继续"), Color: "@s1"}
	for k, s := range o.steps {
		b.Labels = append(b.Labels, stepName(s))
		share := math.NaN()
		if c.Users[0] > 0 {
			share = float64(c.Users[k]) / float64(c.Users[0])
		}
		label := p.CountShort(c.Users[k])
		tip := stepName(s) + "\n" + p.Count(c.Users[k]) + " " + p.Pick(phrase.Plural(c.Users[k], "visitor", "visitors"), "位访客")
		if !math.IsNaN(share) {
			label += "  " + p.Percent(share)
			tip += p.Pick(": "+p.PercentFull(share)+" of the first step", "：占第一步的 "+p.PercentFull(share))
		}
		if m, ok := medianSeconds(slices.Clone(c.Gaps[k])).(float64); ok {
			tip += "\n" + p.Pick("median "+p.Elapsed(m)+" after the step before", "距上一步的中位时间 "+p.Elapsed(m))
		}
		if c.Censored[k] > 0 {
			tip += "\n" + p.Pick("and "+p.Count(c.Censored[k])+" who may go on", "另有 "+p.Count(c.Censored[k])+" 位仍可能继续")
		}
		b.Tips = append(b.Tips, tip)
		known.Values, known.Labels = append(known.Values, float64(c.Users[k])), append(known.Labels, label)
		open.Values, open.Open = append(open.Values, float64(c.Censored[k])), append(open.Open, true)
		text := ""
		if c.Censored[k] > 0 {
			text = p.CountShort(c.Censored[k])
		}
		open.Labels = append(open.Labels, text)
	}
	b.Series = []chart.Bar{known}
	if f.Censored > 0 {
		b.Series = append(b.Series, open)
		b.Legend = []chart.Key{{Color: "@s1", Text: known.Name}, {Color: "@s1", Text: open.Name, Hatch: true}}
	}
	ch, err := b.Chart()
	return Figure{ID: b.ID, Question: p.Pick("How far do visitors get?", "访客走到了哪一步？"), Chart: ch, Table: t, Alt: p.Funnel(f)[0],
		Note: p.Pick("Every "+f.First+" of a visitor is tried; the deepest chain counts. Its steps follow within "+f.Window+" of the first.",
			"对每位访客尝试其所有“"+f.First+"”事件，取走得最远的一条；各步须在首步后 "+f.Window+"内完成。")}, err
}
