package spark_test

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink/parquet"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
	"github.com/ecomctl/ecomctl/internal/source/open"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

var (
	textType = arrow.BinaryTypes.String
	intType  = arrow.PrimitiveTypes.Int64
	realType = arrow.PrimitiveTypes.Float64
	wallType = &arrow.TimestampType{Unit: arrow.Microsecond}
	instants = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
)

// table is a small table that is built column by column.
type table struct {
	names []string
	types []arrow.DataType
	cols  [][]any
}

// add appends a column of n values.
func (b *table) add(name string, typ arrow.DataType, n int, value func(i int) any) {
	b.names, b.types = append(b.names, name), append(b.types, typ)
	col := make([]any, n)
	for i := range col {
		col[i] = value(i)
	}
	b.cols = append(b.cols, col)
}

// write writes the table as a Parquet file.
func (b *table) write(t *testing.T, path string) string {
	t.Helper()
	d := &memtest.Dataset{Names: b.names}
	for i, c := range b.cols {
		d.Cols = append(d.Cols, memtest.Column(b.types[i], c...))
	}
	return writeParquet(t, d, path)
}

// writeParquet writes a dataset as a file.
func writeParquet(t *testing.T, d source.Dataset, path string) string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := parquet.NewWriter(f, d.Schema(), parquet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var want []source.Want
	for i := range d.Schema().NumFields() {
		want = append(want, source.Want{Col: i})
	}
	for _, sp := range d.Splits() {
		r, err := sp.Open(context.Background(), want)
		if err != nil {
			t.Fatal(err)
		}
		var b frame.Batch
		for err = r.Next(&b); err == nil; err = r.Next(&b) {
			if err := w.Write(&b); err != nil {
				t.Fatal(err)
			}
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// inMicroseconds writes a Parquet file again with times that Spark reads: it knows no nanoseconds.
func inMicroseconds(t *testing.T, file string) string {
	t.Helper()
	d, err := open.Open(context.Background(), []string{file}, open.Options{FS: vfs.Schemes{}, TempDir: t.TempDir(), Memory: 1 << 28})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	return writeParquet(t, micros{d}, filepath.Join(t.TempDir(), "retail.parquet"))
}

// micros is a dataset whose nanoseconds are microseconds.
type micros struct{ source.Dataset }

func (m micros) Schema() *arrow.Schema {
	fields := slices.Clone(m.Dataset.Schema().Fields())
	for i, f := range fields {
		if f.Type.ID() == arrow.TIMESTAMP {
			fields[i].Type = wallType
		}
	}
	return arrow.NewSchema(fields, nil)
}

func (m micros) Splits() (out []source.Split) {
	for _, s := range m.Dataset.Splits() {
		out = append(out, microSplit{s})
	}
	return out
}

type microSplit struct{ source.Split }

func (m microSplit) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	r, err := m.Split.Open(ctx, want)
	return microReader{r}, err
}

type microReader struct{ source.Reader }

func (m microReader) Next(b *frame.Batch) error {
	err := m.Reader.Next(b)
	for i := range b.Cols {
		if c := &b.Cols[i]; err == nil && c.Kind == frame.Time && c.Type.(*arrow.TimestampType).Unit == arrow.Nanosecond {
			c.I64 = slices.Clone(c.I64)
			for k := range c.I64 {
				c.I64[k] /= 1000
			}
			c.Type = wallType
		}
	}
	return err
}

// hostile writes a random shop: nulls, ties, month ends, changes of clocks, unicode, doubles as ids, numbers that are none.
func hostile(t *testing.T, seed uint64, rows int, clock arrow.DataType) string {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	pick := func(values ...any) func(int) any { return func(int) any { return values[r.IntN(len(values))] } }
	day := func(s string) int64 {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return at.UnixMicro()
	}
	edges := []int64{day("2024-01-31T23:59:59Z"), day("2024-02-01T00:00:00Z"), day("2024-02-29T12:00:00Z"), day("2024-03-01T00:00:00Z") - 1, day("2023-12-31T23:30:00Z"),
		day("2024-01-01T00:00:00Z"), day("2023-11-05T05:30:00Z"), day("2024-03-10T07:00:00Z"), day("2018-11-04T03:00:00Z"), day("1969-12-31T23:59:59Z"), day("2024-02-18T02:00:00Z")}
	b := &table{}
	b.add("order_id", textType, rows, func(i int) any {
		if r.IntN(60) == 0 {
			return []any{nil, "", "é", "e\u0301", "订单", "a'b", "${x}", `c\d`}[r.IntN(8)]
		}
		return "o" + string(rune('a'+i/3%26)) + string(rune('0'+i/78%10)) + string(rune('0'+i/780))
	})
	b.add("order_ts", clock, rows, func(int) any {
		switch r.IntN(12) {
		case 0:
			return edges[r.IntN(len(edges))]
		case 1:
			if r.IntN(20) == 0 {
				return nil
			}
		}
		return day("2023-09-01T00:00:00Z") + r.Int64N(200*24*3600)*1_000_000 + r.Int64N(1_000_000)
	})
	b.add("customer_id", realType, rows, func(i int) any {
		switch r.IntN(40) {
		case 0:
			return []any{nil, math.NaN(), 2.5, math.Inf(1), -3.0, float64(1 << 53)}[r.IntN(6)]
		}
		return float64(12345 + r.IntN(90)*r.IntN(2) + r.IntN(30))
	})
	b.add("product_id", textType, rows, pick("a", "A", "b", "ä", "中文", "a b", " a", "🛒", "zz", "B", "Z", nil))
	b.add("quantity", intType, rows, pick(int64(1), int64(2), int64(1), int64(3), int64(6), int64(12), int64(1), int64(2), int64(0), int64(-1), int64(-2), nil))
	b.add("unit_price", realType, rows, pick(1.25, 2.5, 0.00005, 19.99, 1.005, 333333.33335, 0.0, 2.00015, 7.77, 7.77, -1.0, math.NaN(), nil, 4.35))
	b.add("category", textType, rows, pick("toys", "food", "Toys", "", nil, "tóys", "玩具", "food"))
	b.add("region", textType, rows, pick("SP", "sp", "RJ", "", nil, "São Paulo", "ß", "ss"))
	b.add("status", textType, rows, pick("paid", "sent", "paid", "paid", "CANCELLED ", "paid", "退款", nil))
	b.add("discount", realType, rows, pick(0.0, nil, 1.5, 0.1, 0.0, 0.0))
	for i := range rows / 20 { // exact duplicates
		from, to := r.IntN(rows), rows-1-i
		for c := range b.cols {
			b.cols[c][to] = b.cols[c][from]
		}
	}
	return b.write(t, filepath.Join(t.TempDir(), "hostile.parquet"))
}

// olist writes tables shaped as Olist's.
func olist(t *testing.T) string {
	t.Helper()
	const orders, people, things = 300, 80, 40
	r := rand.New(rand.NewPCG(5, 5))
	dir := t.TempDir()
	id := func(prefix string, i int) string { return prefix + string(rune('a'+i%26)) + string(rune('a'+i/26)) }
	o := &table{}
	o.add("order_id", textType, orders, func(i int) any { return id("o", i) })
	o.add("customer_id", textType, orders, func(i int) any { return id("c", i) })
	o.add("order_status", textType, orders, func(int) any { return []any{"delivered", "shipped", "canceled", "unavailable", "delivered"}[r.IntN(5)] })
	o.add("order_purchase_timestamp", wallType, orders, func(int) any {
		return time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() + r.Int64N(500*24*3600)*1_000_000
	})
	o.write(t, filepath.Join(dir, "olist_orders_dataset.parquet"))
	c := &table{}
	c.add("customer_id", textType, orders, func(i int) any { return id("c", i) })
	c.add("customer_unique_id", textType, orders, func(int) any { return id("u", r.IntN(people)) })
	c.add("customer_state", textType, orders, func(int) any { return []any{"SP", "RJ", "MG", "BA"}[r.IntN(4)] })
	c.add("customer_city", textType, orders, func(int) any { return []any{"são paulo", "rio", nil}[r.IntN(3)] })
	c.write(t, filepath.Join(dir, "olist_customers_dataset.parquet"))
	p := &table{}
	p.add("product_id", textType, things, func(i int) any { return id("p", i) })
	p.add("product_category_name", textType, things, func(int) any { return []any{"brinquedos", "moveis", "sem_traducao", nil}[r.IntN(4)] })
	p.write(t, filepath.Join(dir, "olist_products_dataset.parquet"))
	n := &table{}
	n.add("product_category_name", textType, 2, func(i int) any { return []any{"brinquedos", "moveis"}[i] })
	n.add("product_category_name_english", textType, 2, func(i int) any { return []any{"toys", "furniture"}[i] })
	n.write(t, filepath.Join(dir, "product_category_name_translation.parquet"))
	l := &table{}
	l.add("order_id", textType, 700, func(int) any { return id("o", r.IntN(orders+20)) }) // some without an order
	l.add("product_id", textType, 700, func(int) any { return id("p", r.IntN(things+5)) })
	l.add("price", realType, 700, func(int) any { return float64(r.IntN(20000)) / 100 })
	l.write(t, filepath.Join(dir, "olist_order_items_dataset.parquet"))
	return dir
}
