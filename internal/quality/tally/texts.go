package tally

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"io"
	"slices"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// textEntry is one value with its count; the value is in a chunk.
type textEntry struct {
	chunk, off, len uint32
	n               int64
}

// Texts counts byte strings. Values are copied and compared whole. The zero value is ready.
type Texts struct {
	seed    maphash.Seed
	slots   []uint64 // upper half: hash, lower half: entry + 1; 0 is free
	entries []textEntry
	chunks  [][]byte
	bytes   int64
	runs    []run
	order   []sortKey // sealed: entries ascending
	sealed  bool
}

// sortKey orders entries by their first eight bytes, then by the rest.
type sortKey struct {
	prefix uint64
	entry  uint32
}

const (
	chunkBytes = 256 << 10
	maxEntries = 1 << 31
)

// Add counts value n times, n ≥ 1.
func (t *Texts) Add(value []byte, n int64) {
	if t.slots == nil {
		t.seed = maphash.MakeSeed() // values may be chosen to collide: each table has its own hash
		t.slots = make([]uint64, firstSlots)
	}
	h := maphash.Bytes(t.seed, value)
	mask := uint64(len(t.slots) - 1)
	tag := h >> 32
	for i := h & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s == 0 {
			t.entries = append(t.entries, t.store(value, n))
			t.slots[i] = tag<<32 | uint64(len(t.entries))
			if len(t.entries)*8 >= len(t.slots)*5 {
				t.rehash()
			}
			return
		}
		if s>>32 == tag {
			if e := &t.entries[uint32(s)-1]; bytes.Equal(t.at(e), value) {
				e.n += n
				return
			}
		}
	}
}

// Get returns the count of value among what has not been spilled.
func (t *Texts) Get(value []byte) int64 {
	if len(t.slots) == 0 {
		return 0
	}
	h := maphash.Bytes(t.seed, value)
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; t.slots[i] != 0; i = (i + 1) & mask {
		if s := t.slots[i]; s>>32 == h>>32 {
			if e := &t.entries[uint32(s)-1]; bytes.Equal(t.at(e), value) {
				return e.n
			}
		}
	}
	return 0
}

func (t *Texts) at(e *textEntry) []byte { return t.chunks[e.chunk][e.off : e.off+e.len : e.off+e.len] }

func (t *Texts) store(value []byte, n int64) textEntry {
	last := len(t.chunks) - 1
	if last < 0 || cap(t.chunks[last])-len(t.chunks[last]) < len(value) {
		size := chunkBytes
		if last < 0 {
			size = 4 << 10 // most columns of a shop have few values
		}
		size = max(size, len(value))
		t.chunks = append(t.chunks, make([]byte, 0, size))
		t.bytes += int64(size)
		last++
	}
	off := len(t.chunks[last])
	t.chunks[last] = append(t.chunks[last], value...)
	return textEntry{uint32(last), uint32(off), uint32(len(value)), n}
}

func (t *Texts) rehash() {
	slots := make([]uint64, 2*len(t.slots))
	mask := uint64(len(slots) - 1)
	for k := range t.entries {
		h := maphash.Bytes(t.seed, t.at(&t.entries[k]))
		i := h & mask
		for slots[i] != 0 {
			i = (i + 1) & mask
		}
		slots[i] = h>>32<<32 | uint64(k+1)
	}
	t.slots = slots
}

// Bytes returns the memory in use, with what sorting will need.
func (t *Texts) Bytes() int64 {
	return t.bytes + int64(cap(t.slots))*8 + int64(cap(t.entries))*(24+16)
}

// Used returns the number of distinct values in memory.
func (t *Texts) Used() int { return len(t.entries) }

// Full reports whether the table must be spilled whatever the budget.
func (t *Texts) Full() bool { return len(t.entries) >= maxEntries }

func (t *Texts) seal() []sortKey {
	if t.sealed {
		return t.order
	}
	t.slots = nil // not needed any more
	t.order = make([]sortKey, len(t.entries))
	for i := range t.entries {
		t.order[i] = sortKey{prefix(t.at(&t.entries[i])), uint32(i)}
	}
	slices.SortFunc(t.order, func(a, b sortKey) int {
		if a.prefix != b.prefix {
			if a.prefix < b.prefix {
				return -1
			}
			return 1
		}
		return bytes.Compare(t.at(&t.entries[a.entry]), t.at(&t.entries[b.entry]))
	})
	t.sealed = true
	return t.order
}

