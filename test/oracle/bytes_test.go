package oracle_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
)

// TestSameBytes runs each command on the same orders in every shape: rows
// shuffled, files split, one thread or two, little memory, and every input format. The answers
// must not differ in a byte.
func TestSameBytes(t *testing.T) {
	dir := harness.Services(t, "data/generated")
	file := func(name string) string { return filepath.Join(dir, name) }
	typed := map[string][]string{
		"shuffled":     {file("small_shuffled.parquet")},
		"folder":       {file("small_split")},
		"files":        {file("small_split/part-2.parquet"), file("small_split/part-0.parquet"), file("small_split/part-1.parquet")},
		"glob":         {file("small_split/*.parquet")},
		"one thread":   {file("small.parquet"), "--threads", "1"},
		"two threads":  {file("small_shuffled.parquet"), "--threads", "2"},
		"seven":        {file("small_shuffled.parquet"), "--threads", "7"},
		"spilling":     {file("small_shuffled.parquet"), "--memory", "64MiB"},
		"arrow file":   {file("small.arrow")},
		"arrow stream": {file("small.arrows")},
		"ndjson":       {file("small.ndjson")}, // whose numbers are numbers
	}
	text := map[string][]string{
		"csv": {file("small.csv")}, "tsv": {file("small.tsv")}, "csv.gz": {file("small.csv.gz")},
		"csv.zst": {file("small.csv.zst")},
	}
	commands := []struct {
		name string
		args []string
		ids  bool // the answer holds ids, which text formats keep as text and sort by bytes
	}{
		{"sales", []string{"sales", "--by", "day"}, false},
		{"sales net", []string{"sales", "--by", "week", "--net"}, false},
		{"geo", []string{"geo"}, false},
		{"segments", []string{"segments"}, false},
		{"cohort", []string{"cohort"}, false},
		{"query", []string{"query", "--measure", "revenue,orders,customers,p95(unit_price),mean(unit_price)", "--by", "region,category"}, false},
		{"dedupe", []string{"sales", "--by", "month", "--dedupe"}, false},
		{"rfm", []string{"rfm"}, true},
		{"products", []string{"query", "--measure", "revenue,units", "--by", "product_id"}, true},
	}
	flags := []string{"--map", "region=province", "--format", "csv"}
	for _, c := range commands {
		t.Run(c.name, func(t *testing.T) {
			run := func(t *testing.T, shape []string) []byte {
				args := append([]string{c.args[0]}, shape...)
				return harness.Must(t, "", append(append(args, c.args[1:]...), flags...)...)
			}
			want := run(t, []string{file("small.parquet")})
			if bytes.Count(want, []byte("\n")) < 3 {
				t.Fatalf("the answer is nearly empty: %q", want)
			}
			same := func(shapes map[string][]string) {
				for name, shape := range shapes {
					t.Run(name, func(t *testing.T) {
						if got := run(t, shape); !bytes.Equal(got, want) {
							t.Error(firstDifference(got, want))
						}
					})
				}
			}
			same(typed)
			if c.ids {
				want = run(t, text["csv"])
			}
			same(text)
		})
	}
}

// TestLaws holds the two laws of cleaning: cleaning what is clean changes
// nothing, and an analysis of what was cleaned is the analysis of the input.
func TestLaws(t *testing.T) {
	in := filepath.Join(harness.Services(t, "data/generated"), "small.parquet")
	dir := t.TempDir()
	once, twice := filepath.Join(dir, "once.parquet"), filepath.Join(dir, "twice.parquet")
	harness.Must(t, dir, "clean", in, "--map", "region=province", "-o", once)
	harness.Must(t, dir, "clean", once, "-o", twice)
	a, err := os.ReadFile(once)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(twice)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("cleaning a clean file changes its bytes")
	}
	for _, args := range [][]string{{"sales", "--by", "day"}, {"sales", "--by", "week", "--net"}, {"rfm"}, {"segments"}, {"cohort"}, {"geo"}} {
		raw := harness.Must(t, dir, append([]string{args[0], in, "--map", "region=province", "--format", "csv"}, args[1:]...)...)
		cleaned := harness.Must(t, dir, append([]string{args[0], once, "--format", "csv"}, args[1:]...)...)
		if !bytes.Equal(raw, cleaned) {
			t.Errorf("%s: cleaned input: %s", strings.Join(args, " "), firstDifference(cleaned, raw))
		}
	}
}

// firstDifference shows the first line in which two answers differ.
func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "line " + g[i] + ", want " + w[i]
		}
	}
	return "one answer is the beginning of the other"
}
