package storetest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/store"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// person is an id that nothing else resembles; persons writes lines of it among those of others, one of them in an order of two customers.
const person = "zz-person-4711"

func persons() string {
	return orders(0, 300) + "Z1,2024-03-05 10:00:00," + person + ",P1,2,10.00,paid,x\nZ1,2024-03-05 10:00:00,aa-other,P2,1,5.00,paid,x\nZ2,2024-03-06,zz-person-4711,P1,1,1.00,paid,x\n" +
		"Z3,2024-03-07," + person + ",P3,-1,4.00,paid,x\nZ4,2024-03-08,zz-person-47111,P3,1,4.00,paid,x\nZ5,yesterday," + person + ",P1,1,1.00,paid,x\nZ6,yesterday,C1,P1,1,1.00,paid,x\n"
}

// forgets takes a customer out: the store is then what it would be if a guest had bought, or nobody.
func forgets(t *testing.T, u, guest, gone *sqldb.URL) {
	ctx, dir := context.Background(), t.TempDir()
	file := Write(t, dir, "o.csv", header+persons())
	for _, erase := range []bool{false, true} {
		at, want := u, strings.ReplaceAll(strings.ReplaceAll(persons(), person+",", ","), "zz-person-4711,", ",")
		if erase {
			at, want = sibling(u), ""
			for _, line := range strings.SplitAfter(persons(), "\n") {
				if !strings.Contains(line, person+",") || strings.Contains(line, "yesterday") { // the reject stays, blank
					want += line
				}
			}
		}
		s := Open(t, at)
		Import(t, s, session.Settings{}, file)
		keep(t, s, `[{"customer_id":"`+person+`","revenue":20.0}]`, `{}`)
		keep(t, s, `[{"customer_id":"zz-person-47111","revenue":20.0}]`, `{}`)
		keep(t, s, `[]`, `{"where":"customer_id = '`+person+`'"}`)
		before := Dump(t, s)
		told, err := s.Forget(ctx, person, erase, false)
		if err != nil || told.Done || told.Lines != 3 || told.Orders != 3 || told.Days != 3 || told.Customers != 1 || told.Rejects != 1 || told.Results != 2 || Dump(t, s) != before {
			t.Fatalf("dry run: %+v, %v", told, err)
		}
		r, err := s.Forget(ctx, person, erase, true)
		if told.Done = true; err != nil || *r != *told {
			t.Errorf("%+v, %v", r, err)
		}
		all := Dump(t, s) + Rows(t, s, "SELECT * FROM runs") + Rows(t, s, "SELECT * FROM results")
		if strings.Contains(strings.ReplaceAll(all, "zz-person-47111", ""), person) {
			t.Errorf("the id is still there:\n%s", all)
		}
		if at.Dialect == sqldb.SQLite {
			inFile(t, at.File)
		}
		other := Open(t, map[bool]*sqldb.URL{false: guest, true: gone}[erase])
		Import(t, other, session.Settings{}, Write(t, dir, "want.csv", header+want))
		for _, q := range []string{"SELECT * FROM orders ORDER BY order_id", "SELECT * FROM customers ORDER BY customer_id", "SELECT * FROM daily ORDER BY day", "SELECT * FROM products ORDER BY product_id",
			"SELECT kind, order_id, order_ts, customer_id, product_id, quantity, money_e4 FROM line_store ORDER BY row_no", "SELECT COUNT(*), COUNT(CASE WHEN raw = '{}' THEN 1 END) FROM rejects"} {
			a, b := Rows(t, s, q), Rows(t, other, q)
			if strings.Contains(q, "rejects") {
				b = "2|1\n"
			}
			if a != b {
				t.Errorf("delete %v, %s:\n%s", erase, q, diff(a, b))
			}
		}
		Follow(t, s)
		after := Dump(t, s)
		if r := Import(t, s, session.Settings{}, file); r.Files[0].State != store.Unchanged || Dump(t, s) != after {
			t.Errorf("the same file again: %+v", r)
		}
		_, err = s.Forget(ctx, person, erase, true)
		if fault.KindOf(err) != fault.NotFound || strings.Contains(err.Error(), person) || Dump(t, s) != after {
			t.Errorf("again: %v", err)
		}
	}
}

// keep stores an answer as programs do.
func keep(t *testing.T, s *store.Store, body, params string) {
	t.Helper()
	if _, err := s.DB.Exec("INSERT INTO runs (command, started_at, state, detail) VALUES ('x', '2024-01-01 00:00:00', 'done', '{}')"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec("INSERT INTO results (run_id, name, params, body, created_at) SELECT MAX(id), 'rfm', ?, ?, '2024-01-01 00:00:00' FROM runs", params, body); err != nil {
		t.Fatal(err)
	}
}

// inFile looks for the id in the bytes of a database and its journal.
func inFile(t *testing.T, file string) {
	t.Helper()
	for _, name := range []string{file, file + "-wal"} {
		b, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if n := strings.Count(strings.ReplaceAll(string(b), "zz-person-47111", ""), person); n > 0 {
			t.Errorf("%s holds the id %d times", filepath.Base(name), n)
		}
	}
}

// unfinished imports may bring a customer back.
func unfinished(t *testing.T, u *sqldb.URL) {
	ctx := context.Background()
	s := Open(t, u)
	rel := Relate(t, session.Settings{}, Write(t, t.TempDir(), "o.csv", header+persons()))
	rel.Fact = &failing{Dataset: rel.Fact}
	if _, err := s.Import(ctx, rel, store.ImportOptions{Files: vfs.Local{}, ChunkRows: 40}); err == nil {
		t.Fatal("the import did not break off")
	}
	if _, err := s.Forget(ctx, "C1", false, true); fault.KindOf(err) != fault.Locked || !strings.Contains(fault.HintOf(err), "import it again") {
		t.Errorf("%v", err)
	}
}
