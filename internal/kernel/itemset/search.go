package itemset

import (
	"context"
	"math/bits"
)

// ext is an item that can join the current set, with its baskets among the set's.
type ext struct {
	item uint32 // rank
	n    int64
	bits []uint64
}

// level is what the search needs at one depth, kept from branch to branch.
type level struct {
	later, gone []ext
	set         []uint32 // codes of the current set, ascending
}

// worker searches the sets of one least frequent item at a time.
type worker struct {
	m      *miner
	out    *Sets // Off holds ends only; nil = nothing is kept
	count  []int64
	local  []int32 // rank → position in exts, −1
	seen   []uint32
	arena  arena
	levels []level
	full   []uint32 // codes of items in all baskets of the current set (frequent sets)
	told   int64
	steps  int
}

func newWorker(m *miner) *worker {
	w := &worker{m: m, count: make([]int64, len(m.code)), local: make([]int32, len(m.code))}
	for i := range w.local {
		w.local[i] = -1
	}
	return w
}

// level returns the scratch of a depth.
func (w *worker) level(depth int) *level {
	for len(w.levels) <= depth {
		w.levels = append(w.levels, level{})
	}
	return &w.levels[depth]
}

// mineItem finds all sets whose least item is i. It returns false when the
// result has grown too large.
func (w *worker) mineItem(ctx context.Context, i uint32) bool {
	if w.m.twin != nil && w.m.twin[i] {
		return true
	}
	l := w.level(0)
	l.set = append(l.set[:0], w.m.code[i])
	later, passed := w.project(i)
	ok := w.search(ctx, w.m.count[i], later, passed, 0)
	w.arena.reset(0)
	return ok && w.tell()
}

// search visits the current set, that of its level, in n baskets, and all its supersets by
// items of later. passed are items that earlier branches have dealt with. It returns
// false when the result has grown too large or the context has ended.
func (w *worker) search(ctx context.Context, n int64, later, passed []ext, depth int) bool {
	if w.steps++; w.steps&0x3ff == 0 && (ctx.Err() != nil || !w.tell()) {
		return false
	}
	if w.m.o.Target == Frequent {
		return w.searchFrequent(ctx, n, later, depth)
	}
	for i := range passed {
		if passed[i].n == n {
			return true // a passed item is in all baskets: neither this set nor any below is closed
		}
	}
	rest := later[:0]
	for _, e := range later {
		if e.n == n { // in all baskets: belongs to the closure
			l := w.level(depth)
			l.set = insert(l.set, l.set, w.m.code[e.item])
		} else {
			rest = append(rest, e)
		}
	}
	if w.m.o.Target == Closed || (len(rest) == 0 && len(passed) == 0) {
		w.emit(w.level(depth).set, n)
	}
	return w.branches(ctx, rest, passed, depth)
}

// searchFrequent emits the current set with every choice of the items that are in all its
// baskets, which therefore need no branch of their own.
func (w *worker) searchFrequent(ctx context.Context, n int64, later []ext, depth int) bool {
	before := len(w.full)
	rest := later[:0]
	for _, e := range later {
		if e.n == n {
			w.full = append(w.full, w.m.code[e.item])
		} else {
			rest = append(rest, e)
		}
	}
	ok := w.fits(len(w.full)) && w.choices(ctx, w.level(depth).set, w.full, n, depth)
	if size := w.m.o.MaxSize; ok && (size == 0 || depth+1 < size) {
		ok = w.branches(ctx, rest, nil, depth)
	}
	w.full = w.full[:before]
	return ok
}

// fits reports whether 2^k sets can be within the bound: what cannot is refused before it is made.
func (w *worker) fits(k int) bool {
	o := w.m.o
	return o.MaxItems == 0 || o.MaxSize != 0 || (k <= 40 && int64(overhead)<<k <= o.MaxItems)
}

