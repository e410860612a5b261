package phrase

import "math"

// LifetimeFacts are what is said about what known customers will still do.
type LifetimeFacts struct {
	Customers int64
	Days      int     // the forecast's length
	Orders    float64 // order days expected
	Money     float64 // in units of money; NaN = cannot be told
	Returned  int64   // customers who ordered on a second day
	Alive     float64 // expected number of those who still are customers
	Tested    int     // days of the hold-out; 0 = the history is too short for one
	Told      float64 // order days forecast for the hold-out
	Came      float64
	Error     float64 // mean absolute error a customer
	Naive     float64 // that of going on at the past rate
	Quiet     int     // customers whose P(alive) fell
	Stake     float64 // money at stake with them; NaN = cannot be told
	First     string  // the one with most at stake; "" = none
	FirstGap  float64 // days since that one's last order
	FirstRate float64 // and its usual days between orders
}

// Trusted reports whether the forecast did well enough on the days held back to be told as a sum.
func (f LifetimeFacts) Trusted() bool {
	return f.Tested == 0 || math.Abs(f.Told-f.Came) <= farOff*f.Came
}

// Lifetime says what to expect of known customers, how far that can be trusted, and who is being lost.
func (p Printer) Lifetime(f LifetimeFacts) []string {
	days := p.Count(int64(f.Days))
	if !f.Trusted() {
		return []string{p.Pick("What these customers will still buy cannot be planned with: the model failed its test. What follows ranks them, no more.",
			"无法据此计划这些客户未来的购买：模型未通过检验。以下内容仅供排序。"), p.tested(f)}
	}
	s := p.Pick("In the next "+days+" days the "+p.Count(f.Customers)+" known customers will order on about "+p.about(f.Orders)+" days (each customer's days added up)",
		"未来 "+days+" 天内，"+p.Count(f.Customers)+" 位已知客户预计共有约 "+p.about(f.Orders)+" 个下单日（按客户累计）")
	if !math.IsNaN(f.Money) {
		s += p.Pick(", worth about "+p.MoneyShort(money(f.Money)), "，约值 "+p.MoneyShort(money(f.Money)))
	}
	s += p.Pick("; of the "+p.Count(f.Returned)+" who ordered on more than one day, about "+p.about(f.Alive)+" are still customers.",
		"；在其中 "+p.Count(f.Returned)+" 位多日下单的客户里，约 "+p.about(f.Alive)+" 位仍是客户。")
	out := []string{s}
	if f.Tested > 0 {
		out = append(out, p.tested(f))
	} else {
		out = append(out, p.Pick("The history is too short to test that on days held back.", "历史太短，无法用留出的日子检验。"))
	}
	if f.Quiet > 0 && !math.IsNaN(f.Stake) {
		q := p.Pick(p.Count(int64(f.Quiet))+" "+Plural(int64(f.Quiet), "customer has", "customers have")+" gone quiet: "+p.MoneyShort(money(f.Stake))+" of the next "+days+" days is at stake",
			p.Count(int64(f.Quiet))+" 位客户已沉寂：未来 "+days+" 天有 "+p.MoneyShort(money(f.Stake))+" 面临流失")
		if f.First != "" {
			q += p.Pick(", the most with "+f.First+", silent for "+p.Count(int64(math.Round(f.FirstGap)))+" days after an order every "+p.about(f.FirstRate)+" days.",
				"，其中最多的是 "+f.First+"：此前约每 "+p.about(f.FirstRate)+" 天下单一次，现已 "+p.Count(int64(math.Round(f.FirstGap)))+" 天未下单。")
		}
		out = append(out, q)
	}
	return out
}

// tested says how the forecast did on the days held back, beside the trivial one.
func (p Printer) tested(f LifetimeFacts) string {
	off := "–"
	if f.Came > 0 {
		off = Signed(f.Told-f.Came, p.Percent((f.Told-f.Came)/f.Came))
	}
	better := p.Pick("better than", "优于")
	if f.Error >= f.Naive {
		better = p.Pick("no better than", "不优于")
	}
	hedge := ""
	if math.Abs(f.Told-f.Came) > farOff*f.Came {
		hedge = p.Pick(" These customers have not bought as they used to.", "客户的购买方式已与从前不同。")
	}
	return p.Pick("Tested on the last "+p.Count(int64(f.Tested))+" days, which the model did not see: it foretold "+p.about(f.Told)+" order days, "+p.about(f.Came)+" came ("+off+"); a customer is missed by "+Decimal(f.Error, 2)+" order days on average, "+better+" going on at the past rate ("+Decimal(f.Naive, 2)+").",
		"用模型未见过的最近 "+p.Count(int64(f.Tested))+" 天检验：预测 "+p.about(f.Told)+" 个下单日，实际 "+p.about(f.Came)+"（"+off+"）；平均每位客户误差 "+Decimal(f.Error, 2)+" 个下单日，"+better+"按过去频率外推（"+Decimal(f.Naive, 2)+"）。") + hedge
}

// farOff is the miss of the whole above which a forecast is no ground for a plan.
const farOff = 0.25

// about writes an expectation: three digits are more than it knows.
func (p Printer) about(v float64) string {
	if v < 100 {
		if v < 9.95 {
			return Decimal(v, 1)
		}
		return p.Count(int64(math.Round(v)))
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-2)
	return p.Count(int64(math.Round(v/unit) * unit))
}

// money turns units of money into exact money.
func money(v float64) int64 { return int64(math.Round(v * MoneyScale)) }
