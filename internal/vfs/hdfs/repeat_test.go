package hdfs

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

// TestRepeatWaitsForWorkAtHand: who cleans up after an interrupt finds all that the work made.
func TestRepeatWaitsForWorkAtHand(t *testing.T) {
	f := &FS{opt: Options{Patience: time.Minute}}
	ctx, cancel := context.WithCancel(t.Context())
	var made atomic.Bool
	err := f.repeat(ctx, "making a file", func() error {
		cancel()
		time.Sleep(50 * time.Millisecond) // the cluster's answer
		made.Store(true)
		return nil
	})
	if !made.Load() {
		t.Fatalf("%v, while the file was still being made", err)
	}
}

// TestRepeatLeavesWorkThatHangs: an interrupt ends within a second.
func TestRepeatLeavesWorkThatHangs(t *testing.T) {
	f := &FS{opt: Options{Patience: time.Minute}}
	ctx, cancel := context.WithCancel(t.Context())
	hang := make(chan struct{})
	defer close(hang)
	err := f.repeat(ctx, "making a file", func() error {
		cancel()
		<-hang
		return nil
	})
	if err == nil {
		t.Fatal("no error of work that was interrupted")
	}
}
