package parquet

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// numbers returns the values of n rows that are not null as bit patterns of the
// stored type. Without nulls and conversion they are the column's own memory.
func (e *encoder) numbers(c *frame.Column, lo, n, have int) ([]uint64, error) {
	var src []uint64
	switch {
	case e.kind == frame.Float:
		src = bitsOf(c.F64)[lo : lo+n]
	case e.kind == frame.Decimal && c.D128 != nil:
		return e.narrow(c, lo, n)
	default:
		src = bitsOf(c.I64)[lo : lo+n]
	}
	if have < n {
		e.bits = e.bits[:0]
		for i, v := range src {
			if frame.Bit(c.Valid, lo+i) {
				e.bits = append(e.bits, v)
			}
		}
		src = e.bits
	}
	switch {
	case e.form == asFloat:
		e.bits = append(e.bits[:0], src...)
		for i, v := range e.bits {
			e.bits[i] = uint64(math.Float32bits(float32(math.Float64frombits(v))))
		}
		return e.bits, nil
	case e.form == asInt32:
		return e.narrow32(src)
	case e.times != 1:
		return e.scale(src)
	}
	return src, nil
}

// bitsOf shows numbers as their bit patterns.
func bitsOf[T int64 | float64](s []T) []uint64 {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(&s[0])), len(s))
}

// narrow32 checks that numbers fit 32 bits and keeps their low halves.
func (e *encoder) narrow32(src []uint64) ([]uint64, error) {
	out := append(e.bits[:0], src...)
	e.bits = out
	for i, v := range out {
		v *= uint64(e.times)
		out[i] = uint64(uint32(v))
		if e.unsigned && v>>32 != 0 || !e.unsigned && int64(int32(v)) != int64(v) {
			return nil, fault.New(fault.Internal, "column %q: %d does not fit its 32-bit type", e.name, int64(v))
		}
	}
	return out, nil
}

// scale converts to a finer unit of time.
func (e *encoder) scale(src []uint64) ([]uint64, error) {
	out := append(e.bits[:0], src...)
	e.bits = out
	for i, v := range out {
		w := int64(v) * e.times
		if w/e.times != int64(v) {
			return nil, fault.New(fault.Input, "column %q: a time of %d seconds is out of Parquet's range", e.name, int64(v))
		}
		out[i] = uint64(w)
	}
	return out, nil
}

// narrow turns wide decimals of a type of at most 18 digits into integers.
func (e *encoder) narrow(c *frame.Column, lo, n int) ([]uint64, error) {
	e.bits = e.bits[:0]
	for i := lo; i < lo+n; i++ {
		if c.IsNull(i) {
			continue
		}
		v := c.D128[i]
		w := int64(v.LowBits())
		if v.HighBits() != w>>63 || e.form == asInt32 && int64(int32(w)) != w {
			return nil, fault.New(fault.Internal, "column %q: a decimal has more digits than its type", e.name)
		}
		if e.form == asInt32 {
			w = int64(uint32(w))
		}
		e.bits = append(e.bits, uint64(w))
	}
	return e.bits, nil
}

func (e *encoder) addBools(c *frame.Column, lo, n int) {
	for i := lo; i < lo+n; i++ {
		if c.IsNull(i) {
			continue
		}
		if e.bools&7 == 0 {
			e.plain = append(e.plain, 0)
		}
		v := c.I64[i] & 1
		e.plain[e.bools>>3] |= byte(v << (e.bools & 7))
		e.bools++
		e.stats.bool(uint64(v))
	}
}

// addDecimals appends sixteen big-endian bytes a value.
func (e *encoder) addDecimals(c *frame.Column, lo, n int) {
	for i := lo; i < lo+n; i++ {
		if c.IsNull(i) {
			continue
		}
		var v decimal128.Num
		if c.D128 != nil {
			v = c.D128[i]
		} else {
			v = decimal128.FromI64(c.I64[i])
		}
		e.stats.decimal(v)
		e.plain = appendDecimal(e.plain, v)
	}
}

func appendDecimal(out []byte, v decimal128.Num) []byte {
	out = binary.BigEndian.AppendUint64(out, uint64(v.HighBits()))
	return binary.BigEndian.AppendUint64(out, v.LowBits())
}

// addTexts appends the texts of n rows, as codes while the dictionary lasts, and
// returns how many rows it took.
func (e *encoder) addTexts(c *frame.Column, lo, n int) (int, error) {
	if e.form == asFixed {
		for i := lo; i < lo+n; i++ {
			if !c.IsNull(i) && len(c.Str(i)) != e.width {
				return 0, fault.New(fault.Internal, "column %q: a value of %d bytes where the type has %d", e.name, len(c.Str(i)), e.width)
			}
		}
	}
	if e.dict {
		return e.addCodes(c, lo, n), nil
	}
	for i := lo; i < lo+n; i++ {
		if !c.IsNull(i) {
			t := c.Str(i)
			e.stats.text(t)
			e.putText(t)
		}
	}
	return n, nil
}

func (e *encoder) putText(t []byte) {
	if e.form == asText {
		e.plain = binary.LittleEndian.AppendUint32(e.plain, uint32(len(t)))
	}
	e.plain = append(e.plain, t...)
}

// addCodes appends the codes of n rows and returns how many rows it took: fewer
// where the dictionary is full. Entries of the batch's own dictionary are looked
// up once each.
func (e *encoder) addCodes(c *frame.Column, lo, n int) int {
	if c.Dict != nil && e.of != c.Dict {
		e.of = c.Dict
		e.trans = frame.Grow(e.trans, c.Dict.Len())
		clear(e.trans)
	}
	for i := range n {
		if c.IsNull(lo + i) {
			continue
		}
		var k uint32
		if c.Dict != nil {
			k = e.trans[c.Codes[lo+i]]
		}
		if k == 0 {
			t := c.Str(lo + i)
			had := e.texts.len()
			code, ok := e.texts.code(t)
			if !ok {
				return i
			}
			if e.texts.len() > had {
				e.stats.text(t)
			}
			if k = code + 1; c.Dict != nil {
				e.trans[c.Codes[lo+i]] = k
			}
		}
		e.codes = append(e.codes, k-1)
	}
	return n
}
