package sqltable

import (
	"context"
	"net"
	"runtime"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// Options say how a table is read. The zero value is right for most.
type Options struct {
	// Getenv reads the environment for passwords; nil has none.
	Getenv func(string) string
	// Conns bounds the connections that read at the same time; 0 is one more than there are processors, at most 8.
	Conns int
	// RangeKeys is how many keys a range spans; 0 is 131,072.
	RangeKeys int64
	// Dial replaces the dialer of MySQL, for tests that cut connections.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// readTimeout ends the wait for the next rows of a range.
const readTimeout = 2 * time.Minute

// Open opens the table that a URL names. Errors name the server, what was tried and what to do.
func Open(ctx context.Context, raw string, o Options) (source.Dataset, error) {
	u, err := sqldb.Parse(raw)
	if err != nil {
		return nil, err
	}
	if o.Conns <= 0 {
		o.Conns = min(8, runtime.GOMAXPROCS(0)+1)
	}
	if o.RangeKeys <= 0 {
		o.RangeKeys = 1 << 17
	}
	db, err := sqldb.Open(ctx, u, sqldb.Options{Getenv: o.Getenv, ReadOnly: true, MaxConns: o.Conns + 1, ReadTimeout: readTimeout, Dial: o.Dial})
	if err != nil {
		return nil, err
	}
	d := &Dataset{db: db, opts: o}
	if err := d.open(ctx); err != nil {
		_ = d.Close() // the error that matters is err
		return nil, err
	}
	return d, nil
}

// open reads what the server knows of the table, takes the snapshot and cuts the ranges.
func (d *Dataset) open(ctx context.Context) error {
	if d.db.URL.Table == "" {
		return d.whichTable(ctx)
	}
	t, err := describe(ctx, d.db)
	if err != nil {
		return err
	}
	d.t = t
	if d.snap, err = begin(ctx, d.db, t, d.opts.Conns); err != nil {
		return err
	}
	d.notices = append(d.notices, d.snap.notices...)
	conn, err := d.snap.acquire(ctx)
	if err != nil {
		return err
	}
	sound := false
	defer func() { d.snap.release(conn, !sound) }()
	if err := d.sample(ctx, conn); err != nil {
		return err
	}
	ranges, err := d.cut(ctx, conn)
	if err != nil {
		return err
	}
	sound = true
	d.begin(ranges)
	d.finish()
	return nil
}

// whichTable is the error of a URL without a table: it names those that there are.
func (d *Dataset) whichTable(ctx context.Context) error {
	q := "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name LIMIT 50"
	if d.db.Dialect == sqldb.SQLite {
		q = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name LIMIT 50"
	}
	names, err := texts(ctx, d.db, q)
	if err != nil {
		return d.db.Explain(err, "listing the tables")
	}
	e := fault.New(fault.Usage, "opening %s: no table is named", d.db.URL)
	if len(names) == 0 {
		return e.WithHint("add ?table=NAME; there is no table yet")
	}
	return e.WithHint("add ?table=NAME, one of %s", strings.Join(names, ", "))
}

// texts returns the first column of a query.
func texts(ctx context.Context, db *sqldb.DB, q string, args ...any) ([]string, error) {
	rows, err := db.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
