package sqltable

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// snapshot is the connections that see one state of a table.
type snapshot struct {
	db      *sqldb.DB
	t       *table
	want    int
	notices []string

	free chan *sql.Conn
	dead chan struct{} // closed when no connection is left

	mu    sync.Mutex
	conns []*sql.Conn
	alive int
}

// begin starts the transactions. A failure leaves nothing open.
func begin(ctx context.Context, db *sqldb.DB, t *table, conns int) (*snapshot, error) {
	if t.key == "" {
		conns = 1
	}
	s := &snapshot{db: db, t: t, want: conns, free: make(chan *sql.Conn, conns), dead: make(chan struct{})}
	err := db.Retry(ctx, "beginning to read", func(ctx context.Context) error {
		s.drop()
		s.notices = nil
		if db.Dialect == sqldb.SQLite {
			return s.beginSQLite(ctx)
		}
		return s.beginMySQL(ctx)
	})
	if err != nil {
		s.drop()
		return nil, err
	}
	return s, nil
}

func (s *snapshot) add(c *sql.Conn) {
	s.conns = append(s.conns, c)
	s.alive++
	s.free <- c
}

// drop ends all transactions.
func (s *snapshot) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, c := range s.conns {
		_, _ = c.ExecContext(ctx, "ROLLBACK") // nothing was written
		_ = c.Close()
	}
	s.conns, s.alive = nil, 0
	for len(s.free) > 0 {
		<-s.free
	}
}

// acquire waits for a connection of the snapshot.
func (s *snapshot) acquire(ctx context.Context) (*sql.Conn, error) {
	select {
	case c := <-s.free:
		return c, nil
	default:
	}
	select {
	case c := <-s.free:
		return c, nil
	case <-s.dead:
		return nil, fault.New(fault.Unavailable, "%s: every connection that saw the state being read is lost", s.db.URL).
			WithHint("check the server and run the command again; nothing was written")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// release gives a connection back; a broken one is gone, and its view of the table with it.
func (s *snapshot) release(c *sql.Conn, broken bool) {
	if !broken {
		s.free <- c
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = c.Close()
	if s.alive--; s.alive == 0 {
		close(s.dead)
	}
}
