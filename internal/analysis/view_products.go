package analysis

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

var productsTitle = Text{"Products", "商品"}

// The section answers: which products and categories carry the shop?
var _ = RegisterSection("products", &Section{
	Order: 20,
	Title: productsTitle,
	Plan:  productsPlan,
	View:  productsView,
})

func productsPlan(r *Request) (query.Plan, error) {
	var plan query.Plan
	if key := r.productColumn(); key != "" {
		q := r.baseQuery("products")
		q.Dims = []query.Dim{{Name: key, Column: key}}
		if key != "product_name" && r.Rel.Has("product_name") {
			q.Dims = append(q.Dims, query.Dim{Name: "product_name", Column: "product_name"})
		}
		q.Measures = r.measures(mRevenue, mUnits, "lines")
		plan.Queries = append(plan.Queries, q)
	}
	if r.Rel.Has("category") {
		q := r.baseQuery("categories")
		q.Dims = []query.Dim{{Name: "category", Column: "category"}}
		q.Measures = r.measures(mRevenue, mUnits, "lines")
		plan.Queries = append(plan.Queries, q)
	}
	return plan, nil
}

// productColumn is what products are told apart by: the id, else the name; ""
// where the input has neither.
func (r *Request) productColumn() string {
	for _, c := range []string{"product_id", "product_name"} {
		if r.Rel.Has(c) {
			return c
		}
	}
	return ""
}

// item is a product, a category or a place with what it brought.
type item struct {
	id, name string
	revenue  int64
	units    float64
	lines    int64
	named    int64 // revenue of the rows that gave the name
}

// itemsOf sums a table by its first dimension, largest revenue first; the name
// is the variant of the second dimension that brought most.
func itemsOf(t *query.Table, p phrase.Printer) []item {
	if t == nil {
		return nil
	}
	at := make(map[string]int, t.N)
	items := make([]item, 0, t.N)
	name := t.Col("product_name")
	revenue, units, lines := t.Col(mRevenue), t.Col(mUnits), t.Col("lines")
	for i := range t.N {
		id, ok := textAt(&t.Cols[0], i)
		if !ok {
			id = unknown(p)
		}
		k, seen := at[id]
		if !seen {
			k = len(items)
			at[id] = k
			items = append(items, item{id: id, named: math.MinInt64})
		}
		it := &items[k]
		m := valueAt(revenue, i)
		it.revenue += m
		it.units += floatAt(units, i)
		it.lines += valueAt(lines, i)
		if n, ok := textAt(name, i); ok && m > it.named {
			it.name, it.named = n, m
		}
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Or(cmp.Compare(b.revenue, a.revenue), cmp.Compare(a.id, b.id)) })
	return items
}

// label is what a page shows for the item.
func (it item) label(runes int) string {
	if n := phrase.Name(it.name, runes); n != "" {
		return n
	}
	if n := phrase.Name(it.id, runes); n != "" {
		return n
	}
	return "–"
}

