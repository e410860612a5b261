package analysis

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// scaled turns units of money into exact money; a sum no page can show is its bound.
func scaled(v float64) int64 {
	return int64(math.Round(math.Max(-9e17, math.Min(9e17, v*phrase.MoneyScale))))
}

// lifetimeTiles are the sums of a forecast that passed its test.
func lifetimeTiles(p phrase.Printer, f phrase.LifetimeFacts) []Tile {
	if !f.Trusted() {
		return nil
	}
	next := p.Pick("next "+p.Count(int64(f.Days))+" days", "未来 "+p.Count(int64(f.Days))+" 天")
	count := func(v float64) int64 { return int64(math.Round(v)) }
	tiles := []Tile{
		{Label: p.Pick("Order days expected", "预计下单日"), Value: p.CountShort(count(f.Orders)), Full: p.Count(count(f.Orders)), Note: next},
		{Label: p.Pick("Still customers", "仍是客户"), Value: p.CountShort(count(f.Alive)), Full: p.Count(count(f.Alive)), Note: p.Pick("of "+p.Count(f.Returned)+" who came back", "共 "+p.Count(f.Returned)+" 位回头客")},
	}
	if !math.IsNaN(f.Money) {
		tiles = append(tiles, Tile{Label: p.Pick("Money expected", "预计金额"), Value: p.MoneyShort(scaled(f.Money)), Full: p.Money(scaled(f.Money)), Note: next})
	}
	if f.Quiet > 0 && !math.IsNaN(f.Stake) {
		tiles = append(tiles, Tile{Label: p.Pick("At stake", "面临流失"), Value: p.MoneyShort(scaled(f.Stake)), Full: p.Money(scaled(f.Stake)),
			Note: p.Pick("with "+p.Count(int64(f.Quiet))+" gone quiet", p.Count(int64(f.Quiet))+" 位已沉寂客户")})
	}
	return tiles
}

// figures adds the charts to the view.
func (l *outlook) figures(r *Request, p phrase.Printer, t *query.Table, v *View) error {
	if len(l.quiet) > 0 {
		fig, err := l.quietBars(r, p, t)
		if err != nil {
			return err
		}
		v.Figures = append(v.Figures, fig)
	}
	fig, err := l.aliveBars(p)
	if err != nil {
		return err
	}
	v.Figures = append(v.Figures, fig)
	if l.test != nil {
		if fig, err = l.calibrationBars(p); err != nil {
			return err
		}
		v.Figures = append(v.Figures, fig)
	}
	return nil
}

// quietBars draws who has most money at stake; the table is the list to write to.
func (l *outlook) quietBars(r *Request, p phrase.Printer, t *query.Table) (Figure, error) {
	tb := newTable("gone_quiet", textSpec("customer_id", "the customer"), countSpec("frequency", result.Orders, "order days − 1"),
		countSpec("recency_days", result.NoUnit, "days since the last order"), result.Spec{Name: "mean_gap_days", Type: expr.Float, Desc: "usual days between two orders"},
		ratioSpec("before", "probability of being a customer at the start of the test"), ratioSpec("now", "the same now"),
		moneySpec("monetary", "mean money of a repeat order day"), moneySpec("at_stake", "money of the next 90 days that is likely lost"))
	b := chart.Bars{ID: "lifetime-quiet", Lying: true, Value: moneyFormat(p)}
	bar := chart.Bar{Name: p.Pick("at stake", "面临流失"), Color: "@s2"}
	for k, q := range l.quiet[:min(quietShown, len(l.quiet))] {
		name := l.customer(r, t, q.at)
		since, usual := l.silence(q.at)
		mean := 0.0
		if z := l.b.monetary[q.at]; !math.IsNaN(z) {
			mean = z
		}
		tb.row(name, int64(l.b.history[q.at].X), int64(math.Round(since)), usual, l.before[q.at], l.forecast[q.at].Alive, scaled(mean), scaled(q.stake))
		if k >= 10 {
			continue
		}
		b.Labels = append(b.Labels, name)
		bar.Values, bar.Labels = append(bar.Values, plain(scaled(q.stake))), append(bar.Labels, p.MoneyShort(scaled(q.stake)))
		b.Tips = append(b.Tips, p.Pick(name+"\nsilent for "+p.Count(int64(math.Round(since)))+" days, before that an order every "+phrase.Decimal(usual, 1)+"\nprobability of coming back fell from "+p.Percent(l.before[q.at])+" to "+p.Percent(l.forecast[q.at].Alive),
			name+"\n已 "+p.Count(int64(math.Round(since)))+" 天未下单，此前约每 "+phrase.Decimal(usual, 1)+" 天一次\n仍是客户的概率由 "+p.Percent(l.before[q.at])+" 降至 "+p.Percent(l.forecast[q.at].Alive)))
	}
	b.Series = []chart.Bar{bar}
	ch, err := b.Chart()
	return Figure{ID: b.ID, Question: p.Pick("Whose silence costs most?", "谁的沉寂损失最大？"), Chart: ch, Table: tb.t,
		Alt: p.Pick(p.Count(int64(len(l.quiet)))+" customers have gone quiet; the first has "+bar.Labels[0]+" at stake.", p.Count(int64(len(l.quiet)))+" 位客户已沉寂；首位涉及 "+bar.Labels[0]+"。"),
		Note: p.Pick("Money of the next 90 days that a customer would bring if still one, times the probability of not being one; customers whose probability fell by 20 points or more. The table has the first hundred.",
			"若仍是客户，未来 90 天将带来的金额乘以已流失的概率；仅列概率下降至少 20 个百分点者。表中为前一百位。")}, err
}

