package relation

import (
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// cellText shows one value of a column; null is empty.
func cellText(c *frame.Column, i int) string {
	return string(AppendCell(nil, c, i))
}

// AppendCell appends the value of row i as text that reads back to the same
// value: numbers in full precision, times as RFC 3339 without zone when they have
// none. Null appends nothing.
func AppendCell(buf []byte, c *frame.Column, i int) []byte {
	if c.IsNull(i) {
		return buf
	}
	switch c.Kind {
	case frame.Bool:
		return strconv.AppendBool(buf, c.I64[i] != 0)
	case frame.Int:
		if c.Unsigned() {
			return strconv.AppendUint(buf, uint64(c.I64[i]), 10)
		}
		return strconv.AppendInt(buf, c.I64[i], 10)
	case frame.Float:
		return strconv.AppendFloat(buf, c.F64[i], 'g', -1, 64)
	case frame.Decimal:
		return appendDecimal(buf, c, i)
	case frame.Time:
		return appendTime(buf, c, i)
	case frame.Date:
		return time.Unix(c.I64[i]*86400, 0).UTC().AppendFormat(buf, time.DateOnly)
	case frame.String:
		s := c.Str(i)
		if !utf8.Valid(s) {
			return strconv.AppendQuote(buf, string(s))
		}
		return append(buf, s...)
	}
	return buf
}

// appendTime writes a timestamp of any unit.
func appendTime(buf []byte, c *frame.Column, i int) []byte {
	x := c.I64[i]
	t := time.UnixMicro(x)
	layout := "2006-01-02T15:04:05.999999999"
	if typ, ok := c.Type.(*arrow.TimestampType); ok {
		switch typ.Unit {
		case arrow.Second:
			t = time.Unix(x, 0)
		case arrow.Millisecond:
			t = time.UnixMilli(x)
		case arrow.Nanosecond:
			t = time.Unix(0, x)
		}
		if typ.TimeZone != "" {
			layout += "Z"
		}
	}
	return t.UTC().AppendFormat(buf, layout)
}

// appendDecimal writes a decimal with its scale.
func appendDecimal(buf []byte, c *frame.Column, i int) []byte {
	var b big.Int
	bigOf(c, i, &b)
	scale := int(c.Scale())
	if scale <= 0 {
		b.Mul(&b, bigPow(-scale))
		return b.Append(buf, 10)
	}
	if b.Sign() < 0 {
		buf = append(buf, '-')
		b.Neg(&b)
	}
	digits := b.Append(nil, 10)
	for len(digits) <= scale {
		digits = append([]byte{'0'}, digits...)
	}
	buf = append(buf, digits[:len(digits)-scale]...)
	buf = append(buf, '.')
	return append(buf, digits[len(digits)-scale:]...)
}
