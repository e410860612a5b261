package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"github.com/ecomctl/ecomctl/internal/frame"
)

var errValues = errors.New("the page ends before its values do")

// setValues chooses how the values of the page are read.
func (c *column) setValues(encoding int8, data []byte) error {
	c.data, c.coded, c.read, c.encoding = data, false, nil, encoding
	if c.prefixed = encoding == encDeltaText; !c.prefixed {
		c.last = c.last[:0]
	}
	l := c.leaf
	if l.to == toNothing {
		c.read = readNothing
		return nil
	}
	switch encoding {
	case encPlain:
		c.read = c.plainReader()
	case encPlainDict, encRLEDict:
		return c.setCodes(data)
	case encRLE:
		if l.phys == physBool {
			if len(data) == 0 {
				c.codes.reset(nil, 1)
			} else if n := uint64(len(data)); n < 4 || uint64(binary.LittleEndian.Uint32(data)) > n-4 {
				return errValues
			} else {
				c.codes.reset(data[4:4+binary.LittleEndian.Uint32(data)], 1)
			}
			c.read = readRLEBool
		}
	case encDeltaInt:
		if l.phys == physInt32 || l.phys == physInt64 {
			c.read = readDelta
			return c.ints.reset(data)
		}
	case encDeltaLen:
		if l.phys == physBytes {
			c.read = readDeltaLength
			return c.setDeltaLength(data)
		}
	case encDeltaText:
		if l.phys == physBytes || l.phys == physFixed {
			c.read = readDeltaText
			return c.setDeltaText(data)
		}
	case encSplit:
		if l.width > 0 && l.phys != physInt96 {
			c.read = readSplit
			c.stride, c.bit = len(data)/l.width, 0
		}
	}
	if c.read == nil {
		return fmt.Errorf("values of %s in the encoding %s", physName(l.phys), encodingName(encoding))
	}
	return nil
}

// setCodes starts a page of indices into the dictionary.
func (c *column) setCodes(data []byte) error {
	if !c.hasDict {
		return errors.New("a page of dictionary codes without a dictionary")
	}
	c.data, c.coded, c.read = nil, true, readCodes
	if len(data) == 0 { // all rows are null
		c.codes.reset(nil, 0)
		return nil
	}
	if data[0] > 32 {
		return fmt.Errorf("dictionary codes of %d bits", data[0])
	}
	c.codes.reset(data[1:], int(data[0]))
	return nil
}

// plainReader chooses the reader of PLAIN values.
func (c *column) plainReader() func(*column, int, int) error {
	c.bit = 0
	switch l := c.leaf; {
	case l.phys == physBool:
		return readPlainBool
	case l.to == toI64 && l.phys == physInt64:
		return readPlainI64
	case l.to == toF64 && l.phys == physDouble:
		return readPlainF64
	case l.phys == physBytes && l.to == toText:
		return readPlainText
	case l.phys == physBytes:
		return readPlainBytes
	}
	return readPlainFixed
}

// readNothing is only called where a column of the type null has a value.
func readNothing(*column, int, int) error {
	return errors.New("a value in a column that holds nothing but nulls")
}

// need cuts n bytes off the page.
func (c *column) need(n int) ([]byte, error) {
	if n > len(c.data) {
		return nil, errValues
	}
	b := c.data[:n]
	c.data = c.data[n:]
	return b, nil
}

// bytesOf shows numbers as the bytes they are made of. Parquet is little-endian,
// and so is every platform that ecomctl is released for (see endian_test.go).
func bytesOf[T int64 | float64](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), 8*len(s))
}

// some returns the bytes of one to n values of w bytes, as many as are at hand.
func (c *column) some(n, w int) ([]byte, error) {
	if len(c.data) < w {
		if err := c.more(w); err != nil {
			return nil, err
		}
	}
	k := min(n, len(c.data)/w)
	if k == 0 {
		return nil, errValues
	}
	return c.need(k * w)
}

