package analysis

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/learner"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

var predictTitle = Text{"Who will buy next", "谁会购买"}

// predictSection answers: how many visitors will buy, and which of them? A logistic regression as that of
// `behavior predict`, fitted on up to three earlier weeks, tested on the last one that is known.
var predictSection = &Section{
	Order: 87,
	Title: predictTitle,
	Table: "events",
	Plan: func(r *Request) (query.Plan, error) {
		if r.large() {
			return query.Plan{}, errLarge
		}
		if _, err := visitsPlan(r); err != nil { // no events, or more than memory holds
			return query.Plan{}, err
		}
		return (&predictOptions{}).eventsPlan(r), nil
	},
	View: predictView,
}

const (
	nextDays  = 7
	nextShown = 100
)

// nextBuyers is what the section knows.
type nextBuyers struct {
	data  *predictData
	p     []float64 // of data.answer
	order []int     // by probability, greatest first
	test  []tenth
	facts phrase.PredictFacts
}

// tenth is a tenth of the tested visitors, those with the greatest probabilities first.
type tenth struct {
	users, bought int64
	told          float64
}

func predictView(ctx context.Context, r *Request, a *query.Answer) (*View, error) {
	p := r.printer(a)
	v := &View{ID: "next", Title: predictTitle.In(r.Lang)}
	types := &a.Groups[0].ItemKeys
	i := slices.IndexFunc(funnelWords[len(funnelWords)-1], func(w string) bool { return slices.Contains(purchaseSteps(types), w) })
	if i < 0 {
		v.Missing = p.Pick("Who will buy next needs purchases among the events: no event type is known as one. Run `ecomctl behavior predict` with --target.",
			"预测谁会购买需要购买事件：没有已知的购买类型。请用 `ecomctl behavior predict --target` 指定。")
		return v, nil
	}
	n, err := findNext(ctx, r, a, funnelWords[len(funnelWords)-1][i])
	if err != nil && fault.KindOf(err) == fault.Input {
		v.Lead = []string{p.Pick("Who will buy next cannot be told: "+err.Error()+".", "无法判断谁会购买："+err.Error()+"。")}
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	v.Lead = p.Predict(n.facts)
	if n.facts.Bought < phrase.Thin {
		return v, nil
	}
	fig, err := n.testBars(p)
	if err != nil {
		return nil, err
	}
	v.Figures = append(v.Figures, fig)
	if n.facts.Known {
		v.Figures = append(v.Figures, n.list(r, p))
		v.Actions = []Action{n.action(p)}
	}
	return v, nil
}

// findNext tests the model on the last known week, then fits it anew for the week to come.
func findNext(ctx context.Context, r *Request, a *query.Answer, target string) (*nextBuyers, error) {
	own := *r
	own.Params = map[string]string{"horizon": itoa(nextDays) + "d"}
	o := predictOptions{table: "events", target: target, horizon: nextDays * dayMicros, cutoff: query.MaxTime, evaluate: true}
	o.Options = learner.Options{Kinds: []string{learner.Logistic}, Calibration: learner.PlattScaling, Seed: uint64(r.Seed), Threads: max(1, r.Threads)}
	d, err := readPredictEvents(ctx, &own, &o, a)
	if err != nil {
		return nil, err
	}
	n := &nextBuyers{facts: phrase.PredictFacts{Days: nextDays, Tested: int64(len(d.test)), Bought: int64(yesOf(d, d.test))}}
	if n.facts.Bought < phrase.Thin || d.smaller(d.train) < 2 {
		n.facts.Bought = min(n.facts.Bought, phrase.Thin-1)
		return n, nil
	}
	reports, tr, err := learner.Evaluate(ctx, &d.Table, d.train, d.test, o.Options)
	if err != nil {
		return nil, err
	}
	m := reports[len(reports)-1].Metrics
	n.facts.Known = m.AUC-2*m.AUCError > 0.5
	told, err := tr.Model.Probabilities(ctx, d.Columns, d.test, o.Threads)
	if err != nil {
		return nil, err
	}
	n.tenths(d, told)
	o.evaluate = false
	if n.data, err = readPredictEvents(ctx, &own, &o, a); err != nil {
		return nil, err
	}
	if tr, err = learner.Train(ctx, &n.data.Table, n.data.fit, o.Options); err != nil {
		return nil, err
	}
	if n.p, err = tr.Model.Probabilities(ctx, n.data.Columns, n.data.answer, o.Threads); err != nil {
		return nil, err
	}
	n.order = byProbability(n.p)
	n.facts.Users, n.facts.Top = int64(len(n.p)), int64((len(n.p)+9)/10)
	n.facts.From = min(asOfDay(r, a), r.To/dayMicros)
	for k, i := range n.order {
		n.facts.Expected += n.p[i]
		if int64(k) < n.facts.Top {
			n.facts.TopHolds += n.p[i]
		}
	}
	return n, nil
}

func byProbability(p []float64) []int {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[j], p[i]) })
	return order
}

