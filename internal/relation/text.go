package relation

import (
	"bytes"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
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

// textCache keeps what the last dictionary's entries become.
type textCache struct {
	dict  *frame.Dict
	empty []bool
	some  bool // any is empty

	from, to *frame.Dict
	off      []int32
	data     []byte
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
