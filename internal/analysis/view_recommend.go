package analysis

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/kernel/recommend"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

var recommendTitle = Text{"What to propose next", "接下来推荐什么"}

// recommendSection answers: what do buyers of the best sellers also take, and what may the best
// customers want next? It looks at the proposedItems products with the most customers and tests its
// proposals on the last orders of at most proposedTested customers.
var recommendSection = &Section{
	Order: 47,
	Title: recommendTitle,
	Plan:  recommendSectionPlan,
	View:  recommendView,
}

const (
	proposedItems  = 2000
	proposedTested = 5000
	proposedK      = 10
	proposedPairs  = 12 // best sellers with a bar
	proposedFor    = 20 // best customers in the table
	proposedEach   = 3  // proposals for each of them
)

// proposedColumn is what the section proposes: names people know, else ids.
func (r *Request) proposedColumn() string {
	if c := r.basketColumn(); c != "category" {
		return c
	}
	return ""
}

func recommendSectionPlan(r *Request) (query.Plan, error) {
	item := r.proposedColumn()
	if item == "" || !r.Rel.Has("customer_id") || !r.Rel.Has(relation.OrderTS) {
		return query.Plan{}, nil
	}
	if r.large() {
		return query.Plan{}, errLarge
	}
	g := query.Grouping{Name: "histories", Scope: relation.Only(relation.Sold), Where: r.Where, From: r.From, To: r.To,
		Key: "customer_id", Item: item, Values: []string{relation.OrderTS, relation.MoneyColumn}}
	if r.Rel.Has("order_id") {
		g.Values = append(g.Values, "order_id") // newHistory wants it last
	}
	return query.Plan{Groupings: []query.Grouping{g}}, nil
}

// proposals is what the section knows.
type proposals struct {
	r     *Request
	p     phrase.Printer
	h     *history
	m     *recommend.Matrix // customers × products, how often
	spent []int64           // by customer
	names []string          // by product
	facts phrase.RecommendFacts
	pairs []alsoBought
}

// alsoBought is a best seller with the product that its buyers take most beyond what all
// customers do.
type alsoBought struct {
	left, right  uint32
	buyers, both int64 // customers with left, with both
	all          int64 // customers with right
	share, usual float64
}

func recommendView(ctx context.Context, r *Request, a *query.Answer) (*View, error) {
	p := r.printer(a)
	v := &View{ID: "recommend", Title: recommendTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	if len(a.Groups) == 0 {
		v.Missing = p.Pick("Proposals need known customers, products and times: map columns with --map customer_id=Column, --map product_id=Column and --map order_ts=Column.",
			"推荐需要已知客户、商品和时间：请用 --map customer_id=列名、--map product_id=列名 和 --map order_ts=列名 指定。")
		return v, nil
	}
	s := &proposals{r: r, p: p}
	s.read(a.Groups[0])
	if s.m.Users() < phrase.ThinCustomers {
		v.Lead = []string{p.Pick("Fewer than "+p.Count(phrase.ThinCustomers)+" known customers: too few to learn from.", "已知客户不足 "+p.Count(phrase.ThinCustomers)+" 位：太少，无法学习。")}
		return v, nil
	}
	s.findPairs()
	if err := s.test(ctx); err != nil {
		return nil, err
	}
	v.Lead = p.Recommend(s.facts)
	if len(s.pairs) > 0 {
		fig, err := s.pairFigure()
		if err != nil {
			return nil, err
		}
		v.Figures = append(v.Figures, fig)
	}
	if s.facts.Hi < 0 { // what is known to be worse is nothing to act on
		return v, nil
	}
	return v, s.customers(ctx, v)
}

// read folds the groups into histories of the most bought products.
func (s *proposals) read(g *query.Groups) {
	s.spent = make([]int64, g.Keys.Len)
	for c := range s.spent {
		for i := g.Off[c]; i < g.Off[c+1]; i++ {
			if m := g.Values[1][i]; m != query.NullValue {
				s.spent[c] += m
			}
		}
	}
	s.h = newHistory(s.r, mostBought(g, proposedItems))
	s.m = s.h.matrix(nil)
	s.names = make([]string, s.h.items.Len)
	for i := range s.names {
		id, _ := textAt(s.h.items, i)
		s.names[i] = item{id: id}.label(40)
	}
	s.facts = phrase.RecommendFacts{Customers: int64(s.m.Users()), K: proposedK}
}

// mostBought keeps the lines of the n items with the most lines; ties go by the item.
func mostBought(g *query.Groups, n int) *query.Groups {
	if g.ItemKeys.Len <= n {
		return g
	}
	lines := make([]int64, g.ItemKeys.Len)
	for _, it := range g.Items {
		lines[it]++
	}
	order := make([]uint32, len(lines))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Or(cmp.Compare(lines[b], lines[a]), cmp.Compare(a, b)) })
	for _, it := range order[n:] {
		lines[it] = 0
	}
	out := &query.Groups{Keys: g.Keys, ItemKeys: g.ItemKeys, Off: []int64{0}, Values: make([][]int64, len(g.Values))}
	for c := range len(g.Off) - 1 {
		for i := g.Off[c]; i < g.Off[c+1]; i++ {
			if lines[g.Items[i]] == 0 {
				continue
			}
			out.Items = append(out.Items, g.Items[i])
			for k := range g.Values {
				out.Values[k] = append(out.Values[k], g.Values[k][i])
			}
		}
		out.Off = append(out.Off, int64(len(out.Items)))
	}
	return out
}

