package serve

import (
	"net"
	"sync"
	"time"
)

// buckets give each client a rate: a bucket of burst tokens that fills at rate a second.
type buckets struct {
	rate, burst float64
	now         func() time.Time

	mu      sync.Mutex
	clients map[string]*bucket
	swept   time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

// maxClients bounds the buckets that are remembered.
const maxClients = 100_000

func newBuckets(rate float64, burst int, now func() time.Time) *buckets {
	return &buckets{rate: rate, burst: float64(burst), now: now, clients: map[string]*bucket{}}
}

// take takes a token of a client; wait is how long until there is one.
func (b *buckets) take(client string) (wait time.Duration) {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweep(now)
	c := b.clients[client]
	if c == nil {
		c = &bucket{tokens: b.burst, at: now}
		b.clients[client] = c
	}
	c.tokens = min(b.burst, c.tokens+b.rate*max(0, now.Sub(c.at).Seconds()))
	c.at = now
	if c.tokens >= 1 {
		c.tokens--
		return 0
	}
	return time.Duration((1 - c.tokens) / b.rate * float64(time.Second))
}

// sweep forgets buckets that are full again, once a minute or when there are too many. When
// still too many are left, all are forgotten: memory is bounded before fairness.
func (b *buckets) sweep(now time.Time) {
	if len(b.clients) < maxClients && now.Sub(b.swept) < time.Minute {
		return
	}
	b.swept = now
	for name, c := range b.clients {
		if c.tokens+b.rate*now.Sub(c.at).Seconds() >= b.burst {
			delete(b.clients, name)
		}
	}
	if len(b.clients) >= maxClients {
		clear(b.clients)
	}
}

// connLimit accepts so many connections at the same time; further ones wait in the system's queue.
type connLimit struct {
	net.Listener
	room chan struct{}
	done chan struct{}
	once sync.Once
}

func limitConns(l net.Listener, n int) net.Listener {
	return &connLimit{Listener: l, room: make(chan struct{}, n), done: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *connLimit) Accept() (net.Conn, error) {
	select {
	case l.room <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.room
		return nil, err
	}
	return &limitedConn{Conn: c, room: l.room}, nil
}

// Close implements net.Listener.
func (l *connLimit) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	room chan struct{}
	once sync.Once
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { <-c.room })
	return err
}
