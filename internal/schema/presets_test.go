package schema_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/csv"
	"github.com/ecomctl/ecomctl/internal/source/open"
)

// shared returns a file of the shared test data, or skips.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("ECOMCTL_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(dir, "data", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" && os.Getenv("ECOMCTL_REQUIRE_SHARED") == "1" {
			t.Fatalf("reference data are required: %v", err)
		}
		t.Skipf("reference data are not here (%v); set ECOMCTL_SHARED", err)
	}
	return path
}

func dataset(t *testing.T, path string, o open.Options) source.Dataset {
	t.Helper()
	d, err := open.Open(context.Background(), []string{path}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// counter adds up what an analysis of customers sees.
type counter struct {
	lines, money int64
	customers    map[string]bool
	countries    map[string]int64
}

func (c *counter) Begin(int) {}
func (c *counter) End()      {}
func (c *counter) Visit(r *relation.Rows) error {
	for i, k := range r.Kind[:r.N] {
		if k != relation.Sold || r.Cols[0].IsNull(i) {
			continue
		}
		c.lines++
		c.money += r.Money[i]
		c.customers[string(relation.AppendCell(nil, r.Cols[0], i))] = true
		if len(r.Cols) > 1 {
			c.countries[string(relation.AppendCell(nil, r.Cols[1], i))] += r.Money[i]
		}
	}
	return nil
}

func count(t *testing.T, o schema.BuildOptions, need ...string) (*counter, *relation.Tally) {
	t.Helper()
	o.Now = 1_790_000_000_000_000 // 2026-09-21
	rel, _, err := schema.Build(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := relation.Compile(rel, need)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Load(context.Background(), 0); err != nil {
		t.Fatal(err)
	}
	c := &counter{customers: map[string]bool{}, countries: map[string]int64{}}
	tally, err := p.Scan(context.Background(), 1, func() relation.Visitor { return c })
	if err != nil {
		t.Fatal(err)
	}
	return c, tally
}

// The figures are those published for the data set (Chen, Sain & Guo 2012 and
// reference_figures.json beside the file).
func TestOnlineRetail(t *testing.T) {
	path := shared(t, "online_retail/online_retail_541909_no_invoice_stock.parquet")
	for _, preset := range []string{"online-retail", ""} {
		c, tally := count(t, schema.BuildOptions{Fact: dataset(t, path, open.Options{}), Preset: preset}, "customer_id", "country")
		if c.lines != 397_924 || c.money != 89_114_079_040 || len(c.customers) != 4339 || tally.Rows != 541_909 {
			t.Errorf("preset %q: %d lines, money %d, %d customers of %d rows", preset, c.lines, c.money, len(c.customers), tally.Rows)
		}
		if c.countries["United Kingdom"] != 73_083_915_540 {
			t.Errorf("United Kingdom %d", c.countries["United Kingdom"])
		}
		c, _ = count(t, schema.BuildOptions{Fact: dataset(t, path, open.Options{}), Preset: preset, Rules: clean.Config{RejectFree: true}}, "customer_id")
		if c.lines != 397_884 || c.money != 89_114_079_040 || len(c.customers) != 4338 {
			t.Errorf("preset %q without free lines: %d lines, money %d, %d customers", preset, c.lines, c.money, len(c.customers))
		}
	}
}

// All eight columns, dates as text "12/1/10 8:26"; cancellations are the lines of
// negative quantity.
func TestOnlineRetailWithText(t *testing.T) {
	path := shared(t, "online_retail/online_retail_first_240007_all_columns.parquet")
	for _, preset := range []string{"online-retail", ""} {
		c, tally := count(t, schema.BuildOptions{Fact: dataset(t, path, open.Options{}), Preset: preset}, "customer_id")
		if tally.Rows != 240_007 || tally.First != 1_291_191_960_000_000 || len(c.customers) == 0 { // 2010-12-01 08:26
			t.Errorf("preset %q: %d rows from %d", preset, tally.Rows, tally.First)
		}
		if n := tally.By[2].Rows + tally.By[3].Rows; n != 0 { // no product, unparsable
			t.Errorf("preset %q: %d rows could not be read", preset, n)
		}
	}
}

// 69,659 purchases of 23,570 customers (Fader & Hardie).
func TestCDNOW(t *testing.T) {
	for name, want := range map[string][3]int64{
		"cdnow/CDNOW_master.txt": {69_659, 25_003_156_300, 23_570},
		"cdnow/CDNOW_sample.txt": {6_919, 2_440_919_400, 2_357},
	} {
		d := dataset(t, shared(t, name), open.Options{CSV: csv.Options{Delimiter: ' '}})
		c, tally := count(t, schema.BuildOptions{Fact: d, Preset: "cdnow"}, "customer_id")
		if c.lines != want[0] || c.money != want[1] || int64(len(c.customers)) != want[2] || tally.Rows != want[0] {
			t.Errorf("%s: %d lines of %d, money %d, %d customers", name, c.lines, tally.Rows, c.money, len(c.customers))
		}
		if tally.First != 852_076_800_000_000 { // 1997-01-01
			t.Errorf("%s begins at %d", name, tally.First)
		}
	}
}

// olistFolder writes a small shop in the form of the data set.
func olistFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"olist_order_items_dataset.csv": `order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value
o1,1,p1,s1,2018-01-05 00:00:00,58.90,13.29
o1,2,p1,s1,2018-01-05 00:00:00,58.90,13.29
o2,1,p2,s1,2018-02-05 00:00:00,10.00,1.00
o3,1,p3,s1,2018-03-05 00:00:00,7.50,1.00
`,
		"olist_orders_dataset.csv": `order_id,customer_id,order_status,order_purchase_timestamp
o1,c1,delivered,2018-01-01 10:00:00
o2,c2,canceled,2018-02-01 11:00:00
o3,c3,delivered,2018-03-01 12:00:00
`,
		"olist_customers_dataset.csv": `customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state
c1,anna,01310,sao paulo,SP
c2,bob,01310,sao paulo,SP
c3,anna,20000,rio de janeiro,RJ
`,
		"olist_products_dataset.csv":            "product_id,product_category_name\np1,beleza_saude\np2,\n",
		"product_category_name_translation.csv": "product_category_name,product_category_name_english\nbeleza_saude,health_beauty\n",
		"olist_order_payments_dataset.csv":      "order_id,payment_sequential,payment_type,payment_value\no1,1,credit_card,100\no1,2,voucher,17.8\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOlistFolder(t *testing.T) {
	dir := olistFolder(t)
	p, err := schema.FindPreset("olist")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	parts, err := p.Parts(names)
	if err != nil {
		t.Fatal(err)
	}
	o := schema.BuildOptions{Preset: "olist", Tables: map[string]source.Dataset{}, Now: 1_790_000_000_000_000}
	for table, file := range parts {
		d := dataset(t, filepath.Join(dir, file), open.Options{})
		if table == "" {
			o.Fact = d
		} else {
			o.Tables[table] = d
		}
	}
	if len(parts) != 5 {
		t.Errorf("payments are no part of lines: %v", parts)
	}
	rel, _, err := schema.Build(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := relation.Compile(rel, []string{"order_id", "order_ts", "customer_id", "quantity", "category", "region", "city"})
	if err != nil {
		t.Fatal(err)
	}
	if err := prog.Load(context.Background(), 0); err != nil {
		t.Fatal(err)
	}
	var l lister
	if _, err := prog.Scan(context.Background(), 1, func() relation.Visitor { return &l }); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"sold 589000 o1|2018-01-01T10:00:00|anna|1|health_beauty|SP|sao paulo",
		"sold 589000 o1|2018-01-01T10:00:00|anna|1|health_beauty|SP|sao paulo",
		"void 100000 o2|2018-02-01T11:00:00|bob|1||SP|sao paulo",
		"sold 75000 o3|2018-03-01T12:00:00|anna|1||RJ|rio de janeiro",
	}
	if d := cmp.Diff(want, l.rows); d != "" {
		t.Error(d)
	}
}

// lister shows rows.
type lister struct{ rows []string }

func (l *lister) Begin(int) {}
func (l *lister) End()      {}
func (l *lister) Visit(r *relation.Rows) error {
	for i := range r.N {
		var cells []string
		for _, c := range r.Cols {
			cells = append(cells, string(relation.AppendCell(nil, c, i)))
		}
		l.rows = append(l.rows, fmt.Sprint(r.Kind[i], " ", r.Money[i], " ", strings.Join(cells, "|")))
	}
	return nil
}

func TestPartsOfAFolder(t *testing.T) {
	p, err := schema.FindPreset("olist")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Parts([]string{"readme.md"}); err == nil || !strings.Contains(err.Error(), "there is no file olist_order_items_dataset") {
		t.Error(err)
	}
	if _, err := p.Parts([]string{"olist_order_items_dataset.csv", "olist_order_items_dataset.csv.gz"}); err == nil || !strings.Contains(err.Error(), "are the same table") {
		t.Error(err)
	}
}
