package expr

// Type is the type of an expression or of a canonical column.
type Type uint8

// The types. Money is an exact multiple of 10⁻⁴ held as an integer; Time is
// microseconds since 1970 (wall time of the relation's zone, see docs/contract.md);
// Date is days since 1970.
const (
	Unknown Type = iota // the type of a bare null
	Bool
	Int
	Float
	Money
	Text
	Time
	Date
)

// String returns the name used in messages and in rule files.
func (t Type) String() string {
	return [...]string{"null", "boolean", "integer", "number", "money", "text", "timestamp", "date"}[t]
}

// numeric reports whether arithmetic takes the type.
func (t Type) numeric() bool { return t == Int || t == Float || t == Money }

// Lookup tells the position and the type of a named column.
type Lookup func(name string) (index int, typ Type, ok bool)
