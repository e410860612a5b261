package flight

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestOnce(t *testing.T) {
	var g Group[int]
	var ran atomic.Int64
	begun, goOn := make(chan struct{}), make(chan struct{})
	work := func(context.Context) (int, error) { ran.Add(1); close(begun); <-goOn; return 7, nil }
	var wg sync.WaitGroup
	var sharers atomic.Int64
	ask := func() {
		wg.Go(func() {
			v, shared, err := g.Do(t.Context(), "k", work)
			if v != 7 || err != nil {
				t.Errorf("%d %v", v, err)
			}
			if shared {
				sharers.Add(1)
			}
		})
	}
	ask()
	<-begun
	for range 9 {
		ask()
	}
	for { // until all wait
		g.mu.Lock()
		n := g.calls["k"].waiting
		g.mu.Unlock()
		if n == 10 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	close(goOn)
	wg.Wait()
	if ran.Load() != 1 || sharers.Load() != 9 {
		t.Errorf("ran %d times, shared by %d", ran.Load(), sharers.Load())
	}
	if v, shared, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { return 8, nil }); v != 8 || shared || err != nil {
		t.Errorf("afterwards %d %v %v", v, shared, err)
	}
}

// TestFirstLeaves shows that work goes on for those who wait still, and ends with the last.
func TestFirstLeaves(t *testing.T) {
	var g Group[int]
	begun, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	work := func(ctx context.Context) (int, error) {
		close(begun)
		select {
		case <-goOn:
			return 1, nil
		case <-ctx.Done():
			close(ended)
			return 0, ctx.Err()
		}
	}
	first, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, _, err := g.Do(first, "k", work); left <- err }()
	<-begun
	second, leaveToo := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() { _, _, err := g.Do(second, "k", work); got <- err }()
	for {
		g.mu.Lock()
		n := g.calls["k"].waiting
		g.mu.Unlock()
		if n == 2 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the first got %v", err)
	}
	select {
	case <-ended:
		t.Fatal("the work ended though one waits")
	default:
	}
	leaveToo()
	<-got
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("the work goes on though nobody waits")
	}
	if v, shared, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { return 2, nil }); v != 2 || shared || err != nil {
		t.Errorf("afterwards %d %v %v", v, shared, err)
	}
}

func TestPanic(t *testing.T) {
	var g Group[int]
	_, _, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { panic("a bug") })
	var p *Panic
	if !errors.As(err, &p) || p.Value != "a bug" || len(p.Stack) == 0 {
		t.Errorf("%v", err)
	}
}
