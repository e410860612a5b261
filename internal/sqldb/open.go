package sqldb

import (
	"context"
	"database/sql"
	"net"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Options say how a database is used. The zero value reads and writes with sensible deadlines.
type Options struct {
	// Getenv reads the environment: ${NAME} in passwords, MYSQL_PWD, USER. Nil has no environment.
	Getenv func(string) string
	// DialTimeout ends an attempt to connect, greeting and password included; 10 s by default.
	DialTimeout time.Duration
	// ReadTimeout ends the wait for the server's next bytes; 10 minutes by default, for building
	// an index sends none. Hosts that vanished are found by TCP's keep-alive long before.
	ReadTimeout time.Duration
	// WriteTimeout ends the wait until the server takes bytes; 1 minute by default.
	WriteTimeout time.Duration
	// LockTimeout is how long a statement waits for the locks of others; 20 s by default.
	LockTimeout time.Duration
	// Patience bounds the repetition of what may pass (a server that restarts, deadlocks); 3 s
	// by default, negative tries once.
	Patience time.Duration
	// DialPatience is the patience of Open; by default Patience, but at most 3 s.
	DialPatience time.Duration
	// MaxConns bounds the connections; 8 by default.
	MaxConns int
	// ReadOnly refuses to change anything.
	ReadOnly bool
	// Create makes the file of SQLite where there is none.
	Create bool
	// ParseTime gives times as time.Time instead of text (MySQL).
	ParseTime bool
	// Dial replaces the dialer; tests cut connections with it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (o Options) withDefaults() Options {
	set := func(at *time.Duration, d time.Duration) {
		if *at == 0 {
			*at = d
		}
	}
	set(&o.DialTimeout, 10*time.Second)
	set(&o.ReadTimeout, 10*time.Minute)
	set(&o.WriteTimeout, time.Minute)
	set(&o.LockTimeout, 20*time.Second)
	set(&o.Patience, 3*time.Second)
	set(&o.DialPatience, min(o.Patience, 3*time.Second))
	if o.MaxConns <= 0 {
		o.MaxConns = 8
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return o
}

// DB is an open database.
type DB struct {
	*sql.DB
	URL     *URL
	Dialect Dialect
	// Version is what the server says of itself: "10.11.6-MariaDB", "8.0.36", "3.51.0".
	Version string
	// LocalInfile says that the server takes LOAD DATA LOCAL.
	LocalInfile bool

	opts Options
}

// Open connects to a database and checks that it answers, in a version that can be used. The
// errors are faults that name the server, what was tried and what to do.
func Open(ctx context.Context, u *URL, o Options) (*DB, error) {
	o = o.withDefaults()
	db := &DB{URL: u, Dialect: u.Dialect, opts: o}
	var err error
	switch u.Dialect {
	case MySQL:
		err = db.openMySQL(ctx)
	case SQLite:
		err = db.openSQLite(ctx)
	default:
		err = fault.New(fault.Internal, "opening a database of dialect %d", u.Dialect)
	}
	if err != nil {
		if db.DB != nil {
			_ = db.DB.Close() // the error that matters is err
		}
		return nil, err
	}
	return db, nil
}

// greet tries to reach the server until it answers or patience ends, then asks for its version.
func (db *DB) greet(ctx context.Context, version string) error {
	db.SetMaxOpenConns(db.opts.MaxConns)
	db.SetMaxIdleConns(db.opts.MaxConns)
	return db.retry(ctx, db.opts.DialPatience, "connecting", func(outer context.Context) error {
		ctx, cancel := context.WithTimeout(outer, db.opts.DialTimeout)
		defer cancel()
		err := db.QueryRowContext(ctx, version).Scan(&db.Version)
		if err != nil && ctx.Err() != nil && outer.Err() == nil {
			return &silent{after: db.opts.DialTimeout, err: err}
		}
		return err
	})
}
