package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// golive makes the loaded imports visible, what they replace invisible, and the aggregates right, in
// one transaction. With loaded given the aggregates are written first, from the totals, and loaded waits
// for the last lines; the snapshot of the transaction begins behind it.
func (im *importer) golive(ctx context.Context, loaded func() error) error {
	if im.o.Progress != nil {
		im.o.Progress.Start("aggregating", 0)
		defer im.o.Progress.Done()
	}
	return im.transact(ctx, "making the import visible", func(ctx context.Context, tx *sql.Tx) error {
		if loaded != nil {
			if err := im.totals.writeAll(ctx, im.Store, tx); err != nil {
				return err
			}
			if err := loaded(); err != nil {
				return err
			}
		}
		var changed []int64
		for _, f := range im.files {
			if f.done {
				continue
			}
			r := record{id: f.id, acc: f.report.Account}
			if err := proveLoaded(ctx, tx, &r, f.uri); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE imports SET state = 'live', finished_at = ? WHERE id = ?", im.clock(), f.id); err != nil {
				return err
			}
			changed = append(changed, f.id)
			for _, id := range f.former {
				if _, err := tx.ExecContext(ctx, "UPDATE imports SET state = 'replaced' WHERE id = ?", id); err != nil {
					return err
				}
				changed = append(changed, id)
			}
		}
		if err := im.oneCurrency(ctx, tx); err != nil {
			return err
		}
		im.back.spacious(ctx, tx)
		return im.derive(ctx, tx, changed, im.totals, loaded != nil)
	})
}

// oneCurrency refuses to add up money of several currencies.
func (im *importer) oneCurrency(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT DISTINCT currencies FROM imports WHERE state = 'live' AND currencies <> ''")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for rows.Next() {
		var list string
		if err := rows.Scan(&list); err != nil {
			return errors.Join(err, rows.Close())
		}
		for _, code := range strings.Fields(list) {
			seen[code] = true
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(seen) < 2 {
		return err
	}
	return fault.New(fault.Input, "%s would hold money in several currencies: %s", im.DB.URL, strings.Join(slices.Sorted(maps.Keys(seen)), ", ")).
		WithHint("convert it with --currency CODE --rates FILE, or keep a database for each currency")
}

// proveLoaded counts the lines of an import before anybody sees them.
func proveLoaded(ctx context.Context, tx *sql.Tx, r *record, uri string) error {
	var lines, rejects int64
	var money sql.NullInt64
	if err := tx.QueryRowContext(ctx, "SELECT COUNT(*), SUM(money_e4) FROM line_store WHERE import_id = ?", r.id).Scan(&lines, &money); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM rejects WHERE import_id = ?", r.id).Scan(&rejects); err != nil {
		return err
	}
	if lines != r.acc.Stored() || money.Int64 != r.acc.StoredMoney() || rejects != r.acc.Rows[relation.Reject] {
		return wrongCount(uri, lines, r.acc.Stored(), rejects, r.acc.Rows[relation.Reject])
	}
	return nil
}

// ids writes a list of numbers for IN.
func ids(list []int64) string {
	if len(list) == 0 {
		return "NULL"
	}
	var b strings.Builder
	for i, id := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, id)
	}
	return b.String()
}

// aggregate is a table that follows from lines.
type aggregate struct {
	table, key string // its key, also the column of line_store unless it is a day
	columns    string
	values     string // over l
	sold       bool   // of sold lines only
}

// Sums over the lines of a key: where there is no sold line, revenue is 0 and not unknown; so are
// units, when the input tells quantities at all; and so is the money of no reversals.
const (
	soldLines     = "COUNT(CASE WHEN l.kind = 0 THEN 1 END)"
	soldUnits     = "CASE WHEN " + soldLines + " = 0 AND COUNT(l.quantity) > 0 THEN 0 ELSE SUM(CASE WHEN l.kind = 0 THEN l.quantity END) END"
	soldMoney     = "CASE WHEN " + soldLines + " = 0 THEN 0 ELSE SUM(CASE WHEN l.kind = 0 THEN l.money_e4 END) END"
	reversedLines = "COUNT(CASE WHEN l.kind = 1 THEN 1 END)"
	reversedMoney = "CASE WHEN " + reversedLines + " = 0 THEN 0 ELSE SUM(CASE WHEN l.kind = 1 THEN l.money_e4 END) END"
)

