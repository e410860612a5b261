package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// loadDict reads the values of a dictionary page. Texts become a new
// frame.Dict, for consumers keep what they compute by its address; other values
// go to reused slices.
func (c *column) loadDict(data []byte, n int) (err error) {
	l := c.leaf
	if l.to == toNothing {
		return nil
	}
	each := max(l.width, 1)
	if l.phys == physBytes {
		each = 4
	}
	if n > len(data)/each {
		return fmt.Errorf("%d entries in %d bytes", n, len(data))
	}
	c.data = data
	read := c.plainReader()
	switch l.to {
	case toText, toUUID:
		return c.loadTexts(n)
	case toF64, toFloat16:
		if c.dictF64, err = grow(c.mem, c.dictF64, n); err == nil {
			c.f64, c.dictF64 = c.dictF64, c.f64
			err = read(c, 0, n)
			c.f64, c.dictF64 = c.dictF64, c.f64
		}
	case toDec128:
		if c.dictD128, err = grow(c.mem, c.dictD128, n); err == nil {
			c.d128, c.dictD128 = c.dictD128, c.d128
			err = read(c, 0, n)
			c.d128, c.dictD128 = c.dictD128, c.d128
		}
	default:
		if c.dictI64, err = grow(c.mem, c.dictI64, n); err == nil {
			c.i64, c.dictI64 = c.dictI64, c.i64
			err = read(c, 0, n)
			c.i64, c.dictI64 = c.dictI64, c.i64
		}
	}
	return err
}

func (c *column) loadTexts(n int) error {
	size := len(c.data)
	if c.leaf.to == toUUID {
		size = 36 * n
	}
	// Not kept after the chunk, but a consumer may hold it for longer.
	if err := c.mem.reserve(int64(size) + 4*int64(n)); err != nil {
		return err
	}
	defer c.mem.used.Add(-int64(size) - 4*int64(n))
	d := &frame.Dict{Off: make([]int32, n+1), Data: make([]byte, 0, size)}
	for i := range n {
		b := c.data
		switch w := c.leaf.width; {
		case w > 0:
			b = b[:w]
			c.data = c.data[w:]
		case len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4):
			return errValues
		default:
			k := binary.LittleEndian.Uint32(b)
			b = b[4 : 4+k]
			c.data = c.data[4+k:]
		}
		if c.leaf.to == toUUID {
			var t [36]byte
			formatUUID(&t, b)
			b = t[:]
		}
		d.Data = append(d.Data, b...)
		d.Off[i+1] = int32(len(d.Data))
	}
	c.dict = d
	return nil
}

var errCode = errors.New("a dictionary code beyond the end of the dictionary")

// readCodes reads dictionary codes; for texts they are the values.
func readCodes(c *column, at, n int) error {
	if c.leaf.kind == frame.String {
		codes := c.code[at : at+n]
		if err := c.codes.read(codes); err != nil {
			return err
		}
		return checkCodes(codes, c.dict.Len())
	}
	codes := c.code[:n]
	if err := c.codes.read(codes); err != nil {
		return err
	}
	switch c.leaf.to {
	case toF64, toFloat16:
		return gather(c.f64[at:at+n], c.dictF64, codes)
	case toDec128:
		return gather(c.d128[at:at+n], c.dictD128, codes)
	}
	return gather(c.i64[at:at+n], c.dictI64, codes)
}

func checkCodes(codes []int32, n int) error {
	var most uint32
	for _, v := range codes {
		most = max(most, uint32(v))
	}
	if len(codes) > 0 && int64(most) >= int64(n) {
		return errCode
	}
	return nil
}

// gather looks up codes.
func gather[T any](out, dict []T, codes []int32) error {
	out = out[:len(codes)]
	for i, v := range codes {
		if uint(uint32(v)) >= uint(len(dict)) {
			return errCode
		}
		out[i] = dict[uint32(v)]
	}
	return nil
}
