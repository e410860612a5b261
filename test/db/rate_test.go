package db_test

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/sqldb/sqldbtest"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

// rawTable takes the file as it is: what a bare LOAD DATA LOCAL of it fills. Its types are those that its
// values need; nothing is indexed.
const rawTable = `CREATE TABLE raw (n BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id VARCHAR(255), order_ts DATETIME(6), customer_id VARCHAR(255), product_id VARCHAR(255),
  product_name VARCHAR(1000), category VARCHAR(255), quantity DOUBLE, unit_price DOUBLE, discount DOUBLE, region VARCHAR(255), city VARCHAR(255), status VARCHAR(255),
  payment VARCHAR(255), channel VARCHAR(255), currency VARCHAR(255)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`

// rawColumns are the columns of the file in its order.
const rawColumns = "order_id,order_ts,customer_id,product_id,product_name,category,quantity,unit_price,discount,region,city,status,payment,channel,currency"

// TestRate compares db import with a bare LOAD DATA LOCAL of the same file on the same server, in pairs
// whose order alternates. ECOMCTL_RATE_ROWS are the file's rows, ECOMCTL_RATE_PAIRS the pairs (5). The medians of the
// pairs' ratios are judged: of the server's processor seconds, and of the wall where the machine is idle enough (ECOMCTL_RATE_WALL=1).
func TestRate(t *testing.T) {
	rows, _ := strconv.Atoi(os.Getenv("ECOMCTL_RATE_ROWS"))
	if rows == 0 {
		t.Skip("a measurement: ECOMCTL_RATE_ROWS=500000 makes the figures of docs/db.md")
	}
	pairs, _ := strconv.Atoi(os.Getenv("ECOMCTL_RATE_PAIRS"))
	if pairs == 0 {
		pairs = 5
	}
	file := generate(t, strconv.Itoa(rows))
	s := mariadb.Start(t)
	var server, cpu, wall []float64
	for i := range pairs {
		var bare, whole mariadb.Cost
		steps := []func(){func() { bare = bareLoad(t, s, file, rows) }, func() { whole = wholeImport(t, s, file) }}
		steps[i%2]()
		steps[1-i%2]()
		server, cpu, wall = append(server, bare.Server/whole.Server), append(cpu, bare.CPU()/whole.CPU()), append(wall, bare.Wall/whole.Wall)
		t.Logf("bare %.2f s CPU of the server, %.2f of the client, %.2f wall; import %.2f, %.2f, %.2f", bare.Server, bare.Client, bare.Wall, whole.Server, whole.Client, whole.Wall)
	}
	t.Logf("%d rows, medians of %d pairs: the import has %.0f %% of the bare load's rate by the server's CPU, %.0f %% by all CPU, %.0f %% by wall", rows, pairs, 100*median(server), 100*median(cpu), 100*median(wall))
	if median(server) < 0.6 || os.Getenv("ECOMCTL_RATE_WALL") == "1" && median(wall) < 0.6 {
		t.Errorf("the import has less than 60 %% of the rate of a bare LOAD DATA LOCAL: %.2f, wall %.2f", server, wall)
	}
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// bareLoad sends the file as it is, whole and without a warning.
func bareLoad(t *testing.T, s *mariadb.Server, file string, rows int) mariadb.Cost {
	db := sqldbtest.Open(t, s.Database("bare"), sqldb.Options{MaxConns: 1})
	sqldbtest.Exec(t, db, rawTable)
	mysql.RegisterLocalFile(file)
	w := s.Cost(func() {
		sqldbtest.Exec(t, db, "LOAD DATA LOCAL INFILE '"+file+"' INTO TABLE raw CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' LINES TERMINATED BY '\\n' IGNORE 1 LINES ("+rawColumns+")")
	})
	var n, warnings int
	if err := db.QueryRow("SELECT @@warning_count").Scan(&warnings); err != nil || warnings > 0 {
		t.Fatalf("the bare load warned %d times, %v: it is not of this file", warnings, err)
	}
	if err := db.QueryRow("SELECT COUNT(order_ts) FROM raw").Scan(&n); err != nil || n != rows {
		t.Fatalf("%d of %d rows, %v", n, rows, err)
	}
	sqldbtest.Exec(t, db, "DROP TABLE raw")
	return w
}

// wholeImport runs the command from its start to its end.
func wholeImport(t *testing.T, s *mariadb.Server, file string) mariadb.Cost {
	u := s.Database("rate")
	run(t, "db", "init", "--db", with(u))
	w := s.Cost(func() { run(t, "db", "import", file, "--db", with(u), "-q", "--max-rejects", "100%") })
	db := sqldbtest.Open(t, u, sqldb.Options{})
	var detail string
	if err := db.QueryRow("SELECT detail FROM runs").Scan(&detail); err != nil {
		t.Fatal(err)
	}
	t.Log(detail[strings.Index(detail, `"load_seconds"`):])
	return w
}

// run runs ecomctl.
func run(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(ecomctl(t), args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}
