package parquet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
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
	"github.com/ecomctl/ecomctl/internal/source"
)

func openBytes(file []byte, memory int64) (source.Dataset, error) {
	return Open(context.Background(), "orders.parquet", bytes.NewReader(file), int64(len(file)), Options{Memory: memory})
}

func TestNotParquet(t *testing.T) {
	good := byArrow(t, 10)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":          {nil, "opening orders.parquet: 0 bytes are too few for a Parquet file"},
		"text":           {[]byte("order_id,customer_id\n1,2\n"), "opening orders.parquet: not a Parquet file (no PAR1 at either end)"},
		"cut":            {good[:len(good)-20], "opening orders.parquet: the file does not end with PAR1"},
		"beheaded":       {append([]byte("XXXX"), good[4:]...), "opening orders.parquet: the file does not start with PAR1"},
		"encrypted":      {append(bytes.Clone(good[:len(good)-4]), "PARE"...), "opening orders.parquet: the file is encrypted"},
		"endless footer": {append(bytes.Clone(good[:len(good)-8]), "\xff\xff\xff\x7fPAR1"...), "the footer declares 2147483647 bytes in a file of"},
	} {
		_, err := openBytes(c.file, 0)
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.KindOf(err) != fault.Input || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (kind %v, hint %q)", name, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
}

func TestEncryptedCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t), "data", "parquet_testing", "data", "*.parquet.encrypted"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		ds, err := openPath(t, f)
		if err == nil {
			_, err = readAll(ds, readable(ds), nil)
		}
		if err == nil || !strings.Contains(err.Error(), "encrypted") {
			t.Errorf("%s: %v", filepath.Base(f), err)
		}
	}
}

// shrinking is a file that is cut to n bytes after it was opened.
type shrinking struct {
	*bytes.Reader
	n int64
}

func (s *shrinking) ReadAt(b []byte, off int64) (int, error) {
	if off+int64(len(b)) > s.n {
		return 0, io.EOF
	}
	return s.Reader.ReadAt(b, off)
}

var errDisk = errors.New("input/output error")

// broken fails to read after it was opened.
type broken struct {
	*bytes.Reader
	on bool
}

func (s *broken) ReadAt(b []byte, off int64) (int, error) {
	if s.on {
		return 0, errDisk
	}
	return s.Reader.ReadAt(b, off)
}

