package analysis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/itemset"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Basket finds what is bought together.
var Basket = Register(&Definition{
	Name:  "basket",
	Group: "Products",
	Short: Text{"What is bought together: rules with support, confidence, lift and significance", "什么常被一起购买：关联规则及其支持度、置信度、提升度与显著性"},
	Long: `Transactions are orders with at least one sold line, as sets of distinct items; or the lines
of a basket file. The count threshold is the smallest integer ≥ support × transactions, taken from the
decimal as typed (a support of 1 or more is a count). Rules have one consequent item unless --max-consequent says
otherwise. p_value is Fisher's exact test (greater), q_value Benjamini–Hochberg over all rules that
meet the support, before the confidence; --fdr keeps rules up to a q_value.`,
	Example: []string{
		"ecomctl basket orders.parquet --min-support 0.001 --min-confidence 0.3 --sort lift:desc --limit 20",
		"ecomctl basket orders.parquet --target maximal --min-support 50",
		"ecomctl basket groceries.basket --input-format basket --min-support 0.001 --min-confidence 0.5 --fdr 0.05",
	},
	Table: "orders",
	Needs: []string{"order_id"},
	Uses:  []string{"product_id", "order_ts"},
	Params: []Param{
		{Name: "min-support", Kind: FloatParam, Default: "0.01", Help: "least share of transactions, or count when 1 or more"},
		{Name: "min-confidence", Kind: FloatParam, Default: "0.25", Help: "least confidence of a rule, inclusive"},
		{Name: "target", Kind: StringParam, Default: "rules", Choices: []string{"rules", "itemsets", "closed", "maximal"}, Help: "what is listed"},
		{Name: "max-consequent", Kind: IntParam, Default: "1", Help: "most items of a consequent, up to 8"},
		{Name: "item", Kind: StringParam, Default: "product_id", Columns: true, Help: "column that is the item: product_id, category, …"},
		{Name: "fdr", Kind: FloatParam, Default: "", Help: "keep rules with a q_value up to this false discovery rate"},
		{Name: "non-redundant", Kind: BoolParam, Default: "false", Help: "drop rules that a more general rule with the same consequent equals or beats in confidence"},
		{Name: "contain", Kind: ListParam, Default: "", Help: "only rules or sets with one of these items"},
		{Name: "exclude", Kind: ListParam, Default: "", Help: "no rules or sets with one of these items"},
		{Name: "holdout", Kind: StringParam, Default: "", Help: "mine the earlier orders and show count and lift in this latest share of them, like 20%"},
	},
	Columns: ruleSpecs,
	Method:  "basket",
	Plan:    basketPlan,
	Finish:  basketFinish,
	Section: basketSection,
})

var ruleSpecs = []result.Spec{
	{Name: "antecedent", Type: expr.Text, Desc: "items of the left side, separated by a comma"},
	{Name: "consequent", Type: expr.Text, Desc: "items of the right side"},
	{Name: "count", Type: expr.Int, Unit: result.Orders, Desc: "transactions with both sides"},
	{Name: "support", Type: expr.Float, Unit: result.Ratio, Desc: "count / transactions"},
	{Name: "confidence", Type: expr.Float, Unit: result.Ratio, Desc: "count / transactions with the antecedent"},
	{Name: "lift", Type: expr.Float, Desc: "confidence / share of transactions with the consequent"},
	{Name: "leverage", Type: expr.Float, Desc: "support − product of the sides' supports"},
	{Name: "conviction", Type: expr.Float, Desc: "(1 − P(consequent)) / (1 − confidence)", Null: "confidence is 1"},
	{Name: "zhang", Type: expr.Float, Desc: "Zhang's metric, −1 (never together) to 1", Null: "a side is in all transactions"},
	{Name: "p_value", Type: expr.Float, Desc: "Fisher's exact test, one-sided (greater)"},
	{Name: "q_value", Type: expr.Float, Desc: "Benjamini–Hochberg over all rules that meet the support"},
}

var itemsetSpecs = []result.Spec{
	{Name: "itemset", Type: expr.Text, Desc: "items, separated by a comma"},
	{Name: "size", Type: expr.Int, Desc: "number of items"},
	{Name: "count", Type: expr.Int, Unit: result.Orders, Desc: "transactions with all items"},
	{Name: "support", Type: expr.Float, Unit: result.Ratio, Desc: "count / transactions"},
}