// tenths sets what was foretold for the tested visitors beside what they did.
func (n *nextBuyers) tenths(d *predictData, told []float64) {
	n.test = make([]tenth, 10)
	for k, i := range byProbability(told) {
		t := &n.test[k*10/len(told)]
		t.users++
		t.told += told[i]
		if d.Y[d.test[i]] {
			t.bought++
		}
	}
	for _, t := range n.test {
		n.facts.Told += t.told
	}
	n.facts.TestedTop, n.facts.BoughtTop = n.test[0].users, n.test[0].bought
}

// testBars draws the share of each tenth that was foretold to buy and that did.
func (n *nextBuyers) testBars(p phrase.Printer) (Figure, error) {
	tb := newTable("tenths", countSpec("tenth", result.NoUnit, "tenth of the visitors, 1 = most likely"), countSpec("users", result.NoUnit, "visitors"),
		result.Spec{Name: "foretold", Type: expr.Float, Desc: "buyers foretold"}, countSpec("bought", result.NoUnit, "buyers"))
	b := chart.Bars{ID: "next-test", Height: 260, Value: percentFormat(p)}
	model := chart.Bar{Name: p.Pick("foretold", "预测"), Color: "@s1"}
	truth := chart.Bar{Name: p.Pick("bought", "实际"), Color: "@other"}
	for k, t := range n.test {
		if t.users == 0 {
			continue
		}
		m, c := t.told/float64(t.users), float64(t.bought)/float64(t.users)
		tb.row(int64(k+1), t.users, t.told, t.bought)
		b.Labels = append(b.Labels, itoa(int64(k+1)))
		b.Tips = append(b.Tips, p.Pick("tenth "+itoa(int64(k+1))+": "+p.Count(t.users)+" visitors\nforetold "+p.Percent(m)+", "+p.Count(t.bought)+" bought: "+p.Percent(c),
			"第 "+itoa(int64(k+1))+" 个十分之一："+p.Count(t.users)+" 位访客\n预测 "+p.Percent(m)+"，实际 "+p.Count(t.bought)+" 位："+p.Percent(c)))
		model.Values, truth.Values = append(model.Values, m), append(truth.Values, c)
	}
	b.Series = []chart.Bar{model, truth}
	b.Legend = []chart.Key{{Color: "@s1", Text: model.Name}, {Color: "@other", Text: truth.Name}}
	ch, err := b.Chart()
	first := n.test[0]
	return Figure{ID: b.ID, Question: p.Pick("Do those named most likely buy?", "被列为最可能的访客真的购买吗？"), Chart: ch, Table: tb.t,
		Alt:  p.Pick("Of the tenth named most likely "+p.Percent(float64(first.bought)/float64(max(1, first.users)))+" bought.", "被列为最可能的十分之一中有 "+p.Percent(float64(first.bought)/float64(max(1, first.users)))+" 购买。"),
		Note: p.Pick("Visitors in tenths by the probability they were given before the last week; 1 is the most likely.", "访客按最后一周之前给出的概率分为十等份；1 为最可能。")}, err
}

// list names the visitors most likely to buy.
func (n *nextBuyers) list(r *Request, p phrase.Printer) Figure {
	tb := newTable("next", textSpec("user_id", "the visitor"), ratioSpec("probability", "of a purchase within the horizon"))
	for _, i := range n.order[:min(nextShown, len(n.order))] {
		id, _ := textAt(&n.data.ids.Data, i)
		if r.Pseudonym != nil {
			id = r.Pseudonym(id)
		}
		tb.row(item{id: id}.label(24), n.p[i])
	}
	return Figure{ID: "next-list", Question: p.Pick("Who is most likely to buy?", "谁最可能购买？"), Table: tb.t,
		Alt:  p.Pick("The visitors most likely to buy, with their probability.", "最可能购买的访客及其概率。"),
		Note: p.Pick("The first hundred; all of them: ecomctl behavior predict.", "前一百位；全部名单：ecomctl behavior predict。")}
}

// action says what the list is good for.
func (n *nextBuyers) action(p phrase.Printer) Action {
	top := p.Count(n.facts.Top)
	times := phrase.Decimal(n.facts.TopHolds/float64(n.facts.Top)/math.Max(1e-12, n.facts.Expected/float64(n.facts.Users)), 1)
	buyers := phrase.Decimal(math.Max(1, n.facts.TopHolds), 0)
	return Action{Head: p.Pick("The "+top+" most likely visitors", "最可能的 "+top+" 位访客"),
		Text: p.Pick("About "+buyers+" of them should buy, "+times+" times as many as of any other "+top+": turn to these first.",
			"预计约 "+buyers+" 位购买，是任意 "+top+" 位访客的 "+times+" 倍：优先联系他们。")}
}
