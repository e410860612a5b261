package csv

import (
	"bytes"
	"compress/gzip"
	"context"
	stdcsv "encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// dump is all that a reading gives, as text.
type dump struct {
	rows []string // cells joined; nulls as ∅, bad ones as ✗
	bad  []string
	raw  []string
}

func show(c *frame.Column, i int) string {
	switch {
	case c.IsBad(i):
		return "✗"
	case c.IsNull(i):
		return "∅"
	case c.Kind == frame.String:
		return string(c.Str(i))
	case c.Kind == frame.Float:
		return fmt.Sprint(c.F64[i])
	}
	return fmt.Sprint(c.I64[i])
}

// readSplit reads one split to its end.
func readSplit(s source.Split, want []source.Want) (d dump, err error) {
	r, err := s.Open(context.Background(), want)
	if err != nil {
		return d, err
	}
	defer r.Close()
	var b frame.Batch
	pos := int64(0)
	for {
		err := r.Next(&b)
		if err == io.EOF {
			return d, nil
		}
		if err != nil {
			return d, err
		}
		if b.Row0 != pos {
			return d, fmt.Errorf("batch begins at row %d, not %d", b.Row0, pos)
		}
		pos += int64(b.N + len(b.Bad))
		for i := range b.N {
			var cells []string
			for c := range b.Cols {
				cells = append(cells, show(&b.Cols[c], i))
			}
			d.rows = append(d.rows, strings.Join(cells, "¦"))
			d.raw = append(d.raw, strings.Join(b.Raw(i), "¦"))
		}
		for _, x := range b.Bad {
			d.bad = append(d.bad, x.Reason+": "+x.Raw)
		}
	}
}

// readAll reads a text with some number of goroutines, each taking the next split.
func readAll(text []byte, opts Options, as frame.Kind, threads int) (d dump, err error) {
	ds, err := Open(context.Background(), "test.csv", bytes.NewReader(text), int64(len(text)), opts)
	if err != nil {
		return d, err
	}
	defer ds.Close()
	want := all(ds)
	for i := range want {
		want[i].As = as
	}
	parts := make([]dump, len(ds.Splits()))
	errs := make([]error, len(parts))
	next := make(chan int, len(parts))
	for k := range parts {
		next <- k
	}
	close(next)
	var wg sync.WaitGroup
	for range threads {
		wg.Go(func() {
			for k := range next {
				parts[k], errs[k] = readSplit(ds.Splits()[k], want)
			}
		})
	}
	wg.Wait()
	for k, p := range parts {
		if errs[k] != nil {
			return d, errs[k]
		}
		d.rows, d.bad, d.raw = append(d.rows, p.rows...), append(d.bad, p.bad...), append(d.raw, p.raw...)
	}
	in := ds.Inputs()[0]
	if in.Rows != int64(len(d.rows)+len(d.bad)) || in.Digest == "" {
		return d, fmt.Errorf("rows %d and digest %q after reading %d rows", in.Rows, in.Digest, len(d.rows)+len(d.bad))
	}
	return d, nil
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

var cellGen = rapid.StringMatching(`[ab1.,;"\n\r é中\\N-]{0,6}`)

func TestEqualsEncodingCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cols := rapid.IntRange(1, 4).Draw(t, "columns")
		rows := rapid.SliceOfN(rapid.SliceOfN(cellGen, cols, cols), 0, 20).Draw(t, "rows")
		var buf bytes.Buffer
		w := stdcsv.NewWriter(&buf)
		head := make([]string, cols)
		for i := range head {
			head[i] = fmt.Sprintf("name%d", i)
		}
		_ = w.Write(head)
		var want []string
		for _, r := range rows {
			for i, c := range r { // a carriage return before a line end is part of the line end
				r[i] = strings.ReplaceAll(c, "\r", "x")
				if c != "" && c != `\N` && value.IsNullWord(value.Trim([]byte(c))) { // null where the column holds no other text, else text
					r[i] = "x"
				}
			}
			_ = w.Write(r)
			var cells []string
			for _, c := range r {
				if c == "" || c == `\N` {
					c = "∅"
				}
				cells = append(cells, c)
			}
			if cols > 1 || r[0] != "" { // an empty line is no row
				want = append(want, strings.Join(cells, "¦"))
			}
		}
		w.Flush()
		opts := Options{Header: HeaderYes, Delimiter: ',', ChunkBytes: int64(rapid.IntRange(1, 60).Draw(t, "chunk"))}
		text := buf.Bytes()
		if rapid.Bool().Draw(t, "crlf") {
			text = crlf(text)
		}
		got, err := readAll(text, opts, frame.String, rapid.IntRange(1, 4).Draw(t, "threads"))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.bad) > 0 || !slices.Equal(got.rows, want) {
			t.Fatalf("%q\n got %q (bad %q)\nwant %q", text, got.rows, got.bad, want)
		}
	})
}

