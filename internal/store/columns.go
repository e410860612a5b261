package store

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// form is how a column of line_store is written.
type form uint8

const (
	idForm     form = iota // up to 255 bytes
	timeForm               // wall time
	numberForm             // a double
	labelForm              // up to limit characters
)

// column is a canonical column of line_store.
type column struct {
	name  string
	form  form
	limit int
}

// columns are those of line_store behind import_id, row_no, kind and money_e4.
var columns = []column{
	{"order_id", idForm, 255}, {"order_ts", timeForm, 0}, {"customer_id", idForm, 255}, {"product_id", idForm, 255},
	{"quantity", numberForm, 0}, {"unit_price", numberForm, 0}, {"discount", numberForm, 0},
	{"product_name", labelForm, 1000}, {"category", labelForm, 255}, {"region", labelForm, 255}, {"country", labelForm, 255},
	{"city", labelForm, 255}, {"status", labelForm, 255}, {"payment", labelForm, 255}, {"channel", labelForm, 255}, {"currency", labelForm, 255},
}

// Reasons of rejects that only a store has.
const (
	TooLong = "too_long" // a text that its column does not take
	NotUTF8 = "not_utf8" // a text that is none
	NoYear  = "year_out_of_range"
)

// lineColumns are all columns of line_store in the order in which rows are written.
func lineColumns() []string {
	names := []string{"import_id", "row_no", "kind", "money_e4"}
	for _, c := range columns {
		names = append(names, c.name)
	}
	return names
}

// Years that DATETIME and a text of ten characters hold.
var (
	firstTime = time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC).UnixMicro()
)

// binding is where a canonical column is in the rows of a program: -1 where the input has none.
type binding struct {
	at  [16]int
	typ [16]expr.Type
	// converted is the currency into which rates convert all money, or "".
	converted string
}

// currencyColumn is the place of currency in columns.
const currencyColumn = 15

// bind finds the columns; needs lists what to compile.
func bind(rel *relation.Relation) (b binding, needs []string) {
	if rel.Rates != nil {
		b.converted = rel.Rates.To
	}
	for i, c := range columns {
		b.at[i] = -1
		if k := rel.Find(c.name); k >= 0 && k < rel.Canonical {
			b.at[i], b.typ[i] = len(needs), rel.Columns[k].Type
			needs = append(needs, c.name)
		}
	}
	return b, needs
}

// stored reports whether lines of the input have column k; the others stay null.
func (b *binding) stored(k int) bool { return b.at[k] >= 0 }

// lineColumns are the columns of line_store that lines of the input fill, in the order in which they are written.
func (b *binding) lineColumns() []string {
	all := lineColumns()
	names := all[:len(all)-len(columns)]
	for k, c := range columns {
		if b.stored(k) {
			names = append(names, c.name)
		}
	}
	return names
}

// require fails when the input cannot be stored as order lines.
func require(rel *relation.Relation) error {
	for _, name := range []string{"order_id", relation.OrderTS} {
		if !rel.Has(name) {
			return fault.New(fault.Usage, "the input has no %s, which stored lines need", name).WithHint("map it: --map %s=COLUMN", name)
		}
	}
	return nil
}

// unfit returns why a value cannot be stored, or "".
func (c *column) unfit(col *frame.Column, i int) string {
	switch {
	case col.IsNull(i):
	case c.form == timeForm:
		if t := col.I64[i]; t < firstTime || t > lastTime {
			return NoYear
		}
	case col.Kind != frame.String:
	case c.form == idForm:
		if s := col.Str(i); len(s) > c.limit {
			return TooLong
		} else if !utf8.Valid(s) {
			return NotUTF8
		}
	case c.form == labelForm:
		s := col.Str(i)
		if !utf8.Valid(s) {
			return NotUTF8
		}
		if len(s) > c.limit && utf8.RuneCount(s) > c.limit {
			return TooLong
		}
	}
	return ""
}

// appendValue appends a value that is not null as text.
func (c *column) appendValue(b []byte, col *frame.Column, i int) []byte {
	switch {
	case c.form == timeForm:
		return appendTime(b, col.I64[i])
	case col.Kind == frame.String:
		return append(b, col.Str(i)...)
	case col.Kind == frame.Float:
		return appendFloat(b, col.F64[i])
	}
	return strconv.AppendInt(b, col.I64[i], 10)
}

// appendFloat writes a double so that it reads back the same; whole ones without an exponent.
func appendFloat(b []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.AppendInt(b, int64(f), 10)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

// appendTime writes µs of wall time as 2006-01-02 15:04:05.000000.
func appendTime(b []byte, micros int64) []byte {
	t := time.UnixMicro(micros).UTC()
	y, m, d := t.Date()
	h, mi, s := t.Clock()
	us := t.Nanosecond() / 1000
	return append(b, '0'+byte(y/1000), '0'+byte(y/100%10), '0'+byte(y/10%10), '0'+byte(y%10), '-', '0'+byte(m/10), '0'+byte(m%10), '-',
		'0'+byte(d/10), '0'+byte(d%10), ' ', '0'+byte(h/10), '0'+byte(h%10), ':', '0'+byte(mi/10), '0'+byte(mi%10), ':', '0'+byte(s/10), '0'+byte(s%10),
		'.', '0'+byte(us/100000), '0'+byte(us/10000%10), '0'+byte(us/1000%10), '0'+byte(us/100%10), '0'+byte(us/10%10), '0'+byte(us%10))
}
