package relation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Visitor looks at the splits that one goroutine reads.
type Visitor interface {
	Begin(split int)
	Visit(rows *Rows) error
	End()
}

// Scan reads all splits of the fact table, threads at a time, each goroutine
// with a visitor of its own, and returns where the rows went. Splits are begun in
// order. visit is called before reading begins, once a goroutine.
func (p *Program) Scan(outer context.Context, threads int, visit func() Visitor) (*Tally, error) {
	splits := p.Rel.Fact.Splits()
	threads = max(1, min(threads, len(splits)))
	ctx, stop := context.WithCancel(outer)
	defer stop()
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range splits {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	var wg sync.WaitGroup
	errs := make([]error, threads)
	workers := make([]*Worker, threads)
	for t := range threads {
		v, w := visit(), p.NewWorker()
		workers[t] = w
		wg.Go(func() {
			for i := range next {
				if errs[t] = p.scanSplit(ctx, w, i, v); errs[t] != nil {
					stop()
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return nil, err
		}
	}
	if err := errors.Join(append(errs, outer.Err())...); err != nil {
		return nil, err
	}
	t := new(Tally)
	for _, w := range workers {
		t.Merge(&w.Tally)
	}
	return t, nil
}

// scanSplit reads one split. A panic below becomes an error of the split.
func (p *Program) scanSplit(ctx context.Context, w *Worker, i int, v Visitor) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Internal, "reading split %d: %v\n%s", i, r, debug.Stack())
		}
	}()
	r, err := p.Rel.Fact.Splits()[i].Open(ctx, p.wants)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	w.Split(i)
	v.Begin(i)
	defer v.End()
	var b frame.Batch
	for {
		if err := r.Next(&b); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		rows, err := w.Apply(&b)
		if err != nil {
			return err
		}
		if err := v.Visit(rows); err != nil {
			return fmt.Errorf("split %d: %w", i, err)
		}
	}
}
