package stream

import (
	"context"
	"crypto/rand"
	"io"

	"github.com/ecomctl/ecomctl/internal/vfs"
)

// commit writes revisions, makes outputs durable and then the checkpoint that knows of them.
func (j *job) commit(ctx context.Context) error {
	if err := j.flush(ctx, false); err != nil {
		return err
	}
	outputs := map[string]int64{}
	var err error
	if outputs["rows"], err = j.out.Rows.Sync(ctx); err != nil {
		return err
	}
	for name, f := range map[string]*File{"late": j.out.Late, "dead": j.out.Dead} {
		if f == nil {
			continue
		}
		if outputs[name], err = f.Sync(ctx); err != nil {
			return err
		}
	}
	if j.clock.mark != never {
		j.seen.settle(j.clock.mark - j.opts.Horizon.Microseconds())
	}
	if !j.store.temp {
		if err := j.checkpoint(ctx, outputs); err != nil {
			return err
		}
		at := map[string]Position{}
		for n, p := range j.clock.parts {
			at[n] = p.Pos
		}
		err := j.src.Commit(ctx, at)
		if err != nil && !j.untold {
			j.opts.Say("note: %v (the checkpoint has the positions; only the display of lag is behind)", err)
		}
		j.untold = err != nil
	} else if out, ok := j.out.Rows.(Committer); ok {
		if err := out.Commit(ctx, rand.Text()); err != nil {
			return err
		}
	}
	j.last = j.opts.Now()
	if j.opts.Metrics == "" {
		return nil
	}
	return vfs.WriteAtomic(ctx, j.opts.Metrics, func(w io.Writer) error {
		return j.counts.writeMetrics(w, j.clock.mark, len(j.win.open), j.state.bytes)
	})
}

// checkpoint saves what changed and writes the manifest. Batches that wait for a schema are
// behind their partition's position, so they are read again.
func (j *job) checkpoint(ctx context.Context, outputs map[string]int64) error {
	m := &manifest{Job: j.name, Setup: j.opts.setup(), Inputs: j.inputs, Sample: j.dec.sample, Partitions: j.clock.parts, Watermark: j.clock.mark, Counts: j.counts, Outputs: outputs, Files: j.out.names(), Currency: j.currency}
	chains := func(cells *[shards]*cell) ([][]ref, error) {
		out := make([][]ref, shards)
		for k, c := range cells {
			if c == nil {
				continue
			}
			if err := j.state.save(c); err != nil {
				return nil, err
			}
			out[k] = c.chain
		}
		return out, nil
	}
	for _, at := range j.win.starts() {
		w := j.win.open[at]
		cells, err := chains(&w.cells)
		if err != nil {
			return err
		}
		m.Windows = append(m.Windows, savedWindow{w.start, w.written, w.rev, cells})
	}
	var err error
	if m.Seen, err = chains(&j.seen.cells); err != nil {
		return err
	}
	id, err := j.store.prepare(m)
	if err != nil {
		return err
	}
	if out, ok := j.out.Rows.(Committer); ok {
		if err := out.Commit(ctx, id); err != nil {
			return err
		}
	}
	return j.store.promote(m)
}
