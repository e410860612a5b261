package serve

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// jobState is how far a job is.
type jobState string

const (
	jobQueued    jobState = "queued"
	jobRunning   jobState = "running"
	jobDone      jobState = "done"
	jobFailed    jobState = "failed"
	jobCancelled jobState = "cancelled"
)

func (s jobState) over() bool { return s == jobDone || s == jobFailed || s == jobCancelled }

// product is what a job made.
type product struct {
	body      []byte
	typ, name string // Content-Type, file name
	facts     facts
}

// job is long work that goes on without a client.
type job struct {
	id, kind, owner string
	cancel          context.CancelFunc
	progress        progress

	// guarded by jobs.mu
	state                      jobState
	created, started, finished time.Time
	product                    product
	err                        error
}

// progress is told how far a job is (engine.Progress).
type progress struct {
	mu          sync.Mutex
	begin       func()
	phase       string
	total, done int64
}

// Start implements engine.Progress.
func (p *progress) Start(phase string, total int64) {
	p.mu.Lock()
	p.phase, p.total, p.done = phase, total, 0
	begin := p.begin
	p.begin = nil
	p.mu.Unlock()
	if begin != nil {
		begin()
	}
}

// Add implements engine.Progress.
func (p *progress) Add(n int64) {
	p.mu.Lock()
	p.done += n
	p.mu.Unlock()
}

// Done implements engine.Progress.
func (p *progress) Done() {
	p.mu.Lock()
	if p.total > 0 {
		p.done = p.total
	}
	p.mu.Unlock()
}

// jobs are the jobs that are known: a bounded number, for a bounded time, of bounded size.
type jobs struct {
	s   *Server
	ctx context.Context // ends with the server

	mu    sync.Mutex
	list  []*job // oldest first
	bytes int64  // of products
}

func newJobs(ctx context.Context, s *Server) *jobs { return &jobs{s: s, ctx: ctx} }

// start begins a job, or refuses when too many are unfinished.
func (js *jobs) start(kind, owner string, work func(context.Context) (product, error)) (*job, error) {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, fault.New(fault.Internal, "naming a job: %w", err)
	}
	js.mu.Lock()
	defer js.mu.Unlock()
	js.sweep()
	for len(js.list) >= js.s.conf.MaxJobs {
		i := slices.IndexFunc(js.list, func(j *job) bool { return j.state.over() })
		if i < 0 {
			return nil, NewBusy(10*time.Second, fmt.Sprintf("%d jobs are unfinished", len(js.list)))
		}
		js.drop(i)
	}
	ctx, cancel := context.WithCancel(js.ctx)
	j := &job{id: hex.EncodeToString(random[:]), kind: kind, owner: owner, cancel: cancel, state: jobQueued, created: js.s.conf.Now()}
	j.progress.begin = func() { js.began(j) }
	js.list = append(js.list, j)
	go js.run(WithProgress(WithPatience(ctx), &j.progress), j, work)
	return j, nil
}

// began notes that a job has its turn.
func (js *jobs) began(j *job) {
	js.mu.Lock()
	defer js.mu.Unlock()
	if j.state == jobQueued {
		j.state, j.started = jobRunning, js.s.conf.Now()
	}
}

func (js *jobs) run(ctx context.Context, j *job, work func(context.Context) (product, error)) {
	defer j.cancel()
	p, err := func() (p product, err error) {
		defer func() {
			if v := recover(); v != nil {
				js.s.conf.Log.Error("internal error", "job", j.id, "kind", j.kind, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
				err = fault.New(fault.Internal, "job %s: %v", j.kind, v)
			}
		}()
		return work(ctx)
	}()
	js.mu.Lock()
	defer js.mu.Unlock()
	j.finished = js.s.conf.Now()
	if j.started.IsZero() { // it was remembered already
		j.started = j.finished
	}
	switch {
	case j.state == jobCancelled || ctx.Err() != nil:
		j.state = jobCancelled
	case err != nil:
		j.state, j.err = jobFailed, err
		js.s.conf.Log.Warn("a job failed", "job", j.id, "kind", j.kind, "error", err.Error())
	default:
		j.state, j.product = jobDone, p
		js.bytes += int64(len(p.body))
		js.shrink(j)
	}
}

// shrink drops the oldest finished jobs but the newest until the products fit.
func (js *jobs) shrink(newest *job) {
	for js.bytes > js.s.conf.MaxAnswer {
		i := slices.IndexFunc(js.list, func(j *job) bool { return j.state == jobDone && j != newest && len(j.product.body) > 0 })
		if i < 0 {
			return
		}
		js.drop(i)
	}
}

// drop forgets a job; mu is held.
func (js *jobs) drop(i int) {
	js.list[i].cancel()
	js.bytes -= int64(len(js.list[i].product.body))
	js.list = slices.Delete(js.list, i, i+1)
}

// sweep forgets finished jobs whose time is over; mu is held.
func (js *jobs) sweep() {
	limit := js.s.conf.Now().Add(-js.s.conf.JobLifetime)
	for i := len(js.list) - 1; i >= 0; i-- {
		if j := js.list[i]; j.state.over() && j.finished.Before(limit) {
			js.drop(i)
		}
	}
}

// find returns a job of an owner.
func (js *jobs) find(id, owner string) (*job, error) {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.sweep()
	for _, j := range js.list {
		if j.id == id && j.owner == owner {
			return j, nil
		}
	}
	// whose job it was, or whether there was one, is not told: ids of others are no oracle
	return nil, fault.New(fault.NotFound, "no job %q is known here since the server started, %s", clip(id), js.s.started.UTC().Format(time.RFC3339)).
		WithHint("jobs live in memory: a restart forgets them, and each is forgotten %s after its end, or when newer ones need its room. Start it again: POST %s/jobs or %s/reports",
			js.s.conf.JobLifetime, apiPrefix, apiPrefix)
}

// remove forgets a job; one that runs is cancelled.
func (js *jobs) remove(id, owner string) error {
	j, err := js.find(id, owner)
	if err != nil {
		return err
	}
	js.mu.Lock()
	defer js.mu.Unlock()
	if i := slices.Index(js.list, j); i >= 0 {
		js.drop(i)
	}
	if !j.state.over() {
		j.state = jobCancelled // what it still makes is not kept
	}
	return nil
}

// counts tells the numbers of jobs by what they do.
func (js *jobs) counts() (queued, running, kept int64) {
	js.mu.Lock()
	defer js.mu.Unlock()
	for _, j := range js.list {
		switch {
		case j.state == jobQueued:
			queued++
		case j.state == jobRunning:
			running++
		default:
			kept++
		}
	}
	return queued, running, kept
}
