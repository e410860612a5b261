package backoff

import (
	"context"
	"testing"
	"time"
)

func TestJitter(t *testing.T) {
	for range 1000 {
		if d := Jitter(time.Second); d < time.Second/2 || d > time.Second {
			t.Fatalf("%s is not between half a second and one", d)
		}
	}
}

func TestSleep(t *testing.T) {
	if !Sleep(t.Context(), time.Millisecond) {
		t.Error("a wait that nobody interrupted ended early")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if Sleep(ctx, time.Hour) {
		t.Error("a wait that was interrupted did not say so")
	}
}
