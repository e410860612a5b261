package rowparquet

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestReadByDuckDB reads a result back with DuckDB, in a Python interpreter
// named by ECOMCTL_PYTHON that has the duckdb package.
func TestReadByDuckDB(t *testing.T) {
	python := os.Getenv("ECOMCTL_PYTHON")
	if python == "" {
		t.Skip("ECOMCTL_PYTHON does not name a Python with duckdb")
	}
	in := sample(3000)
	path := filepath.Join(t.TempDir(), "result.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(f, in); err != nil {
		t.Fatal(err)
	}
	f.Close()
	const script = `
import duckdb, sys
r = duckdb.sql("SET TimeZone='UTC'; SELECT * FROM read_parquet('" + sys.argv[1] + "')")
print("|".join(str(t) for t in r.types))
for row in r.fetchall():
    print("|".join("null" if v is None else str(v) for v in row))
n = duckdb.sql("SELECT count(count), count(*) FILTER (count > 100) FROM read_parquet('" + sys.argv[1] + "')").fetchall()[0]
print(n[0], n[1])
`
	out, err := exec.Command(python, "-c", script, path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if want := "BOOLEAN|BIGINT|DOUBLE|DECIMAL(18,4)|TIMESTAMP|TIMESTAMP WITH TIME ZONE|DATE|VARCHAR"; lines[0] != want {
		t.Errorf("types %s, want %s", lines[0], want)
	}
	if len(lines) != in.Rows+2 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines[1 : in.Rows+1] {
		for j, got := range strings.Split(line, "|") {
			if want := duck(in, j, i); got != want {
				t.Fatalf("row %d, column %s: %q, want %q", i, in.Names[j], got, want)
			}
		}
	}
	all, some := 0, 0
	for i := range in.Rows {
		if c := &in.Columns[1]; !c.IsNull(i) {
			all++
			if c.I64[i] > 100 {
				some++
			}
		}
	}
	if want := strconv.Itoa(all) + " " + strconv.Itoa(some); lines[len(lines)-1] != want {
		t.Errorf("count and filtered count %s, want %s", lines[len(lines)-1], want)
	}
}

// duck shows a value as Python prints it.
func duck(in Table, j, i int) string {
	c := &in.Columns[j]
	s := text(c, i)
	if s == "null" {
		return s
	}
	us := time.UnixMicro(micros(c.I64, i)).UTC()
	switch in.Names[j] {
	case "flag":
		return map[string]string{"0": "False", "1": "True"}[s]
	case "share, in % (a=b)":
		if s == "-Inf" {
			return "-inf"
		}
		v := strconv.FormatFloat(c.F64[i], 'f', -1, 64)
		if !strings.Contains(v, ".") {
			v += ".0"
		}
		return v
	case "money":
		v := c.I64[i]
		sign := ""
		if v < 0 {
			sign, v = "-", -v
		}
		return sign + strconv.FormatInt(v/10000, 10) + "." + strconv.FormatInt(10000+v%10000, 10)[1:]
	case "at":
		return us.Format("2006-01-02 15:04:05.000000")
	case "instant":
		return us.Format("2006-01-02 15:04:05.000000") + "+00:00"
	case "day":
		return time.Unix(c.I64[i]*86400, 0).UTC().Format("2006-01-02")
	}
	return s
}

func micros(v []int64, i int) int64 {
	if i < len(v) {
		return v[i]
	}
	return 0
}
