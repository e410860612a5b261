package tally

import "github.com/ecomctl/ecomctl/internal/kernel/radix"

// Bag collects 64-bit hashes, 8 bytes each, to find those that occur more than
// once. The zero value is ready.
type Bag struct {
	keys   []uint64
	runs   []run
	sealed bool
}

// Add adds a key.
func (b *Bag) Add(key uint64) { b.keys = append(b.keys, key) }

// Bytes returns the memory in use, with what sorting will need.
func (b *Bag) Bytes() int64 { return int64(cap(b.keys)) * 16 }

// Spill writes the keys to f as a sorted run and empties the bag.
func (b *Bag) Spill(f *File) error {
	if len(b.keys) == 0 {
		return nil
	}
	w, err := f.newRun()
	if err != nil {
		return err
	}
	c := intCursor{keys: b.seal()}
	for {
		ok, err := c.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := w.writeInt(c.Key, c.N); err != nil {
			return err
		}
	}
	r, err := w.close()
	if err != nil {
		return err
	}
	b.keys, b.sealed, b.runs = b.keys[:0], false, append(b.runs, r)
	if len(b.runs) < maxRuns {
		return nil
	}
	if w, err = f.newRun(); err != nil {
		return err
	}
	if err := MergeBags([]*Bag{b}, w.writeInt); err != nil {
		return err
	}
	r, err = w.close()
	b.runs = []run{r}
	return err
}

func (b *Bag) seal() []uint64 {
	if !b.sealed {
		radix.Uint64(b.keys, nil)
		b.sealed = true
	}
	return b.keys
}

// MergeBags calls f with every key and how often it was added, ascending.
func MergeBags(bags []*Bag, f func(key uint64, n int64) error) error {
	var heap []*intCursor
	for _, b := range bags {
		if len(b.keys) > 0 {
			heap = append(heap, &intCursor{keys: b.seal()})
		}
		for _, r := range b.runs {
			heap = append(heap, &intCursor{r: r.open()})
		}
	}
	return mergeCursors(heap, f)
}
