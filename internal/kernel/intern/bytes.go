package intern

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/kernel/zeros"
)

// chunkBytes is the size of the pieces in which long texts are kept; a longer
// text gets a piece of its own.
const chunkBytes = 256 << 10

// A slot is tag<<32 | local id + 1, and 0 when it is free: a search for a new text
// rarely looks further, and a table grows without reading the texts.
const tagBits = 30

// textKey is a text of up to 15 bytes or a UUID, or the hash and the place of a
// longer text.
type textKey struct{ a, b uint64 }

// textTable holds the texts of a shard. Texts stand in the order of their ids in
// pages that never move, each as large as all before it together. A key is
// written before the slot that names it, and the slot atomically: whoever reads
// the slot may read the key.
type textTable struct {
	mask   uint64
	slots  []atomic.Uint64
	pages  [][]textKey // grows by copy
	chunks [][]byte    // grows by copy
}

// firstPage is the number of keys of the first page, and of the slots of an empty table.
const firstPage = 16

// place returns where key i (from 0) stands.
func place(i uint32) (page int, at uint32) {
	i += firstPage
	page = bits.Len32(i) - bits.Len32(firstPage)
	return page, i - firstPage<<page
}

type textShard struct {
	mu   sync.Mutex
	n    atomic.Uint32
	used int      // bytes of the last chunk
	_    [40]byte // keeps shards on different cache lines
}

// Bytes interns byte strings. What all lookups read stands apart from what those
// that add write, so that workers do not take each other's cache lines.
type Bytes struct {
	seed   maphash.Seed
	s0, s1 uint64
	tabs   [numShards]atomic.Pointer[textTable]
	_      [64]byte
	shards [numShards]textShard
	bytes  atomic.Int64
}

// NewBytes returns an empty table.
func NewBytes() *Bytes {
	t := &Bytes{seed: maphash.MakeSeed()}
	t.s0, t.s1 = maphash.String(t.seed, "a"), maphash.String(t.seed, "b")
	for i := range t.tabs {
		t.tabs[i].Store(&textTable{mask: firstPage - 1, slots: make([]atomic.Uint64, firstPage)})
	}
	t.bytes.Store(numShards * firstPage * 8)
	return t
}

// ID returns the id of key, giving it a new one at first sight. The key is copied.
func (t *Bytes) ID(key []byte) uint32 {
	p := t.Pack(key)
	shard := p.shard()
	id, _ := t.tabs[shard].Load().find(&p, key)
	if id == 0 {
		s := &t.shards[shard]
		s.mu.Lock()
		used := s.n.Load()
		s.n.Store(used + 1)
		id = t.insert(shard, used, &p, key)
		s.n.Store(max(used, id))
		s.mu.Unlock()
	}
	return (id-1)<<shardBits | shard
}

// Lookups is what IDs keeps between its calls. It belongs to one goroutine.
type Lookups struct {
	text    func(i int) []byte
	missing []int32 // texts that were not found
	byShard []int32 // the same, in the order of their shards
}

// key returns the i-th text where the lookup of its packed form p needs it.
func (l *Lookups) key(p *Packed, i int32) []byte {
	if p.form != long {
		return nil
	}
	return l.text(int(i))
}

// lockRows is how many lookups are made before the shards are locked, each once, for
// what was not found: few enough that their places are still in the caches.
const lockRows = 4 * warmRows

// IDs fills dst with the ids of texts that Pack prepared; text gives back the i-th of them.
func (t *Bytes) IDs(ps []Packed, text func(i int) []byte, dst []uint32, l *Lookups) {
	l.text = text
	large := t.Bytes() > warmBytes
	for from := 0; from < len(ps); from += lockRows {
		var counts [numShards]int32
		l.missing = l.missing[:0]
		to := min(from+lockRows, len(ps))
		for at := from; at < to; at += warmRows {
			end := min(at+warmRows, to)
			if large {
				t.warm(ps[at:end])
			}
			for i := at; i < end; i++ {
				p := &ps[i]
				shard := p.shard()
				id, _ := t.tabs[shard].Load().find(p, l.key(p, int32(i)))
				if id == 0 {
					l.missing = append(l.missing, int32(i))
					counts[shard]++
				}
				dst[i] = (id-1)<<shardBits | shard
			}
		}
		if len(l.missing) > 0 {
			t.add(ps, dst, l, &counts)
		}
	}
}

