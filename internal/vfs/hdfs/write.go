package hdfs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"

	"github.com/colinmarc/hdfs/v2"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// The client's writer fails between blocks when the cluster is busy. So a file waits on the
// local disk until its size is known, and is then written as one block.

// writer collects a file and brings it to the cluster when it is synced.
type writer struct {
	fs   *FS
	ctx  context.Context
	path string
	perm fs.FileMode
	temp *vfs.Temp
	size int64
	sent bool
}

// Create implements vfs.FS: an empty file shows at once that the folder is there and can be
// written to. Parents are not made.
func (f *FS) Create(ctx context.Context, p string, perm fs.FileMode) (vfs.Writer, error) {
	w := &writer{fs: f, ctx: context.WithoutCancel(ctx), path: p, perm: perm &^ 0o022}
	err := f.at(ctx, "creating", p, func(c *hdfs.Client, name string) error {
		out, err := c.CreateFile(name, 1, leastBlock, w.perm)
		if err != nil {
			return err
		}
		return out.Close()
	})
	if err != nil {
		return nil, err
	}
	if w.temp, err = vfs.NewTemp(f.opt.TempDir); err != nil {
		return nil, err
	}
	return w, nil
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	n, err := w.temp.Write(p)
	w.size += int64(n)
	w.sent = false
	return n, err
}

const (
	leastBlock = 1 << 20
	blockUnit  = 1 << 20 // blocks are whole multiples of it, and so of the checksums' 512 bytes
)

// Sync implements vfs.Writer: the file is written, read back and compared.
func (w *writer) Sync() error {
	if w.sent {
		return nil
	}
	err := w.fs.at(w.ctx, "writing", w.path, func(c *hdfs.Client, name string) error {
		def, err := c.ServerDefaults()
		if err != nil {
			return err
		}
		if err := c.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		block := max(def.BlockSize, (w.size+blockUnit-1)/blockUnit*blockUnit)
		if err := w.upload(c, name, def.Replication, block); err != nil {
			return err
		}
		return w.compare(c, name)
	})
	w.sent = err == nil
	return err
}

// upload writes the whole file. The client's Close says for a while that the last block is
// still being copied; repeat comes back to it by writing anew.
func (w *writer) upload(c *hdfs.Client, name string, replication int, block int64) error {
	out, err := c.CreateFile(name, replication, block, w.perm)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, io.NewSectionReader(w.temp, 0, w.size)); err != nil {
		_ = out.Close()
		return err
	}
	return repeat(w.ctx, "closing "+w.path, out.Close)
}

// compare reads the file back.
func (w *writer) compare(c *hdfs.Client, name string) error {
	in, err := c.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	want, got := sha256.New(), sha256.New()
	n, err := io.Copy(got, in)
	if err != nil {
		return err
	}
	if _, err := io.Copy(want, io.NewSectionReader(w.temp, 0, w.size)); err != nil {
		return err
	}
	if n != w.size || !bytes.Equal(want.Sum(nil), got.Sum(nil)) {
		return fault.New(fault.Unavailable, "what HDFS holds is not what was written (%d bytes of %d)", n, w.size).WithHint("write it again; look at the health of the data nodes")
	}
	return nil
}

// Close implements io.Closer. A file that was not synced stays empty.
func (w *writer) Close() error { return w.temp.Close() }
