package cache_test

import (
	"fmt"
	"testing"

	"github.com/ecomctl/ecomctl/internal/cache"
	"github.com/ecomctl/ecomctl/internal/cache/cachetest"
)

func TestMemory(t *testing.T) {
	cachetest.Suite(t, func(*testing.T) cache.Cache { return cache.NewMemory(8<<20, 1<<20) }, 1<<20)
}

func TestTiered(t *testing.T) {
	open := func(*testing.T) cache.Cache {
		return cache.Tiered{Near: cache.NewMemory(1<<20, 0), Far: cache.NewMemory(8<<20, 1<<20)}
	}
	cachetest.Suite(t, open, 1<<20)
	far := cache.NewMemory(1<<20, 0)
	c := cache.Tiered{Near: cache.NewMemory(1<<20, 0), Far: far}
	far.Put(t.Context(), "k", []byte("v"))
	c.Get(t.Context(), "k")
	if _, ok := c.Near.Get(t.Context(), "k"); !ok {
		t.Error("what the far cache knew is not kept near")
	}
}

// TestMemoryIsBounded fills a cache far beyond its limit.
func TestMemoryIsBounded(t *testing.T) {
	c := cache.NewMemory(1<<20, 0)
	for i := range 10_000 {
		c.Put(t.Context(), fmt.Sprint(i), make([]byte, 1000))
		if h := c.Health(); h.Bytes > 1<<20 {
			t.Fatalf("%d bytes after %d values", h.Bytes, i)
		}
	}
	h := c.Health()
	if h.Entries == 0 || h.Evicted == 0 || h.Entries+h.Evicted != 10_000 {
		t.Errorf("%+v", h)
	}
	if _, ok := c.Get(t.Context(), "9999"); !ok {
		t.Error("the newest value is gone")
	}
	// what was used stays, what was not goes
	first := fmt.Sprint(10_000 - h.Entries)
	c.Get(t.Context(), first)
	c.Put(t.Context(), "one more", make([]byte, 1000))
	if _, ok := c.Get(t.Context(), first); !ok {
		t.Error("a value that was just used was pushed out")
	}
}
