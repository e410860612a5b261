package relation

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// joined is a small Olist: items → orders → customers, and products.
func joined() *Relation {
	items := memtest.New([]string{"order", "product", "price"},
		memtest.Column(dictType, "o1", "o1", "o2", "o9", nil),
		memtest.Column(doubleType, 1.0, 2.0, nil, 3.0, 1.0),
		memtest.Column(doubleType, 1.5, 2.0, 3.0, 4.0, 5.0))
	items.Cuts = []int{2}
	orders := memtest.New([]string{"id", "customer", "at"},
		memtest.Column(stringType, "o1", "o2", nil), memtest.Column(int64Type, 7, 8, 9), memtest.Column(stringType, "2024-01-02 03:04:05", "oops", "2024-01-01"))
	customers := memtest.New([]string{"id", "person"}, memtest.Column(arrow.PrimitiveTypes.Int32, 7, 7, 10), memtest.Column(stringType, "anna", "anna", "bob"))
	products := memtest.New([]string{"sku", "name"}, memtest.Column(int64Type, 1, 3), memtest.Column(dictType, "pen", nil))
	return &Relation{Name: "orders", Fact: items, Canonical: 5, Zone: "UTC", AsOf: math.MaxInt64,
		Joins: []Join{
			{Name: "orders", Table: orders, On: []On{{"order", "id"}}},
			{Name: "customers", Table: customers, On: []On{{"orders.customer", "id"}}},
			{Name: "products", Table: products, On: []On{{"product", "sku"}}},
		},
		Columns: []Column{
			{Name: "order_id", Type: expr.Text, From: "order"},
			{Name: "order_ts", Type: expr.Time, From: "at", Join: 1},
			{Name: "customer_id", Type: expr.Text, From: "person", Join: 2},
			{Name: "product_name", Type: expr.Text, From: "name", Join: 3},
			{Name: "amount", Type: expr.Float, From: "price"},
		}}
}

type cells struct{ rows []string }

func (c *cells) Begin(int) {}
func (c *cells) End()      {}
func (c *cells) Visit(r *Rows) error {
	for i := range r.N {
		var line []string
		for _, col := range r.Cols {
			line = append(line, cell(col, i))
		}
		c.rows = append(c.rows, strings.Join(line, "|"))
	}
	return nil
}

// list compiles, loads and reads a relation.
func list(rel *Relation, memory int64, need ...string) ([]string, *Tally, error) {
	p, err := Compile(rel, need)
	if err != nil {
		return nil, nil, err
	}
	if err := p.Load(context.Background(), memory); err != nil {
		return nil, nil, err
	}
	var c cells
	tally, err := p.Scan(context.Background(), 1, func() Visitor { return &c })
	return c.rows, tally, err
}

func TestComposedJoins(t *testing.T) {
	got, tally, err := list(joined(), 0, "order_id", "order_ts", "customer_id", "product_name")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"o1|2024-01-02T03:04:05|anna|pen",
		"o1|2024-01-02T03:04:05|anna|null",
		"o2|null|null|null",
		"o9|null|null|null",
		"null|null|null|pen",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int64{2, 3, 2}, tally.Unmatched); d != "" {
		t.Errorf("unmatched: %s", d)
	}
}

func TestJoinRefusesKeysOfTwoMeanings(t *testing.T) {
	rel := joined()
	rel.Joins[2].Table = memtest.New([]string{"sku", "name"}, memtest.Column(int64Type, 1, 3, 1), memtest.Column(stringType, "pen", "cup", "pencil"))
	_, _, err := list(rel, 0, "product_name")
	if err == nil || fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), "joining products: the key 1 occurs in rows 1 and 3 with different values") {
		t.Errorf("error %v", err)
	}
	// The same table is fine while only columns that agree are used.
	rel.Columns[3].From = "sku"
	rel.Columns[3].Type = expr.Int
	if _, _, err := list(rel, 0, "product_name"); err != nil {
		t.Error(err)
	}
}

