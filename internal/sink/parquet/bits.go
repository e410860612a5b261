package parquet

import (
	"encoding/binary"
	"math/bits"
)

// countBits counts the set bits of p from bit at on.
func countBits(p []byte, at, n int) int {
	sum := 0
	for ; n > 0 && at&7 != 0; at, n = at+1, n-1 {
		sum += int(p[at>>3] >> (at & 7) & 1)
	}
	if n == 0 {
		return sum
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

// setBits sets or clears n bits from bit at on.
func setBits(d []byte, at, n int, v bool) {
	for ; n > 0 && at&7 != 0; at, n = at+1, n-1 {
		putBit(d, at, v)
	}
	fill := byte(0)
	if v {
		fill = 0xff
	}
	for ; n >= 8; at, n = at+8, n-8 {
		d[at>>3] = fill
	}
	for ; n > 0; at, n = at+1, n-1 {
		putBit(d, at, v)
	}
}

func putBit(d []byte, i int, v bool) {
	if v {
		d[i>>3] |= 1 << (i & 7)
	} else {
		d[i>>3] &^= 1 << (i & 7)
	}
}