func basketPlan(r *Request) (query.Plan, error) {
	item := r.Str("item")
	if !r.Rel.Has(item) {
		return query.Plan{}, fault.New(fault.Usage, "basket: the input has no %s", item).WithHint("map it with --map %s=Column, or choose another column with --item", item)
	}
	g := query.Grouping{Name: "baskets", Scope: relation.Only(relation.Sold), Where: r.Where, From: r.From, To: r.To,
		Key: "order_id", Item: item, Distinct: true}
	if r.Str("holdout") != "" {
		if !r.Rel.Has(relation.OrderTS) {
			return query.Plan{}, fault.New(fault.Usage, "--holdout: the input has no order_ts to split by")
		}
		g.Values = []string{relation.OrderTS}
	}
	q := r.baseQuery("transactions")
	q.Scope = relation.Only(relation.Sold)
	q.Measures = []query.Measure{{Name: "n", Op: query.CountDistinct, Column: "order_id"}}
	return query.Plan{Queries: []query.Query{q}, Groupings: []query.Grouping{g}}, nil
}

// basketOptions are the parameters of basket, read.
type basketOptions struct {
	target           itemset.Target
	rules            bool
	confidence       *big.Rat
	maxConsequent    int
	fdr              float64
	nonRedundant     bool
	contain, exclude map[string]bool
	holdout          *big.Rat
}

func readBasketOptions(r *Request) (o basketOptions, err error) {
	o.rules = r.Str("target") == "rules" || r.Str("target") == ""
	o.target = map[string]itemset.Target{"closed": itemset.Closed, "maximal": itemset.Maximal}[r.Str("target")]
	if o.confidence, err = decimal("min-confidence", r.Str("min-confidence")); err != nil {
		return o, err
	}
	if o.confidence.Sign() < 0 || o.confidence.Cmp(big.NewRat(1, 1)) > 0 || !o.confidence.Denom().IsInt64() {
		return o, fault.New(fault.Usage, "--min-confidence %s: from 0 to 1, with at most 18 decimals", r.Str("min-confidence"))
	}
	if o.maxConsequent, err = strconv.Atoi(r.Str("max-consequent")); err != nil || o.maxConsequent < 1 || o.maxConsequent > 8 {
		return o, fault.New(fault.Usage, "--max-consequent %s: from 1 to 8", r.Str("max-consequent"))
	}
	o.fdr = 1
	if s := r.Str("fdr"); s != "" {
		v, err := decimal("fdr", s)
		if err != nil {
			return o, err
		}
		if o.fdr, _ = v.Float64(); o.fdr < 0 || o.fdr > 1 {
			return o, fault.New(fault.Usage, "--fdr %s: from 0 to 1", s)
		}
	}
	o.nonRedundant = r.Str("non-redundant") == "true"
	o.contain, o.exclude = wordSet(r.Str("contain")), wordSet(r.Str("exclude"))
	if s := r.Str("holdout"); s != "" {
		num, percent := strings.CutSuffix(s, "%")
		if o.holdout, err = decimal("holdout", num); err != nil {
			return o, err
		}
		if percent {
			o.holdout.Quo(o.holdout, big.NewRat(100, 1))
		}
		if o.holdout.Sign() <= 0 || o.holdout.Cmp(big.NewRat(1, 1)) >= 0 {
			return o, fault.New(fault.Usage, "--holdout %s: a share between 0 and 1, like 20%%", s)
		}
	}
	return o, nil
}

// decimal reads a number as typed, exactly.
func decimal(flag, s string) (*big.Rat, error) {
	v, ok := new(big.Rat).SetString(strings.TrimSpace(s))
	if !ok || len(s) > 40 {
		return nil, fault.New(fault.Usage, "--%s %s: not a number", flag, s)
	}
	return v, nil
}

func wordSet(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range words(s) {
		set[w] = true
	}
	return set
}

// minCount returns the smallest count that reaches a support over n transactions: the
// smallest integer ≥ support·n, or the support itself when it is 1 or more.
func minCount(support *big.Rat, n int64) (int64, error) {
	if support.Sign() <= 0 {
		return 0, fault.New(fault.Usage, "--min-support %s: must be greater than 0", support.RatString())
	}
	v := new(big.Rat).Set(support)
	if v.Cmp(big.NewRat(1, 1)) >= 0 {
		if !v.IsInt() || !v.Num().IsInt64() {
			return 0, fault.New(fault.Usage, "--min-support %s: a count must be whole", support.RatString())
		}
		return v.Num().Int64(), nil
	}
	v.Mul(v, new(big.Rat).SetInt64(n))
	q, m := new(big.Int).DivMod(v.Num(), v.Denom(), new(big.Int))
	if m.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return max(1, q.Int64()), nil
}

