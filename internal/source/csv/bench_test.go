package csv

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// ordersCSV makes a file of the shape of a shop's export.
func ordersCSV(rows int) []byte {
	var b bytes.Buffer
	b.WriteString("order_id,customer_id,product_id,category,quantity,unit_price,order_ts,province,payment,status\n")
	x := uint64(88172645463325252)
	next := func(n uint64) uint64 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		return x % n
	}
	for i := range rows {
		fmt.Fprintf(&b, "%d,%d,%d,cat_%02d,%d,%d.%02d,2024-%02d-%02d %02d:%02d:%02d.%06d,prov_%02d,alipay,paid\n",
			i/3, next(50000), next(12000), next(30), 1+next(5), next(300), next(100), 1+i*12/rows, 1+next(28), next(24), next(60), next(60), next(1e6), next(31))
	}
	return b.Bytes()
}

func all(ds source.Dataset) []source.Want {
	w := make([]source.Want, ds.Schema().NumFields())
	for i := range w {
		w[i].Col = i
	}
	return w
}

func BenchmarkParse(b *testing.B) {
	data := ordersCSV(200_000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		ds, err := Open(context.Background(), "bench.csv", bytes.NewReader(data), int64(len(data)), Options{})
		if err != nil {
			b.Fatal(err)
		}
		rows := 0
		var batch frame.Batch
		for _, s := range ds.Splits() {
			r, err := s.Open(context.Background(), all(ds))
			if err != nil {
				b.Fatal(err)
			}
			for {
				err := r.Next(&batch)
				if err == io.EOF {
					break
				}
				if err != nil {
					b.Fatal(err)
				}
				rows += batch.N
			}
			r.Close()
		}
		if rows != 200_000 {
			b.Fatalf("%d rows", rows)
		}
	}
}
