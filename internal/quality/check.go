package quality

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/quality/tally"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// cell tests one column of a batch: for every row in sel (nil: all) it
// marks failures in fail and returns how many rows were checked. It belongs to one
// worker.
type cell interface {
	eval(c *frame.Column, sel, fail []bool) (checked int64)
}

func selected(sel []bool, i int) bool { return sel == nil || sel[i] }

// missing reports whether row i has no value; text that could not be read is one.
func missing(c *frame.Column, i int) bool {
	if c.IsNull(i) {
		return !c.IsBad(i)
	}
	return c.Kind == frame.Float && (math.IsNaN(c.F64[i]) || math.IsInf(c.F64[i], 0))
}

type notNull struct{}

func (notNull) eval(c *frame.Column, sel, fail []bool) (checked int64) {
	for i := range c.Len {
		if selected(sel, i) {
			checked++
			fail[i] = missing(c, i)
		}
	}
	return checked
}

// reparser reads text columns of typed files (or of text files that could not be
// asked) as another kind.
type reparser struct {
	kind   frame.Kind
	layout string
	spec   *value.Spec // what a sample told about text of typed files; nil = nothing
	b      *value.Builder
	out    frame.Column
}

// column returns c read as the kind; columns that are no text are returned as they are.
func (r *reparser) column(c *frame.Column) *frame.Column {
	if c.Kind != frame.String || r.kind == frame.String || r.kind == frame.Any {
		return c
	}
	if r.b == nil {
		spec := r.spec
		if spec == nil {
			plain := value.TextSpec()
			spec = &plain
		}
		b, err := value.NewBuilder(spec, r.kind, r.layout)
		if err != nil {
			return c // a kind that text cannot have: nothing of it is readable
		}
		r.b = b
	}
	r.b.Reset(c.Len)
	for i := range c.Len {
		if c.IsNull(i) {
			r.b.SetNull(i)
		} else {
			r.b.Text(i, c.Str(i))
		}
	}
	r.b.Finish(c.Len, &r.out)
	return &r.out
}

// hasType checks that values are readable as a type.
type hasType struct {
	reparser
	as string
}

func (h *hasType) eval(c *frame.Column, sel, fail []bool) (checked int64) {
	c = h.column(c)
	ok := h.accepts(c)
	for i := range c.Len {
		if !selected(sel, i) || missing(c, i) {
			continue
		}
		checked++
		fail[i] = c.IsBad(i) || !ok(i)
	}
	return checked
}

// accepts returns the test of values that were read.
func (h *hasType) accepts(c *frame.Column) func(i int) bool {
	all := func(int) bool { return true }
	none := func(int) bool { return false }
	switch h.as {
	case "text":
		return all
	case "number":
		if c.Kind == frame.Int || c.Kind == frame.Float || c.Kind == frame.Decimal {
			return all
		}
	case "integer":
		switch c.Kind {
		case frame.Int:
			return all
		case frame.Float:
			return func(i int) bool { return c.F64[i] == math.Trunc(c.F64[i]) }
		case frame.Decimal:
			unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(0, c.Scale()))), nil)
			return func(i int) bool {
				v := big.NewInt(0)
				if c.D128 != nil {
					v = c.D128[i].BigInt()
				} else {
					v.SetInt64(c.I64[i])
				}
				return v.Rem(v, unit).Sign() == 0
			}
		}
	case "boolean":
		if c.Kind == frame.Bool {
			return all
		}
	case "date":
		if c.Kind == frame.Date {
			return all
		}
		if c.Kind == frame.Time {
			day := 86_400 * unitsOf(c.Type)
			return func(i int) bool { return c.I64[i]%day == 0 }
		}
	case "timestamp":
		if c.Kind == frame.Time || c.Kind == frame.Date {
			return all
		}
	}
	return none
}

// unitsOf returns the ticks of a timestamp type in a second.
func unitsOf(t arrow.DataType) int64 {
	if ts, ok := t.(*arrow.TimestampType); ok {
		return int64(time.Second / ts.Unit.Multiplier())
	}
	return 1_000_000
}

// inRange compares with bounds of one kind.
type inRange struct {
	reparser
	min, max Bound
}

func (r *inRange) eval(c *frame.Column, sel, fail []bool) (checked int64) {
	c = r.column(c)
	within := r.within(c)
	for i := range c.Len {
		if !selected(sel, i) || missing(c, i) {
			continue
		}
		checked++
		fail[i] = c.IsBad(i) || !within(i)
	}
	return checked
}

// ordered tells whether a value, given its comparison with each end, is inside.
func (r *inRange) ordered(cmp func(b *Bound) int) bool {
	if r.min.Set {
		if d := cmp(&r.min); d < 0 || d == 0 && r.min.Open {
			return false
		}
	}
	if r.max.Set {
		if d := cmp(&r.max); d > 0 || d == 0 && r.max.Open {
			return false
		}
	}
	return true
}

