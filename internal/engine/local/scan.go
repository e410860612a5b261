package local

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"

	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Consumer receives the batches of one split in their order.
type Consumer interface {
	// Batch takes the next batch. The batch is overwritten by the next one.
	Batch(b *frame.Batch) error
	// Finish is called once after the last batch. Calls come in the order of the
	// splits, one at a time, so a consumer that keeps its output until then
	// yields it in file order.
	Finish() error
}

// ScanOptions bound a scan.
type ScanOptions struct {
	Threads  int             // 0: as many as Go may use
	Progress engine.Progress // may be nil
	Phase    string          // name of the progress phase
	// Ahead bounds how many splits may be read or waiting beyond the first one
	// that has not finished; 0 means twice the threads.
	Ahead int
}

// Scan reads the wanted columns of every split once, in parallel by split.
// newConsumer is called in the goroutine that will read the split. The first
// error in the order of the splits ends the scan and is returned.
func Scan(ctx context.Context, ds source.Dataset, want []source.Want, opt ScanOptions, newConsumer func(split int) (Consumer, error)) error {
	splits := ds.Splits()
	s := &scan{splits: splits, want: want, progress: opt.Progress}
	threads := threadsOr(opt.Threads)
	ahead := opt.Ahead
	if ahead <= 0 {
		ahead = 2 * threads
	}
	gate := newGate(ahead)
	s.start(opt.Phase)
	defer s.done()
	return parallel.Each(ctx, len(splits), threads, func(ctx context.Context, _, i int) error {
		if err := gate.enter(ctx, i); err != nil {
			return err
		}
		c, err := newConsumer(i)
		if err == nil {
			err = s.read(ctx, i, c.Batch)
		}
		if err != nil {
			return err
		}
		if err := gate.turn(ctx, i); err != nil {
			return err
		}
		defer gate.pass()
		return c.Finish()
	})
}

// gate lets splits finish in order and start not too far ahead.
type gate struct {
	mu    sync.Mutex
	next  int // the split whose turn it is
	ahead int
	wake  chan struct{} // closed when next moves
}

func newGate(ahead int) *gate { return &gate{ahead: ahead, wake: make(chan struct{})} }

// wait blocks until next is at least n.
func (g *gate) wait(ctx context.Context, n int) error {
	for {
		g.mu.Lock()
		ok, wake := g.next >= n, g.wake
		g.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *gate) enter(ctx context.Context, i int) error { return g.wait(ctx, i-g.ahead+1) }
func (g *gate) turn(ctx context.Context, i int) error  { return g.wait(ctx, i) }
func (g *gate) pass() {
	g.mu.Lock()
	g.next++
	close(g.wake)
	g.wake = make(chan struct{})
	g.mu.Unlock()
}

// scan reads splits and reports progress.
type scan struct {
	splits   []source.Split
	want     []source.Want
	progress engine.Progress
}

func (s *scan) start(phase string) {
	if s.progress == nil {
		return
	}
	total := int64(0)
	for _, sp := range s.splits {
		total += sp.Bytes()
	}
	s.progress.Start(phase, total)
}

func (s *scan) done() {
	if s.progress != nil {
		s.progress.Done()
	}
}

// read gives every batch of split i to f.
func (s *scan) read(ctx context.Context, i int, f func(*frame.Batch) error) (err error) {
	sp := s.splits[i]
	r, err := sp.Open(ctx, s.want)
	if err != nil {
		return err
	}
	defer func() {
		if e := r.Close(); err == nil && e != nil {
			err = e
		}
	}()
	told, rows := int64(0), int64(0)
	var b frame.Batch
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := r.Next(&b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := f(&b); err != nil {
			return err
		}
		rows += int64(b.N)
		if n := sp.Rows(); s.progress != nil && n > 0 {
			at := min(sp.Bytes()*rows/n, sp.Bytes())
			s.progress.Add(at - told)
			told = at
		}
	}
	if s.progress != nil {
		s.progress.Add(sp.Bytes() - told)
	}
	return nil
}

func threadsOr(n int) int {
	if n <= 0 {
		return runtime.GOMAXPROCS(0)
	}
	return n
}
