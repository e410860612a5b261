package optimize

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/sink/parquet"
	layout "github.com/ecomctl/ecomctl/internal/source/parquet"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// rewrite makes the new files of a folder, verifies them and, unless it is a dry run, swaps them in.
func (r *run) rewrite(ctx context.Context, f *folder) error {
	if err := r.stage(ctx, f); err != nil {
		return err
	}
	want, fresh, err := r.write(ctx, f)
	if err != nil {
		return fault.Wrap(err, "optimizing %s", f.dir)
	}
	before := f.state()
	after, err := r.verify(ctx, f, want, fresh)
	if err != nil {
		return err
	}
	if err := r.unchanged(ctx, f); err != nil {
		return err
	}
	if !r.opt.DryRun {
		swap := vfs.Swap{}
		for _, i := range f.files {
			swap.Old = append(swap.Old, filepath.Base(i.Path))
		}
		for k := range fresh {
			name := filepath.Base(fresh[k].Path)
			swap.New = append(swap.New, name)
			fresh[k].Path = f.dir + "/" + name
		}
		if err := swap.Begin(ctx, r.fs, f.dir); err != nil {
			return err
		}
		f.staged = false // from here on the new files are the folder's
		if _, err := vfs.Settle(context.WithoutCancel(ctx), r.fs, f.dir); err != nil {
			return fault.Wrap(err, "tidying %s after its files were replaced (run it again to finish)", f.dir)
		}
	}
	f.now, f.bytes, f.groups = fresh, after.Bytes, after.Groups
	verb := "rewritten"
	if r.opt.DryRun {
		verb = "would be rewritten"
	}
	r.opt.Say("%s: %s, for %s: files %d → %d, bytes %d → %d, row groups %d → %d", f.dir, verb, f.why, before.Files, len(fresh), before.Bytes, after.Bytes, before.Groups, after.Groups)
	return nil
}

// stage makes the hidden folder and leaves this process's name in it.
func (r *run) stage(ctx context.Context, f *folder) error {
	hidden := f.dir + "/" + vfs.SwapDir
	if err := r.fs.MkdirAll(ctx, hidden); err != nil {
		return err
	}
	f.staged = true
	w, err := r.fs.Create(ctx, hidden+"/"+lockPrefix+r.opt.Owner, 0o666)
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return vfs.Classify(err, "writing in "+hidden)
	}
	entries, err := r.fs.ReadDir(ctx, hidden)
	if err != nil {
		return err
	}
	if len(entries) != 1 {
		f.staged = false // it is somebody else's too
		return fault.New(fault.Locked, "optimizing %s: another run began to work there", f.dir).WithHint("run it again when that one has ended")
	}
	return nil
}

// write reads the old files, and writes their rows in order to new ones in the hidden folder.
func (r *run) write(ctx context.Context, f *folder) (digest, []vfs.Info, error) {
	var d digest
	out := &outFiles{ctx: ctx, run: r, f: f}
	if _, err := rand.Read(out.id[:]); err != nil {
		return d, nil, fault.New(fault.Internal, "the system has no randomness: %w", err)
	}
	visit := out.write
	var s *sorter
	if len(f.sort) > 0 {
		s = &sorter{schema: f.schema, by: f.sort, opt: &r.opt}
		defer s.close()
		visit = s.add
	}
	for _, i := range f.files {
		err := r.scanFiles(ctx, []vfs.Info{i}, nil, func(b *frame.Batch) error {
			d.add(b, r.opt.Threads)
			return visit(b)
		})
		if err != nil {
			return d, nil, out.abandon(err)
		}
		if p := r.opt.Progress; p != nil {
			p.Add(i.Size)
		}
	}
	if s != nil {
		if err := s.each(ctx, out.write); err != nil {
			return d, nil, out.abandon(err)
		}
	}
	files, err := out.close()
	return d, files, err
}

// outFiles writes batches to files of about the target size.
type outFiles struct {
	ctx   context.Context
	run   *run
	f     *folder
	id    [4]byte
	w     vfs.Writer
	pq    *parquet.Writer
	bytes int64
	paths []string
}

