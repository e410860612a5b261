package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/report"
)

// smallShop is twelve weeks from Monday 2024-01-01 that a person can add up: in
// each week 40 orders of 10.00 by customers c0–c39 (region r0–r4), but in the last
// whole week, the eleventh, the two wholesale customers w0 and w1, who bought 300.00 each
// in the tenth, buy nothing. Four days of the twelfth follow. One return of −20.00
// lies in the eleventh week.
func smallShop() string {
	var b strings.Builder
	b.WriteString("order_id,order_ts,customer_id,product_id,product_name,quantity,unit_price,category,region\n")
	id := 0
	line := func(day int, customer string, quantity, price, region int) {
		id++
		ts := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, day)
		fmt.Fprintf(&b, "%d,%s,%s,p%d,Product %d,%d,%d,cat,r%d\n", id, ts.Format("2006-01-02 15:04:05"), customer, id%12, id%12, quantity, price, region)
	}
	for week := range 12 {
		for i := range 40 {
			if day := 7*week + i%7; day < 7*11+4 {
				line(day, fmt.Sprintf("c%d", i), 2, 5, i%5)
			}
		}
		if week < 10 {
			line(7*week, "w0", 100, 3, 0)
			line(7*week+1, "w1", 100, 3, 1)
		}
	}
	line(7*10+2, "c3", -4, 5, 3)
	return b.String()
}

// TestSmallShop checks the words and the figures against sums made by hand.
func TestSmallShop(t *testing.T) {
	doc := makeDocument(t, run{csv: smallShop(), lang: "en", currency: "USD"})
	plain := strings.NewReplacer("\u00a0", " ", "\u202f", " ")
	sales := doc.Views[0]
	want := "Revenue fell 60 % to $400.00 in week 11 (11–17 Mar 2024): almost all of the loss comes from two customers (w0 and w1); the rest held."
	if got := plain.Replace(sales.Lead[0]); got != want {
		t.Errorf("headline\n got %s\nwant %s", got, want)
	}
	// ten weeks without a change, then −60 %: the range is a point
	if got := plain.Replace(sales.Lead[1]); !strings.HasPrefix(got, "That is outside the usual range") {
		t.Errorf("second sentence %q", got)
	}
	tiles := map[string][2]string{
		"Revenue":       {"$400.00", "−60 %"},
		"Orders":        {"40", "−4.8 %"}, // 42 → 40
		"Customers":     {"40", "−4.8 %"},
		"Average order": {"$10.00", "−58 %"}, // 1000/42 = 23.81
		"Units":         {"80", "−71 %"},     // 280 → 80
		"Returned":      {"5.00 % of revenue, $20.00", "+5.0 points"},
	}
	for _, tile := range sales.Tiles {
		w, ok := tiles[tile.Label]
		if !ok {
			t.Errorf("tile %s is not expected", tile.Label)
			continue
		}
		delete(tiles, tile.Label)
		if got := [2]string{plain.Replace(tile.Full), plain.Replace(tile.Change)}; got != w {
			t.Errorf("tile %s: %q, want %q", tile.Label, got, w)
		}
		if n := len(tile.Spark); n != 11 {
			t.Errorf("tile %s: a sparkline of %d weeks, want the 11 whole ones", tile.Label, n)
		}
	}
	for label := range tiles {
		t.Errorf("tile %s is missing", label)
	}
	checkMovers(t, doc)
}

// checkMovers reads the table behind the customers' figure.
func checkMovers(t *testing.T, doc *report.Document) {
	t.Helper()
	for _, f := range doc.Views[0].Figures {
		if f.ID != "movers-customer_id" {
			continue
		}
		id, change := f.Table.Col("customer_id"), f.Table.Col("change")
		if string(id.Data.Str(0)) != "w0" || string(id.Data.Str(1)) != "w1" || change.Data.I64[0] != -300_0000 || change.Data.I64[2] != 0 {
			t.Errorf("movers begin with %s %d, %s %d", id.Data.Str(0), change.Data.I64[0], id.Data.Str(1), change.Data.I64[1])
		}
		return
	}
	t.Error("no figure of the customers that moved the week")
}
