package tally

import (
	"bufio"
	"encoding/binary"
	"io"
	"slices"
)

// Pair is a key with its count.
type Pair struct {
	Key uint64
	N   int64
}

// Ints counts 64-bit keys. Signed integers and floats are mapped to keys that
// sort as they do by FromInt and FromFloat. The zero value is ready.
//
// Keys that come in ascending order (times, order numbers of a file in the order
// of time) go to a sorted list and cost neither a hash nor a sort; the others
// go to a hash table. A key may be in both.
type Ints struct {
	asc   []Pair // ascending keys
	slots []Pair // N = 0 is free
	shift uint
	used  int
	last  int // slot of the previous key: equal neighbours are frequent
	runs  []run
	// sealed means that slots[:used] is sorted and Add is over.
	sealed bool
}

const firstSlots = 64

// Add counts key n times, n ≥ 1.
func (t *Ints) Add(key uint64, n int64) {
	if k := len(t.asc); k == 0 || key > t.asc[k-1].Key {
		t.asc = append(t.asc, Pair{key, n})
		return
	} else if l := &t.asc[k-1]; key == l.Key {
		l.N += n
		return
	} else if k > 1 && key >= t.asc[k-2].Key {
		// the last key was ahead of its time: without this one date in the far
		// future would end the list
		t.put(l.Key, l.N)
		t.asc = t.asc[:k-1]
		t.Add(key, n)
		return
	}
	t.put(key, n)
}

// put counts key in the hash table.
func (t *Ints) put(key uint64, n int64) {
	if t.slots == nil {
		t.grow()
	}
	if s := &t.slots[t.last]; s.Key == key && s.N > 0 {
		s.N += n
		return
	}
	mask := len(t.slots) - 1
	for i := int(hash(key) >> t.shift); ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.N == 0 {
			if t.used*8 >= len(t.slots)*5 {
				t.grow()
				t.put(key, n)
				return
			}
			*s = Pair{key, n}
			t.used++
			t.last = i
			return
		}
		if s.Key == key {
			s.N += n
			t.last = i
			return
		}
	}
}

func hash(k uint64) uint64 {
	k *= 0x9e3779b97f4a7c15
	k ^= k >> 32
	return k * 0xd6e8feb86659fd93
}

func (t *Ints) grow() {
	old := t.slots
	n := max(firstSlots, 2*len(old))
	t.slots, t.shift, t.last = make([]Pair, n), 64-log2(n), 0
	for _, p := range old {
		if p.N == 0 {
			continue
		}
		i := int(hash(p.Key) >> t.shift)
		for t.slots[i].N != 0 {
			i = (i + 1) & (n - 1)
		}
		t.slots[i] = p
	}
}

func log2(n int) (l uint) {
	for ; n > 1; n >>= 1 {
		l++
	}
	return l
}

// Bytes returns the memory in use.
func (t *Ints) Bytes() int64 { return int64(cap(t.slots)+cap(t.asc)) * 16 }

// seal sorts the entries within the table's own memory.
func (t *Ints) seal() []Pair {
	if !t.sealed {
		k := 0
		for _, p := range t.slots {
			if p.N != 0 {
				t.slots[k] = p
				k++
			}
		}
		slices.SortFunc(t.slots[:k], func(a, b Pair) int {
			if a.Key < b.Key {
				return -1
			}
			return 1
		})
		t.sealed = true
	}
	return t.slots[:t.used]
}

// Spill writes the entries to f as a sorted run and empties the table.
func (t *Ints) Spill(f *File) error {
	if t.used == 0 && len(t.asc) == 0 {
		return nil
	}
	w, err := f.newRun()
	if err != nil {
		return err
	}
	if err := mergeInts(w, t.asc, t.seal()); err != nil {
		return err
	}
	r, err := w.close()
	if err != nil {
		return err
	}
	*t = Ints{runs: append(t.runs, r)}
	if len(t.runs) >= maxRuns {
		return t.compact(f)
	}
	return nil
}

// mergeInts writes two sorted lists as one.
func mergeInts(w *runWriter, a, b []Pair) error {
	for len(a) > 0 || len(b) > 0 {
		var p Pair
		if len(b) == 0 || len(a) > 0 && a[0].Key <= b[0].Key {
			p, a = a[0], a[1:]
			if len(b) > 0 && b[0].Key == p.Key {
				p.N += b[0].N
				b = b[1:]
			}
		} else {
			p, b = b[0], b[1:]
		}
		if err := w.writeInt(p.Key, p.N); err != nil {
			return err
		}
	}
	return nil
}

// writeInt writes a key of a run as the distance from the one before.
func (w *runWriter) writeInt(key uint64, n int64) error {
	b := binary.AppendUvarint(w.buf[:0], key-w.last)
	w.last = key
	return w.write(binary.AppendUvarint(b, uint64(n)))
}

// compact merges all runs into one, so that the final merge opens few.
func (t *Ints) compact(f *File) error {
	w, err := f.newRun()
	if err != nil {
		return err
	}
	if err := MergeInts([]*Ints{t}, w.writeInt); err != nil {
		return err
	}
	r, err := w.close()
	t.runs = []run{r}
	return err
}

// intCursor walks one sorted source.
type intCursor struct {
	Pair
	mem  []Pair
	keys []uint64
	r    *bufio.Reader
}

func (c *intCursor) next() (ok bool, err error) {
	if c.r == nil {
		if len(c.keys) > 0 {
			n := 1
			for n < len(c.keys) && c.keys[n] == c.keys[0] {
				n++
			}
			c.Pair, c.keys = Pair{c.keys[0], int64(n)}, c.keys[n:]
			return true, nil
		}
		if len(c.mem) == 0 {
			return false, nil
		}
		c.Pair, c.mem = c.mem[0], c.mem[1:]
		return true, nil
	}
	d, err := readUvarint(c.r)
	if err == io.EOF {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	n, err := readUvarint(c.r)
	if err != nil {
		return false, err
	}
	c.Key, c.N = c.Key+d, int64(n)
	return true, nil
}

// MergeInts calls f with every key and its total count, ascending. The tables are
// sealed; merging can be repeated.
func MergeInts(tables []*Ints, f func(key uint64, n int64) error) error {
	var heap []*intCursor
	for _, t := range tables {
		if t == nil {
			continue
		}
		for _, mem := range [][]Pair{t.asc, t.seal()} {
			if len(mem) > 0 {
				heap = append(heap, &intCursor{mem: mem})
			}
		}
		for _, r := range t.runs {
			heap = append(heap, &intCursor{r: r.open()})
		}
	}
	return mergeCursors(heap, f)
}

func mergeCursors(heap []*intCursor, f func(key uint64, n int64) error) error {
	less := func(a, b *intCursor) bool { return a.Key < b.Key }
	heap, err := start(heap, less)
	if err != nil {
		return err
	}
	for len(heap) > 0 {
		cur := heap[0].Pair
		for cur.N = 0; len(heap) > 0 && heap[0].Key == cur.Key; {
			cur.N += heap[0].N
			if heap, err = advance(heap, less); err != nil {
				return err
			}
		}
		if err := f(cur.Key, cur.N); err != nil {
			return err
		}
	}
	return nil
}
