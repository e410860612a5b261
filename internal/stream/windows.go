package stream

import (
	"maps"
	"slices"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/kernel/exact"
	"github.com/ecomctl/ecomctl/internal/kernel/fold"
)

// What a shard adds up: money, whole units; other units; orders, customers.
var shape = fold.Shape{Ints: 2, Floats: 1, Distinct: 2}

const (
	sumMoney = iota
	sumUnits
)

const (
	countOrders = iota
	countCustomers
)

// shards is the number of parts of a window: values of a distinct count share them by their hash.
const shards = 16

// window is one tumbling window.
type window struct {
	start   int64
	written bool
	rev     int64           // of the last rows written
	changed map[string]bool // groups that moved since they were written
	cells   [shards]*cell
}

// windows are the open ones.
type windows struct {
	*state
	span int64
	open map[int64]*window
}

// of returns the window of a time, making it at first sight.
func (ws *windows) of(t int64) *window {
	start := civil.FloorDiv(t, ws.span) * ws.span
	w := ws.open[start]
	if w == nil {
		w = &window{start: start}
		ws.open[start] = w
	}
	return w
}

// cell returns a part of a window.
func (w *window) cell(k uint32) *cell {
	if w.cells[k] == nil {
		w.cells[k] = &cell{}
	}
	return w.cells[k]
}

// shardOf places a value. The hash is the same in every run, for checkpoints keep the places.
func shardOf(value []byte) uint32 {
	h := uint64(14695981039346656037) // FNV-1a
	for _, c := range value {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return uint32((h ^ h>>32) * 0x9e3779b1 >> 28 & (shards - 1))
}

// group is what a window says of one group.
type group struct {
	key    string
	money  exact.Int128
	units  exact.Int128
	floats exact.Sum
	counts [2]int64
}

// groups adds up the parts of a window, only those of the named groups when there are any.
func (ws *windows) groups(w *window, only map[string]bool) ([]*group, error) {
	all := map[string]*group{}
	for _, c := range w.cells {
		if c == nil {
			continue
		}
		p, err := ws.get(c, newShard)
		if err != nil {
			return nil, err
		}
		s := p.(*fold.Shard)
		for g := range s.Len() {
			r := s.Row(uint32(g))
			if only != nil && !only[string(r.Key)] {
				continue
			}
			o := all[string(r.Key)]
			if o == nil {
				o = &group{key: string(r.Key)}
				all[o.key] = o
			}
			o.money.Merge(r.Ints[sumMoney])
			o.units.Merge(r.Ints[sumUnits])
			o.floats.Merge(&r.Floats[0])
			for m, n := range r.Counts {
				o.counts[m] += n
			}
		}
		if err := ws.fit(); err != nil {
			return nil, err
		}
	}
	return slices.Collect(maps.Values(all)), nil
}

// starts lists the open windows in order.
func (ws *windows) starts() []int64 { return slices.Sorted(maps.Keys(ws.open)) }

// purge forgets a window.
func (ws *windows) purge(w *window) {
	for _, c := range w.cells {
		if c != nil {
			ws.forget(c)
		}
	}
	delete(ws.open, w.start)
}

// seen remembers the keys of rows that were counted.
type seen struct {
	*state
	cells [shards]*cell
}

// keys returns the part that a key belongs to.
func (s *seen) keys(key []byte) (*fold.Keys, error) {
	k := shardOf(key)
	if s.cells[k] == nil {
		s.cells[k] = &cell{}
	}
	p, err := s.get(s.cells[k], newKeys)
	if err != nil {
		return nil, err
	}
	return p.(*fold.Keys), nil
}

// settle accounts for what came and forgets keys older than before.
func (s *seen) settle(before int64) {
	for _, c := range s.cells {
		if c == nil || c.part == nil {
			continue
		}
		if c.part.(*fold.Keys).Expire(before) {
			c.chain, c.base, c.tail = nil, 0, 0 // written anew as a whole
		}
		s.account(c)
	}
}
