package analysis

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
)

var exploreTitle = Text{"This period", "所选时段"}

// exploreData is what the view of an Explore is made from.
type exploreData struct {
	r           *Request
	e           *Explore
	p           phrase.Printer
	m           exploreMeasure
	now, before totals
	w, cw       window   // the covered days of the period, and of the one to compare with
	earlier     []totals // of the periods before that one, the latest first; nil = not asked
	short       bool     // the data cover the period to compare with only in part
	cut         phrase.Cut
}

// exploreMeasure is how a measure is read, written and asked about.
type exploreMeasure struct {
	id        string
	name      string
	value     func(totals) float64 // NaN = none
	text      func(float64) string // full
	shortText func(float64) string
	adds      bool // the values of the parts add up to the total
}

func exploreView(r *Request, e *Explore, a *query.Answer) (*View, error) {
	if err := wide(a.Tables...); err != nil {
		return nil, err
	}
	p := r.printer(a)
	v := &View{ID: "explore", Title: exploreTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	d := &exploreData{r: r, e: e, p: p, w: windowOf(r, a)}
	d.m = d.measures()[e.Measure]
	d.now = firstTotals(tableNamed(a, "total"))
	d.cut = exploreCut(e, d.w)
	if e.compares() {
		cr := *r
		cr.From, cr.To = e.CompareFrom, e.CompareTo
		d.cw = windowOf(&cr, a)
		d.before = firstTotals(tableNamed(a, "total.before"))
		d.readEarlier(a)
		d.short = a.Account.FirstSold >= e.CompareFrom+dayMicros || d.cw.end*dayMicros < e.CompareTo
	}
	if d.now.lines == 0 {
		v.Missing = p.Pick("Nothing was sold in this period with these filters: choose a longer period or fewer filters.", "所选时段与筛选条件下没有销售：请选择更长的时段或减少筛选条件。")
		return v, nil
	}
	v.Lead = d.lead(a)
	v.Tiles = d.tiles(a)
	for _, f := range []func(*query.Answer) (Figure, bool, error){d.trend, d.parts, d.movers} {
		fig, ok, err := f(a)
		if err != nil {
			return nil, err
		}
		if ok {
			v.Figures = append(v.Figures, fig)
		}
	}
	return v, nil
}

// firstTotals reads the one row of a table without dimensions.
func firstTotals(t *query.Table) totals {
	if t == nil || t.N == 0 {
		return totals{}
	}
	return totalsAt(t, 0)
}

func totalsAt(t *query.Table, i int) totals {
	return totals{revenue: valueAt(t.Col(mRevenue), i), orders: valueAt(t.Col(mOrders), i), customers: valueAt(t.Col(mCustomers), i),
		units: floatAt(t.Col(mUnits), i), lines: valueAt(t.Col("lines"), i)}
}

// measures are the known measures by id.
func (d *exploreData) measures() map[string]exploreMeasure {
	p := d.p
	money := func(v float64) string { return p.Money(exact(v)) }
	moneyShort := func(v float64) string { return p.MoneyShort(exact(v)) }
	count := func(v float64) string { return p.Count(int64(math.Round(v))) }
	countShort := func(v float64) string { return p.CountShort(int64(math.Round(v))) }
	return map[string]exploreMeasure{
		mRevenue:   {mRevenue, p.Pick("revenue", "收入"), revenueOf, money, moneyShort, true},
		mOrders:    {mOrders, p.Pick("orders", "订单"), func(t totals) float64 { return float64(t.orders) }, count, countShort, false},
		mCustomers: {mCustomers, p.Pick("customers", "客户"), func(t totals) float64 { return float64(t.customers) }, count, countShort, false},
		mUnits:     {mUnits, p.Pick("units", "件数"), func(t totals) float64 { return t.units }, count, countShort, true},
		mAOV:       {mAOV, p.Pick("average order", "客单价"), totals.aov, money, moneyShort, false},
	}
}

// has reports whether the input has what a measure needs.
func (d *exploreData) has(measure string) bool {
	switch measure {
	case mOrders, mAOV:
		return d.r.Rel.Has("order_id")
	case mCustomers:
		return d.r.Rel.Has("customer_id")
	case mUnits:
		return d.r.Rel.Has("quantity")
	}
	return true
}

// comparable reports whether a change against the other period may be told.
func (d *exploreData) comparable() bool { return d.e.compares() && !d.short }

// lead writes the finding of the period.
func (d *exploreData) lead(a *query.Answer) []string {
	p := d.p
	span := p.Span(d.w.from, d.w.end)
	now, before := d.m.value(d.now), d.m.value(d.before)
	if !d.has(d.m.id) || math.IsNaN(now) {
		return []string{p.Pick("The input does not tell "+d.m.name+".", "输入中没有"+d.m.name+"所需的列。")}
	}
	name := sentence(d.m.name)
	was := p.Pick(name+" was "+d.words(now)+" ("+span+")", span+d.m.name+"为 "+d.words(now))
	if d.m.id != mRevenue && d.m.id != mAOV {
		was = p.Pick(d.words(now)+" "+d.m.name+" ("+span+")", span+d.m.name+"："+d.words(now))
	}
	switch {
	case !d.e.compares():
		return []string{was + p.Pick(".", "。")}
	case d.short:
		return []string{was + p.Pick(".", "。"), p.Pick("The data do not cover all of "+d.compareSpan()+", so nothing is compared.", "数据未覆盖"+d.compareSpan()+"的全部，因此不作比较。")}
	case math.IsNaN(before) || before <= 0:
		return []string{was + p.Pick("; there was none in "+d.compareSpan()+".", "；"+d.compareSpan()+"没有。")}
	}
	head := d.moved(now, now/before-1, span)
	if n := min(d.now.orders, d.before.orders); d.has(mOrders) && n < phrase.Thin {
		return []string{head + p.Pick(" ("+p.Count(n)+" "+phrase.Plural(n, "order", "orders")+" in the smaller period: too few to tell).", "（较小的时段只有 "+p.Count(n)+" 笔订单：太少，无法判断）。")}
	}
	return append(append([]string{head + p.Pick(".", "。")}, d.usualWords()...), d.cause(a, now-before)...)
}

// moved writes the change of the measure and both periods.
func (d *exploreData) moved(now, rate float64, span string) string {
	p, name := d.p, sentence(d.m.name)
	against := p.Pick(" ("+span+", against "+d.compareSpan()+")", "（对比"+d.compareSpan()+"）")
	switch {
	case math.Abs(rate) < 0.005:
		return p.Pick(name+" held at "+d.words(now), span+d.m.name+"持平，为 "+d.words(now)) + against
	case rate > 0:
		return p.Pick(name+" rose "+p.Percent(rate)+" to "+d.words(now), span+d.m.name+"增长 "+p.Percent(rate)+"，至 "+d.words(now)) + against
	}
	return p.Pick(name+" fell "+p.Percent(-rate)+" to "+d.words(now), span+d.m.name+"下降 "+p.Percent(-rate)+"，至 "+d.words(now)) + against
}

// words writes the measure for a sentence.
func (d *exploreData) words(v float64) string {
	if d.m.id == mRevenue || d.m.id == mAOV {
		return d.p.MoneyWords(exact(v))
	}
	return d.m.text(v)
}

// sentence starts a sentence with a word.
func sentence(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}

func (d *exploreData) compareSpan() string {
	return d.p.Span(civil.FloorDiv(d.e.CompareFrom, dayMicros), civil.FloorDiv(d.e.CompareTo+dayMicros-1, dayMicros))
}

// compareShort names the other period for a tile: a month, so many days before, or its days.
func (d *exploreData) compareShort() string {
	from, end := civil.FloorDiv(d.e.CompareFrom, dayMicros), civil.FloorDiv(d.e.CompareTo+dayMicros-1, dayMicros)
	month := phrase.PeriodOf(phrase.Month, from)
	switch {
	case month.Start == from && month.End == end:
		return d.p.MonthYear(from)
	case end == d.w.from && end-from == d.w.end-d.w.from && end-from > 1:
		n := d.p.Count(end - from)
		return d.p.Pick("prior "+n+" days", "此前 "+n+" 天")
	}
	return d.p.Span(from, end)
}

// cause names the part that moved most, where the parts add up and one carries half of the change or more.
func (d *exploreData) cause(a *query.Answer, delta float64) []string {
	p := d.p
	if d.e.By == "" || !d.m.adds || math.Abs(delta) < 1e-9 {
		return nil
	}
	parts := d.partsBy(a)
	best := -1
	for i, q := range parts {
		if c := q.change(d.m); (c > 0) == (delta > 0) && (best < 0 || math.Abs(c) > math.Abs(parts[best].change(d.m))) {
			best = i
		}
	}
	if best < 0 || len(parts) < 2 {
		return nil
	}
	c := parts[best].change(d.m)
	share := c / delta
	name := parts[best].label(40)
	amount := phrase.Signed(c, d.m.shortText(c))
	switch {
	case share >= 1:
		return []string{p.Pick(name+" alone moved by "+amount+"; the others together went the other way.", name+"单独变动 "+amount+"；其余合计方向相反。")}
	case share >= 0.5:
		return []string{p.Pick(sentence(p.InTen(share))+" of the change is "+name+" ("+amount+").", "变化的"+p.InTen(share)+"来自"+name+"（"+amount+"）。")}
	}
	return []string{p.Pick("No single "+d.byName()+" carries the change; "+name+" moved most ("+amount+").", "没有单一"+d.byName()+"主导变化；变动最大的是"+name+"（"+amount+"）。")}
}

func (d *exploreData) byName() string { return d.p.Column(d.e.By) }

// tiles writes every measure of the period beside the other one.
func (d *exploreData) tiles(a *query.Answer) []Tile {
	p := d.p
	s := d.series(a, "", d.w)
	ms := d.measures()
	var out []Tile
	for _, id := range ExploreMeasures {
		if !d.has(id) {
			continue
		}
		m := ms[id]
		now := m.value(d.now)
		t := Tile{Label: sentence(m.name), Good: true, Value: "–", Full: "–"}
		if !math.IsNaN(now) {
			t.Value, t.Full = m.shortText(now), m.text(now)
		}
		for i := s.first; i <= s.last; i++ {
			t.Spark = append(t.Spark, m.value(s.of[i]))
		}
		if before := m.value(d.before); d.comparable() {
			t.Note = p.Pick("vs "+d.compareShort(), "对比 "+d.compareShort())
			if before > 0 && !math.IsNaN(now) {
				rate := now/before - 1
				t.Change, t.Up = phrase.Signed(rate, p.Percent(rate)), rate > 0
			}
			if t.Trend, _, _, _ = d.usual(m); t.Trend == TooFewData {
				t.Trend = NoTrend // the lead says so once
			}
		}
		out = append(out, t)
	}
	return out
}

// series spreads the period's (suffix "") or the other period's (".before") table of the cut.
func (d *exploreData) series(a *query.Answer, suffix string, w window) *series {
	return newSeries(d.cut, tableNamed(a, cutOf[d.cut].String()+suffix), nil, w)
}
