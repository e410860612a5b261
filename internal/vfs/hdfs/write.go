package hdfs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"github.com/ecomctl/ecomctl/internal/backoff"
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
	from io.ReaderAt // what is sent: temp
	size int64
	sent bool
}

// Create implements vfs.FS: an empty file shows at once that the folder is there and can be
// written to. Parents are not made.
func (f *FS) Create(ctx context.Context, p string, perm fs.FileMode) (vfs.Writer, error) {
	w := &writer{fs: f, ctx: context.WithoutCancel(ctx), path: p, perm: perm &^ 0o022}
	ours := false // an earlier try made the file, or may have: its answer was lost
	err := f.at(ctx, "creating", p, func(c *hdfs.Client, name string) error {
		out, err := c.CreateFile(name, 1, leastBlock, w.perm)
		if ours && made(err) {
			if err := c.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			out, err = c.CreateFile(name, 1, leastBlock, w.perm)
		}
		if err != nil {
			ours = ours || unanswered(err)
			return err
		}
		ours = true
		return out.Close()
	})
	if err != nil {
		return nil, err
	}
	if w.temp, err = vfs.NewTemp(f.opt.TempDir); err != nil {
		return nil, err
	}
	w.from = w.temp
	return w, nil
}

// made reports whether an error of creating a file says that it is there, closed or still open.
func made(err error) bool {
	remote, ok := remoteOf(err)
	return errors.Is(err, fs.ErrExist) || ok && strings.HasSuffix(remote.Exception(), "AlreadyBeingCreatedException")
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
	err := w.deliver(false)
	w.sent = err == nil
	return err
}

// deliver writes the file until the cluster holds it. quick trusts the data nodes' checksum.
func (w *writer) deliver(quick bool) error {
	return w.fs.at(w.ctx, "writing", w.path, func(c *hdfs.Client, name string) error {
		def, err := c.ServerDefaults()
		if err != nil {
			return err
		}
		if err := c.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		sum, err := w.upload(c, name, def.Replication, blockOf(w.size))
		if err != nil {
			return err
		}
		if quick && w.held(c, name, sum) {
			return nil
		}
		return w.compare(c, name)
	})
}

// blockOf is the size of the one block of a file. Quotas count a block whole before it is
// written, so it is no larger than the file needs.
func blockOf(size int64) int64 { return max(leastBlock, (size+blockUnit-1)/blockUnit*blockUnit) }

// upload writes the whole file and returns the checksum it should have. The client's Close
// says for a while that the last block is still being copied; repeat comes back to it.
func (w *writer) upload(c *hdfs.Client, name string, replication int, block int64) (*fileSum, error) {
	out, err := c.CreateFile(name, replication, block, w.perm)
	if err != nil {
		return nil, err
	}
	sum := newFileSum(block)
	buf := make([]byte, 1<<20)
	for at := int64(0); at < w.size; at += int64(len(buf)) {
		buf = buf[:min(int64(len(buf)), w.size-at)]
		if err = w.ctx.Err(); err == nil {
			err = readAll(w.from, buf, at)
		}
		if err == nil {
			sum.Write(buf) //nolint:errcheck // never fails
			_, err = out.Write(buf)
		}
		if err != nil {
			_ = out.Close()
			return nil, err
		}
	}
	return sum, w.finish(out)
}

// closePatience bounds the wait for a last block that is still being copied. A block whose data
// node went away in that moment stays so for ever; writing the file anew helps.
const closePatience = 5 * time.Second

// finish closes a written file.
func (w *writer) finish(out *hdfs.FileWriter) error {
	enough := time.After(closePatience)
	for wait := firstWait; ; wait = min(2*wait, time.Second) {
		err := out.Close()
		if !hdfs.IsErrReplicating(err) {
			return err
		}
		select {
		case <-enough:
			return err
		case <-w.ctx.Done():
			return w.ctx.Err()
		case <-time.After(backoff.Jitter(wait)):
		}
	}
}

// readAll fills p from off on.
func readAll(from io.ReaderAt, p []byte, off int64) error {
	n, err := from.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil || err == io.EOF:
		return fault.New(fault.Input, "it became shorter while it was read")
	}
	return err
}

// held reports whether the data nodes' checksum of the file is the one it should have.
func (w *writer) held(c *hdfs.Client, name string, sum *fileSum) bool {
	in, err := c.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = in.Close() }()
	if in.Stat().Size() != w.size {
		return false
	}
	if w.size == 0 {
		return true
	}
	got, err := in.Checksum()
	want := sum.sum()
	return err == nil && bytes.Equal(got, want[:])
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
	if _, err := io.Copy(want, io.NewSectionReader(w.from, 0, w.size)); err != nil {
		return err
	}
	if n != w.size || !bytes.Equal(want.Sum(nil), got.Sum(nil)) {
		return fault.New(fault.Unavailable, "what HDFS holds is not what was written (%d bytes of %d)", n, w.size).WithHint("write it again; look at the health of the data nodes")
	}
	return nil
}

// Close implements io.Closer. A file that was not synced stays empty.
func (w *writer) Close() error { return w.temp.Close() }
