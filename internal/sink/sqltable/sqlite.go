package sqltable

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
)

// sqliteJob is a writing to SQLite in one transaction, which also covers the making of tables.
type sqliteJob struct {
	*job
	tx       *sql.Tx
	target   string // quoted
	exists   bool
	existing []have
}

// stagingName is the table that is filled before it takes the place of the other.
const stagingName = "_ecomctl_new"

func (j *job) writeSQLite(ctx context.Context, fill func(sink.Writer) error) (err error) {
	s := &sqliteJob{job: j, target: j.quote(j.url.Table)}
	if s.tx, err = j.db.BeginTx(ctx, nil); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = s.tx.Rollback() // the first error counts
		}
	}()
	if err := s.look(ctx); err != nil {
		return err
	}
	mode := j.opts.Mode
	j.report.Replaced = s.exists && mode == Replace
	if !s.exists {
		mode = Replace
	}
	switch mode {
	case Append:
		err = s.append(ctx, fill)
	case Upsert:
		err = s.upsert(ctx, fill)
	default:
		err = s.replace(ctx, fill)
	}
	if err != nil {
		return err
	}
	return s.tx.Commit()
}

func (s *sqliteJob) exec(ctx context.Context, q string) error {
	_, err := s.tx.ExecContext(ctx, q)
	return err
}

// look reads what is there and refuses what a new table would lose.
func (s *sqliteJob) look(ctx context.Context) error {
	var kind, name string
	err := s.tx.QueryRowContext(ctx, "SELECT type, name FROM sqlite_schema WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')", s.url.Table).Scan(&kind, &name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	s.exists, s.target = true, s.quote(name)
	if kind == "view" {
		return fault.New(fault.Usage, "writing to %s: it is a view", s.url).WithHint("name a table")
	}
	if s.opts.Mode == Replace {
		if err := s.losses(ctx, name); err != nil {
			return err
		}
	}
	rows, err := s.tx.QueryContext(ctx, "SELECT name, type FROM pragma_table_info(?) ORDER BY cid", name)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var h have
		if err := rows.Scan(&h.name, &h.full); err != nil {
			return err
		}
		h.kind = affinity(h.full)
		s.existing = append(s.existing, h)
	}
	return rows.Err()
}

// losses refuses to replace a table that triggers or other tables hang on.
func (s *sqliteJob) losses(ctx context.Context, name string) error {
	for _, q := range []struct{ text, what string }{
		{"SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE LIMIT 1", "the trigger"},
		{`SELECT m.name FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f."table" = ? COLLATE NOCASE LIMIT 1`, "the foreign key of table"},
	} {
		var found string
		err := s.tx.QueryRowContext(ctx, q.text, name).Scan(&found)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		return fault.New(fault.Usage, "writing to %s: %s %s would be lost with the table that is replaced", s.url, q.what, found).WithHint("use --mode append or upsert, or another table")
	}
	return nil
}

// affinity is what SQLite makes of a declared type, by the rules of its documentation (Datatypes in SQLite, 3.1).
func affinity(decl string) string {
	d := strings.ToUpper(decl)
	for _, r := range []struct{ word, affinity string }{{"INT", "integer"}, {"CHAR", "text"}, {"CLOB", "text"}, {"TEXT", "text"}, {"BLOB", "blob"}, {"REAL", "real"}, {"FLOA", "real"}, {"DOUBLE", "real"}} {
		if strings.Contains(d, r.word) {
			return r.affinity
		}
	}
	if d == "" {
		return "blob"
	}
	return "numeric"
}

