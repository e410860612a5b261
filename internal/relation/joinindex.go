package relation

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// index maps keys to rows and proves that a key has one meaning: rows that
// share a key must agree in every column that is used.
func (d *dim) index() error {
	keys := make([]*frame.Column, len(d.key))
	for k, p := range d.key {
		keys[k] = &d.cols[p.col].data
	}
	single := len(keys) == 1 && d.key[0].typ == expr.Int
	d.dense, d.ints, d.texts = nil, nil, nil
	switch {
	case single && d.closeKeys(keys[0]):
		return d.indexDense(keys[0])
	case single:
		d.ints = make(map[int64]int32, d.rows)
	default:
		d.texts = make(map[string]int32, d.rows)
	}
	var buf []byte
	for i := range d.rows {
		if !d.counts(i) {
			continue
		}
		var old int32
		var seen bool
		if single {
			if keys[0].IsNull(i) {
				continue
			}
			k := keys[0].I64[i]
			if old, seen = d.ints[k]; !seen {
				d.ints[k] = int32(i)
			}
		} else {
			var ok bool
			if buf, ok = keyBytes(buf[:0], keys, i); !ok {
				continue
			}
			if old, seen = d.texts[string(buf)]; !seen {
				d.texts[string(buf)] = int32(i)
			}
		}
		if seen && !d.same(int(old), i) {
			return d.notUnique(keys, int(old), i)
		}
	}
	return nil
}

// counts reports whether a row of the table is one of the dimension.
func (d *dim) counts(i int) bool { return d.here < 0 || !d.cols[d.here].data.IsNull(i) }

// notUnique is the error about a key with two meanings.
func (d *dim) notUnique(keys []*frame.Column, a, b int) error {
	hint := "a joined table needs one row a key"
	if d.join.Self {
		hint = "two orders bear that number, or the inputs hold two states of one order: keep the later one, or give each order a number of its own"
	}
	return fault.New(fault.Input, "the key %s occurs in rows %d and %d with different values", keyText(keys, b), a+1, b+1).
		WithHint("%s", hint)
}

// closeKeys reports whether the keys fill at least an eighth of their range, and
// sets up the dense index.
func (d *dim) closeKeys(c *frame.Column) bool {
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for i, k := range c.I64[:d.rows] {
		if !c.IsNull(i) {
			lo, hi = min(lo, k), max(hi, k)
		}
	}
	if lo > hi || uint64(hi-lo) > uint64(8*d.rows)+1024 {
		return false
	}
	d.low, d.dense = lo, make([]int32, hi-lo+1)
	return true
}

// indexDense is index for keys that lie close together.
func (d *dim) indexDense(c *frame.Column) error {
	for i, k := range c.I64[:d.rows] {
		if c.IsNull(i) || !d.counts(i) {
			continue
		}
		at := &d.dense[k-d.low]
		if *at == 0 {
			*at = int32(i) + 1
		} else if !d.same(int(*at)-1, i) {
			return d.notUnique([]*frame.Column{c}, int(*at)-1, i)
		}
	}
	return nil
}

// same compares two rows in all columns.
func (d *dim) same(a, b int) bool {
	for i := range d.cols {
		if !equalAt(&d.cols[i].data, a, b) {
			return false
		}
	}
	return true
}

// equalAt compares two values of a column; null equals null.
func equalAt(c *frame.Column, a, b int) bool {
	if na, nb := c.IsNull(a), c.IsNull(b); na || nb {
		return na == nb
	}
	switch c.Kind {
	case frame.Float:
		return math.Float64bits(c.F64[a]+0) == math.Float64bits(c.F64[b]+0) // -0 is 0
	case frame.String:
		return string(c.Str(a)) == string(c.Str(b))
	}
	if c.I64 == nil {
		return c.D128[a] == c.D128[b]
	}
	return c.I64[a] == c.I64[b]
}

// keyBytes encodes a key without ambiguity; ok is false when a part is null.
func keyBytes(buf []byte, keys []*frame.Column, i int) (_ []byte, ok bool) {
	for _, c := range keys {
		if c.IsNull(i) {
			return buf, false
		}
		if c.Kind == frame.String {
			s := c.Str(i)
			if len(keys) > 1 {
				buf = binary.AppendUvarint(buf, uint64(len(s)))
			}
			buf = append(buf, s...)
		} else {
			buf = binary.LittleEndian.AppendUint64(buf, uint64(c.I64[i]))
		}
	}
	return buf, true
}

