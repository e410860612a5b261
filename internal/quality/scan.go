package quality

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Progress receives how far a scan is; engine.Progress satisfies it. Calls
// come from several goroutines.
type Progress interface {
	Start(phase string, total int64)
	Add(n int64)
	Done()
}

type noProgress struct{}

func (noProgress) Start(string, int64) {}
func (noProgress) Add(int64)           {}
func (noProgress) Done()               {}

// task is a unit of parallel reading: some columns of one split.
type task struct {
	split int
	wants []source.Want
	group int // which part of the columns, for the visitor
}

// scan reads the tasks with the given number of goroutines and hands every
// batch to visit, in order within a task. The first error in the order of tasks wins among
// those that happened before all goroutines stopped.
func scan(ctx context.Context, ds source.Dataset, tasks []task, threads int, p Progress, phase string, visit func(worker int, t *task, b *frame.Batch) error) error {
	if p == nil {
		p = noProgress{}
	}
	splits := ds.Splits()
	var total int64
	for i := range tasks {
		total += splits[tasks[i].split].Bytes()
	}
	p.Start(phase, total)
	defer p.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(tasks))
	var next, done atomic.Int64
	var wg sync.WaitGroup
	for w := range max(1, min(threads, len(tasks))) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(tasks) || ctx.Err() != nil {
					return
				}
				t := &tasks[i]
				err := readTask(ctx, splits[t.split], t, p, func(b *frame.Batch) error { return visit(w, t, b) })
				if errors.Is(err, errEnough) { // nobody wants more
					next.Store(int64(len(tasks)))
					done.Store(int64(len(tasks)))
					return
				}
				if errs[i] = err; err != nil {
					cancel()
					return
				}
				done.Add(1)
			}
		}()
	}
	wg.Wait()
	return firstError(ctx, errs, done.Load() < int64(len(tasks)))
}

// firstError prefers a cause over the interruptions that it caused elsewhere.
func firstError(ctx context.Context, errs []error, unread bool) error {
	var interrupted error
	for _, err := range errs {
		if err == nil {
			continue
		}
		if fault.KindOf(err) != fault.Interrupted {
			return err
		}
		interrupted = err
	}
	if interrupted == nil && unread && ctx.Err() != nil {
		interrupted = fault.New(fault.Interrupted, "reading the input: %w", ctx.Err())
	}
	return interrupted
}

// errEnough from a visitor ends the scan early without being an error.
var errEnough = errors.New("enough rows")

func readTask(ctx context.Context, s source.Split, t *task, p Progress, visit func(b *frame.Batch) error) error {
	r, err := s.Open(ctx, t.wants)
	if err != nil {
		return err
	}
	defer r.Close()
	var b frame.Batch
	var told int64
	size, rows := s.Bytes(), s.Rows()
	for {
		err := r.Next(&b)
		if errors.Is(err, io.EOF) {
			p.Add(size - told)
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(&b); err != nil {
			return err
		}
		if rows > 0 {
			step := min(size-told, size*int64(b.N)/rows)
			p.Add(step)
			told += step
		}
	}
}

// splitTasks makes one task a split. When the typed file has fewer splits than
// there are threads, each split is read by several threads, each with a part of the columns.
func splitTasks(ds source.Dataset, wants []source.Want, threads int) (tasks []task, groups [][]int) {
	splits := ds.Splits()
	parts := 1
	if len(splits) > 0 && len(splits) < threads && columnar(ds) {
		parts = min(len(wants), (threads+len(splits)-1)/len(splits))
	}
	groups = make([][]int, max(1, parts))
	for i := range wants { // neighbours are often alike in cost: deal them out
		g := i % len(groups)
		groups[g] = append(groups[g], i)
	}
	for s := range splits {
		for g := range groups {
			w := make([]source.Want, len(groups[g]))
			for k, i := range groups[g] {
				w[k] = wants[i]
			}
			tasks = append(tasks, task{split: s, wants: w, group: g})
		}
	}
	return tasks, groups
}

// columnar reports whether reading a column costs nothing for the others.
func columnar(ds source.Dataset) bool {
	for _, in := range ds.Inputs() {
		if in.Format != "parquet" && in.Format != "arrow" && in.Format != "generated" {
			return false
		}
	}
	return true
}
