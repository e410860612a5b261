package kmeans

import (
	"context"
	"sync"
	"sync/atomic"
)

// cut divides n points into pieces by n alone, so that partial sums do not depend on
// the number of threads.
type cut struct {
	n, size, pieces int
}

// The least points in a piece, and the most pieces: partial sums of all pieces are kept.
const (
	leastPiece = 4096
	mostPieces = 256
)

func newCut(n int) cut {
	size := max(leastPiece, (n+mostPieces-1)/mostPieces)
	return cut{n, size, (n + size - 1) / size}
}

// each calls f once for every piece, from several goroutines; it stops between pieces when
// ctx ends.
func (c cut) each(ctx context.Context, threads int, f func(piece, from, to int)) error {
	if threads = min(threads, c.pieces); threads <= 1 {
		for p := range c.pieces {
			if err := ctx.Err(); err != nil {
				return err
			}
			f(p, p*c.size, min(c.n, (p+1)*c.size))
		}
		return nil
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range threads {
		wg.Go(func() {
			for ctx.Err() == nil {
				p := int(next.Add(1)) - 1
				if p >= c.pieces {
					return
				}
				f(p, p*c.size, min(c.n, (p+1)*c.size))
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
