// Package clean holds the rules of what counts as a sale and the command that
// applies them: trusted rows to one place, rejects with their reason to
// another, nothing dropped.
package clean

import (
	"maps"
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Names of the rules, which are the reasons in summaries and rejects.
const (
	NoOrderID     = "no_order_id"
	NoTime        = "no_time"
	NoProduct     = "no_product"
	Unparsable    = relation.ReasonUnparsable
	NoMoney       = "no_money"
	NoRate        = "no_rate"
	NegativePrice = "negative_price"
	ZeroQuantity  = "zero_quantity"
	Future        = "future"
	Free          = "free"
	Void          = "void"
	Reversal      = "reversal"
)

// VoidWords are the statuses, in lower case, of orders that never became or did
// not stay a sale.
var VoidWords = []string{
	"cancelled", "canceled", "refunded", "voided", "failed", "trash", "unpaid",
	"wc-cancelled", "wc-refunded", "wc-failed", "wc-trash", // as WooCommerce stores them
	"已取消", "取消", "订单取消", "交易关闭", "已关闭", "已退款", "退款成功", "全额退款", "已作废", "作废",
	"失败", "支付失败", "交易失败", "回收站", "未付款", "未支付", "待付款", "待支付", "等待付款",
}

// dayMicros is a day in µs.
const dayMicros = 86_400_000_000

// Config is what the configuration says about the rules.
type Config struct {
	// Now is the wall time of the relation's zone in µs; later than a day after it is the future.
	Now int64
	// RejectFree makes lines of price 0 rejects.
	RejectFree bool
	// VoidWords replaces the list of void statuses when not nil.
	VoidWords []string
	// Extra rules: rejects are tried after the house's rejects, other kinds before void.
	Extra []relation.Rule
}

// StandardRules returns the rules of docs/contract.md that apply to the columns of rel, in
// their order: rejects, then void, then reversal; what remains is sold. Tables other than orders
// have no voids and no reversals.
func StandardRules(rel *relation.Relation, cfg Config) []relation.Rule {
	var rules []relation.Rule
	add := func(r relation.Rule, needs ...string) {
		if rel.Has(needs...) {
			rules = append(rules, r)
		}
	}
	null := func(name, column string) {
		add(relation.Rule{Name: name, Kind: relation.Reject, Test: relation.TestNull, Column: column, When: expr.IsNull(expr.Col(column))}, column)
	}
	ts := relation.OrderTS
	if i := rel.TimeColumn(); i >= 0 && rel.Columns[i].Type == expr.Time {
		ts = rel.Columns[i].Name
	}
	_, _, _, _, money := rel.MoneyParts()
	if rel.Name != "orders" { // a log may hold any column beside its own: only its time can be wrong
		return timeRules(rel, ts, cfg)
	}
	null(NoOrderID, "order_id")
	null(NoTime, ts)
	null(NoProduct, "product_id")
	add(relation.Rule{Name: Unparsable, Kind: relation.Reject, Test: relation.TestBad, When: expr.Col(relation.BadColumn)})
	if money && rel.Rates != nil {
		codes := slices.Sorted(maps.Keys(rel.Rates.By))
		add(relation.Rule{Name: NoRate, Kind: relation.Reject, When: expr.Or(expr.IsNull(expr.Col("currency")), expr.Not(expr.In(expr.Col("currency"), codes...)))}, "currency")
	}
	if money {
		add(relation.Rule{Name: NoMoney, Kind: relation.Reject, Test: relation.TestNoMoney, When: expr.IsNull(expr.Col(relation.MoneyColumn))})
	}
	add(relation.Rule{Name: NegativePrice, Kind: relation.Reject, Test: relation.TestNegative, Column: "unit_price", When: expr.Lt(expr.Col("unit_price"), expr.Lit(0))}, "unit_price")
	add(relation.Rule{Name: ZeroQuantity, Kind: relation.Reject, Test: relation.TestZero, Column: "quantity", When: expr.Eq(expr.Col("quantity"), expr.Lit(0))}, "quantity")
	limit := cfg.Now + dayMicros
	add(relation.Rule{Name: Future, Kind: relation.Reject, Test: relation.TestAfter, Column: ts, Limit: limit, When: expr.Gt(expr.Col(ts), expr.TimeLit(limit))}, ts)
	if cfg.RejectFree {
		if when := freeNode(rel, money); when != nil {
			add(relation.Rule{Name: Free, Kind: relation.Reject, Test: relation.TestFree, When: when})
		}
	}
	for _, r := range cfg.Extra {
		if r.Kind == relation.Reject {
			rules = append(rules, r)
		}
	}
	for _, r := range cfg.Extra {
		if r.Kind != relation.Reject {
			rules = append(rules, r)
		}
	}
	return append(rules, saleRules(rel, cfg, money)...)
}

// timeRules are the rules of tables whose rows are no sales: no time, an unreadable value, the
// future, and those of the configuration whose columns are there.
func timeRules(rel *relation.Relation, ts string, cfg Config) []relation.Rule {
	var rules []relation.Rule
	if rel.Has(ts) {
		rules = append(rules, relation.Rule{Name: NoTime, Kind: relation.Reject, Test: relation.TestNull, Column: ts, When: expr.IsNull(expr.Col(ts))})
	}
	rules = append(rules, relation.Rule{Name: Unparsable, Kind: relation.Reject, Test: relation.TestBad, When: expr.Col(relation.BadColumn)})
	if limit := cfg.Now + dayMicros; rel.Has(ts) {
		rules = append(rules, relation.Rule{Name: Future, Kind: relation.Reject, Test: relation.TestAfter, Column: ts, Limit: limit, When: expr.Gt(expr.Col(ts), expr.TimeLit(limit))})
	}
	for _, r := range cfg.Extra {
		if rel.Has(expr.Columns(r.When)...) {
			rules = append(rules, r)
		}
	}
	return rules
}

// saleRules are the rules for void and reversed lines.
func saleRules(rel *relation.Relation, cfg Config, money bool) []relation.Rule {
	var rules []relation.Rule
	words := cfg.VoidWords
	if words == nil {
		words = VoidWords
	}
	if i := rel.Find("status"); i >= 0 && rel.Columns[i].Type == expr.Text && len(words) > 0 {
		status := expr.Call("lower", expr.Call("trim", expr.Col("status")))
		rules = append(rules, relation.Rule{Name: Void, Kind: relation.Void, Test: relation.TestWords, Column: "status", Words: words, When: expr.In(status, words...)})
	}
	var when expr.Node
	if money {
		when = expr.Lt(expr.Col(relation.MoneyColumn), expr.MoneyLit(0))
	}
	if rel.Has("quantity") {
		negative := expr.Lt(expr.Col("quantity"), expr.Lit(0))
		if money {
			negative = expr.Or(negative, when)
		}
		when = negative
	}
	if when != nil {
		rules = append(rules, relation.Rule{Name: Reversal, Kind: relation.Reversal, Test: relation.TestReversal, When: when})
	}
	return rules
}

// freeNode is the predicate of lines that cost nothing.
func freeNode(rel *relation.Relation, money bool) expr.Node {
	if rel.Has("unit_price") {
		return expr.Eq(expr.Col("unit_price"), expr.Lit(0))
	}
	if money {
		return expr.Eq(expr.Col(relation.MoneyColumn), expr.MoneyLit(0))
	}
	return nil
}
