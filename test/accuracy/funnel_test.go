package accuracy_test

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/accuracy/table"
	"github.com/ecomctl/ecomctl/test/harness"
)

// TestFunnel compares funnels with the SQL that was written from their definition (test/oracle/sql/funnel.sql),
// run by DuckDB: users and censored users must be equal, medians too but for the last digit.
func TestFunnel(t *testing.T) {
	python := harness.Services(t, "venv-oracle/bin/python")
	clicks := filepath.Join(t.TempDir(), "clicks.parquet")
	harness.Must(t, "", "generate", "events", "--rows", "2000000", "--bots", "20%", "--dirty", "1%", "--seed", "11", "-o", clicks)
	shop := harness.Shared(t, "data/events/retentioneering_ecom_synthetic.csv.gz")
	var rows [][]string
	for _, c := range []struct {
		name, file, data, flag, sql string
		steps                       [3]string
	}{
		{"2 M generated events, 7 days", clicks, "clicks", "7d", "7 days", [3]string{"view", "cart", "purchase"}},
		{"the same, 30 minutes", clicks, "clicks", "30min", "30 minutes", [3]string{"view", "cart", "purchase"}},
		{"31,106 events of 600 users, 30 days", shop, "retentioneering", "30d", "30 days", [3]string{"product_view", "add_to_cart", "purchase"}},
	} {
		want := funnelSQL(t, python, c.file, c.data, c.sql, c.steps)
		got := ask(t, "funnel", c.file, "--steps", c.steps[0]+","+c.steps[1]+","+c.steps[2], "--window", c.flag)
		if len(got.rows) != len(want) {
			t.Fatalf("%s: %d rows, the SQL has %d", c.name, len(got.rows), len(want))
		}
		for i, w := range want {
			step, users, median := got.text(t, i, "step"), got.text(t, i, "users"), got.text(t, i, "median_seconds")
			if step != w.step || users != w.users || !sameSeconds(median, w.median) {
				t.Errorf("%s: %s %s users %s s, the SQL has %s %s users %s s", c.name, step, users, median, w.step, w.users, w.median)
			}
			rows = append(rows, []string{c.name, step, thousands(t, w.users), thousands(t, users), w.median, median})
		}
	}
	table.Section(t, "funnel", []string{"data and window", "step", "users, SQL", "users, ecomctl", "median s, SQL", "median s, ecomctl"}, rows)
}

// sqlStep is one row of the SQL's answer, as text.
type sqlStep struct{ step, users, median string }

// funnelSQL runs the oracle's query.
func funnelSQL(t *testing.T, python, file, data, window string, steps [3]string) []sqlStep {
	t.Helper()
	dir := t.TempDir()
	job := map[string]any{"name": "funnel", "data": data, "table": "events", "files": map[string]string{"file": file}, "query": "funnel",
		"fill":  map[string]string{"s1": steps[0], "s2": steps[1], "s3": steps[2], "window": "'" + window + "'", "by": "NULL", "dimension": ""},
		"param": map[string]any{"now": harness.Now[:10]}}
	raw, err := json.Marshal([]any{job})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "jobs.json")
	if err := os.WriteFile(list, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	root := harness.Root(t)
	cmd := exec.Command(python, filepath.Join(root, "scripts", "oracle", "run.py"), list, filepath.Join(root, "test", "oracle", "sql"), dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("running the SQL: %v\n%s", err, out)
	}
	if raw, err = os.ReadFile(filepath.Join(dir, "funnel.json")); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Rows [][]*string `json:"rows"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatal(err)
	}
	var out []sqlStep
	for _, r := range answer.Rows {
		s := sqlStep{step: *r[0], users: *r[1]}
		if r[4] != nil {
			s.median = strings.TrimSuffix(*r[4], ".0")
		}
		out = append(out, s)
	}
	return out
}

// sameSeconds compares two texts of seconds; "" is none.
func sameSeconds(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && math.Abs(x-y) <= 1e-9*math.Max(1, math.Abs(y))
}

// thousands writes a count with its thousands apart.
func thousands(t *testing.T, text string) string {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return table.Count(n)
}
