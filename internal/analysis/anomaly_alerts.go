package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// alert is one incident: anomalies of one series on one side that follow each other.
type alert struct {
	series   int
	from, to int // positions, both inclusive
	kind     anomaly.Kind
	y        float64 // sum over the incident
	expected float64
	p        float64 // least
	cause    *cause  // nil: nothing explains it, or nothing was asked
	slice    bool    // y and expected are those of the cause alone
	event    *anomaly.Known
}

// cause names the values of a dimension that account for an alert.
type cause struct {
	dim    string
	values []string
	share  float64 // of the deviation
	base   float64 // of the expectation
}

// text is region = SP + RJ.
func (c *cause) text() string { return c.dim + " = " + strings.Join(c.values, " + ") }

// alerts joins the anomalies of each series into incidents: those at most a quarter of
// the first season apart, on the same side.
func (p *timeline) alerts() []alert {
	gap := 1
	if len(p.periods) > 0 {
		gap = max(1, p.periods[0]/4)
	}
	var out []alert
	for k := range p.series {
		s := &p.series[k]
		start := len(out)
		for i, pt := range s.points {
			if !pt.Anomaly {
				continue
			}
			if n := len(out) - 1; n >= start && i-out[n].to <= gap && up(pt.Kind) == up(out[n].kind) {
				al := &out[n]
				al.to, al.p = i, math.Min(al.p, pt.P)
				if pt.Kind == anomaly.ShiftUp || pt.Kind == anomaly.ShiftDown {
					al.kind = pt.Kind
				} else if al.kind == anomaly.Missing && pt.Kind != anomaly.Missing {
					al.kind = anomaly.Dip
				}
				continue
			}
			out = append(out, alert{series: k, from: i, to: i, kind: pt.Kind, p: pt.P})
		}
		for n := start; n < len(out); n++ {
			p.sumUp(&out[n])
			out[n].event = p.eventOf(out[n])
		}
	}
	return out
}

// up tells the side of a kind.
func up(k anomaly.Kind) bool { return k == anomaly.Spike || k == anomaly.ShiftUp }

// sumUp adds up value and expectation over an incident.
func (p *timeline) sumUp(al *alert) {
	s := &p.series[al.series]
	for i := al.from; i <= al.to; i++ {
		if s.y[i] == s.y[i] && s.points[i].Expected == s.points[i].Expected {
			al.y += s.y[i]
			al.expected += s.points[i].Expected
		}
	}
}

// nothing is the share of a value below which an expectation counts as none: it is what arithmetic left over.
const nothing = 1e-6

// change is the relative deviation of an alert; NaN where nothing was expected.
func (a *alert) change() float64 {
	if math.Abs(a.expected) <= nothing*math.Abs(a.y) {
		return math.NaN()
	}
	return (a.y - a.expected) / math.Abs(a.expected)
}

// alertText is one alert in words for notes.
func (p *timeline) alertText(al alert) string {
	when := p.stampText(p.stampAt(al.series, al.from))
	if al.to > al.from {
		when += " to " + p.stampText(p.stampAt(al.series, al.to))
	}
	id := p.alertID(al)
	text := fmt.Sprintf("%s %s, %s: %s instead of %s", id, when, strings.ReplaceAll(al.kind.String(), "_", " "), plainNumber(al.y), plainNumber(al.expected))
	if c := al.change(); math.Abs(c) < 100 { // beyond, the expected value is next to nothing
		text += fmt.Sprintf(" (%+.0f %%)", 100*c)
	}
	if al.event != nil {
		text += " near " + eventText(al.event)
	}
	if al.cause != nil && !al.slice {
		text += fmt.Sprintf(", %s explains %.0f %%", al.cause.text(), 100*math.Min(al.cause.share, 1))
	}
	return text
}

// alertID names the series of an alert, and the part of it where only that was odd.
func (p *timeline) alertID(al alert) string {
	id := p.series[al.series].id
	if al.slice {
		id += ", " + al.cause.text()
	}
	return id
}

