package analysis

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// trend draws the measure over the period, the other period behind it, place by place.
func (d *exploreData) trend(a *query.Answer) (Figure, bool, error) {
	p, s := d.p, d.series(a, "", d.w)
	if len(s.periods) < 2 || !d.has(d.m.id) {
		return Figure{}, false, nil
	}
	var old *series
	if d.comparable() {
		old = d.series(a, ".before", d.cw)
	}
	l := chart.Lines{ID: "explore-trend", Height: 300, Value: d.m.shortText}
	vals := make([]float64, len(s.of))
	past := make([]float64, len(s.of))
	for i, t := range s.of {
		vals[i], past[i] = d.m.value(t), math.NaN()
		l.Labels = append(l.Labels, p.AxisDay(s.periods[i]))
		tip := d.pointTip(s, i, "")
		if old != nil && i < len(old.of) {
			past[i] = d.m.value(old.of[i])
			tip += "\n" + d.pointTip(old, i, p.Pick("before: ", "之前："))
		}
		l.Tips = append(l.Tips, tip)
	}
	solid, dashed := splitOpen(s, vals)
	if old != nil {
		l.Series = append(l.Series, chart.Line{Name: d.compareSpan(), Color: "@other", Values: past, Width: 1.5, Faint: true})
		l.Legend = []chart.Key{{Color: "@s1", Text: p.Span(d.w.from, d.w.end)}, {Color: "@other", Text: d.compareSpan()}}
	}
	l.Series = append(l.Series, chart.Line{Name: d.m.name, Color: "@s1", Values: solid, Width: 2.5, Area: old == nil})
	note := ""
	if dashed != nil {
		l.Series = append(l.Series, chart.Line{Name: p.Pick("not complete", "不完整"), Color: "@s1", Values: dashed, Dashed: true, Width: 1.5})
		note = p.Pick("Dashed: a "+p.PeriodUnit(d.cut)+" that the period covers only in part.", "虚线：所选时段仅覆盖了一部分的"+p.PeriodUnit(d.cut)+"。")
	}
	if d.cut == phrase.Day {
		l.Shade = weekends(s)
		if len(l.Shade) > 0 {
			l.Legend = append(l.Legend, chart.Key{Color: "@weekend", Text: p.Pick("weekend", "周末")})
		}
	}
	l.Ticks = exploreTicks(s)
	c, err := l.Chart()
	return Figure{ID: l.ID, Question: d.trendQuestion(), Alt: d.trendAlt(s, vals), Chart: c, Table: d.trendTable(s, old), Note: note}, true, err
}

// tickedAll is up to how many periods each has its label where there is room.
const tickedAll = 16

// exploreTicks are the labels of the time axis: of a short period every one, where there is room.
func exploreTicks(s *series) []chart.Tick {
	if len(s.periods) > tickedAll {
		return monthTicks(s)
	}
	at := make([]chart.Tick, len(s.periods))
	for i := range at {
		at[i] = chart.Tick{Index: i, Rank: i}
	}
	return at
}

func (d *exploreData) pointTip(s *series, i int, lead string) string {
	p := d.p
	when := p.Period(s.periods[i])
	if d.cut == phrase.Day {
		when = p.DayLong(s.periods[i].Start)
	}
	text := "–"
	if v := d.m.value(s.of[i]); !math.IsNaN(v) {
		text = d.m.text(v)
	}
	if lead != "" {
		return lead + text + p.Pick(" (", "（") + when + p.Pick(")", "）")
	}
	return when + "\n" + text
}

func (d *exploreData) trendQuestion() string {
	unit := d.p.PeriodUnit(d.cut)
	if d.p.ZH() {
		return d.p.Pick("", map[phrase.Cut]string{phrase.Day: "每日", phrase.Week: "每周", phrase.Month: "每月"}[d.cut]+d.m.name+"如何变化？")
	}
	switch d.m.id {
	case mRevenue:
		return "How much came in each " + unit + "?"
	case mAOV:
		return "How large was an order each " + unit + "?"
	}
	return "How many " + d.m.name + " each " + unit + "?"
}

