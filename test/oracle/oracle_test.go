// Package oracle_test compares every analysis, cell by cell, with a DuckDB query
// that was written by hand from the written definitions. See README.md.
package oracle_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// dataset says where a data set's files lie and with which flags ecomctl reads it.
type dataset struct {
	Select string               `json:"select"`
	Files  map[string][2]string `json:"files"` // placeholder: {"services" or "shared", path}, {"generate", arguments}
	Flags  []string             `json:"flags"`
	Table  string               `json:"table"` // "events"; default orders
}

// testCase is one comparison on one or more data sets.
type testCase struct {
	Name    string            `json:"name"`
	On      []string          `json:"on"`
	Args    []string          `json:"args"`
	Query   string            `json:"query"`
	Key     []string          `json:"key"`
	Fill    map[string]string `json:"fill"`
	Where   string            `json:"where"`
	Columns []string          `json:"columns"` // compared columns; none = all, in order
	Param   map[string]any    `json:"param"`
}

// job is a case on one data set, as run.py reads it.
type job struct {
	Name  string            `json:"name"`
	Data  string            `json:"data"`
	Table string            `json:"table,omitempty"`
	Files map[string]string `json:"files"`
	Query string            `json:"query"`
	Fill  map[string]string `json:"fill"`
	Where string            `json:"where,omitempty"`
	Param map[string]any    `json:"param"`
}

func loadCases(t *testing.T) (map[string]dataset, []testCase) {
	t.Helper()
	raw, err := os.ReadFile("cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Data  map[string]dataset `json:"data"`
		Cases []testCase         `json:"cases"`
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all.Data, all.Cases
}

// TestOracle runs, for each data set, all its queries in one DuckDB process and
// then each command line.
func TestOracle(t *testing.T) {
	data, cases := loadCases(t)
	for name, d := range data {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{}
			for key, f := range d.Files {
				files[key] = locate(t, f)
			}
			var mine []testCase
			for _, c := range cases {
				for _, on := range c.On {
					if on == name {
						mine = append(mine, c)
					}
				}
			}
			if len(mine) == 0 {
				t.Fatal("no case uses this data set")
			}
			answers := runOracle(t, d, files, mine)
			for _, c := range mine {
				t.Run(c.Name, func(t *testing.T) {
					want := readAnswer(t, filepath.Join(answers, c.Name+".json"))
					got := runOurs(t, d, files, c)
					compare(t, c, want, got)
				})
			}
		})
	}
}

func locate(t *testing.T, f [2]string) string {
	t.Helper()
	switch f[0] {
	case "shared":
		return harness.Shared(t, f[1])
	case "generate":
		file := filepath.Join(t.TempDir(), "generated.parquet")
		harness.Must(t, "", append(append([]string{"generate"}, strings.Fields(f[1])...), "-o", file)...)
		return file
	}
	return harness.Services(t, f[1])
}

// runOracle executes the SQL of the cases and returns the folder of the answers.
func runOracle(t *testing.T, d dataset, files map[string]string, cases []testCase) string {
	t.Helper()
	python := harness.Services(t, "venv-oracle/bin/python")
	var jobs []job
	for _, c := range cases {
		param := map[string]any{"now": harness.Now[:10]}
		for k, v := range c.Param {
			param[k] = v
		}
		jobs = append(jobs, job{c.Name, d.Select, d.Table, files, c.Query, c.Fill, c.Where, param})
	}
	dir := t.TempDir()
	list := filepath.Join(dir, "jobs.json")
	raw, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, filepath.Join(harness.Root(t), "scripts", "oracle", "run.py"), list, "sql", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("running the oracle: %v\n%s", err, out)
	}
	return dir
}

// runOurs runs the case's command line and returns its JSON answer.
func runOurs(t *testing.T, d dataset, files map[string]string, c testCase) table {
	t.Helper()
	args := append([]string{c.Args[0], files["file"]}, c.Args[1:]...)
	if c.Args[0] != "profile" { // which looks at raw columns
		args = append(args, d.Flags...)
		if products, ok := files["products"]; ok {
			args = append(args, "--products", products)
		}
	}
	dir := t.TempDir()
	if c.Args[0] == "clean" { // its table goes to standard output, the cleaned rows to a file
		args = append(args, "-o", filepath.Join(dir, "clean.parquet"), "--max-rejects", "100%")
	}
	return parseJSON(t, harness.Must(t, dir, append(args, "--format", "json")...))
}