// add gives ids to the texts that are missing, counts of them by shard.
func (t *Bytes) add(ps []Packed, dst []uint32, l *Lookups, counts *[numShards]int32) {
	l.byShard = slices.Grow(l.byShard[:0], len(l.missing))[:len(l.missing)]
	var ends [numShards]int32
	at := int32(0)
	for shard, n := range counts {
		ends[shard] = at
		at += n
	}
	for _, i := range l.missing {
		shard := ps[i].shard()
		l.byShard[ends[shard]] = i
		ends[shard]++
	}
	for shard, n := range counts {
		if n == 0 {
			continue
		}
		s := &t.shards[shard]
		s.mu.Lock()
		used := s.n.Load()
		s.n.Store(used + uint32(n)) // Bound counts them before anybody can read them
		for _, i := range l.byShard[ends[shard]-n : ends[shard]] {
			p := &ps[i]
			id := t.insert(uint32(shard), used, p, l.key(p, i))
			used = max(used, id)
			dst[i] = (id-1)<<shardBits | uint32(shard)
		}
		s.n.Store(used)
		s.mu.Unlock()
	}
}

// warm reads the places where the lookups of ps will look, so that the waits for
// memory overlap: all slots first, then the keys that they name. The sum is of
// no use but to keep the reads.
func (t *Bytes) warm(ps []Packed) (sum uint64) {
	var slot [warmRows]uint64
	for j := range ps {
		p := &ps[j]
		tab := t.tabs[p.shard()].Load()
		slot[j&(warmRows-1)] = tab.slots[p.hash&tab.mask].Load()
	}
	for j := range ps {
		p := &ps[j]
		if s := slot[j&(warmRows-1)]; s>>32 == p.tag() {
			if k := t.tabs[p.shard()].Load().key(uint32(s)); k != nil {
				sum += k.a
			}
		}
	}
	return sum
}

// key returns the key of a local id + 1; nil when it was stored after this
// header was loaded: the lock knows.
func (tab *textTable) key(id uint32) *textKey {
	page, at := place(id - 1)
	if page >= len(tab.pages) {
		return nil
	}
	return &tab.pages[page][at]
}

// find looks a text up and returns its local id + 1, or 0 and the free slot where
// it belongs.
func (tab *textTable) find(p *Packed, text []byte) (id uint32, free uint64) {
	tag := p.tag()
	for i := p.hash & tab.mask; ; i = (i + 1) & tab.mask {
		s := tab.slots[i].Load()
		if s == 0 {
			return 0, i
		}
		if s>>32 == tag && tab.holds(uint32(s), p, text) {
			return uint32(s), 0
		}
	}
}

// holds reports whether a local id + 1 is that of a text.
func (tab *textTable) holds(id uint32, p *Packed, text []byte) bool {
	k := tab.key(id)
	if k == nil || k.a != p.a {
		return false
	}
	if p.form != long {
		return k.b == p.b
	}
	return k.b>>32 < uint64(len(tab.chunks)) && string(tab.text(k.b)) == string(text)
}

// text returns the long text stored at a place.
func (tab *textTable) text(at uint64) []byte {
	c := tab.chunks[at>>32][uint32(at):]
	n, w := binary.Uvarint(c)
	return c[w : w+int(n) : w+int(n)]
}

// insert returns the local id + 1 of a text in a shard that is locked and has n
// texts: n + 1 when it is new.
func (t *Bytes) insert(shard, n uint32, p *Packed, text []byte) uint32 {
	tab := t.tabs[shard].Load()
	id, free := tab.find(p, text)
	if id != 0 {
		return id
	}
	if uint64(n+1)*4 > uint64(len(tab.slots))*3 {
		tab = t.grow(shard)
		_, free = tab.find(p, text)
	}
	page, at := place(n)
	if page == len(tab.pages) {
		tab = t.addPage(shard)
	}
	b := p.b
	if p.form == long {
		tab, b = t.keep(shard, text)
	}
	tab.pages[page][at] = textKey{p.a, b}
	tab.slots[free].Store(p.tag()<<32 | uint64(n+1))
	return n + 1
}

