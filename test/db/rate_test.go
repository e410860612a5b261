package db_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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

// work is what something took.
type work struct{ server, client, wall float64 }

func (w work) cpu() float64 { return w.server + w.client }

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
		var bare, whole work
		steps := []func(){func() { bare = bareLoad(t, s, file, rows) }, func() { whole = wholeImport(t, s, file) }}
		steps[i%2]()
		steps[1-i%2]()
		server, cpu, wall = append(server, bare.server/whole.server), append(cpu, bare.cpu()/whole.cpu()), append(wall, bare.wall/whole.wall)
		t.Logf("bare %.2f s CPU of the server, %.2f of the client, %.2f wall; import %.2f, %.2f, %.2f", bare.server, bare.client, bare.wall, whole.server, whole.client, whole.wall)
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
func bareLoad(t *testing.T, s *mariadb.Server, file string, rows int) work {
	db := sqldbtest.Open(t, s.Database("bare"), sqldb.Options{MaxConns: 1})
	sqldbtest.Exec(t, db, rawTable)
	mysql.RegisterLocalFile(file)
	w := measure(t, s, func() float64 {
		var a, b syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &a)
		sqldbtest.Exec(t, db, "LOAD DATA LOCAL INFILE '"+file+"' INTO TABLE raw CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' LINES TERMINATED BY '\\n' IGNORE 1 LINES ("+rawColumns+")")
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &b)
		return seconds(b) - seconds(a)
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
func wholeImport(t *testing.T, s *mariadb.Server, file string) work {
	u := s.Database("rate")
	run(t, "db", "init", "--db", with(u))
	w := measure(t, s, func() float64 {
		return run(t, "db", "import", file, "--db", with(u), "-q", "--max-rejects", "100%")
	})
	db := sqldbtest.Open(t, u, sqldb.Options{})
	var detail string
	if err := db.QueryRow("SELECT detail FROM runs").Scan(&detail); err != nil {
		t.Fatal(err)
	}
	t.Log(detail[strings.Index(detail, `"load_seconds"`):])
	return w
}

// measure tells what fn took on the server and on the wall; fn returns the client's seconds.
func measure(t *testing.T, s *mariadb.Server, fn func() float64) work {
	before, since := serverSeconds(t, s), time.Now()
	client := fn()
	wall := time.Since(since).Seconds()
	return work{server: serverSeconds(t, s) - before, client: client, wall: wall}
}

func seconds(r syscall.Rusage) float64 {
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
}

// run runs ecomctl and returns the processor seconds it took.
func run(t *testing.T, args ...string) float64 {
	t.Helper()
	c := exec.Command(ecomctl(t), args...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
}

// serverSeconds are the processor seconds of the server so far.
func serverSeconds(t *testing.T, s *mariadb.Server) float64 {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", s.PID(), "stat"))
	if err != nil {
		t.Skipf("the system does not tell what a process took: %v", err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100
}
