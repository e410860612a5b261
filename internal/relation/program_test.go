package relation

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

var (
	int64Type  = arrow.PrimitiveTypes.Int64
	doubleType = arrow.PrimitiveTypes.Float64
	stringType = arrow.BinaryTypes.String
	microType  = &arrow.TimestampType{Unit: arrow.Microsecond}
	dictType   = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
)

// house is the rule list of the house, as clean.StandardRules makes it.
func house(limit int64) []Rule {
	return []Rule{
		{Name: "no_order_id", Kind: Reject, Test: TestNull, Column: "order_id"},
		{Name: "no_order_ts", Kind: Reject, Test: TestNull, Column: "order_ts"},
		{Name: "unparsable", Kind: Reject, Test: TestBad},
		{Name: "no_money", Kind: Reject, Test: TestNoMoney},
		{Name: "negative_price", Kind: Reject, Test: TestNegative, Column: "unit_price"},
		{Name: "zero_quantity", Kind: Reject, Test: TestZero, Column: "quantity"},
		{Name: "future", Kind: Reject, Test: TestAfter, Column: "order_ts", Limit: limit},
		{Name: "void", Kind: Void, Test: TestWords, Column: "status", Words: []string{"cancelled", "已取消"}},
		{Name: "reversal", Kind: Reversal, Test: TestReversal},
	}
}

func apply(t testing.TB, rel *Relation, need ...string) (*Program, *Worker, *Rows) {
	t.Helper()
	p, err := Compile(rel, need)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Load(context.Background(), 0); err != nil {
		t.Fatal(err)
	}
	w := p.NewWorker()
	r, err := rel.Fact.Splits()[0].Open(context.Background(), p.Wants())
	if err != nil {
		t.Fatal(err)
	}
	var b frame.Batch
	if err := r.Next(&b); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	rows, err := w.Apply(&b)
	if err != nil {
		t.Fatal(err)
	}
	return p, w, rows
}

// show renders rows as "col,col|money|kind|reason".
func show(p *Program, r *Rows) []string {
	var out []string
	for i := range r.N {
		var cells []string
		for _, c := range r.Cols {
			cells = append(cells, cellText(c, i))
		}
		money, reason := "-", "-"
		if !r.MoneyNull(i) {
			money = fmt.Sprint(r.Money[i])
		}
		if r.Reason[i] != NoReason {
			reason = p.Reasons[r.Reason[i]].Name
		}
		out = append(out, strings.Join(append(cells, money, r.Kind[i].String(), reason), "|"))
	}
	return out
}

func orders() *Relation {
	const day = dayMicros
	fact := memtest.New([]string{"id", "at", "cust", "qty", "price", "state"},
		memtest.Column(int64Type, 1, nil, 3, 4, 5, 6, 7, 8, 9, 10),
		memtest.Column(microType, day, day, nil, day, day, 900*day, 2*day, 3*day, 4*day, 400*day),
		memtest.Column(doubleType, 17850.0, nil, 1.5, 2., math.NaN(), 3., 4., 5., 6., 7.),
		memtest.Column(int64Type, 2, 1, 1, 0, -1, 1, 1, 3, 1, 1),
		memtest.Column(doubleType, 2.55, 1., 1., 1., 1.5, 1., -1.0, 0., nil, 2.),
		memtest.Column(dictType, "paid", "paid", nil, "paid", "paid", "paid", "paid", "paid", "paid", " Cancelled "))
	return &Relation{Name: "orders", Fact: fact, Canonical: 6, Zone: "UTC", AsOf: math.MaxInt64, Rules: house(500 * day), Columns: []Column{
		{Name: "order_id", Type: expr.Int, From: "id"},
		{Name: "order_ts", Type: expr.Time, From: "at"},
		{Name: "customer_id", Type: expr.Int, From: "cust"},
		{Name: "quantity", Type: expr.Int, From: "qty"},
		{Name: "unit_price", Type: expr.Float, From: "price"},
		{Name: "status", Type: expr.Text, From: "state"},
	}}
}

func TestApplyKinds(t *testing.T) {
	p, w, r := apply(t, orders(), "order_id", "customer_id")
	want := []string{
		"1|17850|51000|sold|-",
		"||10000|reject|no_order_id",
		"3||10000|reject|no_order_ts",
		"4|2|0|reject|zero_quantity",
		"5||-15000|reversal|reversal",
		"6|3|10000|reject|future",
		"7|4|-10000|reject|negative_price",
		"8|5|0|sold|-",
		"9|6|-|reject|no_money",
		"10|7|20000|void|void",
	}
	if d := cmp.Diff(want, show(p, r)); d != "" {
		t.Error(d)
	}
	if w.Tally.Free != 1 || w.Tally.Rows != 10 || w.Tally.First != dayMicros || w.Tally.Last != 3*dayMicros {
		t.Errorf("tally: free %d rows %d span %d %d", w.Tally.Free, w.Tally.Rows, w.Tally.First, w.Tally.Last)
	}
	if m, _ := w.Tally.By[NoReason].Money(); m != 51000 || w.Tally.By[NoReason].Rows != 2 {
		t.Errorf("sold: %+v", w.Tally.By[NoReason])
	}
}

func TestApplyAsOf(t *testing.T) {
	rel := orders()
	rel.AsOf = 3 * dayMicros
	p, _, r := apply(t, rel, "order_id")
	if got := show(p, r); got[7] != "8|0|outside|outside" || got[9] != "10|20000|outside|outside" || got[5] != "6|10000|reject|future" {
		t.Error(got)
	}
}