// crlf ends records, but not the lines inside quotes, with CR LF.
func crlf(text []byte) []byte {
	var out []byte
	quoted := false
	for _, c := range text {
		if c == '"' {
			quoted = !quoted
		}
		if c == '\n' && !quoted {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	return out
}

// sameHoweverRead is the law of splitting: chunks of any size, any number of readers and a
// compressed stream give the same rows and the same bad rows.
func sameHoweverRead(text []byte, maxRecord int) error {
	base := Options{Header: HeaderYes, Delimiter: ',', Encoding: "utf-8", MaxRecord: maxRecord}
	whole, err := readAll(text, base, frame.Any, 1)
	if err != nil {
		if k := fault.KindOf(err); k != fault.Input {
			return fmt.Errorf("kind %v: %w", k, err)
		}
		return nil
	}
	for _, chunk := range []int64{1, 2, 3, 7, 16, 61} {
		o := base
		o.ChunkBytes = chunk
		got, err := readAll(text, o, frame.Any, 1+int(chunk)%4)
		if err != nil {
			return fmt.Errorf("chunks of %d: %w", chunk, err)
		}
		if err := equal(got, whole); err != nil {
			return fmt.Errorf("chunks of %d: %w", chunk, err)
		}
	}
	got, err := readAll(gz(text), base, frame.Any, 1)
	if err != nil {
		return fmt.Errorf("compressed: %w", err)
	}
	if err := equal(got, whole); err != nil {
		return fmt.Errorf("compressed: %w", err)
	}
	return nil
}

func equal(got, want dump) error {
	if !slices.Equal(got.rows, want.rows) {
		return fmt.Errorf("rows\n got %q\nwant %q", got.rows, want.rows)
	}
	if !slices.Equal(got.bad, want.bad) {
		return fmt.Errorf("bad rows\n got %q\nwant %q", got.bad, want.bad)
	}
	if !slices.Equal(got.raw, want.raw) {
		return fmt.Errorf("raw\n got %q\nwant %q", got.raw, want.raw)
	}
	return nil
}

func TestSplitsDoNotMatter(t *testing.T) {
	lines := rapid.StringMatching(`("|"",|a|1|,|,"|"\n|\n|\r\n|\r|x y|"",""|2024-01-02){0,60}`)
	rapid.Check(t, func(t *rapid.T) {
		text := "a,b\n" + lines.Draw(t, "text")
		if err := sameHoweverRead([]byte(text), rapid.SampledFrom([]int{1 << 20, 40}).Draw(t, "most bytes of a record")); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

func FuzzSplits(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a,b\n\"x\ny\",2\n3,4\n", "a\n\"", "a,b\n\"\"\"\",\"", "a,b\r\n1,2\r\n\r\n3\r\n", "a,b\nx\"y,\"z\n", "\xef\xbb\xbfa,b\n1,\xff\n"} {
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, short bool) {
		if len(text) > 1<<12 {
			return
		}
		most := 1 << 20
		if short {
			most = 40
		}
		if err := sameHoweverRead(text, most); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
