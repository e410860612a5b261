package analysis

import (
	"context"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

var anomalyTitle = Text{"What was unusual", "有何异常"}

// anomalySection answers: which days were not like the others, and why? It works on revenue by
// day; of large inputs it does not ask by dimension.
var anomalySection = &Section{
	Order: 12,
	Title: anomalyTitle,
	Plan:  anomalySectionPlan,
	View:  anomalyView,
}

func init() { Anomaly.Section = anomalySection }

func anomalySectionPlan(r *Request) (query.Plan, error) {
	plan, err := planOf("anomaly")(r)
	if err == nil && r.large() && len(plan.Queries) > 1 {
		plan.Queries = plan.Queries[:1]
	}
	return plan, err
}

// Bounds of the section.
const (
	anomalyDrawn   = 400 // days drawn
	anomalyRecent  = 28  // days that count as recent
	anomalyActions = 3
	anomalyLeast   = 42 // days: fewer show no week
)

// anomalyData is what the section's words and figures are made from.
type anomalyData struct {
	p      phrase.Printer
	line   *timeline
	alerts []alert
	first  int64 // day of position 0
}

func anomalyView(ctx context.Context, r *Request, a *query.Answer) (*View, error) {
	p := r.printer(a)
	v := &View{ID: "anomaly", Title: anomalyTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	if len(a.Tables) == 0 {
		return nil, nil // a column is missing, as other sections say
	}
	if err := wide(a.Tables...); err != nil {
		return nil, err
	}
	own := r.withDefaults(Anomaly)
	o, err := readAnomalyOptions(own)
	if err != nil {
		return nil, err
	}
	o.alerts = true
	line, alerts, err := findAlerts(ctx, own, a, o)
	if err != nil && fault.KindOf(err) == fault.Input {
		v.Missing = missingText(err)
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	d := &anomalyData{p: p, line: line, alerts: alerts, first: civil.FloorDiv(line.origin, dayMicros) + line.series[0].first}
	if n := len(line.series[0].y); n < anomalyLeast {
		v.Missing = p.Pick(p.Count(int64(n))+" "+phrase.Plural(int64(n), "day", "days")+" of sales: "+p.Count(anomalyLeast)+" are needed to tell what is unusual.",
			"销售日仅 "+p.Count(int64(n))+" 天：至少需要 "+p.Count(anomalyLeast)+" 天才能判断异常。")
		return v, nil
	}
	slices.SortStableFunc(d.alerts, func(x, y alert) int { return x.from - y.from })
	v.Lead = p.Anomalies(d.facts())
	fig, err := d.figure()
	if err != nil {
		return nil, err
	}
	v.Figures = append(v.Figures, fig)
	for k := len(d.alerts) - 1; k >= 0 && len(v.Actions) < anomalyActions; k-- {
		head, text := p.IncidentAction(d.incident(d.alerts[k]))
		v.Actions = append(v.Actions, Action{Head: head, Text: text})
	}
	return v, nil
}

// incident puts an alert in the terms of the words.
func (d *anomalyData) incident(al alert) phrase.Incident {
	i := phrase.Incident{Start: d.first + int64(al.from), End: d.first + int64(al.to) + 1, Kind: al.kind.String(),
		Money: money(al.y), Usual: money(al.expected), Alone: al.slice}
	if al.cause != nil {
		i.Dim, i.Values, i.Share = al.cause.dim, al.cause.values, al.cause.share
	}
	return i
}

func (d *anomalyData) facts() phrase.AnomalyFacts {
	s := &d.line.series[0]
	f := phrase.AnomalyFacts{Found: len(d.alerts)}
	for _, pt := range s.points {
		if pt.Score == pt.Score {
			f.Days++
		}
	}
	f.False = (1 - d.line.level) / (1 - watchShare) * float64(f.Days)
	for _, al := range d.alerts {
		if al.to >= len(s.y)-anomalyRecent {
			f.Recent++
		}
	}
	if f.Found > 0 {
		f.Latest = d.incident(d.alerts[f.Found-1])
	}
	return f
}

// figure draws the days with the expectation behind them and marks what was unusual.
func (d *anomalyData) figure() (Figure, error) {
	p, s := d.p, &d.line.series[0]
	from := max(0, len(s.y)-anomalyDrawn)
	n := len(s.y) - from
	l := chart.Lines{ID: "anomaly-days", Height: 300, Value: moneyFormat(p)}
	expected, odd, part := make([]float64, n), make([]float64, n), make([]float64, n)
	note := map[int]string{}
	for i := range n {
		odd[i], part[i] = math.NaN(), math.NaN()
	}
	some := [2]bool{}
	for _, al := range d.alerts {
		for i := max(al.from, from); i <= al.to; i++ {
			note[i-from] = p.Incident(d.incident(al))
			if al.slice {
				part[i-from], some[1] = s.y[i], true
			} else {
				odd[i-from], some[0] = s.y[i], true
			}
		}
	}
	days := &series{cut: phrase.Day}
	for i := range n {
		pt := s.points[from+i]
		expected[i] = pt.Expected
		q := phrase.PeriodOf(phrase.Day, d.first+int64(from+i))
		days.periods = append(days.periods, q)
		l.Labels = append(l.Labels, p.AxisDay(q))
		tip := p.DayLong(q.Start) + "\n" + p.Money(money(s.y[from+i]))
		if pt.Expected == pt.Expected {
			tip += "\n" + p.Pick("expected ", "预期 ") + p.MoneyShort(money(pt.Expected))
		}
		if note[i] != "" {
			tip += "\n" + note[i]
		}
		l.Tips = append(l.Tips, tip)
	}
	l.Series = []chart.Line{
		{Name: p.Pick("expected", "预期"), Color: "@other", Values: expected, Width: 1.5},
		{Name: p.Pick("revenue", "收入"), Color: "@s1", Values: s.y[from:], Width: 1.5},
	}
	l.Legend = []chart.Key{{Color: "@s1", Text: p.Pick("revenue a day", "每日收入")}, {Color: "@other", Text: p.Pick("expected from the days before", "由此前各日推算的预期")}}
	if some[0] {
		l.Series = append(l.Series, chart.Line{Name: p.Pick("unusual", "异常"), Color: "@s2", Values: odd, Dots: true})
		l.Legend = append(l.Legend, chart.Key{Color: "@s2", Text: p.Pick("unusual", "异常")})
	}
	if some[1] {
		l.Series = append(l.Series, chart.Line{Name: p.Pick("unusual in a part", "局部异常"), Color: "@s3", Values: part, Dots: true})
		l.Legend = append(l.Legend, chart.Key{Color: "@s3", Text: p.Pick("unusual in one part of the shop", "店铺的一部分异常")})
	}
	l.Ticks = monthTicks(days)
	c, err := l.Chart()
	text := p.Pick("The table has all incidents.", "表中列出全部异常。")
	if from > 0 {
		text = p.Pick("The last 400 days are drawn. ", "图中为最近 400 天。") + text
	}
	return Figure{ID: l.ID, Question: p.Pick("Which days were not like the others?", "哪些日子与众不同？"), Alt: d.alt(from), Chart: c, Table: d.table(), Note: text}, err
}

// alt says in words what the figure shows.
func (d *anomalyData) alt(from int) string {
	p, n := d.p, 0
	for _, al := range d.alerts {
		if al.to >= from {
			n++
		}
	}
	days := p.Span(d.first+int64(from), d.first+int64(len(d.line.series[0].y)))
	return p.Pick("Revenue by day, "+days+", over what was expected; "+p.Count(int64(n))+" "+phrase.Plural(int64(n), "incident is", "incidents are")+" marked.",
		days+"的每日收入与预期；标出 "+p.Count(int64(n))+" 次异常。")
}

// table lists the incidents, the latest first.
func (d *anomalyData) table() *result.Table {
	b := newTable("anomaly", result.Spec{Name: "from", Type: expr.Date, Desc: "first day"}, result.Spec{Name: "to", Type: expr.Date, Desc: "last unusual day"},
		textSpec("of", "whose revenue: the whole shop's, or that of the one part that was odd"), textSpec("kind", "spike, dip, missing, shift_up or shift_down"), moneySpec("revenue", "what came"), moneySpec("expected", "what was expected"),
		ratioSpec("change", "(revenue − expected) / expected"), textSpec("dimension", "the column that explains it"), textSpec("value", "its values that do"),
		ratioSpec("share", "their part of the deviation"))
	for k := len(d.alerts) - 1; k >= 0; k-- {
		i := d.incident(d.alerts[k])
		var dim, value, share any
		if i.Dim != "" {
			dim, value, share = i.Dim, d.p.Join(i.Values), i.Share
		}
		of := d.p.Pick("whole shop", "全店")
		if i.Alone {
			of = d.p.Join(i.Values)
		}
		b.row(i.Start, i.End-1, of, i.Kind, i.Money, i.Usual, i.Off(), dim, value, share)
	}
	return b.t
}