// aliveBars draws how many customers have which probability of still being one.
func (l *outlook) aliveBars(p phrase.Printer) (Figure, error) {
	var count [10]int64
	for _, f := range l.forecast {
		count[min(9, int(f.Alive*10))]++
	}
	tb := newTable("p_alive", ratioSpec("low", "from"), ratioSpec("high", "to"), countSpec("customers", result.Customers, "customers"))
	b := chart.Bars{ID: "lifetime-alive", Height: 240, Value: func(v float64) string { return p.CountShort(int64(math.Round(v))) }}
	bar := chart.Bar{Name: p.Pick("customers", "客户"), Color: "@s1"}
	for i, n := range count {
		low, high := float64(i)/10, float64(i+1)/10
		tb.row(low, high, n)
		name := phrase.Decimal(low*100, 0) + "–" + p.Percent(high)
		b.Labels = append(b.Labels, name)
		b.Tips = append(b.Tips, name+"\n"+p.Count(n)+p.Pick(" customers", " 位客户"))
		bar.Values, bar.Labels = append(bar.Values, float64(n)), append(bar.Labels, p.CountShort(n))
	}
	b.Series = []chart.Bar{bar}
	ch, err := b.Chart()
	return Figure{ID: b.ID, Question: p.Pick("Who is still a customer?", "谁仍是客户？"), Chart: ch, Table: tb.t,
		Alt: p.Pick(p.Count(count[9])+" customers are still so with a probability of 90 % or more, "+p.Count(count[0])+" with less than 10 %.", p.Count(count[9])+" 位客户仍活跃的概率在 90% 以上，"+p.Count(count[0])+" 位不足 10%。"),
		Note: p.Pick("Customers by the probability of still being one. Who ordered once counts as one: the model lets customers leave only after a repeat order.",
			"按仍是客户的概率统计人数。仅下过一次单者计为仍是客户：模型假定客户只在复购后流失。")}, err
}

// frequencySteps are the lower ends of the calibration plot's groups: about the same ratio apart.
var frequencySteps = []float64{0, 1, 2, 3, 4, 6, 9, 14, 21, 33, 51, 81}

// calibrationBars sets what the model foretold for the days held back beside what came.
func (l *outlook) calibrationBars(p phrase.Printer) (Figure, error) {
	n := len(frequencySteps)
	people, told, came := make([]float64, n), make([]float64, n), make([]float64, n)
	for i, h := range l.test.b.history {
		k := 0
		for k+1 < n && h.X >= frequencySteps[k+1] {
			k++
		}
		people[k]++
		told[k] += l.test.forecast[i].Orders
		came[k] += l.test.b.later[i]
	}
	tb := newTable("calibration", textSpec("frequency", "repeat order days before the test"), countSpec("customers", result.Customers, "customers"),
		result.Spec{Name: "forecast", Type: expr.Float, Desc: "order days foretold, a customer"}, result.Spec{Name: "came", Type: expr.Float, Desc: "order days that came, a customer"})
	b := chart.Bars{ID: "lifetime-calibration", Height: 260, Value: func(v float64) string {
		if v == math.Trunc(v) {
			return phrase.Decimal(v, 0)
		}
		return phrase.Decimal(v, 1)
	}}
	model := chart.Bar{Name: p.Pick("foretold", "预测"), Color: "@s1"}
	truth := chart.Bar{Name: p.Pick("came", "实际"), Color: "@other"}
	for k := range n {
		if people[k] == 0 {
			continue
		}
		name := phrase.Decimal(frequencySteps[k], 0)
		switch {
		case k == n-1:
			name += "+"
		case frequencySteps[k+1] > frequencySteps[k]+1:
			name += "–" + phrase.Decimal(frequencySteps[k+1]-1, 0)
		}
		m, c := told[k]/people[k], came[k]/people[k]
		tb.row(name, int64(people[k]), m, c)
		b.Labels = append(b.Labels, name)
		b.Tips = append(b.Tips, p.Pick(name+" repeat order days before: "+p.Count(int64(people[k]))+" customers\nforetold "+phrase.Decimal(m, 2)+" a customer, "+phrase.Decimal(c, 2)+" came",
			"此前复购 "+name+" 天："+p.Count(int64(people[k]))+" 位客户\n每位预测 "+phrase.Decimal(m, 2)+"，实际 "+phrase.Decimal(c, 2)))
		model.Values, truth.Values = append(model.Values, m), append(truth.Values, c)
	}
	b.Series = []chart.Bar{model, truth}
	b.Legend = []chart.Key{{Color: "@s1", Text: model.Name}, {Color: "@other", Text: truth.Name}}
	ch, err := b.Chart()
	days := p.Count(l.test.days)
	return Figure{ID: b.ID, Question: p.Pick("Does the forecast hold?", "预测可靠吗？"), Chart: ch, Table: tb.t,
		Alt:  p.Pick("Order days a customer in the last "+days+" days, foretold and come, by repeat order days before.", "最近 "+days+" 天每位客户的下单日：按此前复购天数分组的预测与实际。"),
		Note: p.Pick("Order days a customer in the last "+days+" days, which the model did not see, by the repeat order days before them.", "最近 "+days+" 天（模型未见）每位客户的下单日，按此前的复购天数分组。")}, err
}
