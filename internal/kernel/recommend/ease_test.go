package recommend

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestEASEStopsSoon cancels while 3,000 products are inverted, which takes many seconds.
func TestEASEStopsSoon(t *testing.T) {
	const n = 3000
	off, item := make([]int64, n+1), make([]uint32, n)
	for i := range n {
		off[i+1], item[i] = int64(i+1), uint32(i)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	began := time.Now()
	_, err := FitEASE(ctx, FromRows(n, off, item, nil), EASEOptions{Lambda: 1})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, not that of the context", err)
	}
	if d := time.Since(began); d > 1200*time.Millisecond {
		t.Errorf("ended %v after the start, cancelled after 0.2 s", d)
	}
}
