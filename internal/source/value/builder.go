package value

import (
	"bytes"
	"math/bits"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/textio"
)

// maxDict bounds the dictionary of a reader; a column with more values goes on as plain text.
const (
	maxDict      = 1 << 15
	maxDictBytes = 8 << 20
)

// Builder fills one column of a batch from texts. Its exported slices may be
// written directly by parsers that have a faster way for common spellings:
// row i of I64, F64, or SetStr.
type Builder struct {
	Kind frame.Kind
	Type arrow.DataType
	I64  []int64
	F64  []float64

	// FixUTF8 makes texts that are not UTF-8 readable as Windows-1252; Fixed counts them.
	FixUTF8 bool
	Fixed   int

	off       []int32
	data      []byte
	codes     []int32
	dict      dictWriter
	useDict   bool
	common    *Common
	valid     []byte
	bad       []byte
	hasNull   bool
	hasBad    bool
	rows      int
	layout    *Layout
	twin      *Layout        // a recognised layout's with day and month exchanged
	swapped   *frame.Swapped // the first bad value that only twin reads
	zone      bool
	zoneKnown bool
	iso       bool
	strict    bool // inferred integers: leading zeros are another thing
	nullWords bool
	notation  Notation
	lastDay   [10]byte
	lastDays  int64
	scratch   []byte
}

// NewBuilder makes a builder for a column that is to be read as kind (frame.Any:
// as inferred) with a stated layout ("": the recognised one).
func NewBuilder(s *Spec, as frame.Kind, layout string) (*Builder, error) {
	b := &Builder{Kind: as, strict: as == frame.Any, nullWords: s.NullWords, notation: s.Notation}
	if as == frame.Any {
		b.Kind = s.Kind
	}
	switch b.Kind {
	case frame.Decimal:
		b.Kind = frame.Float
	case frame.Null, frame.Nested:
		return nil, fault.New(fault.Internal, "reading text as %v is impossible", as)
	case frame.String:
		b.common = s.Common
		b.Restart()
	case frame.Date, frame.Time:
		b.layout, b.zone, b.zoneKnown = s.Layout, s.Zone, s.Layout != nil
		if layout != "" {
			b.layout = StatedLayout(layout)
			if b.layout != s.Layout {
				b.zone = b.layout.order == "unix" || s.Zone || zoneStated(b.layout)
				b.zoneKnown = true
			}
		}
		if b.layout == nil {
			b.layout = layouts[0]
		}
		b.iso = b.layout.iso()
		if layout == "" {
			b.twin = b.layout.twin()
		}
	}
	b.Type = (&Spec{Kind: b.Kind, Zone: b.zone}).Type(b.Kind)
	return b, nil
}

func zoneStated(l *Layout) bool {
	for _, part := range []string{"Z07", "-07", "MST"} {
		if len(l.goWords) > 0 && containsStr(l.goWords, part) {
			return true
		}
	}
	return false
}

func containsStr(s, part string) bool {
	for i := 0; i+len(part) <= len(s); i++ {
		if s[i:i+len(part)] == part {
			return true
		}
	}
	return false
}

// Restart makes a used builder as new for another split, so that what a split gives does not
// depend on what was read before; only its memory is kept.
func (b *Builder) Restart() {
	b.FixUTF8, b.Fixed = false, 0
	if b.useDict = b.common != nil && b.Kind == frame.String; b.useDict {
		b.dict.start(b.common)
	}
}

// Reset begins a batch of at most rows rows.
func (b *Builder) Reset(rows int) {
	b.rows = rows
	b.hasNull, b.hasBad, b.swapped = false, false, nil
	switch b.Kind {
	case frame.Float:
		b.F64 = frame.Grow(b.F64, rows)
	case frame.String:
		if b.useDict && (b.dict.dict.Len() > maxDict || len(b.dict.dict.Data) > maxDictBytes) {
			b.useDict = false
		}
		if b.useDict {
			b.codes = frame.Grow(b.codes, rows)
			return
		}
		b.off = frame.Grow(b.off, rows+1)
		b.off[0] = 0
		b.data = b.data[:0]
	default:
		b.I64 = frame.Grow(b.I64, rows)
	}
}

// Truncate takes back row i, the last one written, or does nothing when it was not
// written yet.
func (b *Builder) Truncate(i int) {
	if b.hasNull {
		frame.SetBit(b.valid, i)
	}
	if b.hasBad {
		frame.ClearBit(b.bad, i)
	}
	if b.swapped != nil && b.swapped.Row >= i {
		b.swapped = nil
	}
	if b.Kind == frame.String && !b.useDict {
		b.data = b.data[:b.off[i]]
	}
}

// SetNull makes row i null.
func (b *Builder) SetNull(i int) {
	if !b.hasNull {
		b.hasNull = true
		b.valid = frame.Grow(b.valid, (b.rows+7)/8)
		for k := range b.valid {
			b.valid[k] = 0xff
		}
	}
	frame.ClearBit(b.valid, i)
	switch {
	case b.Kind == frame.Float:
		b.F64[i] = 0
	case b.Kind != frame.String:
		b.I64[i] = 0
	case b.useDict:
		b.codes[i] = 0
	default:
		b.off[i+1] = int32(len(b.data))
	}
}