// findPairs looks at the best sellers' buyers: what do most more of them take than all customers do?
func (s *proposals) findPairs() {
	t := s.m.Transpose()
	count := func(it int) int64 { return t.Off[it+1] - t.Off[it] }
	best := make([]int, s.m.Items)
	for i := range best {
		best[i] = i
	}
	slices.SortStableFunc(best, func(a, b int) int { return cmp.Compare(count(b), count(a)) })
	all := float64(s.m.Users())
	both := make([]int64, s.m.Items)
	for _, it := range best[:min(proposedPairs, len(best))] {
		if count(it) < phrase.Thin {
			break
		}
		clear(both)
		users, _ := t.Row(it)
		for _, u := range users {
			items, _ := s.m.Row(int(u))
			for _, j := range items {
				both[j]++
			}
		}
		q, most := alsoBought{left: uint32(it), buyers: count(it)}, 0.0
		for j, n := range both {
			if j == it || n < phrase.Thin {
				continue
			}
			share, usual := float64(n)/float64(q.buyers), float64(count(j))/all
			// a difference of shares within twice its standard error is chance
			if share-usual > max(most, 2*math.Sqrt(usual*(1-usual)/float64(q.buyers))) {
				most = share - usual
				q.right, q.both, q.all, q.share, q.usual = uint32(j), n, count(j), share, usual
			}
		}
		if most > 0 {
			s.pairs = append(s.pairs, q)
		}
	}
	slices.SortStableFunc(s.pairs, func(a, b alsoBought) int { return cmp.Compare(b.share-b.usual, a.share-a.usual) })
	if len(s.pairs) > 0 {
		q := s.pairs[0]
		s.facts.Left, s.facts.Right, s.facts.Share, s.facts.Usual = s.names[q.left], s.names[q.right], q.share, q.usual
	}
}

// fit learns likeness as the command's itemknn does by default.
func (s *proposals) fit(ctx context.Context, m *recommend.Matrix) (*recommend.KNN, error) {
	return recommend.FitKNN(ctx, m.Binary(), recommend.KNNOptions{Neighbours: 20, Shrink: 10, Threads: max(1, s.r.Threads)})
}

// test proposes to customers without their last order and looks whether they took it.
func (s *proposals) test(ctx context.Context) error {
	j := &recommendJob{r: s.r, h: s.h, o: recommendOptions{split: query.MaxTime, k: proposedK}}
	hold, err := j.split()
	if err != nil {
		return nil // nobody came back with something new: Tested stays 0
	}
	truth := hold.sample(proposedTested)
	s.facts.Tested = int64(len(truth.User))
	if s.facts.Tested < phrase.ThinCustomers {
		return nil
	}
	knn, err := s.fit(ctx, hold.train)
	if err != nil {
		return err
	}
	o := recommend.TopOptions{K: proposedK, Threads: max(1, s.r.Threads)}
	popular := recommend.FitPopular(hold.train)
	f := &fittedModel{model: knn, fill: popular, binary: true}
	own, err := f.top(ctx, hold.train, truth.User, false, o)
	if err != nil {
		return err
	}
	base, err := popular.Top(ctx, hold.train, truth.User, o)
	if err != nil {
		return err
	}
	x, y := recommend.Score(own, truth, hold.catalogue), recommend.Score(base, truth, hold.catalogue)
	diff := make([]float64, len(x.Recall))
	for i := range diff {
		diff[i] = x.Recall[i] - y.Recall[i]
	}
	in := recommend.Bootstrap(diff, 400, uint64(s.r.Seed))
	s.facts.Recall, s.facts.Popular, s.facts.Lo, s.facts.Hi = x.Mean().Recall, y.Mean().Recall, in.Lo, in.Hi
	return nil
}

