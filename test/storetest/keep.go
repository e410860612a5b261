package storetest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/store"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// backups are written, proven, restored into both kinds of databases, and refused when damaged.
func backups(t *testing.T, u *sqldb.URL) {
	ctx, dir := context.Background(), t.TempDir()
	s := Open(t, u)
	odd := "order_id,order_ts,product_id,quantity,unit_price,product_name\nX1,2024-02-01,p,0.1,0.3333333,\"tab\tline\nback\\slash, \\N 漢\"\n,2024-02-01,p,1,1,\"raw \"\"quotes\"\"\"\n"
	Import(t, s, session.Settings{}, Write(t, dir, "a.csv", header+orders(0, 3000)+dirty))
	Import(t, s, session.Settings{}, Write(t, dir, "b.csv", odd))
	file := filepath.Join(dir, "shop.zip")
	if _, err := s.LastBackup(ctx); fault.KindOf(err) != fault.Usage {
		t.Errorf("no backup yet: %v", err)
	}
	r, err := s.Backup(ctx, vfs.Local{}, file, dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Manifest.Tables["line_store"].Rows != 2252 || r.Manifest.Tables["rejects"].Rows != 7 {
		t.Errorf("%+v", r.Manifest.Tables)
	}
	if last, err := s.LastBackup(ctx); last != file || err != nil {
		t.Errorf("last backup %q, %v", last, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "ecomctl-db-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	for _, v := range []*sqldb.URL{sibling(u), {Dialect: sqldb.SQLite, File: filepath.Join(dir, "r.db")}} {
		again := Open(t, v)
		if _, err := again.Restore(ctx, vfs.Local{}, file); err != nil {
			t.Fatal(err)
		}
		if a, b := Dump(t, s), Dump(t, again); a != b {
			t.Errorf("restored into %s:\n%s", v, diff(a, b))
		}
		if r := Import(t, again, session.Settings{}, filepath.Join(dir, "a.csv")); r.Files[0].State != store.Unchanged {
			t.Errorf("import after restore: %+v", r)
		}
		if _, err := again.Restore(ctx, vfs.Local{}, file); fault.KindOf(err) != fault.Usage {
			t.Errorf("restore into a full database: %v", err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	empty := Open(t, &sqldb.URL{Dialect: sqldb.SQLite, File: filepath.Join(dir, "e.db")})
	before := Dump(t, empty)
	for at := 0; at < len(b); at += len(b)/40 + 1 {
		bad := append([]byte(nil), b...)
		bad[at] ^= 0x10
		if _, err := empty.Restore(ctx, vfs.Local{}, Write(t, dir, "bad.zip", string(bad))); err == nil {
			// a byte that nothing reads: then all must be right
			if a, b := Dump(t, s), Dump(t, empty); a != b {
				t.Fatalf("byte %d: a damaged backup was restored", at)
			}
			return
		} else if fault.KindOf(err) == fault.Internal || Dump(t, empty) != before {
			t.Errorf("byte %d: %v (%s)", at, err, fault.KindOf(err))
		}
	}
}

// prunes take away only what a backup holds.
func prunes(t *testing.T, u *sqldb.URL) {
	ctx, dir := context.Background(), t.TempDir()
	s := Open(t, u)
	a := Write(t, dir, "a.csv", header+orders(0, 2000))
	Import(t, s, session.Settings{}, a)
	file := filepath.Join(dir, "shop.zip")
	if _, err := s.Backup(ctx, vfs.Local{}, file, dir); err != nil {
		t.Fatal(err)
	}
	full := Dump(t, s)
	r, err := s.Prune(ctx, vfs.Local{}, file, "2024-03-15", false)
	if err != nil || r.Done || r.Lines == 0 || r.Last >= "2024-03-15" || Dump(t, s) != full {
		t.Errorf("dry run: %+v %v", r, err)
	}
	days := Rows(t, s, "SELECT * FROM daily WHERE day >= '2024-03-15' ORDER BY day")
	done, err := s.Prune(ctx, vfs.Local{}, file, "2024-03-15", true)
	if err != nil || !done.Done || done.Lines != r.Lines || done.Money != r.Money {
		t.Errorf("%+v %v", done, err)
	}
	if Rows(t, s, "SELECT * FROM daily ORDER BY day") != days || Rows(t, s, "SELECT COUNT(*) FROM line_store WHERE order_ts < '2024-03-15'") != "0\n" {
		t.Error("other days changed")
	}
	pruned := Dump(t, s)
	if r := Import(t, s, session.Settings{}, a); r.Files[0].State != store.Unchanged || Dump(t, s) != pruned {
		t.Errorf("import after prune: %+v", r)
	}
	// lines that came after the backup are not in it
	Import(t, s, session.Settings{}, Write(t, dir, "b.csv", header+orders(2000, 500)))
	now := Dump(t, s)
	_, err = s.Prune(ctx, vfs.Local{}, file, "2024-06-01", true)
	if fault.KindOf(err) != fault.Data || !strings.Contains(fault.HintOf(err), "db backup") || Dump(t, s) != now {
		t.Errorf("more than the backup holds: %v", err)
	}
	if _, err := s.Backup(ctx, vfs.Local{}, file, dir); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Prune(ctx, vfs.Local{}, file, "2024-06-01", true); err != nil || !r.Done {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := s.Prune(ctx, vfs.Local{}, file, "2024-06-01", true); err == nil && r.Lines != 0 {
		t.Errorf("again: %+v %v", r, err)
	}
}

// currencies do not add up.
func currencies(t *testing.T, u *sqldb.URL) {
	ctx, dir := context.Background(), t.TempDir()
	s := Open(t, u)
	head := "order_id,order_ts,product_id,amount,currency\n"
	Import(t, s, session.Settings{}, Write(t, dir, "a.csv", head+"1,2024-01-01,x,10,EUR\n2,2024-01-01,x,10,\n"))
	before := Dump(t, s)
	b := Write(t, dir, "b.csv", head+"3,2024-01-02,x,10,USD\n4,2024-01-02,x,10,EUR\n")
	for range 2 { // the second time the rows are there already
		_, err := s.Import(ctx, Relate(t, session.Settings{}, b), store.ImportOptions{Files: vfs.Local{}})
		if fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), "EUR, USD") {
			t.Errorf("two currencies: %v", err)
		}
		if got := Rows(t, s, "SELECT day, revenue_e4 FROM daily"); got != "2024-01-01|200000\n" && got != "2024-01-01 00:00:00 +0000 UTC|200000\n" {
			t.Errorf("days: %s", got)
		}
	}
	r := Import(t, s, session.Settings{Currency: "EUR", Rates: Write(t, dir, "rates.csv", "currency,rate\nUSD,0.5\n")}, b)
	if r.Account().Money[relation.Sold] != 150000 || Rows(t, s, "SELECT DISTINCT currency FROM order_lines ORDER BY currency") != "NULL\nEUR\n" {
		t.Errorf("converted: %+v", r)
	}
	if Dump(t, s) == before {
		t.Error("nothing came in")
	}
}
