package relation

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// lines is an export in which only one line of an order tells its status, and not always the first.
func lines() *Relation {
	fact := memtest.New([]string{"no", "status", "sku", "name", "price"},
		memtest.Column(stringType, "#1", "#1", "#2", "#2", "#3", nil),
		memtest.Column(stringType, "paid", "", nil, "refunded", nil, "paid"),
		memtest.Column(dictType, "a", "", nil, "b", "", "c"),
		memtest.Column(dictType, "Apple", "Pear", "", "Plum", nil, "Fig"),
		memtest.Column(doubleType, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0))
	fact.Cuts = []int{1, 3}
	return &Relation{Name: "orders", Fact: fact, Canonical: 4, Zone: "UTC", AsOf: math.MaxInt64,
		Joins: []Join{{Name: "order", Table: fact, On: []On{{"no", "no"}}, Present: "status", Self: true}},
		Columns: []Column{
			{Name: "order_id", Type: expr.Text, From: "no"},
			{Name: "status", Type: expr.Text, From: "status", Join: 1},
			{Name: "product_id", Type: expr.Text, From: "sku", Else: "name"},
			{Name: "amount", Type: expr.Float, From: "price"},
		}}
}

func TestALineTellsForAllLinesOfItsOrder(t *testing.T) {
	rows, tally, err := list(lines(), 0, "order_id", "status", "product_id", "amount")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"#1|paid|a|1", "#1|paid|Pear|2", "#2|refunded|null|3", "#2|refunded|b|4", "#3|null|null|5", "null|null|c|6"}
	if d := cmp.Diff(want, rows); d != "" {
		t.Error(d)
	}
	if tally.Unmatched[0] != 2 {
		t.Errorf("%d rows without an order", tally.Unmatched[0])
	}
}

func TestTwoStatesOfAnOrderAreAnError(t *testing.T) {
	rel := lines()
	rel.Fact.(*memtest.Dataset).Cols[1] = memtest.Column(stringType, "paid", "refunded", nil, "refunded", nil, "paid")
	_, _, err := list(rel, 0, "order_id", "status")
	if err == nil || !strings.Contains(err.Error(), "joining order: the key #1 occurs in rows 1 and 2 with different values") || !strings.Contains(fault.HintOf(err), "two states of one order") {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
}
