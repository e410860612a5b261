package intern

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// chunkBytes is the size of the pieces in which keys are kept; longer keys get
// a piece of their own.
const chunkBytes = 256 << 10

// textSlot holds the place of one value. meta is written last and atomically.
type textSlot struct {
	at   uint64        // chunk<<32 | offset of the length prefix
	meta atomic.Uint64 // upper half of the hash <<32 | local id + 1; 0 is free
}

type textTable struct {
	mask   uint64
	slots  []textSlot
	chunks [][]byte // grows by copy; a table sees at least the chunks of its slots
}

type textShard struct {
	mu   sync.Mutex
	tab  atomic.Pointer[textTable]
	n    uint32
	used int // bytes of the last chunk
	_    [24]byte
}

// Bytes interns byte strings.
type Bytes struct {
	seed   maphash.Seed
	shards [numShards]textShard
	bound  atomic.Uint32
	bytes  atomic.Int64
}

// NewBytes returns an empty table.
func NewBytes() *Bytes {
	t := &Bytes{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].tab.Store(&textTable{mask: 15, slots: make([]textSlot, 16)})
	}
	t.bytes.Store(numShards * 16 * 16)
	return t
}

// ID returns the id of key, giving it a new one at first sight. The key is copied.
func (t *Bytes) ID(key []byte) uint32 {
	h := maphash.Bytes(t.seed, key)
	shard := uint32(h >> (64 - shardBits))
	s := &t.shards[shard]
	if id, ok := s.tab.Load().find(h, key); ok {
		return (id-1)<<shardBits | shard
	}
	return t.add(s, h, key)
}

// find looks key up; id is the local id + 1.
func (tab *textTable) find(h uint64, key []byte) (id uint32, ok bool) {
	tag := h << 26 >> 32 // bits that neither the shard nor small masks use
	for i := h & tab.mask; ; i = (i + 1) & tab.mask {
		m := tab.slots[i].meta.Load()
		if m == 0 {
			return 0, false
		}
		if m>>32 != tag {
			continue
		}
		at := tab.slots[i].at
		if at>>32 >= uint64(len(tab.chunks)) {
			return 0, false // stored after this header was loaded: the lock knows
		}
		if string(tab.key(at)) == string(key) {
			return uint32(m), true
		}
	}
}

// key returns the key stored at a place.
func (tab *textTable) key(at uint64) []byte {
	c := tab.chunks[at>>32][uint32(at):]
	n, w := uint64(c[0]), 1
	if n >= 0x80 {
		n, w = binary.Uvarint(c)
	}
	return c[w : w+int(n) : w+int(n)]
}

// add inserts key into its shard, unless somebody else just did.
func (t *Bytes) add(s *textShard, h uint64, key []byte) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	shard := uint32(h >> (64 - shardBits))
	tab := s.tab.Load()
	if id, ok := tab.find(h, key); ok {
		return (id-1)<<shardBits | shard
	}
	if uint64(s.n+1)*4 > uint64(len(tab.slots))*3 {
		tab = t.grow(s, tab)
	}
	tab, at := t.keep(s, tab, key)
	i := h & tab.mask
	for tab.slots[i].meta.Load() != 0 {
		i = (i + 1) & tab.mask
	}
	local := s.n
	s.n++
	tab.slots[i].at = at
	tab.slots[i].meta.Store(h<<26>>32<<32 | uint64(local+1))
	id := local<<shardBits | shard
	raise(&t.bound, id+1)
	return id
}

// keep copies key behind the shard's other keys. A new chunk means a new table
// header that shares the slots; it is published before the slot that needs it.
func (t *Bytes) keep(s *textShard, tab *textTable, key []byte) (*textTable, uint64) {
	var pre [binary.MaxVarintLen64]byte
	w := binary.PutUvarint(pre[:], uint64(len(key)))
	need := w + len(key)
	if len(tab.chunks) == 0 || s.used+need > len(tab.chunks[len(tab.chunks)-1]) {
		size := min(chunkBytes, 1024<<(2*min(len(tab.chunks), 6)))
		if need > size {
			size = need
		}
		chunks := append(tab.chunks[:len(tab.chunks):len(tab.chunks)], make([]byte, size))
		tab = &textTable{mask: tab.mask, slots: tab.slots, chunks: chunks}
		s.tab.Store(tab)
		s.used = 0
		t.bytes.Add(int64(size))
	}
	last := len(tab.chunks) - 1
	c := tab.chunks[last]
	at := uint64(last)<<32 | uint64(s.used)
	copy(c[s.used:], pre[:w])
	copy(c[s.used+w:], key)
	s.used += need
	return tab, at
}

// grow doubles a shard's table. The hash is computed anew: only its upper bits are kept.
func (t *Bytes) grow(s *textShard, old *textTable) *textTable {
	n := uint64(len(old.slots)) * 2
	tab := &textTable{mask: n - 1, slots: make([]textSlot, n), chunks: old.chunks}
	for j := range old.slots {
		o := &old.slots[j]
		m := o.meta.Load()
		if m == 0 {
			continue
		}
		i := maphash.Bytes(t.seed, old.key(o.at)) & tab.mask
		for tab.slots[i].meta.Load() != 0 {
			i = (i + 1) & tab.mask
		}
		tab.slots[i].at = o.at
		tab.slots[i].meta.Store(m)
	}
	t.bytes.Add(int64(n) * 8)
	s.tab.Store(tab)
	return tab
}

// Bound returns a number greater than every id given so far.
func (t *Bytes) Bound() uint32 { return t.bound.Load() }

// Bytes returns the memory held.
func (t *Bytes) Bytes() int64 { return t.bytes.Load() }

// Values returns the values by id (Bound elements; gaps between ids are nil).
// They alias the table; nobody may add values meanwhile.
func (t *Bytes) Values() [][]byte {
	out := make([][]byte, t.Bound())
	for s := range t.shards {
		tab := t.shards[s].tab.Load()
		for j := range tab.slots {
			if m := tab.slots[j].meta.Load(); m != 0 {
				out[uint32(uint32(m)-1)<<shardBits|uint32(s)] = tab.key(tab.slots[j].at)
			}
		}
	}
	return out
}
