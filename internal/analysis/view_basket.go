package analysis

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/big"
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/kernel/itemset"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

var basketTitle = Text{"Bought together", "搭配购买"}

// basketSection answers: which products sell each other?
//
// It mines pairs in the earlier four fifths of the orders and keeps those beyond
// chance (Benjamini–Hochberg, 5 %) that are bought together at least basketLift times as often as
// orders of these sizes explain, in the latest fifth too. Large orders hold everything more often, so that
// plain lift calls nearly all pairs of frequent products strong; with the sizes s of the orders kept, two
// products of n and m orders meet by chance in n·m·Σs(s−1)/(Σs)² of them (the configuration model; compare the
// swap randomization of Gionis et al., ACM TKDD 1(3), 2007). The threshold comes from the data: Thin orders, or one in two thousand, or, where that gives more than
// basketItems codes of sets, the least one that does not.
var basketSection = &Section{
	Order: 25,
	Title: basketTitle,
	Plan:  basketSectionPlan,
	View:  basketView,
}

const (
	basketLift   = 1.5
	basketFDR    = 0.05
	basketItems  = 1 << 20 // room for some 170,000 pairs
	basketWidest = 200     // items of an order that is looked at: longer ones are wholesale lists
	basketShown  = 18      // pairs on the page
	basketOften  = 3       // of which one product is in at most so many
)

// basketColumn is what the section pairs: names people know, else ids.
func (r *Request) basketColumn() string {
	for _, c := range []string{"product_name", "product_id", "category"} {
		if r.Rel.Has(c) {
			return c
		}
	}
	return ""
}

func basketSectionPlan(r *Request) (query.Plan, error) {
	item := r.basketColumn()
	if item == "" || !r.Rel.Has("order_id") {
		return query.Plan{}, nil
	}
	if r.large() {
		return query.Plan{}, errLarge
	}
	g := query.Grouping{Name: "baskets", Scope: relation.Only(relation.Sold), Where: r.Where, From: r.From, To: r.To, Key: "order_id", Item: item, Distinct: true}
	if r.Rel.Has(relation.OrderTS) {
		g.Values = []string{relation.OrderTS}
	}
	return query.Plan{Groupings: []query.Grouping{g}}, nil
}

// pair is a rule of the page with what the later orders say. Its lifts compare with orders of
// the same sizes.
type pair struct {
	itemset.Rule
	lift, extra float64 // extra: orders with both beyond what chance gives
	later       int64   // later orders with both
	laterLeft   int64
	laterLift   float64 // NaN where a side does not occur later
}

// together is the share of n·m that two items of n and m baskets meet in by chance.
func together(b *itemset.Baskets) float64 {
	var sum, pairs float64
	for t := range b.Len() {
		s := float64(b.Off[t+1] - b.Off[t])
		sum += s
		pairs += s * (s - 1)
	}
	if sum == 0 {
		return 0
	}
	return pairs / (sum * sum)
}

// lasts reports whether the later orders show at least half of the excess.
func (q pair) lasts() bool { return q.laterLift >= 1+(q.lift-1)/2 }

