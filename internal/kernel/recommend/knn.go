package recommend

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Similarity says how alike two items are.
type Similarity uint8

// The similarities of items with user columns a, b. Cosine is a·b/(|a||b| + h), Jaccard
// |a∩b|/(|a∪b| + h) of the sets of users, with the shrinkage h; BM25 is cosine's dot product
// of columns weighted as Robertson & Zaragoza (2009) weigh terms, items being the documents (see bm25).
const (
	Cosine Similarity = iota
	Jaccard
	BM25
)

// KNNOptions are those of FitKNN.
type KNNOptions struct {
	Similarity Similarity
	Neighbours int     // of each item
	Shrink     float64 // h above
	Threads    int     // 0 = 1
	// MaxHistory bounds the items of one user that count for similarities: of longer rows a
	// fixed sample is taken, so that one robot's 10⁶ items do not make 10¹² pairs. 0 = 5,000.
	MaxHistory int
}

// KNN is a fitted neighbourhood model: the neighbours of item i are
// Item[Off[i]:Off[i+1]], most alike first, with their similarity beside them.
type KNN struct {
	Off     []int64
	Item    []uint32
	Score   []float32
	Sampled int // users of whom a sample of items was used
}

// Memory returns the bytes that FitKNN needs besides the matrix.
func (o KNNOptions) Memory(m *Matrix) int64 {
	n := int64(len(m.Item))
	per := int64(4 + 12)
	if m.Value != nil || o.Similarity == BM25 {
		per += 12
	}
	return n*per + int64(m.Items)*int64(8*o.Neighbours+72) + int64(m.Users())*12 + int64(max(1, o.Threads))*int64(m.Items)*8
}

// BestNeighbours returns the neighbours of item i, most alike first.
func (k *KNN) BestNeighbours(i uint32) ([]uint32, []float32) {
	a, b := k.Off[i], k.Off[i+1]
	return k.Item[a:b], k.Score[a:b]
}

// FitKNN finds the nearest neighbours of every item.
//
// Items are ranked from the most to the least popular. Row i of AᵀA is accumulated for the
// more popular items j < i only, as the matrix is symmetric; each pair is offered to the
// neighbours of both. So the accumulator's busy end stays in the first-level cache.
func FitKNN(ctx context.Context, m *Matrix, o KNNOptions) (*KNN, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if o.MaxHistory <= 0 {
		o.MaxHistory = 5000
	}
	if m.Items <= math.MaxUint16+1 {
		return fitKNN[uint16](ctx, m, o)
	}
	return fitKNN[uint32](ctx, m, o)
}

// knnEntry is one use of an item: the user's more popular items are the n from start.
type knnEntry struct {
	start, n uint32
}

// knnFit is what the workers of a fit share. Items are ranks.
type knnFit[T uint16 | uint32] struct {
	o       KNNOptions
	code    []uint32  // rank → item
	norm    []float32 // by rank: |a|, or the number of users for Jaccard
	rows    []T       // of all users, ranks ascending
	weight  []float32 // beside rows; nil = ones
	off     []int64   // entries by rank
	entries []knnEntry
	own     []float32       // beside entries, with weight
	worst   []atomic.Uint32 // by rank: bits of the score to reach
	least   []atomic.Uint64 // by rank: the key to beat
	heaps   []uint64        // Neighbours places an item
	fill    []int32
	locks   [1 << 10]sync.Mutex
}

func fitKNN[T uint16 | uint32](ctx context.Context, m *Matrix, o KNNOptions) (*KNN, error) {
	f := &knnFit[T]{o: o}
	sampled := f.load(m)
	items := len(f.code)
	f.worst, f.least = make([]atomic.Uint32, items), make([]atomic.Uint64, items)
	f.heaps = make([]uint64, items*o.Neighbours)
	f.fill = make([]int32, items)
	newWorker := func() *knnWorker[T] {
		return &knnWorker[T]{f: f, count: make([]uint32, items), dot: make([]float32, cond(f.weight != nil, items, 0))}
	}
	err := inChunks(ctx, items, 16, max(1, o.Threads), newWorker, func(w *knnWorker[T], from, to int) {
		for i := from; i < to && ctx.Err() == nil; i++ {
			w.row(i)
		}
	})
	if err != nil {
		return nil, err
	}
	return f.model(m.Items, sampled), nil
}

func cond[V any](c bool, a, b V) V {
	if c {
		return a
	}
	return b
}