// replace fills a new table and lets it take the place of the old one; indexes are made again where their columns still are.
func (s *sqliteJob) replace(ctx context.Context, fill func(sink.Writer) error) error {
	indexes, err := s.indexes(ctx)
	if err != nil {
		return err
	}
	staging := s.quote(stagingName)
	if err := s.exec(ctx, "CREATE TABLE "+staging+" ("+s.definition()+")"); err != nil {
		return err
	}
	if err := s.fill(ctx, staging, fill); err != nil {
		return err
	}
	if s.opts.Mode == Upsert {
		if err := s.doubled(ctx, staging); err != nil {
			return err
		}
		s.report.Inserted = s.report.Rows
	}
	if s.exists {
		if err := s.exec(ctx, "DROP TABLE "+s.target); err != nil {
			return err
		}
	}
	if err := s.exec(ctx, "ALTER TABLE "+staging+" RENAME TO "+s.target); err != nil {
		return err
	}
	for _, x := range indexes {
		if err := s.exec(ctx, x); err != nil {
			s.report.Notices = append(s.report.Notices, fmt.Sprintf("an index of %s is gone: %v", s.url.Table, err))
		}
	}
	return nil
}

func (s *sqliteJob) indexes(ctx context.Context) (out []string, err error) {
	if !s.exists {
		return nil, nil
	}
	rows, err := s.tx.QueryContext(ctx, "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE AND sql IS NOT NULL", s.url.Table)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

func (s *sqliteJob) append(ctx context.Context, fill func(sink.Writer) error) error {
	if err := s.fits(); err != nil {
		return err
	}
	return s.fill(ctx, s.target, fill)
}

func (s *sqliteJob) upsert(ctx context.Context, fill func(sink.Writer) error) error {
	if err := s.fits(); err != nil {
		return err
	}
	staging := "temp." + s.quote(stagingName)
	if err := s.exec(ctx, "CREATE TEMP TABLE "+s.quote(stagingName)+" ("+s.definition()+")"); err != nil {
		return err
	}
	if err := s.fill(ctx, staging, fill); err != nil {
		return err
	}
	if err := s.doubled(ctx, staging); err != nil {
		return err
	}
	if err := s.exec(ctx, "CREATE INDEX temp._ecomctl_key ON "+s.quote(stagingName)+" ("+s.url.Dialect.QuoteAll(s.opts.Keys)+")"); err != nil {
		return err
	}
	target := "main." + s.target
	var set []string
	for _, c := range s.cols {
		if !slices.Contains(s.opts.Keys, c.name) {
			set = append(set, s.quote(c.name)+" = s."+s.quote(c.name))
		}
	}
	if len(set) > 0 {
		if err := s.exec(ctx, "UPDATE "+target+" AS t SET "+strings.Join(set, ", ")+" FROM "+staging+" AS s WHERE "+s.sameKeys("t", "s")); err != nil {
			return err
		}
	}
	// one pass over the table, which may have no index over the key
	known := "DELETE FROM " + staging + " WHERE rowid IN (SELECT s.rowid FROM " + target + " AS t CROSS JOIN " + staging + " AS s ON " + s.sameKeys("t", "s") + ")"
	res, err := s.tx.ExecContext(ctx, known)
	if err != nil {
		return err
	}
	if s.report.Updated, err = res.RowsAffected(); err != nil {
		return err
	}
	s.report.Inserted = s.report.Rows - s.report.Updated
	list := s.url.Dialect.QuoteAll(s.names())
	if err := s.exec(ctx, "INSERT INTO "+target+" ("+list+") SELECT "+list+" FROM "+staging+" ORDER BY rowid"); err != nil {
		return err
	}
	return s.exec(ctx, "DROP TABLE "+staging)
}

func (s *sqliteJob) doubled(ctx context.Context, staging string) error {
	var n int64
	err := s.tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+staging+" GROUP BY "+s.url.Dialect.QuoteAll(s.opts.Keys)+" HAVING COUNT(*) > 1 LIMIT 1").Scan(&n)
	return s.notDoubled(n, err)
}

