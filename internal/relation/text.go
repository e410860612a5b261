package relation

import (
	"bytes"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// currencyColumn is the canonical column whose values are codes: the same code
// in another case or between spaces is the same currency.
const currencyColumn = "currency"

// mappedText says how a mapped text column is read: text files cannot tell an
// empty text from nothing, so it is nothing in every format.
func (p *plan) mappedText(canonical string) {
	p.blank = p.typ == expr.Text
	p.code = p.blank && canonical == currencyColumn
}

// toText gives text as it stands, but for what the plan of a mapped column changes.
func (v *vec) toText(p *plan, in *frame.Column) *frame.Column {
	v.out, v.ownValid, v.ownBad = *in, false, false
	if p.code {
		v.codeText()
	}
	if p.blank {
		v.dropEmpty()
	}
	return &v.out
}

// digits writes integers as text: ids beyond int64 keep all their digits.
func (v *vec) digits(in *frame.Column) *frame.Column {
	c, t := v.start(in, frame.String, textType), &v.text
	t.off, t.data = append(t.off[:0], 0), t.data[:0]
	for i := range in.Len {
		if in.I64 != nil && in.Kind == frame.Decimal && !in.IsNull(i) {
			t.data = strconv.AppendInt(t.data, in.I64[i], 10)
		} else {
			t.data = AppendCell(t.data, in, i)
		}
		t.off = append(t.off, int32(len(t.data)))
	}
	c.Off, c.Data = t.off, t.data
	return c
}

// Wide reports whether a column of a table holds integers that may be beyond int64:
// decimals without fraction of more than 18 digits, and unsigned ones unless the statistics
// of the file prove the contrary. As ids they are read as text.
func Wide(table source.Dataset, name string) bool {
	at := table.Schema().FieldIndices(name)
	if len(at) != 1 {
		return false
	}
	t := table.Schema().Field(at[0]).Type
	if d, ok := t.(arrow.DecimalType); ok {
		return d.GetPrecision() > 18 && d.GetScale() == 0
	}
	if t.ID() != arrow.UINT64 || source.Untyped(table) {
		return false
	}
	for _, s := range table.Splits() {
		st, ok := s.Stats(at[0])
		none := s.Rows() == 0 || (st.Nulls >= 0 && st.Nulls == s.Rows())
		if !none && (!ok || st.MinI64 < 0 || st.MaxI64 < 0) {
			return true
		}
	}
	return false
}

// textCache keeps what the last dictionary's entries become.
type textCache struct {
	dict  *frame.Dict
	empty []bool
	some  bool // any is empty

	from, to *frame.Dict
	off      []int32
	data     []byte
	valid    []byte
}

// empties marks the empty entries of d.
func (t *textCache) empties(d *frame.Dict) (empty []bool, some bool) {
	if t.dict != d {
		t.dict, t.some = d, false
		t.empty = frame.Grow(t.empty, max(d.Len(), 1))
		for i := range d.Len() {
			t.empty[i] = d.Off[i] == d.Off[i+1]
			t.some = t.some || t.empty[i]
		}
	}
	return t.empty, t.some
}

// dropEmpty makes empty texts null.
func (v *vec) dropEmpty() {
	c := &v.out
	if c.Dict == nil {
		if c.Len == 0 {
			return
		}
		from := c.Off[0]
		for i, to := range c.Off[1 : c.Len+1] {
			if to == from && !c.IsNull(i) {
				v.setNull(i, false)
			}
			from = to
		}
		return
	}
	empty, some := v.text.empties(c.Dict)
	if !some {
		return
	}
	for i, code := range c.Codes[:c.Len] {
		if empty[code] && !c.IsNull(i) {
			v.setNull(i, false)
		}
	}
}

// standIn takes the texts of another column where there are none.
func (v *vec) standIn(other *frame.Column) {
	first, t := v.out, &v.stand
	if first.Valid == nil || other.Kind != frame.String {
		return
	}
	t.off, t.data, t.valid = append(t.off[:0], 0), t.data[:0], frame.Grow(t.valid, (first.Len+7)>>3+1)
	clear(t.valid)
	nulls := 0
	for i := range first.Len {
		from := &first
		if first.IsNull(i) {
			from = other
		}
		if from.IsNull(i) || len(from.Str(i)) == 0 {
			nulls++
		} else {
			t.data = append(t.data, from.Str(i)...)
			frame.SetBit(t.valid, i)
		}
		t.off = append(t.off, int32(len(t.data)))
	}
	v.out = frame.Column{Type: textType, Kind: frame.String, Len: first.Len, Valid: t.valid, Nulls: nulls, Off: t.off, Data: t.data}
	v.ownValid, v.ownBad = false, false
}

// codeText trims spaces and raises the letters A–Z.
func (v *vec) codeText() {
	c, t := &v.out, &v.text
	if c.Dict != nil {
		if t.from != c.Dict {
			t.from, t.to = c.Dict, c.Dict
			if off, data, changed := codes(c.Dict.Off, c.Dict.Data, nil, nil); changed {
				t.to = &frame.Dict{Off: off, Data: data}
			}
		}
		c.Dict = t.to
		return
	}
	if c.Len == 0 {
		return
	}
	off, data, changed := codes(c.Off[:c.Len+1], c.Data, t.off[:0], t.data[:0])
	if t.off, t.data = off, data; changed {
		c.Off, c.Data = off, data
	}
}

// codes writes the texts between offsets as codes and tells whether any differs.
func codes(off []int32, data []byte, outOff []int32, out []byte) (_ []int32, _ []byte, changed bool) {
	outOff = append(outOff, 0)
	for i := range len(off) - 1 {
		s := data[off[i]:off[i+1]]
		at := len(out)
		for _, b := range bytes.Trim(s, " ") {
			if 'a' <= b && b <= 'z' {
				b -= 'a' - 'A'
			}
			out = append(out, b)
		}
		outOff = append(outOff, int32(len(out)))
		changed = changed || !bytes.Equal(out[at:], s)
	}
	return outOff, out, changed
}