func prefix(v []byte) uint64 {
	if len(v) >= 8 {
		return binary.BigEndian.Uint64(v)
	}
	var w [8]byte
	copy(w[:], v)
	return binary.BigEndian.Uint64(w[:])
}

// Spill writes the entries to f as a sorted run and empties the table.
func (t *Texts) Spill(f *File) error {
	if len(t.entries) == 0 {
		return nil
	}
	w, err := f.newRun()
	if err != nil {
		return err
	}
	for _, k := range t.seal() {
		e := &t.entries[k.entry]
		if err := w.writeText(t.at(e), e.n); err != nil {
			return err
		}
	}
	r, err := w.close()
	if err != nil {
		return err
	}
	*t = Texts{runs: append(t.runs, r)}
	if len(t.runs) >= maxRuns {
		return t.compact(f)
	}
	return nil
}

// writeText writes a value of a run, without the bytes it shares with the one before.
func (w *runWriter) writeText(v []byte, n int64) error {
	same := 0
	for same < len(w.prev) && same < len(v) && w.prev[same] == v[same] {
		same++
	}
	b := binary.AppendUvarint(w.buf[:0], uint64(same))
	b = binary.AppendUvarint(b, uint64(len(v)-same))
	b = binary.AppendUvarint(b, uint64(n))
	if err := w.write(b); err != nil {
		return err
	}
	w.prev = append(w.prev[:same], v[same:]...)
	return w.write(v[same:])
}

// compact merges all runs into one, so that the final merge opens few.
func (t *Texts) compact(f *File) error {
	w, err := f.newRun()
	if err != nil {
		return err
	}
	if err := MergeTexts([]*Texts{t}, w.writeText); err != nil {
		return err
	}
	r, err := w.close()
	t.runs = []run{r}
	return err
}

// textCursor walks one sorted source; value is valid until the next call of next.
type textCursor struct {
	value []byte
	n     int64
	t     *Texts
	order []sortKey
	r     *bufio.Reader
}

func (c *textCursor) next() (ok bool, err error) {
	if c.r == nil {
		if len(c.order) == 0 {
			return false, nil
		}
		e := &c.t.entries[c.order[0].entry]
		c.value, c.n, c.order = c.t.at(e), e.n, c.order[1:]
		return true, nil
	}
	same, err := readUvarint(c.r)
	if err == io.EOF {
		return false, nil
	}
	var rest, n uint64
	if err == nil {
		rest, err = readUvarint(c.r)
	}
	if err == nil {
		n, err = readUvarint(c.r)
	}
	if err != nil {
		return false, err
	}
	c.value = slices.Grow(c.value[:same], int(rest))[:same+rest]
	if _, err := io.ReadFull(c.r, c.value[same:]); err != nil {
		return false, fault.Wrap(err, "reading spilled counts")
	}
	c.n = int64(n)
	return true, nil
}

// MergeTexts calls f with every value and its total count, ascending by bytes.
// The value is valid during the call. The tables are sealed; merging can be repeated.
func MergeTexts(tables []*Texts, f func(value []byte, n int64) error) error {
	var heap []*textCursor
	for _, t := range tables {
		if t == nil {
			continue
		}
		if len(t.entries) > 0 {
			heap = append(heap, &textCursor{t: t, order: t.seal()})
		}
		for _, r := range t.runs {
			heap = append(heap, &textCursor{r: r.open()})
		}
	}
	less := func(a, b *textCursor) bool { return bytes.Compare(a.value, b.value) < 0 }
	heap, err := start(heap, less)
	if err != nil {
		return err
	}
	var cur []byte
	for len(heap) > 0 {
		cur = append(cur[:0], heap[0].value...)
		var n int64
		for len(heap) > 0 && bytes.Equal(heap[0].value, cur) {
			n += heap[0].n
			if heap, err = advance(heap, less); err != nil {
				return err
			}
		}
		if err := f(cur, n); err != nil {
			return err
		}
	}
	return nil
}
