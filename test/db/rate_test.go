package db_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// rawTable takes the file as it is: what a bare LOAD DATA LOCAL of it fills.
const rawTable = `CREATE TABLE raw (n BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id VARCHAR(255), customer_id VARCHAR(255), product_id VARCHAR(255),
  category VARCHAR(255), quantity DOUBLE, unit_price DOUBLE, order_ts VARCHAR(30), province VARCHAR(255), payment VARCHAR(255), status VARCHAR(255)) ENGINE=InnoDB`

// work is what something took.
type work struct{ server, client, wall float64 }

func (w work) cpu() float64 { return w.server + w.client }

// TestRate compares db import with a bare LOAD DATA LOCAL of the same file on the same server, in
// turns. Its rows are ECOMCTL_RATE_ROWS (1000000 for the figures of docs/db.md); on a busy machine only
// processor seconds mean something, so they are what is judged.
func TestRate(t *testing.T) {
	rows, _ := strconv.Atoi(os.Getenv("ECOMCTL_RATE_ROWS"))
	if rows == 0 {
		t.Skip("a measurement: ECOMCTL_RATE_ROWS=1000000 makes the figures of docs/db.md")
	}
	file := generate(t, strconv.Itoa(rows))
	s := mariadb.Start(t)
	var bare, all []work
	for i := range 3 {
		u := s.Database(fmt.Sprintf("rate%d", i))
		db := sqldbtest.Open(t, u, sqldb.Options{})
		sqldbtest.Exec(t, db, rawTable)
		mysql.RegisterLocalFile(file)
		bare = append(bare, measure(t, s, func() float64 {
			var a, b syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &a)
			sqldbtest.Exec(t, db, "LOAD DATA LOCAL INFILE '"+file+"' INTO TABLE raw CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' LINES TERMINATED BY '\\n' IGNORE 1 LINES "+
				"(order_id, customer_id, product_id, category, quantity, unit_price, order_ts, province, payment, status)")
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &b)
			return seconds(b) - seconds(a)
		}))
		sqldbtest.Exec(t, db, "DROP TABLE raw")
		run(t, "db", "init", "--db", with(u))
		whole := measure(t, s, func() float64 {
			return run(t, "db", "import", file, "--db", with(u), "-q", "--max-rejects", "100%")
		})
		all = append(all, whole)
		var detail string
		if err := db.QueryRow("SELECT detail FROM runs").Scan(&detail); err != nil {
			t.Fatal(err)
		}
		t.Logf("bare %+v, import %+v; %s", bare[i], whole, detail[strings.Index(detail, `"load_seconds"`):])
	}
	b, w := best(bare), best(all)
	t.Logf("%d rows: bare LOAD DATA LOCAL %.2f s CPU of the server, %.2f in all, %.2f wall; the whole import %.2f, %.2f, %.2f: %.0f %%, %.0f %%, %.0f %% of bare",
		rows, b.server, b.cpu(), b.wall, w.server, w.cpu(), w.wall, 100*b.server/w.server, 100*b.cpu()/w.cpu(), 100*b.wall/w.wall)
	if b.server < 0.6*w.server {
		t.Errorf("the import takes %.2f s of the server, a bare LOAD DATA LOCAL %.2f", w.server, b.server)
	}
}

func best(list []work) work {
	out := list[0]
	for _, w := range list[1:] {
		if w.cpu() < out.cpu() {
			out = w
		}
	}
	return out
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
