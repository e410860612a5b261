package open

import (
	"context"
	"io"
	"os"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// spool keeps a pipe in a temporary file, so that it can be read at any place and
// twice. Standard input that is a regular file is read where it is.
func spool(ctx context.Context, name string, r io.Reader, opts *Options, pool *pool) (*handle, error) {
	if r == nil {
		return nil, fault.New(fault.Usage, "reading %s: there is none", name).WithHint("name a file, or send data by a pipe: cat orders.csv | ecomctl …")
	}
	if f, ok := r.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
			if pos, err := f.Seek(0, io.SeekCurrent); err == nil && pos == 0 {
				return &handle{pool: pool, info: vfs.Info{Path: name, Size: st.Size(), ModTime: st.ModTime(), Regular: true}, at: f}, nil
			}
		}
	}
	return keep(ctx, name, r, opts, pool)
}

// keep copies r into a temporary file of bounded size.
func keep(ctx context.Context, name string, r io.Reader, opts *Options, pool *pool) (*handle, error) {
	limit := opts.SpoolBytes
	stated := limit > 0
	if !stated {
		limit = 1 << 62
		if free, ok := vfs.FreeSpace(opts.TempDir); ok {
			limit = free / 10 * 9
		}
	}
	t, err := vfs.NewTemp(opts.TempDir)
	if err != nil {
		return nil, fault.Wrap(err, "keeping %s", name)
	}
	size, err := copyCtx(ctx, t, r, limit)
	if err == nil && size > limit {
		e := fault.New(fault.Full, "there is more than %d MiB of it, and no more may be kept", limit>>20)
		if stated {
			err = e.WithHint("name a file instead of a pipe, or raise the limit")
		} else {
			err = e.WithHint("name a file instead of a pipe, or put temporary files on a larger disk (TMPDIR)")
		}
	}
	if err != nil {
		_ = t.Close()
		return nil, fault.Wrap(fault.As(fault.Input, err), "keeping %s", name)
	}
	return pool.temp(name, t, size), nil
}

// copyCtx copies until the end of r, more than limit bytes, or an interrupt, also while
// r gives nothing: a read that never returns is left behind.
func copyCtx(ctx context.Context, w io.Writer, r io.Reader, limit int64) (int64, error) {
	type block struct {
		b   []byte
		err error
	}
	full, empty := make(chan block, 2), make(chan []byte, 3)
	for range 3 {
		empty <- make([]byte, 256<<10)
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			var b []byte
			select {
			case b = <-empty:
			case <-done:
				return
			}
			n, err := r.Read(b[:cap(b)])
			select {
			case full <- block{b[:n], err}:
			case <-done:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	var size int64
	for {
		select {
		case <-ctx.Done():
			return size, ctx.Err()
		case b := <-full:
			size += int64(len(b.b))
			if _, err := w.Write(b.b); err != nil {
				return size, err
			}
			if b.err == io.EOF || size > limit {
				return size, nil
			}
			if b.err != nil {
				return size, b.err
			}
			empty <- b.b
		}
	}
}
