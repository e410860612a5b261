// Package cachetest holds what every cache must do.
package cachetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/ecomctl/ecomctl/internal/cache"
)

// Suite checks a cache that open makes. It is empty, holds at least 1 MiB, and declines values of
// more than largest bytes.
func Suite(t *testing.T, open func(t *testing.T) cache.Cache, largest int) {
	t.Helper()
	t.Run("keeps what it is given", func(t *testing.T) {
		c := open(t)
		for _, v := range [][]byte{{}, []byte("x"), {0, 1, 255, '\r', '\n'}, bytes.Repeat([]byte("abc"), 20_000)} {
			key := fmt.Sprintf("keep-%d", len(v))
			if _, ok := c.Get(t.Context(), key); ok {
				t.Fatalf("%s is there before it was put", key)
			}
			c.Put(t.Context(), key, v)
			if got, ok := c.Get(t.Context(), key); !ok || !bytes.Equal(got, v) {
				t.Fatalf("%s: %d bytes, %v, want %d", key, len(got), ok, len(v))
			}
		}
	})
	t.Run("a later value replaces", func(t *testing.T) {
		c := open(t)
		c.Put(t.Context(), "twice", []byte("one"))
		c.Put(t.Context(), "twice", []byte("two"))
		if got, _ := c.Get(t.Context(), "twice"); string(got) != "two" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("declines what is too large", func(t *testing.T) {
		c := open(t)
		c.Put(t.Context(), "large", make([]byte, largest+1))
		if _, ok := c.Get(t.Context(), "large"); ok {
			t.Errorf("a value of %d bytes was kept", largest+1)
		}
	})
	t.Run("a cancelled caller harms nobody", func(t *testing.T) {
		c := open(t)
		c.Put(t.Context(), "here", []byte("v"))
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		c.Get(gone, "here")
		c.Put(gone, "other", []byte("v"))
		if _, ok := c.Get(t.Context(), "here"); !ok || !c.Health().Up {
			t.Errorf("after a cancelled call: there %v, health %+v", ok, c.Health())
		}
	})
	t.Run("counts", func(t *testing.T) {
		c := open(t)
		before := c.Health()
		c.Get(t.Context(), "nobody put this")
		c.Put(t.Context(), "counted", []byte("v"))
		c.Get(t.Context(), "counted")
		after := c.Health()
		if after.Hits-before.Hits != 1 || after.Misses-before.Misses != 1 || !after.Up || after.Err != "" || after.Kind == "" {
			t.Errorf("before %+v, after %+v", before, after)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		c := open(t)
		var wg sync.WaitGroup
		for w := range 16 {
			wg.Go(func() {
				for i := range 100 {
					key := fmt.Sprintf("many-%d", (w+i)%37)
					want := []byte(strings.Repeat(key, 50))
					if got, ok := c.Get(t.Context(), key); ok && !bytes.Equal(got, want) {
						t.Errorf("%s holds another key's value", key)
					}
					c.Put(t.Context(), key, want)
				}
			})
		}
		wg.Wait()
	})
}
