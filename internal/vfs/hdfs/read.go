package hdfs

import (
	"context"
	"io"
	"sync"

	"github.com/colinmarc/hdfs/v2"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Opening a block costs milliseconds, reading on costs nothing. So a file keeps several readers,
// each of which stands where it stopped, and a read takes the one that stands there.

// maxReaders bounds the readers of a file that wait for another read.
const maxReaders = 64

// file is an opened file. Several goroutines may read it at once.
type file struct {
	fs   *FS
	path string
	name string
	auth string
	info vfs.Info

	mu     sync.Mutex
	idle   []*reader // least recently used first
	off    int64     // of Read
	pieces map[int64]*piece
	spare  [][]byte // memory of pieces that were forgotten
	clock  int64    // counts reads of pieces
	closed bool
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
	return &file{fs: f, path: p, name: name, auth: auth, info: info, pieces: map[int64]*piece{}}, nil
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
	n, err := f.readAt(p, off, f.readWhole)
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
	if len(p) >= wholeRead {
		return f.readAt(p, off, f.readWhole)
	}
	return f.readAt(p, off, f.readPieces)
}

// readAt keeps a read within the file.
func (f *file) readAt(p []byte, off int64, read func(p []byte, off int64) error) (int, error) {
	if off >= f.info.Size {
		return 0, io.EOF
	}
	want := p
	if left := f.info.Size - off; int64(len(p)) > left {
		want = p[:left]
	}
	if err := read(want, off); err != nil {
		return 0, err
	}
	if len(want) < len(p) {
		return len(want), io.EOF
	}
	return len(want), nil
}

// readWhole fills p from off on by a reader of its own.
func (f *file) readWhole(p []byte, off int64) error {
	// the buffer is the caller's again as soon as this returns, also when a call hangs
	buf := make([]byte, len(p))
	err := f.fs.repeat(f.fs.ctx, "reading "+f.path, func() error {
		r, err := f.fill(f.take(off), buf, off)
		if err != nil {
			return err
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.keep(r)
		return nil
	})
	if err == nil {
		copy(p, buf)
	}
	return err
}

// take returns the reader that stands at off, else nil.
func (f *file) take(off int64) *reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.idle) - 1; i >= 0; i-- {
		if r := f.idle[i]; r.pos == off {
			f.idle = append(f.idle[:i], f.idle[i+1:]...)
			return r
		}
	}
	return nil
}

// open makes a reader.
func (f *file) open() (*reader, error) {
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

// keep lets a reader wait for another read; the caller holds the lock.
func (f *file) keep(r *reader) {
	if f.closed {
		_ = r.r.Close()
		return
	}
	if len(f.idle) >= maxReaders {
		_ = f.idle[0].r.Close()
		f.idle = f.idle[1:]
	}
	f.idle = append(f.idle, r)
}

// Close implements io.Closer.
func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.idle {
		_ = r.r.Close()
	}
	f.idle, f.closed = nil, true
	clear(f.pieces)
	f.spare = nil
	return nil
}
