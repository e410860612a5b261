package clean_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

const day = 86_400_000_000

var (
	intType   = arrow.PrimitiveTypes.Int64
	floatType = arrow.PrimitiveTypes.Float64
	textType  = arrow.BinaryTypes.String
	timeType  = &arrow.TimestampType{Unit: arrow.Microsecond}
	dictType  = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: textType}
	decType   = &arrow.Decimal128Type{Precision: 12, Scale: 5}
)

// store is a writer into memory.
type store struct {
	schema *arrow.Schema
	rows   [][]string
	cols   [][]any
}

func (s *store) open(schema *arrow.Schema) (sink.Writer, error) {
	s.schema, s.cols = schema, make([][]any, schema.NumFields())
	return s, nil
}

func (s *store) Close() error { return nil }
func (s *store) Write(b *frame.Batch) error {
	if err := sink.Check(b, s.schema); err != nil {
		return err
	}
	for i := range b.N {
		var row []string
		for k := range b.Cols {
			c := &b.Cols[k]
			var v any
			switch {
			case c.IsNull(i):
			case c.Kind == frame.String:
				v = string(c.Str(i))
			case c.Kind == frame.Float:
				v = c.F64[i]
			default:
				v = c.I64[i]
			}
			s.cols[k] = append(s.cols[k], v)
			row = append(row, fmt.Sprint(v))
		}
		s.rows = append(s.rows, row)
	}
	return nil
}

// data is what was written, as a dataset.
func (s *store) data() *memtest.Dataset {
	d := &memtest.Dataset{}
	for k, f := range s.schema.Fields() {
		d.Names = append(d.Names, f.Name)
		d.Cols = append(d.Cols, memtest.Column(f.Type, s.cols[k]...))
	}
	return d
}

// shop draws a dirty table.
func shop(t *rapid.T) *memtest.Dataset {
	n := rapid.IntRange(0, 40).Draw(t, "rows")
	draw := func(name string, from ...any) []any {
		g := rapid.SampledFrom(from)
		out := make([]any, n)
		for i := range out {
			out[i] = g.Draw(t, name)
		}
		return out
	}
	price := memtest.Column(floatType, draw("price", 1.0, 2.5, 0.0, -1.0, nil, math.NaN(), math.Inf(1), 1e300, 0.5)...)
	if rapid.Bool().Draw(t, "decimal price") {
		price = memtest.Column(decType, draw("price", 100000, 250000, 0, -100000, nil, 50000, 12345)...)
	}
	d := memtest.New([]string{"InvoiceNo", "when", "customer_id", "sku", "quantity", "unit_price", "status", "note"},
		memtest.Column(dictType, draw("id", "a", "b", "C1", nil)...),
		memtest.Column(timeType, draw("ts", day, day+1, 2*day, 5*day, 9*day, nil, 100*day)...),
		memtest.Column(floatType, draw("customer", 17850.0, 1.0, nil, 2.5, math.NaN())...),
		memtest.Column(intType, draw("sku", 1, 2, nil)...),
		memtest.Column(intType, draw("quantity", 1, 2, -1, 0, nil, 1<<62)...),
		price,
		memtest.Column(textType, draw("status", "paid", "CANCELLED", " refunded ", "已取消", nil, "")...),
		memtest.Column(textType, draw("note", "x", "", nil, "控制\x01")...))
	for c := 1; c < n; c++ {
		if rapid.IntRange(0, 7).Draw(t, "cut") == 0 {
			d.Cuts = append(d.Cuts, c)
		}
	}
	d.Batch = rapid.SampledFrom([]int{0, 1, 4}).Draw(t, "batch")
	return d
}

type settings struct {
	asOf   int64
	dedupe bool
	free   bool
}

func build(t *rapid.T, d source.Dataset, s settings, maps map[string]string) *relation.Relation {
	t.Helper()
	rel, _, err := schema.Build(context.Background(), schema.BuildOptions{Fact: d, Maps: maps, Now: 20 * day, AsOf: s.asOf, Dedupe: s.dedupe, KeepUnmapped: true, Rules: clean.Config{RejectFree: s.free}})
	if err != nil {
		t.Fatal(err)
	}
	return rel
}

func run(t *rapid.T, rel *relation.Relation) (out, rejects *store, sum *clean.Summary) {
	t.Helper()
	out, rejects = new(store), new(store)
	sum, err := clean.Run(context.Background(), rel, clean.Options{Out: out.open, Rejects: rejects.open, Threads: rapid.IntRange(1, 3).Draw(t, "threads")})
	if err != nil {
		t.Fatal(err)
	}
	return out, rejects, sum
}

