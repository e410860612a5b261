package parquet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// someType draws a type that Arrow v17 writes and this reader maps back to it.
func someType(t *rapid.T) arrow.DataType {
	return rapid.SampledFrom([]arrow.DataType{
		arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64,
		arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64,
		arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64, arrow.FixedWidthTypes.Date32,
		&arrow.TimestampType{Unit: arrow.Millisecond}, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, &arrow.TimestampType{Unit: arrow.Nanosecond},
		&arrow.Decimal128Type{Precision: 8, Scale: 2}, &arrow.Decimal128Type{Precision: 30, Scale: 6},
		arrow.BinaryTypes.String, arrow.BinaryTypes.Binary, &arrow.FixedSizeBinaryType{ByteWidth: 3},
	}).Draw(t, "type")
}

// fillColumn draws n values and returns them in the form of shownValue.
func fillColumn(t *rapid.T, b array.Builder, n int) []string {
	nulls := rapid.SampledFrom([]int{0, 1, 50, 100}).Draw(t, "nulls, percent")
	distinct := rapid.SampledFrom([]int64{1, 3, 100, 1 << 40}).Draw(t, "distinct")
	seed := rapid.Uint64().Draw(t, "seed")
	next := func() int64 { // splitmix64
		seed += 0x9E3779B97F4A7C15
		z := (seed ^ seed>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		return int64((z ^ z>>31) >> 1)
	}
	out := make([]string, n)
	for i := range out {
		if next()%100 < int64(nulls) {
			b.AppendNull()
			out[i] = "null"
			continue
		}
		out[i] = appendValue(b, next()%distinct-distinct/2)
	}
	return out
}

// appendValue appends a value made from v and returns it as text.
func appendValue(b array.Builder, v int64) string {
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v&1 == 1)
		return fmt.Sprint(v & 1)
	case *array.Int8Builder:
		b.Append(int8(v))
		return fmt.Sprint(int8(v))
	case *array.Int16Builder:
		b.Append(int16(v))
		return fmt.Sprint(int16(v))
	case *array.Int32Builder:
		b.Append(int32(v))
		return fmt.Sprint(int32(v))
	case *array.Int64Builder:
		b.Append(v)
	case *array.Uint8Builder:
		b.Append(uint8(v))
		return fmt.Sprint(uint8(v))
	case *array.Uint16Builder:
		b.Append(uint16(v))
		return fmt.Sprint(uint16(v))
	case *array.Uint32Builder:
		b.Append(uint32(v))
		return fmt.Sprint(uint32(v))
	case *array.Uint64Builder:
		b.Append(uint64(v))
		return fmt.Sprint(uint64(v))
	case *array.Float32Builder:
		b.Append(float32(v) / 3)
		return fmt.Sprintf("%016x", math.Float64bits(float64(float32(v)/3)))
	case *array.Float64Builder:
		b.Append(float64(v) / 3)
		return fmt.Sprintf("%016x", math.Float64bits(float64(v)/3))
	case *array.Date32Builder:
		b.Append(arrow.Date32(int32(v)))
		return fmt.Sprint(int32(v))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v))
	case *array.Decimal128Builder:
		v %= 10_000_000
		b.Append(decimal128.FromI64(v))
	case *array.StringBuilder:
		s := fmt.Sprintf("商品-%d", v)
		b.Append(s)
		return fmt.Sprintf("x%x", s)
	case *array.BinaryBuilder:
		s := bytes.Repeat([]byte{byte(v)}, int(uint64(v)%40))
		b.Append(s)
		return fmt.Sprintf("x%x", s)
	case *array.FixedSizeBinaryBuilder:
		s := []byte{byte(v), byte(v >> 8), 7}
		b.Append(s)
		return fmt.Sprintf("x%x", s)
	default:
		panic(fmt.Sprintf("%T", b))
	}
	return fmt.Sprint(v)
}

// someProperties draws how Arrow writes: codec, page version and size, row
// groups, dictionaries and the encodings that v17 writes for a type.
func someProperties(t *rapid.T, types []arrow.DataType) []parquet.WriterProperty {
	props := []parquet.WriterProperty{
		parquet.WithCompression(rapid.SampledFrom([]compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Snappy,
			compress.Codecs.Gzip, compress.Codecs.Zstd, compress.Codecs.Brotli}).Draw(t, "codec")),
		parquet.WithDataPageVersion(rapid.SampledFrom([]parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2}).Draw(t, "page version")),
		parquet.WithDataPageSize(rapid.SampledFrom([]int64{100, 3000, 1 << 20}).Draw(t, "page size")),
		parquet.WithBatchSize(rapid.SampledFrom([]int64{7, 100, 1024}).Draw(t, "batch size")),
		parquet.WithDictionaryPageSizeLimit(rapid.SampledFrom([]int64{100, 2000, 1 << 20}).Draw(t, "dictionary limit")),
		parquet.WithVersion(rapid.SampledFrom([]parquet.Version{parquet.V2_6, parquet.V2_LATEST}).Draw(t, "version")),
	}
	for i, typ := range types {
		name := fmt.Sprintf("c%d", i)
		if rapid.Bool().Draw(t, "dictionary") {
			continue
		}
		props = append(props, parquet.WithDictionaryFor(name, false))
		var enc []parquet.Encoding
		switch typ.ID() {
		case arrow.INT32, arrow.INT64, arrow.TIMESTAMP, arrow.DATE32, arrow.UINT64:
			enc = []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.DeltaBinaryPacked}
		case arrow.STRING, arrow.BINARY:
			enc = []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.DeltaByteArray, parquet.Encodings.DeltaLengthByteArray}
		// Not RLE for booleans: Arrow v17 writes them wrong from the second page on
		// (pyarrow reads the same wrong values). The corpus has right ones.
		default:
			continue
		}
		props = append(props, parquet.WithEncodingFor(name, rapid.SampledFrom(enc).Draw(t, "encoding")))
	}
	return props
}