func (d *exploreData) trendAlt(s *series, vals []float64) string {
	p, best, least := d.p, -1, -1
	for i, v := range vals {
		if math.IsNaN(v) || s.open(i) {
			continue
		}
		if best < 0 || v > vals[best] {
			best = i
		}
		if least < 0 || v < vals[least] {
			least = i
		}
	}
	if best < 0 || best == least {
		return ""
	}
	return p.Pick("The most, "+d.words(vals[best])+", "+p.When(d.cut)+p.Period(s.periods[best])+"; the least, "+d.words(vals[least])+", "+p.When(d.cut)+p.Period(s.periods[least])+".",
		"最高为"+p.Period(s.periods[best])+"，"+d.words(vals[best])+"；最低为"+p.Period(s.periods[least])+"，"+d.words(vals[least])+"。")
}

// specs are the columns of a table of totals that the input can fill.
func (d *exploreData) specs() []result.Spec {
	out := []result.Spec{revenueSpec}
	for _, s := range []result.Spec{ordersSpec, customersSpec, unitsSpec, aovSpec} {
		if d.has(s.Name) {
			out = append(out, s)
		}
	}
	return out
}

// cells are the values of specs.
func (d *exploreData) cells(t totals) []any {
	out := []any{t.revenue}
	for _, v := range []struct {
		name  string
		value any
	}{{mOrders, t.orders}, {mCustomers, t.customers}, {mUnits, t.units}, {mAOV, t.aov()}} {
		if d.has(v.name) {
			out = append(out, v.value)
		}
	}
	return out
}

// beforeSpec is the column of the measure in the other period.
func (d *exploreData) beforeSpec() result.Spec {
	if d.m.id == mRevenue || d.m.id == mAOV {
		return result.Spec{Name: "before", Type: expr.Float, Unit: result.Money, Desc: d.m.id + " in the period compared with", Null: "no such period"}
	}
	return result.Spec{Name: "before", Type: expr.Float, Desc: d.m.id + " in the period compared with", Null: "no such period"}
}

func (d *exploreData) trendTable(s, old *series) *result.Table {
	specs := append([]result.Spec{{Name: "date", Type: expr.Date, Desc: "first day of the period"}}, d.specs()...)
	specs = append(specs, result.Spec{Name: "complete", Type: expr.Bool, Desc: "the chosen period covers all of it"})
	if old != nil {
		specs = append(specs, d.beforeSpec())
	}
	b := newTable("explore-"+s.cutName(), specs...)
	for i, t := range s.of {
		row := append([]any{s.periods[i].Start}, d.cells(t)...)
		row = append(row, !s.open(i))
		if old != nil {
			v := math.NaN()
			if i < len(old.of) {
				v = d.m.value(old.of[i])
			}
			row = append(row, v)
		}
		b.row(row...)
	}
	return b.t
}

// explorePart is one value of the dimension, in both periods.
type explorePart struct {
	name        string
	known       bool
	key         int64 // of a calendar cut
	now, before totals
}

func (q explorePart) label(runes int) string {
	if n := phrase.Name(q.name, runes); n != "" {
		return n
	}
	return "–"
}

// change is the difference of the measure; 0 where either is unknown.
func (q explorePart) change(m exploreMeasure) float64 {
	d := m.value(q.now) - m.value(q.before)
	if math.IsNaN(d) {
		return 0
	}
	return d
}

// partsBy reads the parts, the largest first; calendar cuts in their own order.
func (d *exploreData) partsBy(a *query.Answer) []explorePart {
	at := map[string]int{}
	var parts []explorePart
	read := func(t *query.Table, put func(*explorePart, totals)) {
		if t == nil {
			return
		}
		for i := range t.N {
			name, ok := textAt(&t.Cols[0], i)
			id := name
			if !ok {
				name, id = unknown(d.p), "\x00"
			}
			k, seen := at[id]
			if !seen {
				k = len(parts)
				at[id] = k
				parts = append(parts, explorePart{name: d.partName(name), known: ok, key: valueAt(&t.Cols[0], i)})
			}
			put(&parts[k], totalsAt(t, i))
		}
	}
	read(tableNamed(a, "by"), func(q *explorePart, t totals) { q.now = t })
	if d.comparable() {
		read(tableNamed(a, "by.before"), func(q *explorePart, t totals) { q.before = t })
	}
	value := func(q explorePart) float64 {
		if v := d.m.value(q.now); !math.IsNaN(v) {
			return v
		}
		return math.Inf(-1)
	}
	slices.SortStableFunc(parts, func(x, y explorePart) int {
		if d.calendar() {
			return cmp.Compare(x.key, y.key)
		}
		return cmp.Or(cmp.Compare(value(y), value(x)), cmp.Compare(x.name, y.name))
	})
	return parts
}

