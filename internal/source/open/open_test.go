package open

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/vfs"
	"github.com/ecomctl/ecomctl/internal/vfs/vfstest"
)

// show formats a value for tests.
func show(c *frame.Column, i int) string {
	switch {
	case c.IsBad(i):
		return "BAD"
	case c.IsNull(i):
		return "∅"
	case c.Kind == frame.String:
		return string(c.Str(i))
	case c.Kind == frame.Float:
		return fmt.Sprint(c.F64[i])
	}
	return fmt.Sprint(c.I64[i])
}

// table reads a whole dataset as text, one line a row.
func table(t *testing.T, ds source.Dataset, want ...source.Want) (rows []string, bad []frame.BadRow) {
	t.Helper()
	if want == nil {
		for i := range ds.Schema().NumFields() {
			want = append(want, source.Want{Col: i})
		}
	}
	for _, s := range ds.Splits() {
		r, err := s.Open(context.Background(), want)
		if err != nil {
			t.Fatal(err)
		}
		var b frame.Batch
		for {
			err := r.Next(&b)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.N {
				var cells []string
				for c := range b.Cols {
					cells = append(cells, show(&b.Cols[c], i))
				}
				rows = append(rows, strings.Join(cells, "|"))
			}
			bad = append(bad, b.Bad...)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return rows, bad
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return p
}

func must(t *testing.T, inputs []string, opts Options) source.Dataset {
	t.Helper()
	ds, err := Open(context.Background(), inputs, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ds.Close() })
	return ds
}

func TestUnionOfGlobInAnyColumnOrder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "2024-01.csv", "id,price,day\n1,2,2024-01-01\n2,3,2024-01-02\n")
	write(t, dir, "2024-02.csv", "day,id,price\n2024-02-01 10:00,3,4.5\n")
	ds := must(t, []string{filepath.Join(dir, "2024-*.csv")}, Options{})
	rows, _ := table(t, ds)
	want := "1|2|1704067200000000 2|3|1704153600000000 3|4.5|1706781600000000"
	if got := strings.Join(rows, " "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if n := len(ds.Inputs()); n != 2 {
		t.Errorf("%d inputs", n)
	}
	if d := ds.Inputs()[0]; d.Rows != 2 || len(d.Digest) != len("sha256:")+64 {
		t.Errorf("input: %+v", d)
	}
}

