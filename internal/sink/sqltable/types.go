package sqltable

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// column is a column of the table that is written.
type column struct {
	name  string
	typ   arrow.DataType
	decl  string // in the language of the database
	key   bool
	width int // bytes of the longest text, 0 = unknown
}

// valueType is the type of the values of a dictionary.
func valueType(t arrow.DataType) arrow.DataType {
	if d, ok := t.(*arrow.DictionaryType); ok {
		return d.ValueType
	}
	return t
}

// maxName is the length of names in MySQL; maxScale and maxPrecision are the limits of its decimals.
const (
	maxName      = 64
	maxPrecision = 65
	maxScale     = 30
)

// declare chooses the type that holds every value of the column.
func (c *column) declare(d sqldb.Dialect) error {
	refuse := func(format string, args ...any) error {
		return fault.New(fault.Input, "column %q: %s", c.name, fmt.Sprintf(format, args...)).WithHint("leave the column out (--columns), or write Parquet")
	}
	switch {
	case strings.IndexByte(c.name, 0) >= 0 || c.name == "":
		return refuse("the name cannot be one of a database's column")
	case d == sqldb.MySQL && (len([]rune(c.name)) > maxName || strings.TrimRight(c.name, " \t\n\v\f\r") != c.name):
		return refuse("the name is longer than %d characters or ends with a blank, which MySQL does not take", maxName)
	}
	if t, ok := c.typ.(*arrow.Decimal128Type); ok && (t.Scale < 0 || t.Scale > maxScale) {
		return refuse("decimals with %d digits behind the point", t.Scale)
	}
	switch c.typ.ID() {
	case arrow.FIXED_SIZE_LIST, arrow.INTERVAL_MONTHS, arrow.DECIMAL256:
		return refuse("values of type %s", c.typ)
	}
	if d == sqldb.SQLite {
		c.decl = c.sqliteType()
	} else {
		c.decl = c.mysqlType()
	}
	return nil
}

var integers = map[arrow.Type]string{arrow.INT8: "TINYINT", arrow.INT16: "SMALLINT", arrow.INT32: "INT", arrow.INT64: "BIGINT", arrow.UINT8: "TINYINT UNSIGNED",
	arrow.UINT16: "SMALLINT UNSIGNED", arrow.UINT32: "INT UNSIGNED", arrow.UINT64: "BIGINT UNSIGNED", arrow.DURATION: "BIGINT"}

// shortText is the length up to which texts get a type that every index takes.
const shortText = 255

func (c *column) mysqlType() string {
	switch frame.KindOf(c.typ) {
	case frame.Bool:
		return "BOOLEAN"
	case frame.Int:
		if t, ok := integers[c.typ.ID()]; ok {
			return t
		}
		return "TIME(6)"
	case frame.Float:
		if c.typ.ID() == arrow.FLOAT64 {
			return "DOUBLE"
		}
		return "FLOAT"
	case frame.Decimal:
		t := c.typ.(*arrow.Decimal128Type)
		return fmt.Sprintf("DECIMAL(%d,%d)", min(max(t.Precision, t.Scale, 1), maxPrecision), t.Scale)
	case frame.Date:
		return "DATE"
	case frame.Time:
		if c.instant() {
			return "TIMESTAMP(6) NULL DEFAULT NULL"
		}
		return "DATETIME(6)"
	}
	short := c.key || c.width > 0 && c.width <= shortText
	switch {
	case c.binary() && short:
		return fmt.Sprintf("VARBINARY(%d)", shortText)
	case c.binary():
		return "LONGBLOB"
	case short:
		return fmt.Sprintf("VARCHAR(%d)", shortText)
	}
	return "LONGTEXT"
}

// sqliteType names types by what other programs expect; where SQLite itself has no such type the name
// is all there is, and the values are what its date functions read.
func (c *column) sqliteType() string {
	switch frame.KindOf(c.typ) {
	case frame.Bool:
		return "BOOLEAN"
	case frame.Int:
		if c.clock() {
			return "TIME"
		}
		return "INTEGER"
	case frame.Float:
		return "REAL"
	case frame.Decimal:
		t := c.typ.(*arrow.Decimal128Type)
		return fmt.Sprintf("DECIMAL(%d,%d)", max(t.Precision, t.Scale, 1), t.Scale)
	case frame.Date:
		return "DATE"
	case frame.Time:
		if c.instant() {
			return "TIMESTAMP"
		}
		return "DATETIME"
	}
	if c.binary() {
		return "BLOB"
	}
	return "TEXT"
}

// instant reports times of a known zone.
func (c *column) instant() bool {
	t, ok := c.typ.(*arrow.TimestampType)
	return ok && t.TimeZone != ""
}

// clock reports times of day.
func (c *column) clock() bool { return c.typ.ID() == arrow.TIME32 || c.typ.ID() == arrow.TIME64 }

func (c *column) binary() bool {
	switch c.typ.ID() {
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return true
	}
	return false
}
