package sqltable

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// askTimeout bounds the questions about a whole table: without an answer everything is read.
const askTimeout = time.Minute

// maxCondition bounds the text of a condition, far below what servers take.
const maxCondition = 256 << 10

// Select implements source.Selective. The rows are read in the ranges of the whole table with a further condition, or, where an
// index finds few rows, by it at once.
func (d *Dataset) Select(ctx context.Context, keep expr.Node, span int) (*source.Selection, error) {
	asking, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := d.snap.acquire(asking)
	if err != nil {
		return nil, ctx.Err()
	}
	sel, err := d.selection(asking, conn, keep, span)
	d.snap.release(conn, err != nil && (sqldb.Passing(err) || asking.Err() != nil))
	if err != nil { // a server that refuses a question is asked for all rows
		return nil, ctx.Err()
	}
	return sel, nil
}

func (d *Dataset) selection(ctx context.Context, conn *sql.Conn, keep expr.Node, span int) (*source.Selection, error) {
	f := &filter{t: d.t, d: d.db.Dialect, dates: map[int]dates{}}
	if err := d.learn(ctx, conn, f, keep); err != nil {
		return nil, err
	}
	where := f.print(keep, false)
	if where == "" || len(where) > maxCondition {
		return nil, nil
	}
	sel := &source.Selection{}
	if known, err := d.totals(ctx, conn, f, span, sel); err != nil || !known {
		return nil, err
	}
	part := &Dataset{db: d.db, opts: d.opts, snap: d.snap, schema: d.schema, keep: where, whole: d}
	t := *d.t
	part.t = &t
	indexed, err := d.indexed(ctx, conn, where, sel.Rows)
	if err != nil {
		return nil, err
	}
	part.slice(indexed && (len(d.t.order) > 0 || d.t.view)) // an index has an order of its own
	d.mu.Lock()
	d.total, d.part = sel.Rows, part
	d.mu.Unlock()
	sel.Dataset = part
	return sel, nil
}

// learn finds out what the printed condition depends on.
func (d *Dataset) learn(ctx context.Context, conn *sql.Conn, f *filter, keep expr.Node) (err error) {
	if d.db.Dialect != sqldb.SQLite {
		return nil
	}
	var encoding string
	if err := conn.QueryRowContext(ctx, "PRAGMA encoding").Scan(&encoding); err != nil {
		return err
	}
	f.utf8 = encoding == "UTF-8"
	expr.Walk(keep, func(n expr.Node) {
		c, ok := n.(*expr.Column)
		if !ok || err != nil || c.Index < 0 || c.Type != expr.Time && c.Type != expr.Date {
			return
		}
		if _, known := f.dates[c.Index]; !known {
			f.dates[c.Index], err = d.dates(ctx, conn, c.Index)
		}
	})
	return err
}

// totals counts the rows of the table and finds the limits of column span; false when they cannot be told.
func (d *Dataset) totals(ctx context.Context, conn *sql.Conn, f *filter, span int, sel *source.Selection) (bool, error) {
	if span < 0 {
		return true, d.ask(ctx, conn, "SELECT COUNT(*) FROM "+d.t.name, &sel.Rows)
	}
	c := &d.t.cols[span]
	first, last, err := d.limits(ctx, conn, f, span, sel)
	if err != nil {
		return false, err
	}
	var ok1, ok2 bool
	sel.Min, ok1 = limit(c, []byte(first))
	sel.Max, ok2 = limit(c, []byte(last))
	return ok1 && ok2, nil
}

// limits counts the rows and finds the least and the greatest value of a column as the database has them; they are empty where it does not know them.
func (d *Dataset) limits(ctx context.Context, conn *sql.Conn, f *filter, at int, sel *source.Selection) (first, last string, err error) {
	c := &d.t.cols[at]
	if d.db.Dialect == sqldb.SQLite {
		known, ok := f.dates[at]
		if !ok {
			known, err = d.dates(ctx, conn, at)
		}
		sel.Rows = known.rows
		return known.first, known.last, err
	}
	if c.how != asDate && c.how != asTime {
		return "", "", nil
	}
	var least, greatest sql.NullString
	if err := d.ask(ctx, conn, fmt.Sprintf("SELECT COUNT(*), MIN(%[1]s), MAX(%[1]s) FROM %[2]s", f.name(c), d.t.name), &sel.Rows, &least, &greatest); err != nil {
		return "", "", err
	}
	if zeroDate([]byte(least.String)) { // null when it is read
		err = d.ask(ctx, conn, fmt.Sprintf("SELECT MIN(%[1]s) FROM %[2]s WHERE %[1]s >= TIMESTAMP'1000-01-01 00:00:00'", f.name(c), d.t.name), &least)
	}
	return least.String, greatest.String, err
}

