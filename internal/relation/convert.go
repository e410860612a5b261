package relation

import (
	"math"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Canonical Arrow types of converted columns.
var (
	wallType  = &arrow.TimestampType{Unit: arrow.Microsecond}
	boolType  = arrow.FixedWidthTypes.Boolean
	intType   = arrow.PrimitiveTypes.Int64
	floatType = arrow.PrimitiveTypes.Float64
	textType  = arrow.BinaryTypes.String
	dateType  = arrow.FixedWidthTypes.Date32
)

// maxExact is the largest magnitude below which every integer is a double of its own.
const maxExact = 1 << 53

// vec is one converted column with the buffers it owns. Where the source is
// canonical already, out aliases it.
type vec struct {
	out   frame.Column
	i64   []int64
	f64   []float64
	valid []byte
	bad   []byte
	codes []int32
	dict  dictCache
	words wordCache
	low   lowMask
	text  textCache
	stand textCache    // texts with those of another column where there are none
	one   frame.Column // the value of a constant
	// ownValid and ownBad say that out's bitmaps are v's own and may be changed.
	ownValid, ownBad bool
}

// start points out at a column of n rows that has in's nulls, kind and type.
func (v *vec) start(in *frame.Column, kind frame.Kind, typ arrow.DataType) *frame.Column {
	v.out = frame.Column{Type: typ, Kind: kind, Len: in.Len, Valid: in.Valid, Nulls: in.Nulls, Bad: in.Bad}
	v.ownValid, v.ownBad = false, false
	return &v.out
}

// ints gives out its own integer buffer.
func (v *vec) ints() []int64 {
	v.i64 = frame.Grow(v.i64, v.out.Len)
	v.out.I64 = v.i64
	return v.i64
}

// floats gives out its own float buffer.
func (v *vec) floats() []float64 {
	v.f64 = frame.Grow(v.f64, v.out.Len)
	v.out.F64 = v.f64
	return v.f64
}

// setNull makes row i null; bad rows were present and unreadable. The bitmaps
// are copied before the first change, so the source's stay as they are.
func (v *vec) setNull(i int, bad bool) {
	c := &v.out
	nb := (c.Len + 7) >> 3
	if !v.ownValid {
		v.ownValid = true
		v.valid = frame.Grow(v.valid, max(nb, 1))
		if c.Valid == nil {
			fill(v.valid, 0xff)
		} else {
			copy(v.valid[:nb], c.Valid)
		}
		c.Valid = v.valid
	}
	if frame.Bit(c.Valid, i) {
		frame.ClearBit(c.Valid, i)
		c.Nulls++
	}
	if !bad {
		return
	}
	if !v.ownBad {
		v.ownBad = true
		v.bad = frame.Grow(v.bad, max(nb, 1))
		if c.Bad == nil {
			clear(v.bad)
		} else {
			copy(v.bad[:nb], c.Bad)
		}
		c.Bad = v.bad
	}
	frame.SetBit(c.Bad, i)
}

// fill sets every byte of b.
func fill(b []byte, x byte) {
	for i := range b {
		b[i] = x
	}
}

// plan says how a column is read.
type plan struct {
	name   string
	typ    expr.Type
	layout string
	raw    bool // leave the values as they are (clean writes them unchanged)
	blank  bool // an empty text is null
	code   bool // texts are codes: spaces around them and case mean nothing
}

// convert gives in as the planned canonical type. It allocates nothing once
// the buffers have grown.
func (v *vec) convert(p *plan, in *frame.Column, z *zone) *frame.Column {
	if p.raw {
		v.out = *in
		return &v.out
	}
	switch p.typ {
	case expr.Int, expr.Bool:
		return v.toInt(p, in)
	case expr.Float:
		return v.toFloat(in)
	case expr.Time:
		return v.toTime(p, in, z)
	case expr.Date:
		return v.toDate(p, in, z)
	}
	switch {
	case in.Kind == frame.String && p.blank:
		return v.toText(p, in)
	case p.typ == expr.Text && (in.Kind == frame.Int || in.Kind == frame.Decimal):
		return v.digits(in)
	}
	if in.Kind == frame.String || p.typ == expr.Unknown {
		v.out = *in
		return &v.out
	}
	return v.allNull(in, frame.String, textType)
}

// allNull answers for columns without values.
func (v *vec) allNull(in *frame.Column, kind frame.Kind, typ arrow.DataType) *frame.Column {
	c := v.start(in, kind, typ)
	n := c.Len
	v.valid = frame.Grow(v.valid, (n+7)>>3+1)
	clear(v.valid)
	c.Valid, c.Nulls, c.Bad = v.valid, n, nil
	switch kind {
	case frame.String:
		v.codes = frame.Grow(v.codes, n)
		clear(v.codes)
		c.Codes, c.Dict = v.codes, emptyDict
	case frame.Float:
		clear(v.floats())
	default:
		clear(v.ints())
	}
	return c
}

// emptyDict has one empty entry, for columns that are null throughout.
var emptyDict = &frame.Dict{Off: []int32{0, 0}}

// toInt reads integers: whole doubles and decimals become integers, text is
// parsed, and anything else present is bad.
func (v *vec) toInt(p *plan, in *frame.Column) *frame.Column {
	kind, typ := frame.Int, intType
	if p.typ == expr.Bool {
		kind, typ = frame.Bool, boolType
	}
	switch in.Kind {
	case frame.Bool, frame.Int:
		c := v.start(in, kind, typ)
		c.I64 = in.I64
		if in.Unsigned() {
			v.unsigned(in)
		}
		return c
	case frame.Float:
		c := v.start(in, kind, typ)
		v.wholeFloats(in, v.ints())
		return c
	case frame.Decimal:
		c := v.start(in, kind, typ)
		v.wholeDecimals(in, v.ints())
		return c
	case frame.String:
		return v.parse(in, kind, typ, parseWhole)
	}
	return v.allNull(in, kind, typ)
}

// unsigned marks the values of a uint64 column that do not fit int64.
func (v *vec) unsigned(in *frame.Column) {
	for i, x := range in.I64[:in.Len] {
		if x < 0 && !in.IsNull(i) {
			v.setNull(i, true)
		}
	}
}

// wholeFloats turns whole doubles into integers. A fraction, or a magnitude of
// 2^53 and more, where doubles no longer tell neighbours apart, is bad; NaN and
// ±Inf are null.
func (v *vec) wholeFloats(in *frame.Column, out []int64) {
	for i, f := range in.F64[:in.Len] {
		k := int64(f)
		out[i] = k
		if float64(k) != f || uint64(k+maxExact) > 2*maxExact {
			out[i] = 0
			if !in.IsNull(i) {
				v.setNull(i, !math.IsNaN(f) && !math.IsInf(f, 0))
			}
		}
	}
}

// wholeDecimals turns whole decimals into integers.
func (v *vec) wholeDecimals(in *frame.Column, out []int64) {
	scale := in.Scale()
	for i := range out {
		if in.IsNull(i) {
			out[i] = 0
			continue
		}
		k, ok := int64(0), false
		if in.I64 != nil {
			k, ok = wholeDec(in.I64[i], scale)
		} else if d := in.D128[i]; true {
			k, ok = wholeDec128(d, scale)
		}
		if out[i] = k; !ok {
			v.setNull(i, true)
		}
	}
}

// toFloat reads numbers. NaN and ±Inf become null.
func (v *vec) toFloat(in *frame.Column) *frame.Column {
	switch in.Kind {
	case frame.Float:
		c := v.start(in, frame.Float, floatType)
		c.F64 = in.F64
		v.dropNaN(in)
		return c
	case frame.Int, frame.Bool:
		c := v.start(in, frame.Float, floatType)
		out := v.floats()
		if in.Unsigned() {
			for i, x := range in.I64[:len(out)] {
				out[i] = float64(uint64(x))
			}
			return c
		}
		for i, x := range in.I64[:len(out)] {
			out[i] = float64(x)
		}
		return c
	case frame.Decimal:
		c := v.start(in, frame.Float, floatType)
		decimalFloats(in, v.floats())
		return c
	case frame.String:
		return v.parse(in, frame.Float, floatType, parseFloat)
	}
	return v.allNull(in, frame.Float, floatType)
}

// expMask holds the exponent bits that are all set in NaN and ±Inf only.
const expMask = 0x7ff0000000000000

// dropNaN makes NaN and ±Inf null. The scan without such values is the hot path.
func (v *vec) dropNaN(in *frame.Column) {
	f := in.F64[:in.Len]
	for lo := 0; lo < len(f); lo += 256 {
		blk := f[lo:min(lo+256, len(f))]
		hit := uint64(0)
		for _, x := range blk {
			// Adding one exponent unit to an all-ones exponent carries into bit 63.
			hit |= (math.Float64bits(x)&^(1<<63) + 1<<52)
		}
		if hit>>63 == 0 {
			continue
		}
		for i, x := range blk {
			if math.Float64bits(x)&expMask == expMask && !in.IsNull(lo+i) {
				v.setNull(lo+i, false)
			}
		}
	}
}

// toTime reads microseconds of wall time. Instants are converted to the zone,
// zoneless times are not shifted, dates are their midnight, integers are
// yyyymmdd or a Unix time by their magnitude.
func (v *vec) toTime(p *plan, in *frame.Column, z *zone) *frame.Column {
	switch in.Kind {
	case frame.Time:
		return v.timestamps(in, z)
	case frame.Date:
		c := v.start(in, frame.Time, wallType)
		out := v.ints()
		for i, d := range in.I64[:len(out)] {
			if out[i] = d * dayMicros; uint64(d+maxDays) > 2*maxDays && !in.IsNull(i) {
				v.setNull(i, true)
			}
		}
		return c
	case frame.Int, frame.Float:
		return v.numberTimes(p, in, z)
	case frame.String:
		tp := timeParser{layout: p.layout, zone: z}
		return v.parse(in, frame.Time, wallType, tp.parse)
	}
	return v.allNull(in, frame.Time, wallType)
}

// numberTimes reads integers (or whole doubles) as times.
func (v *vec) numberTimes(p *plan, in *frame.Column, z *zone) *frame.Column {
	c := v.start(in, frame.Time, wallType)
	out := v.ints()
	if in.Kind == frame.Float {
		v.wholeFloats(in, out)
	} else {
		copy(out, in.I64[:len(out)])
	}
	for i, x := range out {
		if c.IsNull(i) {
			continue
		}
		t, ok := numberTime(x, p.layout, z)
		if out[i] = t; !ok {
			v.setNull(i, true)
		}
	}
	return c
}

const (
	dayMicros = 86_400_000_000
	// maxDays keeps days × dayMicros within int64 (about ±290,000 years).
	maxDays = 106_000_000
)

// timestamps scales a timestamp column to microseconds and moves instants to
// the zone's wall time.
func (v *vec) timestamps(in *frame.Column, z *zone) *frame.Column {
	unit, instant := arrow.Microsecond, false
	if t, ok := in.Type.(*arrow.TimestampType); ok {
		unit, instant = t.Unit, t.TimeZone != ""
	} else if d, ok := in.Type.(*arrow.DictionaryType); ok {
		if t, ok := d.ValueType.(*arrow.TimestampType); ok {
			unit, instant = t.Unit, t.TimeZone != ""
		}
	}
	c := v.start(in, frame.Time, wallType)
	instant = instant && !z.utc
	if unit == arrow.Microsecond && !instant {
		c.I64 = in.I64
		return c
	}
	out := v.ints()
	v.scaleTimes(in, unit, out)
	if instant {
		z.shift(out)
	}
	return c
}

// scaleTimes writes in's values in microseconds; what does not fit is bad.
func (v *vec) scaleTimes(in *frame.Column, unit arrow.TimeUnit, out []int64) {
	src := in.I64[:len(out)]
	switch unit {
	case arrow.Nanosecond:
		for i, x := range src {
			q := x / 1000
			out[i] = q + (x-q*1000)>>63 // floor
		}
		return
	case arrow.Microsecond:
		copy(out, src)
		return
	}
	k := int64(1000)
	if unit == arrow.Second {
		k = 1_000_000
	}
	limit := uint64(math.MaxInt64 / k)
	for i, x := range src {
		if out[i] = x * k; uint64(x)+limit > 2*limit && !in.IsNull(i) {
			out[i] = 0
			v.setNull(i, true)
		}
	}
}

// toDate reads days since 1970.
func (v *vec) toDate(p *plan, in *frame.Column, z *zone) *frame.Column {
	if in.Kind == frame.Date {
		c := v.start(in, frame.Date, dateType)
		c.I64 = in.I64
		return c
	}
	c := v.toTime(p, in, z)
	from := c.I64[:c.Len]
	for i, t := range from[:len(v.ints())] { // in place when the times are v's own
		v.i64[i] = civil.FloorDiv(t, dayMicros)
	}
	c.Kind, c.Type = frame.Date, dateType
	return c
}

// parse reads text value by value, or entry by entry of its dictionary.
func (v *vec) parse(in *frame.Column, kind frame.Kind, typ arrow.DataType, read func([]byte) (int64, status)) *frame.Column {
	c := v.start(in, kind, typ)
	out := v.ints()
	if in.Dict != nil {
		vals, stat := v.dict.of(in.Dict, read)
		for i, code := range in.Codes[:len(out)] {
			out[i] = vals[code]
			if stat[code] != fine && !in.IsNull(i) {
				v.setNull(i, stat[code] == bad)
			}
		}
	} else {
		for i := range out {
			if in.IsNull(i) {
				out[i] = 0
				continue
			}
			x, st := read(in.Str(i))
			if out[i] = x; st != fine {
				v.setNull(i, st == bad)
			}
		}
	}
	if kind == frame.Float {
		f := v.floats()
		for i, x := range out {
			f[i] = math.Float64frombits(uint64(x))
		}
		c.I64 = nil
	}
	return c
}

// status says how reading a text went.
type status uint8

const (
	fine   status = iota
	absent        // nothing there: null
	bad           // something unreadable there
)

// dictCache keeps what the entries of the last dictionary mean.
type dictCache struct {
	dict *frame.Dict
	vals []int64
	stat []status
}

// of reads all entries of d, unless d was read last time.
func (m *dictCache) of(d *frame.Dict, read func([]byte) (int64, status)) ([]int64, []status) {
	if m.dict == d {
		return m.vals, m.stat
	}
	n := max(d.Len(), 1)
	m.vals, m.stat = frame.Grow(m.vals, n), frame.Grow(m.stat, n)
	m.vals[0], m.stat[0] = 0, absent
	for i := range d.Len() {
		m.vals[i], m.stat[i] = read(d.At(int32(i)))
	}
	m.dict = d
	return m.vals, m.stat
}

// nulls of a bitmap below n.
func countNulls(valid []byte, n int) int {
	set := 0
	for _, b := range valid[:n>>3] {
		set += bits.OnesCount8(b)
	}
	if r := n & 7; r > 0 {
		set += bits.OnesCount8(valid[n>>3] & (1<<r - 1))
	}
	return n - set
}
