// Package redis keeps answers in Redis, where several servers share them. It is the one package
// that knows the client.
//
// Redis is a help and no need: a call that fails or takes longer than its deadline opens a
// breaker, and from then on nobody waits for Redis until a probe in the background has found it
// well again.
//
//	closed ─error or 50 ms─▶ open (Get: miss, Put: nothing) ─probe answers─▶ closed
package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/ecomctl/ecomctl/internal/cache"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Options say how Redis is used; zero values have defaults.
type Options struct {
	Deadline time.Duration // of a call; 50 ms
	Probe    time.Duration // between probes while Redis is out of service; half a second
	Largest  int           // bytes of a value; larger ones are declined; 1 MiB
	Keep     time.Duration // how long Redis keeps a value; a day
	Now      func() time.Time
	// Changed is told when Redis goes out of service and when it is back. It is called from
	// another goroutine and must not call the cache.
	Changed func(cache.Health)
}

// Cache implements cache.Cache on Redis.
type Cache struct {
	c    *redis.Client
	o    Options
	addr string
	stop context.CancelFunc
	ctx  context.Context
	wait sync.WaitGroup

	open                           atomic.Bool // the breaker: nobody asks Redis
	hits, misses, failed, bypassed atomic.Int64

	mu    sync.Mutex
	why   string
	since time.Time
}

var _ cache.Cache = (*Cache)(nil)

// deadline is how long a call may take.
const deadline = 50 * time.Millisecond

// prefix keeps our keys apart from others'; the number is that of the value's layout.
const prefix = "ecomctl:1:"

// Open makes a cache of redis://user:password@host:port/db, rediss:// or unix://. It does not wait
// for Redis: whether it is there is found out in the background, and told by Health.
func Open(url string, o Options) (*Cache, error) {
	opt, err := redis.ParseURL(url)
	if err != nil { // the error holds the URL, and the URL a password
		return nil, fault.New(fault.Usage, "the address of Redis cannot be read").WithHint("write redis://host:port/db, redis://:password@host:port/db or rediss:// for TLS")
	}
	defaults(&o)
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout, opt.PoolTimeout = o.Deadline, o.Deadline, o.Deadline, o.Deadline
	opt.MaxRetries, opt.DialerRetries = -1, 1
	opt.ContextTimeoutEnabled = true
	opt.DisableIdentity = true
	quiet.Do(logging.Disable) // what goes wrong is told by Health, once
	ctx, stop := context.WithCancel(context.Background())
	c := &Cache{c: redis.NewClient(opt), o: o, addr: opt.Addr, ctx: ctx, stop: stop}
	c.open.Store(true)
	c.why, c.since = "not asked yet", o.Now()
	c.wait.Add(1)
	go c.heal(0)
	return c, nil
}

var quiet sync.Once

func defaults(o *Options) {
	or := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	or(&o.Deadline, deadline)
	or(&o.Probe, 500*time.Millisecond)
	or(&o.Keep, 24*time.Hour)
	if o.Largest <= 0 {
		o.Largest = 1 << 20
	}
	if o.Changed == nil {
		o.Changed = func(cache.Health) {}
	}
}

// Get implements cache.Cache.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, bool) {
	if c.open.Load() {
		c.bypassed.Add(1)
		return nil, false
	}
	within, cancel := context.WithTimeout(ctx, c.o.Deadline)
	defer cancel()
	raw, err := c.c.Get(within, prefix+key).Bytes()
	if err != nil {
		if errors.Is(err, redis.Nil) {
			c.misses.Add(1)
		} else {
			c.trip(ctx, err)
		}
		return nil, false
	}
	v, ok := unseal(key, raw)
	if !ok { // another's value, or a damaged one
		c.misses.Add(1)
		return nil, false
	}
	c.hits.Add(1)
	return v, true
}

// Put implements cache.Cache.
func (c *Cache) Put(ctx context.Context, key string, value []byte) {
	if len(value) > c.o.Largest {
		return
	}
	if c.open.Load() {
		c.bypassed.Add(1)
		return
	}
	within, cancel := context.WithTimeout(ctx, c.o.Deadline)
	defer cancel()
	if err := c.c.Set(within, prefix+key, seal(key, value), c.o.Keep).Err(); err != nil {
		c.trip(ctx, err)
	}
}

var table = crc32.MakeTable(crc32.Castagnoli)

// seal puts a checksum over key and value before the value.
func seal(key string, value []byte) []byte {
	sum := crc32.Update(crc32.Checksum([]byte(key), table), table, value)
	return append(binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(value)), sum), value...)
}

func unseal(key string, raw []byte) ([]byte, bool) {
	if len(raw) < 4 {
		return nil, false
	}
	v := raw[4:]
	return v, binary.LittleEndian.Uint32(raw) == crc32.Update(crc32.Checksum([]byte(key), table), table, v)
}

// trip opens the breaker after a failed call, unless it failed because the caller had gone.
func (c *Cache) trip(caller context.Context, err error) {
	if caller.Err() != nil {
		return
	}
	c.failed.Add(1)
	c.mu.Lock()
	if c.open.Load() || c.ctx.Err() != nil {
		c.mu.Unlock()
		return
	}
	c.open.Store(true)
	c.why, c.since = c.reason(err), c.o.Now()
	c.wait.Add(1)
	c.mu.Unlock()
	go func() {
		c.o.Changed(c.Health())
		c.heal(c.o.Probe)
	}()
}

// reason says what is wrong and what to do, without secrets.
func (c *Cache) reason(err error) string {
	text := err.Error()
	switch {
	case errors.Is(err, context.DeadlineExceeded), strings.Contains(text, "i/o timeout"):
		text = "no answer within " + c.o.Deadline.String()
	case strings.HasPrefix(text, "WRONGPASS"), strings.HasPrefix(text, "NOAUTH"):
		text = "the password is wrong or missing; check the address given to --cache"
	}
	return "redis " + c.addr + ": " + text
}

// heal probes until Redis answers, then closes the breaker.
func (c *Cache) heal(first time.Duration) {
	defer c.wait.Done()
	for pause := first; ; pause = c.o.Probe + time.Duration(rand.Int64N(int64(c.o.Probe)/4+1)) {
		select {
		case <-time.After(pause):
		case <-c.ctx.Done():
			return
		}
		ctx, cancel := context.WithTimeout(c.ctx, 4*c.o.Deadline) // nobody waits for it
		err := c.c.Ping(ctx).Err()
		cancel()
		c.mu.Lock()
		if err == nil {
			c.why, c.since = "", c.o.Now()
			c.open.Store(false)
		} else if told := c.reason(err); told != c.why && c.ctx.Err() == nil {
			fresh := c.why == "not asked yet"
			c.why = told
			c.mu.Unlock()
			if fresh {
				c.o.Changed(c.Health())
			}
			continue
		}
		c.mu.Unlock()
		if err == nil {
			c.o.Changed(c.Health())
			return
		}
	}
}

// Health implements cache.Cache.
func (c *Cache) Health() cache.Health {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cache.Health{Kind: "redis", Up: !c.open.Load(), Err: c.why, Since: c.since, Entries: -1, Bytes: -1,
		Hits: c.hits.Load(), Misses: c.misses.Load(), Errors: c.failed.Load(), Bypassed: c.bypassed.Load()}
}

// Close implements cache.Cache.
func (c *Cache) Close() error {
	c.mu.Lock() // no probe begins after this
	c.stop()
	c.mu.Unlock()
	c.wait.Wait()
	if err := c.c.Close(); err != nil {
		return fault.New(fault.Unavailable, "closing redis %s: %w", c.addr, err)
	}
	return nil
}
