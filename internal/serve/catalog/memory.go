package catalog

import (
	"container/list"
	"sync"
)

// memory remembers typed answers, the least recently used ones go first.
type memory struct {
	limit int64

	mu     sync.Mutex
	recent *list.List // of *kept, most recent first
	items  map[string]*list.Element
	bytes  int64
}

type kept struct {
	key   string
	value any
	bytes int64
}

func newMemory(limit int64) *memory {
	return &memory{limit: limit, recent: list.New(), items: map[string]*list.Element{}}
}

func (m *memory) get(key string) (any, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.items[key]
	if !ok {
		return nil, false
	}
	m.recent.MoveToFront(e)
	return e.Value.(*kept).value, true
}

// put remembers a value of about so many bytes; one that would push out everything else is not kept.
func (m *memory) put(key string, value any, bytes int64) {
	if bytes > m.limit/2 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.items[key]; ok {
		m.bytes -= e.Value.(*kept).bytes
		m.recent.Remove(e)
	}
	m.items[key] = m.recent.PushFront(&kept{key, value, bytes})
	m.bytes += bytes
	for m.bytes > m.limit {
		old := m.recent.Remove(m.recent.Back()).(*kept)
		delete(m.items, old.key)
		m.bytes -= old.bytes
	}
}
