package csv

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

func open(t *testing.T, text []byte, opts Options) *Dataset {
	t.Helper()
	ds, err := Open(context.Background(), "test.csv", bytes.NewReader(text), int64(len(text)), opts)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

func read(t *testing.T, text string, opts Options) dump {
	t.Helper()
	d, err := readAll([]byte(text), opts, frame.Any, 1)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func encode(t *testing.T, e encoding.Encoding, s string) []byte {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func zst(b []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	defer w.Close()
	return w.EncodeAll(b, nil)
}

func TestEncodingsAndCompressions(t *testing.T) {
	chinese := "订单,金额,省\n" + strings.Repeat("苹果手机,12.5,广东\n香蕉,3,\"北京,海淀\"\n", 400)
	western := "name,price\n" + strings.Repeat("Café crème,1.5\nMüller Straße,2\n", 300)
	utf16le := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	utf16be := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	for _, c := range []struct {
		name string
		text []byte
		like string
		say  string
	}{
		{"UTF-8", []byte(chinese), chinese, "UTF-8"},
		{"UTF-8 with mark", []byte("\xef\xbb\xbf" + chinese), chinese, "UTF-8"},
		{"UTF-8 in gzip", gz([]byte(chinese)), chinese, "gzip"},
		{"UTF-8 with mark in zstd", zst([]byte("\xef\xbb\xbf" + chinese)), chinese, "zstd"},
		{"GB18030", encode(t, simplifiedchinese.GB18030, chinese), chinese, "GB18030"},
		{"GBK", encode(t, simplifiedchinese.GBK, chinese), chinese, "GB18030"},
		{"GB18030 in gzip", gz(encode(t, simplifiedchinese.GB18030, chinese)), chinese, "GB18030"},
		{"GB18030 with bars", encode(t, simplifiedchinese.GB18030, strings.ReplaceAll(strings.ReplaceAll(chinese, "\"北京,海淀\"", "北京"), ",", "|")), strings.ReplaceAll(chinese, "\"北京,海淀\"", "北京"), "delimiter |"},
		{"UTF-16LE", encode(t, utf16le, chinese), chinese, "UTF-16LE"},
		{"UTF-16BE without mark", encode(t, utf16be, western), western, "UTF-16BE"},
		{"Latin-1", encode(t, charmap.ISO8859_1, western), western, "Windows-1252"},
		{"Latin-1 with semicolons", encode(t, charmap.ISO8859_1, strings.ReplaceAll(western, ",", ";")), western, "delimiter ;"},
	} {
		want := read(t, c.like, Options{Header: HeaderYes, Delimiter: ','})
		for _, chunk := range []int64{0, 1000, 37} {
			ds := open(t, c.text, Options{ChunkBytes: chunk})
			if !strings.Contains(ds.Inputs()[0].Detail, c.say) {
				t.Errorf("%s: recognised %s", c.name, ds.Inputs()[0].Detail)
			}
			got, err := readAll(c.text, Options{ChunkBytes: chunk}, frame.Any, 2)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if strings.Join(got.rows, "\n") != strings.Join(want.rows, "\n") || len(got.bad) > 0 {
				t.Errorf("%s, chunks of %d: %d rows, want %d; the first %q, want %q; bad %q", c.name, chunk, len(got.rows), len(want.rows), got.rows[:1], want.rows[:1], got.bad)
			}
		}
	}
}

func TestDialects(t *testing.T) {
	for _, c := range []struct{ text, detail, names, rows string }{
		{"a,b\n1,2\n", "delimiter ,", "a b", "1¦2"},
		{"a;b\n1,5;2\n", "delimiter ;", "a b", "1.5¦2"},
		{"a\tb\n1\t2\n", "delimiter tab", "a b", "1¦2"},
		{"a|b\n1|2\n", "delimiter |", "a b", "1¦2"},
		{"a\n1\n2\n", "delimiter ,", "a", "1 2"},
		{" id  day     n\n 01  19970101  1\n 02  19970102  2\n 03  19970103 3\n", "delimiter blanks", "id day n", "01¦9862¦1 02¦9863¦2 03¦9864¦3"},
		{"a,b\r1,2\r3,4\r", "delimiter ,", "a b", "1¦2 3¦4"},
		{"a,b\r\n1,2\r\n\r\n3,4", "delimiter ,", "a b", "1¦2 3¦4"},
		{"1,2\n3,4\n", "no header", "column_1 column_2", "1¦2 3¦4"},
		{"x,1\ny,2\n", "no header", "column_1 column_2", "x¦1 y¦2"},
		{"sep=;\r\na;b\r\n1,5;2\r\n", "delimiter ;", "a b", "1.5¦2"},
		{"sep=\t\n1\t2\n3\t4\n", "no header", "column_1 column_2", "1¦2 3¦4"},
		{"name\nSmith, John\nDoe, Jane\n", "", "name", "Smith, John Doe, Jane"},
		{"id,2019,2020\na,1,2\nb,3,4\n", "", "id 2019 2020", ""},
		{"a,a,,b \n1,2,3,4\n", "delimiter ,", "a a_2 column_3 b", "1¦2¦3¦4"},
		{"name,city\nAnn,Rome\nBob,Oslo\n", "delimiter ,", "name city", "Ann¦Rome Bob¦Oslo"},
		{"a,b\n", "delimiter ,", "a b", ""},
		{"a,b", "delimiter ,", "a b", ""},
		{"\"a\nb\",c\n\"x\ny\",\"z\"\"\"\n", "delimiter ,", "a\nb c", "x\ny¦z\""},
	} {
		ds := open(t, []byte(c.text), Options{})
		if strings.HasPrefix(c.text, "id,2019") {
			continue // ambiguous by content: only that it opens
		}
		var names []string
		for _, f := range ds.Schema().Fields() {
			names = append(names, f.Name)
		}
		if got := strings.Join(names, " "); got != c.names {
			t.Errorf("%q: columns %q, want %q", c.text, got, c.names)
		}
		if d := ds.Inputs()[0].Detail; !strings.Contains(d, c.detail) {
			t.Errorf("%q: %s", c.text, d)
		}
		if got := strings.Join(read(t, c.text, Options{}).rows, " "); got != c.rows {
			t.Errorf("%q: rows %q, want %q", c.text, got, c.rows)
		}
	}
}

func TestBadRowsAreKeptWithTheirLines(t *testing.T) {
	text := "id,x\n1,a\n2\n3,b,c\n4,\"q\"z\n5,\"two\nlines\"\n\n6,\"open\n7,d\n"
	ds := open(t, []byte(text), Options{})
	r, err := ds.Splits()[0].Open(context.Background(), all(ds))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b frame.Batch
	if err := r.Next(&b); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range b.Bad {
		got = append(got, fmt.Sprintf("row %d line %d %q %s", x.Row, x.InFile, x.Raw, x.Reason))
	}
	want := []string{
		`row 1 line 3 "2" 1 fields instead of 2`,
		`row 2 line 4 "3,b,c" 3 fields instead of 2`,
		`row 3 line 5 "4,\"q\"z" text after the closing quote of field 2`,
		`row 5 line 9 "6,\"open" a quoted field is never closed`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("bad rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if fmt.Sprint(b.Rows, b.N) != "[0 4 6] 3" {
		t.Errorf("positions %v of %d rows", b.Rows, b.N)
	}
	if raw := b.Raw(1); len(raw) != 2 || raw[1] != "two\nlines" {
		t.Errorf("raw %q", raw)
	}
}

func TestValuesThatDoNotFitLaterAreBad(t *testing.T) {
	text := "n,f,d\n" + strings.Repeat("1,1.5,2024-01-01\n", 200000) + "x,1.2.3,2024-13-01\n,NULL,\n"
	d := read(t, text, Options{})
	if n := len(d.rows); n != 200002 || d.rows[n-2] != "✗¦✗¦✗" || d.rows[n-1] != "∅¦∅¦∅" {
		t.Errorf("%d rows, the last %q", n, d.rows[n-2:])
	}
}

func TestInvalidBytesStayDifferent(t *testing.T) {
	text := "a,b\n" + strings.Repeat("x,y\n", 400000) + "Caf\xe9,1\nCaf\xe8,2\n"
	ds := open(t, []byte(text), Options{ChunkBytes: 1 << 20, Encoding: "utf-8"})
	var last []string
	for _, s := range ds.Splits() {
		d, err := readSplit(s, all(ds))
		if err != nil {
			t.Fatal(err)
		}
		last = append(last, d.rows...)
	}
	if got := strings.Join(last[len(last)-2:], " "); got != "Café¦1 Cafè¦2" {
		t.Errorf("got %q", got)
	}
	if n := ds.Notices(); len(n) == 0 || !strings.Contains(n[len(n)-1], "not UTF-8") {
		t.Errorf("notices %q", n)
	}
}

func TestErrorsAreClear(t *testing.T) {
	endless := "a,b\n1,2\n" + strings.Repeat("x", 20<<20)
	for _, c := range []struct {
		name string
		text []byte
		say  string
	}{
		{"empty", nil, "empty"},
		{"empty lines", []byte("\n\r\n\n"), "empty lines"},
		{"cut gzip", gz(ordersCSV(50000))[:100000], "ends too early"},
		{"damaged gzip", func() []byte { b := gz(ordersCSV(50000)); clear(b[5000:9000]); return b }(), "gzip"},
		{"damaged zstd", func() []byte { b := zst(ordersCSV(50000)); clear(b[50000:50100]); return b }(), "zstd"},
		{"endless line", []byte(endless), "longer than"},
		{"endless line in gzip", gz([]byte(endless)), "longer than"},
		{"endless first line", []byte(strings.Repeat("x,", 2<<20)), "first row"},
	} {
		_, err := readAll(c.text, Options{MaxRecord: 1 << 20}, frame.Any, 1)
		if err == nil || fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), c.say) || !strings.Contains(err.Error(), "test.csv") || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (%v, hint %q)", c.name, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
}

// zeros gives n bytes of a table of one column that packs extremely well.
type zeros struct{ n int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.n <= 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), z.n)]
	for i := range p {
		p[i] = "0\n"[i&1]
	}
	z.n -= int64(len(p))
	return len(p), nil
}

