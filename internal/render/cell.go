// Package render writes result tables for people and programs: aligned tables,
// CSV, TSV, JSON, NDJSON, Markdown, HTML, Parquet and Arrow. What a cell looks
// like in each is decided here and nowhere else.
package render

import (
	"strconv"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/result"
)

// AppendMoney appends exact money of 10⁻⁴ units with as many decimals as it has:
// 612430, 8911407.904, -0.0001.
func AppendMoney(dst []byte, v int64) []byte {
	if v < 0 {
		dst = append(dst, '-')
	}
	u := uint64(v)
	if v < 0 {
		u = -u
	}
	dst = strconv.AppendUint(dst, u/10000, 10)
	if f := u % 10000; f != 0 {
		dst = append(dst, '.', byte('0'+f/1000), byte('0'+f/100%10), byte('0'+f/10%10), byte('0'+f%10))
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

// AppendFloat appends the shortest decimal form that reads back as f, without an
// exponent for the usual magnitudes.
func AppendFloat(dst []byte, f float64) []byte {
	if a := max(f, -f); a != 0 && (a < 1e-7 || a >= 1e21) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendTime appends wall time of zone as RFC 3339. The digits are those of the wall, also
// for an hour that a clock change leaves out, so that two times never print alike.
func appendTime(dst []byte, us int64, zone *time.Location) []byte {
	t := time.UnixMicro(us).UTC()
	if zone != nil && zone != time.UTC {
		y, m, d := t.Date()
		_, offset := time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, zone).Zone()
		t = time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.FixedZone("", offset))
	}
	return t.AppendFormat(dst, time.RFC3339Nano)
}

// appendDate appends days since 1970 as 2006-01-02.
func appendDate(dst []byte, days int64) []byte {
	return time.Unix(days*86400, 0).UTC().AppendFormat(dst, time.DateOnly)
}

// appendPlain appends the machine form of a cell that is not null.
func appendPlain(dst []byte, c *result.Column, row int, zone *time.Location) []byte {
	d := &c.Data
	switch c.Type {
	case expr.Bool:
		return strconv.AppendBool(dst, d.I64[row] != 0)
	case expr.Int:
		return strconv.AppendInt(dst, d.I64[row], 10)
	case expr.Float:
		return AppendFloat(dst, d.F64[row])
	case expr.Money:
		return AppendMoney(dst, d.I64[row])
	case expr.Time:
		return appendTime(dst, d.I64[row], zone)
	case expr.Date:
		return appendDate(dst, d.I64[row])
	}
	if d.Kind == frame.Null {
		return dst
	}
	return append(dst, d.Str(row)...)
}
