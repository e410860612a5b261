package clean

import (
	"context"
	"errors"
	"io"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/sink"
)

// Progress is told how far a run is; engine.Progress satisfies it.
type Progress interface {
	Start(phase string, total int64)
	Add(n int64)
	Done()
}

// Options say where the rows go.
type Options struct {
	// Out opens the writer of the trusted rows: the mapped columns, then the
	// unmapped ones unchanged; sold lines and reversals in input order. Nil writes none.
	Out func(*arrow.Schema) (sink.Writer, error)
	// Rejects opens the writer of the rejected rows: the raw columns as text,
	// `_reason`, `_file` and `_row` (1-based data row in the file). Nil writes none.
	Rejects  func(*arrow.Schema) (sink.Writer, error)
	Threads  int
	Memory   int64 // bytes; 0 is 1 GiB
	Progress Progress
}

// Summary is what a run did with the rows.
type Summary struct {
	Account query.Account
	// Written counts the rows of the clean table: sold and reversed ones.
	Written int64
	// AsOf is the end of the scope, stated or the day after the last sold line, in µs of
	// wall time; MaxInt64 when nothing was sold.
	AsOf int64
}

// Run applies the rules of a relation to its rows. Every row goes to the clean
// table, to the rejects, or is void or outside; the summary accounts for all.
// Duplicates are counted, and with rel.Dedupe rejected. The writers are closed.
func Run(ctx context.Context, rel *relation.Relation, o Options) (*Summary, error) {
	if o.Memory <= 0 {
		o.Memory = 1 << 30
	}
	r := &runner{o: o, rel: rel, splits: len(rel.Fact.Splits())}
	r.last.Store(math.MinInt64)
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	if err := r.open(); err != nil {
		return nil, errors.Join(err, r.close())
	}
	err := r.run(ctx)
	if err = errors.Join(err, r.close()); err != nil {
		return nil, err
	}
	return r.summary(ctx)
}

// runner is the state of one run.
type runner struct {
	o      Options
	rel    *relation.Relation
	prog   *relation.Program
	dups   *relation.DupFinder // without rel.Dedupe
	dupSum relation.Sum
	splits int
	queues []chan *item
	errs   []error
	pool   sync.Pool
	tsCol  int // of the clean table: the time of a row; -1

	// last is the greatest time of a sold row so far; live counts workers that still read.
	last atomic.Int64
	live atomic.Int64
	cut  int64 // settled end of scope; 0 until known

	tallies []*relation.Tally
	out     sink.Writer
	rejects sink.Writer
	fields  int // of the source, in rejects
	rows    int64
	base    []int64 // rows of each file before the split that is written
}

// item is a batch on its way to the writers.
type item struct {
	clean, rejects frame.Batch
	// late are rows of the clean batch, with their times, that are outside unless a
	// later sale comes.
	late   []int
	lateTS []int64
	end    int64 // position after the last row, bad ones counted
	sel    []int32
}

// prepare compiles the relation, finding duplicates first when they are rejected.
func (r *runner) prepare(ctx context.Context) error {
	need := make([]string, len(r.rel.Columns))
	for i, c := range r.rel.Columns {
		need[i] = c.Name
	}
	opts := []relation.Option{relation.RawUnmapped()}
	if r.o.Rejects != nil {
		opts = append(opts, relation.AllColumns())
	}
	if r.rel.Dedupe {
		set, sum, err := relation.FindDuplicates(ctx, r.rel, r.o.Memory/2, r.o.Threads)
		if err != nil {
			return err
		}
		r.dupSum = sum
		opts = append(opts, relation.Duplicates(set))
	}
	var err error
	if r.prog, err = relation.Compile(r.rel, need, opts...); err != nil {
		return err
	}
	if err := r.prog.Load(ctx, r.o.Memory/4); err != nil {
		return err
	}
	r.tsCol = -1
	if i := r.rel.TimeColumn(); i >= 0 && r.rel.AsOf == math.MaxInt64 {
		r.tsCol = i
	}
	if !r.rel.Dedupe {
		r.dups, err = relation.NewDupFinder(r.prog, r.o.Memory/4)
	}
	return err
}

