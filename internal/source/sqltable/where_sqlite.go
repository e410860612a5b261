package sqltable

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
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

// sqliteLike: texts that hold every part of a pattern and begin with its first one. (LIKE ignores case and ends at a zero byte.)
func (f *filter) sqliteLike(c *column, parts []expr.LikePart) string {
	name := f.name(c)
	if !f.sqliteAffinity(c) {
		return name + " IS NOT NULL"
	}
	var conds []string
	for i, p := range parts {
		switch {
		case p.Wild:
		case i == 0:
			conds = append(conds, f.sqlitePrefix(c, p.Text))
		default:
			conds = append(conds, "(INSTR("+name+", "+sqliteLiteral(p.Text)+") > 0 OR "+name+" >= X'')")
		}
	}
	if len(conds) == 0 {
		return name + " IS NOT NULL"
	}
	return join(conds, false)
}

// sqlitePrefix: the texts between s and the next text of its length, which are found in the order of an index.
func (f *filter) sqlitePrefix(c *column, s string) string {
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
	shape := f.dates[at].shape
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

// dates are what is known of a column of dates in text that are all written alike, in a way whose order is that of the times.
type dates struct {
	shape       string // one of them; "" when they are not
	rows        int64  // of the table
	first, last string
}

// dates looks at all dates of a column of SQLite.
func (d *Dataset) dates(ctx context.Context, conn *sql.Conn, at int) (out dates, err error) {
	c := &d.t.cols[at]
	recognised := c.how == asLayout && c.spec.Layout == isoDay && !c.spec.Zone
	if d.db.Dialect != sqldb.SQLite || !recognised && c.how != asText {
		return out, nil
	}
	name := d.db.Dialect.Quote(c.name)
	var one, first, last sql.NullString
	err = conn.QueryRowContext(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s IS NOT NULL LIMIT 1", c.sel, d.t.name, name)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !shaped.MatchString(one.String) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	pattern := regexp.MustCompile(`\d`).ReplaceAllString(one.String, "[0-9]")
	var others int64
	q := fmt.Sprintf("SELECT COUNT(*), MIN(%[1]s), MAX(%[1]s), COUNT(CASE WHEN typeof(%[1]s) <> 'text' OR %[1]s NOT GLOB '%[2]s' THEN %[1]s END) FROM %[3]s", name, pattern, d.t.name)
	if err := conn.QueryRowContext(ctx, q).Scan(&out.rows, &first, &last, &others); err != nil || others > 0 {
		return dates{}, err
	}
	out.shape, out.first, out.last = one.String, first.String, last.String
	return out, nil
}