// Write implements io.Writer: what the encoder has ready.
func (o *outFiles) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	o.bytes += int64(n)
	return n, err
}

func (o *outFiles) write(b *frame.Batch) (err error) {
	if err := o.ctx.Err(); err != nil {
		return vfs.Classify(err, "writing")
	}
	if o.pq == nil {
		p := fmt.Sprintf("%s/%s/part-%05d-%s.parquet", o.f.dir, vfs.SwapDir, len(o.paths), hex.EncodeToString(o.id[:]))
		if o.w, err = o.run.fs.Create(o.ctx, p, 0o666); err != nil {
			return err
		}
		o.paths, o.bytes = append(o.paths, p), 0
		codec := o.run.opt.Codec
		if codec == "" {
			codec = o.f.codec
		}
		if o.pq, err = parquet.NewWriter(o, o.f.schema, parquet.Options{Codec: codec, Threads: o.run.opt.Threads}); err != nil {
			return err
		}
	}
	if err := o.pq.Write(b); err != nil {
		return vfs.Classify(err, "writing "+o.paths[len(o.paths)-1])
	}
	if o.bytes >= o.run.opt.Target {
		return o.finish()
	}
	return nil
}

// finish ends the present file.
func (o *outFiles) finish() error {
	err := o.pq.Close()
	if err == nil {
		err = o.w.Sync()
	}
	if e := o.w.Close(); err == nil {
		err = e
	}
	o.pq, o.w = nil, nil
	return vfs.Classify(err, "writing "+o.paths[len(o.paths)-1])
}

// abandon closes what is open after an error.
func (o *outFiles) abandon(err error) error {
	if o.w != nil {
		_ = o.w.Close()
	}
	return err
}

func (o *outFiles) close() ([]vfs.Info, error) {
	if o.pq != nil {
		if err := o.finish(); err != nil {
			return nil, err
		}
	}
	var out []vfs.Info
	for _, p := range o.paths {
		info, err := o.run.fs.Stat(o.ctx, p)
		if err != nil {
			return nil, err
		}
		out = append(out, info)
	}
	return out, nil
}

// verify reads the new files back: types and rows must be those of the old ones.
func (r *run) verify(ctx context.Context, f *folder, want digest, fresh []vfs.Info) (State, error) {
	st := State{Files: int64(len(fresh))}
	parts := make([]digest, len(fresh))
	layouts := make([]int, len(fresh))
	wrong := func(err error) error {
		return fault.New(fault.Internal, "optimizing %s: the new files do not hold the same table: %w; the old ones stay", f.dir, err)
	}
	err := parallel.Each(ctx, len(fresh), r.opt.Threads, func(ctx context.Context, _, i int) error {
		ds, err := r.open(ctx, fresh[i])
		if err != nil {
			return err
		}
		defer ds.Close()
		if err := same(f.schema, ds.Schema()); err != nil {
			return wrong(err)
		}
		l, _ := layout.LayoutOf(ds)
		layouts[i] = l.Groups
		return scan(ctx, ds, nil, func(b *frame.Batch) error {
			parts[i].add(b, 1)
			return nil
		})
	})
	if err != nil {
		return st, err
	}
	var got digest
	for i := range parts {
		got.merge(parts[i])
		st.Groups += int64(layouts[i])
		st.Bytes += fresh[i].Size
	}
	if got != want || want.rows != f.rows {
		return st, wrong(fmt.Errorf("%d rows of %d, content differs: %v", got.rows, want.rows, got.sum != want.sum))
	}
	return st, nil
}

// unchanged refuses the swap when somebody wrote to the old files meanwhile.
func (r *run) unchanged(ctx context.Context, f *folder) error {
	for _, was := range f.files {
		now, err := r.fs.Stat(ctx, was.Path)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if err != nil || now.Size != was.Size || !now.ModTime.Equal(was.ModTime) {
			return fault.New(fault.Locked, "optimizing %s: %s changed meanwhile; nothing was replaced", f.dir, was.Path).WithHint("run it again when nobody writes there")
		}
	}
	return nil
}
