package phrase

// RecommendFacts are what is said about proposals of next products.
type RecommendFacts struct {
	Customers int64 // known customers
	// The strongest pair: of the buyers of Left, Share also bought Right, against Usual of all customers; "" = none.
	Left, Right  string
	Share, Usual float64
	// The hold-out: of the products new to Tested customers in their last orders, lists of K name
	// Recall by likeness and Popular by popularity; Lo and Hi bound the difference. Tested 0 = too few.
	Tested          int64
	K               int
	Recall, Popular float64
	Lo, Hi          float64
}

// Recommend says what goes together and how far such proposals can be trusted.
func (p Printer) Recommend(f RecommendFacts) []string {
	var out []string
	if f.Left != "" {
		out = append(out, p.Pick("Of the customers who bought "+f.Left+", "+p.Percent(f.Share)+" also bought "+f.Right+", against "+p.Percent(f.Usual)+" of all customers.",
			"购买过"+quoteZH(f.Left)+"的客户中有 "+p.Percent(f.Share)+" 也购买过"+quoteZH(f.Right)+"，而全部客户中为 "+p.Percent(f.Usual)+"。"))
	} else {
		out = append(out, p.Pick("No two of the best sellers share customers more often than chance.", "畅销商品之间的共同客户并不比随机更多。"))
	}
	if f.Tested < ThinCustomers {
		return append(out, p.Pick("Only "+p.Count(f.Tested)+" customers bought something new in their last order: too few to tell whether proposals are better than the best-seller list.",
			"仅有 "+p.Count(f.Tested)+" 位客户在最近一单中购买了新商品：太少，无法判断推荐是否优于畅销榜。"))
	}
	k := p.Count(int64(f.K))
	tested := p.Pick("Tested on the last orders of "+p.Count(f.Tested)+" customers, "+k+" proposals each would have named "+p.Percent(f.Recall)+" of the products that were new to them, the "+k+" best sellers "+p.Percent(f.Popular)+": ",
		"以 "+p.Count(f.Tested)+" 位客户的最近一单检验：每人 "+k+" 条推荐可命中其新购商品的 "+p.Percent(f.Recall)+"，"+k+" 种畅销商品可命中 "+p.Percent(f.Popular)+"：")
	switch {
	case f.Lo > 0:
		tested += p.Pick("the proposals know more than the best-seller list.", "推荐优于畅销榜。")
	case f.Hi < 0:
		tested += p.Pick("the best sellers do better, so no lists of proposals are shown here.", "畅销商品更好，因此此处不列出推荐名单。")
	default:
		tested += p.Pick("no clear difference, so the best-seller list does as well.", "差异不明显，畅销榜同样有效。")
	}
	return append(out, tested)
}