var aggregates = []aggregate{
	{table: "daily", key: "day", columns: "revenue_e4, orders, units, customers, sold_lines, reversals, reversals_e4",
		values: soldMoney + ", COUNT(DISTINCT CASE WHEN l.kind = 0 THEN l.order_id END), " + soldUnits +
			", COUNT(DISTINCT CASE WHEN l.kind = 0 THEN l.customer_id END), " + soldLines + ", " + reversedLines + ", " + reversedMoney},
	{table: "orders", key: "order_id", columns: "order_ts, customer_id, sold_lines, units, revenue_e4, reversals, reversals_e4",
		values: "MIN(l.order_ts), MIN(l.customer_id), " + soldLines + ", " + soldUnits + ", " + soldMoney + ", " + reversedLines + ", " + reversedMoney},
	{table: "customers", key: "customer_id", sold: true, columns: "first_order, last_order, orders, sold_lines, units, revenue_e4",
		values: "MIN(l.order_ts), MAX(l.order_ts), COUNT(DISTINCT l.order_id), COUNT(*), SUM(l.quantity), SUM(l.money_e4)"},
	{table: "products", key: "product_id", sold: true, columns: "product_name, category, first_sold, last_sold, sold_lines, units, revenue_e4",
		values: "MIN(l.product_name), MIN(l.category), MIN(l.order_ts), MAX(l.order_ts), COUNT(*), SUM(l.quantity), SUM(l.money_e4)"},
}

