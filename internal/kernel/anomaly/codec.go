package anomaly

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// codec writes fields to bytes or reads them back: one list of the fields of a type serves both ways,
// so that they cannot differ. Numbers are 8 bytes, little-endian; slices have their length in front.
type codec struct {
	reading bool
	buf     []byte
	bad     bool // read beyond the end, or a length that cannot be
}

func (c *codec) bits(v uint64) uint64 {
	if !c.reading {
		c.buf = binary.LittleEndian.AppendUint64(c.buf, v)
		return v
	}
	if len(c.buf) < 8 {
		c.bad = true
		return 0
	}
	v = binary.LittleEndian.Uint64(c.buf)
	c.buf = c.buf[8:]
	return v
}

func (c *codec) float(v *float64) { *v = math.Float64frombits(c.bits(math.Float64bits(*v))) }
func (c *codec) int64(v *int64)   { *v = int64(c.bits(uint64(*v))) }

// count is a number that is not negative.
func (c *codec) count(v *int) {
	x := c.bits(uint64(*v))
	if x > math.MaxInt32 {
		c.bad, x = true, 0
	}
	*v = int(x)
}

func (c *codec) bool(v *bool) {
	n := 0
	if *v {
		n = 1
	}
	c.count(&n)
	*v = n == 1
	c.bad = c.bad || n > 1
}

// length is the length of a slice whose elements take at least size bytes.
func (c *codec) length(n, size int) int {
	c.count(&n)
	if c.reading && n > len(c.buf)/size {
		c.bad, n = true, 0
	}
	return n
}

func (c *codec) floats(v *[]float64) {
	n := c.length(len(*v), 8)
	if c.reading {
		*v = nil
		if n > 0 {
			*v = make([]float64, n)
		}
	}
	for i := range *v {
		c.float(&(*v)[i])
	}
}

func (c *codec) counts(v *[]int) {
	n := c.length(len(*v), 8)
	if c.reading {
		*v = nil
		if n > 0 {
			*v = make([]int, n)
		}
	}
	for i := range *v {
		c.count(&(*v)[i])
	}
}

func (c *codec) text(v *string) {
	n := c.length(len(*v), 1)
	if !c.reading {
		c.buf = append(c.buf, *v...)
		return
	}
	*v, c.buf = string(c.buf[:n]), c.buf[n:]
}

// check says that what was read can be.
func (c *codec) check(ok bool) { c.bad = c.bad || !ok }

// seal puts a name in front of a state and a checksum behind it.
func seal(name string, fields func(*codec)) []byte {
	c := &codec{buf: []byte(name)}
	fields(c)
	return binary.LittleEndian.AppendUint32(c.buf, crc32.ChecksumIEEE(c.buf))
}

// unseal reads what seal made; fields looks at what it reads and reports what cannot be by check.
func unseal(name string, state []byte, fields func(*codec)) error {
	broken := func(why string) error {
		return fault.New(fault.Input, "reading the state of an anomaly detector: %s", why).WithHint("start it anew: it learns from the history again")
	}
	if len(state) < len(name)+4 || string(state[:len(name)]) != name {
		return broken("it is not one of this version")
	}
	body, sum := state[:len(state)-4], binary.LittleEndian.Uint32(state[len(state)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return broken("it is damaged")
	}
	c := &codec{reading: true, buf: body[len(name):]}
	fields(c)
	if c.bad || len(c.buf) > 0 {
		return broken("it does not fit together")
	}
	return nil
}