func TestBombsAreReadInBoundedMemory(t *testing.T) {
	var packed bytes.Buffer
	w, _ := zstd.NewWriter(&packed)
	if _, err := io.Copy(w, io.MultiReader(strings.NewReader("a\n"), &zeros{64 << 20})); err != nil {
		t.Fatal(err)
	}
	w.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	ds := open(t, packed.Bytes(), Options{})
	r, err := ds.Splits()[0].Open(context.Background(), []source.Want{{Col: 0}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b frame.Batch
	rows := 0
	for {
		if err := r.Next(&b); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		rows += b.N
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) >> 20; rows != 32<<20 || n > 24 {
		t.Errorf("%d rows of %d packed bytes took %d MiB", rows, packed.Len(), n)
	}
}

func TestManyColumns(t *testing.T) {
	const n = 100_000
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "c%d,", i)
	}
	b.WriteString("z\n")
	for r := range 5 {
		b.WriteString(strings.Repeat(fmt.Sprintf("%d,", r), n) + "9\n")
	}
	ds := open(t, []byte(b.String()), Options{})
	d, err := readSplit(ds.Splits()[0], all(ds))
	if err != nil || len(d.rows) != 5 || ds.Schema().NumFields() != n+1 {
		t.Errorf("%d rows of %d columns: %v", len(d.rows), ds.Schema().NumFields(), err)
	}
}

