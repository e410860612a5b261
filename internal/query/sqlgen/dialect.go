package sqlgen

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
)

// Dialect is how one database writes what the printer needs. Arguments that
// are SQL are single names or literals unless stated otherwise, so they may be
// repeated. A method that returns an error refuses with fault.Usage.
type Dialect interface {
	// Name is the database's name for messages.
	Name() string
	// Ident quotes a table's or column's name.
	Ident(name string) (string, error)
	// Text prints a text literal; the value may hold any bytes.
	Text(s string) (string, error)
	// Int prints an integer literal, Float a double with all its bits.
	Int(i int64) string
	Float(f float64) string
	// IntDiv divides integers and cuts off the fraction; the arguments may be any SQL.
	IntDiv(a, b string) string
	// Arith is a + b, a - b or a * b of 64-bit integers, null when it does not fit.
	Arith(op expr.Op, a, b string) string
	// ToFloat makes a double of an integer; ToInt cuts off the fraction of a double
	// whose magnitude is below 2^63. The argument may be any SQL.
	ToFloat(a string) string
	ToInt(a string) string
	// Finite is the double itself, or null when it is infinite or no number. The argument may be any SQL.
	Finite(a string) string
	// Fits is true where a + b, a - b, a * b or a / b of doubles is finite; "" where Finite tells afterwards.
	Fits(op expr.Op, a, b string) string
	// Bool prints a truth value.
	Bool(v bool) string
	// AsBool makes a condition of a raw boolean column.
	AsBool(a string) string
	// Call is one of lower, upper, trim, length.
	Call(name, x string) (string, error)
	// Find is starts_with, ends_with, contains or matches of a text and a constant.
	Find(name, x, arg string) (string, error)
	// Like matches a pattern, case-sensitively, over whole characters.
	Like(x string, parts []expr.LikePart) (string, error)
	// Step is what stands between the name of a step and its SELECT: AS, and the word
	// that makes the database compute it once.
	Step() string
	// StepEnd is what stands at the end of such a SELECT.
	StepEnd() string
	// Raw brings a raw column of a type to the form that the steps work with. native says that times and dates are the
	// database's own, not counts.
	Raw(x string, t arrow.DataType, native bool) string
	// Moment prints a time of the database's own, to be compared with a column of such; false for one that it does not know.
	Moment(micros int64) (string, bool)
	// FileOrder is the column that numbers the rows of a table in the order they were
	// stored, for what depends on it (dedupe).
	FileOrder(table string) (string, error)
}
