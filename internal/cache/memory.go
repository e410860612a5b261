package cache

import (
	"container/list"
	"context"
	"sync"
)

// Memory keeps values in this process, the least recently used ones go first.
type Memory struct {
	limit, largest int64

	mu     sync.Mutex
	recent *list.List // of *item, most recent first
	items  map[string]*list.Element
	bytes  int64
	h      Health
}

type item struct {
	key   string
	value []byte
}

// itemOverhead is about what an item costs besides its key and value.
const itemOverhead = 160

func (i *item) size() int64 { return int64(len(i.key)+len(i.value)) + itemOverhead }

// NewMemory returns a cache of at most limit bytes. Values larger than largest are declined;
// 0 takes a quarter of the limit, so that no single one pushes out everything else.
func NewMemory(limit, largest int64) *Memory {
	if largest <= 0 || largest > limit {
		largest = limit / 4
	}
	return &Memory{limit: limit, largest: largest, recent: list.New(), items: map[string]*list.Element{}}
}

// Get implements Cache.
func (m *Memory) Get(_ context.Context, key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.items[key]
	if !ok {
		m.h.Misses++
		return nil, false
	}
	m.h.Hits++
	m.recent.MoveToFront(e)
	return e.Value.(*item).value, true
}

// Put implements Cache.
func (m *Memory) Put(_ context.Context, key string, value []byte) {
	it := &item{key, value}
	if it.size() > m.largest {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.items[key]; ok {
		m.bytes += it.size() - e.Value.(*item).size()
		e.Value = it
		m.recent.MoveToFront(e)
	} else {
		m.items[key] = m.recent.PushFront(it)
		m.bytes += it.size()
	}
	for m.bytes > m.limit {
		last := m.recent.Back()
		old := m.recent.Remove(last).(*item)
		delete(m.items, old.key)
		m.bytes -= old.size()
		m.h.Evicted++
	}
}

// Health implements Cache.
func (m *Memory) Health() Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.h
	h.Kind, h.Up, h.Entries, h.Bytes = "memory", true, int64(len(m.items)), m.bytes
	return h
}

// Close implements Cache.
func (m *Memory) Close() error { return nil }