func plainNumber(v float64) string {
	if a := math.Abs(v); a >= 1000 && a < 1e15 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// stampText writes a stamp for notes.
func (p *timeline) stampText(stamp int64) string {
	g := p.grid
	if p.stampType == expr.Date {
		g.typ = expr.Date
	}
	return g.text(stamp)
}

// explain looks, in the tables by dimension, for what accounts for each alert: the deviation
// of each value from its own expectation, the median of the same phase of the cycles before.
func (p *timeline) explain(a *query.Answer, alerts []alert) {
	if len(alerts) == 0 || p.grid.unit == query.NoCut {
		return
	}
	for _, t := range a.Tables[min(1, len(a.Tables)):] {
		dim, ok := dimOfTable(t)
		if !ok {
			continue
		}
		parts := p.partsOf(t)
		for n := range alerts {
			al := &alerts[n]
			p.explainBy(al, dim, parts[p.series[al.series].id])
		}
	}
}

// dimOfTable returns the dimension that a table of the plan splits by.
func dimOfTable(t *query.Table) (string, bool) { return strings.CutPrefix(t.Name, "by ") }

// dimPart is one value of a dimension within one series.
type dimPart struct {
	value string
	y     []float64 // by step of the grid
}

// partsOf reads a table by period, series and dimension.
func (p *timeline) partsOf(t *query.Table) map[string][]dimPart {
	last := len(t.Cols) - 2
	steps := int64(0)
	for i := range p.series {
		steps = max(steps, p.series[i].first+int64(len(p.series[i].y)))
	}
	scale := 1.0
	if p.money {
		scale = 1e4
	}
	at := map[string]map[string]int{}
	out := map[string][]dimPart{}
	trimmed := *t
	trimmed.Cols = append(slices.Clone(t.Cols[:last]), t.Cols[last+1])
	for i := range t.N {
		if t.Cols[0].IsNull(i) {
			continue
		}
		k, _ := p.grid.index(p.origin, cutMicros(t.Cols[0].I64[i], p.grid.unit))
		if k < 0 || k >= steps {
			continue
		}
		id := rowID(&trimmed, i)
		value, ok := textAt(&t.Cols[last], i)
		if !ok {
			value = "unknown"
		}
		if at[id] == nil {
			at[id] = map[string]int{}
		}
		j, ok := at[id][value]
		if !ok {
			j = len(out[id])
			at[id][value] = j
			out[id] = append(out[id], dimPart{value: value, y: make([]float64, steps)})
		}
		out[id][j].y[k] += floatAt(&t.Cols[last+1], i) / scale
	}
	return out
}

// cycles is the number of earlier cycles whose median is expected of a part.
const cycles = 8

// explainBy keeps the cause in one dimension if it says more than the one known.
func (p *timeline) explainBy(al *alert, dim string, parts []dimPart) {
	s := &p.series[al.series]
	slices := make([]anomaly.Slice, len(parts))
	for j := range parts {
		for i := al.from; i <= al.to; i++ {
			k := s.first + int64(i)
			slices[j].Actual += parts[j].y[k]
			slices[j].Expected += p.ordinary(parts[j].y, s, al, k)
		}
	}
	dev := 0.0
	for _, x := range slices {
		dev += x.Actual - x.Expected
	}
	if (dev > 0) != (al.y > al.expected) {
		return
	}
	c, ok := anomaly.Explain(slices)
	if !ok || al.cause != nil && c.Surprise() <= al.cause.share-al.cause.base {
		return
	}
	found := &cause{dim: dim, share: math.Min(c.Share, 1), base: c.Base}
	for _, j := range c.Values {
		found.values = append(found.values, parts[j].value)
	}
	al.cause = found
}

// ordinary is the median of a part at the same phase of the cycles before an alert.
func (p *timeline) ordinary(y []float64, s *timeSeries, al *alert, k int64) float64 {
	period := int64(1)
	if len(p.periods) > 0 {
		period = int64(p.periods[len(p.periods)-1])
		if k-s.first < 3*period {
			period = int64(p.periods[0])
		}
	}
	var v []float64
	for at := k - period; at >= s.first && len(v) < cycles; at -= period {
		if i := int(at - s.first); i < al.from && !s.points[i].Anomaly {
			v = append(v, y[at])
		}
	}
	if len(v) == 0 {
		return 0
	}
	return median(v)
}

var alertSpecs = []result.Spec{
	{Name: "unique_id", Type: expr.Text, Desc: "the series; total when there is one; “total, region = SP” where only that part of it was odd"},
	{Name: "from", Type: expr.Date, Desc: "first period of the incident"},
	{Name: "to", Type: expr.Date, Desc: "its last period that is an anomaly"},
	{Name: "kind", Type: expr.Text, Desc: "spike, dip, missing (nothing where something was sure), shift_up or shift_down (a level that stayed)"},
	{Name: "y", Type: expr.Float, Desc: "the values of the incident added up; those of the dimension's value alone where only that was odd"},
	{Name: "expected", Type: expr.Float, Desc: "their expectations added up"},
	{Name: "change", Type: expr.Float, Unit: result.Ratio, Desc: "(y − expected) / |expected|, a ratio: 0.5 is half more", Null: "nothing was expected"},
	{Name: "p", Type: expr.Float, Desc: "probability of its strangest point"},
	{Name: "dimension", Type: expr.Text, Desc: "the column that explains it", Null: "no few values of one column stand out"},
	{Name: "value", Type: expr.Text, Desc: "its values that do, the largest part first", Null: "no dimension"},
	{Name: "share", Type: expr.Float, Unit: result.Ratio, Desc: "their part of the deviation, each from its own expectation; 1 where only they were odd", Null: "no dimension"},
	{Name: "event", Type: expr.Text, Desc: "the holiday or promotion that it lies near (--country, --events-file), and how often that was seen before", Null: "no known event"},
}

// alertTable lists the incidents.
func alertTable(p *timeline, alerts []alert) *result.Table {
	specs := append([]result.Spec(nil), alertSpecs...)
	specs[0].Type, specs[1].Type, specs[2].Type = p.idType, p.stampType, p.stampType
	cols := newColumns(specs, len(alerts))
	for _, al := range alerts {
		if al.slice {
			result.AppendText(&cols[0], p.alertID(al))
		} else {
			p.appendID(&cols[0], al.series)
		}
		result.AppendInt(&cols[1], p.cell(p.stampAt(al.series, al.from)))
		result.AppendInt(&cols[2], p.cell(p.stampAt(al.series, al.to)))
		result.AppendText(&cols[3], al.kind.String())
		result.AppendFloat(&cols[4], al.y)
		result.AppendFloat(&cols[5], al.expected)
		appendFloatOrNull(&cols[6], al.change())
		result.AppendFloat(&cols[7], al.p)
		if al.event != nil {
			result.AppendText(&cols[11], eventText(al.event))
		} else {
			result.AppendNull(&cols[11])
		}
		if al.cause == nil {
			for c := 8; c <= 10; c++ {
				result.AppendNull(&cols[c])
			}
			continue
		}
		result.AppendText(&cols[8], al.cause.dim)
		result.AppendText(&cols[9], strings.Join(al.cause.values, ", "))
		result.AppendFloat(&cols[10], al.cause.share)
	}
	return tableOf("anomaly_alerts", specs, cols)
}
