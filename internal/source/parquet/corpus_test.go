package parquet

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// shared finds the folder of reference data, which is not part of the repository.
func shared(t testing.TB) string {
	dir := os.Getenv("ECOMCTL_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err != nil {
		if os.Getenv("CI") == "true" && os.Getenv("ECOMCTL_REQUIRE_SHARED") == "1" {
			t.Fatalf("reference data: %v", err)
		}
		t.Skipf("reference data are not here (%v); set ECOMCTL_SHARED", err)
	}
	return dir
}

// openPath opens a file as a dataset.
func openPath(t testing.TB, path string) (source.Dataset, error) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	ds, err := Open(context.Background(), filepath.Base(path), f, st.Size(), Options{Memory: 1 << 30})
	if err != nil {
		f.Close()
		return nil, err
	}
	t.Cleanup(func() { ds.Close() })
	return ds, nil
}

// readable lists the columns that can be wanted.
func readable(ds source.Dataset) []source.Want {
	var want []source.Want
	for i := range ds.Schema().NumFields() {
		if ds.(*dataset).leaves[i].refused == "" {
			want = append(want, source.Want{Col: i})
		}
	}
	return want
}

// readAll reads every split and gives each batch to f.
func readAll(ds source.Dataset, want []source.Want, f func(split int, b *frame.Batch)) (rows int64, err error) {
	var b frame.Batch
	for i, s := range ds.Splits() {
		n, err := readSplitTo(s, want, &b, func(b *frame.Batch) {
			if f != nil {
				f(i, b)
			}
		})
		rows += n
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

func readSplitTo(s source.Split, want []source.Want, b *frame.Batch, f func(*frame.Batch)) (rows int64, err error) {
	r, err := s.Open(context.Background(), want)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		err := r.Next(b)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows += int64(b.N)
		f(b)
	}
}

// differ lists the files where this reader deliberately does otherwise than
// pyarrow, and why.
var differ = map[string]string{
	"data/datapage_v1-corrupt-checksum.parquet":           "error: checksums are verified here",
	"data/rle-dict-uncompressed-corrupt-checksum.parquet": "error: checksums are verified here",
	"bad_data/ARROW-GH-45185.parquet":                     "ok: the damaged column is nested, so not read",
	"bad_data/ARROW-RS-GH-6229-LEVELS.parquet":            "ok: the damaged column is nested, so not read",
	"data/incorrect_map_schema.parquet":                   "ok: the map is nested, so not read",
	"data/large_string_map.brotli.parquet":                "ok: the map is nested, so not read",
}

func TestCorpus(t *testing.T) {
	dir := filepath.Join(shared(t), "data", "parquet_testing")
	f, err := os.Open(filepath.Join(dir, "pyarrow26_read_results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cr := csv.NewReader(f)
	cr.FieldsPerRecord = -1
	list, err := cr.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range list[1:] {
		t.Run(rec[0], func(t *testing.T) {
			ds, err := openPath(t, filepath.Join(dir, rec[0]))
			var rows int64 = -1
			if err == nil {
				rows, err = readAll(ds, readable(ds), nil)
			}
			if err != nil {
				if fault.KindOf(err) != fault.Input && fault.KindOf(err) != fault.Full {
					t.Errorf("kind %v: %v", fault.KindOf(err), err)
				}
				if rec[1] == "ok" != strings.HasPrefix(differ[rec[0]], "error") {
					t.Errorf("%v", err)
				} else {
					t.Logf("error as expected: %v", err)
				}
				return
			}
			switch {
			case strings.HasPrefix(differ[rec[0]], "ok"):
			case rec[1] == "ok":
				want, _ := strconv.ParseInt(strings.Fields(rec[2])[0], 10, 64)
				if rows != want {
					t.Errorf("%d rows, want %d", rows, want)
				}
			default:
				t.Errorf("read %d rows where pyarrow says: %s", rows, rec[2])
			}
		})
	}
}

// TestPartsOfRowGroups reads every file of the corpus with its row groups cut into parts:
// the same values, or an error where there was one.
func TestPartsOfRowGroups(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t), "data", "parquet_testing", "*", "*.parquet"))
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	for _, path := range files {
		text := func(parts int) (string, error) {
			ds, err := openPath(t, path)
			if err != nil {
				return "", err
			}
			ds.(*dataset).cut(parts, 1)
			want := readable(ds)
			values := make([]strings.Builder, len(want))
			_, err = readAll(ds, want, func(_ int, b *frame.Batch) {
				for j, w := range want {
					for i := range b.N {
						values[j].WriteString(shownValue(&b.Cols[j], ds.(*dataset).leaves[w.Col].to, i) + "\n")
					}
				}
			})
			var all strings.Builder
			for j := range values {
				all.WriteString(values[j].String())
			}
			return all.String(), err
		}
		want, errWhole := text(1)
		for _, parts := range []int{2, 7} {
			got, err := text(parts)
			if (err == nil) != (errWhole == nil) || err == nil && got != want {
				t.Errorf("%s in %d parts: %v, %d bytes; whole: %v, %d bytes", filepath.Base(path), parts, err, len(got), errWhole, len(want))
			}
		}
	}
}