// ask asks a question that may take long; servers give it up in time by themselves, for a connection that is given up is lost.
func (d *Dataset) ask(ctx context.Context, conn *sql.Conn, q string, to ...any) error {
	if d.db.Dialect == sqldb.MySQL {
		limit := (askTimeout - 5*time.Second).Milliseconds()
		q = fmt.Sprintf("/*M! SET STATEMENT max_statement_time = %d FOR */ SELECT /*+ MAX_EXECUTION_TIME(%d) */ %s", limit/1000, limit, strings.TrimPrefix(q, "SELECT "))
	}
	return conn.QueryRowContext(ctx, q).Scan(to...)
}

// few is the share of a table (one in so many rows) up to which an index is better than the order in which it is stored.
const few = 10

// indexed asks whether the database would find the rows of a condition by another index than that of the ranges, and they are few. A
// condition that it refuses is an error.
func (d *Dataset) indexed(ctx context.Context, conn *sql.Conn, where string, rows int64) (bool, error) {
	plain := *d.t
	plain.hint = ""
	q := plain.selects([]string{"*"}, []string{where})
	if d.db.Dialect == sqldb.SQLite {
		return d.indexedSQLite(ctx, conn, q, where, rows)
	}
	r, err := conn.QueryContext(ctx, "EXPLAIN "+q)
	if err != nil {
		return false, err
	}
	defer r.Close()
	names, err := r.Columns()
	if err != nil || !r.Next() {
		return false, err
	}
	cells := make([]sql.NullString, len(names))
	to := make([]any, len(names))
	var key sql.NullString
	var estimate sql.NullInt64
	for i, n := range names {
		switch to[i] = &cells[i]; n {
		case "key":
			to[i] = &key
		case "rows":
			to[i] = &estimate
		}
	}
	if err := r.Scan(to...); err != nil {
		return false, err
	}
	other := key.Valid && !strings.Contains(d.t.hint, d.db.Dialect.Quote(key.String))
	return other && estimate.Valid && estimate.Int64*few <= rows, r.Err()
}

// indexedSQLite: SQLite estimates nothing without statistics; the rows are counted until they are many.
func (d *Dataset) indexedSQLite(ctx context.Context, conn *sql.Conn, q, where string, rows int64) (bool, error) {
	r, err := conn.QueryContext(ctx, "EXPLAIN QUERY PLAN "+q)
	if err != nil {
		return false, err
	}
	defer r.Close()
	index := false
	for r.Next() {
		var detail string
		if err := r.Scan(new(any), new(any), new(any), &detail); err != nil {
			return false, err
		}
		index = index || strings.HasPrefix(detail, "SEARCH") && strings.Contains(detail, " INDEX ")
	}
	if err := r.Err(); err != nil || !index {
		return false, err
	}
	var n int64
	most := rows / few
	err = conn.QueryRowContext(ctx, fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM %s WHERE %s LIMIT %d)", d.t.name, where, most+1)).Scan(&n)
	return n <= most, err
}

// slice makes the splits of a selection: those of the whole table, or one that an index finds.
func (d *Dataset) slice(indexed bool) {
	switch {
	case indexed:
		d.t.hint, d.t.key = "", ""
	case d.t.hint == "" && len(d.t.order) == 0 && !d.t.view: // the order of the storage stays
		d.t.hint = map[sqldb.Dialect]string{sqldb.MySQL: " USE INDEX ()", sqldb.SQLite: " NOT INDEXED"}[d.db.Dialect]
	}
	ranges := []keyRange{whole}
	if !indexed {
		ranges = nil
		for _, s := range d.whole.splits {
			ranges = append(ranges, s.(*split).keys)
		}
	}
	d.begin(ranges)
}

// Statement implements source.Queried.
func (d *Dataset) Statement(want []source.Want) string {
	var list []string
	for _, w := range want {
		list = append(list, d.t.cols[w.Col].sel)
	}
	return d.statement(list, d.splits[0].(*split).keys)
}

// statement reads columns of a range.
func (d *Dataset) statement(list []string, k keyRange) string {
	where := k.where(d.t.key)
	if d.keep != "" {
		where = append(where, d.keep)
	}
	return d.t.selects(list, where)
}
