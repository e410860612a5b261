package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// Store is an open database of a shop.
type Store struct {
	DB   *sqldb.DB
	back backend
	now  func() time.Time
}

// Options say how a store is opened.
type Options struct {
	sqldb.Options
	// Now gives the time of runs.
	Now func() time.Time
}

// Open opens the database of a URL. It need not have tables: Init makes them, everything else
// fails without.
func Open(ctx context.Context, u *sqldb.URL, o Options) (*Store, error) {
	if u.Table != "" {
		return nil, fault.New(fault.Usage, "%s: a store is a whole database", u).WithHint("leave ?table= out")
	}
	db, err := sqldb.Open(ctx, u, o.Options)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = func() time.Time { return time.Time{} }
	}
	s := &Store{DB: db, now: o.Now, back: backend(sqliteBackend{})}
	if u.Dialect == sqldb.MySQL {
		s.back = mysqlBackend{local: db.LocalInfile}
	}
	return s, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.DB.Close() }

// clock is the time of now, as tables hold it: UTC.
func (s *Store) clock() string { return s.now().UTC().Format(timeLayout) }

// timeLayout is how times are stored: of one length, so that texts compare as times.
const timeLayout = "2006-01-02 15:04:05.000000"

// transact runs fn in a transaction, again when the server was away for a moment.
func (s *Store) transact(ctx context.Context, doing string, fn func(ctx context.Context, tx *sql.Tx) error) error {
	return s.DB.Retry(ctx, doing, func(ctx context.Context) error {
		tx, err := s.DB.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := fn(ctx, tx); err != nil {
			_ = tx.Rollback() // the error that matters is err
			return err
		}
		return tx.Commit()
	})
}

// ask runs a query of one row, again when the server was away for a moment.
func (s *Store) ask(ctx context.Context, doing string, dest []any, query string, args ...any) error {
	return s.DB.Retry(ctx, doing, func(ctx context.Context) error {
		return s.DB.QueryRowContext(ctx, query, args...).Scan(dest...)
	})
}

// each runs a query and calls scan for every row; again from the start, with begin called before,
// when the server was away for a moment.
func (s *Store) each(ctx context.Context, doing, query string, args []any, begin func(), scan func(rows *sql.Rows) error) error {
	return s.DB.Retry(ctx, doing, func(ctx context.Context) error {
		begin()
		rows, err := s.DB.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // Err tells what went wrong
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
