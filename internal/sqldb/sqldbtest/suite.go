package sqldbtest

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// Suite is what every database keeps; u names an empty one.
func Suite(t *testing.T, u *sqldb.URL) {
	t.Run("values come back as they were", func(t *testing.T) { roundTrip(t, u) })
	t.Run("a value that does not fit is an error", func(t *testing.T) { strict(t, u) })
	t.Run("names of any kind", func(t *testing.T) { names(t, u) })
	t.Run("a transaction is done or not", func(t *testing.T) { transaction(t, u) })
	t.Run("writers wait for each other", func(t *testing.T) { writers(t, u) })
	t.Run("read only", func(t *testing.T) { readOnly(t, u) })
	t.Run("what is missing is named", func(t *testing.T) { missing(t, u) })
	t.Run("a cancelled context ends the work", func(t *testing.T) { cancelled(t, u) })
}

// Open opens a database that is closed with the test.
func Open(t testing.TB, u *sqldb.URL, o sqldb.Options) *sqldb.DB {
	t.Helper()
	if u.Dialect == sqldb.SQLite && !o.ReadOnly {
		o.Create = true
	}
	db, err := sqldb.Open(context.Background(), u, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Exec runs a statement that must succeed.
func Exec(t testing.TB, db *sqldb.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func fresh(t *testing.T, u *sqldb.URL, my, lite string) *sqldb.DB {
	t.Helper()
	db := Open(t, u, sqldb.Options{})
	Exec(t, db, "DROP TABLE IF EXISTS t")
	def := lite
	if u.Dialect == sqldb.MySQL {
		def = my
	}
	Exec(t, db, "CREATE TABLE t ("+def+")")
	return db
}

func roundTrip(t *testing.T, u *sqldb.URL) {
	db := fresh(t, u, "n BIGINT PRIMARY KEY, id VARBINARY(255), name VARCHAR(255)", "n INTEGER PRIMARY KEY, id TEXT, name TEXT")
	texts := []string{"", "00123", "a ", "A", "a", "漢字 🛒", "'; DROP TABLE t; --", "back\\slash", "tab\tnew\nline", "quote\"`'"}
	for i, s := range texts {
		Exec(t, db, "INSERT INTO t VALUES (?, ?, ?)", int64(i)+1<<62, s, s)
	}
	Exec(t, db, "INSERT INTO t VALUES (?, ?, ?)", int64(-1)<<63, nil, nil)
	for i, s := range texts {
		var n int64
		var id, name string
		err := db.QueryRow("SELECT n, id, name FROM t WHERE id = ?", s).Scan(&n, &id, &name)
		if err != nil || n != int64(i)+1<<62 || id != s || name != s {
			t.Errorf("%q: %d %q %q %v", s, n, id, name, err)
		}
	}
	var nulls int
	if err := db.QueryRow("SELECT count(*) FROM t WHERE id IS NULL AND n = -9223372036854775808").Scan(&nulls); err != nil || nulls != 1 {
		t.Errorf("nulls: %d %v", nulls, err)
	}
}

func strict(t *testing.T, u *sqldb.URL) {
	db := fresh(t, u, "n INT NOT NULL, d DATETIME(6)", "n INTEGER NOT NULL")
	if u.Dialect == sqldb.SQLite {
		Exec(t, db, "DROP TABLE t")
		Exec(t, db, "CREATE TABLE t (n INTEGER NOT NULL, d TEXT) STRICT")
	}
	for _, bad := range []any{"x", nil, "12abc"} {
		_, err := db.Exec("INSERT INTO t (n) VALUES (?)", bad)
		if err = db.Explain(err, "inserting"); fault.KindOf(err) != fault.Data {
			t.Errorf("%v: %v (%s)", bad, err, fault.KindOf(err))
		}
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func names(t *testing.T, u *sqldb.URL) {
	db := Open(t, u, sqldb.Options{})
	for _, name := range []string{"order", "a b", "quo`te", `quo"te`, "表", "x;y", "semi'colon"} {
		q := db.Dialect.Quote(name)
		Exec(t, db, "CREATE TABLE "+q+" ("+q+" INT)")
		Exec(t, db, "INSERT INTO "+q+" ("+q+") VALUES (7)")
		var n int
		if err := db.QueryRow("SELECT " + q + " FROM " + q).Scan(&n); err != nil || n != 7 {
			t.Errorf("%s: %d %v", name, n, err)
		}
		Exec(t, db, "DROP TABLE "+q)
	}
}

func transaction(t *testing.T, u *sqldb.URL) {
	db := fresh(t, u, "n INT", "n INT")
	for _, commit := range []bool{false, true} {
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("INSERT INTO t VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		if commit {
			err = tx.Commit()
		} else {
			err = tx.Rollback()
		}
		var n int
		if scan := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || scan != nil || (n == 1) != commit {
			t.Errorf("commit %v: %d rows, %v %v", commit, n, err, scan)
		}
	}
}

// writers adds to one row from many connections; nothing may get lost.
func writers(t *testing.T, u *sqldb.URL) {
	db := fresh(t, u, "n INT", "n INT")
	Exec(t, db, "INSERT INTO t VALUES (0)")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				err := db.Retry(context.Background(), "adding", func(ctx context.Context) error {
					tx, err := db.BeginTx(ctx, nil)
					if err != nil {
						return err
					}
					defer func() { _ = tx.Rollback() }() // after Commit it does nothing
					var n int
					query := "SELECT n FROM t"
					if u.Dialect == sqldb.MySQL {
						query += " FOR UPDATE"
					}
					if err := tx.QueryRowContext(ctx, query).Scan(&n); err != nil {
						return err
					}
					if _, err := tx.ExecContext(ctx, "UPDATE t SET n = ?", n+1); err != nil {
						return err
					}
					return tx.Commit()
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var n int
	if err := db.QueryRow("SELECT n FROM t").Scan(&n); err != nil || n != 40 {
		t.Errorf("%d of 40, %v", n, err)
	}
}

func readOnly(t *testing.T, u *sqldb.URL) {
	fresh(t, u, "n INT", "n INT")
	db := Open(t, u, sqldb.Options{ReadOnly: true})
	var n int
	if err := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil {
		t.Error(err)
	}
	_, err := db.Exec("INSERT INTO t VALUES (1)")
	if err = db.Explain(err, "inserting"); fault.KindOf(err) != fault.Auth {
		t.Errorf("writing: %v (%s)", err, fault.KindOf(err))
	}
}

func missing(t *testing.T, u *sqldb.URL) {
	db := fresh(t, u, "n INT", "n INT")
	_, err := db.Query("SELECT * FROM nowhere")
	if !sqldb.IsNoTable(err) {
		t.Errorf("no table: %v", err)
	}
	if err = db.Explain(err, "reading nowhere"); fault.KindOf(err) != fault.NotFound || fault.HintOf(err) == "" || !strings.Contains(err.Error(), u.String()) {
		t.Errorf("no table: %v, hint %q", err, fault.HintOf(err))
	}
	_, err = db.Query("SELECT " + db.Dialect.Quote("nosuch") + " FROM t")
	if err = db.Explain(err, "reading"); fault.KindOf(err) != fault.Input {
		t.Errorf("no column: %v (%s)", err, fault.KindOf(err))
	}
}

func cancelled(t *testing.T, u *sqldb.URL) {
	db := fresh(t, u, "n INT", "n INT")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := db.Retry(ctx, "reading", func(ctx context.Context) error {
		var n sql.NullInt64
		return db.QueryRowContext(ctx, "SELECT n FROM t").Scan(&n)
	})
	if !errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Interrupted {
		t.Errorf("%v (%s)", err, fault.KindOf(err))
	}
}