// basketBounds turns the memory budget into bounds of the kernel: a code of a mined set takes 4
// bytes, twice while the parts are joined and as much again as a table; a candidate three
// doubles; a rule, with its row, about 320 bytes.
func basketBounds(memory int64) (items, candidates, rules int64) {
	if memory <= 0 {
		memory = 2 << 30
	}
	return max(1, memory/16), max(1, memory/96), max(1, memory/640)
}

func basketFinish(ctx context.Context, r *Request, a *query.Answer) (*Result, error) {
	o, err := readBasketOptions(r)
	if err != nil {
		return nil, err
	}
	support, err := decimal("min-support", r.Str("min-support"))
	if err != nil {
		return nil, err
	}
	g := a.Groups[0]
	n := a.Tables[0].Col("n").I64[0]
	train, test := splitBaskets(g, o.holdout)
	if o.holdout != nil {
		n = int64(train.Len())
	}
	least, err := minCount(support, n)
	if err != nil {
		return nil, err
	}
	res := &Result{Notes: []string{fmt.Sprintf("%d transactions, %d items; sets in at least %d transactions", n, g.ItemKeys.Len, least)}}
	maxItems, maxCandidates, maxRules := basketBounds(r.Memory)
	sets, err := itemset.Mine(ctx, train, itemset.Options{MinCount: least, Target: o.target, Threads: r.Threads, MaxItems: maxItems})
	if err != nil {
		return nil, explodes(err, least, n, "--target closed, --target maximal")
	}
	names := itemNames(&g.ItemKeys)
	if !o.rules {
		res.Main = setTable(sets, names, n, &o)
		return res, nil
	}
	rules, err := itemset.Rules(ctx, sets, n, itemset.RuleOptions{ConfNum: o.confidence.Num().Int64(), ConfDen: o.confidence.Denom().Int64(),
		MaxConsequent: o.maxConsequent, MaxCandidates: maxCandidates, MaxRules: maxRules})
	if err != nil {
		return nil, explodes(err, least, n, "--max-consequent 1")
	}
	res.Notes = append(res.Notes, fmt.Sprintf("%d frequent itemsets, %d candidate rules, %d of them reach the confidence", sets.Len(), rules.Candidates, len(rules.Rules)))
	keepRules(rules, names, &o)
	res.Main = ruleTable(rules, names)
	if test != nil {
		addHoldout(res.Main, rules, test)
	}
	return res, nil
}

// explodes names a support that fits, and another way out.
func explodes(err error, least, n int64, other string) error {
	var many *itemset.TooMany
	if !errors.As(err, &many) {
		return err
	}
	full := fault.New(fault.Full, "sets in at least %d of %d transactions: %w", least, n, err)
	if many.Fits > n {
		return full.WithHint("no --min-support fits, for too many items share the same transactions; try %s or more --memory", other)
	}
	return full.WithHint("--min-support %d fits; or try %s or more --memory", many.Fits, other)
}

// splitBaskets turns groups into baskets; with a hold-out the latest share of
// orders, by the time of their first line, are apart.
func splitBaskets(g *query.Groups, holdout *big.Rat) (train, test *itemset.Baskets) {
	all := &itemset.Baskets{Off: g.Off, Items: g.Items, N: g.ItemKeys.Len}
	if holdout == nil {
		return all, nil
	}
	n := all.Len()
	keep := new(big.Rat).Mul(new(big.Rat).Sub(big.NewRat(1, 1), holdout), new(big.Rat).SetInt64(int64(n)))
	cut := int(new(big.Int).Quo(keep.Num(), keep.Denom()).Int64())
	first := make([]int64, n)
	order := make([]int, n)
	for t := range n {
		order[t] = t
		first[t] = math.MaxInt64
		for i := g.Off[t]; i < g.Off[t+1]; i++ {
			first[t] = min(first[t], g.Values[0][i])
		}
	}
	sortByTime(order, first)
	part := func(idx []int) *itemset.Baskets {
		b := &itemset.Baskets{Off: []int64{0}, N: all.N}
		for _, t := range idx {
			b.Items = append(b.Items, g.Items[g.Off[t]:g.Off[t+1]]...)
			b.Off = append(b.Off, int64(len(b.Items)))
		}
		return b
	}
	return part(order[:cut]), part(order[cut:])
}

// itemNames returns the text of every item code.
func itemNames(keys *frame.Column) []string {
	names := make([]string, keys.Len)
	for i := range names {
		if keys.Kind == frame.String {
			names[i] = string(keys.Str(i))
		} else {
			names[i] = fmt.Sprint(keys.I64[i])
		}
	}
	return names
}