// derive makes the aggregates right for the lines of the changed imports: all anew when nothing else
// is there (from t, where it holds them, unless that is written), else the days, orders, customers and
// products that they name.
func (s *Store) derive(ctx context.Context, tx *sql.Tx, changed []int64, t *totals, written bool) error {
	if len(changed) == 0 {
		return nil
	}
	live, err := liveImports(ctx, tx)
	if err != nil {
		return err
	}
	alone := !slices.ContainsFunc(live, func(id int64) bool { return !slices.Contains(changed, id) })
	if alone && t.whole() {
		if written {
			return nil
		}
		return t.writeAll(ctx, s, tx)
	}
	var some, all sql.NullInt64
	if err := tx.QueryRowContext(ctx, "SELECT SUM(CASE WHEN id IN ("+ids(changed)+") THEN position END), SUM(position) FROM imports WHERE state <> 'loading'").Scan(&some, &all); err != nil {
		return err
	}
	most := some.Int64 >= all.Int64/4 // then one pass over all lines is less work than looking keys up
	for i := range aggregates {
		a := &aggregates[i]
		var err error
		if alone || most {
			err = s.deriveAll(ctx, tx, a, live)
		} else {
			err = s.deriveTouched(ctx, tx, a, live, changed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// expression of the key over lines.
func (s *Store) keyOf(a *aggregate) string {
	if a.key == "day" {
		return s.back.day("l.order_ts")
	}
	return "l." + a.key
}

func (a *aggregate) where() string {
	w := " WHERE l." + a.key + " IS NOT NULL"
	if a.key == "day" {
		w = " WHERE l.order_ts IS NOT NULL"
	}
	if a.sold {
		w += " AND l.kind = 0"
	}
	return w
}

// liveImports lists the imports that are visible.
func liveImports(ctx context.Context, tx *sql.Tx) (list []int64, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT id FROM imports WHERE state = 'live' ORDER BY id")
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		list = append(list, id)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

func (s *Store) deriveAll(ctx context.Context, tx *sql.Tx, a *aggregate, live []int64) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM "+a.table); err != nil {
		return err
	}
	key := s.keyOf(a)
	_, err := tx.ExecContext(ctx, "INSERT INTO "+a.table+" ("+a.key+", "+a.columns+") SELECT "+key+", "+a.values+
		" FROM line_store l"+a.where()+" AND l.import_id IN ("+ids(live)+") GROUP BY "+key)
	return err
}

// deriveAnew makes all aggregates from all lines.
func (s *Store) deriveAnew(ctx context.Context, tx *sql.Tx, live []int64) error {
	s.back.spacious(ctx, tx)
	for i := range aggregates {
		if err := s.deriveAll(ctx, tx, &aggregates[i], live); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) deriveTouched(ctx context.Context, tx *sql.Tx, a *aggregate, live, changed []int64) error {
	touched := "touched_" + a.table
	kind := "TEXT"
	drop, join := "DROP TABLE IF EXISTS temp."+touched, s.back.driving() // keys first, then their lines
	on := "l." + a.key + " = t.k"
	if a.key == "day" {
		on = "l.order_ts >= t.k AND l.order_ts < date(t.k, '+1 day')"
	}
	if s.DB.Dialect == sqldb.MySQL {
		kind, drop = "VARBINARY(255)", "DROP TEMPORARY TABLE IF EXISTS "+touched
		if a.key == "day" {
			kind, on = "DATE", "l.order_ts >= t.k AND l.order_ts < t.k + INTERVAL 1 DAY"
		}
	}
	key := s.keyOf(a)
	for _, q := range []string{
		drop,
		s.back.temporary() + " " + touched + " (k " + kind + " NOT NULL PRIMARY KEY)",
		"INSERT INTO " + touched + " SELECT DISTINCT " + key + " FROM line_store l" + a.where() + " AND l.import_id IN (" + ids(changed) + ")",
		"DELETE FROM " + a.table + " WHERE " + a.key + " IN (SELECT k FROM " + touched + ")",
		"INSERT INTO " + a.table + " (" + a.key + ", " + a.columns + ") SELECT t.k, " + a.values + " FROM " + touched + " t" + join + "line_store l ON " + on +
			a.where() + " AND l.import_id IN (" + ids(live) + ") GROUP BY t.k",
		drop,
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes the rows of imports that were replaced or given up, piece by piece.
func (s *Store) sweep(ctx context.Context) error {
	old, err := s.records(ctx, "WHERE state = 'replaced'")
	if err != nil {
		return err
	}
	for _, r := range old {
		for _, table := range []string{"line_store", "rejects"} {
			for from := int64(0); from <= r.position; from += chunkRows {
				if err := s.exec(ctx, "removing replaced rows", "DELETE FROM "+table+" WHERE import_id = ? AND row_no > ? AND row_no <= ?", r.id, from, from+chunkRows); err != nil {
					return err
				}
			}
		}
		if err := s.exec(ctx, "removing a replaced import", "DELETE FROM imports WHERE id = ? AND state = 'replaced'", r.id); err != nil {
			return err
		}
	}
	return nil
}

// secondary are the secondary indexes of line_store. They are made when a second import asks for the
// other lines of its days, orders, customers and products: the first one needs none, and building an index is
// faster than keeping it up. Those that analyses profit from are Index's.
var secondary = []struct{ name, column string }{
	{"lines_ts", "order_ts"}, {"lines_order", "order_id"}, {"lines_customer", "customer_id"}, {"lines_product", "product_id"},
}

// lineIndexes makes those of the secondary indexes that are missing.
func (s *Store) lineIndexes(ctx context.Context) error {
	have := map[string]bool{}
	query := "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'line_store'"
	if s.DB.Dialect == sqldb.MySQL {
		query = "SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'line_store'"
	}
	err := s.each(ctx, "reading the indexes", query, nil, func() { clear(have) }, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		have[name] = true
		return err
	})
	if err != nil {
		return err
	}
	var add []string
	for _, x := range secondary {
		switch {
		case have[x.name]:
		case s.DB.Dialect == sqldb.MySQL:
			add = append(add, "ADD INDEX "+x.name+" ("+x.column+")")
		default:
			if err := s.exec(ctx, "making the index "+x.name, "CREATE INDEX IF NOT EXISTS "+x.name+" ON line_store ("+x.column+")"); err != nil {
				return err
			}
		}
	}
	if len(add) == 0 {
		return nil
	}
	return s.exec(ctx, "making indexes", "ALTER TABLE line_store "+strings.Join(add, ", "))
}
