// Package db_test runs ecomctl's databases against a real MariaDB.
package db_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/sqldb/sqldbtest"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

func TestMariaDB(t *testing.T) {
	s := mariadb.Start(t)
	t.Run("contract", func(t *testing.T) { sqldbtest.Suite(t, s.Database("suite")) })
	t.Run("refusals", func(t *testing.T) { refusals(t, s) })
	t.Run("rights", func(t *testing.T) { rights(t, s) })
	t.Run("deadlock", func(t *testing.T) { deadlock(t, s) })
	t.Run("load", func(t *testing.T) { load(t, s) })
	t.Run("slow way", func(t *testing.T) { slow(t, s) })
	t.Run("broken way", func(t *testing.T) { broken(t, s) })
	t.Run("restart", func(t *testing.T) { restart(t, s) })
}

// refusals are mistakes in the URL.
func refusals(t *testing.T, s *mariadb.Server) {
	s.Database("ref")
	for url, want := range map[string]struct {
		kind fault.Kind
		hint string
	}{
		"mysql://shop:wrong@127.0.0.1:%d/shop_ref":                  {fault.Auth, "password"},
		"mysql://nobody:hunter2@127.0.0.1:%d/shop_ref":              {fault.Auth, "password"},
		"mysql://shop:shop@127.0.0.1:%d/shop_nowhere":               {fault.NotFound, "CREATE DATABASE"},
		"mysql://shop:shop@127.0.0.1:%d/mysql":                      {fault.Auth, "GRANT"},
		"mysql://shop:shop@localhost.invalid:%d/shop_ref":           {fault.Unavailable, "host"},
		"mysql://shop:shop@127.0.0.1:%d/shop_ref?tls=true":          {fault.Unavailable, "TLS"},
		"mysql://shop:${SHOP_SECRET}@127.0.0.1:%d/shop_ref?table=t": {},
		"mysql://shop@127.0.0.1:%d/shop_ref":                        {},
	} {
		u := s.Parse(fmt.Sprintf(url, s.Port))
		env := map[string]string{"SHOP_SECRET": "shop", "MYSQL_PWD": "shop"}
		db, err := sqldb.Open(context.Background(), u, sqldb.Options{Patience: -1, Getenv: func(k string) string { return env[k] }})
		switch {
		case want.hint == "" && err != nil:
			t.Errorf("%s: %v", url, err)
		case want.hint == "":
			if !strings.Contains(db.Version, "MariaDB") || !db.LocalInfile {
				t.Errorf("%s: version %q, local_infile %v", url, db.Version, db.LocalInfile)
			}
			_ = db.Close()
		case fault.KindOf(err) != want.kind || !strings.Contains(fault.HintOf(err), want.hint):
			t.Errorf("%s: %v (%s), hint %q", url, err, fault.KindOf(err), fault.HintOf(err))
		case strings.Contains(fmt.Sprintf("%v %+v %s", err, err, fault.HintOf(err)), "hunter2"):
			t.Errorf("the password is told: %v", err)
		}
	}
}

func rights(t *testing.T, s *mariadb.Server) {
	u := s.Database("rights")
	db := sqldbtest.Open(t, u, sqldb.Options{})
	sqldbtest.Exec(t, db, "CREATE TABLE t (n INT)")
	s.Admin("CREATE OR REPLACE USER 'reader'@'127.0.0.1' IDENTIFIED BY 'r'; GRANT SELECT ON shop_rights.* TO 'reader'@'127.0.0.1'")
	reader := sqldbtest.Open(t, s.Parse(fmt.Sprintf("mysql://reader:r@127.0.0.1:%d/shop_rights", s.Port)), sqldb.Options{})
	for _, q := range []string{"INSERT INTO t VALUES (1)", "DROP TABLE t", "CREATE TABLE u (n INT)"} {
		_, err := reader.Exec(q)
		if err = reader.Explain(err, q); fault.KindOf(err) != fault.Auth || !strings.Contains(fault.HintOf(err), "GRANT") {
			t.Errorf("%s: %v (%s)", q, err, fault.KindOf(err))
		}
	}
}

