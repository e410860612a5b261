package parquet

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	sink "github.com/ecomctl/ecomctl/internal/sink/parquet"
	"github.com/ecomctl/ecomctl/internal/sink/rowparquet"
)

// byArrow writes a table of n rows with Arrow v17.
func byArrow(t testing.TB, n int, opts ...parquet.WriterProperty) []byte {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "price", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
		{Name: "ok", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "money", Type: &arrow.Decimal128Type{Precision: 25, Scale: 4}, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i := range n {
		b.Field(0).(*array.Int64Builder).Append(int64(i) * 3)
		for j := 1; j < 6; j++ {
			if (i+j)%9 == 0 {
				b.Field(j).AppendNull()
				continue
			}
			if err := b.Field(j).AppendValueFromString(sampleText(i, j)); err != nil {
				t.Fatal(err)
			}
		}
	}
	rec := b.NewRecord()
	defer rec.Release()
	var buf bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &buf, parquet.NewWriterProperties(opts...), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func sampleText(i, j int) string {
	return [...]string{"", fmt.Sprintf("customer %d", i%50), fmt.Sprint(float64(i) / 7), fmt.Sprintf("2024-05-%02d 10:00:00", i%28+1),
		fmt.Sprint(i%2 == 0), fmt.Sprintf("%d.25", i)}[j]
}

// again writes the rows of a file with this project's writer.
func again(t testing.TB, file []byte, o sink.Options) []byte {
	t.Helper()
	ds, err := Open(context.Background(), "mem", bytes.NewReader(file), int64(len(file)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w, err := sink.NewWriter(&buf, ds.Schema(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(ds, readable(ds), func(_ int, b *frame.Batch) {
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// goodFiles are small files of several writers, codecs and encodings.
func goodFiles(t testing.TB) map[string][]byte {
	duck, err := os.ReadFile("testdata/duckdb.parquet")
	if err != nil {
		t.Fatal(err)
	}
	plain := byArrow(t, 2000, parquet.WithCompression(compress.Codecs.Snappy))
	var row bytes.Buffer
	tab := rowparquet.Table{Rows: 2000, Names: []string{"id", "name"}, Columns: make([]frame.Column, 2)}
	ids, names := &tab.Columns[0], &tab.Columns[1]
	*ids = frame.Column{Type: arrow.PrimitiveTypes.Int64, Kind: frame.Int, Len: 2000}
	*names = frame.Column{Type: arrow.BinaryTypes.String, Kind: frame.String, Len: 2000, Off: []int32{0}}
	for i := range 2000 {
		ids.I64 = append(ids.I64, int64(i))
		names.Data = append(names.Data, sampleText(i, 1)...)
		names.Off = append(names.Off, int32(len(names.Data)))
	}
	if err := rowparquet.Write(&row, tab); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"duckdb zstd":  duck,
		"arrow snappy": plain,
		"arrow v2 gzip": byArrow(t, 1500, parquet.WithCompression(compress.Codecs.Gzip), parquet.WithDataPageVersion(parquet.DataPageV2),
			parquet.WithDictionaryDefault(false), parquet.WithDataPageSize(2000)),
		"arrow delta": byArrow(t, 1500, parquet.WithDictionaryDefault(false), parquet.WithEncodingFor("id", parquet.Encodings.DeltaBinaryPacked),
			parquet.WithEncodingFor("name", parquet.Encodings.DeltaByteArray)),
		"xitongsys": row.Bytes(),
	}
	for _, codec := range sink.Codecs() {
		files["own "+codec] = again(t, plain, sink.Options{Codec: codec, RowGroup: 700})
	}
	return files
}

// damage returns a damaged copy: cut, bits flipped, bytes zeroed, a stretch
// repeated, or garbage in the last kilobytes, where the footer is.
func damage(r *rand.Rand, good []byte) []byte {
	b := bytes.Clone(good)
	at := func() int {
		if r.IntN(3) == 0 { // the footer and the page headers matter most
			return max(0, len(b)-1-r.IntN(min(len(b), 3000)))
		}
		return r.IntN(len(b))
	}
	switch r.IntN(6) {
	case 0:
		return b[:r.IntN(len(b))]
	case 1, 2:
		for range 1 + r.IntN(3) {
			b[at()] ^= 1 << r.IntN(8)
		}
	case 3:
		i := at()
		clear(b[i:min(len(b), i+16)])
	case 4:
		for range 1 + r.IntN(20) {
			b[at()] = byte(r.Uint32())
		}
	case 5:
		i, j := at(), at()
		copy(b[i:], good[j:min(len(b), j+1+r.IntN(64))])
	}
	return b
}

// outcome reads a file whole and tells what happened: an error, or the rows and
// a sum over all values. It fails the test on anything that must not happen.
func outcome(t testing.TB, file []byte, memory int64) (rows int64, sum uint64, err error) {
	ds, err := Open(context.Background(), "damaged", bytes.NewReader(file), int64(len(file)), Options{Memory: memory})
	if err != nil {
		return 0, 0, wellFormed(t, err)
	}
	defer ds.Close()
	if ds.Inputs()[0].Rows > 1<<24 {
		// A few bytes may well stand for any number of equal rows. Reading them
		// takes its time in bounded memory, and can be interrupted.
		return 0, 0, nil
	}
	for _, s := range ds.Splits() {
		for i := range ds.Schema().NumFields() {
			s.Stats(i)
		}
	}
	rows, err = readAll(ds, readable(ds), func(_ int, b *frame.Batch) {
		for i := range b.Cols {
			sum = sum*31 + checkColumn(t, &b.Cols[i], b.N)
		}
	})
	if err != nil {
		return rows, 0, wellFormed(t, err)
	}
	if want := ds.Inputs()[0].Rows; rows != want {
		t.Errorf("%d rows without an error where the footer says %d", rows, want)
	}
	return rows, sum, nil
}

// wellFormed checks that an error is of the right kind and no recovered panic.
func wellFormed(t testing.TB, err error) error {
	if k := fault.KindOf(err); k != fault.Input && k != fault.Full {
		t.Errorf("kind %v: %v", k, err)
	}
	if strings.Contains(err.Error(), "damaged data: ") {
		t.Errorf("a panic was recovered: %v", err)
	}
	if !strings.Contains(err.Error(), "damaged") || fault.HintOf(err) == "" {
		t.Errorf("no file name or no hint: %v", err)
	}
	return err
}

// checkColumn checks that a column can be used without further checks, and adds
// up its values.
func checkColumn(t testing.TB, c *frame.Column, n int) (sum uint64) {
	nulls := 0
	for i := range n {
		if c.IsNull(i) {
			nulls++
			if c.Dict != nil && c.Codes[i] != 0 && int(c.Codes[i]) >= c.Dict.Len() {
				t.Fatalf("code %d at a null row of a dictionary of %d", c.Codes[i], c.Dict.Len())
			}
			continue
		}
		switch {
		case c.Kind == frame.String:
			for _, b := range c.Str(i) {
				sum = sum*31 + uint64(b)
			}
		case c.Kind == frame.Float:
			sum = sum*31 + uint64(int64(c.F64[i]*1000))
		case c.D128 != nil:
			sum = sum*31 + c.D128[i].LowBits()
		case c.Kind != frame.Null:
			sum = sum*31 + uint64(c.I64[i])
		}
	}
	if c.Len != n || nulls != c.Nulls && c.Kind != frame.Null {
		t.Errorf("%d rows and %d nulls where the batch has %d and the bitmap %d", c.Len, c.Nulls, n, nulls)
	}
	return sum*31 + uint64(nulls)
}

// TestDamaged reads thousands of damaged copies in this process.
func TestDamaged(t *testing.T) {
	copies := 700
	if testing.Short() {
		copies = 100
	}
	for name, good := range goodFiles(t) {
		t.Run(name, func(t *testing.T) {
			rows, sum, err := outcome(t, good, 0)
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(7, uint64(len(good))))
			var errs, same, differ int
			var most uint64
			for range copies {
				bad := damage(r, good)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				n, s, err := outcome(t, bad, 64<<20)
				runtime.ReadMemStats(&after)
				most = max(most, after.TotalAlloc-before.TotalAlloc)
				switch {
				case err != nil:
					errs++
				case n == rows && s == sum:
					same++
				default:
					differ++
				}
			}
			t.Logf("%d copies of %d bytes: %d errors, %d read the same, %d differ; at most %d KiB allocated", copies, len(good), errs, same, differ, most>>10)
			if most > 96<<20 {
				t.Errorf("reading a damaged file of %d bytes allocated %d bytes", len(good), most)
			}
			// The pages written here carry checksums, so only damage to metadata
			// that is still consistent can pass.
			if strings.HasPrefix(name, "own ") && differ*50 > copies {
				t.Errorf("%d of %d damaged copies passed unnoticed", differ, copies)
			}
		})
	}
}
