package analysis

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
)

var geoTitle = Text{"Regions", "地区"}

// geoSection answers: where do the buyers live?
var geoSection = &Section{
	Order: 30,
	Title: geoTitle,
	Plan:  geoSectionPlan,
	View:  geoView,
}

// geoColumns are the places shown, the finest first.
var geoColumns = []string{"region", "country"}

func geoSectionPlan(r *Request) (query.Plan, error) {
	var plan query.Plan
	for _, c := range geoColumns {
		if r.Rel.Has(c) {
			q := r.baseQuery("geo." + c)
			q.Dims = []query.Dim{{Name: c, Column: c}}
			q.Measures = r.measures(mRevenue, mOrders, mCustomers)
			plan.Queries = append(plan.Queries, q)
		}
	}
	return plan, nil
}

func geoView(_ context.Context, r *Request, a *query.Answer) (*View, error) {
	if err := wide(a.Tables...); err != nil {
		return nil, err
	}
	p := r.printer(a)
	v := &View{ID: "regions", Title: geoTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	empty := ""
	for _, c := range geoColumns {
		t := tableNamed(a, "geo."+c)
		places := placesOf(t, p)
		if len(places) == 1 && !places[0].known {
			empty = c
			continue
		}
		if len(places) < 2 && (c == "country" || t == nil) {
			continue
		}
		if err := v.addPlaces(p, c, places); err != nil {
			return nil, err
		}
	}
	switch {
	case len(v.Figures) == 0 && len(v.Lead) == 0 && empty != "":
		v.Missing = p.Pick("The "+empty+" column is empty on every sold line: map another with --map "+empty+"=Column.", "所有已售明细的 "+empty+" 列都为空：请用 --map "+empty+"=列名 指定其他列。")
	case len(v.Figures) == 0 && len(v.Lead) == 0:
		v.Missing = p.Pick("No region column: map one with --map region=Column (or --map country=Column).", "没有地区列：请用 --map region=列名（或 --map country=列名）指定。")
	}
	return v, nil
}

// place is what one region brought.
type place struct {
	item
	orders, customers int64
	known             bool
}

func placesOf(t *query.Table, p phrase.Printer) []place {
	if t == nil {
		return nil
	}
	rows := map[string]int{}
	for i := range t.N {
		id, ok := textAt(&t.Cols[0], i)
		if !ok {
			id = unknown(p)
		}
		rows[id] = i
	}
	items := itemsOf(t, p)
	out := make([]place, len(items))
	for k, it := range items {
		i := rows[it.id]
		out[k] = place{item: it, orders: valueAt(t.Col(mOrders), i), customers: valueAt(t.Col(mCustomers), i), known: !t.Cols[0].IsNull(i)}
	}
	return out
}

func (v *View) addPlaces(p phrase.Printer, column string, places []place) error {
	var total int64
	for _, q := range places {
		total += q.revenue
	}
	if total <= 0 || len(places) == 0 {
		return nil
	}
	facts := phrase.PlaceFacts{Places: len(places), Country: column == "country", First: places[0].label(32), FirstShare: float64(places[0].revenue) / float64(total)}
	if len(places) > 1 {
		facts.Second, facts.SecondShare = places[1].label(32), float64(places[1].revenue)/float64(total)
	}
	for n, sum := 0, int64(0); n < len(places); n++ {
		if sum += places[n].revenue; float64(sum) >= 0.8*float64(total) {
			facts.Eighty = n + 1
			break
		}
	}
	v.Lead = append(v.Lead, p.Places(facts))
	bars, err := placeBars(p, column, places, total)
	if err != nil {
		return err
	}
	v.Figures = append(v.Figures, bars)
	if len(places) >= 4 {
		tiles, ok, err := placeTiles(p, column, places, total)
		if err != nil {
			return err
		}
		if ok {
			v.Figures = append(v.Figures, tiles)
		}
	}
	return nil
}

// placeBars draws the fifteen largest places.
func placeBars(p phrase.Printer, column string, places []place, total int64) (Figure, error) {
	b := chart.Bars{ID: column + "-bars", Lying: true, Value: moneyFormat(p)}
	bar := chart.Bar{Name: p.Pick("revenue", "收入"), Color: "@s1"}
	shown := places[:min(15, len(places))]
	for _, q := range shown {
		b.Labels = append(b.Labels, q.label(32))
		b.Tips = append(b.Tips, q.tip(p, total))
		bar.Values = append(bar.Values, plain(q.revenue))
		bar.Labels = append(bar.Labels, p.MoneyShort(q.revenue))
		bar.Grey = append(bar.Grey, !q.known)
	}
	b.Series = []chart.Bar{bar}
	note := ""
	if rest := places[len(shown):]; len(rest) > 0 {
		var m int64
		for _, q := range rest {
			m += q.revenue
		}
		note = p.Pick("The other "+p.Count(int64(len(rest)))+" bring "+p.MoneyWords(m)+", "+p.Percent(float64(m)/float64(total))+" of revenue.",
			"其余 "+p.Count(int64(len(rest)))+" 个共 "+p.MoneyWords(m)+"，占 "+p.Percent(float64(m)/float64(total))+"。")
	}
	tb := newTable(column, textSpec(column, "the place"), revenueSpec, ratioSpec("share", "revenue / total revenue"), ordersSpec, customersSpec)
	for _, q := range places[:min(tableRows, len(places))] {
		tb.row(q.id, q.revenue, float64(q.revenue)/float64(total), q.orders, q.customers)
	}
	ch, err := b.Chart()
	question := p.Pick("Which regions bring the money?", "收入来自哪些地区？")
	if column == "country" {
		question = p.Pick("Which countries bring the money?", "收入来自哪些国家？")
	}
	return Figure{ID: b.ID, Question: question, Chart: ch, Table: tb.t, Note: note,
		Alt: p.Pick(places[0].label(32)+" leads with "+p.MoneyWords(places[0].revenue)+".", places[0].label(32)+"居首，"+p.MoneyWords(places[0].revenue)+"。")}, err
}

func (q place) tip(p phrase.Printer, total int64) string {
	s := q.label(60) + "\n" + p.Money(q.revenue) + "\n" + p.Percent(float64(q.revenue)/float64(total)) + p.Pick(" of revenue", " 的收入")
	if q.orders > 0 {
		s += "\n" + p.Count(q.orders) + p.Pick(" "+phrase.Plural(q.orders, "order", "orders"), " 笔订单")
	}
	if q.customers > 0 {
		s += "\n" + p.Count(q.customers) + p.Pick(" "+phrase.Plural(q.customers, "customer", "customers"), " 位客户")
	}
	return s
}

// spend is the tiles' measure: revenue a customer, or an order where customers
// are unknown, which the bars do not show. NaN where neither is known.
func (q place) spend() float64 {
	switch {
	case q.customers > 0:
		return plain(q.revenue) / float64(q.customers)
	case q.orders > 0:
		return plain(q.revenue) / float64(q.orders)
	}
	return math.NaN()
}

// maxTiles bounds the tiles drawn.
const maxTiles = 60

// placeTiles draws one tile a place. Brazil's states and those of the USA stand about
// as on the map. ok is false where too few places have customers enough.
func placeTiles(p phrase.Printer, column string, places []place, total int64) (fig Figure, ok bool, err error) {
	shown := places[:min(maxTiles, len(places))]
	var vals []float64
	for _, q := range shown {
		if v := q.spend(); v > 0 && !q.thin() {
			vals = append(vals, v)
		}
	}
	if len(vals) < 3 {
		return Figure{}, false, nil
	}
	lo, hi := quantile(vals, 0.05), quantile(vals, 0.95)
	grid, onMap := layoutOf(shown)
	h := chart.Heat{ID: column + "-tiles", Kind: "tiles", Height: 8 + grid.rows*52, Flow: !onMap, X: numbered(grid.cols), Y: numbered(grid.rows)}
	h.Legend = chart.ScaleLegend(shortMoney(p, lo), shortMoney(p, hi)+p.Pick(" a customer", "／客户"))
	tb := newTable(column+"-per-customer", textSpec(column, "the place"), moneySpec("revenue_per_customer", "revenue / customers (orders where customers are unknown)"))
	thin := false
	for i, q := range shown {
		at, placed := grid.at[i]
		if !placed || math.IsNaN(q.spend()) {
			continue
		}
		h.Cells = append(h.Cells, q.tile(p, at, logLevel(q.spend(), lo, hi), total))
		tb.row(q.id, exact(q.spend()))
		thin = thin || q.thin()
	}
	if thin {
		h.Legend = append(h.Legend, chart.Key{Color: "@empty", Text: p.Pick("fewer than 10 customers", "不足 10 位客户")})
	}
	fig = Figure{ID: h.ID, Question: p.Pick("Where does a customer spend most?", "哪里的客户花费最多？"), Table: tb.t, Note: tilesNote(p, onMap, len(shown) < len(places)), Alt: spendAlt(p, shown)}
	if column == "country" {
		fig.Question = p.Pick("In which country does a customer spend most?", "哪个国家的客户花费最多？")
	}
	fig.Chart, err = h.Chart()
	return fig, true, err
}

// tile draws a place; one with too few customers stays empty and says so.
func (q place) tile(p phrase.Printer, at [2]int, level float64, total int64) chart.Cell {
	m := exact(q.spend())
	cell := chart.Cell{X: at[0], Y: at[1], Level: level, Text: q.label(10) + "\n" + p.MoneyShort(m),
		Tip: q.tip(p, total) + "\n" + p.Money(m) + p.Pick(" a customer", "／客户")}
	if q.thin() {
		cell.Empty, cell.Text = true, q.label(10)+"\n"+p.Pick("too few", "太少")
		cell.Tip += "\n" + p.Pick("fewer than 10 customers: too few to tell", "不足 10 位客户：无法判断")
	}
	return cell
}

func tilesNote(p phrase.Printer, onMap, cut bool) string {
	note := p.Pick("Tiles in the order of revenue, row by row.", "按收入从高到低逐行排列。")
	if onMap {
		note = p.Pick("Tiles stand about where the states lie.", "方块位置大致对应各州的地理位置。")
	}
	if cut {
		note += p.Pick(" The 60 largest.", " 仅显示最大的 60 个。")
	}
	return note
}

// exact converts a mean in units of currency to exact money, rounded.
func exact(v float64) int64 { return int64(math.Round(v * phrase.MoneyScale)) }

func shortMoney(p phrase.Printer, v float64) string { return p.MoneyShort(exact(v)) }

// numbered returns the names of n grid lines.
func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = itoa(int64(i))
	}
	return out
}

// spendAlt names the places with the most and the least revenue a customer.
func spendAlt(p phrase.Printer, places []place) string {
	best, worst := -1, -1
	for i, q := range places {
		if q.thin() || math.IsNaN(q.spend()) {
			continue
		}
		if best < 0 || q.spend() > places[best].spend() {
			best = i
		}
		if worst < 0 || q.spend() < places[worst].spend() {
			worst = i
		}
	}
	money := func(i int) string { return shortMoney(p, places[i].spend()) }
	return p.Pick("Revenue a customer: most in "+places[best].label(32)+" ("+money(best)+"), least in "+places[worst].label(32)+" ("+money(worst)+").",
		"每位客户的收入："+places[best].label(32)+"最高（"+money(best)+"），"+places[worst].label(32)+"最低（"+money(worst)+"）。")
}

// thin reports whether a place has too few customers for a mean to say much.
func (q place) thin() bool { return q.customers < 10 && q.orders < 30 }

// logLevel places v between lo and hi on a logarithmic scale: spending is skewed.
func logLevel(v, lo, hi float64) float64 {
	if hi <= lo || lo <= 0 || v <= 0 {
		return 0.5
	}
	return math.Min(1, math.Max(0, math.Log(v/lo)/math.Log(hi/lo)))
}
