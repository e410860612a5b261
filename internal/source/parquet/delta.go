package parquet

import (
	"encoding/binary"
	"errors"
)

var errDelta = errors.New("the delta-encoded values are damaged")

// deltaReader decodes DELTA_BINARY_PACKED (parquet-format, Encodings.md): a
// header of block size, miniblocks a block, count and first value, then blocks
// of a least delta, one bit width a miniblock, and the packed rest of the deltas.
// It gives values as they are asked for, so nothing is allocated by the count.
type deltaReader struct {
	b      []byte
	count  int   // values not yet given
	value  int64 // the next value to give
	mini   int   // values a miniblock
	minis  int   // miniblocks a block
	least  int64
	widths []byte // of the miniblocks not yet begun in this block
	packed []byte // current miniblock
	width  int
	at     int // values of it already given
	n      int // values of it left
}

func (d *deltaReader) uvarint() (uint64, bool) {
	v, k := binary.Uvarint(d.b)
	if k <= 0 {
		return 0, false
	}
	d.b = d.b[k:]
	return v, true
}

func (d *deltaReader) zigzag() (int64, bool) {
	u, ok := d.uvarint()
	return int64(u>>1) ^ -int64(u&1), ok
}

// reset reads the header. Empty data are no values.
func (d *deltaReader) reset(b []byte) error {
	*d = deltaReader{b: b}
	if len(b) == 0 {
		return nil
	}
	block, ok1 := d.uvarint()
	minis, ok2 := d.uvarint()
	count, ok3 := d.uvarint()
	first, ok4 := d.zigzag()
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return errDelta
	}
	if minis == 0 || minis > 1<<16 || block == 0 || block > 1<<31 || block%minis != 0 || block/minis%8 != 0 || count > 1<<31 {
		return errDelta
	}
	d.mini, d.minis, d.count, d.value = int(block/minis), int(minis), int(count), first
	return nil
}

// next moves to the next miniblock.
func (d *deltaReader) next() error {
	if len(d.widths) == 0 {
		var ok bool
		if d.least, ok = d.zigzag(); !ok || len(d.b) < d.minis {
			return errDelta
		}
		d.widths, d.b = d.b[:d.minis], d.b[d.minis:]
	}
	d.width, d.widths = int(d.widths[0]), d.widths[1:]
	if d.width > 64 {
		return errDelta
	}
	d.at, d.n = 0, d.mini
	size := d.mini / 8 * d.width
	if size > len(d.b) { // the padding of the last miniblock may be missing
		size = len(d.b)
		d.n = size * 8 / d.width
	}
	d.packed, d.b = d.b[:size], d.b[size:]
	if d.n == 0 {
		return errDelta
	}
	return nil
}

// read fills dst with the next values.
func (d *deltaReader) read(dst []int64) error {
	if len(dst) > d.count {
		return errValues
	}
	for i := range dst {
		dst[i] = d.value
		if d.count--; d.count == 0 {
			break
		}
		if d.n == 0 {
			if err := d.next(); err != nil {
				return err
			}
		}
		d.value += d.least + int64(unpack64(d.packed, d.at, d.width))
		d.at++
		d.n--
	}
	return nil
}

// rest walks over all blocks without decoding and returns what follows them.
func (d deltaReader) rest() ([]byte, error) {
	for left := d.count - 1; left > 0; {
		if err := d.next(); err != nil {
			return nil, err
		}
		left -= d.n
	}
	return d.b, nil
}

// unpack64 extracts number i of w bits (0 to 64).
func unpack64(p []byte, i, w int) uint64 {
	if w == 0 {
		return 0
	}
	bit := i * w
	var tail [16]byte
	q := p[bit>>3:]
	if len(q) < 9 {
		copy(tail[:], q)
		q = tail[:]
	}
	s := uint(bit & 7)
	v := binary.LittleEndian.Uint64(q) >> s
	if s > 0 {
		v |= uint64(q[8]) << (64 - s)
	}
	if w < 64 {
		v &= 1<<w - 1
	}
	return v
}

// readDelta reads integers. 32-bit columns wrap around in 32 bits.
func readDelta(c *column, at, n int) error {
	out := c.i64[at : at+n]
	if err := c.ints.read(out); err != nil {
		return err
	}
	switch {
	case c.leaf.to == toU32:
		for i, v := range out {
			out[i] = int64(uint32(v))
		}
	case c.leaf.phys == physInt32:
		for i, v := range out {
			out[i] = int64(int32(v))
		}
	}
	return nil
}

// setDeltaLength starts DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes.
// A page of nulls has no values, yet Arrow v17 leaves bytes of the page before
// behind its empty header.
func (c *column) setDeltaLength(data []byte) error {
	if err := c.ints.reset(data); err != nil {
		return err
	}
	if c.ints.count == 0 {
		c.data = nil
		return nil
	}
	rest, err := c.ints.rest()
	c.data = rest
	return err
}

// setDeltaText starts DELTA_BYTE_ARRAY: lengths of prefixes shared with the
// value before, then the suffixes as DELTA_LENGTH_BYTE_ARRAY. The first value of
// a page should share nothing, but Arrow v17 and older writers let it share with
// the last one of the page before, so that one is kept.
func (c *column) setDeltaText(data []byte) error {
	if err := c.prefixes.reset(data); err != nil {
		return err
	}
	if c.prefixes.count == 0 {
		return c.setDeltaLength(nil)
	}
	rest, err := c.prefixes.rest()
	if err != nil {
		return err
	}
	return c.setDeltaLength(rest)
}

func readDeltaLength(c *column, at, n int) error {
	var one [1]int64
	for i := range n {
		if err := c.ints.read(one[:]); err != nil {
			return err
		}
		if one[0] < 0 || one[0] > int64(len(c.data)) {
			return errValues
		}
		b, _ := c.need(int(one[0]))
		if err := c.put(at+i, b); err != nil {
			return err
		}
	}
	return nil
}

func readDeltaText(c *column, at, n int) error {
	var p, s [1]int64
	for i := range n {
		if err := c.prefixes.read(p[:]); err != nil {
			return err
		}
		if err := c.ints.read(s[:]); err != nil {
			return err
		}
		if p[0] < 0 || p[0] > int64(len(c.last)) || s[0] < 0 || s[0] > int64(len(c.data)) {
			return errValues
		}
		b, _ := c.need(int(s[0]))
		c.last = append(c.last[:p[0]], b...)
		if err := c.put(at+i, c.last); err != nil {
			return err
		}
	}
	return nil
}

// readSplit reads BYTE_STREAM_SPLIT: byte j of value i is at j·values + i.
func readSplit(c *column, at, n int) error {
	w := c.leaf.width
	if c.bit+n > c.stride {
		return errValues
	}
	if cap(c.tmp) < n*w {
		c.tmp = make([]byte, n*w)
	}
	tmp := c.tmp[:n*w]
	for j := range w {
		lane := c.data[j*c.stride+c.bit:][:n]
		for i, v := range lane {
			tmp[i*w+j] = v
		}
	}
	c.bit += n
	return c.convert(at, n, tmp)
}