// addPage appends a page of keys to a shard that is locked. The new table shares
// the slots; it is published before the slots that need it.
func (t *Bytes) addPage(shard uint32) *textTable {
	tab := *t.tabs[shard].Load()
	size := firstPage << len(tab.pages)
	tab.pages = append(tab.pages[:len(tab.pages):len(tab.pages)], make([]textKey, size))
	t.tabs[shard].Store(&tab)
	t.bytes.Add(int64(size) * 16)
	return &tab
}

// keep copies a text behind the other long texts of a shard that is locked.
func (t *Bytes) keep(shard uint32, text []byte) (*textTable, uint64) {
	s, tab := &t.shards[shard], t.tabs[shard].Load()
	var pre [binary.MaxVarintLen64]byte
	w := binary.PutUvarint(pre[:], uint64(len(text)))
	need := w + len(text)
	if len(tab.chunks) == 0 || s.used+need > len(tab.chunks[len(tab.chunks)-1]) {
		size := max(need, min(chunkBytes, 1024<<(2*min(len(tab.chunks), 6))))
		next := *tab
		next.chunks = append(tab.chunks[:len(tab.chunks):len(tab.chunks)], make([]byte, size))
		tab = &next
		t.tabs[shard].Store(tab)
		s.used = 0
		t.bytes.Add(int64(size))
	}
	last := len(tab.chunks) - 1
	c := tab.chunks[last]
	at := uint64(last)<<32 | uint64(s.used)
	copy(c[s.used:], pre[:w])
	copy(c[s.used+w:], text)
	s.used += need
	return tab, at
}

// grow doubles the slots of a shard that is locked. Readers go on with the old
// ones and come back through the lock for what they miss there.
func (t *Bytes) grow(shard uint32) *textTable {
	tab := *t.tabs[shard].Load()
	old := tab.slots
	n := len(old) * 2
	tab.slots, tab.mask = zeros.Make[atomic.Uint64](n), uint64(n-1)
	for j := range old {
		s := old[j].Load()
		if s == 0 {
			continue
		}
		i := s >> 32 & tab.mask
		for tab.slots[i].Load() != 0 {
			i = (i + 1) & tab.mask
		}
		tab.slots[i].Store(s)
	}
	t.bytes.Add(int64(n) * 4)
	t.tabs[shard].Store(&tab)
	return &tab
}

// Bound returns a number greater than every id given so far.
func (t *Bytes) Bound() (bound uint32) {
	for i := range t.shards {
		if n := t.shards[i].n.Load(); n > 0 {
			bound = max(bound, (n-1)<<shardBits|uint32(i)+1)
		}
	}
	return bound
}

// Bytes returns the memory held.
func (t *Bytes) Bytes() int64 { return t.bytes.Load() }

// Values returns the values by id (Bound elements; gaps between ids are nil).
// Long ones alias the table. Nobody may add values meanwhile.
func (t *Bytes) Values() [][]byte {
	out := make([][]byte, t.Bound())
	for shard := range t.shards {
		tab := t.tabs[shard].Load()
		room := 0
		for j := range tab.slots {
			room += tab.length(tab.slots[j].Load())
		}
		text := make([]byte, 0, room)
		for j := range tab.slots {
			s := tab.slots[j].Load()
			if s == 0 {
				continue
			}
			k, at := tab.key(uint32(s)), len(text)
			form := s >> (32 + tagBits)
			switch form {
			case short:
				var b [16]byte
				binary.LittleEndian.PutUint64(b[:], k.a)
				binary.LittleEndian.PutUint64(b[8:], k.b)
				text = append(text, b[:b[15]]...)
			case uuid:
				text = unpackUUID(text, k.a, k.b)
			}
			id := (uint32(s)-1)<<shardBits | uint32(shard)
			if out[id] = text[at:len(text):len(text)]; form == long {
				out[id] = tab.text(k.b)
			}
		}
	}
	return out
}

// length is the number of bytes that Values unpacks for a slot.
func (tab *textTable) length(s uint64) int {
	switch form := s >> (32 + tagBits); {
	case s == 0 || form == long:
		return 0
	case form == uuid:
		return 36
	}
	return int(tab.key(uint32(s)).b >> 56)
}