func TestJoinStaysWithinMemory(t *testing.T) {
	_, _, err := list(joined(), 10, "product_name")
	if fault.KindOf(err) != fault.Full || fault.HintOf(err) == "" {
		t.Errorf("error %v", err)
	}
}

func TestCompositeKeys(t *testing.T) {
	// ("a", 1) is not ("a1", ""): parts are kept apart.
	fact := memtest.New([]string{"x", "y"}, memtest.Column(stringType, "a", "a1", "a"), memtest.Column(int64Type, 11, 1, nil))
	dim := memtest.New([]string{"k", "l", "v"}, memtest.Column(stringType, "a", "a1"), memtest.Column(int64Type, 11, 1), memtest.Column(stringType, "first", "second"))
	rel := &Relation{Name: "orders", Fact: fact, Canonical: 1, AsOf: math.MaxInt64, Joins: []Join{{Name: "d", Table: dim, On: []On{{"x", "k"}, {"y", "l"}}}},
		Columns: []Column{{Name: "category", Type: expr.Text, From: "v", Join: 1}}}
	got, _, err := list(rel, 0, "category")
	if d := cmp.Diff([]string{"first", "second", "null"}, got); d != "" || err != nil {
		t.Error(d, err)
	}
}

// Text formats keep ids as text; a typed table on the other side decides.
func TestJoinOfTextAndNumbers(t *testing.T) {
	fact := memtest.New([]string{"sku"}, memtest.Column(stringType, "1", "2.0", "x"))
	fact.Format = "csv"
	dim := memtest.New([]string{"id", "v"}, memtest.Column(int64Type, 1, 2), memtest.Column(stringType, "one", "two"))
	rel := &Relation{Name: "orders", Fact: fact, Canonical: 2, AsOf: math.MaxInt64, Joins: []Join{{Name: "d", Table: dim, On: []On{{"sku", "id"}}}},
		Columns: []Column{{Name: "product_id", Type: expr.Text, From: "sku"}, {Name: "category", Type: expr.Text, From: "v", Join: 1}}}
	got, _, err := list(rel, 0, "product_id", "category")
	if d := cmp.Diff([]string{"1|one", "2.0|two", "x|null"}, got); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestCompileErrors(t *testing.T) {
	tests := []struct {
		change func(*Relation)
		need   string
		want   string
	}{
		{func(r *Relation) {}, "colour", `the orders have no column "colour"`},
		{func(r *Relation) { r.Columns[4].Name = "price" }, MoneyColumn, "the orders have no money"},
		{func(r *Relation) { r.Columns[4].From = "cost" }, "amount", `the input has no column "cost"`},
		{func(r *Relation) { r.Columns[0].Type = expr.Time; r.Columns[0].From = "flag" }, "order_id", `the input has no column "flag"`},
		{func(r *Relation) { r.Columns[4].Type = expr.Text }, "amount", "cannot be read as text"},
		{func(r *Relation) { r.Zone = "Mars/Base" }, "amount", `reading time zone "Mars/Base"`},
		{func(r *Relation) { r.Joins[0].On = nil }, "amount", "no key columns"},
		{func(r *Relation) {
			r.Rules = []Rule{{Name: "odd", Kind: Reject, When: expr.Lt(expr.Col("weight"), expr.Lit(1))}}
		}, "amount", "rule odd"},
		{func(r *Relation) { r.Rules = []Rule{{Name: "odd", Kind: Sold, Test: TestBad}} }, "amount", "gives the kind sold"},
	}
	for _, tt := range tests {
		rel := joined()
		tt.change(rel)
		_, err := Compile(rel, []string{tt.need})
		if err == nil || !strings.Contains(err.Error(), tt.want) || fault.KindOf(err) != fault.Usage {
			t.Errorf("%v, want %q", err, tt.want)
		}
	}
}
