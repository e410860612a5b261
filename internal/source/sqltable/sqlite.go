package sqltable

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// describeSQLite asks the pragmas. SQLite keeps any value in any column; the declared type says what is
// expected, and values of another kind are unreadable ones.
func (t *table) describeSQLite(ctx context.Context, db *sqldb.DB) error {
	var withoutRowid bool
	err := db.QueryRowContext(ctx, "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE", db.URL.Table).
		Scan(new(string), &t.kind, &withoutRowid)
	if errors.Is(err, sql.ErrNoRows) {
		return noTable(db)
	}
	if err != nil {
		return err
	}
	t.keeps = true
	if st, err := os.Stat(db.URL.File); err == nil {
		t.bytes = st.Size()
	}
	rows, err := db.QueryContext(ctx, `SELECT name, type, "notnull" = 0, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid`, db.URL.Table)
	if err != nil {
		return err
	}
	defer rows.Close()
	names := map[string]bool{}
	pk := map[int]string{}
	for rows.Next() {
		var c column
		var place int
		if err := rows.Scan(&c.name, &c.declared, &c.nullable, &place); err != nil {
			return err
		}
		// a value with a plus in front has no declared type, so that the driver leaves it as it is
		c.sel = "+" + db.Dialect.Quote(c.name)
		c.sqliteType()
		if place > 0 {
			pk[place] = c.name
		}
		names[strings.ToLower(c.name)] = true
		t.cols = append(t.cols, c)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	t.sqliteKey(db, withoutRowid, names, pk)
	return nil
}

func (t *table) sqliteKey(db *sqldb.DB, withoutRowid bool, names map[string]bool, pk map[int]string) {
	switch {
	case t.kind != "table":
		t.view = true
		t.notices = append(t.notices, fmt.Sprintf("a %s has no key of its own: one connection reads it, in the order in which SQLite gives the rows", t.kind))
	case withoutRowid:
		for i := 1; pk[i] != ""; i++ {
			t.order = append(t.order, db.Dialect.Quote(pk[i]))
		}
	default:
		for _, name := range []string{"rowid", "_rowid_", "oid"} {
			if !names[name] {
				t.key, t.order, t.hint = name, []string{name}, " NOT INDEXED"
				break
			}
		}
	}
}

var arguments = regexp.MustCompile(`\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)`)

// sqliteType maps a declared type by SQLite's own rules of affinity, and further by the names that
// other databases give to dates, decimals and truth values.
func (c *column) sqliteType() {
	decl := strings.ToUpper(c.declared)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(decl, w) {
				return true
			}
		}
		return false
	}
	m := arguments.FindStringSubmatch(decl)
	switch {
	case has("BOOL"):
		c.set(arrow.PrimitiveTypes.Int64, asInt)
		c.perhaps = true
	case has("INT") && !has("INTERVAL", "POINT"):
		c.set(arrow.PrimitiveTypes.Int64, asInt)
	case has("DATE", "TIME"):
		c.set(arrow.BinaryTypes.String, asText)
		c.perhaps = true
	case has("CHAR", "CLOB", "TEXT", "ENUM", "JSON", "UUID"):
		c.set(arrow.BinaryTypes.String, asText)
	case has("BLOB", "BINARY"):
		c.set(arrow.BinaryTypes.Binary, asBytes)
	case has("REAL", "FLOA", "DOUBLE"):
		c.set(arrow.PrimitiveTypes.Float64, asFloat)
	case m != nil && has("DEC", "NUMERIC", "MONEY"):
		p, _ := strconv.Atoi(m[1])
		s, _ := strconv.Atoi(m[2])
		c.set(&arrow.Decimal128Type{Precision: int32(min(max(p, s, 1), maxDigits)), Scale: int32(min(s, maxDigits))}, asDecimal)
	default:
		c.set(arrow.BinaryTypes.String, asText)
		c.perhaps = true
	}
}

// beginSQLite starts transactions that all see one state: nothing may be committed between the first and
// the last of them.
func (s *snapshot) beginSQLite(ctx context.Context) error {
	watch, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer watch.Close()
	version := func() (v int64, err error) {
		err = watch.QueryRowContext(ctx, "PRAGMA data_version").Scan(&v)
		return v, err
	}
	const tries = 10
	for range tries {
		before, err := version()
		if err != nil {
			return err
		}
		for range s.want {
			c, err := s.db.Conn(ctx)
			if err != nil {
				return err
			}
			s.add(c)
			if _, err := c.ExecContext(ctx, "BEGIN DEFERRED"); err != nil {
				return err
			}
			var one sql.NullInt64
			if err := c.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&one); err != nil {
				return err
			}
		}
		after, err := version()
		if err != nil {
			return err
		}
		if before == after {
			return nil
		}
		if s.want > 1 {
			s.drop()
		}
	}
	s.want = 1 // somebody writes all the time
	s.notices = append(s.notices, "one connection reads the table: other programs write to the database all the time")
	c, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	s.add(c)
	_, err = c.ExecContext(ctx, "BEGIN DEFERRED")
	return err
}
