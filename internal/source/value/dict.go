package value

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// Common is the dictionary that a sample gave; all readers of a column start
// from it, so that most batches of a file share one Dict.
type Common struct {
	dict  *frame.Dict
	slots []slot
}

// slot is a place of an open-addressing hash table. Texts of up to eight bytes
// are compared by word and length alone.
type slot struct {
	word uint64 // first eight bytes, little-endian, zero-padded
	n    int32
	code int32 // entry + 1; 0 is an empty slot
}

var dictSeed = maphash.MakeSeed()

func newCommon(values []string) *Common {
	w := dictWriter{slots: make([]slot, tableSize(len(values))), dict: frame.Dict{Off: []int32{0}}}
	for _, v := range values {
		w.insert([]byte(v))
	}
	d := w.dict
	return &Common{dict: &d, slots: w.slots}
}

func tableSize(entries int) int {
	return 1 << bits.Len(uint(max(entries*2, 16)))
}

// dictWriter maps texts to codes. It begins as a view of a Common and copies
// it when the first new value comes.
type dictWriter struct {
	slots []slot
	dict  frame.Dict // append-only
	own   bool       // slots and dict are this writer's
	pub   *frame.Dict
}

func (w *dictWriter) start(c *Common) {
	w.slots, w.dict, w.own, w.pub = c.slots, *c.dict, false, c.dict
}

// head returns the first eight bytes of s.
func head(s []byte) uint64 {
	n := len(s)
	if cap(s) >= 8 {
		v := binary.LittleEndian.Uint64(s[:8])
		if n >= 8 {
			return v
		}
		return v & (1<<(8*uint(n)) - 1)
	}
	var v uint64
	for i, c := range s {
		v |= uint64(c) << (8 * uint(i))
	}
	return v
}

func hashOf(word uint64, s []byte) uint64 {
	n := len(s)
	if n > 16 {
		return maphash.Bytes(dictSeed, s)
	}
	h := (word ^ uint64(n)<<56) * 0x9e3779b97f4a7c15
	if n > 8 {
		h ^= binary.LittleEndian.Uint64(s[n-8:]) * 0xc2b2ae3d27d4eb4f
		h *= 0x9e3779b97f4a7c15
	}
	return h ^ h>>32
}

// code returns the code of s, adding it when it is new.
func (w *dictWriter) code(s []byte) int32 {
	word := head(s)
	mask := uint64(len(w.slots) - 1)
	for i := hashOf(word, s) & mask; ; i = (i + 1) & mask {
		e := &w.slots[i]
		if e.code == 0 {
			return w.insert(s)
		}
		if e.word == word && int(e.n) == len(s) && (len(s) <= 8 || string(w.dict.At(e.code-1)) == string(s)) {
			return e.code - 1
		}
	}
}

// insert adds a text that is not there yet.
func (w *dictWriter) insert(s []byte) int32 {
	if !w.own {
		w.own = true
		w.slots = append([]slot(nil), w.slots...)
		w.dict.Off = append(make([]int32, 0, len(w.dict.Off)+64), w.dict.Off...)
		w.dict.Data = append(make([]byte, 0, len(w.dict.Data)+1024), w.dict.Data...)
	}
	if (w.dict.Len()+1)*2 > len(w.slots) {
		w.grow()
	}
	w.dict.Data = append(w.dict.Data, s...)
	w.dict.Off = append(w.dict.Off, int32(len(w.dict.Data)))
	code := int32(w.dict.Len())
	w.put(slot{word: head(s), n: int32(len(s)), code: code}, hashOf(head(s), s))
	return code - 1
}

func (w *dictWriter) put(e slot, h uint64) {
	mask := uint64(len(w.slots) - 1)
	i := h & mask
	for w.slots[i].code != 0 {
		i = (i + 1) & mask
	}
	w.slots[i] = e
}

func (w *dictWriter) grow() {
	old := w.slots
	w.slots = make([]slot, 2*len(old))
	for _, e := range old {
		if e.code != 0 {
			w.put(e, hashOf(e.word, w.dict.At(e.code-1)))
		}
	}
}

// publish returns the dictionary as it is now. It does not change any more:
// later values go to memory beyond it.
func (w *dictWriter) publish() *frame.Dict {
	if w.pub == nil || w.pub.Len() != w.dict.Len() {
		n, m := len(w.dict.Off), len(w.dict.Data)
		w.pub = &frame.Dict{Off: w.dict.Off[:n:n], Data: w.dict.Data[:m:m]}
	}
	return w.pub
}
