package collect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source/ndjson"
	"github.com/ecomctl/ecomctl/internal/stream"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// reader is what lines come from: Both an inbox and files, or a Tailer alone.
type reader interface {
	// Start begins, before anything is read.
	Start(ctx context.Context) error
	// Next returns the next lines, nil when nothing came within wait, io.EOF when nothing will come.
	Next(ctx context.Context, wait time.Duration) (*Batch, error)
	// Mark notes in a state how far Next has read.
	Mark(s *State)
	// Saved is called when a state that Mark was given is safe.
	Saved(s *State)
	// Dirty reports whether something was read, or its place changed, since Mark.
	Dirty() bool
	// Behind is the number of bytes that are known and were not read.
	Behind() int64
	// Open is the number of files that are open.
	Open() int
}

// Letters is where dead letters go: a stream.File.
type Letters interface {
	io.Writer
	Sync(ctx context.Context) (int64, error)
}

// runner is a run.
type runner struct {
	o     Options
	src   reader
	sink  Sink
	dead  Letters
	state *State

	counts  Counts
	safe    Counts // as the state has them
	saved   time.Time
	held    bool // lines, or dead letters, that the state does not know of
	waiting bool
	untold  bool // metrics could not be written
}

// Run collects until ctx ends, or with Once until everything was read. It returns the counts of this
// run, with an error those of what is safe. A run that ctx ends delivers what it has read, and ends well.
func Run(ctx context.Context, o Options, src reader, sink Sink, dead Letters, state *State) (Counts, error) {
	r := &runner{o: o, src: src, sink: sink, dead: dead, state: state, counts: state.Counts.clone(), safe: state.Counts.clone(), saved: o.Now()}
	before := state.Counts.clone()
	if state.Running {
		r.counts.Killed++
		o.Say("note: the run before did not end by itself; lines that it delivered behind its last state are delivered again")
	}
	state.Running = true
	err := r.loop(ctx)
	if stopped := ctx.Err() != nil && fault.KindOf(err) == fault.Interrupted; stopped || errors.Is(err, io.EOF) || r.held {
		if stopped || errors.Is(err, io.EOF) {
			err = nil
		}
		err = errors.Join(err, r.end(ctx))
	}
	r.metrics(context.WithoutCancel(ctx))
	if err != nil { // lines that were read and perhaps not delivered are not told as delivered
		return r.safe.minus(&before), err
	}
	return r.counts.minus(&before), nil
}

// end delivers what was read and says in the state that the run ended.
func (r *runner) end(ctx context.Context) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.o.Patience)
	defer cancel()
	r.state.Running = false
	err := r.commit(last)
	if err != nil {
		r.state.Running = true
		if k := fault.KindOf(err); k == fault.Interrupted || errors.Is(err, context.DeadlineExceeded) {
			err = fault.New(fault.Unavailable, "ending: the output did not take the last lines within %s", r.o.Patience)
		}
		err = fault.New(fault.KindOf(err), "%w", err).WithHint("what was not delivered is read again by the next run with the same --state")
	}
	return err
}

// loop reads and delivers.
func (r *runner) loop(ctx context.Context) error {
	if err := r.src.Start(ctx); err != nil {
		return err
	}
	// What is there now is known from here on, whatever becomes of it before a line of it is delivered.
	r.src.Mark(r.state)
	r.state.Counts.Killed = r.counts.Killed
	if err := r.patiently(ctx, r.state.save); err != nil {
		return err
	}
	for {
		b, err := r.src.Next(ctx, max(0, r.o.Interval-r.o.Now().Sub(r.saved)))
		if err != nil {
			return err
		}
		if b != nil {
			if err := r.deliver(ctx, b); err != nil {
				return err
			}
		}
		if r.sink.Full() || r.o.Now().Sub(r.saved) >= r.o.Interval {
			if r.held || r.src.Dirty() {
				if err := r.commit(ctx); err != nil {
					return err
				}
			}
			r.saved = r.o.Now()
			r.metrics(ctx)
		}
	}
}