func basketView(ctx context.Context, r *Request, a *query.Answer) (*View, error) {
	p := r.printer(a)
	v := &View{ID: "basket", Title: basketTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	if len(a.Groups) == 0 {
		v.Missing = p.Pick("What is bought together needs orders and products: map columns with --map order_id=Column and --map product_id=Column.",
			"搭配分析需要订单与商品：请用 --map order_id=列名 和 --map product_id=列名 指定。")
		return v, nil
	}
	g := narrow(a.Groups[0])
	names := make([]string, g.ItemKeys.Len)
	for i := range names {
		id, _ := textAt(&g.ItemKeys, i)
		names[i] = item{id: id}.label(40)
	}
	facts := phrase.BasketFacts{Orders: int64(len(g.Off) - 1)}
	for t := range len(g.Off) - 1 {
		if g.Off[t+1]-g.Off[t] > 1 {
			facts.Several++
		}
	}
	pairs, err := findPairs(ctx, g, &facts, max(1, r.Threads))
	if err != nil {
		return nil, err
	}
	lasting := slices.DeleteFunc(slices.Clone(pairs), func(q pair) bool { return !q.lasts() })
	facts.Pairs, facts.Lasting = len(pairs), len(lasting)
	shown := varied(lasting)
	if len(shown) > 0 {
		best := shown[0]
		n := float64(facts.Orders)
		facts.Left, facts.Right, facts.Both, facts.LeftIn, facts.Lift = names[best.Left[0]], names[best.Right[0]], best.N, best.NLeft, best.lift
		facts.Share, facts.Usual = float64(best.N)/float64(best.NLeft), float64(best.NRight)/(n-math.Floor(n/5))
		for _, q := range shown {
			facts.Met += q.later
			facts.ByChance += float64(q.later) / q.laterLift
		}
	}
	v.Lead = p.Basket(facts)
	if len(shown) == 0 {
		return v, nil
	}
	v.Actions = basketActions(p, shown, names)
	table := pairTable(shown, names)
	bars, err := pairBars(p, shown, names, table)
	if err != nil {
		return nil, err
	}
	graph, err := pairGraph(p, shown, names, table)
	if err != nil {
		return nil, err
	}
	v.Figures = []Figure{bars, graph}
	return v, nil
}

// varied takes the first pairs, each product a few times at most: one that goes with
// everything would fill the page.
func varied(pairs []pair) []pair {
	var out []pair
	often := map[uint32]int{}
	for _, q := range pairs {
		l, r := q.Left[0], q.Right[0]
		if len(out) == basketShown {
			break
		}
		if often[l] < basketOften && often[r] < basketOften {
			often[l]++
			often[r]++
			out = append(out, q)
		}
	}
	return out
}

// narrow leaves out orders of more than basketWidest items.
func narrow(g *query.Groups) *query.Groups {
	wide := false
	for t := range len(g.Off) - 1 {
		wide = wide || g.Off[t+1]-g.Off[t] > basketWidest
	}
	if !wide {
		return g
	}
	out := &query.Groups{Off: []int64{0}, ItemKeys: g.ItemKeys, Values: make([][]int64, len(g.Values))}
	for t := range len(g.Off) - 1 {
		from, to := g.Off[t], g.Off[t+1]
		if to-from > basketWidest {
			continue
		}
		out.Items = append(out.Items, g.Items[from:to]...)
		for k := range g.Values {
			out.Values[k] = append(out.Values[k], g.Values[k][from:to]...)
		}
		out.Off = append(out.Off, int64(len(out.Items)))
	}
	return out
}

// findPairs returns the pairs beyond chance, one direction each, that with the most orders
// beyond chance first.
func findPairs(ctx context.Context, g *query.Groups, facts *phrase.BasketFacts, threads int) ([]pair, error) {
	train, later := splitLatest(g)
	n := int64(train.Len())
	if facts.Several < phrase.Thin || later.Len() == 0 {
		return nil, nil
	}
	o := itemset.Options{MinCount: max(phrase.Thin, (n+1999)/2000), MaxSize: 2, Threads: threads, MaxItems: basketItems}
	sets, err := itemset.Mine(ctx, train, o)
	var many *itemset.TooMany
	if errors.As(err, &many) {
		o.MinCount = many.Fits
		sets, err = itemset.Mine(ctx, train, o)
	}
	if err != nil {
		return nil, err
	}
	facts.Least = o.MinCount
	rules, err := itemset.Rules(ctx, sets, n, itemset.RuleOptions{ConfNum: 0, ConfDen: 1})
	if err != nil {
		return nil, err
	}
	var pairs []pair
	factor := together(train)
	for _, rule := range rules.Rules {
		// of the two directions the one from the rarer product: it has the higher confidence
		if rule.Q > basketFDR || rule.NLeft > rule.NRight || (rule.NLeft == rule.NRight && rule.Left[0] > rule.Right[0]) {
			continue
		}
		chance := float64(rule.NLeft) * float64(rule.NRight) * factor
		if lift := float64(rule.N) / chance; lift >= basketLift {
			pairs = append(pairs, pair{Rule: rule, lift: lift, extra: float64(rule.N) - chance})
		}
	}
	confirm(pairs, later)
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.extra, a.extra), cmp.Compare(a.Left[0], b.Left[0]), cmp.Compare(a.Right[0], b.Right[0]))
	})
	return pairs, nil
}

// splitLatest cuts off the latest fifth of the orders; without a time, the last fifth by key.
func splitLatest(g *query.Groups) (train, later *itemset.Baskets) {
	if len(g.Values) == 0 {
		timed := *g
		order := make([]int64, len(g.Items))
		for t := range len(g.Off) - 1 {
			for i := g.Off[t]; i < g.Off[t+1]; i++ {
				order[i] = int64(t)
			}
		}
		timed.Values = [][]int64{order}
		g = &timed
	}
	return splitBaskets(g, big.NewRat(1, 5))
}

// confirm counts each pair in the later orders.
func confirm(pairs []pair, later *itemset.Baskets) {
	where := tidLists(later)
	factor := together(later)
	for i := range pairs {
		q := &pairs[i]
		left, right := where[q.Left[0]], where[q.Right[0]]
		q.later, q.laterLeft, q.laterLift = int64(len(meet(left, right))), int64(len(left)), math.NaN()
		if len(left) > 0 && len(right) > 0 {
			q.laterLift = float64(q.later) / (float64(len(left)) * float64(len(right)) * factor)
		}
	}
}

// tidLists returns the baskets of each item.
func tidLists(b *itemset.Baskets) [][]int32 {
	where := make([][]int32, b.N)
	for t := range b.Len() {
		for _, it := range b.Items[b.Off[t]:b.Off[t+1]] {
			where[it] = append(where[it], int32(t))
		}
	}
	return where
}

func pairTable(shown []pair, names []string) *result.Table {
	tb := newTable("pairs", textSpec("antecedent", "the rarer product"), textSpec("consequent", "its partner"),
		countSpec("count", result.Orders, "earlier orders with both"), ratioSpec("confidence", "share of the orders with the first that hold the second"),
		result.Spec{Name: "lift", Type: expr.Float, Desc: "times as often as orders of these sizes explain"},
		result.Spec{Name: "extra", Type: expr.Float, Unit: result.Orders, Desc: "orders with both beyond chance"},
		result.Spec{Name: "q_value", Type: expr.Float, Desc: "false discovery rate"},
		countSpec("later_count", result.Orders, "later orders with both"), result.Spec{Name: "later_lift", Type: expr.Float, Desc: "lift in the later orders", Null: "a side does not occur there"})
	for _, q := range shown {
		tb.row(names[q.Left[0]], names[q.Right[0]], q.N, float64(q.N)/float64(q.NLeft), q.lift, q.extra, q.Q, q.later, q.laterLift)
	}
	return tb.t
}