func productsView(_ context.Context, r *Request, a *query.Answer) (*View, error) {
	if err := wide(a.Tables...); err != nil {
		return nil, err
	}
	p := r.printer(a)
	v := &View{ID: "products", Title: productsTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	products, categories := itemsOf(tableNamed(a, "products"), p), itemsOf(tableNamed(a, "categories"), p)
	if len(products) == 0 && len(categories) == 0 {
		v.Missing = p.Pick("No product column: map one with --map product_id=Column (and --map product_name=Column, --map category=Column).",
			"没有商品列：请用 --map product_id=列名 指定（还可指定 product_name、category）。")
		return v, nil
	}
	if len(products) > 0 {
		if err := v.addProducts(r, p, products); err != nil {
			return nil, err
		}
	}
	if len(categories) > 1 {
		fig, err := itemBars(r, p, "categories", p.Pick("Which categories earn most?", "哪些品类收入最高？"), "category", categories, 12)
		if err != nil {
			return nil, err
		}
		v.Figures = append(v.Figures, fig)
	} else if len(products) > 0 && len(categories) == 0 {
		v.Lead = append(v.Lead, p.Pick("No category column: map one with --map category=Column to see categories.", "没有品类列：用 --map category=列名 指定后可查看品类。"))
	}
	return v, nil
}

func (v *View) addProducts(r *Request, p phrase.Printer, products []item) error {
	var total int64
	slow := 0
	for _, it := range products {
		total += it.revenue
		if it.lines <= 2 {
			slow++
		}
	}
	if total <= 0 {
		v.Lead = append(v.Lead, p.Pick("The sold lines bring no revenue: every price is 0.", "已售明细没有收入：所有价格均为 0。"))
		return nil
	}
	n := len(products)
	fifth := max(1, int(math.Round(float64(n)*0.2)))
	top := float64(sumRevenue(products[:fifth])) / float64(total)
	v.Lead = append(v.Lead, p.Pareto(phrase.ParetoFacts{Products: n, Top: fifth, Share: top, Best: products[0].label(48), BestShare: float64(products[0].revenue) / float64(total), Slow: slow})...)
	if n >= 10 {
		fig, err := pareto(p, products, total, fifth, top)
		if err != nil {
			return err
		}
		v.Figures = append(v.Figures, fig)
	}
	fig, err := itemBars(r, p, "products", p.Pick("Which products earn most?", "哪些商品收入最高？"), r.productColumn(), products, 15)
	if err != nil {
		return err
	}
	v.Figures = append(v.Figures, fig)
	return nil
}

func sumRevenue(items []item) (sum int64) {
	for _, it := range items {
		sum += it.revenue
	}
	return sum
}

// curvePoints is the number of points of a Pareto curve.
const curvePoints = 120

// pareto draws the cumulative share of revenue over products, largest first.
func pareto(p phrase.Printer, products []item, total int64, fifth int, top float64) (Figure, error) {
	c := chart.Curve{ID: "products-pareto", Height: 320, Value: percentFormat(p), XName: p.Pick("share of products, best first", "商品占比（从高到低）"), YName: p.Pick("share of revenue", "收入占比")}
	n := len(products)
	tb := newTable("products-pareto", ratioSpec("products_share", "products up to here / all"), countSpec("products", result.NoUnit, "products up to here"),
		ratioSpec("revenue_share", "their revenue / all"))
	var sum int64
	next := 0
	add := func(k int) {
		x, y := float64(k)/float64(n), float64(sum)/float64(total)
		c.X, c.Y = append(c.X, x), append(c.Y, y)
		c.Tips = append(c.Tips, p.Pick(p.Count(int64(k))+" "+phrase.Plural(int64(k), "product", "products")+" ("+p.Percent(x)+")\nbring "+p.Percent(y)+" of revenue",
			p.Count(int64(k))+" 种商品（"+p.Percent(x)+"）\n贡献 "+p.Percent(y)+" 的收入"))
		tb.row(x, k, y)
	}
	add(0)
	for i, it := range products {
		sum += it.revenue
		if i+1 >= next || i == n-1 || i+1 == fifth {
			add(i + 1)
			next = max(i+2, n*len(c.X)*len(c.X)/(curvePoints*curvePoints))
		}
	}
	c.Marks = []chart.Mark{{X: float64(fifth) / float64(n), Y: top, Text: p.Pick(p.Percent(float64(fifth)/float64(n))+" of products: "+p.Percent(top), p.Percent(float64(fifth)/float64(n))+" 的商品："+p.Percent(top))}}
	ch, err := c.Chart()
	return Figure{ID: c.ID, Question: p.Pick("How much hangs on few products?", "收入有多依赖少数商品？"),
		Alt: p.Pick("The best "+p.Count(int64(fifth))+" of "+p.Count(int64(n))+" products bring "+p.Percent(top)+" of revenue.",
			n2(p, n)+"种商品中，最好的 "+p.Count(int64(fifth))+" 种贡献 "+p.Percent(top)+" 的收入。"),
		Chart: ch, Table: tb.t, Note: p.Pick("Dashed: where every product would bring the same.", "虚线：所有商品贡献相同时的情形。")}, err
}

func n2(p phrase.Printer, n int) string { return p.Count(int64(n)) + " " }

// itemBars draws the largest items as lying bars; what is left is one grey bar.
func itemBars(r *Request, p phrase.Printer, id, question, column string, items []item, limit int) (Figure, error) {
	b := chart.Bars{ID: id + "-top", Lying: true, Value: moneyFormat(p)}
	bar := chart.Bar{Name: p.Pick("revenue", "收入"), Color: "@s1"}
	total := sumRevenue(items)
	share := func(m int64) float64 {
		if total == 0 {
			return math.NaN()
		}
		return float64(m) / float64(total)
	}
	add := func(name, full string, m int64, grey bool) {
		b.Labels = append(b.Labels, name)
		b.Tips = append(b.Tips, full+"\n"+p.Money(m)+"\n"+p.Percent(share(m))+p.Pick(" of revenue", " 的收入"))
		bar.Values = append(bar.Values, plain(m))
		bar.Labels = append(bar.Labels, p.MoneyShort(m))
		bar.Grey = append(bar.Grey, grey)
	}
	shown := items[:min(limit, len(items))]
	label := tellApart(shown, func(it item) (string, string) { return it.label(40), it.id })
	for i, it := range shown {
		full := it.label(80)
		if it.name != "" && it.id != it.name {
			full += " · " + phrase.Name(it.id, 40)
		}
		add(label[i], full, it.revenue, false)
	}
	note := ""
	if rest := items[len(shown):]; len(rest) > 0 {
		m := sumRevenue(rest)
		note = p.Pick("The other "+p.Count(int64(len(rest)))+" bring "+p.MoneyWords(m)+", "+p.Percent(share(m))+" of revenue.",
			"其余 "+p.Count(int64(len(rest)))+" 项共 "+p.MoneyWords(m)+"，占 "+p.Percent(share(m))+"。")
	}
	b.Series = []chart.Bar{bar}
	ch, err := b.Chart()
	best := shown[0]
	return Figure{ID: b.ID, Question: question, Chart: ch, Note: note, Table: itemTable(r, id, column, items, share),
		Alt: p.Pick(best.label(48)+" brings most: "+p.MoneyWords(best.revenue)+", "+p.Percent(share(best.revenue))+" of revenue.",
			best.label(48)+"最多："+p.MoneyWords(best.revenue)+"，占收入的 "+p.Percent(share(best.revenue))+"。")}, err
}

// tellApart returns the labels of things; those that share one also get their ids.
func tellApart[T any](things []T, of func(T) (label, id string)) []string {
	count := map[string]int{}
	out := make([]string, len(things))
	for i, x := range things {
		out[i], _ = of(x)
		count[out[i]]++
	}
	for i, x := range things {
		if label, id := of(x); count[label] > 1 && id != label {
			out[i] = label + " · " + phrase.Name(id, 16)
		}
	}
	return out
}

// tableRows bounds the rows of a table in the page: it must stay below 2 MB.
const tableRows = 200

func itemTable(r *Request, name, column string, items []item, share func(int64) float64) *result.Table {
	hasUnits := r.Rel.Has("quantity")
	specs := []result.Spec{textSpec(column, "the "+name[:len(name)-1]), textSpec("name", "its name"), revenueSpec, ratioSpec("share", "revenue / total revenue"),
		unitsSpec, countSpec("lines", result.Rows, "sold lines")}
	tb := newTable(name, specs...)
	for _, it := range items[:min(tableRows, len(items))] {
		var label, units any
		if it.name != "" {
			label = it.name
		}
		if hasUnits {
			units = it.units
		}
		tb.row(it.id, label, it.revenue, share(it.revenue), units, it.lines)
	}
	return dropEmpty(tb.t)
}

// dropEmpty leaves out columns that hold nothing but nulls.
func dropEmpty(t *result.Table) *result.Table {
	t.Columns = slices.DeleteFunc(t.Columns, func(c result.Column) bool { return t.N > 0 && c.Data.Nulls == t.N })
	return t
}
