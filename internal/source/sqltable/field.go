package sqltable

import (
	"database/sql/driver"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// field builds one column of a batch.
type field struct {
	c     *column
	b     *value.Builder
	typ   arrow.DataType
	scale int32
	prec  int32
	wide  []decimal128.Num // once a value of the batch is beyond 64 bits
	isBig bool
	zeros *int64
}

func newField(c *column, zeros *int64) (*field, error) {
	spec := c.spec
	if c.how != asLayout && c.how != asText {
		spec = value.Spec{Kind: frame.KindOf(c.typ), Sure: true}
		if spec.Kind == frame.Decimal || spec.Kind == frame.Date || spec.Kind == frame.Time || spec.Kind == frame.Bool {
			spec.Kind = frame.Int
		}
	}
	if c.how == asText {
		spec = value.TextSpec()
		spec.Common = c.spec.Common
	}
	b, err := value.NewBuilder(&spec, frame.Any, "")
	if err != nil {
		return nil, err
	}
	f := &field{c: c, b: b, typ: c.typ, zeros: zeros}
	if d, ok := c.typ.(*arrow.Decimal128Type); ok {
		f.scale, f.prec = d.Scale, d.Precision
	}
	return f, nil
}

// start begins a batch.
func (f *field) start() { f.isBig = false }

// finish makes the column.
func (f *field) finish(n int, c *frame.Column) {
	f.b.Finish(n, c)
	c.Type, c.Kind = f.typ, frame.KindOf(f.typ)
	if f.isBig {
		c.D128, c.I64 = f.wide[:n], nil
	}
}

// put puts a value of the driver into row i and returns how many bytes of text it took.
func (f *field) put(i int, v driver.Value) int {
	if f.isBig {
		f.wide[i] = decimal128.Num{}
	}
	if v == nil {
		f.b.SetNull(i)
		return 0
	}
	switch f.c.how {
	case asInt, asUint, asBool:
		f.integer(i, v)
	case asFloat:
		f.float(i, v)
	case asText, asBytes:
		return f.text(i, v)
	case asBit:
		f.bit(i, v)
	case asDecimal:
		f.decimal(i, v)
	case asLayout:
		if s, ok := v.(string); ok && len(s) > 0 {
			f.b.Text(i, []byte(s))
		} else {
			f.b.SetBad(i)
		}
	default:
		f.clock(i, v)
	}
	return 0
}

func (f *field) integer(i int, v driver.Value) {
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case float64: // SQLite keeps what no integer holds as a double
		if n = int64(v); v != math.Trunc(v) || math.Abs(v) >= 1<<63 {
			f.b.SetBad(i)
			return
		}
	case []byte: // beyond 63 bits
		u, err := strconv.ParseUint(string(v), 10, 64)
		if err != nil || f.c.how != asUint {
			f.b.SetBad(i)
			return
		}
		n = int64(u)
	default:
		f.b.SetBad(i)
		return
	}
	if f.c.how == asBool && n != 0 && n != 1 {
		f.b.SetBad(i)
		return
	}
	f.b.I64[i] = n
}

func (f *field) float(i int, v driver.Value) {
	switch v := v.(type) {
	case float64:
		f.b.F64[i] = v
	case float32:
		f.b.F64[i] = float64(v)
	case int64:
		f.b.F64[i] = float64(v)
	default:
		f.b.SetBad(i)
	}
}

func (f *field) text(i int, v driver.Value) int {
	switch v := v.(type) {
	case []byte:
		f.b.SetStr(i, v)
		return len(v)
	case string:
		f.b.SetStr(i, []byte(v))
		return len(v)
	case int64: // SQLite keeps numbers in columns without a type
		f.b.SetStr(i, strconv.AppendInt(nil, v, 10))
	case float64:
		f.b.SetStr(i, strconv.AppendFloat(nil, v, 'g', -1, 64))
	default:
		f.b.SetBad(i)
	}
	return 24
}

func (f *field) bit(i int, v driver.Value) {
	s, ok := v.([]byte)
	if !ok || len(s) > 8 {
		f.b.SetBad(i)
		return
	}
	var b [8]byte
	copy(b[8-len(s):], s)
	f.b.I64[i] = int64(binary.BigEndian.Uint64(b[:]))
}

// clock reads dates, times and times of day.
func (f *field) clock(i int, v driver.Value) {
	s, ok := v.([]byte)
	if !ok {
		f.b.SetBad(i)
		return
	}
	var n int64
	switch f.c.how {
	case asDate:
		n, ok = parseDate(s)
	case asTime:
		n, ok = parseTime(s)
	default:
		n, ok = parseClock(s)
		if ok = ok && n < dayMicros; !ok { // MySQL's TIME is a span of up to 838 hours
			f.b.SetBad(i)
			return
		}
	}
	switch {
	case ok:
		f.b.I64[i] = n
	case zeroDate(s):
		*f.zeros++
		f.b.SetNull(i)
	default:
		f.b.SetBad(i)
	}
}

const dayMicros = 86_400_000_000

// parseDate reads YYYY-MM-DD as days since 1970.
func parseDate(s []byte) (int64, bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	y1, ok1 := pair(s)
	y2, ok2 := pair(s[2:])
	m, ok3 := pair(s[5:])
	d, ok4 := pair(s[8:])
	if !ok1 || !ok2 || !ok3 || !ok4 || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, false
	}
	days := civil.Days(100*y1+y2, m, d)
	if d > 28 { // a lenient server may keep 2024-02-31
		if _, mm, dd := civil.Date(days); mm != m || dd != d {
			return 0, false
		}
	}
	return days, true
}

// parseTime reads YYYY-MM-DD HH:MM:SS.ffffff as microseconds since 1970.
func parseTime(s []byte) (int64, bool) {
	days, ok := parseDate(s)
	if !ok {
		return 0, false
	}
	if len(s) == 10 {
		return days * dayMicros, true
	}
	us, ok := parseClock(s[11:])
	return days*dayMicros + us, ok && us < dayMicros
}

// parseClock reads HH:MM:SS.ffffff as microseconds.
func parseClock(s []byte) (int64, bool) {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return 0, false
	}
	h, ok1 := pair(s)
	m, ok2 := pair(s[3:])
	sec, ok3 := pair(s[6:])
	if !ok1 || !ok2 || !ok3 || m > 59 || sec > 59 {
		return 0, false
	}
	us := ((h*60+m)*60 + sec) * 1e6
	if len(s) == 8 {
		return us, true
	}
	if s[8] != '.' || len(s) > 15 {
		return 0, false
	}
	unit := int64(100_000)
	for _, c := range s[9:] {
		if c-'0' > 9 {
			return 0, false
		}
		us += int64(c-'0') * unit
		unit /= 10
	}
	return us, true
}

func pair(s []byte) (int64, bool) {
	a, b := s[0]-'0', s[1]-'0'
	return int64(a)*10 + int64(b), a <= 9 && b <= 9
}

func fromFloats(buf []byte, fs []float64) []byte {
	for _, f := range fs {
		buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(f))
	}
	return buf
}
