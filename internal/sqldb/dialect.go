package sqldb

import "strings"

// Dialect is the SQL of a database.
type Dialect uint8

// The dialects.
const (
	SQLite Dialect = iota + 1
	MySQL          // and MariaDB
)

// String returns the scheme of the dialect's URLs.
func (d Dialect) String() string {
	switch d {
	case SQLite:
		return "sqlite"
	case MySQL:
		return "mysql"
	}
	return "unknown"
}

// Quote quotes an identifier. Every name is allowed, also one with quotes in it; NUL, which no
// database stores in a name, is dropped.
func (d Dialect) Quote(name string) string {
	name = strings.ReplaceAll(name, "\x00", "")
	q := `"`
	if d == MySQL {
		q = "`"
	}
	return q + strings.ReplaceAll(name, q, q+q) + q
}

// QuoteAll quotes a list of identifiers, separated by commas.
func (d Dialect) QuoteAll(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = d.Quote(n)
	}
	return strings.Join(out, ", ")
}

// Placeholder returns the marker of the n-th argument, from 1. Both dialects know "?".
func (d Dialect) Placeholder(int) string { return "?" }

// Placeholders returns rows of n markers each: (?, ?), (?, ?).
func (d Dialect) Placeholders(n, rows int) string {
	if n <= 0 || rows <= 0 {
		return ""
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", n), ", ") + ")"
	return one + strings.Repeat(", "+one, rows-1)
}

// MaxArgs is the largest number of arguments of a statement.
func (d Dialect) MaxArgs() int {
	if d == MySQL {
		return 65535 // a 16-bit count in the protocol
	}
	return 32766 // SQLITE_MAX_VARIABLE_NUMBER
}
