package store

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// early writes the aggregates over a connection of its own while the last lines are stored over
// another: the server does both at once. It is tried once; what it does not achieve is done again in turn.
type early struct {
	cancel context.CancelFunc
	ready  chan struct{} // closed when all lines were read, so that the totals are known
	loaded chan struct{} // closed when all lines are stored
	done   chan struct{} // closed at its end
	err    error
}

var errNotLoaded = errors.New("the lines were not stored")

// startEarly begins to wait for the totals.
func (im *importer) startEarly(ctx context.Context) *early {
	ctx, cancel := context.WithCancel(ctx)
	e := &early{cancel: cancel, ready: make(chan struct{}), loaded: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(e.done)
		e.err = errNotLoaded
		select {
		case <-e.ready:
		case <-ctx.Done():
			return
		}
		if !im.totals.whole() {
			return
		}
		e.err = im.goliveEarly(ctx, e)
	}()
	return e
}

// goliveEarly is golive in a goroutine of its own: a panic below becomes an error.
func (im *importer) goliveEarly(ctx context.Context, e *early) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "making the import visible: %v\n%s", p, debug.Stack())
		}
	}()
	return im.golive(ctx, func() error {
		select {
		case <-e.loaded:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// counted says that the totals are known.
func (e *early) counted() {
	if e != nil {
		close(e.ready)
	}
}

// finish says that all lines are stored, waits, and reports whether they are visible.
func (e *early) finish() bool {
	if e == nil {
		return false
	}
	close(e.loaded)
	<-e.done
	return e.err == nil
}

// stop ends what was not finished.
func (e *early) stop() {
	e.cancel()
	<-e.done
}
