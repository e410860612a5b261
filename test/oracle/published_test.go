package oracle_test

import (
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
)

const onlineRetail = "data/online_retail/online_retail_541909_no_invoice_stock.parquet"

// TestPublishedFigures reproduces the figures that papers and tutorials give for
// the UCI Online Retail data set, each from a documented command line.
func TestPublishedFigures(t *testing.T) {
	file := harness.Shared(t, onlineRetail)
	known := []string{"--where", "customer_id is not null"}
	cases := []struct {
		name   string
		args   []string
		row    map[string]string // the row that is looked at: columns and their texts
		expect map[string]string
	}{
		{
			"sold lines of known customers",
			append([]string{"query", file, "--preset", "online-retail", "--measure", "lines,revenue,customers"}, known...),
			nil,
			map[string]string{"lines": "397924", "revenue": "8911407.904", "customers": "4339"},
		},
		{
			"without free lines",
			append([]string{"query", file, "--preset", "online-retail", "--reject-free", "--measure", "lines,revenue,customers"}, known...),
			nil,
			map[string]string{"lines": "397884", "revenue": "8911407.904", "customers": "4338"},
		},
		{
			"United Kingdom",
			append([]string{"geo", file, "--preset", "online-retail", "--by", "country"}, known...),
			map[string]string{"country": "United Kingdom"},
			map[string]string{"revenue": "7308391.554", "customers": "3921"},
		},
		{
			"United Kingdom without free lines",
			append([]string{"geo", file, "--preset", "online-retail", "--by", "country", "--reject-free"}, known...),
			map[string]string{"country": "United Kingdom"},
			map[string]string{"revenue": "7308391.554", "customers": "3920"},
		},
		{
			"the best month",
			append([]string{"sales", file, "--preset", "online-retail", "--by", "month", "--sort", "revenue:desc", "--limit", "1"}, known...),
			nil,
			map[string]string{"date": "2011-11-01", "revenue": "1161817.38"},
		},
		{
			"the best customer",
			[]string{"sales", file, "--preset", "online-retail", "--by", "customer_id", "--where", "customer_id = 14646"},
			nil,
			map[string]string{"revenue": "280206.02"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tb := parseJSON(t, harness.Must(t, "", append(c.args, "--format", "json")...))
			var found []*string
			for _, r := range tb.rows {
				match := true
				for col, want := range c.row {
					cell := r[tb.column(t, "ecomctl", col)]
					match = match && cell != nil && *cell == want
				}
				if match {
					if found != nil {
						t.Fatalf("more than one row fits %v", c.row)
					}
					found = r
				}
			}
			if found == nil {
				t.Fatalf("no row fits %v among %d", c.row, len(tb.rows))
			}
			for col, want := range c.expect {
				kind := "money"
				if col == "date" {
					kind = "date"
				}
				if got := found[tb.column(t, "ecomctl", col)]; !same(kind, &want, got) {
					t.Errorf("%s is %s, want %s", col, show(got), want)
				}
			}
		})
	}
}