// deadlock makes two transactions take two rows in opposite order: both end, by repetition.
func deadlock(t *testing.T, s *mariadb.Server) {
	db := sqldbtest.Open(t, s.Database("dead"), sqldb.Options{Patience: time.Minute})
	sqldbtest.Exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY, n INT)")
	sqldbtest.Exec(t, db, "INSERT INTO t VALUES (1, 0), (2, 0)")
	meet := make(chan bool, 2)
	done := make(chan error, 2)
	for i := range 2 {
		go func() {
			first := true
			done <- db.Retry(context.Background(), "adding", func(ctx context.Context) error {
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					return err
				}
				defer tx.Rollback()
				if _, err := tx.ExecContext(ctx, "UPDATE t SET n = n + 1 WHERE id = ?", 1+i); err != nil {
					return err
				}
				if first { // both hold one row before either asks for the other
					first = false
					meet <- true
					for len(meet) < 2 {
						time.Sleep(time.Millisecond)
					}
				}
				if _, err := tx.ExecContext(ctx, "UPDATE t SET n = n + 1 WHERE id = ?", 2-i); err != nil {
					return err
				}
				return tx.Commit()
			})
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var sum int
	if err := db.QueryRow("SELECT SUM(n) FROM t").Scan(&sum); err != nil || sum != 4 {
		t.Errorf("%d of 4, %v", sum, err)
	}
}

// load sends rows by LOAD DATA LOCAL; values that the server would change are errors.
func load(t *testing.T, s *mariadb.Server) {
	db := sqldbtest.Open(t, s.Database("load"), sqldb.Options{})
	sqldbtest.Exec(t, db, "CREATE TABLE t (n INT PRIMARY KEY, s VARCHAR(20), b VARBINARY(20), d DATETIME(6), m DECIMAL(19,4))")
	for rows, want := range map[string]int{
		"1\ta\tb\t2024-02-29 23:59:59.999999\t-12.3400\n2\t\\N\t\\N\t\\N\t\\N\n":               2,
		string(sqldb.AppendField([]byte("1\t"), "t\ta\nb\\c漢\x00")) + "\t\xff\xfe\t\\N\t\\N\n": 1,
		"x\ta\tb\t2024-01-01 00:00:00\t1\n":                                                    -1,
		"1\ta\tb\t2024-13-45 00:00:00\t1\n":                                                    -1,
		"1\ta\tb\t2024-01-01 00:00:00\tabc\n":                                                  -1,
		"1\ta\tb\t2024-01-01 00:00:00\t1.23456\n":                                              -1,
		"1\t123456789012345678901\tb\t2024-01-01 00:00:00\t1\n":                                -1,
		"1\ta\tb\t2024-01-01 00:00:00\n":                                                       -1,
		"1\ta\tb\t2024-01-01 00:00:00\t1\textra\n":                                             -1,
		"1\ta\tb\t2024-01-01 00:00:00\t1\n1\ta\tb\t2024-01-01 00:00:00\t1\n":                   -1,
		"99999999999\ta\tb\t2024-01-01 00:00:00\t1\n":                                          -1,
		"1\t\xff\xfe\tb\t2024-01-01 00:00:00\t1\n":                                             -1,
	} {
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		n, err := sqldb.LoadLocal(context.Background(), tx, "t", []string{"n", "s", "b", "d", "m"}, strings.NewReader(rows))
		if want < 0 && (err == nil || fault.KindOf(db.Explain(err, "loading")) != fault.Data) || want >= 0 && (err != nil || n != int64(want)) {
			t.Errorf("%q: %d rows, %v", rows, n, err)
		}
		if want == 1 {
			var text string
			if err := tx.QueryRow("SELECT s FROM t").Scan(&text); err != nil || text != "t\ta\nb\\c漢\x00" {
				t.Errorf("%q %v", text, err)
			}
		}
		_ = tx.Rollback()
	}
	off := mariadb.Start(t, "--local-infile=0")
	db = sqldbtest.Open(t, off.Database("off"), sqldb.Options{})
	sqldbtest.Exec(t, db, "CREATE TABLE t (n INT)")
	_, err := db.Exec("LOAD DATA LOCAL INFILE 'Reader::x' INTO TABLE t")
	if db.LocalInfile || !sqldb.IsNoLocalInfile(err) {
		t.Errorf("local_infile %v: %v", db.LocalInfile, err)
	}
}

