package parquet

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// Some writers make one page of a whole column chunk, tens of megabytes of
// texts. Expanding such a page at once costs its size in memory for every column
// and worker, and its bytes leave the cache before they are used. Snappy's
// reference encoder compresses in blocks of 64 KiB that do not refer to each
// other, so a page can be expanded block by block. Where a page is not made like
// that, it is read again and expanded as a whole.

// snappyBlock is the block size of Snappy's reference encoder.
const snappyBlock = 1 << 16

// streamAbove is the size from which PLAIN pages are expanded block by block.
var streamAbove = 1 << 20

// inflater is the state of a page that is expanded in pieces.
type inflater struct {
	on    bool
	body  int64 // file offset of the page's compressed bytes
	size  int   // compressed size
	whole int   // uncompressed size
	in    int   // compressed bytes not yet read
	out   int   // uncompressed bytes not yet produced
}

// rest is how many bytes of the page are still to come.
func (f *inflater) rest() int {
	if f.on {
		return f.out
	}
	return 0
}

// canStream tells whether a page is worth expanding in pieces, and can be. A
// checksum covers the whole page and is verified first, so such pages are read
// whole; the writer of this project makes them small.
func (c *column) canStream(h *pageHeader) bool {
	return h.typ == pageData && h.encoding == encPlain && h.levels == encRLE && !h.hasCRC && c.chunk.codec == codecSnappy &&
		int(h.uncompressed) >= streamAbove && int64(h.size) <= c.stream.left() && c.leaf.phys != physBool &&
		(c.leaf.phys != physBytes || c.leaf.to == toText) && c.leaf.to != toNothing
}

// startStream begins a page and reads its levels.
func (c *column) startStream(h *pageHeader) error {
	if err := plausible(codecSnappy, int64(h.size), int64(h.uncompressed), c.chunk.totalUncompressed); err != nil {
		return err
	}
	c.inf = inflater{on: true, body: c.stream.end - c.stream.left(), size: int(h.size), whole: int(h.uncompressed), in: int(h.size), out: int(h.uncompressed)}
	c.data = nil
	head, err := c.stream.peek(min(10, c.inf.in))
	if err != nil {
		return err
	}
	n, k := binary.Uvarint(head[:min(len(head), c.inf.in)])
	if k <= 0 || n != uint64(c.inf.whole) {
		return sizeError(int(n), c.inf.whole, nil)
	}
	c.stream.lo += k
	c.inf.in -= k
	if c.leaf.maxDef == 0 {
		return nil
	}
	if err := c.more(4); err != nil {
		return err
	}
	if len(c.data) < 4 {
		return errValues
	}
	size := int64(binary.LittleEndian.Uint32(c.data)) + 4
	if size > int64(c.inf.whole) {
		return fmt.Errorf("definition levels of %d bytes in a page of %d", size-4, c.inf.whole)
	}
	if err := c.more(int(size)); err != nil {
		return err
	}
	if len(c.data) < int(size) {
		return errValues
	}
	c.oldLevels = append(c.oldLevels[:0], c.data[4:size]...)
	c.levels.reset(c.oldLevels, 1)
	c.data = c.data[size:]
	return nil
}

// more expands blocks until c.data holds n bytes or the page is at its end.
func (c *column) more(n int) error {
	for c.inf.on && len(c.data) < n && c.inf.out > 0 {
		if err := c.nextBlock(n); err != nil {
			return err
		}
	}
	return nil
}

// nextBlock expands one block behind what is left of c.data.
func (c *column) nextBlock(n int) error {
	want := min(snappyBlock, c.inf.out)
	room, err := grow(c.mem, c.plain[:0], max(n, len(c.data))+2*snappyBlock)
	if err != nil {
		return err
	}
	room = room[:cap(room)]
	have := copy(room, c.data)
	c.plain, c.data = room, room[:have]
	src, err := c.stream.peek(min(c.inf.in, s2.MaxEncodedLen(snappyBlock)+16))
	if err != nil {
		return err
	}
	used, ok := snappyElements(src[:min(len(src), c.inf.in)], want)
	if !ok {
		return c.expandWhole()
	}
	// The decoder wants the length in front. What stands there was read already.
	lo := c.stream.lo
	putLength(c.stream.buf[lo-3:lo], want)
	out, err := s2.Decode(room[have:have+want:have+want], c.stream.buf[lo-3:lo+used])
	if err != nil || len(out) != want || &out[0] != &room[have] {
		return c.expandWhole()
	}
	c.stream.lo += used
	c.inf.in -= used
	c.inf.out -= want
	c.data = room[:have+want]
	return nil
}

// putLength writes a length of up to 21 bits as a varint of three bytes.
func putLength(b []byte, n int) {
	b[0], b[1], b[2] = byte(n)|0x80, byte(n>>7)|0x80, byte(n>>14)&0x7f
}

// expandWhole gives up on blocks: the page is read again and expanded at once.
func (c *column) expandWhole() error {
	given := c.inf.whole - c.inf.out - len(c.data)
	end := c.stream.end
	c.inf.on = false
	c.stream.reset(c.inf.body, end)
	body, err := c.stream.take(c.inf.size)
	if err != nil {
		return err
	}
	if c.plain, err = c.dec.decode(c.mem, codecSnappy, c.plain, body, c.inf.whole); err != nil {
		return err
	}
	c.data = c.plain[given:]
	return nil
}

// endStream passes over what was not needed of a page.
func (c *column) endStream() error {
	if !c.inf.on {
		return nil
	}
	c.inf.on = false
	for c.inf.in > 0 {
		b, err := c.stream.take(min(c.inf.in, readAhead))
		if err != nil {
			return err
		}
		c.inf.in -= len(b)
	}
	return nil
}

// elements gives, for each first byte of an element of Snappy's format, its
// length and the bytes it produces; 0 where a literal's length follows.
var elements = func() (t [256]struct{ in, out uint8 }) {
	for i := range t {
		n := uint8(i >> 2)
		switch i & 3 {
		case 0:
			if n < 60 {
				t[i].in, t[i].out = n+2, n+1
			}
		case 1:
			t[i].in, t[i].out = 2, 4+(n&7)
		case 2:
			t[i].in, t[i].out = 3, n+1
		case 3:
			t[i].in, t[i].out = 5, n+1
		}
	}
	return t
}()

// snappyElements walks over elements until they have produced want bytes and
// returns their length; false when no element ends there.
func snappyElements(p []byte, want int) (int, bool) {
	i, out := 0, 0
	for out < want && i < len(p) {
		t := p[i]
		if e := elements[t]; e.in != 0 {
			i += int(e.in)
			out += int(e.out)
			continue
		}
		k := int(t>>2) - 59
		if len(p)-i < 1+k {
			return 0, false
		}
		n := 0
		for j := range k {
			n |= int(p[i+1+j]) << (8 * j)
		}
		i += 1 + k + n + 1
		out += n + 1
	}
	return i, out == want && i <= len(p)
}
