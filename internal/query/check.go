package query

import (
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Check asks how many rows of an input break a rule. It speaks of the columns of the input as they are, before any mapping; NaN and ±Inf
// are null. Exactly one of Holds, Unique, In and Latest is set.
type Check struct {
	Name  string
	Where expr.Node // rows that are looked at; nil = all
	Known []string  // of these, rows in which one of these columns is null are left out
	// Holds is what fails where it is false; null does not fail.
	Holds expr.Node
	// Unique fails for rows that have the values of an earlier row in all these columns; nulls equal each other.
	Unique []string
	// In fails for rows whose value is not among those of another input.
	In *Reference
	// Latest asks for the greatest time of a column instead.
	Latest string
	// Show are the columns whose values tell what failed.
	Show []string
}

// Reference is a column whose values are to be in a column of another input.
type Reference struct {
	Column string
	Other  source.Dataset
	Of     string
}

// Checks are the questions that are asked of one input, at once.
type Checks struct {
	Input source.Dataset
	// Names are other names of its columns, which conditions may use.
	Names  map[string]string
	Checks []Check
	// Samples is how many of the failing rows are wanted, the first in the order of the input.
	Samples int
}

// Checked answers Checks.
type Checked struct {
	Rows, Files int64
	Of          []CheckedRule // parallel to Checks.Checks
}

// CheckedRule answers a Check.
type CheckedRule struct {
	Checked, Failed int64
	Latest          int64 // µs; MinTime where there is no time
	Failing         []Failing
}

// Failing is a row that broke a rule.
type Failing struct {
	File   string         // as one would open it
	Row    int64          // in the file, from 0
	Values []frame.Column // one row of Check.Show
}
