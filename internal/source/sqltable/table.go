package sqltable

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source/value"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// how says how the values of a column are put into a batch.
type how uint8

const (
	asNothing how = iota // passed over
	asInt
	asUint // 64 bits without sign
	asBool
	asBit // bytes, the most significant first
	asFloat
	asDecimal
	asDate  // YYYY-MM-DD
	asTime  // YYYY-MM-DD HH:MM:SS.ffffff
	asClock // HH:MM:SS.ffffff
	asText
	asBytes
	asLayout // dates in text, in the recognised layout
)

// column is a column of the table.
type column struct {
	name     string
	typ      arrow.DataType
	nullable bool
	how      how
	sel      string // what is selected
	spec     value.Spec
	bits     bool   // BIT(1): a truth value
	declared string // the database's own name of the type
	perhaps  bool   // the sample decides between a truth value and a number, or what a number or date is
}

// table is what the server knows of a table.
type table struct {
	name    string // quoted
	cols    []column
	key     string   // quoted column that ranges are cut by; "" = none
	keyCol  int      // its place among cols, -1 for a rowid that is no column
	order   []string // quoted columns of the total order; empty = the order of the storage
	hint    string   // what follows the table's name so that the key's index is used
	bytes   int64    // estimate of the stored size
	keeps   bool     // the storage keeps snapshots
	kind    string   // "table", "view", …
	view    bool     // has no rows of its own
	engine  string
	notices []string
}

func describe(ctx context.Context, db *sqldb.DB) (*table, error) {
	t := &table{name: db.Dialect.Quote(db.URL.Table), keyCol: -1}
	var err error
	if db.Dialect == sqldb.SQLite {
		err = t.describeSQLite(ctx, db)
	} else {
		err = t.describeMySQL(ctx, db)
	}
	if err != nil {
		return nil, db.Explain(err, "reading the columns")
	}
	for i := range t.cols {
		c := &t.cols[i]
		if c.how == asNothing {
			t.notices = append(t.notices, fmt.Sprintf("column %q is passed over: values of type %s are no table's cells", c.name, c.declared))
		}
	}
	return t, nil
}

// noTable is the error of a table that is not there.
func noTable(db *sqldb.DB) error {
	return fault.New(fault.NotFound, "opening %s: there is no table %q", db.URL, db.URL.Table).WithHint("without ?table= the error names the tables that there are")
}

// nested stands for types that are passed over.
var nested = arrow.StructOf()

var (
	wall  = &arrow.TimestampType{Unit: arrow.Microsecond}
	zoned = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
)

// maxDigits is what a decimal of 128 bits holds.
const maxDigits = 38
