package analysis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Recommend proposes products to customers, beside a product and for a basket.
var Recommend = Register(&Definition{
	Name:  "recommend",
	Group: "Products",
	Short: Text{"What each customer may want next, what goes with a product, and how good such lists are", "每位客户接下来可能想要什么、与某商品相配的是什么，以及这些推荐有多准"},
	Long: `Learns from the products of every known customer (guests tell nothing) and proposes the best
--k to each, without what they already bought unless --rebuy. Methods: itemknn (products that
share customers), als (implicit matrix factorisation), ease (a closed-form linear model, up to 5,000
products), popular, recent (popular within --window), own (the customer's own products, most
often bought first; with --rebuy), auto (the best on a hold-out). Ties go by product id. Where a
method knows too little to fill a list, popular products follow with score 0.

--evaluate holds out each customer's last order, or with --split everything from a date on, and measures
the lists beside popular. Measured are customers with earlier purchases and something new (with
--rebuy: anything) in the hold-out: precision = hits / k, recall = hits / held-out products,
ndcg = Σ 1/log₂(rank + 1) over hits / its ideal, map = Σ precision at hits / min(k, held-out
products), coverage = products proposed / products known.`,
	Example: []string{
		"ecomctl recommend orders.parquet --k 5 -o next.parquet",
		"ecomctl recommend orders.parquet --for 1042,1043 --reasons",
		"ecomctl recommend orders.parquet --similar 85123A",
		"ecomctl recommend orders.parquet --basket 85123A,22423",
		"ecomctl recommend orders.parquet --method auto --evaluate --intervals",
		"ecomctl recommend ratings.csv --preset movielens --min-rating 4 --method als --evaluate",
	},
	Table:   "orders",
	Or:      []string{"interactions"},
	Needs:   []string{"order_ts", "customer_id", "product_id"},
	NeedsOf: map[string][]string{"interactions": {"user_id", "item_id"}},
	Uses:    []string{"order_id"},
	Params: []Param{
		{Name: "method", Kind: StringParam, Default: "itemknn", Choices: recommendMethods, Help: "how products are chosen"},
		{Name: "k", Kind: IntParam, Default: "10", Help: "products a customer, up to 1000"},
		{Name: "rebuy", Kind: BoolParam, Default: "false", Help: "also propose what the customer already bought"},
		{Name: "for", Kind: ListParam, Default: "", Help: "only these customers, `id,id`"},
		{Name: "similar", Kind: ListParam, Default: "", Help: "instead of customers: products like these, `id,id`"},
		{Name: "basket", Kind: ListParam, Default: "", Help: "instead of customers: products that go with this basket, `id,id`"},
		{Name: "reasons", Kind: BoolParam, Default: "false", Help: "add a column because: the bought product that spoke most for it"},
		{Name: "evaluate", Kind: BoolParam, Default: "false", Help: "measure the method on a hold-out instead"},
		{Name: "split", Kind: StringParam, Default: "", Help: "hold out all from this `date` on (with --evaluate and --method auto)"},
		{Name: "intervals", Kind: BoolParam, Default: "false", Help: "with --evaluate: add 95 % bootstrap intervals"},
		{Name: "similarity", Kind: StringParam, Default: "cosine", Choices: []string{"cosine", "jaccard", "bm25"}, Help: "itemknn: likeness of two products"},
		{Name: "neighbours", Kind: IntParam, Default: "20", Help: "itemknn: nearest products that count"},
		{Name: "shrink", Kind: FloatParam, Default: "10", Help: "itemknn: added below the fraction of cosine and jaccard, against chance; 0 = none"},
		{Name: "factors", Kind: IntParam, Default: "64", Help: "als: hidden factors"},
		{Name: "iterations", Kind: IntParam, Default: "15", Help: "als: rounds of fitting"},
		{Name: "alpha", Kind: FloatParam, Default: "1", Help: "als: n orders count with confidence 1 + alpha × (n − 1)"},
		{Name: "lambda", Kind: FloatParam, Default: "", Help: "als, ease: regularisation (default als 10, ease 500)"},
		{Name: "window", Kind: StringParam, Default: "30d", Help: "recent: days back from the last purchase: 30d, 4w"},
		{Name: "min-rating", Kind: FloatParam, Default: "", Help: "interactions: only ratings of at least this"},
	},
	Columns: recommendSpecs,
	Method:  "recommend",
	NoNet:   true,
	Plan:    recommendPlan,
	Finish:  recommendFinish,
	Section: recommendSection,
})

var recommendSpecs = []result.Spec{
	{Name: "customer_id", Type: expr.Text, Desc: "the customer; integer ids stay integers"},
	{Name: "rank", Type: expr.Int, Desc: "1 = best"},
	{Name: "product_id", Type: expr.Text, Desc: "the product"},
	{Name: "score", Type: expr.Float, Unit: result.Score, Desc: "the method's score, comparable within a customer; 0 = filled up with a popular product"},
}

