package relation_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// benchShop is one batch of ten columns: orders of three lines, one row in
// twelve void, one in a hundred dirty.
func benchShop(text bool) *relation.Relation {
	n := frame.BatchRows
	cols := make([][]any, 10)
	add := func(k int, v any) { cols[k] = append(cols[k], v) }
	for i := range n {
		id := any(i / 3)
		if text {
			id = fmt.Sprintf("order-%030d", i/3*7919%n)
		}
		add(0, id)
		add(1, int64(day)+int64(i)*1000)
		add(2, i/3%5000)
		add(3, i*7919%20000)
		add(4, 1+i%3)
		add(5, float64(100+i%977)/100)
		add(6, fmt.Sprintf("cat_%02d", i%30))
		add(7, fmt.Sprintf("prov_%02d", i%34))
		add(8, []string{"card", "cash"}[i%2])
		add(9, "paid")
		switch {
		case i%12 == 5:
			cols[9][i] = "cancelled"
		case i%100 == 7:
			cols[4][i] = -1
		case i%100 == 8:
			cols[5][i] = nil
		case i%100 == 9:
			cols[2][i] = nil
		}
	}
	whole, dict := arrow.PrimitiveTypes.Int64, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	key, typ := whole, expr.Int
	if text {
		key, typ = arrow.BinaryTypes.String, expr.Text
	}
	d := memtest.New([]string{"order_id", "order_ts", "customer_id", "product_id", "quantity", "unit_price", "category", "region", "payment", "status"},
		memtest.Column(key, cols[0]...), memtest.Column(&arrow.TimestampType{Unit: arrow.Microsecond}, cols[1]...), memtest.Column(whole, cols[2]...),
		memtest.Column(whole, cols[3]...), memtest.Column(whole, cols[4]...), memtest.Column(arrow.PrimitiveTypes.Float64, cols[5]...),
		memtest.Column(dict, cols[6]...), memtest.Column(dict, cols[7]...), memtest.Column(dict, cols[8]...), memtest.Column(dict, cols[9]...))
	rel := &relation.Relation{Name: "orders", Fact: d, Zone: "UTC", AsOf: math.MaxInt64, Canonical: 10}
	for i, name := range d.Names {
		t := []expr.Type{typ, expr.Time, expr.Int, expr.Int, expr.Int, expr.Float, expr.Text, expr.Text, expr.Text, expr.Text}[i]
		rel.Columns = append(rel.Columns, relation.Column{Name: name, Type: t, From: name})
	}
	rel.Rules = clean.StandardRules(rel, clean.Config{Now: 400 * day})
	return rel
}

func batchOf(b *testing.B, rel *relation.Relation) (*relation.Program, *frame.Batch) {
	b.Helper()
	p, err := relation.Compile(rel, rel.Fact.(*memtest.Dataset).Names)
	if err != nil {
		b.Fatal(err)
	}
	r, err := rel.Fact.Splits()[0].Open(b.Context(), p.Wants())
	if err != nil {
		b.Fatal(err)
	}
	raw := new(frame.Batch)
	if err := r.Next(raw); err != nil {
		b.Fatal(err)
	}
	return p, raw
}

// BenchmarkApply measures mapping, money and the house rules; by predicate shows
// what the bit-mask kernels save.
func BenchmarkApply(b *testing.B) {
	for _, byExpr := range []bool{false, true} {
		b.Run(map[bool]string{false: "house", true: "predicates"}[byExpr], func(b *testing.B) {
			rel := benchShop(false)
			for i := range rel.Rules {
				if byExpr {
					rel.Rules[i].Test = relation.TestExpr
				}
			}
			p, raw := batchOf(b, rel)
			w := p.NewWorker()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Apply(raw); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(raw.N), "ns/row")
		})
	}
}

// BenchmarkDuplicates measures what looking for duplicates adds to a scan.
func BenchmarkDuplicates(b *testing.B) {
	for _, text := range []bool{false, true} {
		b.Run(map[bool]string{false: "rising ids", true: "text ids"}[text], func(b *testing.B) {
			p, raw := batchOf(b, benchShop(text))
			rows, err := p.NewWorker().Apply(raw)
			if err != nil {
				b.Fatal(err)
			}
			f, err := relation.NewDupFinder(p, 1<<40)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				w := f.NewWorker()
				w.Split(0)
				w.Add(rows)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(raw.N), "ns/row")
		})
	}
}