// deliver sorts lines into those for the sink and dead letters.
func (r *runner) deliver(ctx context.Context, b *Batch) error {
	lines := make([]Line, 0, len(b.Lines))
	for i := range b.Lines {
		rec := &b.Lines[i]
		r.counts.Lines++
		r.counts.Bytes += max(int64(len(rec.Data)), rec.Cut)
		r.held = true
		cause, detail := fit(rec)
		if cause == "" {
			lines = append(lines, Line{*rec, b.File})
			continue
		}
		if err := r.bury(ctx, &Refusal{Line{*rec, b.File}, cause, detail}); err != nil {
			return err
		}
	}
	r.counts.Delivered += int64(len(lines))
	if len(lines) == 0 {
		return nil
	}
	return r.patiently(ctx, func(ctx context.Context) error {
		given := lines
		lines = nil
		return r.sink.Put(ctx, given)
	})
}

// newRecord makes the record of a line at an offset; ok is false for a blank one. Of a line that is longer than most the
// beginning is kept.
func newRecord(line []byte, at int64, most int) (rec stream.Record, ok bool) {
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) > most {
		return stream.Record{Data: line[:min(len(line), stream.KeptOfLong)], At: at, Cut: int64(len(line))}, true
	}
	return stream.Record{Data: line, At: at}, len(bytes.TrimSpace(line)) > 0
}

// Judge says what becomes of a line when it is read: a record, with cause "", or a dead letter; blank lines become nothing. Lines
// longer than most bytes are dead letters.
func Judge(line []byte, most int) (cause, detail string, blank bool) {
	rec, ok := newRecord(line, 0, most)
	if !ok {
		return "", "", true
	}
	cause, detail = fit(&rec)
	return cause, detail, false
}

// fit says why a line is no record; "" when it is one.
func fit(rec *stream.Record) (cause, detail string) {
	switch {
	case rec.Cut > 0:
		return "too_long", ""
	case !ndjson.Object(rec.Data):
		return "malformed", "it is not one whole JSON object"
	}
	return "", ""
}

// bury writes a dead letter.
func (r *runner) bury(_ context.Context, d *Refusal) error {
	r.counts.dead(d.Cause)
	return stream.NewLetter(d.File, &d.Record, d.Cause, d.Detail).Write(r.dead)
}

// commit makes what was read safe, and then says so in the state.
func (r *runner) commit(ctx context.Context) error {
	if err := r.patiently(ctx, r.sink.Flush); err != nil {
		return err
	}
	for _, d := range r.sink.Refused() {
		r.counts.Delivered--
		if err := r.bury(ctx, &d); err != nil {
			return err
		}
	}
	n, err := r.dead.Sync(ctx)
	if err != nil {
		return err
	}
	r.counts.Repeated = r.state.Counts.Repeated + r.sink.Repeated()
	s := r.state
	s.Dead, s.Counts = n, r.counts.clone()
	r.src.Mark(s)
	if err := r.patiently(ctx, s.save); err != nil {
		return err
	}
	r.src.Saved(s)
	r.held, r.safe = false, r.counts.clone()
	return r.patiently(ctx, r.sink.Committed)
}

// patiently calls f until it succeeds or fails for good. While an output does not answer nothing more
// is read, so that nothing is lost and no more memory is used.
func (r *runner) patiently(ctx context.Context, f func(ctx context.Context) error) error {
	pause := r.o.Pause
	for told := false; ; told = true {
		err := f(ctx)
		k := fault.KindOf(err)
		if err == nil {
			if r.waiting {
				r.waiting = false
				r.o.Say("the output takes lines again")
			}
			return nil
		}
		if ctx.Err() != nil {
			return fault.As(fault.Interrupted, ctx.Err())
		}
		if r.o.Once || k != fault.Unavailable && k != fault.Full {
			return err
		}
		if !told {
			r.o.Say("waiting: %s; nothing is lost, and it is tried again until it works", err)
		}
		r.waiting = true
		r.metrics(ctx)
		t := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // spreads retries
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
		pause = min(2*pause, 30*time.Second)
	}
}

// metrics writes the counts.
func (r *runner) metrics(ctx context.Context) {
	if r.o.Metrics == "" {
		return
	}
	err := vfs.WriteAtomic(ctx, r.o.Metrics, func(w io.Writer) error {
		return r.counts.writeMetrics(w, gauges{r.src.Behind(), r.src.Open(), r.waiting})
	})
	if err != nil && ctx.Err() == nil && !r.untold {
		r.untold = true
		r.o.Say("warning: writing metrics: %s", err)
	}
}
