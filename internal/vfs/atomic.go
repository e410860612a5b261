package vfs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"os"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// WriteAtomic writes a local file whole or not at all; see WriteAtomicFS.
func WriteAtomic(ctx context.Context, path string, write func(io.Writer) error) error {
	return WriteAtomicFS(ctx, Local{}, path, write)
}

// WriteAtomicFS lets write fill a hidden file beside path (.NAME.ecomctl-*.tmp), makes
// it durable and renames it onto path. When write fails, panics or ctx is
// cancelled, the hidden file is removed and path is as it was before. Writing
// through the io.Writer checks ctx, so that an interrupt ends it soon.
func WriteAtomicFS(ctx context.Context, fsys FS, path string, write func(io.Writer) error) (err error) {
	return WriteProvenFS(ctx, fsys, path, write, nil)
}

// WriteProvenFS is WriteAtomicFS for a file that takes its place only when prove, which may read it
// under its temporary name, does not fail.
func WriteProvenFS(ctx context.Context, fsys FS, path string, write func(io.Writer) error, prove func(tmp string) error) (err error) {
	target, mode, err := CheckTarget(ctx, fsys, path)
	if err != nil {
		return err
	}
	dir, base := splitPath(target)
	tmp := dir + "." + base + ".ecomctl-" + randomName() + ".tmp"
	w, err := fsys.Create(ctx, tmp, mode)
	if err != nil {
		return fault.Wrap(err, "writing %s", path)
	}
	closed, done := false, false
	defer func() {
		if done {
			return
		}
		if !closed {
			_ = w.Close()
		}
		// Not ctx: the file must go even after an interrupt.
		_ = fsys.Remove(context.WithoutCancel(ctx), tmp)
	}()
	out := &ctxWriter{ctx: ctx, w: w, path: path}
	if err := write(out); err != nil {
		if out.err != nil {
			return out.err // the disk's own error, not what an encoder made of it
		}
		return err
	}
	if err := ctx.Err(); err != nil {
		return Classify(err, "writing "+path)
	}
	if err := w.Sync(); err != nil {
		return Classify(err, "writing "+path)
	}
	closed = true
	if err := w.Close(); err != nil {
		return Classify(err, "writing "+path)
	}
	if prove != nil {
		if err := prove(tmp); err != nil {
			return err
		}
	}
	if err := fsys.Rename(ctx, tmp, target); err != nil {
		return err
	}
	done = true
	return nil
}

// splitPath cuts a path before its last part; dir keeps the separator. It leaves
// the rest as it is, for cleaning would break hdfs://host/path.
func splitPath(path string) (dir, base string) {
	i := len(path)
	for i > 0 && path[i-1] != '/' && !os.IsPathSeparator(path[i-1]) {
		i--
	}
	return path[:i], path[i:]
}

// randomName makes temporary names unique; it does not influence any result.
func randomName() string {
	var b [6]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("vfs: the system has no randomness: " + err.Error())
	}
	return hex.EncodeToString(b[:])
}

type ctxWriter struct {
	ctx  context.Context
	w    io.Writer
	path string
	err  error
}

// Write implements io.Writer.
func (c *ctxWriter) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if err := c.ctx.Err(); err != nil {
		c.err = Classify(err, "writing "+c.path)
		return 0, c.err
	}
	n, err := c.w.Write(p)
	if err != nil {
		c.err = Classify(err, "writing "+c.path)
		return n, c.err
	}
	return n, nil
}
