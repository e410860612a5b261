// Package flight makes equal work at the same time be done once.
package flight

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// Group does work once for all who ask under one key while it runs. The work goes on as long as
// one of them waits, and is cancelled when the last has gone: the one who came first has no
// special part. Its zero value is ready.
type Group[T any] struct {
	mu    sync.Mutex
	calls map[string]*call[T]
}

type call[T any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	value   T
	err     error
}

// Do returns what work gave under the key; shared tells that another caller had started it. Work
// gets a context with the first caller's values that ends when nobody waits any more. A panic of
// work becomes the error Panic.
func (g *Group[T]) Do(ctx context.Context, key string, work func(context.Context) (T, error)) (value T, shared bool, err error) {
	g.mu.Lock()
	c, shared := g.calls[key]
	if !shared {
		c = g.start(ctx, key, work)
	}
	c.waiting++
	g.mu.Unlock()
	select {
	case <-c.done:
		return c.value, shared, c.err
	case <-ctx.Done():
		g.leave(key, c)
		return value, shared, ctx.Err()
	}
}

// start begins the work; g is locked.
func (g *Group[T]) start(ctx context.Context, key string, work func(context.Context) (T, error)) *call[T] {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &call[T]{done: make(chan struct{}), cancel: cancel}
	if g.calls == nil {
		g.calls = map[string]*call[T]{}
	}
	g.calls[key] = c
	go func() {
		defer func() {
			if p := recover(); p != nil {
				c.err = &Panic{Value: p, Stack: debug.Stack()}
			}
			g.forget(key, c)
			cancel()
			close(c.done)
		}()
		c.value, c.err = work(own)
	}()
	return c
}

// leave takes a caller away; the last one ends the work, and who comes later starts it anew.
func (g *Group[T]) leave(key string, c *call[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c.waiting--
	if c.waiting == 0 {
		c.cancel()
		if g.calls[key] == c {
			delete(g.calls, key)
		}
	}
}

func (g *Group[T]) forget(key string, c *call[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls[key] == c {
		delete(g.calls, key)
	}
}

// Panic is the error of work that panicked.
type Panic struct {
	Value any
	Stack []byte
}

// Error implements error.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v\n%s", p.Value, p.Stack) }
