package sqlgen

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Spark prints for Spark SQL 4 in sessions that have SparkSettings. Texts are its strings, which compare by the bytes of their
// UTF-8; integers that do not fit are null by its try_ functions; sums of integers go through
// decimals, which hold what 64 bits do not on the way.
var Spark Dialect = sparkSQL{}

// SparkRow is the column of a table that numbers its rows in the order they are stored, which views
// over files make of the files' own order.
const SparkRow = "_ecomctl_row"

// SparkSettings are what the printed text takes for granted, in the order they are set.
var SparkSettings = [][2]string{
	{"spark.sql.session.timeZone", "UTC"},
	{"spark.sql.ansi.enabled", "true"},
	{"spark.sql.caseSensitive", "true"},
	{"spark.sql.variable.substitute", "false"}, // ${…} in a value is no variable
	{"spark.sql.parquet.binaryAsString", "true"},
	{"spark.sql.groupByOrdinal", "true"},
	// Java does not compile larger methods, and a step in one such method is four times slower than in several
	{"spark.sql.codegen.hugeMethodLimit", "8000"},
	// what follows from a step's conditions is worked out by putting all steps before it into each other
	{"spark.sql.constraintPropagation.enabled", "false"},
}

type sparkSQL struct{}

func (sparkSQL) Name() string { return "Spark" }

func (sparkSQL) Ident(name string) (string, error) {
	if name == "" || strings.IndexByte(name, 0) >= 0 || !utf8.ValidString(name) {
		return "", fault.New(fault.Usage, "printing SQL for Spark: the name %q cannot be written: it is empty, holds a zero byte or is no UTF-8", name).
			WithHint("rename the column")
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`", nil
}

// Text prints signs as they are where none has a meaning to the parser, else the bytes in hexadecimal.
func (sparkSQL) Text(s string) (string, error) {
	plain := utf8.ValidString(s)
	for _, c := range []byte(s) {
		plain = plain && c >= ' ' && c != 0x7f && c != '\\' && c != '\'' && c != '$'
	}
	if !plain {
		return "CAST(X'" + hex.EncodeToString([]byte(s)) + "' AS STRING)", nil
	}
	return "'" + s + "'", nil
}

func (sparkSQL) Int(i int64) string        { return strconv.FormatInt(i, 10) + "L" }
func (sparkSQL) Float(f float64) string    { return strconv.FormatFloat(f, 'e', -1, 64) + "D" }
func (sparkSQL) IntDiv(a, b string) string { return a + " DIV " + b }

// Arith: the functions are null where plain operators would end the statement.
func (sparkSQL) Arith(op expr.Op, a, b string) string {
	name := "try_add"
	switch op {
	case expr.OpSub:
		name = "try_subtract"
	case expr.OpMul:
		name = "try_multiply"
	}
	return name + "(" + a + ", " + b + ")"
}

// Sum adds integers up in decimals of 38 digits.
func (sparkSQL) Sum(x string) string { return "SUM(CAST(" + x + " AS DECIMAL(20,0)))" }

func (sparkSQL) ToFloat(a string) string { return "CAST(" + a + " AS DOUBLE)" }
func (sparkSQL) ToInt(a string) string   { return "TRY_CAST(" + a + " AS BIGINT)" }
func (sparkSQL) AsBool(a string) string  { return a + " <> 0" }

// Finite: no number equals itself in Spark.
func (sparkSQL) Finite(a string) string {
	return "NULLIF(NULLIF(NULLIF(" + a + ", DOUBLE('Infinity')), DOUBLE('-Infinity')), DOUBLE('NaN'))"
}

// Fits is not needed: what is too large is infinite.
func (sparkSQL) Fits(expr.Op, string, string) string { return "" }

func (sparkSQL) Bool(v bool) string {
	if v {
		return "TRUE"
	}
	return "FALSE"
}

const (
	upperASCII = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowerASCII = "abcdefghijklmnopqrstuvwxyz"
)

func (sparkSQL) Call(name, x string) (string, error) {
	switch name {
	case "lower":
		return "TRANSLATE(" + x + ", '" + upperASCII + "', '" + lowerASCII + "')", nil
	case "upper":
		return "TRANSLATE(" + x + ", '" + lowerASCII + "', '" + upperASCII + "')", nil
	case "trim":
		return "TRIM(BOTH ' ' FROM " + x + ")", nil
	}
	return "CAST(CHAR_LENGTH(" + x + ") AS BIGINT)", nil
}

func (d sparkSQL) Find(name, x, arg string) (string, error) {
	if name == "matches" {
		pattern, err := javaRegexp(arg)
		if err != nil {
			return "", err
		}
		lit, err := d.Text(pattern)
		return "(" + x + " RLIKE " + lit + ")", err
	}
	lit, err := d.Text(arg)
	if err != nil {
		return "", err
	}
	return map[string]string{"starts_with": "STARTSWITH", "ends_with": "ENDSWITH", "contains": "CONTAINS"}[name] + "(" + x + ", " + lit + ")", nil
}

func (d sparkSQL) Like(x string, parts []expr.LikePart) (string, error) {
	lit, err := d.Text(likePattern(parts))
	return x + " LIKE " + lit + " ESCAPE '|'", err
}

func (sparkSQL) Step() string    { return "AS" }
func (sparkSQL) StepEnd() string { return "" }

// Raw brings a column to the form of the steps. Instants are counted as they are; times without a zone are read as if their
// clock were UTC, which the session's is.
func (sparkSQL) Raw(x string, t arrow.DataType, native bool) string {
	switch k := frame.KindOf(t); {
	case k == frame.Int && t.ID() != arrow.INT64, k == frame.Bool:
		return "CAST(" + x + " AS BIGINT)"
	case k == frame.Float && t.ID() != arrow.FLOAT64:
		return "CAST(" + x + " AS DOUBLE)"
	case k == frame.Time && native:
		return "UNIX_MICROS(CAST(" + x + " AS TIMESTAMP))"
	case k == frame.Date && native:
		return "CAST(UNIX_DATE(" + x + ") AS BIGINT)"
	}
	return x
}

// Moment prints a time without a zone, which compares with instants too, for the session's zone is UTC.
func (sparkSQL) Moment(us int64) (string, bool) {
	return wallLiteral("TIMESTAMP_NTZ", us)
}

// Fail implements guarded.
func (d sparkSQL) Fail(message string) string {
	lit, _ := d.Text(message) // our own words
	return "CAST(RAISE_ERROR(" + lit + ") AS BIGINT)"
}

func (d sparkSQL) FileOrder(table string) (string, error) { return table + ".`" + SparkRow + "`", nil }