// keyText shows a key in a message.
func keyText(keys []*frame.Column, i int) string {
	parts := make([]string, len(keys))
	for k, c := range keys {
		parts[k] = cellText(c, i)
	}
	return strings.Join(parts, ", ")
}

// lookup fills out with the row of each key, -1 when there is none.
func (d *dim) lookup(keys []*frame.Column, out []int32, r *keyReader) {
	if d.dense != nil {
		c := keys[0]
		for i, k := range c.I64[:len(out)] {
			out[i] = -1
			if at := uint64(k - d.low); at < uint64(len(d.dense)) && !c.IsNull(i) {
				out[i] = d.dense[at] - 1
			}
		}
		return
	}
	if d.ints != nil {
		for i := range out {
			out[i] = -1
			if !keys[0].IsNull(i) {
				if row, ok := d.ints[keys[0].I64[i]]; ok {
					out[i] = row
				}
			}
		}
		return
	}
	if len(keys) == 1 && keys[0].Dict != nil && r != nil {
		d.lookupDict(keys[0], out, r)
		return
	}
	var own keyReader
	if r == nil {
		r = &own
	}
	for i := range out {
		out[i] = -1
		var ok bool
		if r.buf, ok = keyBytes(r.buf[:0], keys, i); ok {
			if row, ok := d.texts[string(r.buf)]; ok {
				out[i] = row
			}
		}
	}
}

// lookupDict asks the index once for every dictionary entry.
func (d *dim) lookupDict(c *frame.Column, out []int32, r *keyReader) {
	if r.dict != c.Dict {
		r.dict = c.Dict
		r.entry = frame.Grow(r.entry, max(c.Dict.Len(), 1))
		r.entry[0] = -1
		for k := range c.Dict.Len() {
			r.entry[k] = -1
			if row, ok := d.texts[string(c.Dict.At(int32(k)))]; ok {
				r.entry[k] = row
			}
		}
	}
	for i, code := range c.Codes[:len(out)] {
		if out[i] = r.entry[code]; c.IsNull(i) {
			out[i] = -1
		}
	}
}

// keyReader holds what a worker needs to look keys up.
type keyReader struct {
	vecs  []vec
	cols  []*frame.Column
	buf   []byte
	dict  *frame.Dict
	entry []int32
}

// match finds the dimension row of every fact row.
func (w *Worker) match(k int, raw *frame.Batch) {
	d, r := w.prog.dims[k], &w.keys[k]
	w.joins[k] = frame.Grow(w.joins[k], raw.N)
	out := w.joins[k]
	if d.parent >= 0 {
		for i, row := range w.joins[d.parent][:raw.N] {
			if out[i] = -1; row >= 0 {
				out[i] = d.via[row]
			}
		}
	} else {
		if r.vecs == nil {
			r.vecs, r.cols = make([]vec, len(d.left)), make([]*frame.Column, len(d.left))
		}
		for j, slot := range d.left {
			in := &raw.Cols[slot]
			r.cols[j] = r.vecs[j].convert(&plan{name: d.join.On[j].Left, typ: d.key[j].typ, blank: d.key[j].typ == expr.Text}, in, &w.zone)
		}
		d.lookup(r.cols, out, r)
	}
	for _, row := range out {
		if row < 0 {
			w.Tally.Unmatched[k]++
		}
	}
}

// gather picks dimension rows; -1 is null.
func (v *vec) gather(c *frame.Column, rows []int32) {
	n := len(rows)
	v.out = frame.Column{Type: c.Type, Kind: c.Kind, Len: n, Dict: c.Dict}
	v.ownValid, v.ownBad = true, false
	v.valid = frame.Grow(v.valid, (n+7)>>3+1)
	fill(v.valid, 0xff)
	v.out.Valid = v.valid
	switch c.Kind {
	case frame.Float:
		pick(v.floats(), c.F64, rows)
	case frame.String:
		v.codes = frame.Grow(v.codes, n)
		v.out.Codes = v.codes
		pick(v.codes, c.Codes, rows)
	default:
		pick(v.ints(), c.I64, rows)
	}
	for i, row := range rows {
		if row < 0 || !frame.Bit(c.Valid, int(row)) {
			frame.ClearBit(v.valid, i)
			v.out.Nulls++
		}
	}
	if v.out.Nulls == 0 {
		v.out.Valid = nil
	}
}

// pick copies src[rows[i]]; rows of -1 get the zero value.
func pick[T any](dst, src []T, rows []int32) {
	for i, row := range rows {
		if row >= 0 {
			dst[i] = src[row]
		} else {
			var zero T
			dst[i] = zero
		}
	}
}
