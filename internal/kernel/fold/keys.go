package fold

import "encoding/binary"

// Keys remembers keys with the time of their first sight, to tell repeats
// within a horizon.
type Keys struct {
	set     Set
	times   []int64
	written int
}

// Add notes a key at a time; fresh is false when it was there.
func (k *Keys) Add(key []byte, t int64) (fresh bool) {
	if _, fresh = k.set.Add(key); fresh {
		k.times = append(k.times, t)
	}
	return fresh
}

// Has reports whether a key is there.
func (k *Keys) Has(key []byte) bool {
	_, ok := k.set.Find(key)
	return ok
}

// Len returns the number of keys.
func (k *Keys) Len() int { return k.set.Len() }

// Bytes estimates the memory held.
func (k *Keys) Bytes() int64 { return k.set.Bytes() + int64(cap(k.times))*8 + 128 }

// Expire forgets keys older than before, once they are half of all: forgetting costs a copy of
// the others. It reports whether it did.
func (k *Keys) Expire(before int64) bool {
	old := 0
	for _, t := range k.times {
		if t < before {
			old++
		}
	}
	if old == 0 || 2*old < len(k.times) {
		return false
	}
	var rest Keys
	for id, t := range k.times {
		if t >= before {
			rest.Add(k.set.At(uint32(id)), t)
		}
	}
	*k = rest
	return true
}

// Changed reports whether keys came since the last Append.
func (k *Keys) Changed() bool { return k.set.Len() > k.written }

// Append writes the keys that came since the last Append behind b; all writes every key.
func (k *Keys) Append(b []byte, all bool) []byte {
	if all {
		k.written = 0
	}
	from := k.written
	b = appendSet(b, &k.set, &k.written)
	for _, t := range k.times[from:] {
		b = binary.LittleEndian.AppendUint64(b, uint64(t))
	}
	return b
}

// Apply adds a chunk that Append wrote.
func (k *Keys) Apply(b []byte) error {
	r := reader{b: b}
	from := k.set.Len()
	r.texts(func(t []byte) { k.set.Add(t) })
	n := k.set.Len() - from
	if r.failed || len(r.b) != 8*n {
		return errCut
	}
	for i := range n {
		k.times = append(k.times, int64(binary.LittleEndian.Uint64(r.b[8*i:])))
	}
	k.written = k.set.Len()
	return nil
}