func TestInterrupt(t *testing.T) {
	ds := open(t, ordersCSV(100000), Options{ChunkBytes: 1 << 20})
	ctx, cancel := context.WithCancel(context.Background())
	r, err := ds.Splits()[1].Open(ctx, all(ds))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b frame.Batch
	if err := r.Next(&b); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := r.Next(&b); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("got %v", err)
	}
}

// TestSharedFiles reads the fuzz cases and tables of the shared folder.
func TestSharedFiles(t *testing.T) {
	dir := os.Getenv("ECOMCTL_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" && os.Getenv("ECOMCTL_REQUIRE_SHARED") == "1" {
			t.Fatalf("the shared test data is missing: %v", err)
		}
		t.Skip("the shared test data is missing (ECOMCTL_SHARED)")
	}
	n := 0
	err := filepath.WalkDir(filepath.Join(dir, "data"), func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !(strings.Contains(p, "/csv/") || strings.Contains(p, "csv-fuzz") || strings.HasSuffix(p, ".csv")) {
			return err
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		n++
		if _, err := readAll(text, Options{}, frame.Any, 1); err != nil && fault.KindOf(err) != fault.Input {
			t.Errorf("%s: %v", p, err)
		}
		if len(text) < 1<<12 && !strings.HasSuffix(p, ".gz") {
			if err := sameHoweverRead(text, 1<<20); err != nil {
				t.Errorf("%s: %v", p, err)
			}
		}
		return nil
	})
	if err != nil || n < 10 {
		t.Errorf("%d files: %v", n, err)
	}
}