// fits says whether the table that is there keeps the values as they are: SQLite turns texts that look like numbers into
// numbers in columns that are declared so.
func (s *sqliteJob) fits() error {
	for i := range s.cols {
		c := &s.cols[i]
		at := slices.IndexFunc(s.existing, func(h have) bool { return strings.EqualFold(h.name, c.name) })
		if at < 0 {
			return fault.New(fault.Usage, "writing to %s: the table has no column %q", s.url, c.name).WithHint("choose columns with --columns, or replace the table with --mode replace")
		}
		h := s.existing[at]
		ok := h.kind == "blob" || h.kind == affinity(c.decl)
		switch frame.KindOf(c.typ) {
		case frame.Int, frame.Bool, frame.Float, frame.Decimal:
			ok = ok || !c.clock() && (h.kind == "numeric" || h.kind == "integer")
		case frame.Date, frame.Time:
			ok = ok || h.kind == "text" || h.kind == "integer"
		}
		if !ok {
			return fault.New(fault.Usage, "writing to %s: column %q is %s there and does not keep every %s as it is", s.url, c.name, strings.ToLower(h.full), strings.ToLower(c.decl)).
				WithHint("alter the column, or replace the table with --mode replace")
		}
	}
	return nil
}

// statementArgs is the number of arguments of one INSERT: more make it no faster.
const statementArgs = 1000

// fill inserts the rows.
func (s *sqliteJob) fill(ctx context.Context, table string, fill func(sink.Writer) error) error {
	per := max(1, statementArgs/len(s.cols))
	head := "INSERT INTO " + table + " (" + s.url.Dialect.QuoteAll(s.names()) + ") VALUES "
	st, err := s.tx.PrepareContext(ctx, head+s.url.Dialect.Placeholders(len(s.cols), per))
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }()
	args := make([]any, 0, per*len(s.cols))
	w := &writer{j: s.job, write: func(b *frame.Batch) error {
		for i := range b.N {
			for c := range b.Cols {
				v, err := s.cols[c].value(&b.Cols[c], i)
				if err != nil {
					return fault.Wrap(err, "row %d", s.report.Rows+int64(i)+1)
				}
				args = append(args, v)
			}
			if len(args) == cap(args) {
				if _, err := st.ExecContext(ctx, args...); err != nil {
					return err
				}
				args = args[:0]
			}
		}
		return ctx.Err()
	}}
	if err := fill(w); err != nil {
		return err
	}
	if w.err != nil || len(args) == 0 {
		return w.err
	}
	_, err = s.tx.ExecContext(ctx, head+s.url.Dialect.Placeholders(len(s.cols), len(args)/len(s.cols)), args...)
	return err
}

// value is a value as SQLite keeps it.
func (c *column) value(col *frame.Column, i int) (any, error) {
	if col.IsNull(i) {
		return nil, nil
	}
	switch {
	case c.dated():
		b, err := c.appendTime(nil, col.I64[i])
		if c.instant() {
			b = append(b, 'Z')
		}
		return string(b), err
	case col.Kind == frame.Float:
		if !finite(col.F64[i]) {
			return nil, nil
		}
		return col.F64[i], nil
	case col.Kind == frame.Decimal:
		return c.decimalValue(col, i)
	case col.Kind == frame.String && c.binary():
		return slices.Clone(col.Str(i)), nil
	case col.Kind == frame.String:
		return string(col.Str(i)), nil
	case col.Unsigned() && col.I64[i] < 0:
		return nil, c.misfit("the number "+strconv.FormatUint(uint64(col.I64[i]), 10)+" is beyond SQLite's integers", "write to MySQL or Parquet")
	}
	return col.I64[i], nil
}

// maxSQLiteDecimal is what SQLite keeps exactly of a decimal: 15 digits.
const maxSQLiteDecimal = 1e15

// decimalValue is an integer, or the double of 15 digits that stands for exactly one decimal.
func (c *column) decimalValue(col *frame.Column, i int) (any, error) {
	n := decimalAt(col, i)
	text := n.ToString(col.Scale())
	if col.Scale() == 0 {
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			return v, nil
		}
	}
	if n.HighBits() != int64(n.LowBits())>>63 || math.Abs(float64(int64(n.LowBits()))) >= maxSQLiteDecimal {
		return nil, c.misfit(text+" has more than the 15 digits that SQLite keeps of a decimal", "write to MySQL or Parquet, or leave the column out (--columns)")
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err
}
