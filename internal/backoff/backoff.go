// Package backoff is how clients of services wait between tries.
package backoff

import (
	"context"
	"crypto/rand"
	"time"
)

// Jitter spreads waits over half to the whole of d, so that many clients do not come back at once.
func Jitter(d time.Duration) time.Duration {
	var b [1]byte
	if _, err := rand.Read(b[:]); err != nil {
		return d
	}
	return d/2 + d/2*time.Duration(b[0])/255
}

// Sleep waits for d; false when ctx ended before.
func Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
