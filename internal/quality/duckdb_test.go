package quality

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/test/harness"
)

// duckdb runs SQL over table t, which holds the dataset, in DuckDB.
func duckdb(t *testing.T, ds source.Dataset, types, sql string) []map[string]any {
	t.Helper()
	python := os.Getenv("ECOMCTL_PYTHON")
	if python == "" {
		python = harness.Services(t, "venv-oracle/bin/python")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "t.csv")
	writeCSV(t, ds, file)
	for name, text := range map[string]string{"types.json": types, "q.sql": sql} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "testdata/profile.py", file, filepath.Join(dir, "types.json"), filepath.Join(dir, "q.sql"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("running DuckDB: %v\n%s", err, stderr.String())
	}
	var rows []map[string]any
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// writeCSV writes a dataset by hand: the tests must not lean on our own writers.
func writeCSV(t *testing.T, ds source.Dataset, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	defer w.Flush()
	var wants []source.Want
	for i := range ds.Schema().NumFields() {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprint(w, ds.Schema().Field(i).Name)
		wants = append(wants, source.Want{Col: i})
	}
	fmt.Fprintln(w)
	for _, s := range ds.Splits() {
		r, err := s.Open(context.Background(), wants)
		if err != nil {
			t.Fatal(err)
		}
		var b frame.Batch
		for {
			err := r.Next(&b)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for row := range b.N {
				for i := range b.Cols {
					if i > 0 {
						fmt.Fprint(w, ",")
					}
					c := &b.Cols[i]
					switch {
					case c.IsNull(row):
					case c.Kind == frame.String:
						fmt.Fprintf(w, "%q", strings.ReplaceAll(string(c.Str(row)), `"`, `""`))
					case c.Kind == frame.Float:
						fmt.Fprint(w, FormatFloat(c.F64[row]))
					case c.Kind == frame.Time:
						fmt.Fprint(w, time.UnixMicro(c.I64[row]).UTC().Format("2006-01-02 15:04:05.999999"))
					default:
						fmt.Fprint(w, c.I64[row])
					}
				}
				fmt.Fprintln(w)
			}
		}
		r.Close()
	}
}

const shopTypes = `{"order_id":"BIGINT","order_ts":"TIMESTAMP","customer_id":"BIGINT","product_id":"INTEGER","product_name":"VARCHAR","category":"VARCHAR",
"quantity":"INTEGER","unit_price":"DOUBLE","discount":"DOUBLE","region":"VARCHAR","city":"VARCHAR","status":"VARCHAR","payment":"VARCHAR","channel":"VARCHAR","currency":"VARCHAR"}`

// TestProfileEqualsDuckDB compares every figure of every column with SQL.
func TestProfileEqualsDuckDB(t *testing.T) {
	shop, err := generate.Orders(generate.Options{Rows: 120_000, Dirty: 0.03, Seed: 11, Regions: "br"})
	if err != nil {
		t.Fatal(err)
	}
	var sql []string
	for i := range shop.Schema().NumFields() {
		f := shop.Schema().Field(i)
		numbers := "NULL AS mean, NULL AS stddev, NULL AS p50, NULL AS p95"
		if k := frame.KindOf(f.Type); k == frame.Int || k == frame.Float {
			numbers = fmt.Sprintf("avg(%[1]s::DOUBLE) AS mean, stddev_samp(%[1]s::DOUBLE) AS stddev, quantile_cont(%[1]s::DOUBLE, 0.5) AS p50, quantile_cont(%[1]s::DOUBLE, 0.95) AS p95", f.Name)
		}
		sql = append(sql, fmt.Sprintf(`SELECT %[2]d AS i, '%[1]s' AS "column", count(*) AS rows, count(*) - count(%[1]s) AS nulls, count(DISTINCT %[1]s) AS "distinct",
  min(%[1]s)::VARCHAR AS min, max(%[1]s)::VARCHAR AS max, %[3]s,
  (SELECT %[1]s::VARCHAR || ' (' || count(*) || ')' FROM t WHERE %[1]s IS NOT NULL GROUP BY %[1]s ORDER BY count(*) DESC, %[1]s LIMIT 1) AS top FROM t`, f.Name, i, numbers))
	}
	want := duckdb(t, shop, shopTypes, strings.Join(sql, "\nUNION ALL\n")+"\nORDER BY i")
	p, err := NewProfile(context.Background(), shop, ProfileOptions{Threads: 2, Memory: 4 << 20, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != len(p.Columns) {
		t.Fatalf("%d columns, DuckDB has %d", len(p.Columns), len(want))
	}
	for i := range p.Columns {
		c, w := &p.Columns[i], want[i]
		text := func(v any) string { // DuckDB writes times with a space and doubles with .0
			s, _ := v.(string)
			if c.Kind == frame.Time {
				s = strings.Replace(s, " ", "T", 1)
			}
			if c.Kind == frame.Float {
				s = strings.TrimSuffix(strings.Replace(s, ".0 (", " (", 1), ".0")
			}
			return s
		}
		got := fmt.Sprint(c.Name, c.Rows, c.Nulls, c.Distinct, c.Min, c.Max, fmt.Sprintf("%s (%d)", c.Top, c.TopCount))
		if exp := fmt.Sprint(w["column"], w["rows"], w["nulls"], w["distinct"], text(w["min"]), text(w["max"]), text(w["top"])); got != exp {
			t.Errorf("got  %s\nwant %s", got, exp)
		}
		for name, x := range map[string]float64{"mean": c.Mean, "stddev": c.StdDev, "p50": c.P50, "p95": c.P95} {
			y, ok := w[name].(float64)
			if !ok {
				y = math.NaN()
			}
			if !(math.IsNaN(x) && math.IsNaN(y)) && math.Abs(x-y) > 1e-9*math.Abs(y) {
				t.Errorf("%s %s: %v, DuckDB %v", c.Name, name, x, y)
			}
		}
	}
}
