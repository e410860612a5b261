package parquet

import (
	"encoding/binary"
	"errors"
)

var errRuns = errors.New("the run-length encoded values end early")

// hybrid decodes Parquet's mix of run-length and bit-packed runs of numbers of
// up to 32 bits (parquet-format, Encodings.md, "RLE").
type hybrid struct {
	b      []byte
	width  int
	n      int    // values left in the current run
	value  uint32 // of a repeated run
	packed []byte // bytes of a bit-packed run, nil in a repeated one
	at     int    // values of the packed run already given
}

func (h *hybrid) reset(b []byte, width int) { *h = hybrid{b: b, width: width} }

// run makes sure that values are left in the current run.
func (h *hybrid) run() error {
	for h.n == 0 {
		head, k := binary.Uvarint(h.b)
		if k <= 0 || head>>32 != 0 {
			return errRuns
		}
		h.b = h.b[k:]
		if head&1 == 0 {
			if err := h.repeatedRun(int(head >> 1)); err != nil {
				return err
			}
			continue
		}
		// Groups of eight. Some writers leave out the unused bytes of the last one.
		size := int(head>>1) * h.width
		h.n = int(head>>1) * 8
		if size > len(h.b) {
			size = len(h.b)
			h.n = size * 8 / h.width // width is not 0, else size were 0
		}
		h.packed, h.b, h.at = h.b[:size], h.b[size:], 0
		if h.width == 0 {
			h.packed, h.value = nil, 0
		}
	}
	return nil
}

func (h *hybrid) repeatedRun(n int) error {
	size := (h.width + 7) / 8
	if len(h.b) < size {
		return errRuns
	}
	h.value = 0
	for i := 0; i < size; i++ {
		h.value |= uint32(h.b[i]) << (8 * i)
	}
	h.b = h.b[size:]
	h.n, h.packed = n, nil
	return nil
}

// read fills dst with the next numbers.
func (h *hybrid) read(dst []int32) error {
	for len(dst) > 0 {
		if h.n == 0 {
			if err := h.run(); err != nil {
				return err
			}
		}
		k := min(h.n, len(dst))
		if h.packed == nil {
			v := int32(h.value)
			for i := range dst[:k] {
				dst[i] = v
			}
		} else {
			unpack(dst[:k], h.packed, h.at, h.width)
			h.at += k
		}
		h.n -= k
		dst = dst[k:]
	}
	return nil
}

// unpack extracts len(dst) numbers of w bits (1 to 32), the first of them at
// position at. The caller knows that p holds them.
func unpack(dst []int32, p []byte, at, w int) {
	i := 0
	for ; i < len(dst) && (at+i)&7 != 0; i++ {
		dst[i] = unpackOne(p, at+i, w)
	}
	// Whole groups of eight start on a byte. Wide loads may read up to 8 bytes
	// past a group: into what follows the run in the page, or, at its very end,
	// the last numbers are taken one by one.
	p = p[:cap(p)]
	groups := (len(dst) - i) / 8
	first := (at + i) / 8
	if safe := (len(p) - 8) / w; first+groups > safe {
		groups = max(0, safe-first)
	}
	if groups > 0 {
		n := groups * 8
		unpackGroups(dst[i:i+n], p[first*w:], w)
		i += n
	}
	for ; i < len(dst); i++ {
		dst[i] = unpackOne(p, at+i, w)
	}
}

// unpackGroups extracts groups of eight numbers; p has 8 bytes to spare.
func unpackGroups(dst []int32, p []byte, w int) {
	m := uint64(1)<<w - 1
	s := uint(w) & 63
	switch {
	case w == 8:
		for i := range dst {
			dst[i] = int32(p[i])
		}
	case w <= 8: // a group is in one load
		for ; len(dst) >= 8; dst, p = dst[8:], p[w:] {
			eight((*[8]int32)(dst), binary.LittleEndian.Uint64(p), m, s)
		}
	case w <= 16: // half a group is in one load
		h := 4 * w
		for ; len(dst) >= 8; dst, p = dst[8:], p[w:] {
			four((*[4]int32)(dst), binary.LittleEndian.Uint64(p), m, s)
			four((*[4]int32)(dst[4:]), binary.LittleEndian.Uint64(p[h>>3:])>>(h&7), m, s)
		}
	case w <= 28: // two numbers are in one load
		for ; len(dst) >= 8; dst, p = dst[8:], p[w:] {
			for j := 0; j < 8; j += 2 {
				x := binary.LittleEndian.Uint64(p[(j*w)>>3:]) >> (uint(j*w) & 7)
				dst[j], dst[j+1] = int32(x&m), int32(x>>s&m)
			}
		}
	default:
		for i := range dst {
			dst[i] = int32(binary.LittleEndian.Uint64(p[(i*w)>>3:]) >> (uint(i*w) & 7) & m)
		}
	}
}

func eight(d *[8]int32, x, m uint64, s uint) {
	d[0] = int32(x & m)
	x >>= s & 63
	d[1] = int32(x & m)
	x >>= s & 63
	d[2] = int32(x & m)
	x >>= s & 63
	d[3] = int32(x & m)
	x >>= s & 63
	d[4] = int32(x & m)
	x >>= s & 63
	d[5] = int32(x & m)
	x >>= s & 63
	d[6] = int32(x & m)
	x >>= s & 63
	d[7] = int32(x & m)
}

func four(d *[4]int32, x, m uint64, s uint) {
	d[0] = int32(x & m)
	x >>= s & 63
	d[1] = int32(x & m)
	x >>= s & 63
	d[2] = int32(x & m)
	x >>= s & 63
	d[3] = int32(x & m)
}

// unpackOne extracts number i of w bits and never reads beyond p.
func unpackOne(p []byte, i, w int) int32 {
	bit := i * w
	var tail [8]byte
	q := p[bit>>3:]
	if len(q) < 8 {
		copy(tail[:], q)
		q = tail[:]
	}
	return int32(binary.LittleEndian.Uint64(q) >> (bit & 7) & (1<<w - 1))
}
