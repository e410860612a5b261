package relation_test

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

const day = 86_400_000_000

// lines draws an orders table of the types that shops have.
func lines(t *rapid.T) *relation.Relation {
	n := rapid.IntRange(0, 200).Draw(t, "rows")
	column := func(name string, typ arrow.DataType, from ...any) frame.Column {
		g := rapid.SampledFrom(from)
		vals := make([]any, n)
		for i := range vals {
			vals[i] = g.Draw(t, name)
		}
		return memtest.Column(typ, vals...)
	}
	double, whole := arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Int64
	quantity, qType := column("quantity", whole, 1, 1, 1, 2, -1, 0, nil), expr.Int
	if rapid.Bool().Draw(t, "float quantity") {
		quantity, qType = column("quantity", double, 1., 1., 2.5, -1., 0., math.Copysign(0, -1), math.NaN(), nil), expr.Float
	}
	price := column("price", double, 1., 2.55, 2.55, 0., math.Copysign(0, -1), -1., math.NaN(), math.Inf(-1), 1e300, nil)
	if rapid.Bool().Draw(t, "decimal price") {
		price = column("price", &arrow.Decimal128Type{Precision: 10, Scale: 2}, 100, 255, 0, -100, nil)
	}
	status := column("status", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}, "paid", "paid", "paid", " Cancelled", "REFUNDED ", "已取消", "cancelled?", "", nil)
	if rapid.Bool().Draw(t, "plain status") {
		status = column("status", arrow.BinaryTypes.String, "paid", "Trash", "\tfailed", nil)
	}
	d := memtest.New([]string{"o", "t", "p", "q", "u", "s", "d", "c"},
		column("id", whole, 1, 2, nil), column("ts", &arrow.TimestampType{Unit: arrow.Microsecond}, day, 2*day, 3*day, 4*day, 9*day, nil),
		column("product", double, 1., 2., math.NaN(), nil), quantity, price, status, column("discount", double, 0., 0.5, 9., nil),
		column("customer", double, 17850., 1.5, nil)) // 1.5 is no id: unreadable
	rel := &relation.Relation{Name: "orders", Fact: d, Zone: "UTC", AsOf: math.MaxInt64, Columns: []relation.Column{
		{Name: "order_id", Type: expr.Int, From: "o"}, {Name: "order_ts", Type: expr.Time, From: "t"}, {Name: "product_id", Type: expr.Int, From: "p"},
		{Name: "quantity", Type: qType, From: "q"}, {Name: "unit_price", Type: expr.Float, From: "u"}, {Name: "status", Type: expr.Text, From: "s"},
		{Name: "discount", Type: expr.Float, From: "d"}, {Name: "customer_id", Type: expr.Int, From: "c"},
	}}
	drop := rapid.IntRange(0, len(rel.Columns)).Draw(t, "column left out")
	if drop < len(rel.Columns) && rapid.Bool().Draw(t, "leave out") {
		rel.Columns = append(rel.Columns[:drop], rel.Columns[drop+1:]...)
	}
	rel.Canonical = len(rel.Columns)
	if rapid.Bool().Draw(t, "as-of") {
		rel.AsOf = 3 * day
	}
	rel.Rules = clean.StandardRules(rel, clean.Config{Now: 5 * day, RejectFree: rapid.Bool().Draw(t, "free")})
	return rel
}

// kinds runs a relation over its first split.
func kinds(t *rapid.T, rel *relation.Relation) (out []string, tally relation.Tally) {
	p, err := relation.Compile(rel, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rel.Fact.Splits()[0].Open(context.Background(), p.Wants())
	if err != nil {
		t.Fatal(err)
	}
	w := p.NewWorker()
	var b frame.Batch
	if err := r.Next(&b); errors.Is(err, io.EOF) {
		return nil, w.Tally
	}
	rows, err := w.Apply(&b)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range rows.Kind {
		reason := ""
		if rows.Reason[i] != relation.NoReason {
			reason = p.Reasons[rows.Reason[i]].Name
		}
		out = append(out, k.String()+" "+reason)
	}
	return out, w.Tally
}

// TestHouseRulesEqualTheirPredicates compares the bit-mask kernels with the
// predicates that SQL engines print.
func TestHouseRulesEqualTheirPredicates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rel := lines(t)
		fast, tally := kinds(t, rel)
		rules := append([]relation.Rule{}, rel.Rules...)
		for i := range rules {
			rules[i].Test = relation.TestExpr
		}
		slow := *rel
		slow.Rules = rules
		want, tally2 := kinds(t, &slow)
		if d := cmp.Diff(want, fast); d != "" {
			t.Fatal(d)
		}
		if tally.By != tally2.By || tally.Rows != tally2.Rows || tally.Free != tally2.Free || tally.First != tally2.First || tally.Last != tally2.Last {
			t.Fatalf("tallies differ: %+v %+v", tally, tally2)
		}
	})
}

// TestTallyIsTheSumOfKinds counts again from the rows.
func TestTallyIsTheSumOfKinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rel := lines(t)
		rows, tally := kinds(t, rel)
		count := map[string]int64{}
		for _, r := range rows {
			count[r]++
		}
		p, err := relation.Compile(rel, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range p.Reasons {
			if got := tally.By[i].Rows; got != count[r.Kind.String()+" "+r.Name] {
				t.Fatalf("%s: %d rows, counted %d", r.Name, got, count[r.Kind.String()+" "+r.Name])
			}
		}
		if tally.By[relation.NoReason].Rows != count["sold "] || tally.Rows != int64(len(rows)) {
			t.Fatalf("sold %d, counted %d", tally.By[relation.NoReason].Rows, count["sold "])
		}
	})
}