// load ranks the items and lays the matrix out by rank.
func (f *knnFit[T]) load(m *Matrix) (sampled int) {
	count := m.counts()
	for it, n := range count {
		if n > 0 {
			f.code = append(f.code, uint32(it))
		}
	}
	slices.SortFunc(f.code, func(a, b uint32) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	rank := make([]uint32, m.Items)
	f.off = make([]int64, len(f.code)+1)
	for r, it := range f.code {
		rank[it] = uint32(r)
		f.off[r+1] = f.off[r] + count[it]
	}
	weight := m.Value
	switch f.o.Similarity {
	case BM25:
		weight = bm25(m, count)
	case Jaccard:
		weight = nil
	}
	// The users of each item, most popular item first; then each user's row fills in that order.
	users := make([]uint32, len(m.Item))
	var own []float32
	if weight != nil {
		own = make([]float32, len(m.Item))
	}
	at := slices.Clone(f.off)
	for u := range m.Users() {
		row := m.Item[m.Off[u]:m.Off[u+1]]
		long := len(row) > f.o.MaxHistory
		if long {
			sampled++
		}
		for i, it := range row {
			if long && !sample(u, it, f.o.MaxHistory, len(row)) {
				continue
			}
			p := &at[rank[it]]
			users[*p] = uint32(u)
			if weight != nil {
				own[*p] = weight[m.Off[u]+int64(i)]
			}
			*p++
		}
	}
	f.lay(m, users, own, at)
	return sampled
}

// lay fills rows, entries and norms from the users of each rank; at is where each rank's users end.
func (f *knnFit[T]) lay(m *Matrix, users []uint32, own []float32, at []int64) {
	f.rows = make([]T, len(m.Item))
	f.entries = make([]knnEntry, len(m.Item))
	f.norm = make([]float32, len(f.code))
	if own != nil {
		f.weight, f.own = make([]float32, len(m.Item)), own
	}
	fill := make([]uint32, m.Users())
	for r := range f.code {
		var square float64
		for e := f.off[r]; e < at[r]; e++ {
			u := users[e]
			start := uint32(m.Off[u])
			p := start + fill[u]
			f.rows[p] = T(r)
			f.entries[e] = knnEntry{start, fill[u]}
			if own != nil {
				f.weight[p] = own[e]
				square += float64(own[e]) * float64(own[e])
			}
			fill[u]++
		}
		if own == nil {
			square = float64(at[r] - f.off[r])
		}
		switch f.o.Similarity {
		case Cosine:
			f.norm[r] = float32(math.Sqrt(square))
		case Jaccard:
			f.norm[r] = float32(square)
		case BM25:
			f.norm[r] = 1
		}
		// entries that sampling left free lie at the end
		for e := at[r]; e < f.off[r+1]; e++ {
			f.entries[e] = knnEntry{}
		}
	}
}

// sample chooses want of about n items of a user by a hash of both.
func sample(u int, it uint32, want, n int) bool {
	h := uint64(u)*0x9e3779b97f4a7c15 ^ uint64(it)*0xc2b2ae3d27d4eb4f
	h = (h ^ h>>31) * 0x94d049bb133111eb
	h ^= h >> 29
	return float64(h>>11)/(1<<53) < float64(want)/float64(n)
}

// knnWorker accumulates rows of AᵀA.
type knnWorker[T uint16 | uint32] struct {
	f       *knnFit[T]
	count   []uint32
	dot     []float32
	touched []uint32
}

// row offers every pair (i, j < i) to the neighbours of both.
func (w *knnWorker[T]) row(i int) {
	f := w.f
	entries := f.entries[f.off[i]:f.off[i+1]]
	work := 0
	for _, e := range entries {
		work += int(e.n)
	}
	if work == 0 {
		return
	}
	w.touched = w.touched[:0]
	few := work < i/4 // then a list of what was touched is shorter than the row
	switch {
	case f.weight != nil:
		w.addDots(entries, f.own[f.off[i]:f.off[i+1]], few)
	case few:
		w.addFew(entries)
	default:
		count := w.count
		for _, e := range entries {
			for _, j := range f.rows[e.start : e.start+e.n] {
				count[j]++
			}
		}
	}
	if few {
		slices.Sort(w.touched)
		for _, j := range w.touched {
			w.offer(i, int(j))
		}
		return
	}
	if f.weight == nil && f.o.Similarity == Cosine {
		w.offerCosine(i)
		return
	}
	for j := range i {
		if w.count[j] != 0 {
			w.offer(i, j)
		}
	}
}

func (w *knnWorker[T]) addFew(entries []knnEntry) {
	for _, e := range entries {
		for _, j := range w.f.rows[e.start : e.start+e.n] {
			if w.count[j] == 0 {
				w.touched = append(w.touched, uint32(j))
			}
			w.count[j]++
		}
	}
}

func (w *knnWorker[T]) addDots(entries []knnEntry, own []float32, few bool) {
	f := w.f
	for n, e := range entries {
		v := own[n]
		weight := f.weight[e.start : e.start+e.n]
		for x, j := range f.rows[e.start : e.start+e.n] {
			if few && w.count[j] == 0 {
				w.touched = append(w.touched, uint32(j))
			}
			w.count[j] = 1
			w.dot[j] += v * weight[x]
		}
	}
}

// offer scores one pair and clears its sums.
func (w *knnWorker[T]) offer(i, j int) {
	f := w.f
	c := float32(w.count[j])
	if f.weight != nil {
		c = w.dot[j]
		w.dot[j] = 0
	}
	w.count[j] = 0
	var s float32
	if f.o.Similarity == Jaccard {
		s = c / (f.norm[i] + f.norm[j] - c + float32(f.o.Shrink))
	} else {
		s = c / (f.norm[i]*f.norm[j] + float32(f.o.Shrink))
	}
	f.offer(i, j, s)
}

// offerCosine is offer for a whole row of counts.
func (w *knnWorker[T]) offerCosine(i int) {
	f := w.f
	ni, h := f.norm[i], float32(f.o.Shrink)
	count, norm, worst := w.count[:i], f.norm[:i], f.worst[:i]
	for j, c := range count {
		if c == 0 {
			continue
		}
		count[j] = 0
		s := float32(c) / (ni*norm[j] + h)
		b := math.Float32bits(s)
		if b >= f.worst[i].Load() {
			f.keep(i, j, s)
		}
		if b >= worst[j].Load() {
			f.keep(j, i, s)
		}
	}
}

func (f *knnFit[T]) offer(i, j int, s float32) {
	if !(s > 0) { // the BM25 weight of a user who has all items is not positive
		return
	}
	b := math.Float32bits(s)
	if b >= f.worst[i].Load() {
		f.keep(i, j, s)
	}
	if b >= f.worst[j].Load() {
		f.keep(j, i, s)
	}
}

// keep puts j among the neighbours of i if it is one of the best. What is kept in the
// end does not depend on the order of offers, as keys are distinct.
func (f *knnFit[T]) keep(i, j int, s float32) {
	key := keyOf(s, f.code[j])
	if key <= f.least[i].Load() { // of equal scores, most lose to those that came first
		return
	}
	k := f.o.Neighbours
	lock := &f.locks[i%len(f.locks)]
	lock.Lock()
	defer lock.Unlock()
	t := top{k: k, heap: f.heaps[i*k : i*k+int(f.fill[i]) : i*k+k]}
	t.push(key)
	f.fill[i] = int32(len(t.heap))
	if len(t.heap) == k && k > 0 {
		f.least[i].Store(t.heap[0])
		f.worst[i].Store(math.Float32bits(keyScore(t.heap[0])))
	}
}

// model sorts the neighbours and puts them in the order of item codes.
func (f *knnFit[T]) model(items, sampled int) *KNN {
	k := &KNN{Off: make([]int64, items+1), Sampled: sampled}
	for r, it := range f.code {
		k.Off[it+1] = int64(f.fill[r])
	}
	for i := range items {
		k.Off[i+1] += k.Off[i]
	}
	k.Item, k.Score = make([]uint32, k.Off[items]), make([]float32, k.Off[items])
	for r, it := range f.code {
		h := f.heaps[r*f.o.Neighbours:][:f.fill[r]]
		slices.Sort(h)
		for i, key := range h {
			p := k.Off[it+1] - 1 - int64(i)
			k.Item[p], k.Score[p] = keyItem(key), keyScore(key)
		}
	}
	return k
}

// bm25 weighs the value x of user u and item i as
//
//	x·(k₁+1) / (x + k₁·(1 − b + b·|i|/mean|i|)) · ln(items / (1 + items of u))
//
// with |i| the sum of the item's values, k₁ = 1.2 and b = 0.75: items are documents, users terms
// (Robertson & Zaragoza, The Probabilistic Relevance Framework, 2009). Items without users do not count.
func bm25(m *Matrix, count []int64) []float32 {
	const k1, b = 1.2, 0.75
	length := make([]float64, m.Items)
	for i, it := range m.Item {
		length[it] += m.value(int64(i))
	}
	var all, items float64
	for it, n := range count {
		if n > 0 {
			items++
			all += length[it]
		}
	}
	mean := all / items
	out := make([]float32, len(m.Item))
	for u := range m.Users() {
		idf := math.Log(items) - math.Log1p(float64(m.Off[u+1]-m.Off[u]))
		for i := m.Off[u]; i < m.Off[u+1]; i++ {
			x := m.value(i)
			norm := 1 - b + b*length[m.Item[i]]/mean
			out[i] = float32(x * (k1 + 1) / (x + k1*norm) * idf)
		}
	}
	return out
}
