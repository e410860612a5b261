package store

import (
	"bytes"
	"context"
	"database/sql"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// backend is what the databases do differently.
type backend interface {
	// lock keeps other processes out of a part of the work until unlock.
	lock(ctx context.Context, db *sqldb.DB, name string) (unlock func(), err error)
	// bulk says that lines come as text for LOAD DATA, else as arguments.
	bulk() bool
	// insertLines stores the lines of a chunk.
	insertLines(ctx context.Context, tx *sql.Tx, c *chunk) error
	// forUpdate ends a SELECT whose row is changed later in the transaction.
	forUpdate() string
	// day is the expression of the day of a column that holds times.
	day(column string) string
	// spacious lets the session group in memory what it would group on disk.
	spacious(ctx context.Context, tx *sql.Tx)
	// driving is a join whose left side is read first.
	driving() string
	// temporary begins the statement that makes a table of the connection only.
	temporary() string
	// shred lets a transaction overwrite what it takes away, where the database does not do so by itself.
	shred(ctx context.Context, tx *sql.Tx) error
	// wipe takes what was overwritten out of the journal.
	wipe(ctx context.Context, db *sqldb.DB) error
}

// insertRows stores rows by statements of many rows each; args holds width values a row.
func insertRows(ctx context.Context, tx *sql.Tx, d sqldb.Dialect, table string, names []string, args []any) error {
	width := len(names)
	batch := min(500, d.MaxArgs()/width)
	head := "INSERT INTO " + d.Quote(table) + " (" + d.QuoteAll(names) + ") VALUES "
	var full *sql.Stmt
	for len(args) > 0 {
		n := fitting(args[:min(batch*width, len(args))], width)
		part := args[:n*width]
		args = args[n*width:]
		if n < batch {
			if _, err := tx.ExecContext(ctx, head+d.Placeholders(width, n), part...); err != nil {
				return err
			}
			continue
		}
		if full == nil {
			var err error
			if full, err = tx.PrepareContext(ctx, head+d.Placeholders(width, n)); err != nil {
				return err
			}
			defer func() { _ = full.Close() }() // the transaction closes it, too
		}
		if _, err := full.ExecContext(ctx, part...); err != nil {
			return err
		}
	}
	return nil
}

// maxStatement bounds the bytes of a statement's texts; servers refuse packets of 16 MB.
const maxStatement = 4 << 20

// fitting returns how many of the rows in args, at least one, go into one statement.
func fitting(args []any, width int) int {
	size := 0
	for i, v := range args {
		if s, ok := v.(string); ok {
			size += len(s)
		}
		if size > maxStatement && i >= width {
			return i / width
		}
	}
	return len(args) / width
}

// sqliteBackend stores in a file.
type sqliteBackend struct{}

// lock: a writer of SQLite keeps all others out by itself.
func (sqliteBackend) lock(context.Context, *sqldb.DB, string) (func(), error) {
	return func() {}, nil
}

func (sqliteBackend) bulk() bool { return false }

func (sqliteBackend) insertLines(ctx context.Context, tx *sql.Tx, c *chunk) error {
	return insertRows(ctx, tx, sqldb.SQLite, "line_store", c.columns, c.args)
}

func (sqliteBackend) forUpdate() string                 { return "" }
func (sqliteBackend) day(column string) string          { return "substr(" + column + ", 1, 10)" }
func (sqliteBackend) spacious(context.Context, *sql.Tx) {}
func (sqliteBackend) driving() string                   { return " CROSS JOIN " }
func (sqliteBackend) temporary() string                 { return "CREATE TEMP TABLE" }

// shred: pages of SQLite keep what was deleted until something else needs the place.
func (sqliteBackend) shred(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, "PRAGMA secure_delete = ON")
	return err
}

// wipe: the journal holds pages as they were. Readers keep it from being cut.
func (sqliteBackend) wipe(ctx context.Context, db *sqldb.DB) error {
	var busy, pages, done int64
	err := db.Retry(ctx, "cutting the journal", func(ctx context.Context) error {
		return db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &done)
	})
	if err == nil && busy != 0 {
		err = fault.New(fault.Locked, "%s: the customer is forgotten, but others read the database, whose journal (-wal) holds the former rows until they have finished", db.URL).
			WithHint("end them; the next command that writes cuts the journal")
	}
	return err
}

// mysqlBackend stores on a server.
type mysqlBackend struct {
	local bool // LOAD DATA LOCAL is allowed
}

// lockWait is how long to wait for another process.
const lockWait = 30 * time.Second

func (mysqlBackend) lock(ctx context.Context, db *sqldb.DB, name string) (func(), error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, db.Explain(err, "locking the "+name)
	}
	key := "ecomctl:" + name + ":" + db.URL.Database
	if len(key) > 64 { // the longest name of a lock
		key = "ecomctl:" + digestText(key)[:50]
	}
	var got sql.NullInt64
	err = conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", key, int(lockWait/time.Second)).Scan(&got)
	if err == nil && got.Int64 != 1 {
		err = fault.New(fault.Locked, "%s: another ecomctl works on the %s", db.URL, name).WithHint("try again when it has finished")
	}
	if err != nil {
		_ = conn.Close() // err matters
		return nil, db.Explain(err, "locking the "+name)
	}
	return func() {
		// the lock goes with the connection at the latest
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", key)
		_ = conn.Close()
	}, nil
}

func (b mysqlBackend) bulk() bool { return b.local }

func (b mysqlBackend) insertLines(ctx context.Context, tx *sql.Tx, c *chunk) error {
	if !b.local {
		return insertRows(ctx, tx, sqldb.MySQL, "line_store", c.columns, c.args)
	}
	n, err := sqldb.LoadLocal(ctx, tx, "line_store", c.columns, bytes.NewReader(c.text))
	if err == nil && n != int64(c.lines) {
		return fault.New(fault.Internal, "loading lines: %d were sent, %d were stored", c.lines, n)
	}
	return err
}

func (mysqlBackend) forUpdate() string        { return " FOR UPDATE" }
func (mysqlBackend) day(column string) string { return "CAST(" + column + " AS DATE)" }

// spacious: groups wider than tmp_table_size go to disk row by row, which takes ten times as long.
func (mysqlBackend) spacious(ctx context.Context, tx *sql.Tx) {
	_, _ = tx.ExecContext(ctx, "SET SESSION tmp_table_size = 268435456, max_heap_table_size = 268435456") // slower without
}

func (mysqlBackend) driving() string   { return " STRAIGHT_JOIN " }
func (mysqlBackend) temporary() string { return "CREATE TEMPORARY TABLE" }

// shred, wipe: a server purges its undo log by itself.
func (mysqlBackend) shred(context.Context, *sql.Tx) error  { return nil }
func (mysqlBackend) wipe(context.Context, *sqldb.DB) error { return nil }
