package parquet

import (
	"encoding/binary"
	"errors"
)

var errLZ4 = errors.New("lz4: corrupt input")

// lz4Block expands one LZ4 block (the block format of the LZ4 project) into dst
// and returns the number of bytes; it never writes beyond dst. Arrow v17 has no
// LZ4 codec.
//
// A block is sequences of: token (high half literal count, low half match
// length − 4; 15 means more length bytes follow), literals, 2-byte offset back
// into the output. The last sequence ends after its literals.
func lz4Block(dst, src []byte) (int, error) {
	d, s := 0, 0
	for s < len(src) {
		token := src[s]
		s++
		lit, s2, ok := lz4Length(int(token>>4), src, s)
		if s = s2; !ok || lit > len(src)-s || lit > len(dst)-d {
			return d, errLZ4
		}
		copy(dst[d:], src[s:s+lit])
		d, s = d+lit, s+lit
		if s == len(src) {
			return d, nil
		}
		if len(src)-s < 2 {
			return d, errLZ4
		}
		off := int(binary.LittleEndian.Uint16(src[s:]))
		n, s2, ok := lz4Length(int(token&15), src, s+2)
		if s = s2; !ok || off == 0 || off > d || n > len(dst)-d-4 {
			return d, errLZ4
		}
		d = lz4Copy(dst, d, off, n+4)
	}
	return d, errLZ4
}

// lz4Length adds the extra bytes of a length whose four bits are all set.
func lz4Length(n int, src []byte, s int) (length, next int, ok bool) {
	if n < 15 {
		return n, s, true
	}
	for s < len(src) {
		b := src[s]
		s++
		n += int(b)
		if b != 255 {
			return n, s, n >= 0
		}
	}
	return 0, s, false
}

// lz4Copy repeats n bytes from off bytes back; the ranges may overlap.
func lz4Copy(dst []byte, d, off, n int) int {
	end := d + n
	for d < end {
		d += copy(dst[d:end], dst[d-off:d])
		off *= 2 // what was copied doubles the pattern that can be copied from
		if off > d {
			off = d
		}
	}
	return end
}
