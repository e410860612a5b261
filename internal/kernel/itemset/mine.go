package itemset

import (
	"context"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Baskets are transactions in compressed rows: the items of basket t are
// Items[Off[t]:Off[t+1]], distinct codes below N.
type Baskets struct {
	Off   []int64
	Items []uint32
	N     int // number of item codes
}

// Len returns the number of baskets.
func (b *Baskets) Len() int { return max(0, len(b.Off)-1) }

// Target says which sets are wanted.
type Target uint8

// The targets. Closed sets have no superset of equal count, maximal ones no frequent superset.
const (
	Frequent Target = iota
	Closed
	Maximal
)

// Options of Mine.
type Options struct {
	MinCount int64 // least number of baskets; at least 1
	Target   Target
	MaxSize  int   // largest set wanted; 0 = any. With Closed and Maximal it must be 0
	Threads  int   // 0 = 1
	MaxItems int64 // bound on the item codes of all results together; 0 = none
}

// Sets are itemsets in compressed rows: set s holds Items[Off[s]:Off[s+1]], codes
// ascending, in Count[s] baskets. They are ordered by their least frequent item, then by the search; the
// order does not depend on the number of threads.
type Sets struct {
	Off   []int64
	Items []uint32
	Count []int64
}

// Len returns the number of sets.
func (s *Sets) Len() int { return len(s.Count) }

// At returns the items of set i, codes ascending.
func (s *Sets) At(i int) []uint32 { return s.Items[s.Off[i]:s.Off[i+1]] }

// TooMany says that a result would pass Options.MaxItems; Fits is a count
// threshold at which it would probably not.
type TooMany struct{ Fits int64 }

func (*TooMany) Error() string { return "mining itemsets: the result passes the memory budget" }

// miner is what all workers share.
type miner struct {
	o     Options
	rank  []int32  // code → rank, −1 = infrequent
	code  []uint32 // rank → code
	count []int64  // by rank
	flat  []uint32 // ranks of each basket ascending, each basket ended by endMark
	where [][]int64
	total atomic.Int64
}

const endMark = ^uint32(0)

// Mine returns the wanted sets of at least MinCount baskets. It stops soon after
// ctx ends. A result over MaxItems is a fault.Full error around *TooMany.
func Mine(ctx context.Context, b *Baskets, o Options) (*Sets, error) {
	o.MinCount = max(1, o.MinCount)
	if o.MaxSize != 0 && o.Target != Frequent {
		panic("itemset: MaxSize goes with frequent sets only")
	}
	m := newMiner(b, o)
	parts := make([]Sets, len(m.code))
	var next, failed atomic.Int64
	var wg sync.WaitGroup
	for range max(1, o.Threads) {
		wg.Go(func() {
			w := newWorker(m)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(m.code) || failed.Load() != 0 || ctx.Err() != nil {
					return
				}
				w.out = &parts[i]
				if !w.mineItem(ctx, uint32(i)) {
					failed.Store(1)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if failed.Load() != 0 {
		return nil, fault.New(fault.Full, "%w", &TooMany{Fits: 2 * o.MinCount})
	}
	return join(parts), nil
}

// newMiner ranks the items and lays the baskets out by rank.
func newMiner(b *Baskets, o Options) *miner {
	m := &miner{o: o}
	freq := make([]int64, b.N)
	for _, it := range b.Items {
		freq[it]++
	}
	for c, n := range freq {
		if n >= o.MinCount {
			m.code = append(m.code, uint32(c))
		}
	}
	slices.SortFunc(m.code, func(x, y uint32) int {
		if freq[x] != freq[y] {
			return int(min(max(freq[x]-freq[y], -1), 1))
		}
		return int(int64(x) - int64(y))
	})
	m.rank = make([]int32, b.N)
	for i := range m.rank {
		m.rank[i] = -1
	}
	m.count = make([]int64, len(m.code))
	m.where = make([][]int64, len(m.code))
	kept := int64(0)
	for r, c := range m.code {
		m.rank[c] = int32(r)
		m.count[r] = freq[c]
		kept += freq[c]
		m.where[r] = make([]int64, 0, freq[c])
	}
	m.flat = make([]uint32, 0, kept+int64(b.Len()))
	for t := range b.Len() {
		start := len(m.flat)
		for _, it := range b.Items[b.Off[t]:b.Off[t+1]] {
			if r := m.rank[it]; r >= 0 {
				m.flat = append(m.flat, uint32(r))
			}
		}
		if len(m.flat) == start {
			continue
		}
		slices.Sort(m.flat[start:])
		for p := start; p < len(m.flat); p++ {
			m.where[m.flat[p]] = append(m.where[m.flat[p]], int64(p))
		}
		m.flat = append(m.flat, endMark)
	}
	return m
}

// join concatenates the parts in order.
func join(parts []Sets) *Sets {
	sets, items := 0, 0
	for i := range parts {
		sets += len(parts[i].Count)
		items += len(parts[i].Items)
	}
	out := &Sets{Off: make([]int64, 1, sets+1), Items: make([]uint32, 0, items), Count: make([]int64, 0, sets)}
	for i := range parts {
		base := int64(len(out.Items))
		for _, end := range parts[i].Off {
			out.Off = append(out.Off, base+end)
		}
		out.Items = append(out.Items, parts[i].Items...)
		out.Count = append(out.Count, parts[i].Count...)
	}
	return out
}

// ext is an item that can join the current set, with its baskets among the set's.
type ext struct {
	item uint32 // rank
	n    int64
	bits []uint64
}

// worker searches the sets of one least frequent item at a time.
type worker struct {
	m      *miner
	out    *Sets // Off holds ends only
	count  []int64
	local  []int32 // rank → position in exts, −1
	seen   []uint32
	arena  arena
	prefix []uint32 // ranks of the current set
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

// mineItem finds all sets whose least item is i. It returns false when the
// result has grown too large.
func (w *worker) mineItem(ctx context.Context, i uint32) bool {
	w.prefix = append(w.prefix[:0], i)
	later, passed := w.project(i)
	ok := w.search(ctx, w.m.count[i], later, passed, 0)
	w.arena.reset(0)
	return ok && w.tell()
}

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
	var all []ext
	for _, r := range w.seen {
		if w.count[r] >= m.o.MinCount {
			w.local[r] = int32(len(all))
			all = append(all, ext{item: r, n: w.count[r], bits: w.arena.zeroed(words)})
		}
	}
	if len(all) > 0 {
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

// search visits the current set (w.prefix, in n baskets) and all its supersets by
// items of later. passed are items that earlier branches have dealt with.
func (w *worker) search(ctx context.Context, n int64, later, passed []ext, depth int) bool {
	if w.steps++; w.steps&0x3ff == 0 && (ctx.Err() != nil || !w.tell()) {
		return ctx.Err() != nil
	}
	if w.m.o.Target == Frequent {
		w.emit(w.prefix, n)
		if w.m.o.MaxSize != 0 && len(w.prefix) >= w.m.o.MaxSize {
			return true
		}
		return w.branches(ctx, later, nil, depth)
	}
	for i := range passed {
		if passed[i].n == n {
			return true // a passed item is in all baskets: neither this set nor any below is closed
		}
	}
	base := len(w.prefix)
	rest := later[:0:0]
	for _, e := range later {
		if e.n == n {
			w.prefix = append(w.prefix, e.item) // in all baskets: belongs to the closure
		} else {
			rest = append(rest, e)
		}
	}
	if w.m.o.Target == Closed || (len(rest) == 0 && len(passed) == 0) {
		w.emit(w.prefix, n)
	}
	ok := w.branches(ctx, rest, passed, depth)
	w.prefix = w.prefix[:base]
	return ok
}

// branches adds each item of exts in turn.
func (w *worker) branches(ctx context.Context, exts, passed []ext, depth int) bool {
	min := w.m.o.MinCount
	keepPassed := w.m.o.Target != Frequent
	for a := range exts {
		mark := w.arena.mark()
		var later, gone []ext
		x := exts[a].bits
		for _, e := range exts[a+1:] {
			if c, ok := w.meet(x, e, min); ok {
				later = append(later, c)
			}
		}
		if keepPassed {
			for _, e := range passed {
				if c, ok := w.meet(x, e, min); ok {
					gone = append(gone, c)
				}
			}
			for _, e := range exts[:a] {
				if c, ok := w.meet(x, e, min); ok {
					gone = append(gone, c)
				}
			}
		}
		w.prefix = append(w.prefix, exts[a].item)
		ok := w.search(ctx, exts[a].n, later, gone, depth+1)
		w.prefix = w.prefix[:len(w.prefix)-1]
		w.arena.reset(mark)
		if !ok {
			return false
		}
	}
	return true
}

// meet intersects e with x into new memory, if at least min baskets remain.
func (w *worker) meet(x []uint64, e ext, min int64) (ext, bool) {
	y := w.arena.raw(len(x))
	n := 0
	for i, v := range x {
		v &= e.bits[i]
		y[i] = v
		n += bits.OnesCount64(v)
	}
	if int64(n) < min {
		w.arena.undo(len(x))
		return ext{}, false
	}
	return ext{item: e.item, n: int64(n), bits: y}, true
}

// emit records a set of ranks.
func (w *worker) emit(ranks []uint32, n int64) {
	start := len(w.out.Items)
	for _, r := range ranks {
		w.out.Items = append(w.out.Items, w.m.code[r])
	}
	slices.Sort(w.out.Items[start:])
	w.out.Off = append(w.out.Off, int64(len(w.out.Items)))
	w.out.Count = append(w.out.Count, n)
	w.told += int64(len(ranks)) + 4 // a count and an offset are four codes wide
}

// tell adds what was emitted to the shared total and reports whether there is room.
func (w *worker) tell() bool {
	total := w.m.total.Add(w.told)
	w.told = 0
	return w.m.o.MaxItems == 0 || total <= w.m.o.MaxItems
}
