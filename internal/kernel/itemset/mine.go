package itemset

import (
	"context"
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

// TooMany says that a result would pass its bound; Fits is a count threshold at which
// it does not, found by counting.
type TooMany struct{ Fits int64 }

func (*TooMany) Error() string { return "the result passes the memory budget" }

// miner is what all workers share.
type miner struct {
	o     Options
	rank  []int32  // code → rank, −1 = infrequent
	code  []uint32 // rank → code
	count []int64  // by rank
	flat  []uint32 // ranks of each basket ascending, each basket ended by endMark
	where [][]int64
	twin  []bool // by rank, closed and maximal only: an item of lower rank lies in the same baskets
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
	room, err := m.run(ctx, parts)
	if err != nil {
		return nil, err
	}
	if !room {
		fits, err := fitting(ctx, b, o)
		if err != nil {
			return nil, err
		}
		return nil, fault.New(fault.Full, "mining itemsets: %w", &TooMany{Fits: fits})
	}
	return join(parts), nil
}

// run mines every item into its part, or only counts when parts is nil. It reports
// whether the result kept within MaxItems.
func (m *miner) run(ctx context.Context, parts []Sets) (room bool, err error) {
	var next atomic.Int64
	var full atomic.Bool
	var wg sync.WaitGroup
	for range max(1, m.o.Threads) {
		wg.Go(func() {
			w := newWorker(m)
			for !full.Load() && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(m.code) {
					return
				}
				if parts != nil {
					w.out = &parts[i]
				}
				if !w.mineItem(ctx, uint32(i)) {
					full.Store(true)
				}
			}
		})
	}
	wg.Wait()
	return !full.Load(), ctx.Err()
}

// fitting returns a count threshold above o.MinCount at which the result keeps within
// MaxItems, within an eighth of the least one. It counts without keeping anything.
func fitting(ctx context.Context, b *Baskets, o Options) (int64, error) {
	fits := func(least int64) (bool, error) {
		o.MinCount = least
		return newMiner(b, o).run(ctx, nil)
	}
	below, above := o.MinCount, o.MinCount
	for room := false; !room; {
		var err error
		if below, above = above, 2*above; above > int64(b.Len()) {
			above = int64(b.Len()) + 1 // nothing is left: always fits
			break
		}
		if room, err = fits(above); err != nil {
			return 0, err
		}
	}
	for above-below > max(1, below/8) {
		middle := below + (above-below)/2
		room, err := fits(middle)
		if err != nil {
			return 0, err
		}
		if room {
			above = middle
		} else {
			below = middle
		}
	}
	return above, nil
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
	if o.Target != Frequent {
		m.findTwins()
	}
	return m
}

// findTwins marks the items whose baskets are those of an item of lower rank: no
// closed or maximal set has them as its least item. Without it, equal large baskets would cost the
// square of their length.
func (m *miner) findTwins() {
	m.twin = make([]bool, len(m.code))
	sums := make([]uint64, len(m.code))
	basket := uint64(0)
	for _, r := range m.flat {
		if r == endMark {
			basket++
			continue
		}
		sums[r] += hash([]uint32{uint32(basket), uint32(basket >> 32)})
	}
	last := map[uint64]uint32{}
	for r := range m.code {
		if j, ok := last[sums[r]]; ok && m.count[j] == m.count[r] {
			m.twin[r] = m.together(j, uint32(r))
		}
		last[sums[r]] = uint32(r)
	}
}

// together reports whether item low is in every basket of the higher item.
func (m *miner) together(low, high uint32) bool {
	for _, p := range m.where[high] {
		for p--; p >= 0 && m.flat[p] != endMark && m.flat[p] > low; p-- {
		}
		if p < 0 || m.flat[p] != low {
			return false
		}
	}
	return true
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