// calendar reports whether the dimension is a calendar cut, whose order is its own.
func (d *exploreData) calendar() bool {
	_, cut := query.ParseCut(d.e.By)
	return cut && !d.r.Rel.Has(d.e.By)
}

// partName writes a value of a calendar cut.
func (d *exploreData) partName(s string) string {
	n, err := strconv.Atoi(s)
	if err != nil || !d.calendar() {
		return s
	}
	switch {
	case d.e.By == query.Weekday.String() && n >= 1 && n <= 7:
		return d.p.WeekdayLong(n)
	case d.e.By == query.MonthOfYear.String() && n >= 1 && n <= 12:
		return d.p.MonthName(n)
	case d.e.By == query.HourOfDay.String():
		return s + ":00"
	}
	return s
}

// Bounds of the parts: so many bars are drawn.
const exploreBars = 15

// parts draws the measure by the dimension.
func (d *exploreData) parts(a *query.Answer) (Figure, bool, error) {
	p := d.p
	if d.e.By == "" || !d.has(d.m.id) {
		return Figure{}, false, nil
	}
	parts := d.partsBy(a)
	if len(parts) == 0 {
		return Figure{}, false, nil
	}
	shown := parts
	if !d.calendar() {
		shown = parts[:min(exploreBars, len(parts))]
	}
	b := chart.Bars{ID: "explore-parts", Lying: true, Value: d.m.shortText}
	bar := chart.Bar{Name: d.m.name, Color: "@s1"}
	for _, q := range shown {
		v := d.m.value(q.now)
		b.Labels = append(b.Labels, q.label(32))
		text := "–"
		if !math.IsNaN(v) {
			text = d.m.shortText(v)
		}
		bar.Values, bar.Labels, bar.Grey = append(bar.Values, v), append(bar.Labels, text), append(bar.Grey, !q.known)
		b.Tips = append(b.Tips, d.partTip(q))
	}
	b.Labels = apartLabels(b.Labels)
	b.Series = []chart.Bar{bar}
	note := ""
	if n := len(parts) - len(shown); n > 0 {
		note = p.Pick("The "+p.Count(int64(len(shown)))+" largest are drawn; "+p.Count(int64(n))+" more are in the table.", "图中为最大的 "+p.Count(int64(len(shown)))+" 个；表中还有 "+p.Count(int64(n))+" 个。")
	}
	c, err := b.Chart()
	question := p.Pick("Which "+d.byName()+" brings the most "+d.m.name+"?", "哪个"+d.byName()+"的"+d.m.name+"最多？")
	if d.m.id == mAOV {
		question = p.Pick("Which "+d.byName()+" has the largest orders?", "哪个"+d.byName()+"的客单价最高？")
	}
	return Figure{ID: b.ID, Question: question, Alt: d.partsAlt(parts), Chart: c, Table: d.partsTable(parts), Note: note}, true, err
}

// apartLabels makes equal labels differ: an axis of categories merges equal ones.
func apartLabels(labels []string) []string {
	seen := map[string]int{}
	for i, s := range labels {
		if n := seen[s]; n > 0 {
			labels[i] = s + " (" + strconv.Itoa(n+1) + ")"
		}
		seen[s]++
	}
	return labels
}

func (d *exploreData) partTip(q explorePart) string {
	p := d.p
	write := func(t totals) string {
		if v := d.m.value(t); !math.IsNaN(v) {
			return d.m.text(v)
		}
		return "–"
	}
	s := q.label(60) + "\n" + write(q.now)
	if total := d.m.value(d.now); d.m.adds && total > 0 {
		s += p.Pick(", ", "，") + p.Percent(d.m.value(q.now)/total)
	}
	if d.comparable() {
		s += "\n" + p.Pick("before: ", "之前：") + write(q.before)
	}
	return s
}

