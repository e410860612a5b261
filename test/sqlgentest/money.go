package sqlgentest

import (
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// The money of a line is the same integer in the kernels and in SQL, for every
// mix of integers and doubles, near halves and at the edge of 64 bits.
func (e *Engine) money(t *testing.T) {
	number := func(t *rapid.T, typ arrow.DataType, huge bool) any {
		if rapid.IntRange(0, 15).Draw(t, "null") == 0 {
			return nil
		}
		if typ == int64Type {
			if !huge {
				return rapid.Int64Range(-20, 1000).Draw(t, "int")
			}
			return rapid.OneOf(rapid.Int64Range(-20, 1000), rapid.SampledFrom([]int64{0, math.MaxInt64, math.MinInt64, 922337203685477, 922337203685478, -922337203685478, 1 << 53})).Draw(t, "int")
		}
		usual := []*rapid.Generator[float64]{
			rapid.Map(rapid.Int64Range(-1_000_000, 100_000_000), func(i int64) float64 { return float64(i) / 1e5 }), // halves of 10⁻⁴
			rapid.Map(rapid.Int64Range(0, 1_000_000), func(i int64) float64 { return math.Nextafter(float64(i)/1e5, math.Inf(1-2*int(i&1))) }),
			rapid.Float64Range(-1e6, 1e6),
		}
		if !huge {
			return rapid.OneOf(usual...).Draw(t, "float")
		}
		return rapid.OneOf(append(usual, rapid.Float64(),
			rapid.SampledFrom([]float64{922337203685477.5807, -922337203685477.5808, 922337203685477.5, 4503599627370496.5 / 1e4, math.NaN(), math.Inf(1), 5e-5, -5e-5, math.Nextafter(5e-5, 0)}),
		)...).Draw(t, "float")
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{1, 1, 10, 30}).Draw(t, "rows")
		huge := n == 1 // the sum of several such rows would be refused
		names := rapid.SampledFrom([][]string{{"amount"}, {"quantity", "unit_price"}, {"quantity", "unit_price", "discount"}}).Draw(t, "parts")
		ids := make([]any, n)
		for i := range ids {
			ids[i] = int64(i)
		}
		d := memtest.New([]string{"order_id"}, memtest.Column(int64Type, ids...))
		rel := &relation.Relation{Name: "t", Fact: d, AsOf: math.MaxInt64, Columns: []relation.Column{{Name: "order_id", From: "order_id", Type: expr.Int}}}
		for _, name := range names {
			typ := rapid.SampledFrom([]arrow.DataType{int64Type, f64Type}).Draw(t, "type")
			vals := make([]any, n)
			for i := range vals {
				vals[i] = number(t, typ, huge)
			}
			as := expr.Float
			if typ == int64Type && rapid.Bool().Draw(t, "asInt") {
				as = expr.Int
			}
			d.Names, d.Cols = append(d.Names, name), append(d.Cols, memtest.Column(typ, vals...))
			rel.Columns = append(rel.Columns, relation.Column{Name: name, From: name, Type: as})
		}
		rel.Canonical = len(rel.Columns)
		if err := e.load("t", d); err != nil {
			t.Fatal(err)
		}
		e.sameAnswer(t, rel, query.Query{Name: "money", Dims: []query.Dim{{Name: "id", Column: "order_id"}},
			Measures: []query.Measure{{Name: "min", Op: query.Min, Column: relation.MoneyColumn}, {Name: "has", Op: query.Count, Column: relation.MoneyColumn}}})
	})
}
