package sqldb

import (
	"context"
	"time"

	"github.com/ecomctl/ecomctl/internal/backoff"
)

// Waits between repetitions.
const (
	firstWait = 50 * time.Millisecond
	maxWait   = 2 * time.Second
)

// Retry runs fn until it succeeds, fails for good, or the patience of the options ends; what may
// pass is a server that is away for a moment, a deadlock, a lock held by others. fn must be a
// whole transaction that can run again: after a lost connection nobody knows whether a commit
// was done, so fn looks at what is stored before it writes. The error is explained.
func (db *DB) Retry(ctx context.Context, doing string, fn func(ctx context.Context) error) error {
	return db.retry(ctx, db.opts.Patience, doing, fn)
}

func (db *DB) retry(ctx context.Context, until time.Duration, doing string, fn func(ctx context.Context) error) error {
	patience := time.NewTimer(max(0, until))
	defer patience.Stop()
	for wait := firstWait; ; wait = min(2*wait, maxWait) {
		err := fn(ctx)
		if err == nil {
			return nil
		}
		if until < 0 || !Passing(err) || ctx.Err() != nil {
			return db.Explain(err, doing)
		}
		pause := time.NewTimer(backoff.Jitter(wait))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return db.Explain(ctx.Err(), doing)
		case <-patience.C:
			pause.Stop()
			return db.Explain(err, doing)
		}
	}
}
