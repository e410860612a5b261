package optimize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// shop is a table of every kind of column that Parquet files of shops have.
var shop = arrow.NewSchema([]arrow.Field{
	{Name: "order_ts", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
	{Name: "id", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "big", Type: arrow.PrimitiveTypes.Uint64, Nullable: true},
	{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "price", Type: &arrow.Decimal128Type{Precision: 9, Scale: 2}, Nullable: true},
	{Name: "wide", Type: &arrow.Decimal128Type{Precision: 30, Scale: 4}, Nullable: true},
	{Name: "score", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "day", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "paid", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
}, nil)

var words = []string{"", "a", "Müller", "雪の茶碗", "🍵", "\x00", "Zoë\u0301", strings.Repeat("long ", 50)}

// cells are the values of a row, drawn from a number; a bit of nulls says which are null.
func appendRowOf(b *array.RecordBuilder, v uint64, nulls uint64) {
	n := int64(v>>8) - 1<<20
	for i := range b.Fields() {
		if nulls>>i&1 == 1 {
			b.Field(i).AppendNull()
			continue
		}
		switch f := b.Field(i).(type) {
		case *array.TimestampBuilder:
			f.Append(arrow.Timestamp(1_700_000_000_000_000 + n*1_000_003))
		case *array.Int32Builder:
			f.Append(int32(n))
		case *array.Uint64Builder:
			f.Append(v * 0x9E3779B97F4A7C15)
		case *array.StringBuilder:
			f.Append(words[v%uint64(len(words))])
		case *array.Decimal128Builder:
			if i == 4 {
				f.Append(decimal128.FromI64(n % 999_999_999))
			} else {
				f.Append(decimal128.New(n%1000, v*0x9E3779B97F4A7C15))
			}
		case *array.Float64Builder:
			f.Append(float64(n) / 3)
		case *array.Date32Builder:
			f.Append(arrow.Date32(n % 20000))
		case *array.BooleanBuilder:
			f.Append(n&1 == 1)
		}
	}
}

// file writes rows with Arrow's own writer.
func file(t testing.TB, path string, rows [][2]uint64, codec compress.Compression, group int64) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, shop)
	defer b.Release()
	for _, r := range rows {
		appendRowOf(b, r[0], r[1])
	}
	rec := b.NewRecord()
	defer rec.Release()
	var buf bytes.Buffer
	w, err := pqarrow.NewFileWriter(shop, &buf, parquet.NewWriterProperties(parquet.WithCompression(codec), parquet.WithMaxRowGroupLength(group)), pqarrow.DefaultWriterProps())
	if err == nil {
		err = w.Write(rec)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o777)
	}
	if err == nil {
		err = os.WriteFile(path, buf.Bytes(), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// table reads the rows that a reader of the folder finds, as text, in the order of files.
func table(t testing.TB, dir string) []string {
	t.Helper()
	ctx := context.Background()
	infos, err := vfs.Walk(ctx, vfs.Local{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{fs: vfs.Local{}}
	var rows []string
	for _, i := range infos {
		if ok, err := r.isParquet(ctx, i); err != nil || !ok {
			continue
		}
		err := r.scanFiles(ctx, []vfs.Info{i}, nil, func(b *frame.Batch) error {
			for row := range b.N {
				var s strings.Builder
				for c := range b.Cols {
					col := &b.Cols[c]
					switch {
					case col.IsNull(row):
						s.WriteString("null|")
					case col.Kind == frame.String:
						fmt.Fprintf(&s, "%q|", col.Str(row))
					case col.Kind == frame.Float:
						fmt.Fprintf(&s, "%x|", col.F64[row])
					case col.D128 != nil:
						fmt.Fprintf(&s, "%s|", col.D128[row].BigInt())
					default:
						fmt.Fprintf(&s, "%d|", col.I64[row])
					}
				}
				rows = append(rows, s.String())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

func sorted(rows []string) []string {
	out := slices.Clone(rows)
	slices.Sort(out)
	return out
}

func options() Options {
	return Options{Sort: []string{"order_ts"}, Threads: 2, Owner: "test", Say: func(string, ...any) {}}
}

// rowsOf makes n rows from a seed.
func rowsOf(seed uint64, n int) (rows [][2]uint64) {
	for i := range n {
		v := (seed + uint64(i)) * 0xD1342543DE82EF95
		rows = append(rows, [2]uint64{v >> 40, v >> 3 & v >> 17 & v >> 29 & 0x1ff})
	}
	return rows
}

// shopDir makes partitions of small files beside files of other kinds.
func shopDir(t testing.TB, dir string) {
	for p := range 2 {
		for i := range 3 {
			file(t, fmt.Sprintf("%s/year=%d/f%d.parquet", dir, 2020+p, i), rowsOf(uint64(100*p+i), 40), compress.Codecs.Snappy, 16)
		}
	}
	for name, text := range map[string]string{"notes.txt": "keep me", "year=2020/_SUCCESS": "", "year=2020/part.csv": "a,b\n1,2\n", "year=2020/.hidden": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRun: fewer files, the same rows, in order, partitions and other files where they were;
// a dry run does nothing and tells the same; a second run has nothing to do.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	shopDir(t, dir)
	before := table(t, dir)
	dry := options()
	dry.DryRun = true
	told, err := Run(t.Context(), vfs.Local{}, dir, dry)
	if err != nil || told.After.Files != 2 || !slices.Equal(table(t, dir), before) {
		t.Fatalf("dry run: %+v, %v", told, err)
	}
	rep, err := Run(t.Context(), vfs.Local{}, dir, options())
	if err != nil || rep != told || rep.Before.Files != 6 || rep.Rewritten != 2 || rep.Before.Rows != 240 || rep.After.Rows != 240 {
		t.Fatalf("%+v, dry run %+v, %v", rep, told, err)
	}
	after := table(t, dir)
	if !slices.Equal(sorted(after), sorted(before)) {
		t.Error("rows differ")
	}
	for p := range 2 {
		one := table(t, fmt.Sprintf("%s/year=%d", dir, 2020+p))
		key := func(s string) string { return strings.SplitN(s, "|", 2)[0] } // 16 digits or null, which comes last as n > 1
		if len(one) != 120 || !slices.IsSortedFunc(one, func(a, b string) int { return strings.Compare(key(a), key(b)) }) {
			t.Errorf("year %d: %d rows, not in order", 2020+p, len(one))
		}
	}
	for name, text := range map[string]string{"notes.txt": "keep me", "year=2020/part.csv": "a,b\n1,2\n", "year=2020/.hidden": "x"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != text {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := filepath.Glob(dir + "/*/.ecomctl*"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	if again, err := Run(t.Context(), vfs.Local{}, dir, options()); err != nil || again.Rewritten != 0 {
		t.Errorf("again: %+v %v", again, err)
	}
}

// TestProperty: whatever the rows, codecs, row groups, order, target and memory, the multiset of
// rows is the same, in order where one was asked.
func TestProperty(t *testing.T) {
	codecs := []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Gzip, compress.Codecs.Zstd, compress.Codecs.Brotli}
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		for i := range rapid.IntRange(2, 5).Draw(rt, "files") {
			rows := rowsOf(rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(0, 300).Draw(rt, "rows"))
			file(t, fmt.Sprintf("%s/f%d.parquet", dir, i), rows, rapid.SampledFrom(codecs).Draw(rt, "codec"), rapid.Int64Range(20, 200).Draw(rt, "group"))
		}
		before := table(t, dir)
		o := options()
		o.Sort = rapid.SampledFrom([][]string{nil, {"order_ts"}, {"name", "id"}, {"wide"}, {"price"}, {"score"}, {"big"}, {"paid", "day"}}).Draw(rt, "sort")
		o.Codec = rapid.SampledFrom([]string{"", "none", "snappy", "gzip", "zstd", "lz4_raw", "brotli"}).Draw(rt, "to codec")
		o.Target = rapid.SampledFrom([]int64{1, 20_000, 1 << 30}).Draw(rt, "target")
		if _, err := Run(context.Background(), vfs.Local{}, dir, o); err != nil {
			rt.Fatal(err)
		}
		if !slices.Equal(sorted(table(t, dir)), sorted(before)) {
			rt.Error("rows differ")
		}
		r := &run{fs: vfs.Local{}, opt: o}
		if err := r.plan(context.Background(), dir, 0); err != nil {
			rt.Fatal(err)
		}
		for _, f := range r.folders {
			for _, name := range o.Sort {
				f.sort = append(f.sort, f.schema.FieldIndices(name)[0])
			}
			if ok, err := r.inOrder(context.Background(), f); err != nil || !ok {
				rt.Errorf("in order: %v %v", ok, err)
			}
		}
	})
}

// TestSpill: rows that memory does not hold are sorted on disk, equal keys keeping their order.
func TestSpill(t *testing.T) {
	s := &sorter{schema: shop, by: []int{8, 7}, opt: &Options{Memory: 1 << 16, Threads: 2, TempDir: t.TempDir()}}
	defer s.close()
	dir := t.TempDir()
	for i := range 12 {
		file(t, fmt.Sprintf("%s/f%02d.parquet", dir, i), rowsOf(uint64(i*7), 500), compress.Codecs.Snappy, 1000)
	}
	r := &run{fs: vfs.Local{}}
	infos, err := vfs.Walk(t.Context(), vfs.Local{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	var in digest
	whole := &sorter{schema: shop, by: s.by, opt: &Options{Memory: 1 << 30}}
	err = r.scanFiles(t.Context(), infos, nil, func(b *frame.Batch) error {
		in.add(b, 3)
		if err := whole.add(b); err != nil {
			return err
		}
		return s.add(b)
	})
	if err != nil || len(s.runs) < 5 {
		t.Fatalf("%d runs, %v", len(s.runs), err)
	}
	text := func(s *sorter) (out []byte) {
		var d digest
		err := s.each(t.Context(), func(b *frame.Batch) error {
			d.add(b, 1)
			for i := range b.N {
				for c := range b.Cols {
					out = appendValue(out, &b.Cols[c], i)
				}
			}
			return nil
		})
		if err != nil || d != in {
			t.Errorf("%v, digest %v", err, d == in)
		}
		return out
	}
	if !bytes.Equal(text(s), text(whole)) {
		t.Error("merging runs gives another order than sorting in memory")
	}
}

// errDead is what a tree of files answers after its process died.
var errDead = errors.New("dead")

// dying stops changing files after a number of changes, as a killed process does.
type dying struct {
	vfs.Local
	left int
}

func (d *dying) dies() bool {
	d.left--
	return d.left < 0
}

func (d *dying) Create(ctx context.Context, p string, m fs.FileMode) (vfs.Writer, error) {
	if d.dies() {
		return nil, errDead
	}
	w, err := d.Local.Create(ctx, p, m)
	return &dyingWriter{w, d}, err
}

type dyingWriter struct {
	vfs.Writer
	d *dying
}

func (w *dyingWriter) Write(p []byte) (int, error) {
	if w.d.dies() {
		n, _ := w.Writer.Write(p[:len(p)/2])
		return n, errDead
	}
	return w.Writer.Write(p)
}

func (d *dying) Rename(ctx context.Context, from, to string) error {
	if d.dies() {
		return errDead
	}
	return d.Local.Rename(ctx, from, to)
}

func (d *dying) Remove(ctx context.Context, p string) error {
	if d.dies() {
		return errDead
	}
	return d.Local.Remove(ctx, p)
}

func (d *dying) MkdirAll(ctx context.Context, p string) error {
	if d.dies() {
		return errDead
	}
	return d.Local.MkdirAll(ctx, p)
}

// TestDeath: a process that dies after any one of its changes to the disk leaves the old rows or
// the new, never both, never fewer; the next run completes the work and tidies up.
func TestDeath(t *testing.T) {
	base := t.TempDir()
	shopDir(t, base)
	want := sorted(table(t, base))
	for n := 0; ; n++ {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
			t.Fatal(err)
		}
		_, err := Run(t.Context(), &dying{left: n}, dir, options())
		if !slices.Equal(sorted(table(t, dir)), want) {
			t.Fatalf("died after %d changes: other rows", n)
		}
		for _, pattern := range []string{dir + "/**/*.parquet", dir + "/year=*/*.parquet"} {
			found, e := vfs.Glob(t.Context(), vfs.Local{}, pattern)
			if e != nil || len(found) < 2 || len(found) > 6 {
				t.Fatalf("died after %d changes: %s finds %v, %v", n, pattern, found, e)
			}
		}
		if _, e := Run(t.Context(), vfs.Local{}, dir, options()); e != nil {
			t.Fatalf("died after %d changes, then: %v", n, e)
		}
		if got := table(t, dir); !slices.Equal(sorted(got), want) {
			t.Fatalf("died after %d changes: other rows after the next run", n)
		}
		infos, e := vfs.Walk(t.Context(), vfs.Local{}, dir)
		hidden, _ := filepath.Glob(dir + "/year=*/.ecomctl*")
		if e != nil || len(infos) != 4 || len(hidden) != 0 {
			t.Fatalf("died after %d changes: left %v %v", n, infos, hidden)
		}
		if err == nil {
			if n < 20 {
				t.Errorf("only %d changes were counted", n)
			}
			return
		}
		if !errors.Is(err, errDead) && !strings.Contains(err.Error(), "dead") {
			t.Fatalf("died after %d changes: %v", n, err)
		}
	}
}

// meddling is a tree in which somebody changes a file as soon as a new one is made.
type meddling struct {
	vfs.Local
	change func()
}

func (m *meddling) Create(ctx context.Context, p string, mode fs.FileMode) (vfs.Writer, error) {
	if strings.HasSuffix(p, ".parquet") {
		m.change()
	}
	return m.Local.Create(ctx, p, mode)
}

// TestRefusals: what must not be replaced stays.
func TestRefusals(t *testing.T) {
	t.Run("changed meanwhile", func(t *testing.T) {
		dir := t.TempDir()
		shopDir(t, dir)
		p := dir + "/year=2020/f1.parquet"
		m := &meddling{change: func() { _ = os.Chtimes(p, time.Time{}, time.Unix(1, 0)) }}
		_, err := Run(t.Context(), m, dir, options())
		if fault.KindOf(err) != fault.Locked || !strings.Contains(err.Error(), "f1.parquet changed meanwhile") {
			t.Errorf("%v (%v)", err, fault.KindOf(err))
		}
		if left, _ := filepath.Glob(dir + "/year=*/.ecomctl*"); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	})
	t.Run("a file that comes meanwhile stays", func(t *testing.T) {
		dir := t.TempDir()
		shopDir(t, dir)
		want := len(table(t, dir)) + 5
		m := &meddling{change: func() { file(t, dir+"/year=2020/late.parquet", rowsOf(9, 5), compress.Codecs.Snappy, 5) }}
		if _, err := Run(t.Context(), m, dir, options()); err != nil || len(table(t, dir)) != want {
			t.Errorf("%d rows of %d, %v", len(table(t, dir)), want, err)
		}
	})
	t.Run("another run", func(t *testing.T) {
		dir := t.TempDir()
		shopDir(t, dir)
		hidden := dir + "/year=2021/" + vfs.SwapDir
		if err := os.MkdirAll(hidden, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(hidden+"/lock-elsewhere-12", nil, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Run(t.Context(), vfs.Local{}, dir, options())
		if fault.KindOf(err) != fault.Locked || !strings.Contains(fault.HintOf(err), hidden) {
			t.Errorf("%v (%v)", err, fault.KindOf(err))
		}
	})
	t.Run("other columns", func(t *testing.T) {
		dir := t.TempDir()
		shopDir(t, dir)
		other := arrow.NewSchema(append([]arrow.Field{{Name: "note", Type: arrow.BinaryTypes.String}}, shop.Fields()...), nil)
		was := shop
		shop = other
		file(t, dir+"/year=2020/f9.parquet", rowsOf(1, 0), compress.Codecs.Snappy, 5)
		shop = was
		_, err := Run(t.Context(), vfs.Local{}, dir, options())
		if fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), "f9.parquet") {
			t.Errorf("%v (%v)", err, fault.KindOf(err))
		}
	})
	t.Run("a damaged file", func(t *testing.T) {
		dir := t.TempDir()
		shopDir(t, dir)
		if err := os.Truncate(dir+"/year=2021/f1.parquet", 500); err != nil {
			t.Fatal(err)
		}
		_, err := Run(t.Context(), vfs.Local{}, dir, options())
		if fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), "f1.parquet") {
			t.Errorf("%v (%v)", err, fault.KindOf(err))
		}
		if infos, _ := vfs.Walk(t.Context(), vfs.Local{}, dir); len(infos) != 8 {
			t.Errorf("%d files", len(infos))
		}
	})
	t.Run("a forged list", func(t *testing.T) {
		dir := t.TempDir()
		shopDir(t, dir)
		hidden := dir + "/year=2021/" + vfs.SwapDir
		if err := os.MkdirAll(hidden, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(hidden+"/swap.json", []byte(`{"old":["../../notes.txt"],"new":[]}`), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(t.Context(), vfs.Local{}, dir, options()); err == nil {
			t.Error("the list was followed")
		}
		if _, err := vfs.Walk(t.Context(), vfs.Local{}, dir); err == nil {
			t.Error("the list was read")
		}
	})
}

var _ io.Writer = (*outFiles)(nil)