// through returns the URL of a database by way of a proxy.
func through(t *testing.T, s *mariadb.Server, name string) (*sqldb.URL, *sqldbtest.Proxy) {
	u := s.Database(name)
	p := sqldbtest.NewProxy(t, u.Address())
	u.Port = p.Addr().Port
	return u, p
}

func slow(t *testing.T, s *mariadb.Server) {
	u, p := through(t, s, "slow")
	p.Delay(2 * time.Second)
	_, err := sqldb.Open(context.Background(), u, sqldb.Options{DialTimeout: 200 * time.Millisecond, Patience: -1})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(fault.HintOf(err), u.Address()) {
		t.Errorf("%v, hint %q", err, fault.HintOf(err))
	}
	p.Delay(0)
	db := sqldbtest.Open(t, u, sqldb.Options{ReadTimeout: 300 * time.Millisecond, Patience: -1})
	p.Delay(2 * time.Second)
	err = db.Retry(context.Background(), "asking", func(ctx context.Context) error { return db.PingContext(ctx) })
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a server that went silent: %v (%s)", err, fault.KindOf(err))
	}
}

// broken cuts the connection at every point of a load: nothing stays half-done, repetition ends it.
func broken(t *testing.T, s *mariadb.Server) {
	u, p := through(t, s, "broken")
	db := sqldbtest.Open(t, u, sqldb.Options{Patience: time.Minute})
	sqldbtest.Exec(t, db, "CREATE TABLE t (n INT PRIMARY KEY, s VARCHAR(100))")
	var rows strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&rows, "%d\t%050d\n", i, i)
	}
	for cut := range 20 {
		sqldbtest.Exec(t, db, "DELETE FROM t")
		p.CutAfter(int64(cut * 6500))
		err := db.Retry(context.Background(), "loading", func(ctx context.Context) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			var n int // the commit before the cut may have been done
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM t").Scan(&n); err != nil || n > 0 {
				if n > 0 && n != 2000 {
					t.Errorf("cut %d: %d rows stay", cut, n)
				}
				return err
			}
			if _, err := sqldb.LoadLocal(ctx, tx, "t", []string{"n", "s"}, strings.NewReader(rows.String())); err != nil {
				return err
			}
			return tx.Commit()
		})
		p.CutAfter(-1)
		var n int
		if scan := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || scan != nil || n != 2000 {
			t.Errorf("cut %d: %d rows, %v %v", cut, n, err, scan)
		}
	}
	if p.Cuts() < 10 {
		t.Errorf("only %d connections were cut", p.Cuts())
	}
}

// restart kills the server while a client is connected; it is waited for when it returns.
func restart(t *testing.T, s *mariadb.Server) {
	u := s.Database("restart")
	db := sqldbtest.Open(t, u, sqldb.Options{Patience: 2 * time.Minute})
	sqldbtest.Exec(t, db, "CREATE TABLE t (n INT)")
	s.Kill()
	_, err := sqldb.Open(context.Background(), u, sqldb.Options{Patience: -1})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(fault.HintOf(err), "nobody listens at 127.0.0.1:") {
		t.Errorf("no server: %v, hint %q", err, fault.HintOf(err))
	}
	done := make(chan error, 1)
	go func() {
		done <- db.Retry(context.Background(), "inserting", func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "INSERT INTO t VALUES (1)")
			return err
		})
	}()
	s.Restart()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
