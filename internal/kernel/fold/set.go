package fold

import (
	"bytes"
	"hash/maphash"
)

// Set gives byte strings dense ids in the order of their arrival. Strings are
// compared by value. The zero value is empty and ready.
type Set struct {
	seed  maphash.Seed
	slots []uint32 // id + 1; 0 is free
	tags  []uint32 // by id: the upper half of the hash
	ends  []uint64 // by id: where its text ends in data
	data  []byte
}

// Len returns the number of strings.
func (s *Set) Len() int { return len(s.ends) }

// At returns string id; it aliases the set.
func (s *Set) At(id uint32) []byte {
	from := uint64(0)
	if id > 0 {
		from = s.ends[id-1]
	}
	return s.data[from:s.ends[id]:s.ends[id]]
}

// Bytes is the memory held.
func (s *Set) Bytes() int64 {
	return int64(cap(s.slots)+cap(s.tags))*4 + int64(cap(s.ends))*8 + int64(cap(s.data))
}

// Find returns the id of a string; ok is false when it is not there.
func (s *Set) Find(key []byte) (id uint32, ok bool) {
	if len(s.slots) == 0 {
		return 0, false
	}
	_, id, ok = s.find(maphash.Bytes(s.seed, key), key)
	return id, ok
}

// find returns the slot that holds key, or the free one where it belongs.
func (s *Set) find(h uint64, key []byte) (slot int, id uint32, ok bool) {
	mask := uint64(len(s.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		at := s.slots[i]
		if at == 0 {
			return int(i), 0, false
		}
		if id = at - 1; s.tags[id] == uint32(h>>32) && bytes.Equal(s.At(id), key) {
			return int(i), id, true
		}
	}
}

// Add returns the id of a string, which it keeps a copy of; fresh says that it is new.
func (s *Set) Add(key []byte) (id uint32, fresh bool) {
	if 4*(len(s.ends)+1) > 3*len(s.slots) {
		s.grow()
	}
	h := maphash.Bytes(s.seed, key)
	slot, id, ok := s.find(h, key)
	if ok {
		return id, false
	}
	id = uint32(len(s.ends))
	s.data = append(s.data, key...)
	s.ends = append(s.ends, uint64(len(s.data)))
	s.tags = append(s.tags, uint32(h>>32))
	s.slots[slot] = id + 1
	return id, true
}

// grow doubles the slots.
func (s *Set) grow() {
	if len(s.slots) == 0 {
		s.seed = maphash.MakeSeed()
	}
	n := max(8, 2*len(s.slots))
	s.slots = make([]uint32, n)
	mask := uint64(n - 1)
	for id := range s.ends {
		i := maphash.Bytes(s.seed, s.At(uint32(id))) & mask
		for s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = uint32(id) + 1
	}
}
