package sqlgen

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Flink prints for Apache Flink 1.20, as streams and as batches. Raw columns are those of Records: typed, with doubles
// that are finite, and of times and dates as counts.
var Flink Dialect = flink{}

type flink struct{}

func (flink) Name() string { return "Flink" }

func (flink) Ident(name string) (string, error) {
	if name == "" || strings.IndexByte(name, 0) >= 0 || !utf8.ValidString(name) {
		return "", fault.New(fault.Usage, "printing SQL for Flink: the name %q cannot be written: it is empty, holds a zero byte or is no UTF-8", name).
			WithHint("rename the column")
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`", nil
}

func (flink) Text(s string) (string, error) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return "", fault.New(fault.Usage, "printing SQL for Flink: the text %q holds a zero byte or is no UTF-8", s)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'", nil
}

// Int: small literals would be integers of 32 bits, whose arithmetic overflows.
func (flink) Int(i int64) string {
	if i == math.MinInt64 {
		return "(-9223372036854775807 - 1)"
	}
	return strconv.FormatInt(i, 10)
}

// Float has an exponent, without which the literal would be a decimal.
func (flink) Float(f float64) string {
	return strings.Replace(strings.ToUpper(strconv.FormatFloat(f, 'e', -1, 64)), "E+", "E", 1)
}

func (flink) IntDiv(a, b string) string { return a + " / " + b }

// Arith computes in decimals whether the result fits: integers wrap around.
func (flink) Arith(op expr.Op, a, b string) string {
	return fmt.Sprintf("CASE WHEN CAST(%s AS DECIMAL(19, 0)) %s CAST(%s AS DECIMAL(19, 0)) BETWEEN -9223372036854775808 AND 9223372036854775807 THEN CAST(%s AS BIGINT) %s CAST(%s AS BIGINT) END",
		a, op, b, a, op, b)
}

func (flink) ToFloat(a string) string { return "CAST(" + a + " AS DOUBLE)" }
func (flink) ToInt(a string) string   { return "CAST(" + a + " AS BIGINT)" }
func (flink) Finite(a string) string  { return a }
func (flink) AsBool(a string) string  { return a }

// Fits is true where the result is a number: operations give infinities and what is no number.
func (flink) Fits(op expr.Op, a, b string) string {
	return "ABS(" + a + " " + op.String() + " " + b + ") <= " + greatest
}

func (flink) Bool(v bool) string {
	if v {
		return "TRUE"
	}
	return "FALSE"
}

// Call: LOWER and UPPER change letters of all scripts; where there are others than ASCII's they are replaced one by one.
func (flink) Call(name, x string) (string, error) {
	switch name {
	case "lower", "upper":
		word, slow := strings.ToUpper(name), x
		for c := 'A'; c <= 'Z'; c++ {
			from, to := string(c), string(c+'a'-'A')
			if name == "upper" {
				from, to = to, from
			}
			slow = "REPLACE(" + slow + ", '" + from + "', '" + to + "')"
		}
		return "CASE WHEN REGEXP(" + x + `, '[^\x00-\x7F]') THEN ` + slow + " ELSE " + word + "(" + x + ") END", nil
	case "trim":
		return "TRIM(BOTH ' ' FROM " + x + ")", nil
	}
	return "CAST(CHAR_LENGTH(" + x + ") AS BIGINT)", nil
}

func (d flink) Find(name, x, arg string) (string, error) {
	if name == "matches" {
		return "", fault.New(fault.Usage, "printing SQL for Flink: its regular expressions differ from those of matches(…)").
			WithHint("use like, starts_with, ends_with or contains")
	}
	if arg == "" {
		return "CHAR_LENGTH(" + x + ") >= 0", nil
	}
	switch name {
	case "starts_with":
		return d.like(x, "", arg, "%")
	case "ends_with":
		return d.like(x, "%", arg, "")
	}
	return d.like(x, "%", arg, "%")
}

// like matches a literal between two signs.
func (d flink) like(x, before, literal, after string) (string, error) {
	lit, err := d.Text(before + escapeLike(literal) + after)
	return x + " LIKE " + lit + " ESCAPE '|'", err
}

func (d flink) Like(x string, parts []expr.LikePart) (string, error) {
	lit, err := d.Text(likePattern(parts))
	return x + " LIKE " + lit + " ESCAPE '|'", err
}

func (flink) Step() string    { return "AS" }
func (flink) StepEnd() string { return "" }

// Raw: Records has brought every column to its form.
func (flink) Raw(x string, _ arrow.DataType, _ bool) string { return x }

// Moment is not needed: no table holds times of Flink's own.
func (flink) Moment(int64) (string, bool) { return "", false }

func (flink) FileOrder(string) (string, error) {
	return "", fault.New(fault.Usage, "printing SQL for Flink: a stream has no order of rows, which this depends on")
}

// twoTo63 is 2^63 as a double. Flink takes no decimals of more than 64 bits.
func (g *printer) twoTo63() string {
	if _, ok := g.d.(flink); ok {
		return g.d.Float(1 << 63)
	}
	return "9223372036854775808.0"
}
