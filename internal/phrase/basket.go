package phrase

import "math"

// BasketFacts are what is said about products that are bought together.
type BasketFacts struct {
	Orders   int64 // with a product
	Several  int64 // of them with two or more
	Least    int64 // a pair needs so many orders to be looked at
	Pairs    int   // pairs beyond chance in the earlier orders
	Lasting  int   // of them still so in the later ones
	Left     string
	Right    string
	Both     int64 // orders with both
	LeftIn   int64 // orders with Left
	Share    float64
	Usual    float64 // share of all orders with Right
	Lift     float64
	Met      int64   // later orders in which the named pairs met, added up
	ByChance float64 // and what orders of these sizes give
}

// Basket says which products go together, and whether that lasts.
func (p Printer) Basket(f BasketFacts) []string {
	switch {
	case f.Several < Thin:
		return []string{p.Pick("Only "+p.Count(f.Several)+" orders hold two or more products: too few to tell what goes together.",
			"只有 "+p.Count(f.Several)+" 笔订单含两种及以上商品：太少，无法判断搭配。")}
	case f.Pairs == 0:
		return []string{p.Pick("No two products go together beyond chance: none that share at least "+p.Count(f.Least)+" orders are bought together more often than their sales explain.",
			"没有超出偶然的搭配：共同出现在至少 "+p.Count(f.Least)+" 笔订单中的商品，其同购次数都可由各自销量解释。")}
	}
	var out []string
	if f.Left != "" {
		out = append(out, p.Pick(p.Percent(f.Share)+" of the orders with "+f.Left+" also hold "+f.Right+" ("+p.Count(f.Both)+" of "+p.Count(f.LeftIn)+"), "+p.Times(f.Lift)+" what orders of these sizes give by chance; of all orders "+p.Percent(f.Usual)+" hold it.",
			"含"+quoteZH(f.Left)+"的订单中有 "+p.Percent(f.Share)+" 也含"+quoteZH(f.Right)+"（"+p.Count(f.LeftIn)+" 笔中的 "+p.Count(f.Both)+" 笔），是同等大小订单偶然所得的 "+p.Times(f.Lift)+"；全部订单中有 "+p.Percent(f.Usual)+" 含有它。"))
	}
	n, k := p.Count(int64(f.Pairs)), p.Count(int64(f.Lasting))
	s := p.Pick(n+" "+Plural(int64(f.Pairs), "pair of products goes", "pairs of products go")+" together beyond chance in the earlier four fifths of the orders; "+k+" still "+Plural(int64(f.Lasting), "does", "do")+" in the latest fifth",
		"前五分之四的订单中有 "+n+" 对商品的搭配超出偶然；其中 "+k+" 对在最近五分之一的订单中依然成立")
	if f.Met > 0 {
		s += p.Pick(", where those shown here met "+p.Count(f.Met)+" times and chance gives "+p.Count(int64(math.Round(f.ByChance))),
			"，此处所列搭配在其中同现 "+p.Count(f.Met)+" 次，而偶然仅为 "+p.Count(int64(math.Round(f.ByChance)))+" 次")
	}
	return append(out, s+p.Pick(".", "。"))
}

// Times writes a factor: "18 times", "2.4 times".
func (p Printer) Times(v float64) string {
	d := 1
	if v >= 10 {
		d = 0
	}
	return p.Pick(Decimal(v, d)+" times", Decimal(v, d)+" 倍")
}
