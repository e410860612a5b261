// Package cache keeps finished answers: in this process (Memory) or in Redis, where several
// servers share them. A cache is a help, never a need: whatever happens to it, the caller
// computes the answer itself, and loses at most one short deadline on finding out.
//
//	Get ─▶ hit │ miss │ error (told in Health, logged by the owner; the caller goes on)
package cache

import (
	"context"
	"time"
)

// Cache holds values under keys. Keys are digests of everything a value depends on, so a value
// never changes and is never invalidated; it only gets lost. Implementations pass cachetest.Suite.
type Cache interface {
	// Get returns the value of a key; ok is false when it is not there, whatever the reason.
	// The bytes are shared: nobody changes them.
	Get(ctx context.Context, key string) (value []byte, ok bool)
	// Put keeps a value. It may decline (too large, out of service) without a word.
	Put(ctx context.Context, key string, value []byte)
	// Health tells how the cache is.
	Health() Health
	// Close releases what it holds.
	Close() error
}

// Health is how a cache is at one moment.
type Health struct {
	Kind                                    string // "memory", "redis"
	Up                                      bool
	Err                                     string    // why it is not up; no secrets
	Since                                   time.Time // when it went down or came up; zero when it never went down
	Entries                                 int64     // -1: not known
	Bytes                                   int64     // -1: not known
	Hits, Misses, Errors, Bypassed, Evicted int64
}
