package relation

import (
	"encoding/binary"
	"hash/maphash"
	"math"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// rowHasher hashes and encodes rows over a set of columns. Equal rows (null
// equals null, -0 equals 0, text by bytes) have equal hashes and equal
// encodings; different encodings mean different rows.
type rowHasher struct {
	seed  maphash.Seed
	sums  []uint64
	dicts []dictHashes // by column
}

// dictHashes caches the hashes of a dictionary's entries.
type dictHashes struct {
	dict *frame.Dict
	sums []uint64
}

const (
	mixPrime = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio
	nullHash = 0xD1B54A32D192ED03
)

// mix folds a value into a hash.
func mix(h, x uint64) uint64 {
	h = (h ^ x) * mixPrime
	return h ^ h>>29
}

// rows returns one hash a row.
func (r *rowHasher) rows(cols []*frame.Column, n int) []uint64 {
	r.sums = frame.Grow(r.sums, n)
	clear(r.sums)
	if len(r.dicts) < len(cols) {
		r.dicts = make([]dictHashes, len(cols))
	}
	for k, c := range cols {
		r.fold(c, &r.dicts[k])
	}
	return r.sums
}

// fold mixes one column into the sums.
func (r *rowHasher) fold(c *frame.Column, d *dictHashes) {
	sums := r.sums
	switch {
	case c.Valid != nil || c.Kind == frame.Null || c.Kind == frame.Decimal:
		for i := range sums {
			sums[i] = mix(sums[i], r.value(c, d, i))
		}
	case c.Kind == frame.Float:
		for i, f := range c.F64[:len(sums)] {
			sums[i] = mix(sums[i], math.Float64bits(f+0))
		}
	case c.Kind == frame.String && c.Dict != nil:
		entry := d.of(c.Dict, r.seed)
		for i, code := range c.Codes[:len(sums)] {
			sums[i] = mix(sums[i], entry[code])
		}
	case c.Kind == frame.String:
		for i := range sums {
			sums[i] = mix(sums[i], maphash.Bytes(r.seed, c.Data[c.Off[i]:c.Off[i+1]]))
		}
	default:
		for i, x := range c.I64[:len(sums)] {
			sums[i] = mix(sums[i], uint64(x))
		}
	}
}

// value hashes one value.
func (r *rowHasher) value(c *frame.Column, d *dictHashes, i int) uint64 {
	if c.IsNull(i) {
		return nullHash
	}
	switch {
	case c.Kind == frame.Float:
		return math.Float64bits(c.F64[i] + 0)
	case c.Kind == frame.String && c.Dict != nil:
		return d.of(c.Dict, r.seed)[c.Codes[i]]
	case c.Kind == frame.String:
		return maphash.Bytes(r.seed, c.Str(i))
	case c.Kind == frame.Decimal:
		lo, hi := wide(c, i)
		return mix(lo, uint64(hi))
	}
	return uint64(c.I64[i])
}

// wide returns a decimal as two words, whichever way the batch holds it.
func wide(c *frame.Column, i int) (lo uint64, hi int64) {
	if c.I64 != nil {
		return uint64(c.I64[i]), c.I64[i] >> 63
	}
	return c.D128[i].LowBits(), c.D128[i].HighBits()
}

// of returns the hashes of all entries.
func (d *dictHashes) of(dict *frame.Dict, seed maphash.Seed) []uint64 {
	if d.dict != dict {
		d.dict = dict
		d.sums = frame.Grow(d.sums, max(dict.Len(), 1))
		d.sums[0] = 0
		for i := range dict.Len() {
			d.sums[i] = maphash.Bytes(seed, dict.At(int32(i)))
		}
	}
	return d.sums
}

// appendRow encodes row i without ambiguity.
func appendRow(buf []byte, cols []*frame.Column, i int) []byte {
	for _, c := range cols {
		if c.IsNull(i) {
			buf = append(buf, 0)
			continue
		}
		buf = append(buf, 1)
		switch {
		case c.Kind == frame.Float:
			buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(c.F64[i]+0))
		case c.Kind == frame.String:
			s := c.Str(i)
			buf = binary.AppendUvarint(buf, uint64(len(s)))
			buf = append(buf, s...)
		case c.Kind == frame.Decimal:
			lo, hi := wide(c, i)
			buf = binary.LittleEndian.AppendUint64(buf, lo)
			buf = binary.LittleEndian.AppendUint64(buf, uint64(hi))
		default:
			buf = binary.LittleEndian.AppendUint64(buf, uint64(c.I64[i]))
		}
	}
	return buf
}

// equalRows compares two rows of one batch in all columns.
func equalRows(cols []*frame.Column, a, b int) bool {
	for _, c := range cols {
		same := false
		switch {
		case c.Valid != nil || c.Kind == frame.Null || c.Kind == frame.Float:
			same = equalAt(c, a, b)
		case c.Dict != nil:
			x, y := c.Codes[a], c.Codes[b]
			same = x == y || string(c.Dict.At(x)) == string(c.Dict.At(y))
		case c.I64 != nil:
			same = c.I64[a] == c.I64[b]
		case c.Off != nil:
			same = string(c.Data[c.Off[a]:c.Off[a+1]]) == string(c.Data[c.Off[b]:c.Off[b+1]])
		default:
			same = equalAt(c, a, b)
		}
		if !same {
			return false
		}
	}
	return true
}
