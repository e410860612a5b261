package sqltable

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/value"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// sampleRows is how many rows settle what the declared types leave open.
const sampleRows = 4096

// evidence is what the sample tells about a column.
type evidence struct {
	text                          value.Evidence
	ints, reals, texts, blobs, no int  // values by their kind; no: integers other than 0 and 1
	zero                          bool // a date of zeros
}

// sample looks at the first rows: which texts are few (they become codes), how dates are written in text,
// which numbers are truth values.
func (d *Dataset) sample(ctx context.Context, conn *sql.Conn) error {
	var at []int
	var list []string
	for i := range d.t.cols {
		switch c := &d.t.cols[i]; c.how {
		case asText, asTime, asDate:
		default:
			if !c.perhaps {
				continue
			}
		}
		at = append(at, i)
		list = append(list, d.t.cols[i].sel)
	}
	if len(at) == 0 {
		return nil
	}
	rows, done, err := stream(ctx, conn, d.t.selects(list, nil)+" LIMIT "+strconv.Itoa(sampleRows))
	if err != nil {
		return d.db.Explain(err, "reading a sample")
	}
	defer done()
	seen := make([]evidence, len(at))
	dest := make([]driver.Value, len(at))
	for {
		if err := rows.Next(dest); err == io.EOF {
			break
		} else if err != nil {
			return d.db.Explain(err, "reading a sample")
		}
		for k, v := range dest {
			seen[k].add(&d.t.cols[at[k]], v)
		}
	}
	done()
	for k, i := range at {
		if err := d.settle(ctx, conn, &d.t.cols[i], &seen[k]); err != nil {
			return err
		}
	}
	return nil
}

func (e *evidence) add(c *column, v driver.Value) {
	switch v := v.(type) {
	case int64:
		if e.ints++; v != 0 && v != 1 {
			e.no++
		}
	case float64:
		e.reals++
	case string:
		e.texts++
		e.text.AddQuoted([]byte(v))
	case []byte:
		switch c.how {
		case asTime, asDate:
			e.zero = e.zero || zeroDate(v)
			return
		case asText:
			e.texts++
			e.text.AddQuoted(v)
		}
		e.blobs++
	}
}

// settle decides what the declared type leaves open.
func (d *Dataset) settle(ctx context.Context, conn *sql.Conn, c *column, e *evidence) error {
	if e.zero {
		d.notices = append(d.notices, fmt.Sprintf("column %q holds dates of zeros (0000-00-00); they are read as null", c.name))
	}
	switch {
	case c.how == asText && !c.perhaps:
		spec := e.text.Decide(c.name)
		c.spec = value.TextSpec()
		c.spec.Common = spec.Common
	case c.perhaps && c.how == asInt:
		if e.no == 0 && e.ints > 0 && e.texts+e.reals+e.blobs == 0 {
			c.set(arrow.FixedWidthTypes.Boolean, asBool)
		}
		c.perhaps = false
	case c.perhaps:
		return d.settleSQLite(ctx, conn, c, e)
	}
	return nil
}

// settleSQLite finds the type of a column that is declared as a date, as any number or not at all.
func (d *Dataset) settleSQLite(ctx context.Context, conn *sql.Conn, c *column, e *evidence) error {
	decl := strings.ToUpper(c.declared)
	dated := strings.Contains(decl, "DATE") || strings.Contains(decl, "TIME")
	spec := e.text.Decide(c.name)
	c.spec = value.TextSpec()
	if dated && e.texts > 0 && e.ints+e.reals+e.blobs == 0 {
		if spec.Kind == frame.Date && strings.Contains(decl, "TIME") {
			spec.Kind = frame.Time
		}
		if spec.Kind == frame.Date || spec.Kind == frame.Time {
			c.spec = spec
			c.set(c.spec.Type(frame.Any), asLayout)
			return nil
		}
		c.spec.Common = spec.Common
		d.notices = append(d.notices, fmt.Sprintf("column %q is declared as %s and holds other texts than dates: read as text", c.name, c.declared))
		return nil
	}
	kinds, err := d.kinds(ctx, conn, c)
	if err != nil {
		return err
	}
	has := func(k string) bool { return strings.Contains(kinds, k) }
	switch {
	case has("text") && !has("blob") || kinds == "":
		c.spec.Common = spec.Common
	case has("blob"):
		c.set(arrow.BinaryTypes.Binary, asBytes)
	case has("real"):
		c.set(arrow.PrimitiveTypes.Float64, asFloat)
	default:
		c.set(arrow.PrimitiveTypes.Int64, asInt)
	}
	if dated && kinds != "" {
		d.notices = append(d.notices, fmt.Sprintf("column %q is declared as %s and holds %s values: they are read as they are, not as times", c.name, c.declared, kinds))
	}
	return nil
}

// kinds lists the kinds of values of a whole column, for a column without a type may hold any.
func (d *Dataset) kinds(ctx context.Context, conn *sql.Conn, c *column) (string, error) {
	var kinds sql.NullString
	q := "SELECT group_concat(DISTINCT typeof(" + sqldb.SQLite.Quote(c.name) + ")) FILTER (WHERE " + sqldb.SQLite.Quote(c.name) + " IS NOT NULL) FROM " + d.t.name
	if err := conn.QueryRowContext(ctx, q).Scan(&kinds); err != nil {
		return "", d.db.Explain(err, "looking at column "+c.name)
	}
	return strings.ReplaceAll(kinds.String, ",", " and "), nil
}

// zeroDate reports dates that are none: 0000-00-00, 2024-00-01.
func zeroDate(s []byte) bool {
	return len(s) >= 10 && (s[5] == '0' && s[6] == '0' || s[8] == '0' && s[9] == '0')
}
