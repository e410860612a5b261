package spark_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ecomctl/ecomctl/test/harness"
)

// anyRejects keeps the many bad rows of these tables from being an error.
const anyRejects = "--max-rejects=100%"

func TestHostileTables(t *testing.T) {
	wall, utc := hostile(t, 1, 1500, wallType), hostile(t, 2, 1200, instants)
	for _, args := range [][]string{
		{"sales", utc, "--by", "week", "--tz", "America/Sao_Paulo", "--dedupe"},
		{"query", wall, "--by", "weekday,region", "--measure",
			"revenue,orders,units,customers,lines,aov,median(unit_price),p95(quantity),mean(quantity),min(product_id),max(order_ts),distinct(category),count(discount),sum(quantity)"},
		{"query", utc, "--tz", "Asia/Shanghai", "--by", "hour_of_day,category", "--from", "2023-10-01", "--to", "2024-02-29",
			"--where", "lower(category) = 'toys' or product_id like '_' and unit_price > 1.1 or starts_with(order_id, 'o') or matches(region, '^S.o\\s|(?i)sS')", "--measure", "lines,revenue,distinct(customer_id)"},
		{"rfm", wall, "--as-of", "2024-02-01", "--net"},
		{"geo", utc, "--tz", "Europe/London", "--net"},
		{"query", utc, "--tz", "Australia/Lord_Howe", "--by", "hour,region", "--measure", "lines,revenue,min(order_ts)"},
		{"segments", utc, "--tz", "Asia/Kathmandu"},
		{"cohort", wall, "--period", "week"},
		{"features", wall, "--windows", "7,30"},
	} {
		same(t, append(args, anyRejects)...)
	}
}

func TestCompleteJourney(t *testing.T) {
	file := completeJourney(t)
	same(t, "sales", file, "--by", "month")
	same(t, "segments", file)
	same(t, "geo", file, "--by", "channel")
}

// completeJourney is the file of its transactions, which `make demo` fetches, too.
func completeJourney(t *testing.T) string {
	t.Helper()
	file := filepath.Join(harness.Root(t), ".services", "data", "complete-journey", "transactions.parquet")
	if _, err := os.Stat(file); err != nil {
		if os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
			t.Fatal("The Complete Journey is not here: scripts/services/complete-journey/install.sh")
		}
		t.Skip("The Complete Journey is not here: scripts/services/complete-journey/install.sh")
	}
	return file
}

func TestOnlineRetail(t *testing.T) {
	root := os.Getenv("ECOMCTL_SHARED")
	if root == "" {
		root = filepath.Join(harness.Root(t), "..", "shared")
	}
	file := filepath.Join(root, "data", "online_retail", "online_retail_541909_no_invoice_stock.parquet")
	if _, err := os.Stat(file); err != nil {
		if os.Getenv("ECOMCTL_REQUIRE_SHARED") == "1" {
			t.Fatalf("Online Retail is not here: %v", err)
		}
		t.Skip("Online Retail is not here: set ECOMCTL_SHARED")
	}
	file = inMicroseconds(t, file)
	same(t, "sales", file, "--by", "country", "--sort", "revenue:desc")
	same(t, "rfm", file)
	same(t, "geo", file, "--by", "country")
}

func TestJoins(t *testing.T) {
	dir := olist(t)
	same(t, "sales", dir, "--preset", "olist", "--by", "category", anyRejects)
	same(t, "segments", dir, "--preset", "olist", anyRejects)
	same(t, "geo", dir, "--preset", "olist", anyRejects)
}
