package gbt

import (
	"context"
	"sync"
	"sync/atomic"
)

// each calls do(0) … do(n−1), on several threads, and stops early when ctx ends.
func each(ctx context.Context, n, threads int, do func(i int)) error {
	if threads = min(threads, n); threads <= 1 {
		for i := range n {
			if err := ctx.Err(); err != nil {
				return err
			}
			do(i)
		}
		return nil
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range threads {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(i)
			}
		}()
	}
	wg.Wait()
	return ctx.Err()
}

// spans calls do for about equal parts [lo, hi) of n, one a thread; parts under least
// are not made. part numbers the span.
func spans(n, threads, least int, do func(part, lo, hi int)) {
	parts := max(1, min(threads, n/max(1, least)))
	if parts == 1 {
		do(0, 0, n)
		return
	}
	var wg sync.WaitGroup
	for p := range parts {
		wg.Add(1)
		go func() {
			defer wg.Done()
			do(p, n*p/parts, n*(p+1)/parts)
		}()
	}
	wg.Wait()
}
