package arrowipc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink/text"
	"github.com/ecomctl/ecomctl/internal/source"
)

// shared returns the folder of shared test data, or skips.
func shared(t testing.TB) string {
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
	return filepath.Join(dir, "data", "arrow_testing", "data")
}

// files lists all IPC files of the corpus.
func files(t testing.TB) []string {
	var out []string
	err := filepath.WalkDir(shared(t), func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(p, "arrow-ipc") && !strings.HasSuffix(p, ".gz") && !strings.HasSuffix(p, ".md") {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// flatWants asks for all columns that can be read.
func flatWants(s *arrow.Schema) (want []source.Want) {
	for i, f := range s.Fields() {
		if frame.KindOf(f.Type) != frame.Nested {
			want = append(want, source.Want{Col: i})
		}
	}
	return want
}

// cells reads a dataset as text, a line a row.
func cells(b []byte) (rows []string, err error) {
	ds, err := Open(context.Background(), "test", bytes.NewReader(b), int64(len(b)), Options{Memory: 256 << 20})
	if err != nil {
		return nil, err
	}
	for _, s := range ds.Splits() {
		r, err := s.Open(context.Background(), flatWants(ds.Schema()))
		if err != nil {
			return nil, err
		}
		var batch frame.Batch
		for {
			err := r.Next(&batch)
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, err
			}
			for i := range batch.N {
				var line []string
				for c := range batch.Cols {
					line = append(line, cell(&batch.Cols[c], i))
				}
				if len(rows) < 1e5 {
					rows = append(rows, strings.Join(line, "|"))
				}
			}
		}
		r.Close()
	}
	return rows, nil
}

func cell(c *frame.Column, i int) string {
	if c.IsNull(i) {
		return "∅"
	}
	if c.Kind == frame.String {
		return fmt.Sprintf("%x", c.Str(i))
	}
	if c.Kind == frame.Float {
		return fmt.Sprint(c.F64[i])
	}
	var f text.Formatter
	f.Set(c)
	b, _ := f.Append(nil, i)
	return string(b)
}

func TestCorpusGivesResultsOrClearErrors(t *testing.T) {
	for _, p := range files(t) {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		tame(t, filepath.Base(p), b)
	}
}

// tame reads bytes and fails the test on a panic, an unclassified error, a
// hang or memory out of proportion.
func tame(t *testing.T, name string, b []byte) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	rows, err := cells(b)
	runtime.ReadMemStats(&after)
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("%s took %v", name, d)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 128<<20+uint64(200*len(b))+uint64(len(rows)*1000) {
		t.Errorf("%s of %d bytes took %d MiB of memory", name, len(b), n>>20)
	}
	if err != nil && (fault.KindOf(err) == fault.Internal || fault.HintOf(err) == "" || strings.Contains(err.Error(), "runtime error")) {
		t.Errorf("%s: %v (kind %v, hint %q)", name, err, fault.KindOf(err), fault.HintOf(err))
	}
}

func TestDamagedCopies(t *testing.T) {
	all := files(t)
	n := 0
	for k, p := range all {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 40<<10 {
			continue
		}
		seed := uint64(k)*2654435761 + 1
		for range 8 {
			c := bytes.Clone(b)
			seed ^= seed << 13
			seed ^= seed >> 7
			seed ^= seed << 17
			switch seed % 3 {
			case 0:
				c = c[:seed/3%uint64(len(c))]
			case 1:
				c[seed/3%uint64(len(c))] ^= 1 << (seed >> 60 & 7)
			default:
				at := seed / 3 % uint64(len(c))
				for i := at; i < min(at+8, uint64(len(c))); i++ {
					c[i] = 0xff
				}
			}
			tame(t, fmt.Sprintf("%s #%d", filepath.Base(p), n), c)
			n++
		}
	}
	t.Logf("%d damaged copies", n)
}

// TestGoldenEqualsLibrary reads the golden files that the Arrow library can read with it
// and compares every cell.
func TestGoldenEqualsLibrary(t *testing.T) {
	compared := 0
	for _, p := range files(t) {
		if !strings.Contains(p, "integration") || !strings.HasSuffix(p, ".stream") {
			continue
		}
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		want, err := libraryCells(b)
		if err != nil {
			t.Logf("%s: the library cannot read it: %v", filepath.Base(p), err)
			continue
		}
		got, err := cells(b)
		if err != nil {
			if !strings.Contains(err.Error(), "more than 38 digits") {
				t.Errorf("%s: %v", p, err)
			}
			continue
		}
		compared++
		if f, err := os.ReadFile(strings.TrimSuffix(p, ".stream") + ".arrow_file"); err == nil {
			if rows, err := cells(f); err != nil || !slices.Equal(rows, got) {
				t.Errorf("%s: the file format gives other rows (%v)", p, err)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d rows, the library has %d", p, len(got), len(want))
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: row %d\n got %s\nwant %s", p, i, got[i], want[i])
				break
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d files were compared", compared)
	}
}

func libraryCells(b []byte) (rows []string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	r, err := ipc.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	for r.Next() {
		rec := r.Record()
		for i := range int(rec.NumRows()) {
			var line []string
			for c, f := range rec.Schema().Fields() {
				if frame.KindOf(f.Type) != frame.Nested {
					line = append(line, libraryCell(rec.Column(c), i))
				}
			}
			rows = append(rows, strings.Join(line, "|"))
		}
	}
	return rows, r.Err()
}
