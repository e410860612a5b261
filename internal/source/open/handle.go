package open

import (
	"context"
	"io"
	"slices"
	"sync"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// maxOpen bounds the files that are open at the same time, for systems allow
// only so many and folders may hold thousands.
const maxOpen = 128

// pool opens files when they are read and closes those not used for longest.
type pool struct {
	fs vfs.FS

	mu     sync.Mutex
	open   []*handle // least recently used first
	temps  []io.Closer
	closed bool
}

func newPool(fs vfs.FS) *pool { return &pool{fs: fs} }

// handle is a file that looks always open.
type handle struct {
	pool *pool
	info vfs.Info
	at   io.ReaderAt // a temporary file, else nil

	f     vfs.File // nil when closed; guarded by pool.mu
	users int
}

func (p *pool) add(info vfs.Info) *handle { return &handle{pool: p, info: info} }

// temp adds a temporary file that lives as long as the pool.
func (p *pool) temp(name string, t *vfs.Temp, size int64) *handle {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.temps = append(p.temps, t)
	return &handle{pool: p, info: vfs.Info{Path: name, Size: size, Regular: true}, at: t}
}

// acquire opens the file if it is closed.
func (h *handle) acquire() (vfs.File, error) {
	p := h.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fault.New(fault.Internal, "reading %s: it was closed", h.info.Path)
	}
	if h.f != nil {
		if last := len(p.open) - 1; p.open[last] != h {
			i := slices.Index(p.open, h)
			copy(p.open[i:], p.open[i+1:])
			p.open[last] = h
		}
		h.users++
		return h.f, nil
	}
	for i := 0; len(p.open) >= maxOpen && i < len(p.open); {
		if o := p.open[i]; o.users == 0 {
			_ = o.f.Close()
			o.f = nil
			p.open = append(p.open[:i], p.open[i+1:]...)
		} else {
			i++
		}
	}
	f, err := p.fs.Open(context.Background(), h.info.Path)
	if err != nil {
		return nil, err
	}
	if err := same(h.info, f.Info()); err != nil {
		_ = f.Close()
		return nil, err
	}
	h.f = f
	h.users++
	p.open = append(p.open, h)
	return f, nil
}

func (h *handle) release() {
	h.pool.mu.Lock()
	h.users--
	h.pool.mu.Unlock()
}

// ReadAt implements io.ReaderAt.
func (h *handle) ReadAt(b []byte, off int64) (int, error) {
	if h.at != nil {
		return h.at.ReadAt(b, off)
	}
	f, err := h.acquire()
	if err != nil {
		return 0, err
	}
	defer h.release()
	n, err := f.ReadAt(b, off)
	if err != nil && err != io.EOF {
		err = vfs.Classify(err, "reading")
	}
	return n, err
}

// check says whether the file is still as it was when it was opened.
func (h *handle) check() error {
	if h.at != nil {
		return nil
	}
	now, err := h.pool.fs.Stat(context.Background(), h.info.Path)
	if err != nil {
		return err
	}
	return same(h.info, now)
}

func same(then, now vfs.Info) error {
	if then.Size != now.Size || !then.ModTime.Equal(now.ModTime) {
		return fault.New(fault.Input, "%s changed while it was read (%d bytes, now %d)", then.Path, then.Size, now.Size).WithHint("something else is writing it: wait until it is complete, or copy it first")
	}
	return nil
}

// Close closes all files and removes temporary ones.
func (p *pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var first error
	for _, h := range p.open {
		if err := h.f.Close(); err != nil && first == nil {
			first = err
		}
		h.f = nil
	}
	p.open = nil
	for _, t := range p.temps {
		if err := t.Close(); err != nil && first == nil {
			first = err
		}
	}
	p.temps = nil
	return first
}
