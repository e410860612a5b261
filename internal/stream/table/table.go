package table

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// Options say how the database is reached.
type Options struct {
	Getenv func(string) string
	// Patience is how long a database that is away is waited for; a minute by default.
	Patience time.Duration
	// Dial replaces the dialer of MySQL, for tests that cut connections.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// commits is the table of the last commits, one row a table that streams write to.
const commits = "ecomctl_stream"

// most is how many rows wait before a checkpoint is asked for.
const most = 100_000

// Table is an output of windows.
type Table struct {
	url  *sqldb.URL
	opts Options
	dims []string
	db   *sqldb.DB
	job  string
	last string // the id that the database is expected to hold
	anew bool   // the first commit empties the table
	made bool   // the table is there, with the columns of the windows

	wait []*result.Table
	rows int
}

// New returns an output to the table that a URL names; dims are the columns that tell rows of a window apart. Nothing is
// connected before Begin.
func New(raw string, dims []string, o Options) (*Table, error) {
	u, err := sqldb.Parse(raw)
	if err != nil {
		return nil, err
	}
	if u.Table == "" {
		return nil, fault.New(fault.Usage, "writing to %s: no table is named", u).WithHint("add ?table=NAME")
	}
	if strings.EqualFold(u.Table, commits) {
		return nil, fault.New(fault.Usage, "writing to %s: the table %s holds the commits of streams", u, commits).WithHint("name another table")
	}
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	return &Table{url: u, opts: o, dims: dims}, nil
}

// Begin implements stream.Committer: it connects and takes the table over for a job.
func (t *Table) Begin(ctx context.Context, job string, fresh bool) (last string, err error) {
	if t.db == nil {
		t.db, err = sqldb.Open(ctx, t.url, sqldb.Options{Getenv: t.opts.Getenv, Create: true, Patience: t.opts.Patience, MaxConns: 1, ReadTimeout: 5 * time.Minute, Dial: t.opts.Dial})
		if err != nil {
			return "", err
		}
	}
	t.job, t.anew, t.made, t.last = job, fresh, false, ""
	err = t.db.Retry(ctx, "beginning", func(ctx context.Context) error {
		name := "VARCHAR(191)"
		if t.url.Dialect == sqldb.SQLite {
			name = "TEXT"
			// a commit that was answered survives a power failure, as the checkpoint that relies on it does
			if _, err := t.db.ExecContext(ctx, "PRAGMA synchronous = FULL"); err != nil {
				return err
			}
		}
		if _, err := t.db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+commits+" (name "+name+" NOT NULL PRIMARY KEY, job "+name+" NOT NULL, id "+name+" NOT NULL)"); err != nil {
			return err
		}
		owner, id, err := t.held(ctx, t.db)
		if err != nil {
			return err
		}
		if fresh {
			return t.vacant(ctx, owner)
		}
		if owner == job {
			last = id
		}
		return nil
	})
	t.last = last
	return last, err
}

// querier is a connection or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// held reads whose the table is and the id of its last commit; "" when it is nobody's.
func (t *Table) held(ctx context.Context, q querier) (job, id string, err error) {
	err = q.QueryRowContext(ctx, "SELECT job, id FROM "+commits+" WHERE name = ?", t.url.Table).Scan(&job, &id)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return job, id, err
}

// vacant refuses a table with rows that no stream wrote.
func (t *Table) vacant(ctx context.Context, owner string) error {
	if owner != "" {
		return nil
	}
	var one int
	switch err := t.db.QueryRowContext(ctx, "SELECT 1 FROM "+t.target()+" LIMIT 1").Scan(&one); {
	case errors.Is(err, sql.ErrNoRows), sqldb.IsNoTable(err):
		return nil
	case err != nil:
		return err
	}
	return fault.New(fault.Usage, "writing to %s: the table has rows that no stream wrote, and a stream keeps a table of its own", t.url).WithHint("name another table, or empty this one")
}

func (t *Table) target() string { return t.url.Dialect.Quote(t.url.Table) }

// Put implements stream.Output: the rows wait for the commit.
func (t *Table) Put(_ context.Context, rows *result.Table) error {
	t.wait = append(t.wait, rows)
	t.rows += rows.N
	return nil
}

// Full reports whether so many rows wait that they should be committed.
func (t *Table) Full() bool { return t.rows >= most }

// Commit implements stream.Committer: one transaction stores the rows that wait and the id.
func (t *Table) Commit(ctx context.Context, id string) error {
	if err := t.make(ctx); err != nil {
		return err
	}
	err := t.db.Retry(ctx, "writing windows", func(ctx context.Context) error {
		tx, err := t.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // nothing after a commit
		done, err := t.claim(ctx, tx, id)
		if err != nil || done {
			return err
		}
		for _, rows := range t.wait {
			if err := t.write(ctx, tx, rows); err != nil {
				return err
			}
		}
		return tx.Commit()
	})
	if err != nil {
		return err
	}
	t.wait, t.rows, t.last, t.anew = nil, 0, id, false
	return nil
}

// claim moves the id on. done says that a transaction whose answer was lost has done everything.
func (t *Table) claim(ctx context.Context, tx *sql.Tx, id string) (done bool, err error) {
	if t.anew {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+commits+" WHERE name = ?", t.url.Table); err != nil {
			return false, err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO "+commits+" (name, job, id) VALUES (?, ?, ?)", t.url.Table, t.job, id); err != nil {
			return false, err
		}
		if !t.made {
			return false, nil
		}
		_, err = tx.ExecContext(ctx, t.deletion("1 = 1"))
		return false, err
	}
	res, err := tx.ExecContext(ctx, "UPDATE "+commits+" SET id = ? WHERE name = ? AND job = ? AND id = ?", id, t.url.Table, t.job, t.last)
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return false, err
	}
	owner, now, err := t.held(ctx, tx)
	if err != nil {
		return false, err
	}
	if owner == t.job && now == id {
		return true, nil
	}
	return false, fault.New(fault.Locked, "writing to %s: another run has taken the table over", t.url).
		WithHint("two runs cannot write to one table: end one, or name another table")
}

// Sync implements stream.Output; rows become durable with Commit.
func (t *Table) Sync(context.Context) (int64, error) { return 0, nil }

// Restore implements stream.Output; the database is where its last commit left it.
func (t *Table) Restore(int64) error { return nil }

// Close implements stream.Output; what was not committed is dropped.
func (t *Table) Close(bool) error {
	if t.db == nil {
		return nil
	}
	return t.db.Explain(t.db.Close(), "closing")
}