func TestFailingFile(t *testing.T) {
	file := byArrow(t, 5000)
	cut := &shrinking{bytes.NewReader(file), int64(len(file))}
	ds, err := Open(context.Background(), "orders.parquet", cut, int64(len(file)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	cut.n = 100
	if _, err := readAll(ds, readable(ds), nil); err == nil || !strings.Contains(err.Error(), "it was cut while being read") {
		t.Errorf("a file cut while being read: %v", err)
	}
	bad := &broken{Reader: bytes.NewReader(file)}
	if ds, err = Open(context.Background(), "orders.parquet", bad, int64(len(file)), Options{}); err != nil {
		t.Fatal(err)
	}
	bad.on = true
	if _, err := readAll(ds, readable(ds), nil); !errors.Is(err, errDisk) || !strings.Contains(err.Error(), `orders.parquet: row group 0, column "name"`) {
		t.Errorf("a failing disk: %v", err)
	}
}

// TestDamageIsNamed flips a bit in a page of a file with checksums.
func TestDamageIsNamed(t *testing.T) {
	file := again(t, byArrow(t, 3000), sink.Options{RowGroup: 1000})
	ds, err := openBytes(file, 0)
	if err != nil {
		t.Fatal(err)
	}
	k := ds.(*dataset).meta.groups[2].columns[2]
	file[k.start()+k.totalCompressed-20] ^= 4
	_, err = readAll(ds, readable(ds), nil)
	if err == nil || !strings.Contains(err.Error(), `reading orders.parquet: row group 2, column "price", page `) || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("%v", err)
	}
	if h := fault.HintOf(err); !strings.Contains(h, "damaged") {
		t.Errorf("hint %q", h)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	file := byArrow(t, 100_000)
	ds, err := Open(ctx, "x", bytes.NewReader(file), int64(len(file)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := ds.Splits()[0].Open(ctx, readable(ds))
	if err != nil {
		t.Fatal(err)
	}
	var b frame.Batch
	if err := r.Next(&b); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := r.Next(&b); !errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Interrupted {
		t.Errorf("%v", err)
	}
	if err := r.Next(&b); err == nil {
		t.Error("an error is not final")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestWrongWant(t *testing.T) {
	ds, err := openBytes(byArrow(t, 10), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, col := range []int{-1, 6} {
		if _, err := ds.Splits()[0].Open(context.Background(), []source.Want{{Col: col}}); fault.KindOf(err) != fault.Internal {
			t.Errorf("column %d: %v", col, err)
		}
	}
	nested, err := openPath(t, filepath.Join(shared(t), "data", "parquet_testing", "data", "nested_maps.snappy.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if n := nested.Notices(); len(n) != 1 || !strings.Contains(n[0], "nested") {
		t.Errorf("notices %q", n)
	}
	if _, err := nested.Splits()[0].Open(context.Background(), []source.Want{{Col: 0}}); fault.KindOf(err) != fault.Input {
		t.Errorf("a nested column: %v", err)
	}
	// No columns at all still gives the rows.
	if rows, err := readAll(nested, nil, nil); rows != 6 || err != nil {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// textFile writes n copies of one text with Arrow.
func textFile(t *testing.T, text string, n int, opts ...parquet.WriterProperty) []byte {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	b := array.NewStringBuilder(memory.DefaultAllocator)
	for range n {
		b.Append(text)
	}
	col := b.NewArray()
	rec := array.NewRecord(schema, []arrow.Array{col}, int64(n))
	var buf bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &buf, parquet.NewWriterProperties(opts...), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestBombs reads small files that expand beyond the memory limit.
func TestBombs(t *testing.T) {
	for _, codec := range []compress.Compression{compress.Codecs.Zstd, compress.Codecs.Gzip, compress.Codecs.Brotli, compress.Codecs.Snappy} {
		file := textFile(t, strings.Repeat("a", 48<<20), 1, parquet.WithCompression(codec), parquet.WithDictionaryDefault(false), parquet.WithStats(false))
		ds, err := openBytes(file, 16<<20)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = readAll(ds, readable(ds), nil)
		runtime.ReadMemStats(&after)
		if fault.KindOf(err) != fault.Full || fault.HintOf(err) == "" {
			t.Errorf("%v: %v", codec, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 24<<20 {
			t.Errorf("%v: %d bytes allocated under a limit of 16 MiB", codec, got)
		}
	}
}

// TestLongRepeatedTexts reads texts that fill the memory many times over when
// unfolded, from dictionaries and shared prefixes, in bounded memory.
func TestLongRepeatedTexts(t *testing.T) {
	text := strings.Repeat("long ", 50_000)
	for name, opts := range map[string][]parquet.WriterProperty{
		"dictionary": {parquet.WithCompression(compress.Codecs.Zstd)},
		"prefixes":   {parquet.WithDictionaryDefault(false), parquet.WithEncoding(parquet.Encodings.DeltaByteArray), parquet.WithDataPageSize(1 << 30)},
		"plain":      {parquet.WithDictionaryDefault(false), parquet.WithCompression(compress.Codecs.Snappy), parquet.WithBatchSize(10)},
	} {
		file := textFile(t, text, 400, opts...)
		ds, err := openBytes(file, 72<<20)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := readAll(ds, readable(ds), func(_ int, b *frame.Batch) {
			for i := range b.N {
				if string(b.Cols[0].Str(i)) != text {
					t.Fatalf("%s: another text", name)
				}
			}
		})
		if err != nil || rows != 400 {
			t.Errorf("%s: %d rows, %v", name, rows, err)
		}
	}
}

// TestTwoGoroutines reads splits in parallel, sharing the pool of buffers.
func TestTwoGoroutines(t *testing.T) {
	file := again(t, byArrow(t, 20_000), sink.Options{RowGroup: 1500})
	ds, err := openBytes(file, 0)
	if err != nil {
		t.Fatal(err)
	}
	sums := make([]uint64, len(ds.Splits()))
	one := func(i int) {
		var b frame.Batch
		if _, err := readSplitTo(ds.Splits()[i], readable(ds), &b, func(b *frame.Batch) {
			for j := range b.Cols {
				sums[i] = sums[i]*31 + checkColumn(t, &b.Cols[j], b.N)
			}
		}); err != nil {
			t.Error(err)
		}
	}
	for i := range sums {
		one(i)
	}
	first := append([]uint64(nil), sums...)
	clear(sums)
	var wg sync.WaitGroup
	for k := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := k; i < len(sums); i += 3 {
				one(i)
			}
		}()
	}
	wg.Wait()
	for i := range sums {
		if sums[i] != first[i] {
			t.Errorf("split %d reads differently in parallel", i)
		}
	}
}

func TestDigest(t *testing.T) {
	file := byArrow(t, 100)
	a, _ := openBytes(file, 0)
	in := a.Inputs()[0]
	if in.DigestKind != "length+footer" || !strings.HasPrefix(in.Digest, "sha256:") || in.Rows != 100 || in.Size != int64(len(file)) || in.Format != "parquet" {
		t.Errorf("%+v", in)
	}
	other, _ := openBytes(byArrow(t, 101), 0)
	if other.Inputs()[0].Digest == in.Digest {
		t.Error("two files have one digest")
	}
	full, err := FullDigest(context.Background(), bytes.NewReader(file), int64(len(file)))
	if err != nil || len(full) != len("sha256:")+64 {
		t.Errorf("%q, %v", full, err)
	}
	if _, err := FullDigest(context.Background(), bytes.NewReader(file), int64(len(file))+1); err == nil {
		t.Error("a digest of bytes that are not there")
	}
	if _, err := os.Stat("testdata/duckdb.parquet"); err != nil {
		t.Error(err)
	}
}
