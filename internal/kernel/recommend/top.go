package recommend

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Lists are the proposals for users: those of the n-th are
// Item[n*K : n*K+Len[n]], best first, with their scores beside them.
type Lists struct {
	K     int
	Len   []int32
	Item  []uint32
	Score []float32
}

// newLists returns empty lists for n users.
func newLists(n, k int) *Lists {
	return &Lists{K: k, Len: make([]int32, n), Item: make([]uint32, n*k), Score: make([]float32, n*k)}
}

// Of returns the items and scores of the n-th user.
func (l *Lists) Of(n int) ([]uint32, []float32) {
	a, b := n*l.K, n*l.K+int(l.Len[n])
	return l.Item[a:b], l.Score[a:b]
}

// TopOptions say which lists are wanted.
type TopOptions struct {
	K       int
	Rebuy   bool // keep items that the user has
	Threads int  // 0 = 1
	// Allowed, where not nil, tells for each item whether it may be proposed.
	Allowed []bool
}

// allows reports whether an item may be proposed at all.
func (o *TopOptions) allows(it uint32) bool { return o.Allowed == nil || o.Allowed[it] }

// Model proposes items.
type Model interface {
	// Top proposes items for rows of m, which has the item codes the model was fitted on. It
	// stops soon after ctx ends.
	Top(ctx context.Context, m *Matrix, users []uint32, o TopOptions) (*Lists, error)
}

// top keeps the best k of what is pushed: a heap, worst first, of keys that order
// by score and then by the lower item.
type top struct {
	k    int
	heap []uint64
}

// keyOf packs a score and an item so that greater keys are better.
func keyOf(score float32, it uint32) uint64 {
	b := math.Float32bits(score + 0) // -0 is 0
	if b>>31 != 0 {
		b = ^b
	} else {
		b |= 1 << 31
	}
	return uint64(b)<<32 | uint64(^it)
}

func keyItem(k uint64) uint32 { return ^uint32(k) }

func keyScore(k uint64) float32 {
	b := uint32(k >> 32)
	if b>>31 != 0 {
		b &^= 1 << 31
	} else {
		b = ^b
	}
	return math.Float32frombits(b)
}

// worst returns the key to beat, 0 while there is room.
func (t *top) worst() uint64 {
	if len(t.heap) < t.k {
		return 0
	}
	return t.heap[0]
}

func (t *top) push(key uint64) {
	if len(t.heap) < t.k {
		t.heap = append(t.heap, key)
		siftUp(t.heap)
	} else if t.k > 0 && key > t.heap[0] {
		t.heap[0] = key
		siftDown(t.heap)
	}
}

// siftUp mends a least-first heap whose last value is new.
func siftUp(h []uint64) {
	i := len(h) - 1
	for i > 0 {
		p := (i - 1) / 2
		if h[p] <= h[i] {
			return
		}
		h[p], h[i] = h[i], h[p]
		i = p
	}
}

// siftDown mends a least-first heap whose first value is new.
func siftDown(h []uint64) {
	i := 0
	for {
		c := 2*i + 1
		if c >= len(h) {
			return
		}
		if c+1 < len(h) && h[c+1] < h[c] {
			c++
		}
		if h[i] <= h[c] {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}

// into writes what was kept as the n-th list and empties the heap.
func (t *top) into(l *Lists, n int) {
	slices.Sort(t.heap)
	slices.Reverse(t.heap)
	for i, k := range t.heap {
		l.Item[n*l.K+i], l.Score[n*l.K+i] = keyItem(k), keyScore(k)
	}
	l.Len[n] = int32(len(t.heap))
	t.heap = t.heap[:0]
}

// inChunks runs work over [0, n) in chunks on threads workers; make gives each
// worker its own state. It returns ctx's error when ctx ended before the end.
func inChunks[W any](ctx context.Context, n, chunk, threads int, make func() W, work func(w W, from, to int)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range max(1, min(threads, (n+chunk-1)/chunk)) {
		wg.Go(func() {
			w := make()
			for ctx.Err() == nil {
				to := int(next.Add(int64(chunk)))
				from := to - chunk
				if from >= n {
					return
				}
				work(w, from, min(to, n))
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
