package phrase

// PredictFacts are what is said about who will buy next.
type PredictFacts struct {
	Users    int64   // visitors with a probability
	Expected float64 // buyers expected among them
	Top      int64   // the tenth of them most likely to buy
	TopHolds float64 // buyers expected among those
	Days     int     // the horizon
	From     int64   // first day of it
	// The test: of Tested visitors Bought did, where Told were foretold; of TestedTop, the tenth
	// named most likely, BoughtTop did.
	Tested, TestedTop, Bought, BoughtTop int64
	Told                                 float64
	Known                                bool // the ranking is better than chance beyond twice its standard error
}

// Predict says how many visitors will buy, whom to look at, and how far that can be trusted.
func (p Printer) Predict(f PredictFacts) []string {
	days := p.Count(int64(f.Days))
	rate := func(n, of int64) string { return p.Percent(float64(n) / float64(max(1, of))) }
	test := p.Pick("Tested on the "+days+" days before, which the model did not see: it foretold "+p.about(f.Told)+" buyers, "+p.Count(f.Bought)+" came; of the "+p.Count(f.TestedTop)+" visitors named most likely "+
		rate(f.BoughtTop, f.TestedTop)+" bought, of all "+p.Count(f.Tested)+" "+rate(f.Bought, f.Tested)+".",
		"用模型未见过的前 "+days+" 天检验：预测 "+p.about(f.Told)+" 位买家，实际 "+p.Count(f.Bought)+" 位；被列为最可能的 "+p.Count(f.TestedTop)+" 位访客中有 "+
			rate(f.BoughtTop, f.TestedTop)+" 购买，全部 "+p.Count(f.Tested)+" 位中为 "+rate(f.Bought, f.Tested)+"。")
	if f.Bought < Thin {
		return []string{p.Pick("Only "+p.Count(f.Bought)+" visitors bought in the "+days+" days that the model is tested on: too few to tell who will be next.",
			"用于检验的 "+days+" 天中仅有 "+p.Count(f.Bought)+" 位访客购买：太少，无法判断谁会是下一位。")}
	}
	if !f.Known {
		return []string{p.Pick("Who will buy next cannot be told from these clicks: the ranking is no better than chance.", "无法从这些点击判断谁会购买：排序并不优于随机。"), test}
	}
	lead := p.Pick("In the "+days+" days from "+p.Day(f.From)+" about "+p.about(f.Expected)+" of "+p.Count(f.Users)+" visitors should buy; "+p.Percent(f.TopHolds/f.Expected)+" of those buyers are expected among the tenth of visitors most likely to.",
		"自 "+p.Day(f.From)+" 起的 "+days+" 天内，"+p.Count(f.Users)+" 位访客中预计约有 "+p.about(f.Expected)+" 位购买；其中 "+p.Percent(f.TopHolds/f.Expected)+" 预计来自最可能购买的十分之一访客。")
	return []string{lead, test}
}