// choices emits set together with each subset of full.
func (w *worker) choices(ctx context.Context, set, full []uint32, n int64, depth int) bool {
	if w.out == nil && w.m.o.MaxSize == 0 {
		return w.countChoices(len(set), len(full))
	}
	w.emit(set, n)
	if len(full) == 0 || (w.m.o.MaxSize != 0 && len(set) >= w.m.o.MaxSize) {
		return true
	}
	for i, code := range full {
		if w.steps++; w.steps&0x3ff == 0 && (ctx.Err() != nil || !w.tell()) {
			return false
		}
		l := w.level(depth + 1)
		l.set = insert(l.set, set, code)
		if !w.choices(ctx, l.set, full[i+1:], n, depth+1) {
			return false
		}
	}
	return true
}

// countChoices counts what choices would emit for k items: 2^k sets that have k/2 more items
// on average.
func (w *worker) countChoices(size, k int) bool {
	w.told += int64(size+overhead)<<k + int64(k)<<k/2
	return w.told < 1<<20 || w.tell()
}

// branches adds each item of exts in turn.
func (w *worker) branches(ctx context.Context, exts, passed []ext, depth int) bool {
	least := w.m.o.MinCount
	keepPassed := w.m.o.Target != Frequent
	last := w.m.o.MaxSize != 0 && depth+2 >= w.m.o.MaxSize // the sets with one item more are the largest wanted
	w.level(depth + 1)
	for a := range exts {
		mark := w.arena.mark()
		l := &w.levels[depth+1]
		later, gone := l.later[:0], l.gone[:0]
		x := exts[a].bits
		if !last {
			for _, e := range exts[a+1:] {
				if c, ok := w.meet(x, e, least); ok {
					later = append(later, c)
				}
			}
		}
		if keepPassed {
			for _, e := range passed {
				if c, ok := w.meet(x, e, least); ok {
					gone = append(gone, c)
				}
			}
			for _, e := range exts[:a] {
				if c, ok := w.meet(x, e, least); ok {
					gone = append(gone, c)
				}
			}
		}
		l.later, l.gone = later, gone
		l.set = insert(l.set, w.levels[depth].set, w.m.code[exts[a].item])
		ok := w.search(ctx, exts[a].n, later, gone, depth+1)
		w.arena.reset(mark)
		if !ok {
			return false
		}
	}
	return true
}

// insert writes set with code at its place into the memory of dst, which may be
// that of set.
func insert(dst, set []uint32, code uint32) []uint32 {
	n := len(set)
	if cap(dst) <= n {
		grown := make([]uint32, n, 2*n+8)
		copy(grown, dst[:min(n, len(dst))])
		dst = grown
	}
	dst = dst[:n+1]
	i := n
	for ; i > 0 && set[i-1] > code; i-- {
		dst[i] = set[i-1]
	}
	dst[i] = code
	copy(dst[:i], set[:i])
	return dst
}

// meet intersects e with x into new memory, if at least least baskets remain.
func (w *worker) meet(x []uint64, e ext, least int64) (ext, bool) {
	y := w.arena.raw(len(x))
	z := e.bits[:len(x)]
	y = y[:len(x)]
	n := 0
	for i, v := range x {
		v &= z[i]
		y[i] = v
		n += bits.OnesCount64(v)
	}
	if int64(n) < least {
		w.arena.undo(len(x))
		return ext{}, false
	}
	return ext{item: e.item, n: int64(n), bits: y}, true
}

// overhead is the width of a set's count and offset in codes.
const overhead = 4

// emit records a set of codes, ascending.
func (w *worker) emit(set []uint32, n int64) {
	w.told += int64(len(set)) + overhead
	if w.out == nil {
		return
	}
	w.out.Items = append(w.out.Items, set...)
	w.out.Off = append(w.out.Off, int64(len(w.out.Items)))
	w.out.Count = append(w.out.Count, n)
}

// tell adds what was emitted to the shared total and reports whether there is room.
func (w *worker) tell() bool {
	total := w.m.total.Add(w.told)
	w.told = 0
	return w.m.o.MaxItems == 0 || total <= w.m.o.MaxItems
}
