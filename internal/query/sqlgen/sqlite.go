package sqlgen

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// SQLite prints for SQLite 3.35 (MATERIALIZED, window functions) and later.
var SQLite Dialect = sqlite{}

type sqlite struct{}

func (sqlite) Name() string { return "SQLite" }

func (sqlite) Ident(name string) (string, error) {
	if strings.IndexByte(name, 0) >= 0 || !utf8.ValidString(name) {
		return "", fault.New(fault.Usage, "printing SQL for SQLite: the name %q cannot be written: it holds a zero byte or is no UTF-8", name).
			WithHint("rename the column")
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`, nil
}

func (sqlite) Text(s string) (string, error) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return "CAST(X'" + hex.EncodeToString([]byte(s)) + "' AS TEXT)", nil
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'", nil
}

func (sqlite) Int(i int64) string {
	if i == math.MinInt64 {
		return "(-9223372036854775807 - 1)"
	}
	return strconv.FormatInt(i, 10)
}

// Float writes up to 15 digits as they are. SQLite's own reading of more digits
// is not promised to give the nearest double, so others are written as a 53-bit
// integer times or divided by powers of two, all of which are exact.
func (d sqlite) Float(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	digits := strings.Trim(strings.NewReplacer("-", "", ".", "").Replace(strings.SplitN(s, "e", 2)[0]), "0")
	if _, exp, _ := strings.Cut(s, "e"); len(digits) <= 15 && (exp == "" || len(exp) <= 3 && strings.Trim(exp, "+-") <= "20") {
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		} else if !strings.Contains(s, ".") {
			s = strings.Replace(s, "e", ".0e", 1)
		}
		return s
	}
	frac, exp := math.Frexp(f)
	mant, exp := int64(frac*(1<<53)), exp-53
	out, sign := strconv.FormatInt(mant, 10)+".0", " * "
	if exp < 0 {
		exp, sign = -exp, " / "
	}
	for ; exp > 0; exp -= 62 {
		out += sign + strconv.FormatInt(1<<min(exp, 62), 10) + ".0"
	}
	return "(" + out + ")"
}

func (sqlite) IntDiv(a, b string) string { return a + " / " + b }

// Arith: integer arithmetic that does not fit 64 bits gives a REAL in SQLite.
func (sqlite) Arith(op expr.Op, a, b string) string {
	e := a + " " + op.String() + " " + b
	return "CASE WHEN typeof(" + e + ") = 'integer' THEN " + e + " END"
}

func (sqlite) ToFloat(a string) string { return "CAST(" + a + " AS REAL)" }
func (sqlite) ToInt(a string) string   { return "CAST(" + a + " AS INTEGER)" }
func (sqlite) Finite(a string) string  { return "NULLIF(NULLIF(" + a + ", 9e999), -9e999)" }
func (sqlite) AsBool(a string) string  { return a + " <> 0" }

func (sqlite) Bool(v bool) string {
	if v {
		return "1"
	}
	return "0"
}

// Call: lower and upper of SQLite change ASCII letters only, trim drops spaces,
// as the language says. LENGTH stops at a zero byte, where the place of a mark
// (two noncharacters) put behind the text counts its characters.
func (sqlite) Call(name, x string) (string, error) {
	if name == "length" {
		const mark = "char(1114111, 1114111)"
		return "CASE WHEN INSTR(" + x + ", char(0)) = 0 THEN LENGTH(" + x + ") ELSE INSTR(" + x + " || " + mark + ", " + mark + ") - 1 END", nil
	}
	return strings.ToUpper(name) + "(" + x + ")", nil
}

func (d sqlite) Find(name, x, arg string) (string, error) {
	if name == "matches" {
		return "", fault.New(fault.Usage, "printing SQL for SQLite: it has no regular expressions, which matches(…) needs").
			WithHint("use like, starts_with, ends_with or contains")
	}
	if arg == "" {
		return "LENGTH(" + x + ") >= 0", nil
	}
	lit, err := d.Text(arg)
	if err != nil {
		return "", err
	}
	n := strconv.Itoa(len(arg))
	switch name {
	case "starts_with":
		return "INSTR(" + x + ", " + lit + ") = 1", nil
	case "ends_with":
		// The tail of an empty blob is null, hence the length first.
		return "LENGTH(CAST(" + x + " AS BLOB)) >= " + n + " AND SUBSTR(CAST(" + x + " AS BLOB), -" + n + ") = CAST(" + lit + " AS BLOB)", nil
	}
	return "INSTR(" + x + ", " + lit + ") > 0", nil
}

// Like: SQLite's LIKE ignores case, so common shapes become comparisons and
// the rest GLOB, whose own signs are put in brackets.
func (d sqlite) Like(x string, parts []expr.LikePart) (string, error) {
	shape, lit := "", ""
	for _, p := range parts {
		if p.Wild {
			shape += p.Text
			continue
		}
		shape += "l"
		lit = p.Text
	}
	switch shape {
	case "", "l":
		s, err := d.Text(lit)
		return x + " = " + s, err
	case "%", "l%":
		return d.Find("starts_with", x, lit)
	case "%l":
		return d.Find("ends_with", x, lit)
	case "%l%":
		return d.Find("contains", x, lit)
	}
	glob := ""
	for _, p := range parts {
		switch {
		case p.Wild && p.Text == "%":
			glob += "*"
		case p.Wild:
			glob += "?"
		default:
			glob += strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(p.Text)
		}
	}
	if strings.IndexByte(glob, 0) >= 0 {
		return "", fault.New(fault.Usage, "printing SQL for SQLite: a like pattern with a zero byte")
	}
	s, err := d.Text(glob)
	return x + " GLOB " + s, err
}

// Step: without MATERIALIZED SQLite would put the steps into each other again and
// compute what is used ten times ten times.
func (sqlite) Step() string    { return "AS MATERIALIZED" }
func (sqlite) StepEnd() string { return "" }

// Fits is not needed: what is too large is infinite.
func (sqlite) Fits(expr.Op, string, string) string { return "" }

// Raw: times that SQLite's own functions read are texts, YYYY-MM-DD HH:MM:SS with or without six digits of a fraction.
func (sqlite) Raw(x string, t arrow.DataType, native bool) string {
	switch k := frame.KindOf(t); {
	case native && k == frame.Time:
		return "(CAST(strftime('%s', SUBSTR(" + x + ", 1, 19)) AS INTEGER) * 1000000 + CAST(SUBSTR(" + x + ", 21, 6) AS INTEGER))"
	case native && k == frame.Date:
		return "(CAST(strftime('%s', " + x + ") AS INTEGER) / 86400)"
	}
	return x
}

// Moment is a text as above; a fraction of zeros sorts behind none, and nothing lies between them.
func (sqlite) Moment(us int64) (string, bool) {
	t := time.UnixMicro(us).UTC()
	layout := "2006-01-02 15:04:05"
	if us%1e6 != 0 {
		layout += ".000000"
	}
	return "'" + t.Format(layout) + "'", t.Year() >= 1 && t.Year() <= 9999
}

func (sqlite) FileOrder(table string) (string, error) { return table + ".rowid", nil }
