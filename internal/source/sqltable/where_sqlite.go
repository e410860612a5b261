package sqltable

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/source/value"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// sqliteAffinity reports columns that hold texts and blobs only: SQLite makes texts of numbers that are put into them.
func (f *filter) sqliteAffinity(c *column) bool {
	decl := strings.ToUpper(c.declared)
	return f.utf8 && c.how == asText && !strings.Contains(decl, "INT") &&
		(strings.Contains(decl, "CHAR") || strings.Contains(decl, "CLOB") || strings.Contains(decl, "TEXT"))
}

func sqliteLiteral(s string) string {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return "CAST(X'" + hex.EncodeToString([]byte(s)) + "' AS TEXT)"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// sqliteTexts: a blob is read as the text of its bytes.
func (f *filter) sqliteTexts(c *column, s string) (string, bool) {
	return sqliteLiteral(s) + ", X'" + hex.EncodeToString([]byte(s)) + "'", f.sqliteAffinity(c)
}

// sqliteText: equality is the column's own, whose collation takes more texts for equal, but lets an index find them. Blobs are greater than all
// texts.
func (f *filter) sqliteText(c *column, op expr.Op, s string) string {
	if !f.sqliteAffinity(c) {
		return ""
	}
	name := f.name(c)
	if op == expr.OpEq {
		v, _ := f.sqliteTexts(c, s)
		return name + " IN (" + v + ")"
	}
	cond := name + " COLLATE BINARY " + sign(op) + " " + sqliteLiteral(s)
	if op == expr.OpLt || op == expr.OpLe {
		return "(" + cond + " OR " + name + " >= X'')"
	}
	return cond
}

// sqlitePrefix: the texts between s and the next text of its length. (LIKE ignores case and ends at a zero byte.)
func (f *filter) sqlitePrefix(c *column, s string) string {
	if !f.sqliteAffinity(c) || s == "" {
		return f.name(c) + " IS NOT NULL"
	}
	least := f.sqliteText(c, expr.OpGe, s)
	last := s[len(s)-1]
	if last >= 0x7f {
		return least
	}
	next := s[:len(s)-1] + string(rune(last+1))
	return fmt.Sprintf("(%s AND %s)", least, f.sqliteText(c, expr.OpLt, next))
}

// sqliteMoment compares dates as texts, where all are written alike. Literals are cut to the precision of the column, which no row with
// a time on their side passes.
func (f *filter) sqliteMoment(c *column, at int, op expr.Op, us int64) string {
	shape := f.shapes[at]
	t := time.UnixMicro(us).UTC()
	if shape == "" || t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	lit := "'" + written(t, shape) + "'"
	switch op {
	case expr.OpNe:
		return f.name(c) + " IS NOT NULL"
	case expr.OpGt:
		op = expr.OpGe
	case expr.OpLt:
		op = expr.OpLe
	}
	return f.name(c) + " COLLATE BINARY " + op.String() + " " + lit
}

// shaped are the ways of writing dates and times in which the order of texts is that of times.
var shaped = regexp.MustCompile(`^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?$`)

// written writes a time in the shape of another text, cutting off what has no place.
func written(t time.Time, shape string) string {
	s := t.Format("2006-01-02 15:04:05.000000")[:len(shape)]
	if len(shape) > 10 {
		s = s[:10] + shape[10:11] + s[11:]
	}
	return s
}

// isoDay is the layout of the shapes.
var isoDay = value.StatedLayout("2006-01-02")

// shape finds out whether all dates of a column are written alike, in a way whose order is that of the times, and returns one of them; ""
// when they are not.
func (d *Dataset) shape(ctx context.Context, conn *sql.Conn, at int) (string, error) {
	c := &d.t.cols[at]
	dates := c.how == asLayout && c.spec.Layout == isoDay && !c.spec.Zone
	if d.db.Dialect != sqldb.SQLite || !dates && c.how != asText {
		return "", nil
	}
	name := d.db.Dialect.Quote(c.name)
	var first sql.NullString
	if err := conn.QueryRowContext(ctx, "SELECT MIN("+name+") FROM "+d.t.name).Scan(&first); err != nil || !shaped.MatchString(first.String) {
		return "", err
	}
	pattern := regexp.MustCompile(`\d`).ReplaceAllString(first.String, "[0-9]")
	var others int64
	q := fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE %s IS NOT NULL AND (typeof(%[2]s) <> 'text' OR %[2]s NOT GLOB '%s')", d.t.name, name, pattern)
	if err := conn.QueryRowContext(ctx, q).Scan(&others); err != nil || others > 0 {
		return "", err
	}
	return first.String, nil
}
