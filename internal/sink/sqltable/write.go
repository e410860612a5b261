package sqltable

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// Mode says what becomes of the rows that a table has.
type Mode uint8

// The modes.
const (
	Replace Mode = iota // the table holds the new rows only
	Append              // the new rows come to the old ones
	Upsert              // rows of equal keys are replaced, the others stay
)

var modes = []string{"replace", "append", "upsert"}

// Modes returns the names of the modes.
func Modes() []string { return slices.Clone(modes) }

// ParseMode returns the mode of a name; "" is Replace.
func ParseMode(s string) (Mode, error) {
	if s == "" {
		return Replace, nil
	}
	if i := slices.Index(modes, s); i >= 0 {
		return Mode(i), nil
	}
	return 0, fault.New(fault.Usage, "--mode %s: modes are %s", s, strings.Join(modes, ", "))
}

// Options say how a table is written.
type Options struct {
	Mode Mode
	Keys []string // columns whose values tell rows apart; needed by Upsert, else made the primary index of a new table
	// Width returns the length in bytes of the longest text of a column where it is known, else 0. Short texts get a type that can be
	// indexed.
	Width  func(col int) int
	Getenv func(string) string
	// LockWait is how long the writer waits for another one, or for readers; 20 s by default.
	LockWait time.Duration
	// Dial replaces the dialer of MySQL, for tests that cut connections.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Report says what was written.
type Report struct {
	Rows              int64
	Inserted, Updated int64 // of Upsert
	Replaced          bool  // a table was there, whose rows are gone
	Notices           []string
}

// writeTimeout ends the wait for the server's answer to a statement; a swap or an update of many rows takes long.
const writeTimeout = 10 * time.Minute

// Write stores the rows that fill gives to the writer: all of them when fill returns nil, else none.
func Write(ctx context.Context, raw string, schema *arrow.Schema, o Options, fill func(sink.Writer) error) (Report, error) {
	u, err := sqldb.Parse(raw)
	if err != nil {
		return Report{}, err
	}
	if u.Table == "" {
		return Report{}, fault.New(fault.Usage, "writing to %s: no table is named", u).WithHint("add ?table=NAME")
	}
	if o.LockWait <= 0 {
		o.LockWait = 20 * time.Second
	}
	j := &job{url: u, opts: o}
	if err := j.columns(schema); err != nil {
		return Report{}, fault.Wrap(err, "writing to %s", u)
	}
	if j.db, err = sqldb.Open(ctx, u, sqldb.Options{Getenv: o.Getenv, Create: true, ReadTimeout: writeTimeout, LockTimeout: o.LockWait, MaxConns: 2, Dial: o.Dial}); err != nil {
		return Report{}, err
	}
	defer func() { _ = j.db.Close() }() // everything is settled by then
	if u.Dialect == sqldb.SQLite {
		err = j.writeSQLite(ctx, fill)
	} else {
		err = j.writeMySQL(ctx, fill)
	}
	if err != nil {
		return Report{}, j.explain(ctx, err)
	}
	return j.report, nil
}

// job is one writing.
type job struct {
	url    *sqldb.URL
	db     *sqldb.DB
	opts   Options
	cols   []column
	report Report
}

func (j *job) explain(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		err = cause
	}
	return j.db.Explain(err, "writing")
}

// columns settles names, types and keys.
func (j *job) columns(schema *arrow.Schema) error {
	if err := sink.Flat(schema); err != nil {
		return err
	}
	seen := map[string]string{}
	for i, f := range schema.Fields() {
		c := column{name: f.Name, typ: valueType(f.Type), key: slices.Contains(j.opts.Keys, f.Name)}
		if other, ok := seen[strings.ToLower(f.Name)]; ok {
			return fault.New(fault.Input, "columns %q and %q are the same to a database", other, f.Name).WithHint("leave one out (--columns)")
		}
		seen[strings.ToLower(f.Name)] = f.Name
		if j.opts.Width != nil {
			c.width = j.opts.Width(i)
		}
		if err := c.declare(j.url.Dialect); err != nil {
			return err
		}
		j.cols = append(j.cols, c)
	}
	for _, k := range j.opts.Keys {
		if !slices.ContainsFunc(j.cols, func(c column) bool { return c.name == k }) {
			return fault.New(fault.Usage, "the key %q is no column", k).WithHint("columns are %s", strings.Join(schemaNames(schema), ", "))
		}
	}
	if j.opts.Mode == Upsert && len(j.opts.Keys) == 0 {
		return fault.New(fault.Usage, "which rows are the same?").WithHint("name the columns that tell rows apart: --key COLUMN,…")
	}
	return nil
}

func schemaNames(s *arrow.Schema) []string {
	var out []string
	for _, f := range s.Fields() {
		out = append(out, f.Name)
	}
	return out
}

func (j *job) names() []string {
	out := make([]string, len(j.cols))
	for i := range j.cols {
		out[i] = j.cols[i].name
	}
	return out
}

func (j *job) quote(name string) string { return j.url.Dialect.Quote(name) }

// definition lists columns and types of a new table.
func (j *job) definition() string {
	list := make([]string, len(j.cols))
	for i := range j.cols {
		list[i] = j.quote(j.cols[i].name) + " " + j.cols[i].decl
	}
	return strings.Join(list, ", ")
}

// sameKeys is the condition that two rows have the same key, nulls being equal.
func (j *job) sameKeys(a, b string) string {
	is := " <=> "
	if j.url.Dialect == sqldb.SQLite {
		is = " IS "
	}
	list := make([]string, len(j.opts.Keys))
	for i, k := range j.opts.Keys {
		list[i] = a + "." + j.quote(k) + is + b + "." + j.quote(k)
	}
	return strings.Join(list, " AND ")
}

// writer counts the rows and hands them on. It can be closed early and often: what is written is settled by Write.
type writer struct {
	j     *job
	write func(b *frame.Batch) error
	err   error
}

// Write implements sink.Writer.
func (w *writer) Write(b *frame.Batch) error {
	if w.err != nil {
		return w.err
	}
	if len(b.Cols) != len(w.j.cols) {
		return fault.New(fault.Internal, "writing a batch of %d columns to a table of %d", len(b.Cols), len(w.j.cols))
	}
	if w.err = w.write(b); w.err == nil {
		w.j.report.Rows += int64(b.N)
	}
	return w.err
}

// Close implements sink.Writer.
func (w *writer) Close() error { return w.err }
