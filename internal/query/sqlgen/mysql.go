package sqlgen

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// MySQL prints for MariaDB 10.5 and MySQL 8.0.17 and later, for sessions whose clock is UTC. Text is handled as the bytes of its
// UTF-8, so that no collation has a say. order is the column that numbers the rows of tables in the order they
// were stored; servers keep none, and without it ("") what depends on that order is refused.
//
// Doubles beyond the range are an error to the server and null here; the last representable step below the
// greatest double may be null, too.
func MySQL(order string) Dialect { return mysql{order} }

type mysql struct{ order string }

func (mysql) Name() string { return "MySQL" }

func (mysql) Ident(name string) (string, error) {
	bad := name == "" || !utf8.ValidString(name) || strings.TrimRight(name, " \t\n\v\f\r") != name || utf8.RuneCountInString(name) > 64
	for _, r := range name {
		bad = bad || r == 0 || r > 0xffff
	}
	if bad {
		return "", fault.New(fault.Usage, "printing SQL for MySQL: the name %q cannot be written: MySQL's names have at most 64 characters below U+10000, no zero byte and no blank at the end", name).
			WithHint("rename the column")
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`", nil
}

// Text prints bytes: as they can be read where no sign in them has a meaning, else in hexadecimal.
func (mysql) Text(s string) (string, error) {
	plain := utf8.ValidString(s)
	for _, c := range []byte(s) {
		plain = plain && c >= ' ' && c != '\\' && c != 0x7f
	}
	if !plain {
		return "X'" + hex.EncodeToString([]byte(s)) + "'", nil
	}
	return "_binary'" + strings.ReplaceAll(s, "'", "''") + "'", nil
}

func (mysql) Int(i int64) string {
	if i == math.MinInt64 {
		return "(-9223372036854775807 - 1)"
	}
	return strconv.FormatInt(i, 10)
}

// Float has an exponent, without which the literal would be a decimal.
func (mysql) Float(f float64) string { return strconv.FormatFloat(f, 'e', -1, 64) }

func (mysql) IntDiv(a, b string) string { return a + " DIV " + b }

// Arith computes in decimals whether the result fits: what does not is an error to the server.
func (d mysql) Arith(op expr.Op, a, b string) string {
	return fmt.Sprintf("CASE WHEN CAST(%s AS DECIMAL(30,0)) %s %s BETWEEN -9223372036854775808 AND 9223372036854775807 THEN %s %s %s END", a, op, b, a, op, b)
}

func (mysql) ToFloat(a string) string { return "CAST(" + a + " AS DOUBLE)" }

// ToInt: a cast alone would round.
func (mysql) ToInt(a string) string  { return "CAST(TRUNCATE(" + a + ", 0) AS SIGNED)" }
func (mysql) Finite(a string) string { return a }
func (mysql) AsBool(a string) string { return a + " <> 0" }

// greatest is the greatest double.
const greatest = "1.7976931348623157e308"

// Fits is true where the result of an operation is a double: overflow ends a statement.
func (mysql) Fits(op expr.Op, a, b string) string {
	switch op {
	case expr.OpMul:
		return fmt.Sprintf("ABS(%s) <= 1e0 OR ABS(%s) <= 1e0 OR ABS(%s) < %s / ABS(%s)", a, b, a, greatest, b)
	case expr.OpDiv:
		return fmt.Sprintf("ABS(%s) >= 1e0 OR ABS(%s) < %s * ABS(%s)", b, a, greatest, b)
	}
	return fmt.Sprintf("ABS(%s / 2e0 %s %s / 2e0) < %s / 2e0", a, op, b, greatest)
}

func (mysql) Bool(v bool) string {
	if v {
		return "TRUE"
	}
	return "FALSE"
}

// Call: texts are bytes here, whose letters the server does not change; ASCII letters are replaced one by one.
func (mysql) Call(name, x string) (string, error) {
	switch name {
	case "lower", "upper":
		for c := 'A'; c <= 'Z'; c++ {
			from, to := string(c), string(c+'a'-'A')
			if name == "upper" {
				from, to = to, from
			}
			x = "REPLACE(" + x + ", '" + from + "', '" + to + "')"
		}
		return x, nil
	case "trim":
		return "TRIM(BOTH _binary' ' FROM " + x + ")", nil
	}
	return "CHAR_LENGTH(CONVERT(" + x + " USING utf8mb4))", nil
}

func (d mysql) Find(name, x, arg string) (string, error) {
	if name == "matches" {
		return "", fault.New(fault.Usage, "printing SQL for MySQL: its regular expressions differ from those of matches(…)").
			WithHint("use like, starts_with, ends_with or contains")
	}
	if arg == "" {
		return "LENGTH(" + x + ") >= 0", nil
	}
	lit, err := d.Text(arg)
	if err != nil {
		return "", err
	}
	switch name {
	case "starts_with":
		return fmt.Sprintf("LEFT(%s, %d) = %s", x, len(arg), lit), nil
	case "ends_with":
		return fmt.Sprintf("RIGHT(%s, %d) = %s", x, len(arg), lit), nil
	}
	return "LOCATE(" + lit + ", " + x + ") > 0", nil
}

// Like: patterns of characters are matched by the server under a collation that tells all of them apart.
func (d mysql) Like(x string, parts []expr.LikePart) (string, error) {
	pattern := likePattern(parts)
	if !utf8.ValidString(pattern) {
		return "", fault.New(fault.Usage, "printing SQL for MySQL: a like pattern that is no UTF-8")
	}
	return "CONVERT(" + x + " USING utf8mb4) COLLATE utf8mb4_bin LIKE CONVERT(X'" + hex.EncodeToString([]byte(pattern)) + "' USING utf8mb4) ESCAPE '|'", nil
}

// Step and StepEnd: a limit keeps the server from putting the steps into each other, which would compute what is used
// ten times ten times.
func (mysql) Step() string    { return "AS" }
func (mysql) StepEnd() string { return " LIMIT 18446744073709551615" }

func (d mysql) FileOrder(table string) (string, error) {
	if d.order == "" {
		return "", fault.New(fault.Usage, "printing SQL for MySQL: it keeps no order of rows, which this depends on").WithHint("name a column that numbers them")
	}
	name, err := d.Ident(d.order)
	return table + "." + name, err
}

// Raw brings a column to the form of the steps: text to the bytes of its UTF-8, unsigned integers to signed ones, and
// the server's own times to counts.
func (mysql) Raw(x string, t arrow.DataType, native bool) string {
	switch k := frame.KindOf(t); {
	case k == frame.String && !isBinary(t):
		return "CAST(CONVERT(" + x + " USING utf8mb4) AS BINARY)"
	case k == frame.Float:
		return "CAST(" + x + " AS DOUBLE)"
	case k == frame.Int && (t.ID() == arrow.UINT8 || t.ID() == arrow.UINT16 || t.ID() == arrow.UINT32):
		return "CAST(" + x + " AS SIGNED)"
	case k == frame.Time && native:
		return "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " + x + ")"
	case k == frame.Date && native:
		return "(TO_DAYS(" + x + ") - 719528)"
	}
	return x
}

// Moment prints a time of the server's own.
func (mysql) Moment(us int64) (string, bool) {
	return wallLiteral("TIMESTAMP", us)
}

func isBinary(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return true
	}
	return false
}
