// Package intern gives values small integer ids: equal values get equal ids,
// different values different ones. Values are compared themselves, a hash only
// finds the place. Tables are shared by many goroutines: lookups of known
// values take no lock, new values lock one of the shards.
//
// The id of a value depends on who came first, so ids must never decide an
// order of results; they only stand for the value until the results are made.
// An id is local<<shardBits | shard, so the state of a shard (all ids of one
// remainder) can be saved and restored on its own.
package intern

import (
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/kernel/zeros"
)

const (
	shardBits = 6
	numShards = 1 << shardBits
)

// MaxID is the greatest id that tables give.
const MaxID = 1<<32 - 1<<16

// intSlot holds one value. The id is written last and atomically, so whoever
// reads an id other than 0 may read the key.
type intSlot struct {
	key int64
	id  atomic.Uint32 // local id + 1; 0 is free
}

type intTable struct {
	mask  uint64
	slots []intSlot
}

type intShard struct {
	mu sync.Mutex
	n  atomic.Uint32
	_  [52]byte // keeps shards on different cache lines
}

// Ints interns 64-bit integers. What all lookups read stands apart from what those
// that add write, so that workers do not take each other's cache lines.
type Ints struct {
	seed   uint64
	tabs   [numShards]atomic.Pointer[intTable]
	_      [64]byte
	shards [numShards]intShard
	bytes  atomic.Int64
}

// NewInts returns an empty table.
func NewInts() *Ints {
	t := &Ints{seed: maphash.String(maphash.MakeSeed(), "ints") | 1}
	for i := range t.tabs {
		t.tabs[i].Store(&intTable{mask: 15, slots: make([]intSlot, 16)})
	}
	t.bytes.Store(numShards * 16 * 16)
	return t
}

// hash mixes all bits of k into all bits of the result.
func (t *Ints) hash(k int64) uint64 {
	hi, lo := bits.Mul64(uint64(k)^t.seed, 0x9e3779b97f4a7c15)
	x := hi ^ lo
	return x ^ x>>29
}

// ID returns the id of k, giving it a new one at first sight.
func (t *Ints) ID(k int64) uint32 {
	h := t.hash(k)
	tab := t.tabs[h>>(64-shardBits)].Load()
	for i := h & tab.mask; ; i = (i + 1) & tab.mask {
		id := tab.slots[i].id.Load()
		if id == 0 {
			break
		}
		if tab.slots[i].key == k {
			return (id-1)<<shardBits | uint32(h>>(64-shardBits))
		}
	}
	return t.add(h, k)
}

// IDs fills dst with the ids of keys; equal neighbours cost one lookup.
func (t *Ints) IDs(keys []int64, dst []uint32) {
	if len(keys) == 0 {
		return
	}
	prev := keys[0]
	id := t.ID(prev)
	large := t.Bytes() > warmBytes
	for at := 0; at < len(keys); at += warmRows {
		block := keys[at:min(at+warmRows, len(keys))]
		if large {
			t.warm(block)
		}
		for i, k := range block {
			if k != prev {
				id = t.ID(k)
				prev = k
			}
			dst[at+i] = id
		}
	}
}

// Tables of more than warmBytes leave the caches: lookups are then preceded by
// reads of their places, warmRows at a time, so that the waits for memory overlap.
const (
	warmBytes = 1 << 20
	warmRows  = 128
)

// warm reads the places where the lookups of keys begin.
func (t *Ints) warm(keys []int64) (sum uint32) {
	prev := keys[0] + 1
	for _, k := range keys {
		if k != prev {
			h := t.hash(k)
			tab := t.tabs[h>>(64-shardBits)].Load()
			sum += tab.slots[h&tab.mask].id.Load()
			prev = k
		}
	}
	return sum
}

// add inserts k into its shard, unless somebody else just did.
func (t *Ints) add(h uint64, k int64) uint32 {
	shard := uint32(h >> (64 - shardBits))
	s := &t.shards[shard]
	s.mu.Lock()
	id := t.insert(shard, h, k)
	s.mu.Unlock()
	return (id-1)<<shardBits | shard
}

// insert finds or stores k in a shard that is locked and returns its local id + 1.
func (t *Ints) insert(shard uint32, h uint64, k int64) uint32 {
	s, tab := &t.shards[shard], t.tabs[shard].Load()
	i := h & tab.mask
	for ; ; i = (i + 1) & tab.mask {
		id := tab.slots[i].id.Load()
		if id == 0 {
			break
		}
		if tab.slots[i].key == k {
			return id
		}
	}
	n := s.n.Load()
	if uint64(n+1)*4 > uint64(len(tab.slots))*3 {
		tab = t.grow(shard)
		for i = h & tab.mask; tab.slots[i].id.Load() != 0; {
			i = (i + 1) & tab.mask
		}
	}
	s.n.Store(n + 1)
	tab.slots[i].key = k
	tab.slots[i].id.Store(n + 1)
	return n + 1
}

// grow doubles the table of a shard that is locked. Readers go on with the old one
// and come back through the lock for what they miss there.
func (t *Ints) grow(shard uint32) *intTable {
	old := t.tabs[shard].Load()
	n := uint64(len(old.slots)) * 2
	tab := &intTable{mask: n - 1, slots: zeros.Make[intSlot](int(n))}
	for j := range old.slots {
		o := &old.slots[j]
		id := o.id.Load()
		if id == 0 {
			continue
		}
		i := t.hash(o.key) & tab.mask
		for tab.slots[i].id.Load() != 0 {
			i = (i + 1) & tab.mask
		}
		tab.slots[i].key = o.key
		tab.slots[i].id.Store(id)
	}
	t.bytes.Add(int64(n) * 8)
	t.tabs[shard].Store(tab)
	return tab
}

// Bound returns a number greater than every id given so far.
func (t *Ints) Bound() (bound uint32) {
	for i := range t.shards {
		if n := t.shards[i].n.Load(); n > 0 {
			bound = max(bound, (n-1)<<shardBits|uint32(i)+1)
		}
	}
	return bound
}

// Bytes returns the memory held.
func (t *Ints) Bytes() int64 { return t.bytes.Load() }

// Values returns the values by id (Bound elements; gaps between ids are 0).
// Nobody may add values meanwhile.
func (t *Ints) Values() []int64 {
	out := make([]int64, t.Bound())
	for s := range t.tabs {
		tab := t.tabs[s].Load()
		for j := range tab.slots {
			if id := tab.slots[j].id.Load(); id != 0 {
				out[(id-1)<<shardBits|uint32(s)] = tab.slots[j].key
			}
		}
	}
	return out
}
