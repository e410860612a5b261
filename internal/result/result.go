// Package result is the one typed table that every command returns: columns
// with type, unit and description over frame data. Rendering, files, sorting and
// limits work on it and know nothing of where it came from.
package result

import (
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Unit says what a column counts, for pages and for machine-readable schemas.
type Unit string

// Units in use. A Ratio is a share of one (0.25), shown as a percentage on pages.
const (
	NoUnit    Unit = ""
	Money     Unit = "money"
	Ratio     Unit = "ratio"
	Days      Unit = "days"
	Seconds   Unit = "seconds"
	Rows      Unit = "rows"
	Orders    Unit = "orders"
	Units     Unit = "units"
	Customers Unit = "customers"
	Score     Unit = "score"
)

// Spec describes a result column: it is the contract of docs/contract.md, the schema of
// REST and the text of the docs.
type Spec struct {
	Name string
	Type expr.Type
	Unit Unit
	Desc string // one English sentence without a full stop
	Null string // when a value is null; "" = never
}

// Column is one column of a table.
type Column struct {
	Spec
	// Data holds Table.N values in canonical form: Bool, Int → I64; Float → F64;
	// Money → Decimal with scale 4 in I64; Text → String; Time → I64 µs; Date → I64 days.
	Data frame.Column
}

// Table is a result: N rows of typed columns.
type Table struct {
	Name    string // "rfm"; also the default name of a table in a database
	Columns []Column
	N       int
}

// Col returns the named column, or nil.
func (t *Table) Col(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Names returns the column names in order.
func (t *Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i := range t.Columns {
		names[i] = t.Columns[i].Name
	}
	return names
}