// TestReadsWhatArrowWrites reads random tables, written by Arrow v17 in random
// ways, back value by value.
func TestReadsWhatArrowWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3000).Draw(t, "rows")
		types := rapid.SliceOfN(rapid.Custom(someType), 1, 4).Draw(t, "types")
		fields := make([]arrow.Field, len(types))
		for i, typ := range types {
			fields[i] = arrow.Field{Name: fmt.Sprintf("c%d", i), Type: typ, Nullable: true}
		}
		schema := arrow.NewSchema(fields, nil)
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer b.Release()
		want := make([][]string, len(types))
		for i := range types {
			want[i] = fillColumn(t, b.Field(i), n)
		}
		rec := b.NewRecord()
		defer rec.Release()
		tab := array.NewTableFromRecords(schema, []arrow.Record{rec})
		defer tab.Release()
		var buf bytes.Buffer
		group := int64(rapid.IntRange(1+n/5, n+1).Draw(t, "row group"))
		if err := pqarrow.WriteTable(tab, &buf, group, parquet.NewWriterProperties(someProperties(t, types)...), pqarrow.DefaultWriterProps()); err != nil {
			t.Skip(err)
		}
		compareAll(t, buf.Bytes(), types, want)
	})
}

func compareAll(t *rapid.T, file []byte, types []arrow.DataType, want [][]string) {
	ds, err := Open(context.Background(), "mem", bytes.NewReader(file), int64(len(file)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ds.Close()
	ds.(*dataset).cut(rapid.IntRange(1, 9).Draw(t, "parts of a row group"), 1)
	var cols []source.Want
	for i := len(types) - 1; i >= 0; i-- { // any order may be wanted
		cols = append(cols, source.Want{Col: i})
		if got := ds.Schema().Field(i).Type; !arrow.TypeEqual(got, types[i]) {
			t.Errorf("column %d is %s, want %s", i, got, types[i])
		}
	}
	row := 0
	if _, err = readAll(ds, cols, func(_ int, b *frame.Batch) {
		for j, w := range cols {
			for i := range b.N {
				if got := shownValue(&b.Cols[j], toI64, i); got != want[w.Col][row+i] {
					t.Fatalf("column %d (%s), row %d: %s, want %s", w.Col, types[w.Col], row+i, got, want[w.Col][row+i])
				}
			}
		}
		row += b.N
	}); err != nil {
		t.Fatal(err)
	}
	if row != len(want[0]) {
		t.Errorf("%d rows, want %d", row, len(want[0]))
	}
}

// TestPagesOfNulls reads pages without any value between pages with values, in
// the encodings where Arrow v17 leaves bytes of the page before in such a page.
func TestPagesOfNulls(t *testing.T) {
	for _, enc := range []parquet.Encoding{parquet.Encodings.DeltaLengthByteArray, parquet.Encodings.DeltaByteArray} {
		t.Run(enc.String(), func(t *testing.T) {
			schema := arrow.NewSchema([]arrow.Field{{Name: "c0", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
			b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
			defer b.Release()
			var want []string
			for i := range 500 {
				if i/100%2 == 0 {
					text := strings.Repeat("k", i%7)
					want = append(want, fmt.Sprintf("x%x", text))
					b.Field(0).(*array.StringBuilder).Append(text)
				} else {
					want = append(want, "null")
					b.Field(0).AppendNull()
				}
			}
			rec := b.NewRecord()
			defer rec.Release()
			props := parquet.NewWriterProperties(parquet.WithDataPageSize(1), parquet.WithBatchSize(100),
				parquet.WithDictionaryDefault(false), parquet.WithEncoding(enc))
			var buf bytes.Buffer
			w, err := pqarrow.NewFileWriter(schema, &buf, props, pqarrow.DefaultWriterProps())
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(w.Write(rec), w.Close()); err != nil {
				t.Fatal(err)
			}
			ds, err := Open(context.Background(), "mem", bytes.NewReader(buf.Bytes()), int64(buf.Len()), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer ds.Close()
			row := 0
			if _, err := readAll(ds, []source.Want{{Col: 0}}, func(_ int, b *frame.Batch) {
				for i := range b.N {
					if got := shownValue(&b.Cols[0], toI64, i); got != want[row+i] {
						t.Fatalf("row %d: %s, want %s", row+i, got, want[row+i])
					}
				}
				row += b.N
			}); err != nil {
				t.Fatal(err)
			}
			if row != len(want) {
				t.Errorf("%d rows, want %d", row, len(want))
			}
		})
	}
}
