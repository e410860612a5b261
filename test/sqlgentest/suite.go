// Package sqlgentest compares the answers of a database to printed SQL with those of the local engine: over small
// hostile shops drawn at random, over all analyses, and line by line for money.
package sqlgentest

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// RowNumber is the column that numbers the rows of tables where a database does not do it itself.
const RowNumber = "_row"

// Engine is a database under test.
type Engine struct {
	DB      *sql.DB
	Dialect sqlgen.Dialect
	// Types are what columns of integers, doubles and texts are made of.
	Int, Float, Text string
	// Head is put before the columns of a table, Tail behind it.
	Head, Tail string
	// Finite says that there are no infinite doubles and none that are no numbers.
	Finite bool
	// Native keeps times and dates as the database's own types, Time and Date.
	Native     bool
	Time, Date string
}

// SQLite returns the engine for a database of SQLite.
func SQLite(db *sql.DB) *Engine {
	return &Engine{DB: db, Dialect: sqlgen.SQLite, Int: "INTEGER", Float: "REAL", Text: "TEXT"}
}

// MySQL returns the engine for a database of MySQL. The collation of its texts ignores case, accents and spaces at the end: no
// answer may.
func MySQL(db *sql.DB) *Engine {
	return &Engine{DB: db, Dialect: sqlgen.MySQL(RowNumber), Int: "BIGINT", Float: "DOUBLE", Text: "VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
		Head: "`" + RowNumber + "` INT AUTO_INCREMENT PRIMARY KEY, ", Tail: " ENGINE=MyISAM", Finite: true}
}

// Suite runs all comparisons.
func (e *Engine) Suite(t *testing.T) {
	t.Run("queries", e.queries)
	t.Run("groupings", e.groupings)
	t.Run("accounts", e.accounts)
	t.Run("conditions", e.conditions)
	t.Run("money", e.money)
	t.Run("analyses", e.analyses)
}

func (e *Engine) tables(rel *relation.Relation) sqlgen.Tables {
	tables := sqlgen.DefaultTables(rel)
	tables.Native = e.Native
	return tables
}

// queries of all forms have the same answer.
func (e *Engine) queries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rel, fact, dim := drawShop(t)
		if err := e.load(rel.Name, fact); err != nil {
			t.Fatal(err)
		}
		if err := e.load("products", dim); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			e.sameAnswer(t, rel, drawQuery(t))
		}
	})
}

// load writes a dataset into a table, raw as sqlgen expects it.
func (e *Engine) load(table string, d source.Dataset) error {
	quote := func(s string) string { q, _ := e.Dialect.Ident(s); return q }
	var cols, names, marks []string
	var want []source.Want
	for i, f := range d.Schema().Fields() {
		typ := e.Int
		switch frame.KindOf(f.Type) {
		case frame.Float:
			typ = e.Float
		case frame.String:
			typ = e.Text
		}
		cols = append(cols, quote(f.Name)+" "+typ)
		names = append(names, quote(f.Name))
		marks = append(marks, "?")
		want = append(want, source.Want{Col: i})
	}
	for _, q := range []string{"DROP TABLE IF EXISTS " + quote(table), "CREATE TABLE " + quote(table) + " (" + e.Head + strings.Join(cols, ", ") + ")" + e.Tail} {
		if _, err := e.DB.Exec(q); err != nil {
			return err
		}
	}
	tx, err := e.DB.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	st, err := tx.Prepare("INSERT INTO " + quote(table) + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")")
	if err != nil {
		return err
	}
	for _, sp := range d.Splits() {
		r, err := sp.Open(context.Background(), want)
		if err != nil {
			return err
		}
		var b frame.Batch
		for err = r.Next(&b); err == nil; err = r.Next(&b) {
			vals := make([]any, len(want))
			for i := range b.N {
				for c := range b.Cols {
					vals[c] = cellOf(&b.Cols[c], i)
					if f, ok := vals[c].(float64); ok && e.Finite && (math.IsNaN(f) || math.IsInf(f, 0)) {
						vals[c] = nil // the database knows no such value; null it is anyway
					}
				}
				if _, err := st.Exec(vals...); err != nil {
					return err
				}
			}
		}
		if err != io.EOF {
			return err
		}
	}
	return tx.Commit()
}

// cellOf is a value as database/sql has it.
func cellOf(c *frame.Column, i int) any {
	switch {
	case c.IsNull(i):
		return nil
	case c.Kind == frame.Float:
		return c.F64[i]
	case c.Kind == frame.String:
		return string(c.Str(i))
	}
	return c.I64[i]
}

// ask runs a statement and returns its columns and cells.
func (e *Engine) ask(text string) (names []string, cells [][]any, err error) {
	rows, err := e.DB.Query(text)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, nil, err
	}
	for _, c := range types {
		names = append(names, c.Name())
	}
	for rows.Next() {
		line := make([]any, len(names))
		at := make([]any, len(names))
		for i := range line {
			at[i] = &line[i]
		}
		if err := rows.Scan(at...); err != nil {
			return nil, nil, err
		}
		for i, v := range line {
			if line[i], err = plain(v, types[i].DatabaseTypeName()); err != nil {
				return nil, nil, err
			}
		}
		cells = append(cells, line)
	}
	return names, cells, rows.Err()
}

// plain is a value of a driver as an int64, a float64 or a string.
func plain(v any, typ string) (any, error) {
	switch v := v.(type) {
	case []byte:
		if typ == "DECIMAL" { // a sum of integers
			n, err := strconv.ParseInt(string(v), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("a sum: %w", err)
			}
			return n, nil
		}
		return string(v), nil
	case uint64:
		return int64(v), nil
	}
	return v, nil
}
