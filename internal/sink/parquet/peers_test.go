package parquet_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/frame"
	sink "github.com/ecomctl/ecomctl/internal/sink/parquet"
)

// python returns an interpreter with pyarrow and duckdb, named by ECOMCTL_PYTHON.
func python(t *testing.T) string {
	p := os.Getenv("ECOMCTL_PYTHON")
	if p == "" {
		t.Skip("ECOMCTL_PYTHON does not name a Python with pyarrow and duckdb")
	}
	return p
}

// pyarrowText is a value in the form of the reader's testdata/values.py.
func pyarrowText(c *frame.Column, i int) string {
	switch {
	case c.IsNull(i):
		return "null"
	case c.Kind == frame.Float && math.IsNaN(c.F64[i]):
		return "nan"
	case c.Kind == frame.Float:
		return fmt.Sprintf("%016x", math.Float64bits(c.F64[i]))
	case c.Kind == frame.String:
		return "x" + hex.EncodeToString(c.Str(i))
	case c.D128 != nil:
		return c.D128[i].BigInt().String()
	case c.Unsigned():
		return new(big.Int).SetUint64(uint64(c.I64[i])).String()
	}
	return fmt.Sprint(c.I64[i])
}

// TestReadByPyarrow compares every value of every type and codec with what
// pyarrow reads, and has pyarrow verify the checksums of the pages.
func TestReadByPyarrow(t *testing.T) {
	py := python(t)
	schema, in := table(rand.New(rand.NewPCG(21, 22)), 5000, 3000, .1)
	for _, codec := range sink.Codecs() {
		var buf bytes.Buffer
		if err := write(t, &buf, schema, in, 5000, sink.Options{Codec: codec, RowGroup: 3000}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), codec+".parquet")
		if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(py, "../../source/parquet/testdata/values.py", path).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")[1:]
		if len(lines) != 2*len(in.Cols) {
			t.Fatalf("%s: %d lines: %.300s", codec, len(lines), out)
		}
		for j := range in.Cols {
			values := strings.Fields(lines[2*j+1])
			if len(values) != in.N {
				t.Fatalf("%s, %s: %d values", codec, types[j], len(values))
			}
			for i, got := range values {
				if want := pyarrowText(&in.Cols[j], i); got != want {
					t.Fatalf("%s, %s, row %d: %s, want %s", codec, types[j], i, got, want)
				}
			}
		}
		sums := `import sys, pyarrow.parquet as pq; print(pq.ParquetFile(sys.argv[1], page_checksum_verification=True).read().num_rows)`
		if out, err := exec.Command(py, "-c", sums, path).CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "5000" {
			t.Errorf("%s: checksums: %v: %s", codec, err, out)
		}
	}
}

// TestFilteredByDuckDB lets DuckDB use the statistics: a filter must find what a
// full scan finds.
func TestFilteredByDuckDB(t *testing.T) {
	py := python(t)
	schema, in := table(rand.New(rand.NewPCG(23, 24)), 20_000, 5000, .1)
	var buf bytes.Buffer
	if err := write(t, &buf, schema, in, 20_000, sink.Options{RowGroup: 900}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "f.parquet")
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	script := `
import duckdb, sys
p = "read_parquet('" + sys.argv[1] + "')"
duckdb.sql("CREATE TABLE t AS SELECT * FROM " + p)
for name, kind in duckdb.sql("SELECT column_name, column_type FROM (DESCRIBE t)").fetchall():
    for q in ("min", "max", "count", "count(DISTINCT"):
        f = q + (" " if "(" in q else "(") + name + ")"
        a, b = (duckdb.sql(f"SELECT {f} FROM {s}").fetchall() for s in ("t", p))
        assert a == b or a[0][0] != a[0][0], (name, kind, f, a, b)
    for op in ("<", ">", "="):
        w = f"{name} {op} (SELECT {name} FROM t WHERE {name} IS NOT NULL LIMIT 1 OFFSET 77)"
        a, b = (duckdb.sql(f"SELECT count(*) FROM {s} WHERE {w}").fetchall() for s in ("t", p))
        assert a == b, (name, kind, w, a, b)
print("same")
`
	if out, err := exec.Command(py, "-c", script, path).CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "same" {
		t.Errorf("%v: %s", err, out)
	}
}
