package stream

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// resume restores the last checkpoint and starts the source there.
func (j *job) resume(ctx context.Context) (int64, error) {
	from := map[string]Position{}
	var m *manifest
	if !j.store.temp {
		var err error
		if m, err = j.store.load(j.opts.Say); err != nil {
			return 0, err
		}
	}
	m, err := j.settle(ctx, m)
	if err != nil {
		return 0, err
	}
	if m != nil {
		if err := m.matches(j.opts.Checkpoint, j.opts.setup(), j.inputs); err != nil {
			return 0, err
		}
		if err := j.restore(ctx, m); err != nil {
			return 0, err
		}
		for n, p := range m.Partitions {
			from[n] = p.Pos
		}
	} else if err := j.fresh(ctx); err != nil {
		return 0, err
	}
	names, err := j.src.Start(ctx, from)
	if err != nil {
		return 0, err
	}
	if m == nil { // what an earlier run wrote stays until the input was reached
		if err := j.cutOutputs(map[string]int64{}); err != nil {
			return 0, err
		}
	}
	for _, p := range j.clock.parts {
		p.Ended = true // unless the source still has it
	}
	for _, n := range names {
		j.clock.part(n).Ended = false
	}
	j.last, j.active = j.opts.Now(), j.opts.Now()
	return j.store.seq, nil
}

// fresh names a new job and gives it its output.
func (j *job) fresh(ctx context.Context) error {
	j.name = rand.Text()
	if out, ok := j.out.Rows.(Committer); ok {
		_, err := out.Begin(ctx, j.name, true)
		return err
	}
	return nil
}

// settle decides between the last checkpoint and one that was prepared after it: where the output commits
// ids, the prepared one holds when the output has its id.
func (j *job) settle(ctx context.Context, m *manifest) (*manifest, error) {
	if j.store.temp {
		return m, nil
	}
	out, commits := j.out.Rows.(Committer)
	next := j.store.prepared()
	if next != nil && commits {
		last, err := out.Begin(ctx, next.Job, false)
		if err != nil {
			return nil, err
		}
		if last == next.id {
			return next, j.store.promote(next)
		}
	}
	j.store.abandon()
	if m == nil || !commits {
		return m, nil
	}
	last, err := out.Begin(ctx, m.Job, false)
	if err != nil {
		return nil, err
	}
	var seq int64
	if _, err := fmt.Sscanf(last, "%d-", &seq); last == m.id || err == nil && seq > m.Seq {
		return m, nil // a later one: the checkpoint of it is damaged, and its windows are written again
	}
	return nil, fault.New(fault.Input, "resuming from %s: the table of -o does not hold what checkpoint %d wrote", j.opts.Checkpoint, m.Seq).
		WithHint("the table was dropped, restored or taken over by another run; start anew with another --checkpoint")
}

// restore takes over what a manifest says. Parts of windows are read when they are needed.
func (j *job) restore(ctx context.Context, m *manifest) error {
	j.name = m.Job
	j.clock.parts, j.clock.mark, j.counts, j.currency = m.Partitions, m.Watermark, m.Counts, m.Currency
	if j.counts.Dead == nil {
		j.counts.Dead = map[string]int64{}
	}
	load := func(chain []ref) *cell {
		if len(chain) == 0 {
			return nil
		}
		c := &cell{chain: chain, base: chain[0].Len}
		for _, r := range chain[1:] {
			c.tail += r.Len
		}
		return c
	}
	for _, s := range m.Windows {
		w := &window{start: s.Start, written: s.Written, rev: s.Rev}
		for k, chain := range s.Cells[:min(len(s.Cells), shards)] {
			w.cells[k] = load(chain)
		}
		j.win.open[w.start] = w
	}
	for k, chain := range m.Seen[:min(len(m.Seen), shards)] {
		j.seen.cells[k] = load(chain)
	}
	for n, p := range j.clock.parts {
		j.newest[n] = p.Newest
	}
	if len(m.Sample) > 0 {
		j.dec.restore(m.Sample)
		if err := j.begin(ctx); err != nil {
			return err
		}
	}
	if err := m.sameFiles(j.opts.Checkpoint, j.out.names()); err != nil {
		return err
	}
	return j.cutOutputs(m.Outputs)
}

// names are the paths of the files that are written, by what they hold.
func (o *Outputs) names() map[string]string {
	files := map[string]*File{"late": o.Late, "dead": o.Dead}
	if rows, ok := o.Rows.(*Rows); ok {
		files["rows"] = rows.file
	}
	names := map[string]string{}
	for what, f := range files {
		if f != nil {
			names[what] = filepath.Clean(f.path)
		}
	}
	return names
}

// cutOutputs cuts the outputs back to what the checkpoint wrote.
func (j *job) cutOutputs(at map[string]int64) error {
	if err := j.out.Rows.Restore(at["rows"]); err != nil {
		return err
	}
	for name, f := range map[string]*File{"late": j.out.Late, "dead": j.out.Dead} {
		if f == nil {
			continue
		}
		if err := f.Restore(at[name]); err != nil {
			return err
		}
	}
	return nil
}
