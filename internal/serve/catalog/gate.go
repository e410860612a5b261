package catalog

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ecomctl/ecomctl/internal/serve"
)

// gate lets so many computations run and so many more wait; the others are sent away.
type gate struct {
	slots   chan struct{}
	queue   int64
	waiting atomic.Int64
	running atomic.Int64
	took    atomic.Int64 // ns, about how long one takes
}

func newGate(slots, queue int) *gate {
	return &gate{slots: make(chan struct{}, slots), queue: int64(queue)}
}

// enter waits for a place; leave gives it back. Patient callers wait however many do.
func (g *gate) enter(ctx context.Context) (leave func(took time.Duration), err error) {
	select {
	case g.slots <- struct{}{}:
	default:
		if n := g.waiting.Add(1); n > g.queue && !serve.Patient(ctx) {
			g.waiting.Add(-1)
			wait := time.Duration(g.took.Load()) * time.Duration(n) / time.Duration(cap(g.slots))
			return nil, serve.NewBusy(min(max(wait, time.Second), time.Minute), fmt.Sprintf("%d computations wait already", n-1))
		}
		select {
		case g.slots <- struct{}{}:
			g.waiting.Add(-1)
		case <-ctx.Done():
			g.waiting.Add(-1)
			return nil, ctx.Err()
		}
	}
	g.running.Add(1)
	return func(took time.Duration) {
		old := g.took.Load()
		g.took.Store(old + (int64(took)-old)/4)
		g.running.Add(-1)
		<-g.slots
	}, nil
}

func (g *gate) load() (running, waiting int64) { return g.running.Load(), g.waiting.Load() }
