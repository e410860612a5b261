package rowparquet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	own "github.com/ecomctl/ecomctl/internal/source/parquet"
)

// sample is a table of n rows of every kind; every third value of a column is
// null, the first ones in some columns and not in others.
func sample(n int) Table {
	t := Table{Rows: n}
	add := func(name string, typ arrow.DataType, f func(c *frame.Column, i int)) {
		c := frame.Column{Type: typ, Kind: frame.KindOf(typ), Len: n, Off: []int32{0}}
		c.Valid = make([]byte, n/8+1)
		for i := range n {
			if (i+len(t.Names))%3 != 0 {
				frame.SetBit(c.Valid, i)
			} else {
				c.Nulls++
			}
			f(&c, i)
		}
		t.Names, t.Columns = append(t.Names, name), append(t.Columns, c)
	}
	i64 := func(k int64) func(*frame.Column, int) {
		return func(c *frame.Column, i int) { c.I64 = append(c.I64, int64(i)*k-5) }
	}
	add("flag", arrow.FixedWidthTypes.Boolean, func(c *frame.Column, i int) { c.I64 = append(c.I64, int64(i&1)) })
	add("count", arrow.PrimitiveTypes.Int64, i64(7))
	add("share, in % (a=b)", arrow.PrimitiveTypes.Float64, func(c *frame.Column, i int) {
		c.F64 = append(c.F64, []float64{float64(i) / 3, math.NaN(), math.Inf(-1)}[i%3])
	})
	add("money", &arrow.Decimal128Type{Precision: 18, Scale: 4}, i64(10001))
	add("at", &arrow.TimestampType{Unit: arrow.Microsecond}, i64(86_400_000_123))
	add("instant", &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, i64(86_400_000_123))
	add("day", arrow.FixedWidthTypes.Date32, i64(1))
	add("名称 </script>", arrow.BinaryTypes.String, func(c *frame.Column, i int) {
		c.Data = append(c.Data, fmt.Sprintf("客户 %d", i)...)
		c.Off = append(c.Off, int32(len(c.Data)))
	})
	return t
}

// text shows a value for comparison.
func text(c *frame.Column, i int) string {
	if c.IsNull(i) || c.Kind == frame.Float && math.IsNaN(c.F64[i]) {
		return "null"
	}
	switch c.Kind {
	case frame.Float:
		return fmt.Sprint(c.F64[i])
	case frame.String:
		return string(c.Str(i))
	}
	return fmt.Sprint(c.I64[i])
}

func TestReadByOwnReader(t *testing.T) {
	for _, n := range []int{0, 1, 2, 7, 100_000} {
		in := sample(n)
		var buf bytes.Buffer
		if err := Write(&buf, in); err != nil {
			t.Fatal(err)
		}
		ds, err := own.Open(context.Background(), "mem", bytes.NewReader(buf.Bytes()), int64(buf.Len()), own.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var want []source.Want
		for i, f := range ds.Schema().Fields() {
			want = append(want, source.Want{Col: i})
			if f.Name != in.Names[i] || !arrow.TypeEqual(f.Type, in.Columns[i].Type) {
				t.Errorf("column %d is %s %s, want %s %s", i, f.Name, f.Type, in.Names[i], in.Columns[i].Type)
			}
		}
		row := 0
		for _, s := range ds.Splits() {
			r, err := s.Open(context.Background(), want)
			if err != nil {
				t.Fatal(err)
			}
			var b frame.Batch
			for err = r.Next(&b); err == nil; err = r.Next(&b) {
				for j := range b.Cols {
					for i := range b.N {
						if got, want := text(&b.Cols[j], i), text(&in.Columns[j], row+i); got != want {
							t.Fatalf("row %d, column %s: %s, want %s", row+i, in.Names[j], got, want)
						}
					}
				}
				row += b.N
			}
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
		if row != n {
			t.Errorf("%d rows, want %d", row, n)
		}
	}
}

func TestReadByArrow(t *testing.T) {
	in := sample(5000)
	var buf bytes.Buffer
	if err := Write(&buf, in); err != nil {
		t.Fatal(err)
	}
	tab, err := pqarrow.ReadTable(context.Background(), bytes.NewReader(buf.Bytes()), parquet.NewReaderProperties(nil), pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Release()
	for j := range in.Columns {
		c := &in.Columns[j]
		if got := tab.Column(j); got.NullN() != nulls(c, in.Rows) || got.Len() != in.Rows {
			t.Errorf("column %s: %d rows and %d nulls, want %d and %d", in.Names[j], got.Len(), got.NullN(), in.Rows, nulls(c, in.Rows))
		}
	}
	ints := tab.Column(1).Data().Chunk(0).(*array.Int64)
	if ints.Value(1) != in.Columns[1].I64[1] {
		t.Errorf("count of row 1 is %d, want %d", ints.Value(1), in.Columns[1].I64[1])
	}
}

func nulls(c *frame.Column, n int) (sum int) {
	for i := range n {
		if text(c, i) == "null" {
			sum++
		}
	}
	return sum
}

func TestSameBytes(t *testing.T) {
	var a, b bytes.Buffer
	if err := errors.Join(Write(&a, sample(20_000)), Write(&b, sample(20_000))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two writes of one table differ")
	}
	r, err := file.NewParquetReader(bytes.NewReader(a.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if n := r.NumRows(); n != 20_000 {
		t.Errorf("the footer says %d rows", n)
	}
}

// full is a writer with room for n bytes.
type full struct{ n int }

var errFull = errors.New("no space left on device")

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.n {
		return 0, errFull
	}
	f.n -= len(b)
	return len(b), nil
}

func TestFullDisk(t *testing.T) {
	var buf bytes.Buffer
	if err := Write(&buf, sample(1000)); err != nil {
		t.Fatal(err)
	}
	for room := 0; room < buf.Len(); room += 97 {
		if err := Write(&full{room}, sample(1000)); !errors.Is(err, errFull) {
			t.Fatalf("with room for %d bytes: %v", room, err)
		}
	}
}
