package stream

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// appendKey writes the values of some columns of a row so that different values give different
// texts: null, or length and text. Integers are written in digits, so that 17 stays 17 when a later sample
// makes the column text.
func appendKey(b []byte, r *relation.Rows, cols []int, i int) []byte {
	var tmp [64]byte
	for _, at := range cols {
		c := r.Cols[at]
		if c.IsNull(i) {
			b = append(b, 0)
			continue
		}
		v := cellBytes(tmp[:0], c, i)
		b = append(binary.AppendUvarint(b, uint64(len(v))+1), v...)
	}
	return b
}

// cellBytes gives a value as text; it may alias the column.
func cellBytes(tmp []byte, c *frame.Column, i int) []byte {
	if c.Kind == frame.String {
		return c.Str(i)
	}
	return relation.AppendCell(tmp, c, i)
}

// span is a text within job.texts.
type span struct{ from, to int32 }

// noText is a null.
var noText = span{-1, -1}

// text gives a span's bytes.
func (j *job) text(s span) []byte { return j.texts[s.from:s.to] }

// spell writes down what tells where rows belong: their group, order and customer. Neighbouring rows are
// alike, as lines of an order are; equal values of neighbours are one span.
func (j *job) spell(r *relation.Rows) {
	at := &j.dec.at
	j.texts, j.home, j.whose = j.texts[:0], noText, noText
	j.groups = j.spellGroups(j.groups[:0], r)
	j.orders = j.spellColumn(j.orders[:0], r, at.order)
	j.customers = j.spellColumn(j.customers[:0], r, at.customer)
}

// spellColumn writes the values of a column; none where there is no column.
func (j *job) spellColumn(out []span, r *relation.Rows, at int) []span {
	if at < 0 {
		return out
	}
	c := r.Cols[at]
	for i := range r.N {
		switch {
		case i > 0 && sameCell(c, i-1, i):
			out = append(out, out[i-1])
		case c.IsNull(i):
			out = append(out, noText)
		default:
			from := int32(len(j.texts))
			if c.Kind == frame.String {
				j.texts = append(j.texts, c.Str(i)...)
			} else {
				j.texts = relation.AppendCell(j.texts, c, i)
			}
			out = append(out, span{from, int32(len(j.texts))})
		}
	}
	return out
}

// spellGroups writes the group of every row.
func (j *job) spellGroups(out []span, r *relation.Rows) []span {
	by := j.dec.at.by
	for i := range r.N {
		same := i > 0
		for _, at := range by {
			same = same && sameCell(r.Cols[at], i-1, i)
		}
		if same {
			out = append(out, out[i-1])
			continue
		}
		from := int32(len(j.texts))
		j.texts = appendKey(j.texts, r, by, i)
		out = append(out, span{from, int32(len(j.texts))})
	}
	return out
}

// sameCell reports whether two rows hold the same value, or both none.
func sameCell(c *frame.Column, i, k int) bool {
	if c.Valid != nil && (c.IsNull(i) || c.IsNull(k)) {
		return c.IsNull(i) && c.IsNull(k)
	}
	switch {
	case c.Kind == frame.String && c.Codes != nil:
		return c.Codes[i] == c.Codes[k]
	case c.Kind == frame.String:
		return bytes.Equal(c.Str(i), c.Str(k))
	case c.Kind == frame.Float:
		return math.Float64bits(c.F64[i]) == math.Float64bits(c.F64[k])
	case c.I64 != nil:
		return c.I64[i] == c.I64[k]
	}
	return false
}