func compare[T int64 | float64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (r *inRange) within(c *frame.Column) func(i int) bool {
	kind := r.min.Kind
	if !r.min.Set {
		kind = r.max.Kind
	}
	switch {
	case kind == TextBound && c.Kind == frame.String:
		return func(i int) bool {
			s := string(c.Str(i))
			return r.ordered(func(b *Bound) int { return compare(s, b.Text) })
		}
	case kind == NumberBound && c.Kind == frame.Int && !c.Unsigned() && (!r.min.Set || r.min.IsInt) && (!r.max.Set || r.max.IsInt):
		return func(i int) bool { return r.ordered(func(b *Bound) int { return compare(c.I64[i], b.Int) }) }
	case kind == NumberBound && (c.Kind == frame.Int || c.Kind == frame.Float || c.Kind == frame.Decimal):
		f := newFormatter(c.Type)
		return func(i int) bool {
			x := numberAt(&f, c, i)
			return r.ordered(func(b *Bound) int { return compare(x, b.Number) })
		}
	case kind == TimeBound && (c.Kind == frame.Time || c.Kind == frame.Date):
		scale, per := int64(1_000_000), unitsOf(c.Type)
		if c.Kind == frame.Date {
			scale, per = 86_400_000_000, 1
		}
		return func(i int) bool {
			x := micros(c.I64[i], scale, per)
			return r.ordered(func(b *Bound) int { return compare(x, b.Micros) })
		}
	}
	return func(int) bool { return false }
}

// micros turns ticks into microseconds; nanoseconds are cut towards the past,
// and what does not fit is the end of time.
func micros(v, scale, per int64) int64 {
	switch {
	case scale == per:
		return v
	case scale > per:
		m := scale / per
		if v > math.MaxInt64/m {
			return math.MaxInt64
		}
		if v < math.MinInt64/m {
			return math.MinInt64
		}
		return v * m
	}
	d := per / scale
	q := v / d
	if v%d < 0 {
		q--
	}
	return q
}

// numberAt is a numeric value as a double.
func numberAt(f *formatter, c *frame.Column, i int) float64 {
	if c.Kind == frame.Float {
		return c.F64[i]
	}
	x, _ := f.float(valueAt(c, i))
	return x
}

// valueAt is the value of a row in the form that a walk gives.
func valueAt(c *frame.Column, i int) datum {
	switch {
	case c.Kind == frame.String:
		return datum{text: c.Str(i)}
	case c.Kind == frame.Float:
		return datum{key: tally.FromFloat(c.F64[i])}
	case c.Kind == frame.Decimal && c.D128 != nil:
		var k counter
		k.addWide(c.D128[i])
		var v datum
		_ = walk(frame.Decimal, []*counter{&k}, func(x datum, _ int64) error {
			v = datum{key: x.key}
			if x.text != nil {
				v.text = append([]byte(nil), x.text...)
			}
			return nil
		})
		return v
	case c.Unsigned():
		return datum{key: uint64(c.I64[i])}
	}
	return datum{key: tally.FromInt(c.I64[i])}
}

// texts tests values as text; values of dictionaries are tested once.
type texts struct {
	ok   func(s []byte) bool
	dict *frame.Dict
	seen []uint8 // by code: 0 unknown, 1 passes, 2 fails
	f    formatter
	typ  arrow.DataType
	buf  []byte
}

func (t *texts) eval(c *frame.Column, sel, fail []bool) (checked int64) {
	if c.Dict != nil && c.Dict != t.dict {
		t.dict, t.seen = c.Dict, make([]uint8, c.Dict.Len())
	}
	if c.Type != t.typ {
		t.f, t.typ = newFormatter(c.Type), c.Type
	}
	for i := range c.Len {
		if !selected(sel, i) || missing(c, i) {
			continue
		}
		checked++
		switch {
		case c.IsBad(i):
			fail[i] = true
		case c.Dict != nil:
			code := c.Codes[i]
			if t.seen[code] == 0 {
				t.seen[code] = 2
				if t.ok(c.Dict.At(code)) {
					t.seen[code] = 1
				}
			}
			fail[i] = t.seen[code] == 2
		default:
			t.buf = appendText(t.buf[:0], &t.f, c, i)
			fail[i] = !t.ok(t.buf)
		}
	}
	return checked
}

// appendText appends the value of a row as the text that keys and sets compare:
// whole doubles as integers.
func appendText(dst []byte, f *formatter, c *frame.Column, i int) []byte {
	switch {
	case c.Kind == frame.String:
		return append(dst, c.Str(i)...)
	case c.Kind == frame.Int && !c.Unsigned():
		return strconv.AppendInt(dst, c.I64[i], 10)
	}
	return append(dst, f.string(valueAt(c, i))...)
}

// inSet makes the test of a set; numbers in the list match however they are written.
func inSet(values []string, numbers bool) func([]byte) bool {
	set := make(map[string]bool, len(values))
	for _, v := range values {
		set[v] = true
		if x, err := strconv.ParseFloat(v, 64); err == nil && numbers {
			set[FormatFloat(x)] = true
		}
	}
	return func(s []byte) bool { return set[string(s)] }
}

func matches(pattern string) func([]byte) bool {
	re := regexp.MustCompile(pattern) // checked when the rule was read
	return re.Match
}
