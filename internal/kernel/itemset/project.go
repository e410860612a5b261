package itemset

import "slices"

// project builds the bitmaps of the items that are frequent among the baskets of
// i: those of higher rank, and, for closed and maximal sets, those of lower rank.
func (w *worker) project(i uint32) (later, passed []ext) {
	m := w.m
	both := m.o.Target != Frequent
	if m.o.MaxSize == 1 {
		return nil, nil
	}
	w.seen = w.seen[:0]
	note := func(r uint32) {
		if w.count[r] == 0 {
			w.seen = append(w.seen, r)
		}
		w.count[r]++
	}
	for _, p := range m.where[i] {
		for q := p + 1; m.flat[q] != endMark; q++ {
			note(m.flat[q])
		}
		if both {
			for q := p - 1; q >= 0 && m.flat[q] != endMark; q-- {
				note(m.flat[q])
			}
		}
	}
	slices.Sort(w.seen)
	words := (len(m.where[i]) + 63) / 64
	if m.o.MaxSize == 2 {
		words = 0 // pairs are counted already
	}
	var all []ext
	for _, r := range w.seen {
		if w.count[r] >= m.o.MinCount {
			w.local[r] = int32(len(all))
			all = append(all, ext{item: r, n: w.count[r], bits: w.arena.zeroed(words)})
		}
	}
	if len(all) > 0 && words > 0 {
		for t, p := range m.where[i] {
			word, bit := t>>6, uint64(1)<<(t&63)
			for q := p + 1; m.flat[q] != endMark; q++ {
				if l := w.local[m.flat[q]]; l >= 0 {
					all[l].bits[word] |= bit
				}
			}
			if both {
				for q := p - 1; q >= 0 && m.flat[q] != endMark; q-- {
					if l := w.local[m.flat[q]]; l >= 0 {
						all[l].bits[word] |= bit
					}
				}
			}
		}
	}
	for _, r := range w.seen {
		w.count[r], w.local[r] = 0, -1
	}
	for _, e := range all {
		if e.item < i {
			passed = append(passed, e)
		} else {
			later = append(later, e)
		}
	}
	// Rare items first: their branches are small, and what they exclude is cut early.
	slices.SortStableFunc(later, func(a, b ext) int { return int(min(max(a.n-b.n, -1), 1)) })
	return later, passed
}
