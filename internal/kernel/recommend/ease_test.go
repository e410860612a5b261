package recommend

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"testing"
)

// ending is a context that ends when it was asked for the left-th time.
type ending struct {
	context.Context
	left, asked atomic.Int64
}

func endingAfter(ctx context.Context, n int64) *ending {
	e := &ending{Context: ctx}
	e.left.Store(n)
	return e
}

func (e *ending) Err() error {
	if e.asked.Add(1) > e.left.Load() {
		return context.Canceled
	}
	return nil
}

// TestEASEStopsSoon ends the context at many places of a fit: every worker asks at most a few
// times more, so nobody goes on with the work. Between two questions lies at most one chunk of rows.
func TestEASEStopsSoon(t *testing.T) {
	const n, threads = 600, 2
	off, item := make([]int64, n+1), make([]uint32, n)
	for i := range n {
		off[i+1], item[i] = int64(i+1), uint32(i)
	}
	fit := func(left int64) (int64, error) {
		ctx := endingAfter(t.Context(), left)
		_, err := FitEASE(ctx, FromRows(n, off, append([]uint32(nil), item...), nil), EASEOptions{Lambda: 1, Threads: threads})
		return ctx.asked.Load(), err
	}
	all, err := fit(math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	if inverse := all - n - n/4; inverse < 50 {
		t.Fatalf("asked %d times in all: hardly ever while inverting", all)
	}
	for left := int64(0); left < all-2*threads; left += 7 {
		asked, err := fit(left)
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("ended at question %d of %d: error %v, not that of the context", left, all, err)
		}
		if asked > left+3*threads+3 {
			t.Fatalf("ended at question %d, asked up to %d", left, asked)
		}
	}
}
