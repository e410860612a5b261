package parquet

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// shownValue is a value in the form of testdata/values.py.
func shownValue(c *frame.Column, to target, i int) string {
	switch {
	case c.IsNull(i):
		return "null"
	case c.Kind == frame.Float && math.IsNaN(c.F64[i]):
		return "nan"
	case c.Kind == frame.Float:
		return fmt.Sprintf("%016x", math.Float64bits(c.F64[i]))
	case c.Kind == frame.String && to == toUUID:
		return "x" + strings.ReplaceAll(string(c.Str(i)), "-", "")
	case c.Kind == frame.String:
		return "x" + hex.EncodeToString(c.Str(i))
	case c.D128 != nil:
		return c.D128[i].BigInt().String()
	case c.Unsigned():
		return new(big.Int).SetUint64(uint64(c.I64[i])).String()
	}
	return strconv.FormatInt(c.I64[i], 10)
}

// TestValuesLikePyarrow compares every value of every good file with what
// pyarrow reads, in a Python named by ECOMCTL_PYTHON.
func TestValuesLikePyarrow(t *testing.T) {
	python := os.Getenv("ECOMCTL_PYTHON")
	if python == "" {
		t.Skip("ECOMCTL_PYTHON does not name a Python with pyarrow")
	}
	dir := filepath.Join(shared(t), "data", "parquet_testing")
	var files []string
	for _, g := range []string{"data/*.parquet", "data/geospatial/*.parquet", "shredded_variant/*.parquet"} {
		m, err := filepath.Glob(filepath.Join(dir, g))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range m {
			if !strings.Contains(f, "large_string_map") {
				files = append(files, f)
			}
		}
	}
	if columns := likePyarrow(t, python, files); columns < 300 {
		t.Errorf("only %d columns were compared", columns)
	}
}

// TestPeersLikePyarrow compares files that pyarrow, Polars and DuckDB write in
// many ways with what pyarrow reads from them.
func TestPeersLikePyarrow(t *testing.T) {
	python := os.Getenv("ECOMCTL_PYTHON")
	if python == "" {
		t.Skip("ECOMCTL_PYTHON does not name a Python with pyarrow")
	}
	dir := t.TempDir()
	if out, err := exec.Command(python, "testdata/peers.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if columns := likePyarrow(t, python, files); columns < 100 {
		t.Errorf("only %d columns were compared", columns)
	}
}

// likePyarrow compares all values of files and returns the number of columns.
func likePyarrow(t *testing.T, python string, files []string) (columns int) {
	t.Helper()
	out, err := exec.Command(python, append([]string{"testdata/values.py"}, files...)...).Output()
	if err != nil {
		t.Fatalf("%v", err)
	}
	sc := bufio.NewScanner(bytes.NewReader(out))
	sc.Buffer(nil, 1<<28)
	var file string
	for sc.Scan() {
		kind, rest, _ := strings.Cut(sc.Text(), " ")
		switch kind {
		case "file":
			file = rest
		case "error":
			t.Logf("%s: pyarrow: %s", filepath.Base(file), rest)
		case "column":
			no, typ, _ := strings.Cut(rest, " ")
			col, _ := strconv.Atoi(no)
			sc.Scan()
			compareColumn(t, file, col, typ, strings.Fields(sc.Text()))
			columns++
		}
	}
	t.Logf("%d columns of %d files", columns, len(files))
	return columns
}

func compareColumn(t *testing.T, file string, col int, typ string, want []string) {
	name := filepath.Base(file)
	if differ["data/"+name] != "" {
		return
	}
	ds, err := openPath(t, file)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	defer ds.Close()
	l := ds.(*dataset).leaves[col]
	row := 0
	_, err = readAll(ds, []source.Want{{Col: col}}, func(_ int, b *frame.Batch) {
		for i := range b.N {
			if name == "int96_from_spark.parquet" && row == 5 {
				// pyarrow wraps around; the file's own description has this value.
				want[row] = "9089380393200000000"
			}
			if got := shownValue(&b.Cols[0], l.to, i); row < len(want) && got != want[row] && row >= 0 {
				t.Errorf("%s, column %d %s (%s here, %s there), row %d: %s, want %s", name, col, l.name, l.typ, typ, row, got, want[row])
				row = -1 << 40
			}
			row++
		}
	})
	if err != nil {
		t.Errorf("%v", err)
	} else if row >= 0 && row != len(want) {
		t.Errorf("%s, column %d: %d values, want %d", name, col, row, len(want))
	}
}