var (
	becauseSpec   = result.Spec{Name: "because", Type: expr.Text, Desc: "the bought product that spoke most for it", Null: "no single product did"}
	similarToSpec = result.Spec{Name: "similar_to", Type: expr.Text, Desc: "the product asked about"}
)

// recommendOptions are the parameters of recommend, read.
type recommendOptions struct {
	method                              string
	k                                   int
	rebuy, reasons, evaluate, intervals bool
	forIDs, similar, basket             []string
	split                               int64 // µs; query.MaxTime = last orders
	similarity                          string
	neighbours                          int
	shrink                              float64
	window                              int64 // µs
	factors, iterations                 int
	alpha, lambda                       float64 // lambda 0 = the method's own
}

// onlyFor names the methods that look at a parameter; of no use elsewhere, it is refused there.
var onlyFor = map[string][]string{
	"similarity": {"itemknn"}, "neighbours": {"itemknn"}, "shrink": {"itemknn"}, "window": {"recent"},
	"factors": {"als"}, "iterations": {"als"}, "alpha": {"als"}, "lambda": {"als", "ease"},
}

func readRecommendOptions(r *Request) (o recommendOptions, err error) {
	o = recommendOptions{method: r.Str("method"), rebuy: r.Str("rebuy") == "true", reasons: r.Str("reasons") == "true",
		evaluate: r.Str("evaluate") == "true", intervals: r.Str("intervals") == "true", similarity: r.Str("similarity"),
		forIDs: words(r.Str("for")), similar: words(r.Str("similar")), basket: words(r.Str("basket")), split: query.MaxTime}
	if o.k, err = wholeParam(r, "k", 1, 1000); err != nil {
		return o, err
	}
	if o.neighbours, err = wholeParam(r, "neighbours", 1, 10_000); err != nil {
		return o, err
	}
	if o.shrink, err = numberParam(r, "shrink", 0, 1e9); err != nil {
		return o, err
	}
	if o.factors, err = wholeParam(r, "factors", 1, 1024); err != nil {
		return o, err
	}
	if o.iterations, err = wholeParam(r, "iterations", 1, 1000); err != nil {
		return o, err
	}
	if o.alpha, err = numberParam(r, "alpha", 0, 1e6); err != nil {
		return o, err
	}
	if r.Str("lambda") != "" {
		if o.lambda, err = numberParam(r, "lambda", 1e-6, 1e9); err != nil {
			return o, err
		}
	}
	span, err := days("window", r.Str("window"))
	if err != nil {
		return o, err
	}
	o.window = int64(span * float64(dayMicros))
	if s := r.Str("split"); s != "" {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return o, fault.New(fault.Usage, "--split %s: not a date like 2025-09-30", s)
		}
		o.split = t.UnixMicro()
	}
	return o, o.check(r)
}

// check refuses what does not go together.
func (o *recommendOptions) check(r *Request) error {
	var aims []string
	for _, n := range []string{"evaluate", "similar", "basket", "for"} {
		if v := r.Str(n); v != "" && v != "false" {
			aims = append(aims, "--"+n)
		}
	}
	if len(aims) > 1 {
		return fault.New(fault.Usage, "%s: one of them at a time", strings.Join(aims, " and "))
	}
	for n, methods := range onlyFor {
		if p := paramOf(Get("recommend"), n); r.Str(n) != p.Default && o.method != "auto" && !slices.Contains(methods, o.method) {
			return fault.New(fault.Usage, "--%s has no meaning for --method %s", n, o.method).WithHint("it is for %s", strings.Join(methods, ", "))
		}
	}
	byUser := len(o.similar) == 0 && len(o.basket) == 0
	switch {
	case o.method == "own" && !o.rebuy:
		return fault.New(fault.Usage, "--method own proposes what was already bought: it needs --rebuy")
	case !byUser && !slices.Contains([]string{"itemknn", "als", "ease", "auto"}, o.method):
		return fault.New(fault.Usage, "--method %s does not look at products beside each other", o.method).WithHint("use itemknn, als or ease")
	case len(o.similar) > 0 && o.rebuy:
		return fault.New(fault.Usage, "--rebuy has no meaning for --similar")
	case o.reasons && (o.evaluate || len(o.similar) > 0):
		return fault.New(fault.Usage, "--reasons is for lists of customers and baskets")
	case o.intervals && !o.evaluate:
		return fault.New(fault.Usage, "--intervals needs --evaluate")
	case o.split != query.MaxTime && !o.evaluate && o.method != "auto":
		return fault.New(fault.Usage, "--split needs --evaluate or --method auto")
	case r.Str("min-rating") != "" && !r.Rel.Has("rating"):
		return fault.New(fault.Usage, "--min-rating: the input has no rating").WithHint("map it with --map rating=Column")
	case (o.evaluate || o.method == "auto" || o.method == "recent") && !r.Rel.Has(recommendTime(r)):
		return fault.New(fault.Usage, "recommend: the input has no %s, and a hold-out or what is recent needs times", recommendTime(r)).
			WithHint("map it with --map %s=Column", recommendTime(r))
	}
	return nil
}

