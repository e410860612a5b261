package accuracy_test

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/ecomctl/ecomctl/test/accuracy/table"
	"github.com/ecomctl/ecomctl/test/harness"
)

// TestBasket counts rules and itemsets of data sets whose counts are published.
func TestBasket(t *testing.T) {
	groceries := harness.Shared(t, "data/groceries/groceries.csv")
	var rows [][]string
	compare := func(what string, want int64, args ...string) {
		got := int64(len(ask(t, append([]string{"basket", "--input-format", "basket"}, args...)...).rows))
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
		rows = append(rows, []string{what, table.Count(want), table.Count(got)})
	}
	// Rules of one consequent item in the arules data set (Hahsler, Grün & Hornik, Journal of Statistical
	// Software 14(15), 2005, and its vignette); rules without an antecedent are not counted.
	for _, r := range []struct {
		support, confidence string
		want                int64
	}{{"0.001", "0.5", 5668}, {"0.006", "0.25", 463}, {"0.001", "0.8", 410}} {
		compare("Groceries, rules at support "+r.support+", confidence "+r.confidence, r.want, groceries, "--min-support", r.support, "--min-confidence", r.confidence)
	}
	for _, r := range []struct {
		support string
		want    int64
	}{{"0.001", 13492}, {"0.005", 1001}, {"0.01", 333}} {
		compare("Groceries, itemsets at support "+r.support, r.want, groceries, "--min-support", r.support, "--target", "itemsets")
	}
	for _, name := range []string{"T10I4D100K", "chess"} {
		file := harness.Shared(t, "data/fimi/"+name+".dat.gz")
		for _, c := range fimiCounts(t, name) {
			for _, target := range []string{"itemsets", "closed", "maximal"} {
				compare(name+", "+target+" in "+table.Count(c.Min)+" transactions", c.of(target), file, "--min-support", strconv.FormatInt(c.Min, 10), "--target", target)
			}
		}
	}
	table.Section(t, "basket", []string{"data and question", "published", "ecomctl"}, rows)
}

// fimiCount are the published counts at one threshold.
type fimiCount struct {
	Min      int64 `json:"min_count"`
	Frequent int64 `json:"frequent"`
	Closed   int64 `json:"closed"`
	Maximal  int64 `json:"maximal"`
}

func (c fimiCount) of(target string) int64 {
	return map[string]int64{"itemsets": c.Frequent, "closed": c.Closed, "maximal": c.Maximal}[target]
}

// fimiCounts reads the counts that lie beside the data, the highest threshold first.
func fimiCounts(t *testing.T, name string) []fimiCount {
	t.Helper()
	raw, err := os.ReadFile(harness.Shared(t, "data/fimi/reference_counts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]struct{ Counts map[string]fimiCount }
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	var out []fimiCount
	for _, percent := range []string{"90", "80", "70", "60", "2", "1", "0.5", "0.1"} {
		if c, ok := all[name].Counts[percent]; ok {
			out = append(out, c)
		}
	}
	if len(out) != len(all[name].Counts) || len(out) == 0 {
		t.Fatalf("%d of %d thresholds of %s are known", len(out), len(all[name].Counts), name)
	}
	return out
}