// open opens the writers.
func (r *runner) open() (err error) {
	if r.o.Out != nil {
		if r.out, err = r.o.Out(OutputSchema(r.rel)); err != nil {
			return err
		}
	}
	if r.o.Rejects != nil {
		s := RejectSchema(r.rel)
		r.fields = s.NumFields() - 3
		r.rejects, err = r.o.Rejects(s)
	}
	return err
}

// close closes the writers.
func (r *runner) close() error {
	var errs []error
	for _, w := range []sink.Writer{r.out, r.rejects} {
		if w != nil {
			errs = append(errs, w.Close())
		}
	}
	return errors.Join(errs...)
}

// run reads splits in parallel and writes their batches in order.
func (r *runner) run(outer context.Context) error {
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	r.queues, r.errs = make([]chan *item, r.splits), make([]error, r.splits)
	for i := range r.queues {
		r.queues[i] = make(chan *item, r.depth())
	}
	r.startProgress()
	threads := max(1, min(r.o.Threads, r.splits))
	r.live.Store(int64(threads))
	next := make(chan int)
	var wg sync.WaitGroup
	for range threads {
		w := &reader{runner: r, w: r.prog.NewWorker()}
		if r.dups != nil {
			w.dup = r.dups.NewWorker()
		}
		r.tallies = append(r.tallies, &w.w.Tally)
		wg.Go(func() {
			defer r.live.Add(-1)
			for i := range next {
				r.errs[i] = w.split(ctx, i)
				close(r.queues[i])
			}
		})
	}
	wg.Go(func() {
		defer close(next)
		for i := range r.splits {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	})
	err := r.write(ctx)
	cancel()
	wg.Wait()
	if r.o.Progress != nil {
		r.o.Progress.Done()
	}
	if err == nil {
		err = outer.Err()
	}
	return err
}

// depth is how many batches of a split may wait for the writer.
func (r *runner) depth() int {
	bytes := int64(frame.BatchRows*16*(len(r.rel.Columns)+1)) * int64(max(1, r.o.Threads))
	return int(max(2, min(32, r.o.Memory/4/bytes)))
}

// startProgress announces the bytes to read.
func (r *runner) startProgress() {
	if r.o.Progress == nil {
		return
	}
	total := int64(0)
	for _, s := range r.rel.Fact.Splits() {
		total += s.Bytes()
	}
	r.o.Progress.Start("cleaning", total)
}

// reader reads splits for one goroutine.
type reader struct {
	*runner
	w   *relation.Worker
	dup *relation.DupWorker
}

// split sends the batches of one split to its queue. A panic below becomes an
// error of the split.
func (r *reader) split(ctx context.Context, i int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "cleaning split %d: %v\n%s", i, p, debug.Stack())
		}
	}()
	s := r.rel.Fact.Splits()[i]
	in, err := s.Open(ctx, r.prog.Wants())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	r.w.Split(i)
	if r.dup != nil {
		r.dup.Split(i)
		defer r.dup.EndSplit()
	}
	var b frame.Batch
	for {
		if err := in.Next(&b); errors.Is(err, io.EOF) {
			if r.o.Progress != nil {
				r.o.Progress.Add(s.Bytes())
			}
			return nil
		} else if err != nil {
			return err
		}
		rows, err := r.w.Apply(&b)
		if err != nil {
			return err
		}
		if r.dup != nil {
			r.dup.Add(rows)
		}
		select {
		case r.queues[i] <- r.item(rows, i):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// item copies what is to be written of a batch.
func (r *reader) item(rows *relation.Rows, split int) *item {
	it, _ := r.pool.Get().(*item)
	if it == nil {
		it = new(item)
	}
	it.clean.N, it.rejects.N = 0, 0
	it.late, it.lateTS = it.late[:0], it.lateTS[:0]
	if n := rows.Raw.N; n > 0 {
		it.end = rows.Raw.RowAt(n-1) + 1
	} else {
		it.end = rows.Raw.Row0
	}
	if k := len(rows.Raw.Bad); k > 0 {
		it.end = max(it.end, rows.Raw.Bad[k-1].Row+1)
	}
	if r.out != nil {
		r.keepSold(it, rows)
	}
	if r.rejects != nil {
		r.keepRejects(it, rows, split)
	}
	return it
}

// keepSold copies sold lines and reversals.
func (r *reader) keepSold(it *item, rows *relation.Rows) {
	it.sel = it.sel[:0]
	for i, k := range rows.Kind[:rows.N] {
		if k == relation.Sold || k == relation.Reversal {
			it.sel = append(it.sel, int32(i))
		}
	}
	it.clean.N = len(it.sel)
	it.clean.Cols = frame.Grow(it.clean.Cols, len(rows.Cols))
	for k, c := range rows.Cols {
		gather(&it.clean.Cols[k], c, it.sel)
	}
	if r.tsCol < 0 {
		return
	}
	if r.w.Tally.HasTime {
		raise(&r.last, r.w.Tally.Last)
	}
	if rows.Count[relation.Reversal] == 0 {
		return
	}
	cut := cutAfter(r.last.Load())
	ts := &it.clean.Cols[r.tsCol]
	for o, i := range it.sel {
		if rows.Kind[i] == relation.Reversal && !ts.IsNull(o) && ts.I64[o] >= cut {
			it.late, it.lateTS = append(it.late, o), append(it.lateTS, ts.I64[o])
		}
	}
}

// raise sets a to at least v.
func raise(a *atomic.Int64, v int64) {
	for {
		old := a.Load()
		if old >= v || a.CompareAndSwap(old, v) {
			return
		}
	}
}

// cutAfter is midnight after a time; MinInt64 stays.
func cutAfter(last int64) int64 {
	if last == math.MinInt64 {
		return last
	}
	t := relation.Tally{HasTime: true, Last: last}
	return t.AsOf()
}

// write takes the queues in order.
func (r *runner) write(ctx context.Context) error {
	r.base = make([]int64, len(r.rel.Fact.Inputs()))
	splits := r.rel.Fact.Splits()
	for i, q := range r.queues {
		file, end := splits[i].File(), int64(0)
		for open := true; open; {
			var it *item
			select {
			case it, open = <-q:
			case <-ctx.Done():
				return ctx.Err()
			}
			if !open {
				break
			}
			if err := r.writeItem(ctx, it, r.base[file]); err != nil {
				return err
			}
			end = it.end
			r.pool.Put(it)
		}
		if r.errs[i] != nil {
			return r.errs[i]
		}
		r.base[file] += max(end, splits[i].Rows())
	}
	return nil
}

// writeItem writes one batch.
func (r *runner) writeItem(ctx context.Context, it *item, base int64) error {
	if len(it.late) > 0 {
		if err := r.dropLate(ctx, it); err != nil {
			return err
		}
	}
	if it.clean.N > 0 {
		r.rows += int64(it.clean.N)
		if err := r.out.Write(&it.clean); err != nil {
			return fault.Wrap(err, "writing the clean rows")
		}
	}
	if it.rejects.N == 0 {
		return nil
	}
	row := &it.rejects.Cols[len(it.rejects.Cols)-1]
	for i := range row.I64[:it.rejects.N] {
		row.I64[i] += base + 1
	}
	return fault.Wrap(r.rejects.Write(&it.rejects), "writing the rejects")
}

// dropLate takes reversals after the day of the last sale out of a batch. When
// that day is still open because others have rows to read, a quick scan of the
// columns that rules need settles it.
func (r *runner) dropLate(ctx context.Context, it *item) error {
	doubt := false
	for _, t := range it.lateTS {
		doubt = doubt || t >= cutAfter(r.last.Load())
	}
	if !doubt {
		return nil
	}
	if r.cut == 0 && r.live.Load() > 0 {
		p, err := relation.Compile(r.rel, nil)
		if err != nil {
			return err
		}
		if err := p.Load(ctx, r.o.Memory/4); err != nil {
			return err
		}
		t, err := p.Scan(ctx, 1, func() relation.Visitor { return idle{} })
		if err != nil {
			return err
		}
		r.cut = t.AsOf()
	} else if r.cut == 0 {
		if r.cut = cutAfter(r.last.Load()); r.cut == math.MinInt64 {
			r.cut = math.MaxInt64 // nothing was sold: no end
		}
	}
	drop := make([]bool, it.clean.N)
	for k, o := range it.late {
		drop[o] = it.lateTS[k] >= r.cut
	}
	it.clean.Drop(drop)
	return nil
}

// idle only lets the scan count.
type idle struct{}

func (idle) Begin(int)                  {}
func (idle) Visit(*relation.Rows) error { return nil }
func (idle) End()                       {}