func TestFilesOfOneExportWriteNumbersAlike(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "2024-01.csv", "id;price;units\n1;2,50;1.000\n")
	write(t, dir, "2024-02.csv", "id;price;units\n2;3.000;2\n")
	ds := must(t, []string{filepath.Join(dir, "2024-*.csv")}, Options{})
	rows, _ := table(t, ds, source.Want{Col: 0}, source.Want{Col: 1, As: frame.Float}, source.Want{Col: 2})
	if got, want := strings.Join(rows, " "), "1|2.5|1000 2|3000|2"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestMismatchNamesBothFilesAndTheColumns(t *testing.T) {
	dir := t.TempDir()
	a := write(t, dir, "a.csv", "id,price\n1,2\n")
	b := write(t, dir, "b.csv", "id,cost\n1,2\n")
	_, err := Open(context.Background(), []string{a, b}, Options{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{a, b, `lacks "price"`, `lacks "cost"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %s", err, part)
		}
	}
	if fault.KindOf(err) != fault.Input {
		t.Errorf("kind %v", fault.KindOf(err))
	}
}

func TestHivePartitionsBecomeColumns(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "o/date=2024-01-01/region=S%20P/a.csv", "id\n1\n")
	write(t, dir, "o/date=2024-01-02/region="+hiveNull+"/a.csv", "id\n2\n")
	write(t, dir, "o/date=2024-01-02/region="+hiveNull+"/_SUCCESS", "")
	write(t, dir, "o/.crc/date=1/x.csv", "other\n2\n")
	ds := must(t, []string{filepath.Join(dir, "o")}, Options{})
	rows, _ := table(t, ds)
	if got, want := strings.Join(rows, " "), "1|2024-01-01|S P 2|2024-01-02|∅"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	rows, _ = table(t, ds, source.Want{Col: 1, As: frame.Date}, source.Want{Col: 0}, source.Want{Col: 2, As: frame.Int})
	if got, want := strings.Join(rows, " "), "19723|1|BAD 19724|2|∅"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	st, ok := ds.Splits()[0].Stats(1)
	if !ok || string(st.MinStr) != "2024-01-01" {
		t.Errorf("statistics: %v %v", st, ok)
	}
}

func TestStandardInputIsReadTwiceAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	ds := must(t, []string{"-"}, Options{Stdin: bytes.NewBufferString("id,x\n1,a\n2,b\n"), TempDir: dir})
	for range 2 {
		rows, _ := table(t, ds)
		if got := strings.Join(rows, " "); got != "1|a 2|b" {
			t.Errorf("got %s", got)
		}
	}
	ds.Close()
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d temporary files left", len(left))
	}
}

func TestStandardInputIsBounded(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader(strings.Repeat("x", 3<<20)), TempDir: dir, SpoolBytes: 1 << 20})
	if fault.KindOf(err) != fault.Full {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d temporary files left", len(left))
	}
}

func TestChangedFileIsNoticed(t *testing.T) {
	dir := t.TempDir()
	p := write(t, dir, "a.csv", "id\n1\n")
	ds := must(t, []string{p}, Options{})
	write(t, dir, "a.csv", "id\n1\n2\n")
	r, err := ds.Splits()[0].Open(context.Background(), []source.Want{{Col: 0}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b frame.Batch
	for err == nil {
		err = r.Next(&b)
	}
	if err == io.EOF || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("got %v", err)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		input, say string
		kind       fault.Kind
	}{
		{filepath.Join(dir, "none.csv"), "no such file", fault.NotFound},
		{filepath.Join(dir, "none-*.csv"), "no file matches", fault.NotFound},
		{dir, "no data files", fault.NotFound},
		{write(t, t.TempDir(), "e.csv", ""), "empty", fault.Input},
		{write(t, t.TempDir(), "x.csv", "PK\x03\x04..............."), "Excel", fault.Input},
		{write(t, t.TempDir(), "y.csv", "a,b\n\x00\x00\x01,2\n"), "are zero", fault.Input},
		{write(t, t.TempDir(), "y.csv", "<!DOCTYPE html><html>"), "web page", fault.Input},
		{"mysql://me:secret@127.0.0.1:1/db?table=t", "127.0.0.1:1", fault.Unavailable},
		{"-", "there is none", fault.Usage},
	} {
		_, err := Open(context.Background(), []string{c.input}, Options{})
		if err == nil || !strings.Contains(err.Error(), c.say) || fault.KindOf(err) != c.kind || fault.HintOf(err) == "" {
			t.Errorf("%s: got %v (%v, hint %q)", c.input, err, fault.KindOf(err), fault.HintOf(err))
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("a secret in %v", err)
		}
	}
}

func TestFilesWithoutDoubtDecideOnDayAndMonth(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.csv", "id,d\n1,02/03/2024\n")
	write(t, dir, "b.csv", "id,d\n2,25/03/2024\n")
	ds := must(t, []string{filepath.Join(dir, "*.csv")}, Options{})
	rows, _ := table(t, ds)
	if got, want := strings.Join(rows, " "), "1|19784 2|19807"; got != want {
		t.Errorf("got %s, want %s (2 March, 25 March)", got, want)
	}
	if n := ds.Notices(); len(n) > 0 {
		t.Errorf("notices %q", n)
	}
}

func TestManyFilesWithFewOpen(t *testing.T) {
	dir := t.TempDir()
	for i := range 400 {
		write(t, dir, fmt.Sprintf("p%03d.csv", i), fmt.Sprintf("id,x\n%d,a\n", i))
	}
	u := must(t, []string{dir}, Options{}).(*union)
	rows, _ := table(t, u)
	if len(rows) != 400 || rows[399] != "399|a" {
		t.Errorf("%d rows", len(rows))
	}
	if n := len(u.pool.open); n > maxOpen {
		t.Errorf("%d files open", n)
	}
}

func TestFormatsByContent(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, format, rows string }{
		"a.txt":    {"{\"a\":1}\n{\"a\":2}\n", "ndjson", "1 2"},
		"b.txt":    {"[{\"a\":1},{\"a\":2}]", "ndjson", "1 2"},
		"c.json":   {"a,b\n1,2\n", "csv", "1|2"},
		"d.dat":    {"1 2 3\n4\n2 4\n", "basket", "1|1 1|2 1|3 2|4 3|2 3|4"},
		"e.basket": {"milk,bread\n\nbeer\n", "basket", "1|milk 1|bread 3|beer"},
		"f.csv":    {"\xff\xfea\x00,\x00b\x00\n\x001\x00,\x002\x00\n\x00", "csv", "1|2"},
		"g.csv":    {"{x},y\n1,2\n", "csv", "1|2"},
	} {
		ds := must(t, []string{write(t, dir, name, c.text)}, Options{})
		if got := ds.Inputs()[0].Format; got != c.format {
			t.Errorf("%s: %s, want %s", name, got, c.format)
		}
		rows, _ := table(t, ds)
		if got := strings.Join(rows, " "); got != c.rows {
			t.Errorf("%s: %s, want %s", name, got, c.rows)
		}
	}
}

func TestDiskErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	p := write(t, dir, "a.csv", "id,x\n"+strings.Repeat("1,a\n", 3_000_000))
	broken := &vfstest.Faulty{FS: vfs.Local{}, ReadErr: syscall.EIO, ReadBytes: 9 << 20}
	ds := must(t, []string{p}, Options{FS: broken})
	var err error
	for _, s := range ds.Splits() {
		var r source.Reader
		if r, err = s.Open(context.Background(), []source.Want{{Col: 0}}); err != nil {
			break
		}
		var b frame.Batch
		for err == nil {
			err = r.Next(&b)
		}
		r.Close()
		if err != io.EOF {
			break
		}
	}
	if err == nil || fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), p) || !errors.Is(err, syscall.EIO) {
		t.Errorf("got %v (%v)", err, fault.KindOf(err))
	}
}

func TestManyFilesAreSampledLessButReadRight(t *testing.T) {
	dir := t.TempDir()
	wide := strings.Repeat("x", 100<<10) // a header longer than the small sample
	for i := range manyFiles + 1 {
		write(t, dir, fmt.Sprintf("p%03d.csv", i), fmt.Sprintf("id,%s\n%d,%d\n", wide, i, i))
	}
	rows, bad := table(t, must(t, []string{dir}, Options{}))
	if len(rows) != manyFiles+1 || rows[manyFiles] != "64|64" || len(bad) > 0 {
		t.Errorf("%d rows, %d bad", len(rows), len(bad))
	}
}
