package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Wire types of Thrift's compact protocol.
const (
	wireStop   = 0
	wireTrue   = 1
	wireFalse  = 2
	wireI8     = 3
	wireI16    = 4
	wireI32    = 5
	wireI64    = 6
	wireDouble = 7
	wireBinary = 8
	wireList   = 9
	wireSet    = 10
	wireMap    = 11
	wireStruct = 12
	wireUUID   = 13
)

// maxDepth bounds the nesting of structures while skipping unknown fields.
const maxDepth = 32

// errShort tells that the bytes end before the structure does. Page headers
// are of unknown length, so their reader fetches more and tries again.
var errShort = errors.New("metadata ends early")

// cursor reads Thrift's compact protocol from memory. The first error sticks
// and moves the cursor to the end, so loops over fields stop by themselves. A
// container never yields more elements than bytes are left, and strings are
// slices of the input: reading allocates nothing by a declared size.
type cursor struct {
	b   []byte
	pos int
	err error
}

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.pos = len(c.b)
}

func (c *cursor) left() int { return len(c.b) - c.pos }

func (c *cursor) byte() byte {
	if c.pos >= len(c.b) {
		c.fail(errShort)
		return 0
	}
	v := c.b[c.pos]
	c.pos++
	return v
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b[c.pos:])
	switch {
	case n > 0:
		c.pos += n
		return v
	case n == 0:
		c.fail(errShort)
	default:
		c.fail(errors.New("metadata holds a number of more than 64 bits"))
	}
	return 0
}

func (c *cursor) zigzag() int64 {
	u := c.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// field reads the header of the next field of a structure; prev is the id of
// the field before it. At the end, or after an error, the type is wireStop.
func (c *cursor) field(prev int16) (typ byte, id int16) {
	h := c.byte()
	if c.err != nil || h&15 == wireStop {
		return wireStop, 0
	}
	if d := int16(h >> 4); d != 0 {
		return h & 15, prev + d
	}
	id = int16(c.zigzag())
	if c.err != nil {
		return wireStop, 0
	}
	return h & 15, id
}

func (c *cursor) wrongType(what string, typ byte) {
	c.fail(fmt.Errorf("metadata field has wire type %d where %s is expected", typ, what))
}

func (c *cursor) int(typ byte) int64 {
	switch typ {
	case wireI8:
		return int64(int8(c.byte()))
	case wireI16, wireI32, wireI64:
		return c.zigzag()
	}
	c.wrongType("a number", typ)
	return 0
}

// i32 reads a number that must fit 32 bits.
func (c *cursor) i32(typ byte) int32 {
	v := c.int(typ)
	if int64(int32(v)) != v {
		c.fail(fmt.Errorf("metadata number %d does not fit 32 bits", v))
		return 0
	}
	return int32(v)
}

// small reads an enumeration value; anything beyond a byte becomes 127, which no
// enumeration of Parquet uses.
func (c *cursor) small(typ byte) int8 {
	v := c.int(typ)
	if v < 0 || v > 127 {
		return 127
	}
	return int8(v)
}

func (c *cursor) bool(typ byte) bool {
	if typ != wireTrue && typ != wireFalse {
		c.wrongType("a boolean", typ)
	}
	return typ == wireTrue
}

// bytes reads a string; it aliases the input.
func (c *cursor) bytes(typ byte) []byte {
	if typ != wireBinary {
		c.wrongType("a string", typ)
		return nil
	}
	n := c.uvarint()
	if n > uint64(c.left()) {
		c.fail(errShort)
		return nil
	}
	v := c.b[c.pos : c.pos+int(n) : c.pos+int(n)]
	c.pos += int(n)
	return v
}

// list reads the header of a list of elements of one wanted type.
func (c *cursor) list(typ, elem byte) int {
	if typ != wireList {
		c.wrongType("a list", typ)
		return 0
	}
	got, n := c.listHeader()
	if n > 0 && got != elem {
		c.wrongType("another element type", got)
		return 0
	}
	return n
}

func (c *cursor) listHeader() (elem byte, n int) {
	h := c.byte()
	u := uint64(h >> 4)
	if u == 15 {
		u = c.uvarint()
	}
	if u > uint64(c.left()) { // every element takes at least one byte
		c.fail(errShort)
		return 0, 0
	}
	return h & 15, int(u)
}

// begin checks that a value is a structure.
func (c *cursor) begin(typ byte) bool {
	if typ != wireStruct {
		c.wrongType("a structure", typ)
		return false
	}
	return true
}

// skip passes over a value of any type.
func (c *cursor) skip(typ byte) { c.skipDeep(typ, 0) }

func (c *cursor) skipDeep(typ byte, depth int) {
	if depth > maxDepth {
		c.fail(errors.New("metadata is nested too deeply"))
		return
	}
	switch typ {
	case wireTrue, wireFalse:
	case wireI8:
		c.byte()
	case wireI16, wireI32, wireI64:
		c.uvarint()
	case wireDouble:
		c.advance(8)
	case wireUUID:
		c.advance(16)
	case wireBinary:
		c.bytes(typ)
	case wireList, wireSet:
		elem, n := c.listHeader()
		for i := 0; i < n && c.err == nil; i++ {
			c.skipElem(elem, depth)
		}
	case wireMap:
		c.skipMap(depth)
	case wireStruct:
		for id := int16(0); ; {
			t, next := c.field(id)
			if t == wireStop {
				return
			}
			c.skipDeep(t, depth+1)
			id = next
		}
	default:
		c.fail(fmt.Errorf("metadata holds the unknown wire type %d", typ))
	}
}

// skipElem passes over an element of a container, where booleans take a byte.
func (c *cursor) skipElem(typ byte, depth int) {
	if typ == wireTrue || typ == wireFalse {
		c.byte()
		return
	}
	c.skipDeep(typ, depth+1)
}

func (c *cursor) skipMap(depth int) {
	n := c.uvarint()
	if n == 0 {
		return
	}
	if n > uint64(c.left()) {
		c.fail(errShort)
		return
	}
	kv := c.byte()
	for i := uint64(0); i < n && c.err == nil; i++ {
		c.skipElem(kv>>4, depth)
		c.skipElem(kv&15, depth)
	}
}

func (c *cursor) advance(n int) {
	if n > c.left() {
		c.fail(errShort)
		return
	}
	c.pos += n
}