// SetBad makes row i null because its text cannot be read as the kind.
func (b *Builder) SetBad(i int) {
	b.SetNull(i)
	if !b.hasBad {
		b.hasBad = true
		b.bad = frame.Grow(b.bad, (b.rows+7)/8)
		clear(b.bad)
	}
	frame.SetBit(b.bad, i)
}

// SetStr puts a text that is no null into row i of a String column.
func (b *Builder) SetStr(i int, s []byte) {
	if b.useDict {
		b.codes[i] = b.dict.code(s)
		return
	}
	b.data = append(b.data, s...)
	b.off[i+1] = int32(len(b.data))
}

// Text puts the value of a text into row i: null, bad or read as the kind.
func (b *Builder) Text(i int, s []byte) {
	if b.Kind == frame.String {
		if isTextNull(s) || b.nullWords && IsNullWord(Trim(s)) {
			b.SetNull(i)
			return
		}
		if b.FixUTF8 && !utf8.Valid(s) {
			b.Fixed++
			b.scratch = textio.Invalid1252(b.scratch[:0], s)
			s = b.scratch
		}
		b.SetStr(i, s)
		return
	}
	s = Trim(s)
	if IsNullWord(s) {
		b.SetNull(i)
		return
	}
	if b.notation != Plain && (b.Kind == frame.Int || b.Kind == frame.Float) {
		if s = b.unmarked(s); s == nil {
			b.SetBad(i)
			return
		}
	}
	switch b.Kind {
	case frame.Int:
		b.setInt(i, s)
	case frame.Float:
		if v, ok := ParseFloat(s); ok {
			b.F64[i] = v
			return
		}
		b.SetBad(i)
	case frame.Bool:
		v, ok := ParseBool(s)
		if !ok && !b.strict {
			v, ok = wideBool(s)
		}
		if !ok {
			b.SetBad(i)
			return
		}
		b.I64[i] = 0
		if v {
			b.I64[i] = 1
		}
	default:
		b.setTime(i, s)
	}
}

// unmarked writes a number of the column's notation plainly; nil if it is none. What
// has an exponent or is infinite is plain already, in every notation without a mark.
func (b *Builder) unmarked(s []byte) []byte {
	var ok bool
	if b.scratch, ok = plainNumber(b.scratch[:0], s, b.notation); ok {
		return b.scratch
	}
	if b.notation == PointDecimal || bytes.IndexByte(s, '.') < 0 {
		return s
	}
	return nil
}

// Notation is how the texts of the column write numbers.
func (b *Builder) Notation() Notation { return b.notation }

func (b *Builder) setInt(i int, s []byte) {
	var v int64
	var ok bool
	if b.strict {
		t := s
		if t[0] == '-' {
			t = t[1:]
		}
		if len(t) > 1 && t[0] == '0' && t[1]-'0' <= 9 || len(t) > 0 && t[0] == '+' {
			b.SetBad(i)
			return
		}
		v, ok = ParseInt(s)
	} else {
		v, ok = ParseWhole(s)
	}
	if !ok {
		b.SetBad(i)
		return
	}
	b.I64[i] = v
}

func (b *Builder) setTime(i int, s []byte) {
	if b.ISO(i, s) {
		return
	}
	in, ok := b.layout.Parse(s)
	if !ok || b.zoneKnown && in.Clock && in.Zone != b.zone {
		b.SetBad(i)
		if !ok && b.twin != nil && b.swapped == nil {
			if _, ok := b.twin.Parse(s); ok {
				b.swapped = &frame.Swapped{Row: i, Text: string(s)}
			}
		}
		return
	}
	if b.Kind == frame.Date {
		b.I64[i] = civil.FloorDiv(in.Micros, dayMicros)
		return
	}
	b.I64[i] = in.Micros
}

// Finish makes the first n rows a column. Its slices are valid until Reset.
func (b *Builder) Finish(n int, c *frame.Column) {
	*c = frame.Column{Type: b.Type, Kind: b.Kind, Len: n}
	if b.hasNull {
		if c.Nulls = n - onesBelow(b.valid, n); c.Nulls > 0 {
			c.Valid = b.valid
		}
	}
	if b.hasBad && onesBelow(b.bad, n) > 0 {
		c.Bad, c.Swapped = b.bad, b.swapped
	}
	switch {
	case b.Kind == frame.Float:
		c.F64 = b.F64[:n]
	case b.Kind != frame.String:
		c.I64 = b.I64[:n]
	case b.useDict:
		c.Codes, c.Dict = b.codes[:n], b.dict.publish()
		if c.Dict.Len() == 0 { // all null: codes 0 must be within something
			c.Dict = &frame.Dict{Off: []int32{0, 0}}
		}
	default:
		c.Off, c.Data = b.off[:n+1], b.data
	}
}

func onesBelow(m []byte, n int) int {
	ones := 0
	for _, x := range m[:n>>3] {
		ones += bits.OnesCount8(x)
	}
	if n&7 != 0 {
		ones += bits.OnesCount8(m[n>>3] & (1<<(n&7) - 1))
	}
	return ones
}
