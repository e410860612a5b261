package sqlio_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/test/harness"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

// costRows are the rows of the measurements of docs/sql.md.
func costRows(t *testing.T) int {
	rows, _ := strconv.Atoi(os.Getenv("ECOMCTL_COST_ROWS"))
	if rows == 0 {
		t.Skip("a measurement: ECOMCTL_COST_ROWS=1000000 makes the figures of docs/sql.md")
	}
	return rows
}

// lines is a table of eight columns with its types, as ecomctl makes it.
const lines = `(id BIGINT NULL, order_id BIGINT NULL, order_ts DATETIME(6) NULL, customer_id BIGINT NULL, product LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NULL, quantity BIGINT NULL,
	unit_price DOUBLE NULL, region LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NULL) ENGINE=InnoDB`

// fillLines makes a table of so many rows on the server.
func fillLines(t *testing.T, db *sqldb.DB, rows int) {
	run(t, db, "CREATE TABLE t "+lines, fmt.Sprintf("INSERT INTO t SELECT seq, seq DIV 3, '2024-01-01' + INTERVAL seq * 31 SECOND, seq * 7919 %% 50000, CONCAT('product ', seq %% 2000), seq %% 5 + 1, seq %% 10000 / 7, CONCAT('region ', seq %% 100) FROM seq_1_to_%d", rows))
}

// TestCostOfWriting compares a table written by ecomctl with a bare LOAD DATA LOCAL of the same rows, and without local_infile with bare statements
// of many rows.
func TestCostOfWriting(t *testing.T) {
	rows := costRows(t)
	s, dir := mariadb.Start(t), t.TempDir()
	url := secret(s.Database("cost"), s.Port)
	db := connect(t, url)
	fillLines(t, db, rows)
	harness.Must(t, dir, "convert", url+"?table=t", "-o", "t.parquet", "-q")
	harness.Must(t, dir, "convert", "t.parquet", "-o", "t.tsv", "-q")
	tsv := filepath.Join(dir, "t.tsv")
	body, err := os.ReadFile(tsv)
	if err != nil {
		t.Fatal(err)
	}
	count := func(table string) {
		if n := one(t, db, "SELECT COUNT(*) FROM "+table); n != strconv.Itoa(rows) {
			t.Fatalf("%s holds %s rows of %d", table, n, rows)
		}
	}
	report := func(name string, c mariadb.Cost) {
		t.Logf("%-42s CPU of the server %.2f s, of the client %.2f s, wall %.2f s", name, c.Server, c.Client, c.Wall)
	}
	statements := inserts(body)
	for range 3 {
		run(t, db, "CREATE OR REPLACE TABLE bare "+lines)
		report("bare LOAD DATA LOCAL", s.Cost(func() {
			l := sqldb.Load{Table: "bare", Columns: []string{"id", "order_id", "order_ts", "customer_id", "product", "quantity", "unit_price", "region"}, Text: true}
			conn, err := db.Conn(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := l.Send(context.Background(), conn, bytes.NewReader(body[bytes.IndexByte(body, '\n')+1:])); err != nil {
				t.Fatal(err)
			}
		}))
		count("bare")
		report("ecomctl, LOAD DATA LOCAL", s.Cost(func() { harness.Must(t, dir, "convert", "t.parquet", "-o", url+"?table=copy", "-q") }))
		count("copy")
		run(t, db, "CREATE OR REPLACE TABLE bare "+lines)
		report("bare INSERT of many rows", s.Cost(func() { run(t, db, statements...) }))
		count("bare")
		s.Admin("SET GLOBAL local_infile = 0")
		report("ecomctl, INSERT of many rows", s.Cost(func() { harness.Must(t, dir, "convert", "t.parquet", "-o", url+"?table=copy", "-q") }))
		s.Admin("SET GLOBAL local_infile = 1")
		count("copy")
	}
}

// inserts prints the rows of a TSV file as statements of half a megabyte, in one transaction.
func inserts(tsv []byte) (out []string) {
	var b bytes.Buffer
	flush := func() {
		if b.Len() > 0 {
			out = append(out, b.String())
			b.Reset()
		}
	}
	out = append(out, "BEGIN")
	for _, line := range bytes.Split(bytes.TrimSpace(tsv), []byte("\n"))[1:] {
		if b.Len() > 0 {
			b.WriteByte(',')
		} else {
			b.WriteString("INSERT INTO bare VALUES ")
		}
		b.WriteString("('")
		b.Write(bytes.ReplaceAll(line, []byte("\t"), []byte("','")))
		b.WriteString("')")
		if b.Len() > 512<<10 {
			flush()
		}
	}
	flush()
	return append(out, "COMMIT")
}

// TestCostOfFilters measures a command over all rows of a trusted table, and over few of them.
func TestCostOfFilters(t *testing.T) {
	rows := costRows(t)
	s, dir := mariadb.Start(t), t.TempDir()
	url := secret(s.Database("cost"), s.Port)
	db := connect(t, url)
	fillLines(t, db, rows)
	run(t, db, "ALTER TABLE t MODIFY id BIGINT NOT NULL PRIMARY KEY, MODIFY region VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, MODIFY order_ts DATETIME(6) NOT NULL", "ANALYZE TABLE t")
	all := []string{"sales", url + "?table=t", "--by", "day", "--no-clean"}
	measure := func(name string, args ...string) {
		for range 3 {
			before := sent(t, db)
			c := s.Cost(func() { harness.Must(t, dir, append(all, args...)...) })
			t.Logf("%-42s CPU of the server %.2f s, of the client %.2f s, rows sent %d", name, c.Server, c.Client, sent(t, db)-before)
		}
	}
	measure("all rows")
	measure("one region of 100", "--where", "region = 'region 7'")
	measure("a week", "--from", "2024-03-04", "--to", "2024-03-11")
	run(t, db, "CREATE INDEX by_region ON t (region)", "CREATE INDEX by_time ON t (order_ts)", "ANALYZE TABLE t")
	measure("one region of 100, with indexes", "--where", "region = 'region 7'")
	measure("a week, with indexes", "--from", "2024-03-04", "--to", "2024-03-11")
}
