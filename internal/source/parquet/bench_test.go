package parquet

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	sink "github.com/ecomctl/ecomctl/internal/sink/parquet"
	"github.com/ecomctl/ecomctl/internal/source"
)

// orderLines makes a file like a shop's order lines: growing ids, repeating
// customers with few nulls, prices, times and short texts.
func orderLines(b testing.TB, n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "order_id", Type: arrow.PrimitiveTypes.Int64}, {Name: "customer_id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "quantity", Type: arrow.PrimitiveTypes.Int32}, {Name: "unit_price", Type: arrow.PrimitiveTypes.Float64},
		{Name: "order_ts", Type: &arrow.TimestampType{Unit: arrow.Microsecond}}, {Name: "status", Type: arrow.BinaryTypes.String},
		{Name: "token", Type: arrow.BinaryTypes.String},
	}, nil)
	batch := frame.Batch{N: n, Cols: make([]frame.Column, 7)}
	for i, f := range schema.Fields() {
		batch.Cols[i] = frame.Column{Type: f.Type, Kind: frame.KindOf(f.Type), Len: n, Off: []int32{0}}
	}
	c := batch.Cols
	c[1].Valid = make([]byte, n/8+1)
	for i := range n {
		c[0].I64 = append(c[0].I64, int64(i/3))
		c[1].I64 = append(c[1].I64, int64(r.IntN(n/20)))
		if r.IntN(100) > 0 {
			frame.SetBit(c[1].Valid, i)
		} else {
			c[1].Nulls++
		}
		c[2].I64 = append(c[2].I64, int64(1+r.IntN(5)))
		c[3].F64 = append(c[3].F64, float64(r.IntN(20_000))/100)
		c[4].I64 = append(c[4].I64, 1_700_000_000_000_000+int64(i)*int64(1000+r.IntN(9)))
		for j, s := range []string{[]string{"paid", "cancelled", "refunded"}[r.IntN(20)/9], fmt.Sprintf("%032x", r.Uint64())} {
			c[5+j].Data = append(c[5+j].Data, s...)
			c[5+j].Off = append(c[5+j].Off, int32(len(c[5+j].Data)))
		}
	}
	var buf bytes.Buffer
	w, err := sink.NewWriter(&buf, schema, sink.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Write(&batch); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return buf.Bytes()
}

// BenchmarkRead reads one million rows; ns/op divided by a million is the cost
// of a row in one goroutine.
func BenchmarkRead(b *testing.B) {
	const n = 1_000_000
	file := orderLines(b, n)
	ds, err := Open(context.Background(), "mem", bytes.NewReader(file), int64(len(file)), Options{})
	if err != nil {
		b.Fatal(err)
	}
	names := append([]string{"six"}, "order_id", "customer_id", "quantity", "unit_price", "order_ts", "status", "token")
	for i, name := range names {
		want := []source.Want{{Col: i - 1}}
		if i == 0 {
			want = []source.Want{{Col: 0}, {Col: 1}, {Col: 2}, {Col: 3}, {Col: 4}, {Col: 5}}
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if rows, err := readAll(ds, want, nil); err != nil || rows != n {
					b.Fatal(rows, err)
				}
			}
		})
	}
}
