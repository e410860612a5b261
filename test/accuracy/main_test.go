// Package accuracy_test holds the binary against published results of real data.
// Each test fails where a goal is missed and prints a section of docs/accuracy.md.
package accuracy_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// answer is the CSV that a command printed: column names and rows.
type answer struct {
	at   map[string]int
	rows [][]string
}

// ask runs ecomctl and reads its answer.
func ask(t testing.TB, args ...string) answer {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(harness.Must(t, "", append(args, "--format", "csv")...))).ReadAll()
	if err != nil || len(records) == 0 {
		t.Fatalf("reading the answer of %v: %d lines, %v", args, len(records), err)
	}
	a := answer{at: map[string]int{}, rows: records[1:]}
	for i, c := range records[0] {
		a.at[c] = i
	}
	return a
}

// text returns a cell.
func (a answer) text(t testing.TB, row int, column string) string {
	t.Helper()
	i, ok := a.at[column]
	if !ok {
		t.Fatalf("the answer has no column %s", column)
	}
	return a.rows[row][i]
}

// number returns a cell as a number.
func (a answer) number(t testing.TB, row int, column string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(a.text(t, row, column), 64)
	if err != nil {
		t.Fatalf("row %d of %s: %v", row, column, err)
	}
	return v
}
