// Package relation says as data what a row of a shop's table means: which
// source columns become which canonical ones, which small tables are joined,
// and by which ordered rules a row is sold, reversed, void, rejected or outside.
// Engines compile it: the local one to vector programs (Compile), the others
// to SQL.
package relation

import (
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Kind is what docs/contract.md calls the kind of an input row. Every row has exactly one.
type Kind uint8

// The kinds of rows.
const (
	Sold Kind = iota
	Reversal
	Void
	Outside // at or after as-of: not in scope, and no fault of the row
	Reject
	NumKinds
)

// String returns the word that summaries print.
func (k Kind) String() string {
	return [NumKinds]string{"sold", "reversal", "void", "outside", "reject"}[k]
}

// Kinds is a set of row kinds.
type Kinds uint8

// In reports whether k is in the set.
func (s Kinds) In(k Kind) bool { return s&(1<<k) != 0 }

// Only returns the set of the given kinds.
func Only(ks ...Kind) (s Kinds) {
	for _, k := range ks {
		s |= 1 << k
	}
	return s
}

// Column is one column of a relation after mapping.
type Column struct {
	Name string    // canonical name, or the source's own for an unmapped column
	Type expr.Type // after mapping
	// From is the source column's name, in the fact table or in a joined one.
	From string
	// Join is 0 for the fact table, i for Joins[i-1].
	Join int
	// Else is another column of the fact table whose text stands in where From has none, or "". Both
	// hold text and Type is expr.Text.
	Else string
	// Layout is a stated Go reference layout for times in text; "" recognises.
	Layout string
	// Guessed says that Layout is LayoutMDY or LayoutDMY by the evidence of some values: one
	// that only the other order reads is an error, for the others are in doubt then.
	Guessed bool
	// Integer forces ids in text to be read as integers (the mapping says so).
	Integer bool
	// Const, when not nil, is a constant instead of a source column, as text that reads as Type.
	Const *string
}

// Sources names where the values come from, for people.
func (c *Column) Sources() string {
	if c.Else == "" {
		return c.From
	}
	return c.From + ", " + c.Else
}

// Join is an N:1 join of a dimension table: its key must be unique, unmatched
// fact rows keep null in its columns and are counted.
type Join struct {
	Name  string         // for messages: "products"
	Table source.Dataset // the dimension
	On    []On           // equal pairs
	// Present, when not "", is a column of Table: rows without a text there are no rows of the dimension.
	Present string
	// Self says that Table is the fact table: what only the first line of an order tells is told of all its lines.
	Self bool
}

// On is one pair of equal columns of a join, by source names: Left in the fact
// table (or in an earlier join, as "joinname.column"), Right in the dimension.
type On struct{ Left, Right string }

// Rule is one of the ordered clean rules: the first whose predicate is true
// gives the row its kind and reason.
type Rule struct {
	Name string // stable id, the `reason` in results: "no_order_id", "negative_price", …
	Kind Kind
	// When is the predicate over the columns of the relation and the pseudo
	// columns MoneyColumn and BadColumn.
	When expr.Node
	// Test, when not TestExpr, says the same as When for fast evaluation, over
	// Column with Limit or Words.
	Test   Test
	Column string
	Limit  int64
	Words  []string // lower case
}

// Names of the pseudo columns that every relation has.
const (
	MoneyColumn = "money"       // expr.Money: exact money of the line; null when it cannot be computed
	BadColumn   = "_unparsable" // expr.Bool: a mapped value was present and could not be read
	OrderTS     = "order_ts"
)

// Relation is a mapped, cleaned, possibly joined and deduplicated table.
type Relation struct {
	Name    string // "orders", "events", … : the table's name in SQL and in messages
	Fact    source.Dataset
	Joins   []Join
	Columns []Column // canonical columns first, then unmapped ones
	Rules   []Rule   // ordered; a row that meets none is Sold; empty trusts the input (--no-clean)
	// Dedupe makes every row that equals an earlier row (file order) in all mapped columns
	// a reject with reason "duplicate".
	Dedupe bool
	// Zone is the name of the time zone of wall times and calendar cuts; "UTC" by default.
	Zone string
	// AsOf, in microseconds of Zone's wall time, makes later rows Outside; MaxInt64 when open.
	AsOf int64
	// Rates, where not nil, convert the money of every line by its currency column.
	Rates *Rates
	// Canonical is the number of leading Columns that are mapped (compared by Dedupe).
	Canonical int
}

// Find returns the index of a column by name, or -1.
func (r *Relation) Find(name string) int {
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return i
		}
	}
	return -1
}

// Has reports whether the relation has all the named columns.
func (r *Relation) Has(names ...string) bool {
	for _, n := range names {
		if r.Find(n) < 0 {
			return false
		}
	}
	return true
}
