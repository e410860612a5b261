package stream

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Outputs are where a job writes.
type Outputs struct {
	Rows Output
	Late *File // nil = late rows are counted only
	Dead *File // nil = dead letters are counted only
}

// job is a stream being counted.
type job struct {
	opts   *Options
	name   string // the same in all runs of a checkpoint
	src    Source
	inputs []string
	out    Outputs

	store  *store
	state  *state
	win    windows
	seen   seen
	clock  clock
	dec    decoder
	counts Counts

	currency              *string // the one that money is added up in; nil = none seen yet
	waiting               []*Batch
	schema                atomic.Pointer[schema] // of dec, for lanes
	untold                bool                   // the last positions could not be told to others, which was said
	passing               *Batch                 // whose other pieces are passed over: it waits as a whole
	waited                int
	since                 time.Time // when the first batch began to wait
	began                 bool      // a schema is known
	marked                int64     // the watermark at which windows were looked at last
	pending               []*cell   // that rows of the present batch go to
	texts                 []byte    // values of the rows of a piece
	groups                []span    // by row
	orders                []span
	customers             []span
	recent                *window // that the last row went to
	home, whose           span    // of the last row, and their shards
	homeShard, whoseShard uint32
	value                 []byte
	wall                  int64 // µs of wall time in the relation's zone
	ruled                 time.Time

	mu     sync.Mutex
	newest map[string]int64 // by partition, for the source
	last   time.Time        // of the last checkpoint
	active time.Time        // when something came last
}

// Summary is what a run did.
type Summary struct {
	Counts  Counts
	Spilled int64 // parts of windows that went to the disk for want of memory
	Open    int   // windows that the watermark has not passed
	Resumed int64 // the checkpoint that the run went on from; 0 = none
	Seq     int64 // the last checkpoint
}

// Run counts what a source gives until it ends or ctx is cancelled; the latter is
// fault.Interrupted after a last checkpoint. inputs name the source, for checkpoints. The outputs are closed.
func Run(ctx context.Context, opts Options, src Source, inputs []string, out Outputs) (sum *Summary, err error) {
	done := false
	defer func() {
		for _, c := range []interface{ Close(bool) error }{out.Rows, closer{out.Late}, closer{out.Dead}} {
			if cerr := c.Close(done); err == nil {
				err = cerr
			}
		}
		src.Close()
	}()
	if err := opts.check(); err != nil {
		return nil, err
	}
	j := &job{opts: &opts, src: src, inputs: inputs, out: out, newest: map[string]int64{}}
	if j.store, err = openStore(&opts); err != nil {
		return nil, err
	}
	defer j.store.Close()
	j.state = &state{store: j.store, budget: opts.Memory / 10 * 6}
	j.win = windows{state: j.state, span: opts.Window.Microseconds(), open: map[int64]*window{}}
	j.seen = seen{state: j.state}
	j.clock = clock{delay: opts.Delay.Microseconds(), idle: opts.Idle.Microseconds(), parts: map[string]*partition{}, mark: never}
	j.dec = decoder{opts: &opts, names: map[string]bool{}}
	j.marked, j.counts.Dead = never, map[string]int64{}
	sum = &Summary{}
	if sum.Resumed, err = j.resume(ctx); err != nil {
		return nil, err
	}
	err = j.loop(ctx)
	if err == errStopped {
		// what was read so far is kept: the next run goes on from here
		if cerr := j.commit(context.WithoutCancel(ctx)); cerr != nil {
			return nil, cerr
		}
		err = fault.New(fault.Interrupted, "counting: %w", ctx.Err())
	}
	sum.Counts, sum.Spilled, sum.Open, sum.Seq = j.counts, j.state.spilled, len(j.win.open), j.store.seq
	done = err == nil
	return sum, err
}

// closer closes a file that may be nil.
type closer struct{ f *File }

func (c closer) Close(done bool) error {
	if c.f == nil {
		return nil
	}
	return c.f.Close(done)
}

// errStopped says that the run was stopped between two batches.
var errStopped = errors.New("stopped")

// pollWait is how long the source waits before it says that nothing came.
const pollWait = 100 * time.Millisecond