func readPlainI64(c *column, at, n int) error { return plainWords(c, c.i64[at:at+n]) }

func readPlainF64(c *column, at, n int) error { return plainWords(c, c.f64[at:at+n]) }

func plainWords[T int64 | float64](c *column, out []T) error {
	for len(out) > 0 {
		b, err := c.some(len(out), 8)
		if err != nil {
			return err
		}
		copy(bytesOf(out), b)
		out = out[len(b)/8:]
	}
	return nil
}

func readPlainBool(c *column, at, n int) error {
	if c.bit+n > 8*len(c.data) {
		return errValues
	}
	for i := range n {
		c.i64[at+i] = int64(c.data[(c.bit+i)>>3] >> ((c.bit + i) & 7) & 1)
	}
	c.bit += n
	return nil
}

// readPlainFixed reads values of a fixed width that need converting.
func readPlainFixed(c *column, at, n int) error {
	w := c.leaf.width
	for n > 0 {
		b, err := c.some(n, w)
		if err != nil {
			return err
		}
		k := len(b) / w
		if err := c.convert(at, k, b); err != nil {
			return err
		}
		at, n = at+k, n-k
	}
	return nil
}

// convert stores n values of the leaf's width, given one after the other.
func (c *column) convert(at, n int, b []byte) error {
	l := c.leaf
	switch {
	case l.phys == physInt64:
		copy(bytesOf(c.i64[at:at+n]), b)
	case l.phys == physDouble:
		copy(bytesOf(c.f64[at:at+n]), b)
	case l.to == toU32:
		for i, out := 0, c.i64[at:at+n]; i < len(out); i++ {
			out[i] = int64(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case l.phys == physInt32:
		for i, out := 0, c.i64[at:at+n]; i < len(out); i++ {
			out[i] = int64(int32(binary.LittleEndian.Uint32(b[4*i:])))
		}
	case l.phys == physFloat:
		for i, out := 0, c.f64[at:at+n]; i < len(out); i++ {
			out[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
		}
	default:
		w := l.width
		for i := range n {
			if err := c.put(at+i, b[i*w:(i+1)*w]); err != nil {
				return err
			}
		}
	}
	return nil
}

// put stores one value given as its bytes: text, decimals, legacy times, half floats.
func (c *column) put(at int, b []byte) (err error) {
	if w := c.leaf.width; w > 0 && len(b) != w {
		return fmt.Errorf("a value of %d bytes where %d are fixed", len(b), w)
	}
	switch c.leaf.to {
	case toText:
		err = c.putText(at, b)
	case toUUID:
		var t [36]byte
		formatUUID(&t, b)
		err = c.putText(at, t[:])
	case toDec64:
		c.i64[at], err = decimal64(b)
	case toDec128:
		c.d128[at], err = decimalWide(b)
	case toTime96:
		c.i64[at], err = time96(b)
	case toFloat16:
		c.f64[at] = halfFloat(binary.LittleEndian.Uint16(b))
	}
	return err
}

// putText appends a text to the batch.
func (c *column) putText(at int, b []byte) error {
	if err := c.textRoom(len(b)); err != nil {
		return err
	}
	c.text = append(c.text, b...)
	c.off[at+1] = int32(len(c.text))
	return nil
}

// textRoom makes room for n more bytes of text, within the budget and within
// what 32-bit offsets can reach.
func (c *column) textRoom(n int) error {
	need := len(c.text) + n
	if need <= cap(c.text) {
		return nil
	}
	if need > math.MaxInt32 {
		return fmt.Errorf("texts of %d bytes in one batch; 2 GiB is the most", need)
	}
	had := len(c.text)
	grown, err := grow(c.mem, c.text, need+need/4)
	if err != nil {
		return err
	}
	copy(grown, c.text[:had])
	c.text = grown[:had]
	return nil
}

// readPlainText reads texts with their lengths in front.
func readPlainText(c *column, at, n int) error {
	// What is left of the page is an upper bound, and about right when all of it is read.
	if err := c.textRoom(min(len(c.data)+c.inf.rest(), batchBytes, n*((len(c.data)+c.inf.rest())/c.left+8))); err != nil {
		return err
	}
	for n > 0 {
		k, err := c.textsAtHand(at, n)
		if err != nil {
			return err
		}
		at, n = at+k, n-k
		if n == 0 {
			return nil
		}
		// The next text is not whole: bring more of the page.
		size := 4
		if len(c.data) >= 4 {
			if size += int(binary.LittleEndian.Uint32(c.data)); size > len(c.data)+c.inf.rest() {
				return fmt.Errorf("a text of %d bytes where %d are left of the page", size-4, len(c.data)+c.inf.rest()-4)
			}
		}
		had := len(c.data)
		if err := c.more(size); err != nil {
			return err
		}
		if len(c.data) == had {
			return errValues
		}
	}
	return nil
}

// textsAtHand reads up to n texts that lie whole in c.data.
func (c *column) textsAtHand(at, n int) (int, error) {
	b, text, off := c.data, c.text, c.off[at+1:at+1+n]
	k := 0
	for k < len(off) && len(b) >= 4 {
		size := binary.LittleEndian.Uint32(b)
		if uint64(size) > uint64(len(b)-4) {
			break
		}
		text = append(text, b[4:4+size]...)
		b = b[4+size:]
		off[k] = int32(len(text))
		k++
	}
	if len(text) > math.MaxInt32 {
		return k, errors.New("more than 2 GiB of text in one batch")
	}
	c.data, c.text = b, text
	return k, nil
}

// readPlainBytes reads byte arrays that need converting.
func readPlainBytes(c *column, at, n int) error {
	for i := range n {
		head, err := c.need(4)
		if err != nil {
			return err
		}
		k := binary.LittleEndian.Uint32(head)
		if uint64(k) > uint64(len(c.data)) {
			return errValues
		}
		b, _ := c.need(int(k))
		if err := c.put(at+i, b); err != nil {
			return err
		}
	}
	return nil
}

func readRLEBool(c *column, at, n int) error {
	if err := c.codes.read(c.code[:n]); err != nil {
		return err
	}
	for i, v := range c.code[:n] {
		c.i64[at+i] = int64(v)
	}
	return nil
}

// spread moves m values, stored one after the other from at on, to the rows
// among k that have a value. It works from the end, so nothing is overwritten.
func (c *column) spread(at, k, m int) {
	switch {
	case c.leaf.kind == frame.String && c.coded:
		spread(c.code[at:at+k], c.valid, at, m)
	case c.leaf.kind == frame.String:
		c.spreadOffsets(at, k, m)
	case c.leaf.to == toDec128:
		spread(c.d128[at:at+k], c.valid, at, m)
	case c.leaf.kind == frame.Float:
		spread(c.f64[at:at+k], c.valid, at, m)
	case c.leaf.to != toNothing:
		spread(c.i64[at:at+k], c.valid, at, m)
	}
}

func spread[T any](s []T, valid []byte, at, m int) {
	var zero T
	for i := len(s); m > 0 || i > 0; {
		// Eight rows with values move at once; nulls are few in most columns.
		if end := at + i; end&7 == 0 && i >= 8 && m >= 8 && valid[end>>3-1] == 0xff {
			if i == m {
				return // the rest is in place
			}
			copy(s[i-8:i], s[m-8:m])
			i, m = i-8, m-8
			continue
		}
		if i--; !frame.Bit(valid, at+i) {
			s[i] = zero
			continue
		}
		if m--; i == m {
			return
		}
		s[i] = s[m]
	}
}

// spreadOffsets gives null rows an empty text.
func (c *column) spreadOffsets(at, k, m int) {
	off := c.off[at : at+k+1]
	if m == 0 {
		off[0] = int32(len(c.text))
	}
	for i := k - 1; i >= 0; i-- {
		off[i+1] = off[m]
		if frame.Bit(c.valid, at+i) {
			m--
		}
	}
}