// sales lists what an analysis sees: sold and reversed rows in scope, in order.
func sales(t *rapid.T, rel *relation.Relation) []string {
	p, err := relation.Compile(rel, []string{"order_id", "order_ts", "customer_id", "product_id", "quantity", "unit_price"})
	if err != nil {
		t.Fatal(err)
	}
	l := &lister{cut: rel.AsOf}
	tally, err := p.Scan(context.Background(), 1, func() relation.Visitor { return l })
	if err != nil {
		t.Fatal(err)
	}
	if rel.AsOf == math.MaxInt64 {
		l.cut = tally.AsOf()
	}
	var out []string
	for i, at := range l.at {
		if at < l.cut {
			out = append(out, l.rows[i])
		}
	}
	return out
}

type lister struct {
	cut  int64
	rows []string
	at   []int64
}

func (l *lister) Begin(int) {}
func (l *lister) End()      {}
func (l *lister) Visit(r *relation.Rows) error {
	for i := range r.N {
		if r.Kind[i] != relation.Sold && r.Kind[i] != relation.Reversal {
			continue
		}
		line := fmt.Sprint(r.Kind[i], r.Money[i])
		for _, c := range r.Cols {
			line += "|" + string(relation.AppendCell(nil, c, i))
		}
		l.rows, l.at = append(l.rows, line), append(l.at, r.Cols[1].I64[i])
	}
	return nil
}

// TestLaws holds clean(clean(x)) = clean(x), analysis(x) = analysis(clean(x)) and the
// identity of rows.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := shop(t)
		s := settings{asOf: rapid.SampledFrom([]int64{0, 0, 5 * day}).Draw(t, "as-of"), free: rapid.Bool().Draw(t, "free"), dedupe: rapid.Bool().Draw(t, "dedupe")}
		maps := map[string]string{"order_ts": "when"}
		first, rejects, sum := run(t, build(t, x, s, maps))
		again, none, sum2 := run(t, build(t, first.data(), s, nil))
		if d := cmp.Diff(first.rows, again.rows); d != "" {
			t.Fatalf("clean(clean(x)): %s", d)
		}
		if !first.schema.Equal(again.schema) {
			t.Fatalf("schema %v became %v", first.schema, again.schema)
		}
		if len(none.rows) != 0 || sum2.Account.Rows != int64(len(first.rows)) {
			t.Fatalf("second clean: %d rejects, %d rows of %d", len(none.rows), sum2.Account.Rows, len(first.rows))
		}
		rel := build(t, x, s, maps)
		if !s.dedupe {
			if d := cmp.Diff(sales(t, rel), sales(t, build(t, first.data(), s, nil))); d != "" {
				t.Fatalf("analysis(clean(x)): %s", d)
			}
		}
		var rows int64
		for _, r := range sum.Account.Reasons {
			rows += r.Rows
		}
		n, _ := sum.Account.Of(relation.Reject)
		if rows != int64(x.Rows()) || sum.Account.Rows != rows || n != int64(len(rejects.rows)) {
			t.Fatalf("%d rows in, %d accounted, %d rejects, %d written", x.Rows(), rows, n, len(rejects.rows))
		}
	})
}

func TestRejects(t *testing.T) {
	d := memtest.New([]string{"order_id", "order_ts", "quantity", "unit_price", "extra"},
		memtest.Column(intType, 1, nil, 3, 4), memtest.Column(timeType, day, day, day, nil), memtest.Column(intType, 1, 1, 0, 1),
		memtest.Column(floatType, 1.25, 1.5, 2., 2.), memtest.Column(textType, "a", nil, "c", "d"))
	d.Cuts = []int{1, 2}
	rel, _, err := schema.Build(context.Background(), schema.BuildOptions{Fact: d, Now: 20 * day, KeepUnmapped: true})
	if err != nil {
		t.Fatal(err)
	}
	rejects := new(store)
	sum, err := clean.Run(context.Background(), rel, clean.Options{Rejects: rejects.open, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"<nil>", "1970-01-02T00:00:00", "1", "1.5", "<nil>", "no_order_id", "memory", "2"},
		{"3", "1970-01-02T00:00:00", "0", "2", "c", "zero_quantity", "memory", "3"},
		{"4", "<nil>", "1", "2", "d", "no_time", "memory", "4"},
	}
	if diff := cmp.Diff(want, rejects.rows); diff != "" {
		t.Error(diff)
	}
	table := sum.Table()
	if table.N != 4 || string(table.Columns[0].Data.Str(0)) != "sold" || table.Columns[3].Data.I64[0] != 12500 {
		t.Errorf("summary: %+v", table)
	}
}
