package analysis

import (
	"cmp"
	"context"
	"slices"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

var segmentsTitle = Text{"Customers", "客户"}

// segmentsSection answers: who brings the money, and whom to write to?
var segmentsSection = &Section{
	Order: 40,
	Title: segmentsTitle,
	Plan:  planOf("segments"),
	View:  segmentsView,
}

// planOf asks for what a definition asks for; nothing when the input lacks what it
// needs (the view then says so).
func planOf(name string) func(*Request) (query.Plan, error) {
	return func(r *Request) (query.Plan, error) {
		d := Get(name)
		if Require(d, r.Rel) != nil {
			return query.Plan{}, nil
		}
		return d.Plan(r.withDefaults(d))
	}
}

// withDefaults returns the request with a definition's own default parameters: a
// report has flags of its own.
func (r *Request) withDefaults(d *Definition) *Request {
	own := *r
	own.Params = map[string]string{}
	for _, p := range d.Params {
		own.Params[p.Name] = p.Default
	}
	return &own
}

// finishOf returns the definition's result for its part of the answer; nil when
// planOf asked for nothing.
func finishOf(ctx context.Context, name string, r *Request, a *query.Answer) (*result.Table, error) {
	d := Get(name)
	if Require(d, r.Rel) != nil {
		return nil, nil
	}
	if err := wide(a.Tables...); err != nil {
		return nil, err
	}
	res, err := d.Finish(ctx, r.withDefaults(d), a)
	if err != nil {
		return nil, err
	}
	return res.Main, nil
}

// segment is a row of the segments table.
type segment struct {
	name               string
	customers, revenue int64
	share, revShare    float64
	recency, frequency float64
}

func segmentsOf(t *result.Table) []segment {
	out := make([]segment, t.N)
	for i := range out {
		name, _ := textAt(&t.Col("segment").Data, i)
		out[i] = segment{
			name: name, customers: valueAt(&t.Col("customers").Data, i), revenue: valueAt(&t.Col("revenue").Data, i),
			share: floatAt(&t.Col("share").Data, i), revShare: floatAt(&t.Col("revenue_share").Data, i),
			recency: floatAt(&t.Col("recency_days").Data, i), frequency: floatAt(&t.Col("frequency").Data, i),
		}
	}
	slices.SortFunc(out, func(a, b segment) int { return cmp.Or(cmp.Compare(b.revenue, a.revenue), cmp.Compare(a.name, b.name)) })
	return out
}

func segmentsView(ctx context.Context, r *Request, a *query.Answer) (*View, error) {
	p := r.printer(a)
	v := &View{ID: "customers", Title: segmentsTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	t, err := finishOf(ctx, "segments", r, a)
	if err != nil {
		return nil, err
	}
	if t != nil && t.N == 0 {
		v.Missing = p.Pick("Every sold line is a guest's: customer_id is empty. Map another column with --map customer_id=Column.", "所有已售明细均为游客：customer_id 为空。请用 --map customer_id=列名 指定其他列。")
		return v, nil
	}
	if t == nil {
		v.Missing = p.Pick("No known customers: map a column with --map customer_id=Column.", "没有已知客户：请用 --map customer_id=列名 指定。")
		return v, nil
	}
	segs := segmentsOf(t)
	var customers, revenue int64
	for _, s := range segs {
		customers += s.customers
		revenue += s.revenue
	}
	facts := phrase.SegmentFacts{Customers: customers}
	for _, s := range segs {
		switch s.name {
		case "champions", "loyal":
			facts.CoreShare += s.share
			facts.CoreRevenue += s.revShare
		case "at_risk", "cant_lose":
			facts.RiskCustomers += s.customers
			facts.RiskMoney += s.revenue
			facts.RiskShare += s.revShare
			facts.RiskDays += s.recency * float64(s.customers)
		}
	}
	facts.RiskDays /= float64(max(1, facts.RiskCustomers))
	v.Lead = p.Segments(facts)
	fig, err := segmentBars(p, segs, t)
	if err != nil {
		return nil, err
	}
	v.Figures = []Figure{fig}
	v.Actions = segmentActions(p, segs)
	return v, nil
}

func segmentBars(p phrase.Printer, segs []segment, t *result.Table) (Figure, error) {
	people := chart.Bar{Name: p.Pick("share of customers", "客户占比"), Color: "@other"}
	money := chart.Bar{Name: p.Pick("share of spending", "消费占比"), Color: "@s1"}
	b := chart.Bars{ID: "segments-shares", Lying: true, Value: percentFormat(p)}
	for _, s := range segs {
		name := p.Segment(s.name)
		b.Labels = append(b.Labels, name)
		b.Tips = append(b.Tips, name+"\n"+p.Count(s.customers)+p.Pick(" customers, ", " 位客户，")+p.Percent(s.share)+
			"\n"+p.Money(s.revenue)+", "+p.Percent(s.revShare)+
			"\n"+p.Pick("last order ", "最近一次下单在 ")+phrase.Decimal(s.recency, 0)+p.Pick(" days ago, ", " 天前，")+phrase.Decimal(s.frequency, 1)+p.Pick(" orders on average", " 笔订单（平均）"))
		people.Values, people.Labels = append(people.Values, s.share), append(people.Labels, p.Percent(s.share))
		money.Values, money.Labels = append(money.Values, s.revShare), append(money.Labels, p.Percent(s.revShare))
	}
	b.Series = []chart.Bar{money, people}
	b.Legend = []chart.Key{{Color: "@s1", Text: money.Name}, {Color: "@other", Text: people.Name}}
	ch, err := b.Chart()
	top := segs[0]
	return Figure{ID: b.ID, Question: p.Pick("Who brings the money?", "钱从哪些客户来？"), Chart: ch, Table: t,
		Alt: p.Pick(p.Segment(top.name)+": "+p.Percent(top.share)+" of customers, "+p.Percent(top.revShare)+" of their spending.",
			p.Segment(top.name)+"：占客户 "+p.Percent(top.share)+"，占消费 "+p.Percent(top.revShare)+"。"),
		Note: p.Pick("Shares of known customers and of what they spent. The rules stand under Definitions.", "占比针对已知客户及其消费；规则见“定义”。")}, err
}

// urgency is the order in which segments are worth a Monday morning: first those
// about to be lost, then those about to become regulars.
var urgency = []string{"cant_lose", "at_risk", "potential_loyalists", "champions", "loyal", "new", "need_attention", "promising"}

// segmentActions lists what to do for the most urgent segments that have customers.
func segmentActions(p phrase.Printer, segs []segment) []Action {
	var out []Action
	for _, name := range urgency {
		i := slices.IndexFunc(segs, func(s segment) bool { return s.name == name })
		if i < 0 || segs[i].customers == 0 {
			continue
		}
		s := segs[i]
		each := phrase.Decimal(s.frequency, 1)
		text := p.Pick("Last order "+phrase.Decimal(s.recency, 0)+" days ago, "+each+" "+map[bool]string{true: "order", false: "orders"}[each == "1.0"]+" each on average. "+p.Advice(name),
			"平均 "+phrase.Decimal(s.recency, 0)+" 天前最近一次下单，人均 "+each+" 笔。"+p.Advice(name))
		out = append(out, Action{
			Head: p.Segment(s.name) + p.Pick(": ", "：") + p.Count(s.customers) + p.Pick(" "+phrase.Plural(s.customers, "customer", "customers")+", ", " 位客户，") + p.MoneyShort(s.revenue),
			Text: text,
		})
	}
	return out[:min(5, len(out))]
}
