// Package table writes the tables of docs/accuracy.md. A test compares our figures
// with published ones, fails where a goal is missed, and hands the rows here; they are printed,
// and with ECOMCTL_UPDATE_ACCURACY=1 (as `make accuracy` sets it) they replace what
// stands in their section of the page.
package table

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/figures"
	"github.com/ecomctl/ecomctl/test/harness"
)

// Section prints a table and, when asked, writes it between the markers of name in
// docs/accuracy.md, with the notes below it, a paragraph each. Rows of a test that has failed are printed, never written.
func Section(t testing.TB, name string, header []string, rows [][]string, notes ...string) {
	t.Helper()
	body := markdown(header, rows, notes)
	t.Logf("%s\n%s", name, body)
	if os.Getenv("ECOMCTL_UPDATE_ACCURACY") == "" || t.Failed() {
		return
	}
	if err := figures.Write(filepath.Join(harness.Root(t), "docs", "accuracy.md"), name, body); err != nil {
		t.Fatal(err)
	}
}

// markdown writes a table and its notes.
func markdown(header []string, rows [][]string, notes []string) string {
	var b strings.Builder
	line := func(cells []string) {
		b.WriteString("|")
		for _, c := range cells {
			b.WriteString(" " + strings.ReplaceAll(c, "|", `\|`) + " |")
		}
		b.WriteString("\n")
	}
	line(header)
	b.WriteString(strings.Repeat("|---", len(header)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	for _, n := range notes {
		b.WriteString("\n" + n + "\n")
	}
	return b.String()
}

// Num writes a figure with a number of decimals, without a minus before zero; NaN is "–".
func Num(v float64, decimals int) string {
	if math.IsNaN(v) {
		return "–"
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s
}

// Count writes an integer with its thousands apart: 254,944.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	from := 0
	if n < 0 {
		from = 1
	}
	for i := len(s) - 3; i > from; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
