package intern

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"
)

// chunkBytes is the size of the pieces in which long texts are kept; a longer
// text gets a piece of its own.
const chunkBytes = 256 << 10

// Forms of a text in a slot. Short texts and UUIDs stand in the slot itself, so
// one cache line answers a lookup.
const (
	short = iota // up to 15 bytes, zero padded; the last byte is the length
	uuid         // 36 characters in the canonical lower case form, as 16 bytes
	long         // hash and place
)

// Packed is a text prepared for lookup.
type Packed struct {
	a, b, hash uint64
	form       uint64
}

// textSlot holds one text. meta is written last and atomically, so whoever
// reads a meta other than 0 may read the rest.
type textSlot struct {
	a, b uint64
	meta atomic.Uint64 // form<<32 | local id + 1; 0 is free
}

type textTable struct {
	mask   uint64
	slots  []textSlot
	chunks [][]byte // grows by copy
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
	s0, s1 uint64
	shards [numShards]textShard
	bound  atomic.Uint32
	bytes  atomic.Int64
}

// NewBytes returns an empty table.
func NewBytes() *Bytes {
	t := &Bytes{seed: maphash.MakeSeed()}
	t.s0, t.s1 = maphash.String(t.seed, "a"), maphash.String(t.seed, "b")
	for i := range t.shards {
		t.shards[i].tab.Store(&textTable{mask: 15, slots: make([]textSlot, 16)})
	}
	t.bytes.Store(numShards * 16 * 24)
	return t
}

// mix hashes the two words of a text that stands in its slot.
func (t *Bytes) mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^t.s0, b^t.s1)
	hi, lo = bits.Mul64(hi^lo^t.s0, 0x9e3779b97f4a7c15)
	return hi ^ lo
}

// Pack prepares key for ID. The result does not refer to key.
func (t *Bytes) Pack(key []byte) (p Packed) {
	switch {
	case len(key) <= 15:
		if len(key) >= 8 {
			p.a = binary.LittleEndian.Uint64(key)
			p.b = binary.LittleEndian.Uint64(key[len(key)-8:]) >> (8 * (16 - len(key)))
		} else {
			for i, c := range key {
				p.a |= uint64(c) << (8 * i)
			}
		}
		p.b |= uint64(len(key)) << 56
		p.hash = t.mix(p.a, p.b)
		return p
	case len(key) == 36:
		var ok bool
		if p.a, p.b, ok = packUUID(key); ok {
			p.form, p.hash = uuid, t.mix(p.a, p.b)
			return p
		}
	}
	p.form, p.hash = long, maphash.Bytes(t.seed, key)
	p.a = p.hash
	return p
}

// packUUID packs a UUID in its canonical lower case form; ok is false for any
// other text, so the form is unpacked to the same text.
func packUUID(k []byte) (a, b uint64, ok bool) {
	_ = k[35]
	if k[8] != '-' || k[13] != '-' || k[18] != '-' || k[23] != '-' {
		return 0, 0, false
	}
	le := binary.LittleEndian
	w0, e0 := nibbles(le.Uint64(k))
	w1, e1 := nibbles(uint64(le.Uint32(k[9:])) | uint64(le.Uint32(k[14:]))<<32)
	w2, e2 := nibbles(uint64(le.Uint32(k[19:])) | uint64(le.Uint32(k[24:]))<<32)
	w3, e3 := nibbles(le.Uint64(k[28:]))
	return w0 | w1<<32, w2 | w3<<32, e0|e1|e2|e3 == 0
}

const ones = 0x0101010101010101

// nibbles turns eight hexadecimal digits into 32 bits; wrong is 0 only when
// all are of 0–9 and a–f, found by turning them back.
func nibbles(x uint64) (v, wrong uint64) {
	n := x&(0x0f*ones) + 9*(x>>6&ones)
	n &= 0x0f * ones
	letter := (n + 6*ones) >> 4 & ones
	wrong = x ^ (n + 0x30*ones + 0x27*letter)
	v = (n<<4 | n>>8) & 0x00ff00ff00ff00ff
	v = (v | v>>8) & 0x0000ffff0000ffff
	return (v | v>>16) & 0xffffffff, wrong
}

// digits is the inverse of nibbles, appending to out.
func digits(out []byte, v uint64) []byte {
	const hex = "0123456789abcdef"
	for range 4 {
		out = append(out, hex[v>>4&15], hex[v&15])
		v >>= 8
	}
	return out
}

// ID returns the id of key, giving it a new one at first sight. The key is copied.
func (t *Bytes) ID(key []byte) uint32 {
	p := t.Pack(key)
	return t.PackedID(&p, key)
}

// PackedID is ID of a key that Pack prepared.
func (t *Bytes) PackedID(p *Packed, key []byte) uint32 {
	shard := uint32(p.hash >> (64 - shardBits))
	s := &t.shards[shard]
	if id := s.tab.Load().find(p, key); id != 0 {
		return (id-1)<<shardBits | shard
	}
	return t.add(s, p, key)
}

