// Package storetest is the contract of stores: SQLite and a real server both keep it.
package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/store"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Suite runs the contract; fresh gives the URL of an empty database.
func Suite(t *testing.T, fresh func(name string) *sqldb.URL) {
	t.Run("versions", func(t *testing.T) { versions(t, fresh("versions")) })
	t.Run("a changed file replaces its rows", func(t *testing.T) { changed(t, fresh("changed")) })
	t.Run("several files", func(t *testing.T) { several(t, fresh("several")) })
	t.Run("damage is repaired", func(t *testing.T) { damage(t, fresh("damage")) })
	t.Run("nothing sold", func(t *testing.T) { nothingSold(t, fresh("nothing")) })
	t.Run("overlaps", func(t *testing.T) { overlaps(t, fresh("overlaps")) })
	t.Run("currencies", func(t *testing.T) { currencies(t, fresh("currencies")) })
	t.Run("prune", func(t *testing.T) { prunes(t, fresh("prune")) })
	t.Run("forget", func(t *testing.T) { forgets(t, fresh("forget"), fresh("guest"), fresh("gone")) })
	t.Run("forget unfinished", func(t *testing.T) { unfinished(t, fresh("unfinished")) })
	Loading(t, fresh)
}

// Loading is the part of the contract that depends on the way rows go in.
func Loading(t *testing.T, fresh func(name string) *sqldb.URL) {
	t.Run("import", func(t *testing.T) { imports(t, fresh("imports")) })
	t.Run("broken off", func(t *testing.T) { brokenOff(t, fresh("broken"), fresh("whole")) })
	t.Run("backup", func(t *testing.T) { backups(t, fresh("backup")) })
	t.Run("wide rows", func(t *testing.T) { wide(t, fresh("wide")) })
	t.Run("values", func(t *testing.T) { values(t, fresh("values")) })
}

var now = time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC)

// Open opens a store that is closed with the test, with its tables made.
func Open(t testing.TB, u *sqldb.URL) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), u, store.Options{Options: sqldb.Options{Create: true}, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Init(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Relate opens files as orders.
func Relate(t testing.TB, set session.Settings, files ...string) *relation.Relation {
	t.Helper()
	h := &session.Host{Files: vfs.Schemes{}, Getenv: func(string) string { return "" }, Now: func() time.Time { return now }}
	s, err := session.Open(context.Background(), h, set, "orders", files, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s.Rel
}

// Import imports files that must go in.
func Import(t testing.TB, s *store.Store, set session.Settings, files ...string) *store.ImportReport {
	t.Helper()
	r, err := s.Import(context.Background(), Relate(t, set, files...), store.ImportOptions{Files: vfs.Local{}, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Write writes a file of the test and returns its path.
func Write(t testing.TB, dir, name, text string) string {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

const header = "order_id,order_ts,customer_id,product_id,quantity,unit_price,status,category\n"

// orders writes n lines beginning at order k.
func orders(k, n int) string {
	var b strings.Builder
	for i := k; i < k+n; i++ {
		fmt.Fprintf(&b, "A%d,2024-%02d-%02d %02d:30:00,C%d,P%d,%d,%d.%02d,%s,cat %d\n", i/2, 1+i%12, 1+i%28, i%24, i%50, i%30, 1+i%3, i%90, i%100, []string{"paid", "paid", "paid", "cancelled"}[i%4], i%5)
	}
	return b.String()
}

const dirty = `,2024-01-05,C1,P1,1,1.00,paid,x
B1,yesterday,C1,P1,1,1.00,paid,x
B2,2024-01-05,C1,P1,0,1.00,paid,x
B3,2024-01-05,C1,P1,1,-1.00,paid,x
B4,2024-01-05,,P1,-2,1.25,paid,x
B5,2024-01-05,C1,P1,1,lots,paid,x
B6,2099-01-05,C1,P1,1,1.00,paid,x
`

// Dump is all that users see of a store, as text.
func Dump(t testing.TB, s *store.Store) string {
	t.Helper()
	var b strings.Builder
	for _, q := range []string{
		"SELECT l.row_no, l.kind, l.order_id, l.order_ts, l.customer_id, l.product_id, l.quantity, l.unit_price, l.money_e4, l.product_name, l.category, l.status FROM line_store l JOIN imports i ON i.id = l.import_id AND i.state = 'live' ORDER BY i.digest, l.row_no",
		"SELECT r.row_no, r.reason, r.raw FROM rejects r JOIN imports i ON i.id = r.import_id AND i.state = 'live' ORDER BY i.digest, r.row_no",
		"SELECT * FROM daily ORDER BY day",
		"SELECT * FROM orders ORDER BY order_id",
		"SELECT * FROM customers ORDER BY customer_id",
		"SELECT * FROM products ORDER BY product_id",
		"SELECT digest, state, rows_in, sold, reversals, voids, rejects, outside, sold_e4, reversals_e4, voids_e4, rejects_e4, no_money FROM imports ORDER BY digest, state",
	} {
		fmt.Fprintf(&b, "-- %s\n%s", q, Rows(t, s, q))
	}
	return b.String()
}

// Rows is the answer to a query as text.
func Rows(t testing.TB, s *store.Store, query string, args ...any) string {
	t.Helper()
	rows, err := s.DB.Query(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for rows.Next() {
		cells, at := make([]any, len(names)), make([]any, len(names))
		for i := range cells {
			at[i] = &cells[i]
		}
		if err := rows.Scan(at...); err != nil {
			t.Fatal(err)
		}
		for i, c := range cells {
			if i > 0 {
				b.WriteByte('|')
			}
			switch v := c.(type) {
			case nil:
				b.WriteString("NULL")
			case []byte:
				b.Write(v)
			default:
				fmt.Fprint(&b, v)
			}
		}
		b.WriteByte('\n')
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return b.String()
}
