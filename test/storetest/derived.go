package storetest

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/store"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// nothingSold has days and orders of reversals only: their revenue is 0, as every analysis tells it,
// by whatever way the aggregates came about.
func nothingSold(t *testing.T, u *sqldb.URL) {
	ctx, dir := context.Background(), t.TempDir()
	head := "order_id,order_ts,customer_id,product_id,quantity,unit_price,status\n"
	files := []string{
		Write(t, dir, "a.csv", head+"A0,1969-12-31,C1,P1,1,1,paid\nA0,1970-01-01,C1,P1,1,1,paid\nA0,1969-12-31,C2,P1,1,1,paid\nA1,2024-01-01,C1,P1,2,10,paid\nA2,2024-01-02,C1,P1,-1,10,paid\nA3,2024-01-04,,P2,1,5,paid\nA3,2024-01-04,,P2,-1,5,paid\n"),
		Write(t, dir, "b.csv", head+"A4,2024-01-05,C9,P1,-3,10,paid\nA5,2024-01-02,C9,P1,-1,2.5,paid\n"),
		Write(t, dir, "c.csv", "order_id,order_ts,product_id,amount\nB1,2024-02-01,P1,7\nB2,2024-02-02,P1,-7\n"), // nothing tells quantities
	}
	once, each := Open(t, u), Open(t, sibling(u))
	Import(t, once, session.Settings{}, files[0], files[1])
	Import(t, once, session.Settings{}, files[2])
	for _, f := range files {
		Import(t, each, session.Settings{}, f)
	}
	backup := filepath.Join(dir, "shop.zip")
	if _, err := each.Backup(ctx, vfs.Local{}, backup, dir); err != nil {
		t.Fatal(err)
	}
	restored := Open(t, &sqldb.URL{Dialect: sqldb.SQLite, File: filepath.Join(dir, "r.db")})
	if _, err := restored.Restore(ctx, vfs.Local{}, backup); err != nil {
		t.Fatal(err)
	}
	want := "1969-12-31|20000|1|2|2|2|0|0\n1970-01-01|10000|1|1|1|1|0|0\n2024-01-01|200000|1|2|1|1|0|0\n2024-01-02|0|0|0|0|0|2|-125000\n2024-01-04|50000|1|1|0|1|1|-50000\n2024-01-05|0|0|0|0|0|1|-300000\n" +
		"2024-02-01|70000|1|NULL|0|1|0|0\n2024-02-02|0|0|NULL|0|0|1|-70000\n"
	for name, s := range map[string]*store.Store{"two files at once": once, "one after the other": each, "restored": restored} {
		if got := daily(t, s); got != want {
			t.Errorf("%s:\n%s", name, diff(got, want))
		}
		Follow(t, s)
	}
	if _, err := each.Prune(ctx, vfs.Local{}, backup, "2024-01-04", true); err != nil {
		t.Fatal(err)
	}
	if got := daily(t, each); got != want[strings.Index(want, "2024-01-04"):] {
		t.Errorf("pruned:\n%s", got)
	}
	Follow(t, each)
	earlier(t, each)
}

// daily prints the days of a store without the time that drivers add to them.
func daily(t testing.TB, s *store.Store) string {
	return strings.ReplaceAll(Rows(t, s, "SELECT * FROM daily ORDER BY day"), " 00:00:00 +0000 UTC", "")
}

// earlier takes a store for one of version 1, which left nulls where nothing was sold.
func earlier(t *testing.T, s *store.Store) {
	want := Dump(t, s)
	for _, table := range []string{"daily", "orders"} {
		for _, set := range []string{"revenue_e4 = NULL, units = NULL WHERE sold_lines = 0", "reversals_e4 = NULL WHERE reversals = 0"} {
			if _, err := s.DB.Exec("UPDATE " + table + " SET " + set); err != nil {
				t.Fatal(err)
			}
		}
	}
	if Dump(t, s) == want {
		t.Fatal("nothing was undone")
	}
	if _, err := s.DB.Exec("DELETE FROM schema_versions WHERE version_id = 2"); err != nil {
		t.Fatal(err)
	}
	if done, err := s.Init(context.Background()); len(done) != 1 || err != nil {
		t.Errorf("%+v %v", done, err)
	}
	if got := Dump(t, s); got != want {
		t.Errorf("brought up to date:\n%s", diff(got, want))
	}
}

// Follow proves that the aggregates follow from the visible lines, by other SQL than that which made
// them: one query for each measure over the rows as users see them.
func Follow(t testing.TB, s *store.Store) {
	t.Helper()
	lines := "(SELECT CASE l.kind WHEN 0 THEN 'sold' ELSE 'reversal' END AS kind, order_id, order_ts, customer_id, product_id, quantity, money_e4, " +
		"substr(CAST(order_ts AS CHAR), 1, 10) AS day FROM line_store l WHERE import_id IN (SELECT id FROM imports WHERE state = 'live'))"
	for _, c := range []struct{ table, key, kinds, measures string }{
		{"daily", "day", "", "orders customers units money back"}, {"orders", "order_id", "", "units money back"},
		{"customers", "customer_id", " AND kind = 'sold'", "orders units money"}, {"products", "product_id", " AND kind = 'sold'", "units money"},
	} {
		key := "CAST(a." + c.key + " AS CHAR)"
		all := " FROM " + lines + " v WHERE v." + c.key + " = " + key + c.kinds
		where, back := all+" AND v.kind = 'sold'", all+" AND v.kind = 'reversal'"
		for measure, sql := range map[string][2]string{
			"orders":    {"orders", "SELECT COUNT(*) FROM (SELECT DISTINCT %s, order_id FROM " + lines + " d WHERE kind = 'sold' AND order_id IS NOT NULL) v WHERE v.%[1]s = " + key},
			"customers": {"customers", "SELECT COUNT(*) FROM (SELECT DISTINCT %s, customer_id FROM " + lines + " d WHERE kind = 'sold' AND customer_id IS NOT NULL) v WHERE v.%[1]s = " + key},
			"money":     {"revenue_e4", "SELECT COALESCE(SUM(money_e4), 0)" + where},
			"back":      {"reversals_e4", "SELECT COALESCE(SUM(money_e4), 0)" + back},
			"lines":     {"sold_lines", "SELECT COUNT(*)" + where},
			"units":     {"COALESCE(units, -1)", "SELECT CASE WHEN EXISTS (SELECT 1" + all + " AND quantity IS NOT NULL) THEN COALESCE(SUM(quantity), 0) ELSE -1 END" + where},
		} {
			if measure != "lines" && !strings.Contains(c.measures, measure) {
				continue
			}
			if strings.Contains(sql[1], "%s") {
				sql[1] = fmt.Sprintf(sql[1], c.key)
			}
			q := "SELECT a." + c.key + ", " + sql[0] + " FROM " + c.table + " a WHERE NOT " + sql[0] + " = (" + sql[1] + ") OR " + sql[0] + " IS NULL"
			if got := Rows(t, s, q); got != "" {
				t.Errorf("%s of %s: %s", measure, c.table, got)
			}
		}
		have, want := Rows(t, s, "SELECT COUNT(*) FROM "+c.table), Rows(t, s, "SELECT COUNT(DISTINCT "+c.key+") FROM "+lines+" v WHERE "+c.key+" IS NOT NULL"+c.kinds)
		if have != want {
			t.Errorf("%s: %s rows instead of %s", c.table, have, want)
		}
	}
}