// Warm reads the place where a lookup of the hash begins. A loop of Warm before
// a loop of lookups lets the waits for memory overlap. The sum of the results
// is of no use but to keep the reads.
func (t *Bytes) Warm(p *Packed) uint64 {
	tab := t.shards[p.hash>>(64-shardBits)].tab.Load()
	return tab.slots[p.hash&tab.mask].meta.Load()
}

// find looks key up and returns its local id + 1, 0 when it is not there.
func (tab *textTable) find(p *Packed, key []byte) uint32 {
	for i := p.hash & tab.mask; ; i = (i + 1) & tab.mask {
		s := &tab.slots[i]
		m := s.meta.Load()
		if m == 0 {
			return 0
		}
		if s.a != p.a || m>>32 != p.form {
			continue
		}
		if p.form != long {
			if s.b == p.b {
				return uint32(m)
			}
			continue
		}
		if s.b>>32 >= uint64(len(tab.chunks)) {
			return 0 // stored after this header was loaded: the lock knows
		}
		if string(tab.key(s.b)) == string(key) {
			return uint32(m)
		}
	}
}

// key returns the long text stored at a place.
func (tab *textTable) key(at uint64) []byte {
	c := tab.chunks[at>>32][uint32(at):]
	n, w := binary.Uvarint(c)
	return c[w : w+int(n) : w+int(n)]
}

// add inserts key into its shard, unless somebody else just did.
func (t *Bytes) add(s *textShard, p *Packed, key []byte) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	shard := uint32(p.hash >> (64 - shardBits))
	tab := s.tab.Load()
	if id := tab.find(p, key); id != 0 {
		return (id-1)<<shardBits | shard
	}
	if uint64(s.n+1)*4 > uint64(len(tab.slots))*3 {
		tab = t.grow(s, tab)
	}
	b := p.b
	if p.form == long {
		tab, b = t.keep(s, tab, key)
	}
	i := p.hash & tab.mask
	for tab.slots[i].meta.Load() != 0 {
		i = (i + 1) & tab.mask
	}
	local := s.n
	s.n++
	tab.slots[i].a, tab.slots[i].b = p.a, b
	tab.slots[i].meta.Store(p.form<<32 | uint64(local+1))
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

// grow doubles a shard's table.
func (t *Bytes) grow(s *textShard, old *textTable) *textTable {
	n := uint64(len(old.slots)) * 2
	tab := &textTable{mask: n - 1, slots: make([]textSlot, n), chunks: old.chunks}
	for j := range old.slots {
		o := &old.slots[j]
		m := o.meta.Load()
		if m == 0 {
			continue
		}
		h := o.a
		if m>>32 != long {
			h = t.mix(o.a, o.b)
		}
		i := h & tab.mask
		for tab.slots[i].meta.Load() != 0 {
			i = (i + 1) & tab.mask
		}
		tab.slots[i].a, tab.slots[i].b = o.a, o.b
		tab.slots[i].meta.Store(m)
	}
	t.bytes.Add(int64(n) * 12)
	s.tab.Store(tab)
	return tab
}

// Bound returns a number greater than every id given so far.
func (t *Bytes) Bound() uint32 { return t.bound.Load() }

// Bytes returns the memory held.
func (t *Bytes) Bytes() int64 { return t.bytes.Load() }

// Values returns the values by id (Bound elements; gaps between ids are nil).
// Long ones alias the table. Nobody may add values meanwhile.
func (t *Bytes) Values() [][]byte {
	out := make([][]byte, t.Bound())
	for s := range t.shards {
		tab := t.shards[s].tab.Load()
		room := 0
		for j := range tab.slots {
			room += tab.slots[j].length()
		}
		text := make([]byte, 0, room)
		for j := range tab.slots {
			o := &tab.slots[j]
			m := o.meta.Load()
			if m == 0 {
				continue
			}
			at := len(text)
			switch m >> 32 {
			case short:
				var b [16]byte
				binary.LittleEndian.PutUint64(b[:], o.a)
				binary.LittleEndian.PutUint64(b[8:], o.b)
				text = append(text, b[:b[15]]...)
			case uuid:
				text = unpackUUID(text, o.a, o.b)
			}
			id := (uint32(m)-1)<<shardBits | uint32(s)
			if out[id] = text[at:len(text):len(text)]; m>>32 == long {
				out[id] = tab.key(o.b)
			}
		}
	}
	return out
}

// length is the number of bytes that Values unpacks from a slot.
func (s *textSlot) length() int {
	switch m := s.meta.Load(); {
	case m == 0 || m>>32 == long:
		return 0
	case m>>32 == uuid:
		return 36
	}
	return int(s.b >> 56)
}

// unpackUUID appends the text of a packed UUID.
func unpackUUID(out []byte, a, b uint64) []byte {
	var buf [32]byte
	h := digits(buf[:0], a&0xffffffff)
	h = digits(h, a>>32)
	h = digits(h, b&0xffffffff)
	h = digits(h, b>>32)
	out = append(out, h[:8]...)
	for at := 8; at < 20; at += 4 {
		out = append(append(out, '-'), h[at:at+4]...)
	}
	return append(append(out, '-'), h[20:]...)
}
