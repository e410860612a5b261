// Package radix sorts integers by their bytes, without comparing them: a least
// significant digit radix sort (Knuth, The Art of Computer Programming 3,
// 5.2.5) that leaves out the bytes in which all keys agree.
package radix

import "slices"

// small is the length below which a comparison sort is faster.
const small = 256

// Uint64 sorts keys ascending. It uses scratch when that is at least as long
// as keys, else it allocates; the sorted keys are always in keys.
func Uint64(keys, scratch []uint64) {
	n := len(keys)
	if n < small {
		slices.Sort(keys)
		return
	}
	or, and := uint64(0), ^uint64(0)
	sorted := true
	prev := uint64(0)
	for _, k := range keys {
		or |= k
		and &= k
		sorted = sorted && prev <= k
		prev = k
	}
	if sorted {
		return
	}
	vary := or &^ and
	if cap(scratch) < n {
		scratch = make([]uint64, n)
	}
	from, to := keys, scratch[:n]
	for shift := uint(0); shift < 64; shift += 8 {
		if byte(vary>>shift) == 0 {
			continue
		}
		pass(from, to, shift)
		from, to = to, from
	}
	if &from[0] != &keys[0] {
		copy(keys, from)
	}
}

// pass distributes from to to by the byte at shift, stably.
func pass(from, to []uint64, shift uint) {
	var at [256]int
	for _, k := range from {
		at[byte(k>>shift)]++
	}
	sum := 0
	for d := range at {
		at[d], sum = sum, sum+at[d]
	}
	for _, k := range from {
		d := byte(k >> shift)
		to[at[d]] = k
		at[d]++
	}
}

// Unique removes repeated keys from a sorted slice and returns the rest, in
// the same memory.
func Unique(sorted []uint64) []uint64 { return slices.Compact(sorted) }

// Pair is a key with the position of what it belongs to.
type Pair struct {
	Key uint64
	At  uint32
}

// Pairs sorts pairs by key ascending, stably. It uses scratch when that is long enough.
func Pairs(pairs, scratch []Pair) {
	n := len(pairs)
	if n < small {
		slices.SortStableFunc(pairs, func(a, b Pair) int {
			switch {
			case a.Key < b.Key:
				return -1
			case a.Key > b.Key:
				return 1
			}
			return 0
		})
		return
	}
	or, and := uint64(0), ^uint64(0)
	sorted := true
	prev := uint64(0)
	for i := range pairs {
		k := pairs[i].Key
		or |= k
		and &= k
		sorted = sorted && prev <= k
		prev = k
	}
	if sorted {
		return
	}
	vary := or &^ and
	if cap(scratch) < n {
		scratch = make([]Pair, n)
	}
	from, to := pairs, scratch[:n]
	for shift := uint(0); shift < 64; shift += 8 {
		if byte(vary>>shift) == 0 {
			continue
		}
		var at [256]int
		for i := range from {
			at[byte(from[i].Key>>shift)]++
		}
		sum := 0
		for d := range at {
			at[d], sum = sum, sum+at[d]
		}
		for i := range from {
			d := byte(from[i].Key >> shift)
			to[at[d]] = from[i]
			at[d]++
		}
		from, to = to, from
	}
	if &from[0] != &pairs[0] {
		copy(pairs, from)
	}
}
