package expr_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	. "github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/expr/exprtest"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// BenchmarkFilter tells the cost of a condition in nanoseconds a row, over batches
// of the usual size. 1 ns a row is 10 ms for 10 M rows.
func BenchmarkFilter(b *testing.B) {
	const n = frame.BatchRows
	var ints, floats, words, plain, times []any
	for i := range n {
		ints = append(ints, i%50)
		floats = append(floats, float64(i%1000)/10)
		words = append(words, fmt.Sprintf("region %d", i%27))
		plain = append(plain, fmt.Sprintf("%08d-0000-0000-0000-000000000000", i))
		times = append(times, int64(i)*1_000_000_000)
		if i%13 == 0 {
			floats[i] = nil
		}
	}
	cols := []*frame.Column{}
	for _, c := range []frame.Column{
		memtest.Column(arrow.PrimitiveTypes.Int64, ints...), memtest.Column(arrow.PrimitiveTypes.Float64, floats...),
		memtest.Column(exprtest.FrameType(Text, true), words...), memtest.Column(exprtest.FrameType(Text, false), plain...),
		memtest.Column(arrow.PrimitiveTypes.Int64, times...), memtest.Column(arrow.PrimitiveTypes.Int64, ints...),
	} {
		cols = append(cols, &c)
	}
	types := []Type{Int, Float, Text, Text, Time, Money}
	l := func(name string) (int, Type, bool) {
		i := slices.Index([]string{"quantity", "unit_price", "region", "id", "order_ts", "amount"}, name)
		return i, types[max(i, 0)], i >= 0
	}
	for _, src := range []string{
		"quantity > 10", "unit_price > 10", "region = 'region 5'", "region = 'region 5' and unit_price > 10", "lower(region) like '%1%'",
		"id = '00000005-0000-0000-0000-000000000000'", "quantity in (1, 5, 9)", "order_ts between '1970-01-05' and '1970-02-01'",
		"quantity * unit_price > 100", "month(order_ts) = 2", "amount > 10.5", "case when region = 'region 5' then 1 else 2 end = 1",
	} {
		b.Run(src, func(b *testing.B) {
			node, err := Parse(src)
			if err != nil {
				b.Fatal(err)
			}
			p, err := CompileCondition(node, l)
			if err != nil {
				b.Fatal(err)
			}
			s, sel := p.NewScratch(), make([]bool, n)
			b.ReportAllocs()
			for b.Loop() {
				p.FilterWith(s, cols, n, sel)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}
