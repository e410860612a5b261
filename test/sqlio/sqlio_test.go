// Package sqlio_test reads and writes tables of SQLite and of a real MariaDB.
package sqlio_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/convert"
	"github.com/ecomctl/ecomctl/internal/sink/parquet"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/test/harness"
	"github.com/ecomctl/ecomctl/test/mariadb"
	"github.com/ecomctl/ecomctl/test/sqlgentest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

func TestMariaDB(t *testing.T) {
	s := mariadb.Start(t)
	t.Run("dialect", func(t *testing.T) { sqlgentest.MySQL(connect(t, secret(s.Database("dialect"), s.Port)).DB).Suite(t) })
	t.Run("cells", func(t *testing.T) { cells(t, s) })
	t.Run("index", func(t *testing.T) { indexes(t, s) })
	t.Run("docs", func(t *testing.T) { docs(t, s) })
	t.Run("types", func(t *testing.T) { types(t, s) })
	t.Run("ranges", func(t *testing.T) { ranges(t, s) })
	t.Run("snapshot", func(t *testing.T) { snapshots(t, s) })
	t.Run("where", func(t *testing.T) { mariaWhere(t, s) })
	t.Run("few rows", func(t *testing.T) { fewRows(t, s) })
	t.Run("rights", func(t *testing.T) { rights(t, s) })
	t.Run("mistakes", func(t *testing.T) { mistakes(t, s) })
	t.Run("modes", func(t *testing.T) { modes(t, s) })
	t.Run("bytes", func(t *testing.T) { rawBytes(t, s) })
	t.Run("local_infile off", func(t *testing.T) {
		s.Admin("SET GLOBAL local_infile = 0")
		defer s.Admin("SET GLOBAL local_infile = 1")
		t.Run("modes", func(t *testing.T) { modes(t, s) })
		t.Run("bytes", func(t *testing.T) { rawBytes(t, s) })
	})
	t.Run("cut while reading", func(t *testing.T) { cutReading(t, s) })
	t.Run("cut while writing", func(t *testing.T) { cutWriting(t, s) })
}

// secret is a URL with its password, which String leaves out.
func secret(u *sqldb.URL, port int) string {
	return fmt.Sprintf("mysql://shop:shop@127.0.0.1:%d/%s", port, u.Database)
}

// connect opens a database for the test's own statements.
func connect(t testing.TB, url string) *sqldb.DB {
	t.Helper()
	u, err := sqldb.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(context.Background(), u, sqldb.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func run(t testing.TB, db *sqldb.DB, statements ...string) {
	t.Helper()
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%v in %.200s", err, q)
		}
	}
}

// one returns a single cell as text.
func one(t testing.TB, db *sqldb.DB, q string) string {
	t.Helper()
	var s sql.NullString
	if err := db.QueryRow(q).Scan(&s); err != nil {
		t.Fatalf("%v in %s", err, q)
	}
	return s.String
}

// randomOrders is a table with what tables have: nulls, all of Unicode, exact decimals, the first and last day,
// huge and negative integers, doubles as ids.
func randomOrders(rows int) *memtest.Dataset {
	r := rand.New(rand.NewPCG(4, 20261122))
	cols := map[string][]any{}
	texts := []any{"SP", "sp", "", "München", "上海", "a'b\\\"\n\t;--", "🛒 cart", "trailing ", "trailing", nil, "\u202e", "NULL", "%_"}
	names := []string{"order_id", "order_ts", "customer_id", "product_id", "quantity", "unit_price", "discount", "region", "status", "huge", "weight", "fee", "shipped", "launch", "gift"}
	kinds := []arrow.DataType{arrow.PrimitiveTypes.Int64, &arrow.TimestampType{Unit: arrow.Microsecond}, arrow.PrimitiveTypes.Float64, arrow.BinaryTypes.String,
		arrow.PrimitiveTypes.Int64, &arrow.Decimal128Type{Precision: 12, Scale: 4}, &arrow.Decimal128Type{Precision: 9, Scale: 2}, arrow.BinaryTypes.String, arrow.BinaryTypes.String,
		arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64, &arrow.Decimal128Type{Precision: 15, Scale: 2}, &arrow.TimestampType{Unit: arrow.Microsecond}, arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Boolean}
	pick := func(vals ...any) any { return vals[r.IntN(len(vals))] }
	or := func(v any) any {
		if r.IntN(12) == 0 {
			return nil
		}
		return v
	}
	const first, last = -62_135_596_800_000_000, 253_402_300_799_999_999 // the years 1 and 9999
	for i := range rows {
		vals := []any{int64(1 + i/3), int64(1_704_067_200_000_000) + r.Int64N(366*86_400_000_000), or(float64(17_000 + r.IntN(40))), pick("p1", "p2", "P1", "日", "p 3"),
			int64(r.IntN(8) - 1), or(int64(r.IntN(9_999_999))), pick(nil, int64(0), int64(r.IntN(300))), pick(texts...), pick("paid", "void", "", nil, "sent"),
			pick(int64(math.MaxInt64), int64(math.MinInt64), int64(-1), int64(0), r.Int64(), nil), pick(0.1, 1.0/3, -1e300, 5e-324, 0.0, r.NormFloat64(), nil),
			pick(int64(999_999_999_999_999), int64(-1), int64(0), r.Int64N(1e14), nil), pick(int64(first), int64(last), r.Int64N(last), int64(-1), nil),
			pick(int64(-719_162), int64(2_932_896), r.Int64N(30_000), nil), or(r.Int64N(2))}
		for c, n := range names {
			cols[n] = append(cols[n], vals[c])
		}
	}
	d := &memtest.Dataset{Names: names, Batch: 1000}
	for c, n := range names {
		d.Cols = append(d.Cols, memtest.Column(kinds[c], cols[n]...))
	}
	return d
}