// paramOf returns a parameter of a definition by name.
func paramOf(d *Definition, name string) Param {
	for _, p := range d.Params {
		if p.Name == name {
			return p
		}
	}
	panic("analysis: no parameter " + name)
}

// wholeParam reads an integer parameter within bounds.
func wholeParam(r *Request, name string, lo, hi int) (int, error) {
	v, err := strconv.Atoi(strings.TrimSpace(r.Str(name)))
	if err != nil || v < lo || v > hi {
		return 0, fault.New(fault.Usage, "--%s %s: a whole number from %d to %d is wanted", name, r.Str(name), lo, hi)
	}
	return v, nil
}

// numberParam reads a number within bounds.
func numberParam(r *Request, name string, lo, hi float64) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(r.Str(name)), 64)
	if err != nil || !(v >= lo && v <= hi) {
		return 0, fault.New(fault.Usage, "--%s %s: a number from %s to %s is wanted", name, r.Str(name), ftoa(lo), ftoa(hi))
	}
	return v, nil
}

// recommendColumns are the names of user, item, time and order in a table.
func recommendColumns(r *Request) (user, item, order string) {
	if r.Rel.Name == "interactions" {
		return "user_id", "item_id", ""
	}
	if r.Rel.Has("order_id") {
		order = "order_id"
	}
	return "customer_id", "product_id", order
}

func recommendTime(r *Request) string {
	if r.Rel.Name == "interactions" {
		return "ts"
	}
	return relation.OrderTS
}

// recommendPlan asks for the lines of every known customer.
func recommendPlan(r *Request) (query.Plan, error) {
	if _, err := readRecommendOptions(r); err != nil {
		return query.Plan{}, err
	}
	g, err := recommendGrouping(r)
	return query.Plan{Groupings: []query.Grouping{g}}, err
}

func recommendGrouping(r *Request) (query.Grouping, error) {
	user, item, order := recommendColumns(r)
	g := query.Grouping{Name: "histories", Scope: relation.Only(relation.Sold), Where: r.Where, From: r.From, To: r.To, Key: user, Item: item}
	if s := r.Str("min-rating"); s != "" {
		least, err := numberParam(r, "min-rating", -math.MaxFloat64, math.MaxFloat64)
		if err != nil {
			return g, err
		}
		g.Where = expr.And(g.Where, expr.Ge(expr.Col("rating"), expr.Lit(least)))
	}
	if t := recommendTime(r); r.Rel.Has(t) {
		g.Values = append(g.Values, t)
	}
	if order != "" {
		g.Values = append(g.Values, order)
	}
	return g, nil
}

func recommendFinish(ctx context.Context, r *Request, a *query.Answer) (*Result, error) {
	o, err := readRecommendOptions(r)
	if err != nil {
		return nil, err
	}
	g := a.Groups[0]
	a.Groups[0] = nil // its arrays are taken over
	h := newHistory(r, g)
	if len(h.item) == 0 {
		return nil, fault.New(fault.Input, "recommend: no purchase of a known customer is in scope").
			WithHint("widen --from, --to or --where; guests (orders without customer_id) tell nothing")
	}
	j := &recommendJob{r: r, o: o, h: h}
	if err := j.room(); err != nil {
		return nil, err
	}
	j.note("%d customers, %d products, %d purchases (distinct products of distinct orders)", h.keys.Len, h.items.Len, len(h.item))
	var t *result.Table
	switch {
	case o.evaluate:
		t, err = j.evaluate(ctx)
	case len(o.similar) > 0:
		t, err = j.similar(ctx)
	case len(o.basket) > 0:
		t, err = j.basket(ctx)
	default:
		t, err = j.customers(ctx)
	}
	return &Result{Main: t, Notes: j.notes, AsOf: recommendAsOf(r, a)}, err
}

func recommendAsOf(r *Request, a *query.Answer) int64 { return asOfDay(r, a) * dayMicros }

// recommendJob is one run.
type recommendJob struct {
	r     *Request
	o     recommendOptions
	h     *history
	notes []string
}

func (j *recommendJob) note(format string, args ...any) {
	j.notes = append(j.notes, fmt.Sprintf(format, args...))
}

func (j *recommendJob) threads() int { return max(1, j.r.Threads) }
