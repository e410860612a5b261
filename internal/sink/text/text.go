// Package text formats values of frames as text: shortest floats that read back the
// same, times as in RFC 3339, exact decimals. The sinks for CSV and JSON share it.
package text

import (
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Formatter appends the values of one column. It is made for a column of each
// batch, for the type may tell the unit.
type Formatter struct {
	col   *frame.Column
	scale int64 // units of time in a second
	zone  bool
	clock bool // a time of day
	hex   bool // binary that need not be text
	day   int64
	text  [10]byte // the date of day
	known bool
}

// Set prepares the formatter for a column.
func (f *Formatter) Set(c *frame.Column) {
	f.col, f.scale, f.zone, f.clock, f.hex = c, 1e6, false, false, false
	switch t := c.Type.(type) {
	case *arrow.TimestampType:
		f.scale, f.zone = perSecond(t.Unit), t.TimeZone != ""
	case *arrow.Time32Type:
		f.scale, f.clock = perSecond(t.Unit), true
	case *arrow.Time64Type:
		f.scale, f.clock = perSecond(t.Unit), true
	case *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.FixedSizeBinaryType:
		f.hex = true
	}
}

func perSecond(u arrow.TimeUnit) int64 {
	return [...]int64{arrow.Second: 1, arrow.Millisecond: 1e3, arrow.Microsecond: 1e6, arrow.Nanosecond: 1e9}[u]
}

// IsText reports whether values of the column need quotes in JSON.
func (f *Formatter) IsText() bool {
	switch f.col.Kind {
	case frame.String, frame.Time, frame.Date:
		return true
	}
	return f.clock
}

// Append appends row i, which is not null and not of kind String. ok is false for
// NaN and the infinities, which have no form.
func (f *Formatter) Append(dst []byte, i int) (_ []byte, ok bool) {
	c := f.col
	switch c.Kind {
	case frame.Bool:
		return strconv.AppendBool(dst, c.I64[i] != 0), true
	case frame.Int:
		switch {
		case f.clock:
			return appendClock(dst, c.I64[i], f.scale), true
		case c.Unsigned():
			return strconv.AppendUint(dst, uint64(c.I64[i]), 10), true
		}
		return strconv.AppendInt(dst, c.I64[i], 10), true
	case frame.Float:
		return Float(dst, c.F64[i])
	case frame.Decimal:
		return f.decimal(dst, i), true
	case frame.Date:
		return f.date(dst, c.I64[i]), true
	case frame.Time:
		return f.time(dst, c.I64[i]), true
	}
	return dst, false
}

// Str returns the bytes of row i of a String column as valid text: binary
// that is none as \x and hexadecimal digits, damaged characters as U+FFFD.
func (f *Formatter) Str(i int) []byte { return f.Valid(f.col.Str(i)) }

// Valid makes bytes text, as Str does.
func (f *Formatter) Valid(s []byte) []byte {
	if utf8.Valid(s) {
		return s
	}
	if f.hex {
		return hex.AppendEncode([]byte(`\x`), s)
	}
	out := make([]byte, 0, len(s)+8)
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		out = utf8.AppendRune(out, r)
		s = s[n:]
	}
	return out
}

// Float appends the shortest decimal that reads back as v. ok is false, and
// nothing appended, for NaN and the infinities.
func Float(dst []byte, v float64) (_ []byte, ok bool) {
	// Amounts have few decimals: when n/10⁴ with an exact n of at most 15 digits gives v, its
	// digits are the shortest, for no two decimals of 15 digits are the same double.
	if n := math.Round(v * 1e4); math.Abs(n) < 1e15 && n/1e4 == v && (v != 0 || !math.Signbit(v)) {
		return scaled(dst, int64(n)), true
	}
	a := math.Abs(v)
	switch {
	case a != a || a > math.MaxFloat64:
		return dst, false
	case a != 0 && (a < 1e-6 || a >= 1e21):
		return strconv.AppendFloat(dst, v, 'e', -1, 64), true
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64), true
}

// scaled appends n/10⁴ without trailing zeros.
func scaled(dst []byte, n int64) []byte {
	if n < 0 {
		dst = append(dst, '-')
		n = -n
	}
	dst = strconv.AppendInt(dst, n/10000, 10)
	f := n % 10000
	if f == 0 {
		return dst
	}
	dst = append(dst, '.', byte('0'+f/1000))
	for f %= 1000; f != 0; f %= 1000 {
		f *= 10
		dst = append(dst, byte('0'+f/1000))
	}
	return dst
}

func (f *Formatter) decimal(dst []byte, i int) []byte {
	scale := int(f.col.Scale())
	var digits []byte
	neg := false
	if f.col.I64 != nil {
		v := f.col.I64[i]
		neg = v < 0
		u := uint64(v)
		if neg {
			u = -u
		}
		digits = strconv.AppendUint(make([]byte, 0, 24), u, 10)
	} else {
		v := f.col.D128[i].BigInt()
		neg = v.Sign() < 0
		digits = new(big.Int).Abs(v).Append(make([]byte, 0, 40), 10)
	}
	if neg {
		dst = append(dst, '-')
	}
	if scale <= 0 {
		dst = append(dst, digits...)
		if string(digits) != "0" {
			for ; scale < 0; scale++ {
				dst = append(dst, '0')
			}
		}
		return dst
	}
	if len(digits) <= scale {
		dst = append(dst, '0', '.')
		for k := len(digits); k < scale; k++ {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	dst = append(dst, '.')
	return append(dst, digits[len(digits)-scale:]...)
}

// date appends days since 1970 as 2006-01-02; the last day is remembered, for
// tables are often in the order of time.
func (f *Formatter) date(dst []byte, days int64) []byte {
	if f.known && f.day == days {
		return append(dst, f.text[:]...)
	}
	y, m, d := civil.Date(days)
	if y < 0 || y > 9999 { // beyond RFC 3339: ISO 8601's expanded years
		if y >= 0 {
			dst = append(dst, '+')
		} else {
			dst = append(dst, '-')
			y = -y
		}
		for p := int64(1000); p > 0 && y < p; p /= 10 {
			dst = append(dst, '0')
		}
		dst = strconv.AppendInt(dst, y, 10)
		return append(dst, '-', byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
	}
	f.text = [10]byte{byte('0' + y/1000), byte('0' + y/100%10), byte('0' + y/10%10), byte('0' + y%10), '-', byte('0' + m/10), byte('0' + m%10), '-', byte('0' + d/10), byte('0' + d%10)}
	f.day, f.known = days, true
	return append(dst, f.text[:]...)
}

func (f *Formatter) time(dst []byte, v int64) []byte {
	perDay := 86400 * f.scale
	days := v / perDay
	rest := v % perDay
	if rest < 0 {
		days--
		rest += perDay
	}
	dst = append(f.date(dst, days), 'T')
	dst = appendClock(dst, rest, f.scale)
	if f.zone {
		dst = append(dst, 'Z')
	}
	return dst
}

// appendClock appends a time of day given in units of 1/scale seconds, with as many
// decimals as it needs.
func appendClock(dst []byte, v, scale int64) []byte {
	sec, frac := v/scale, v%scale
	h, m, s := sec/3600, sec/60%60, sec%60
	dst = append(dst, byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':', byte('0'+s/10), byte('0'+s%10))
	if frac <= 0 {
		return dst
	}
	dst = append(dst, '.')
	for frac > 0 {
		scale /= 10
		dst = append(dst, byte('0'+frac/scale))
		frac %= scale
	}
	return dst
}