// loop counts until the source ends. A batch is counted wholly or not at all: an interrupt is
// heeded between batches.
func (j *job) loop(outer context.Context) error {
	ctx := context.WithoutCancel(outer)
	reading, stopReading := context.WithCancel(outer)
	moving, stop := context.WithCancel(ctx)
	ch := j.ahead(reading, moving)
	defer func() {
		stopReading()
		stop()
		for range ch { // the source is not closed while it reads
		}
	}()
	for between := true; ; {
		it, err := next(outer, ch, between)
		if err != nil {
			return err
		}
		if it.err == io.EOF {
			return j.end(ctx)
		}
		if it.err != nil {
			return it.err
		}
		err = j.receive(ctx, it)
		it.release()
		if err != nil {
			return err
		}
		if between = it.last; !between {
			continue
		}
		now := j.opts.Now()
		if now.Sub(j.last) >= j.opts.Interval || j.full() {
			if err := j.commit(ctx); err != nil {
				return err
			}
		}
		if it.batch != nil && len(it.batch.Records) > 0 {
			j.active = now
		} else if j.opts.ExitIdle > 0 && now.Sub(j.active) >= j.opts.ExitIdle {
			return j.pause(ctx)
		}
	}
}

// full reports whether the output wants a checkpoint.
func (j *job) full() bool {
	out, ok := j.out.Rows.(Committer)
	return ok && out.Full()
}

// next waits for a piece and for the lane that decodes it. Between batches it heeds ctx.
func next(ctx context.Context, ch <-chan *item, between bool) (it *item, err error) {
	if !between {
		it = <-ch
	} else {
		select {
		case it = <-ch:
		case <-ctx.Done():
			return nil, errStopped
		}
		if ctx.Err() != nil {
			return nil, errStopped
		}
	}
	if it.ready != nil {
		<-it.ready
	}
	return it, nil
}

// receive takes a piece of a batch, or notes that none came.
func (j *job) receive(ctx context.Context, it *item) error {
	b := it.batch
	switch {
	case b != nil && b == j.passing:
		if it.last {
			j.passing = nil
		}
		return nil
	case !j.began && b != nil && len(b.Records) > 0:
		if !it.last {
			j.passing = b
		}
		return j.wait(ctx, b)
	case len(j.waiting) > 0: // nothing more at present: what there is decides
		if err := j.decide(ctx); err != nil {
			return err
		}
	}
	if b == nil {
		j.clock.advance(j.opts.Now())
		return j.closeWindows(ctx)
	}
	if err := j.take(ctx, it); err != nil || !it.last {
		return err
	}
	return j.closeWindows(ctx)
}

// wait keeps the first batches until there are enough records to decide on columns.
func (j *job) wait(ctx context.Context, b *Batch) error {
	const longest = 2 * time.Second
	if len(j.waiting) == 0 {
		j.since = j.opts.Now()
	}
	j.waiting = append(j.waiting, b)
	for i := range b.Records {
		j.waited += len(b.Records[i].Data)
	}
	if j.waited < sampleBytes && j.opts.Now().Sub(j.since) < longest {
		return nil
	}
	if err := j.decide(ctx); err != nil {
		return err
	}
	return j.closeWindows(ctx)
}

// decide makes the schema of the waiting records and counts them. Without an object among them
// they are dead letters, and the next ones decide.
func (j *job) decide(ctx context.Context) error {
	list := j.waiting
	j.waiting, j.waited = nil, 0
	for _, b := range list {
		j.dec.learn(b.Records)
	}
	if len(j.dec.sample) > 0 {
		if err := j.begin(ctx); err != nil {
			return err
		}
	}
	for _, b := range list {
		if err := j.take(ctx, &item{batch: b, to: len(b.Records), last: true}); err != nil {
			return err
		}
	}
	return nil
}

// begin makes the schema of the sample.
func (j *job) begin(ctx context.Context) error {
	now, err := j.opts.Clock()
	if err != nil {
		return err
	}
	if err := j.dec.build(ctx); err != nil {
		return err
	}
	j.began = true
	j.publish()
	return j.setWall(now)
}

// publish lets lanes decode by the present schema.
func (j *job) publish() {
	if s := j.schema.Load(); s == nil || s.prog != j.dec.prog {
		j.schema.Store(&schema{j.dec.ds, j.dec.prog})
	}
}

// end counts what waits, writes every window and makes the last checkpoint.
func (j *job) end(ctx context.Context) error {
	if err := j.decide(ctx); err != nil {
		return err
	}
	if err := j.flush(ctx, true); err != nil {
		return err
	}
	return j.commit(ctx)
}

// pause ends a run that waited long enough: open windows stay in the checkpoint; without one they
// are written as they are.
func (j *job) pause(ctx context.Context) error {
	if j.store.temp {
		return j.end(ctx)
	}
	if err := j.decide(ctx); err != nil {
		return err
	}
	return j.commit(ctx)
}
