package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// Definition levels of a flat optional column are one bit a row: set where the
// row has a value. They become Arrow's validity bitmap directly.

// setLevels prepares the levels of a page and returns what follows them.
func (c *column) setLevels(h *pageHeader, data []byte) ([]byte, error) {
	if c.leaf.maxDef == 0 {
		return data, nil
	}
	if h.levels == encBitPacked {
		n := (int(h.values) + 7) / 8
		if n > len(data) {
			return nil, errors.New("the page ends within its definition levels")
		}
		// The deprecated encoding packs from the highest bit down.
		c.oldLevels = c.oldLevels[:0]
		for _, b := range data[:n] {
			c.oldLevels = append(c.oldLevels, bits.Reverse8(b))
		}
		c.levels = hybrid{width: 1, n: int(h.values), packed: c.oldLevels}
		return data[n:], nil
	}
	if h.levels != encRLE {
		return nil, fmt.Errorf("definition levels in the encoding %s", encodingName(h.levels))
	}
	if len(data) < 4 {
		return nil, errors.New("the page ends within its definition levels")
	}
	n := binary.LittleEndian.Uint32(data)
	if uint64(n) > uint64(len(data)-4) {
		return nil, fmt.Errorf("definition levels of %d bytes in a page of %d", n, len(data))
	}
	c.levels.reset(data[4:4+n], 1)
	return data[4+n:], nil
}

// readLevels reads the levels of n rows into the validity bitmap from bit at on
// and returns how many rows have a value. The bitmap is only written from the
// first null on; c.nulls counts them.
func (c *column) readLevels(at, n int) (int, error) {
	have := 0
	l := &c.levels
	for n > 0 {
		if l.n == 0 {
			if err := l.run(); err != nil {
				return 0, fmt.Errorf("definition levels: %w", err)
			}
		}
		k := min(l.n, n)
		if l.packed != nil {
			set := popcount(l.packed, l.at, k)
			if set < k || c.nulls > 0 {
				c.needValid(at)
				copyBits(c.valid, at, l.packed, l.at, k)
			}
			have += set
			c.nulls += k - set
			l.at += k
		} else {
			switch {
			case l.value > 1:
				return 0, fmt.Errorf("definition level %d where 1 is the highest", l.value)
			case l.value == 1:
				if c.nulls > 0 {
					fillBits(c.valid, at, k, true)
				}
				have += k
			default:
				c.needValid(at)
				fillBits(c.valid, at, k, false)
				c.nulls += k
			}
		}
		l.n -= k
		at += k
		n -= k
	}
	return have, nil
}

// needValid starts the bitmap: the rows so far had values.
func (c *column) needValid(at int) {
	if c.nulls == 0 {
		fillBits(c.valid, 0, at, true)
	}
}

// popcount counts the set bits of p from bit at on.
func popcount(p []byte, at, n int) int {
	sum := 0
	for ; n > 0 && at&7 != 0; at, n = at+1, n-1 {
		sum += int(p[at>>3] >> (at & 7) & 1)
	}
	q := p[at>>3:]
	for ; n >= 64; n, q = n-64, q[8:] {
		sum += bits.OnesCount64(binary.LittleEndian.Uint64(q))
	}
	for ; n >= 8; n, q = n-8, q[1:] {
		sum += bits.OnesCount8(q[0])
	}
	if n > 0 {
		sum += bits.OnesCount8(q[0] & (1<<n - 1))
	}
	return sum
}

// copyBits copies n bits from p, bit from on, to d, bit to on.
func copyBits(d []byte, to int, p []byte, from, n int) {
	for ; n > 0 && to&7 != 0; to, from, n = to+1, from+1, n-1 {
		putBit(d, to, p[from>>3]>>(from&7)&1)
	}
	out, in, shift := d[to>>3:], p[from>>3:], from&7
	for ; n >= 8; n -= 8 {
		b := in[0] >> shift
		if shift != 0 {
			b |= in[1] << (8 - shift)
		}
		out[0] = b
		out, in = out[1:], in[1:]
		to, from = to+8, from+8
	}
	for ; n > 0; to, from, n = to+1, from+1, n-1 {
		putBit(d, to, p[from>>3]>>(from&7)&1)
	}
}

func putBit(d []byte, i int, v byte) {
	d[i>>3] = d[i>>3]&^(1<<(i&7)) | v<<(i&7)
}

// fillBits sets or clears n bits of d from bit at on.
func fillBits(d []byte, at, n int, set bool) {
	v := byte(0)
	if set {
		v = 1
	}
	for ; n > 0 && at&7 != 0; at, n = at+1, n-1 {
		putBit(d, at, v)
	}
	whole := d[at>>3 : at>>3+n>>3]
	for i := range whole {
		whole[i] = -v // 0 or 0xff
	}
	for at, n = at+n&^7, n&7; n > 0; at, n = at+1, n-1 {
		putBit(d, at, v)
	}
}