// pairFigure draws what buyers of the best sellers also take.
func (s *proposals) pairFigure() (Figure, error) {
	p := s.p
	b := chart.Bars{ID: "recommend-pairs", Lying: true, Value: percentFormat(p)}
	buyers := chart.Bar{Name: p.Pick("of its buyers", "其买家中"), Color: "@s1"}
	all := chart.Bar{Name: p.Pick("of all customers", "全部客户中"), Color: "@other"}
	tb := newTable("recommend-pairs", textSpec("product", "the best seller"), textSpec("also_bought", "what its buyers take most beyond the usual"),
		countSpec("customers", result.Customers, "customers with the first"), countSpec("both", result.Customers, "customers with both"),
		ratioSpec("share", "both / customers with the first"), ratioSpec("usual", "share of all customers with the second"))
	for _, q := range s.pairs {
		l, r := s.names[q.left], s.names[q.right]
		b.Labels = append(b.Labels, phrase.Name(l, 15)+" → "+phrase.Name(r, 15))
		buyers.Values, all.Values = append(buyers.Values, q.share), append(all.Values, q.usual)
		buyers.Labels, all.Labels = append(buyers.Labels, p.Percent(q.share)), append(all.Labels, p.Percent(q.usual))
		b.Tips = append(b.Tips, l+" → "+r+"\n"+p.Pick(p.Count(q.both)+" of "+p.Count(q.buyers)+" buyers: ", p.Count(q.buyers)+" 位买家中的 "+p.Count(q.both)+" 位：")+p.Percent(q.share)+
			"\n"+p.Pick("all customers: ", "全部客户：")+p.Percent(q.usual))
		tb.row(l, r, q.buyers, q.both, q.share, q.usual)
	}
	b.Series = []chart.Bar{buyers, all}
	b.Legend = []chart.Key{{Color: "@s1", Text: buyers.Name}, {Color: "@other", Text: all.Name}}
	ch, err := b.Chart()
	return Figure{ID: b.ID, Question: p.Pick("What do buyers of the best sellers also take?", "畅销商品的买家还买什么？"), Chart: ch, Table: tb.t,
		Alt:  p.Pick("For each best seller the product that its buyers take most beyond what all customers do; the largest difference first.", "每种畅销商品及其买家相对全部客户偏好最强的一种搭配，差异大者在前。"),
		Note: p.Pick("Only differences beyond chance: more than two standard errors.", "仅列出超出偶然的差异：大于两个标准误。")}, err
}

// customers proposes to those who spent most.
func (s *proposals) customers(ctx context.Context, v *View) error {
	order := make([]uint32, len(s.spent))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(a, b uint32) int { return cmp.Compare(s.spent[b], s.spent[a]) })
	order = slices.DeleteFunc(order[:min(len(order), proposedFor)], func(u uint32) bool {
		items, _ := s.m.Row(int(u))
		return len(items) == 0
	})
	knn, err := s.fit(ctx, s.m)
	if err != nil || len(order) == 0 {
		return err
	}
	l, err := knn.Top(ctx, s.m.Binary(), order, recommend.TopOptions{K: proposedEach, Threads: 1})
	if err != nil {
		return err
	}
	p := s.p
	tb := newTable("recommend-customers", textSpec("customer_id", "the customer"), revenueSpec, result.Spec{Name: "rank", Type: expr.Int, Desc: "1 = best"},
		textSpec("product", "what to propose"), textSpec("because", "the bought product that spoke most for it"))
	for n, u := range order {
		id, _ := textAt(s.h.keys, int(u))
		if s.r.Pseudonym != nil {
			id = s.r.Pseudonym(id)
		}
		items, _ := l.Of(n)
		own, _ := s.m.Row(int(u))
		var list []string
		for rank, it := range items {
			list = append(list, s.names[it])
			var why any
			if w, ok := knn.Reason(own, nil, it); ok {
				why = s.names[w]
			}
			tb.row(item{id: id}.label(24), s.spent[u], rank+1, s.names[it], why)
		}
		if len(list) > 0 && len(v.Actions) < 3 {
			name := item{id: id}.label(24)
			v.Actions = append(v.Actions, Action{Head: p.Pick("Customer "+name+", "+p.MoneyWords(s.spent[u])+" bought so far, returns not taken off", "客户 "+name+"，累计购买 "+p.MoneyWords(s.spent[u])+"（未扣退货）"),
				Text: p.Pick("Not bought yet: "+p.Join(list)+".", "尚未购买："+p.Join(list)+"。")})
		}
	}
	if tb.t.N > 0 {
		v.Figures = append(v.Figures, Figure{ID: "recommend-customers", Question: p.Pick("What may the best customers want next?", "最好的客户接下来可能想要什么？"),
			Alt:   p.Pick("Proposals for the customers who spent most.", "为消费最多的客户给出的推荐。"),
			Table: tb.t, Note: p.Pick("Lists for everybody: ecomctl recommend.", "全部客户的名单：ecomctl recommend。")})
	}
	return nil
}
