package hdfs

import (
	"context"
	"io"
	"sync"

	"github.com/colinmarc/hdfs/v2"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Opening a block costs milliseconds, reading on costs nothing; columns of a Parquet file are
// read side by side. So a file keeps several readers, each of which stands where it stopped,
// and a read at a place takes the one that stands there.

// maxReaders bounds the readers of a file that wait for another read.
const maxReaders = 64

// file is an opened file. Several goroutines may read it at once.
type file struct {
	fs   *FS
	path string
	name string
	auth string
	info vfs.Info

	mu   sync.Mutex
	idle []*reader // least recently used first
	off  int64     // of Read
}

// reader is the client's reader and the place where it stands.
type reader struct {
	r   *hdfs.FileReader
	pos int64
}

// Open implements vfs.FS. Folders are refused.
func (f *FS) Open(ctx context.Context, p string) (vfs.File, error) {
	info, err := f.Stat(ctx, p)
	if err != nil {
		return nil, err
	}
	if info.Dir {
		return nil, fault.New(fault.Usage, "opening %s: it is a folder, not a file", p)
	}
	auth, name, err := split(p)
	if err != nil {
		return nil, err
	}
	return &file{fs: f, path: p, name: name, auth: auth, info: info}, nil
}

// Info implements vfs.File.
func (f *file) Info() vfs.Info { return f.info }

// Stat implements vfs.File.
func (f *file) Stat(ctx context.Context) (vfs.Info, error) { return f.fs.Stat(ctx, f.path) }

// Read implements io.Reader.
func (f *file) Read(p []byte) (int, error) {
	f.mu.Lock()
	off := f.off
	f.mu.Unlock()
	n, err := f.ReadAt(p, off)
	f.mu.Lock()
	f.off = off + int64(n)
	f.mu.Unlock()
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if off >= f.info.Size {
		return 0, io.EOF
	}
	want := p
	if left := f.info.Size - off; int64(len(p)) > left {
		want = p[:left]
	}
	// the buffer is the caller's again as soon as this returns, also when a call hangs
	buf := make([]byte, len(want))
	err := f.fs.repeat(f.fs.ctx, "reading "+f.path, func() error { return f.readFull(buf, off) })
	if err != nil {
		return 0, err
	}
	n := copy(want, buf)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// readFull fills p from a place on by a reader of its own.
func (f *file) readFull(p []byte, off int64) error {
	r, err := f.take(off)
	if err != nil {
		return err
	}
	if r.pos != off {
		if _, err := r.r.Seek(off, io.SeekStart); err != nil {
			_ = r.r.Close()
			return err
		}
		r.pos = off
	}
	n, err := io.ReadFull(r.r, p)
	if err != nil {
		_ = r.r.Close() // wherever it stands now: the next try begins anew
		return err
	}
	r.pos += int64(n)
	f.give(r)
	return nil
}

// take returns the reader that stands at off, else a new one.
func (f *file) take(off int64) (*reader, error) {
	f.mu.Lock()
	for i := len(f.idle) - 1; i >= 0; i-- {
		if r := f.idle[i]; r.pos == off {
			f.idle = append(f.idle[:i], f.idle[i+1:]...)
			f.mu.Unlock()
			return r, nil
		}
	}
	var old *reader
	if len(f.idle) >= maxReaders {
		old, f.idle = f.idle[0], f.idle[1:]
	}
	f.mu.Unlock()
	if old != nil {
		return old, nil
	}
	c, err := f.fs.client(f.auth)
	if err != nil {
		return nil, err
	}
	r, err := c.Open(f.name)
	if err != nil {
		return nil, err
	}
	return &reader{r: r}, nil
}

func (f *file) give(r *reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, r)
}

// Close implements io.Closer.
func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.idle {
		_ = r.r.Close()
	}
	f.idle = nil
	return nil
}
