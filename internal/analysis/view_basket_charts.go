package analysis

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/result"
)

// pairTip is what a pointer on a pair shows.
func pairTip(p phrase.Printer, q pair, names []string) string {
	left, right := names[q.Left[0]], names[q.Right[0]]
	return p.Pick(left+" → "+right+"\n"+p.Count(q.N)+" of "+p.Count(q.NLeft)+" orders with the first hold both ("+p.Percent(float64(q.N)/float64(q.NLeft))+")\n"+
		p.Times(q.lift)+" what chance gives; in the latest fifth "+p.Times(q.laterLift),
		left+" → "+right+"\n含前者的 "+p.Count(q.NLeft)+" 笔订单中有 "+p.Count(q.N)+" 笔两者皆有（"+p.Percent(float64(q.N)/float64(q.NLeft))+"）\n是偶然情况的 "+
			p.Times(q.lift)+"，其后为 "+p.Times(q.laterLift))
}

// pairBars draws the orders beyond chance of the ten pairs with most of them.
func pairBars(p phrase.Printer, shown []pair, names []string, t *result.Table) (Figure, error) {
	b := chart.Bars{ID: "basket-pairs", Lying: true, Value: func(v float64) string { return p.CountShort(int64(math.Round(v))) }}
	bar := chart.Bar{Name: p.Pick("orders beyond chance", "超出偶然的订单数"), Color: "@s1"}
	for _, q := range shown[:min(10, len(shown))] {
		b.Labels = append(b.Labels, phrase.Name(names[q.Left[0]], 20)+" → "+phrase.Name(names[q.Right[0]], 20))
		b.Tips = append(b.Tips, pairTip(p, q, names))
		bar.Values = append(bar.Values, q.extra)
		bar.Labels = append(bar.Labels, "+"+p.Count(int64(math.Round(q.extra)))+" ("+phrase.Decimal(q.lift, 1)+"×)")
	}
	b.Series = []chart.Bar{bar}
	ch, err := b.Chart()
	best := shown[0]
	return Figure{ID: b.ID, Question: p.Pick("Which pairs sell each other most?", "哪些搭配最能互相带动？"), Chart: ch, Table: t,
		Alt: p.Pick(names[best.Left[0]]+" and "+names[best.Right[0]]+" were bought together in "+p.Count(best.N)+" orders, "+p.Times(best.lift)+" what chance gives.",
			"“"+names[best.Left[0]]+"”与“"+names[best.Right[0]]+"”在 "+p.Count(best.N)+" 笔订单中同购，是偶然情况的 "+p.Times(best.lift)+"。"),
		Note: p.Pick("Orders with both beyond what the products' sales and the sizes of orders give by chance; in brackets, how many times that. Counted in the earlier four fifths of the orders; only pairs that the latest fifth confirms, each product at most three times.",
			"两者同购的订单数减去由各自销量与订单大小所能解释的部分；括号内为其倍数。取自前五分之四的订单，仅列最近五分之一所证实者，每种商品至多三次。")}, err
}

// pairGraph draws the products of the shown pairs and what leads to what.
func pairGraph(p phrase.Printer, shown []pair, names []string, t *result.Table) (Figure, error) {
	g := chart.Graph{ID: "basket-graph"}
	at := map[uint32]int{}
	var orders []int64
	node := func(it uint32, n int64) int {
		k, ok := at[it]
		if !ok {
			k = len(g.Nodes)
			at[it] = k
			orders = append(orders, n)
			g.Nodes = append(g.Nodes, chart.Node{Name: phrase.Name(names[it], 28), Tip: names[it] + "\n" + p.Count(n) + p.Pick(" orders", " 笔订单")})
		}
		return k
	}
	top := 0.0
	for _, q := range shown {
		top = max(top, math.Log(q.lift))
	}
	for _, q := range shown {
		if len(g.Nodes) > 28 {
			break
		}
		g.Edges = append(g.Edges, chart.Edge{From: node(q.Left[0], q.NLeft), To: node(q.Right[0], q.NRight), Weight: math.Log(q.lift) / top, Tip: pairTip(p, q, names)})
	}
	most := int64(1)
	for _, n := range orders {
		most = max(most, n)
	}
	for i, n := range orders {
		g.Nodes[i].Size = math.Sqrt(float64(n) / float64(most))
	}
	ch, err := g.Chart()
	return Figure{ID: g.ID, Question: p.Pick("Which products belong together?", "哪些商品属于一组？"), Chart: ch, Table: t,
		Alt: p.Pick(p.Count(int64(len(g.Nodes)))+" products joined by "+p.Count(int64(len(g.Edges)))+" pairs.", p.Count(int64(len(g.Nodes)))+" 种商品，"+p.Count(int64(len(g.Edges)))+" 对搭配。"),
		Note: p.Pick("An arrow leads from the rarer product to the one it brings along; the wider, the further beyond chance. Dots grow with orders.",
			"箭头由较少见的商品指向它带动的商品；线越粗，超出偶然越多。圆点随订单数增大。")}, err
}

// basketActions names the pairs with most orders beyond chance, each left side once.
func basketActions(p phrase.Printer, shown []pair, names []string) []Action {
	var out []Action
	said := map[uint32]bool{}
	for _, q := range shown {
		if said[q.Left[0]] || len(out) == 3 {
			continue
		}
		said[q.Left[0]] = true
		left, right := names[q.Left[0]], names[q.Right[0]]
		without := q.NLeft - q.N
		out = append(out, Action{
			Head: left + " → " + right,
			Text: p.Pick("Show or shelve "+right+" beside "+left+": "+p.Count(without)+" of "+p.Count(q.NLeft)+" orders with it went without.",
				"把“"+right+"”放在“"+left+"”旁展示：含“"+left+"”的 "+p.Count(q.NLeft)+" 笔订单中有 "+p.Count(without)+" 笔没有“"+right+"”。"),
		})
	}
	return out
}
