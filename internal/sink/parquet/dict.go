package parquet

import (
	"bytes"
	"hash/maphash"
	"math/bits"
)

// Limits of a dictionary; beyond them the column goes on in PLAIN.
const (
	maxEntries   = 1 << 16
	maxDictBytes = 1 << 20
	firstSlots   = 1 << 6
)

// numDict gives numbers, as bit patterns, codes in the order of appearance.
// The table is open-addressed; 0 is an empty slot, else code + 1.
type numDict struct {
	vals  []uint64
	slots []uint32
	shift uint
}

func (d *numDict) reset() {
	d.vals = d.vals[:0]
	if d.slots == nil {
		d.slots = make([]uint32, firstSlots) // little, for tables of very many columns
		d.shift = uint(64 - bits.Len(firstSlots-1))
	}
	clear(d.slots)
}

// codes appends the codes of vals to out; it stops where the dictionary is full
// and returns how many it took.
func (d *numDict) codes(out []uint32, vals []uint64) ([]uint32, int) {
	for i, v := range vals {
		if len(d.vals)*2 >= len(d.slots) {
			d.enlarge()
		}
		h := v * 0x9E3779B97F4A7C15 >> (d.shift & 63)
		for {
			s := d.slots[h]
			if s == 0 {
				if len(d.vals) >= maxEntries {
					return out, i
				}
				d.vals = append(d.vals, v)
				d.slots[h] = uint32(len(d.vals))
				out = append(out, uint32(len(d.vals)-1))
				break
			}
			if d.vals[s-1] == v {
				out = append(out, s-1)
				break
			}
			if h++; h == uint64(len(d.slots)) {
				h = 0
			}
		}
	}
	return out, len(vals)
}

func (d *numDict) enlarge() {
	d.slots = make([]uint32, 4*len(d.slots))
	d.shift = uint(64 - bits.Len(uint(len(d.slots)-1)))
	for i, v := range d.vals {
		h := v * 0x9E3779B97F4A7C15 >> (d.shift & 63)
		for d.slots[h] != 0 {
			if h++; h == uint64(len(d.slots)) {
				h = 0
			}
		}
		d.slots[h] = uint32(i + 1)
	}
}

// textDict gives texts codes in the order of appearance. The seed of the hash
// differs from run to run; the codes do not.
type textDict struct {
	off    []int // len = entries + 1
	data   []byte
	hashes []uint32
	slots  []uint32
	seed   maphash.Seed
}

func (d *textDict) reset() {
	if d.slots == nil {
		d.seed = maphash.MakeSeed()
		d.slots = make([]uint32, firstSlots)
	}
	clear(d.slots)
	d.off = append(d.off[:0], 0)
	d.data, d.hashes = d.data[:0], d.hashes[:0]
}

func (d *textDict) len() int { return len(d.off) - 1 }

func (d *textDict) at(i int) []byte { return d.data[d.off[i]:d.off[i+1]] }

// code returns the code of b, and false when it is new and the dictionary is full.
func (d *textDict) code(b []byte) (uint32, bool) {
	if d.len()*2 >= len(d.slots) && d.len() < maxEntries {
		d.enlarge()
	}
	h := uint32(maphash.Bytes(d.seed, b))
	mask := uint32(len(d.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := d.slots[i]
		if s == 0 {
			if d.len() >= maxEntries || len(d.data)+len(b) > maxDictBytes {
				return 0, false
			}
			d.data = append(d.data, b...)
			d.off = append(d.off, len(d.data))
			d.hashes = append(d.hashes, h)
			d.slots[i] = uint32(d.len())
			return uint32(d.len() - 1), true
		}
		if d.hashes[s-1] == h && bytes.Equal(d.at(int(s-1)), b) {
			return s - 1, true
		}
	}
}

func (d *textDict) enlarge() {
	d.slots = make([]uint32, 4*len(d.slots))
	mask := uint32(len(d.slots) - 1)
	for i, h := range d.hashes {
		j := h & mask
		for d.slots[j] != 0 {
			j = (j + 1) & mask
		}
		d.slots[j] = uint32(i + 1)
	}
}