func (d *exploreData) partsAlt(parts []explorePart) string {
	p := d.p
	best := 0
	for i := range parts {
		if v := d.m.value(parts[i].now); v > d.m.value(parts[best].now) || math.IsNaN(d.m.value(parts[best].now)) {
			best = i
		}
	}
	v := d.m.value(parts[best].now)
	if math.IsNaN(v) {
		return ""
	}
	share := ""
	if total := d.m.value(d.now); d.m.adds && total > 0 {
		share = p.Pick(", "+p.Percent(v/total)+" of all", "，占 "+p.Percent(v/total))
	}
	return p.Pick(parts[best].label(40)+" leads with "+d.words(v)+share+".", parts[best].label(40)+"居首，"+d.words(v)+share+"。")
}

func (d *exploreData) partsTable(parts []explorePart) *result.Table {
	specs := append([]result.Spec{textSpec(d.e.By, "the dimension")}, d.specs()...)
	if d.comparable() {
		specs = append(specs, d.beforeSpec())
	}
	b := newTable("explore-parts", specs...)
	for _, q := range parts {
		row := append([]any{q.name}, d.cells(q.now)...)
		if d.comparable() {
			row = append(row, d.m.value(q.before))
		}
		b.row(row...)
	}
	return b.t
}

// movers draws which parts gained and lost most against the other period.
func (d *exploreData) movers(a *query.Answer) (Figure, bool, error) {
	p := d.p
	if d.e.By == "" || !d.comparable() || !d.has(d.m.id) {
		return Figure{}, false, nil
	}
	parts := slices.DeleteFunc(d.partsBy(a), func(q explorePart) bool { return math.Abs(q.change(d.m)) < 1e-9 })
	if len(parts) < 3 {
		return Figure{}, false, nil
	}
	slices.SortStableFunc(parts, func(x, y explorePart) int { return cmp.Compare(y.change(d.m), x.change(d.m)) })
	drawn := parts
	if len(parts) > 2*drawnMovers {
		drawn = slices.Concat(parts[:drawnMovers], parts[len(parts)-drawnMovers:])
	}
	b := chart.Bars{ID: "explore-moved", Lying: true, Value: d.m.shortText}
	bar := chart.Bar{Name: p.Pick("change", "变化"), Color: "@s1", Fall: "@s2"}
	tb := newTable("explore-moved", textSpec(d.e.By, "the dimension"), floatSpec("before", d), floatSpec("now", d), floatSpec("change", d))
	for _, q := range drawn {
		c := q.change(d.m)
		b.Labels = append(b.Labels, q.label(36))
		bar.Values, bar.Labels = append(bar.Values, c), append(bar.Labels, phrase.Signed(c, d.m.shortText(c)))
		b.Tips = append(b.Tips, d.partTip(q))
	}
	for _, q := range parts {
		tb.row(q.name, d.m.value(q.before), d.m.value(q.now), q.change(d.m))
	}
	b.Labels = apartLabels(b.Labels)
	b.Series = []chart.Bar{bar}
	b.Legend = []chart.Key{{Color: "@s1", Text: p.Pick("more than before", "比之前多")}, {Color: "@s2", Text: p.Pick("less than before", "比之前少")}}
	c, err := b.Chart()
	first, last := parts[0], parts[len(parts)-1]
	alt := p.Pick("Against "+d.compareSpan()+": "+first.label(40)+" "+phrase.Signed(first.change(d.m), d.m.shortText(first.change(d.m)))+", "+last.label(40)+" "+phrase.Signed(last.change(d.m), d.m.shortText(last.change(d.m)))+".",
		"与"+d.compareSpan()+"相比："+first.label(40)+" "+phrase.Signed(first.change(d.m), d.m.shortText(first.change(d.m)))+"，"+last.label(40)+" "+phrase.Signed(last.change(d.m), d.m.shortText(last.change(d.m)))+"。")
	return Figure{ID: b.ID, Question: p.Pick("Which "+d.byName()+" moved?", "哪个"+d.byName()+"变化最大？"), Alt: alt, Chart: c, Table: tb.t}, true, err
}

// floatSpec is a column of the measure.
func floatSpec(name string, d *exploreData) result.Spec {
	s := d.beforeSpec()
	s.Name = name
	return s
}
