package web

import (
	"context"
	"sync"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// desk keeps work going for pages that did not wait for it: the browser comes back and finds it
// finished. Work that nobody came back for ends by itself.
type desk struct {
	mu   sync.Mutex
	jobs map[string]*deskJob
}

type deskJob struct {
	done    chan struct{}
	value   any
	err     error
	started time.Time
	asked   time.Time // when somebody last waited for it
	stop    context.CancelFunc
}

// Bounds of the desk: so many answers at once, each kept for so long after it is there, each
// given up when nobody has asked for so long.
const (
	deskJobs = 32
	deskKeep = 20 * time.Second
	deskIdle = 30 * time.Second
)

// working is the error of an answer that is not there yet.
type working struct{ since time.Time }

func (*working) Error() string { return "the answer is being computed" }

// ask waits for at most patience for what work returns under a key.
func (d *desk) ask(ctx context.Context, key string, patience time.Duration, now func() time.Time, work func(context.Context) (any, error)) (any, error) {
	j, err := d.job(ctx, key, now, work)
	if err != nil {
		return nil, err
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-j.done:
		return j.value, j.err
	case <-t.C:
		return nil, &working{j.started}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *desk) job(ctx context.Context, key string, now func() time.Time, work func(context.Context) (any, error)) (*deskJob, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.jobs == nil {
		d.jobs = map[string]*deskJob{}
	}
	if j := d.jobs[key]; j != nil {
		j.asked = now()
		return j, nil
	}
	if len(d.jobs) >= deskJobs {
		return nil, fault.New(fault.Unavailable, "%d pages are being computed already", deskJobs).WithHint("ask again in a few seconds")
	}
	own, stop := context.WithCancel(context.WithoutCancel(ctx))
	j := &deskJob{done: make(chan struct{}), started: now(), asked: now(), stop: stop}
	d.jobs[key] = j
	go func() {
		defer stop()
		func() {
			defer func() {
				if p := recover(); p != nil {
					j.err = fault.New(fault.Internal, "computing a page: panic: %v", p)
				}
			}()
			j.value, j.err = work(own)
		}()
		close(j.done)
		keep := deskKeep
		if now().Sub(j.started) < time.Second {
			keep = 0 // quick to compute again
		}
		time.AfterFunc(keep, func() { d.forget(key, j) })
	}()
	time.AfterFunc(deskIdle, func() { d.idle(key, j, now) })
	return j, nil
}

// idle gives up work that nobody has asked for in a while.
func (d *desk) idle(key string, j *deskJob, now func() time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-j.done:
		return
	default:
	}
	if now().Sub(j.asked) >= deskIdle {
		j.stop()
		if d.jobs[key] == j {
			delete(d.jobs, key)
		}
		return
	}
	time.AfterFunc(deskIdle, func() { d.idle(key, j, now) })
}

func (d *desk) forget(key string, j *deskJob) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.jobs[key] == j {
		delete(d.jobs, key)
	}
}
