// Package parallel runs numbered pieces of work on a few goroutines.
package parallel

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Each calls f(worker, i) for i below n, in ascending order of starting,
// by at most threads goroutines. The first failure cancels the rest; of
// several failures the one of the least i is returned. Panics become errors.
func Each(ctx context.Context, n, threads int, f func(ctx context.Context, worker, i int) error) error {
	if n == 0 {
		return ctx.Err()
	}
	outer := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var next atomic.Int64
	errs := make([]error, n)
	run := func(worker int) {
		for {
			i := int(next.Add(1)) - 1
			if i >= n || ctx.Err() != nil {
				return
			}
			if errs[i] = guarded(ctx, worker, i, f); errs[i] != nil {
				cancel()
				return
			}
		}
	}
	var wg sync.WaitGroup
	for w := 1; w < min(threads, n); w++ {
		wg.Go(func() { run(w) })
	}
	run(0)
	wg.Wait()
	if err := outer.Err(); err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return nil
}

// guarded turns a panic into an error of kind Internal.
func guarded(ctx context.Context, worker, i int, f func(ctx context.Context, worker, i int) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "running the query: %v\n%s", p, debug.Stack())
		}
	}()
	return f(ctx, worker, i)
}