func writeParquet(t testing.TB, d *memtest.Dataset, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := parquet.NewWriter(f, d.Schema(), parquet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := convert.Copy(context.Background(), d, w, convert.Options{Threads: 1}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// cells: the same table in Parquet, SQLite and MariaDB gives the same results, cell by cell, and the same account of rows.
func cells(t *testing.T, s *mariadb.Server) {
	dir := t.TempDir()
	writeParquet(t, randomOrders(20_000), filepath.Join(dir, "orders.parquet"))
	maria := secret(s.Database("cells"), s.Port) + "?table=orders"
	keyed := secret(s.Database("keyed"), s.Port) + "?table=orders"
	lite := "sqlite:shop.db?table=orders"
	for _, url := range []string{maria, keyed, lite} {
		harness.Must(t, dir, "convert", "orders.parquet", "-o", url)
	}
	// a key, so that it is read in ranges; the order of rows stays that of the file
	run(t, connect(t, keyed), "ALTER TABLE orders ADD COLUMN row_no INT NOT NULL AUTO_INCREMENT PRIMARY KEY", "ALTER TABLE orders MODIFY row_no INT NOT NULL AUTO_INCREMENT INVISIBLE")
	for _, args := range [][]string{
		{"sales", "--by", "week"}, {"rfm"}, {"query", "--measure", "revenue,orders,units,customers", "--by", "day,region"}, {"query", "--measure", "revenue", "--by", "product_id,status", "--dedupe"},
		{"profile"}, {"geo", "--map", "region=region", "--tz", "Asia/Shanghai"}, {"features"}, {"convert", "--format", "csv"}, {"convert", "--format", "ndjson"},
		{"sales", "--by", "day", "--from", "2024-03-01", "--to", "2024-03-05", "--no-clean"}, {"rfm", "--no-clean", "--where", "quantity > 2 and region >= 'SP'"},
		{"features", "--no-clean", "--where", "unit_price <= 40.5 or status = 'void'", "--from", "2024-02-29"}, {"sales", "--by", "week", "--no-clean", "--tz", "Asia/Shanghai", "--where", "product_id in ('p1', 'p 3')"},
	} {
		want := harness.Run(t, dir, append(args, "orders.parquet", "--max-rejects", "1")...)
		if want.Code != 0 || len(want.Stdout) < 200 {
			t.Fatalf("%v: exit %d, %d bytes\n%s", args, want.Code, len(want.Stdout), want.Stderr)
		}
		for _, url := range []string{lite, maria, keyed} {
			got := harness.Run(t, dir, append(args, url, "--max-rejects", "1")...)
			if got.Code != 0 || !bytes.Equal(got.Stdout, want.Stdout) {
				t.Errorf("%v of %s: exit %d\n%s%s", args, sqldb.Redact(url), got.Code, got.Stderr, firstDifference(string(got.Stdout), string(want.Stdout)))
			}
			if a, b := identity(string(got.Stderr)), identity(string(want.Stderr)); a != b && !(strings.Contains(a, "not read") && strings.Fields(a)[2] == strings.Fields(b)[2]) {
				t.Errorf("%v of %s: %s, want %s", args, sqldb.Redact(url), a, b)
			}
		}
	}
}

// identity is the line that accounts for the rows; a database may have left some out of a trusted table, which are in the total.
func identity(stderr string) string {
	for _, line := range strings.Split(stderr, "\n") {
		if strings.HasPrefix(line, "rows in ") {
			return line
		}
	}
	return ""
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "", ""
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("line %d:\n got %q\nwant %q", i+1, x, y)
		}
	}
	return ""
}

// indexes: the product's own queries run on the server, are explained and given indexes.
func indexes(t *testing.T, s *mariadb.Server) {
	dir := t.TempDir()
	url := secret(s.Database("index"), s.Port)
	harness.Must(t, dir, "generate", "orders", "--rows", "5000", "-o", "orders.parquet")
	harness.Must(t, dir, "db", "init", "--db", url)
	harness.Must(t, dir, "db", "import", "orders.parquet", "--db", url)
	proposed := string(harness.Must(t, dir, "db", "index", "--db", url, "--columns", "query,groups,plan,index"))
	for _, want := range []string{"sales by day,", "ecomctl_time: proposed", "rfm,", "ecomctl_customer: proposed", "ecomctl_product: proposed"} {
		if !strings.Contains(proposed, want) {
			t.Errorf("no %q in\n%s", want, proposed)
		}
	}
	// the groups that the database counts are those that the command reports
	days := strings.Count(string(harness.Must(t, dir, "query", "orders.parquet", "--measure", "revenue", "--by", "day", "-q")), "\n") - 1
	if want := fmt.Sprintf("\nsales by day,%d,", days); !strings.Contains(proposed, want) {
		t.Errorf("no %q in\n%s", want, proposed)
	}
	applied := string(harness.Must(t, dir, "db", "index", "--db", url, "--apply", "--format", "json"))
	if strings.Count(applied, `"seconds_after":`) != 6 || strings.Contains(applied, `"seconds_after":null`) || !strings.Contains(applied, "ecomctl_time") {
		t.Error(applied)
	}
}
