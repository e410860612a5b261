package quality

import (
	"encoding/binary"
	"math"
	"math/big"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/quality/tally"
)

// counter counts the values of one column for one worker.
type counter struct {
	rows, nulls, bad, infinite int64

	ints  tally.Ints  // keys by kind: integers and times, or ordered doubles
	texts tally.Texts // texts, or decimals beyond 64 bits as 16 ordered bytes

	dict  *frame.Dict // codes are counted until the dictionary changes
	dictN []int64
}

// bytes is the memory in use.
func (k *counter) bytes() int64 {
	return k.ints.Bytes() + k.texts.Bytes() + int64(cap(k.dictN))*8
}

// add counts a column of a batch.
func (k *counter) add(c *frame.Column) {
	n := c.Len
	k.rows += int64(n)
	if c.Kind == frame.Null {
		k.nulls += int64(n)
		return
	}
	if c.Bad != nil {
		for i := range n {
			if c.IsBad(i) {
				k.bad++
			}
		}
	}
	valid := c.Valid
	if c.Nulls == 0 {
		valid = nil
	}
	k.nulls += int64(c.Nulls)
	switch {
	case c.Kind == frame.String && c.Dict != nil:
		k.addCodes(c, valid)
	case c.Kind == frame.String:
		for i := range n {
			if valid == nil || frame.Bit(valid, i) {
				k.texts.Add(c.Data[c.Off[i]:c.Off[i+1]], 1)
			}
		}
	case c.Kind == frame.Float:
		k.addFloats(c, valid)
	case c.Kind == frame.Decimal && c.D128 != nil:
		for i := range n {
			if valid == nil || frame.Bit(valid, i) {
				k.addWide(c.D128[i])
			}
		}
	default:
		k.addInts(c, valid)
	}
}

func (k *counter) addCodes(c *frame.Column, valid []byte) {
	if c.Dict != k.dict {
		k.flush()
		k.dict = c.Dict
		if d := c.Dict.Len(); cap(k.dictN) >= d {
			k.dictN = k.dictN[:d]
		} else {
			k.dictN = make([]int64, d)
		}
	}
	if valid == nil {
		for _, code := range c.Codes[:c.Len] {
			k.dictN[code]++
		}
		return
	}
	for i, code := range c.Codes[:c.Len] {
		if frame.Bit(valid, i) {
			k.dictN[code]++
		}
	}
}

// flush moves the counts of codes to the values.
func (k *counter) flush() {
	for code, n := range k.dictN {
		if n > 0 {
			k.texts.Add(k.dict.At(int32(code)), n)
			k.dictN[code] = 0
		}
	}
	k.dict = nil
}

// addInts counts runs of equal neighbours at once: files are often in the order
// of time or of orders.
func (k *counter) addInts(c *frame.Column, valid []byte) {
	flip := uint64(1) << 63
	if c.Unsigned() {
		flip = 0
	}
	v := c.I64[:c.Len]
	for i := 0; i < len(v); {
		if valid != nil && !frame.Bit(valid, i) {
			i++
			continue
		}
		j := i + 1
		for j < len(v) && v[j] == v[i] && (valid == nil || frame.Bit(valid, j)) {
			j++
		}
		k.ints.Add(uint64(v[i])^flip, int64(j-i))
		i = j
	}
}

// addFloats counts doubles; NaN and the infinities are null before any rule.
func (k *counter) addFloats(c *frame.Column, valid []byte) {
	for i, v := range c.F64[:c.Len] {
		switch {
		case valid != nil && !frame.Bit(valid, i):
		case math.IsNaN(v) || math.IsInf(v, 0):
			k.nulls++
			k.infinite++
		default:
			k.ints.Add(tally.FromFloat(v), 1)
		}
	}
}

// addWide counts a decimal: in 64 bits when they hold it, else as ordered bytes.
func (k *counter) addWide(v decimal128.Num) {
	if hi, lo := v.HighBits(), v.LowBits(); hi == int64(lo)>>63 {
		k.ints.Add(tally.FromInt(int64(lo)), 1)
		return
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(v.HighBits())^1<<63)
	binary.BigEndian.PutUint64(b[8:], v.LowBits())
	k.texts.Add(b[:], 1)
}

func wideValue(b []byte) *big.Int {
	return decimal128.New(int64(binary.BigEndian.Uint64(b[:8])^1<<63), binary.BigEndian.Uint64(b[8:])).BigInt()
}

// datum is one distinct value in the ascending walk of a column.
type datum struct {
	key  uint64
	text []byte // texts and wide decimals; else nil
}

// walk calls f with every distinct value and its count, ascending.
func walk(kind frame.Kind, parts []*counter, f func(v datum, n int64) error) error {
	ints, texts := make([]*tally.Ints, len(parts)), make([]*tally.Texts, len(parts))
	for i, p := range parts {
		ints[i], texts[i] = &p.ints, &p.texts
	}
	text := func(v []byte, n int64) error { return f(datum{text: v}, n) }
	num := func(k uint64, n int64) error { return f(datum{key: k}, n) }
	switch kind {
	case frame.String:
		return tally.MergeTexts(texts, text)
	case frame.Decimal: // wide negatives, then 64 bits, then wide positives
		half := func(positive bool) error {
			return tally.MergeTexts(texts, func(v []byte, n int64) error {
				if v[0]&0x80 != 0 != positive {
					return nil
				}
				return text(v, n)
			})
		}
		if err := half(false); err != nil {
			return err
		}
		if err := tally.MergeInts(ints, num); err != nil {
			return err
		}
		return half(true)
	}
	return tally.MergeInts(ints, num)
}
