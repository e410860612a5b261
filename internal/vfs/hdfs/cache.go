package hdfs

import (
	"io"
	"runtime"

	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Columns of a Parquet file are read side by side, a few hundred kilobytes at a time, at places
// that lie close together. Each place of its own would cost a connection to a data node, whose
// bytes beyond the ones wanted are sent in vain. So a file is read in pieces of pieceSize which
// are kept for a while; one reader goes through neighbouring pieces in order, and what it passes
// on the way to the piece that is wanted is kept too.

const (
	pieceSize = 1 << 20
	passOver  = 2             // pieces that a reader passes rather than that another one is opened
	wholeRead = 4 * pieceSize // reads that large go past the pieces
)

// maxPieces bounds the pieces of a file that are kept: enough for two of each of the columns
// that every processor reads.
var maxPieces = max(48, 16*runtime.GOMAXPROCS(0))

// piece is a part of a file that is there or on its way. What it holds does not change once
// ready is closed.
type piece struct {
	index int64
	ready chan struct{}
	buf   []byte
	err   error
	users int   // who wait or copy; it stays while there are any
	left  int   // bytes that nobody has copied yet, if none is copied twice
	used  int64 // when it was last asked for
}

// readPieces fills p from off on, from pieces. p does not reach beyond the file.
func (f *file) readPieces(p []byte, off int64) error {
	for len(p) > 0 {
		index := off / pieceSize
		b, err := f.piece(index)
		if err != nil {
			return err
		}
		n := copy(p, b.buf[off-index*pieceSize:])
		f.release(b, n)
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// piece returns a piece that release gives back.
func (f *file) piece(index int64) (*piece, error) {
	f.mu.Lock()
	f.clock++
	b := f.pieces[index]
	var r *reader
	var load []*piece
	if b == nil {
		r, load = f.plan(index)
		b = load[len(load)-1]
	}
	b.users++
	b.used = f.clock
	f.mu.Unlock()
	if load != nil {
		f.load(r, load)
	}
	select {
	case <-b.ready:
	case <-f.fs.ctx.Done():
		f.release(b, 0)
		return nil, vfs.Classify(f.fs.ctx.Err(), "reading "+f.path)
	}
	if b.err != nil {
		f.release(b, 0)
		return nil, b.err
	}
	return b, nil
}

// plan chooses the reader for a piece, nil for a new one, and the pieces to load: those that the
// reader passes, and the wanted one last. The caller holds the lock.
func (f *file) plan(index int64) (*reader, []*piece) {
	from, best := index, -1
	for i, r := range f.idle {
		at := r.pos / pieceSize
		if r.pos%pieceSize == 0 && at <= index && index-at <= passOver && (best < 0 || at > from) {
			from, best = at, i
		}
	}
	var r *reader
	if best >= 0 {
		r = f.idle[best]
		f.idle = append(f.idle[:best], f.idle[best+1:]...)
	} else {
		from = index
	}
	var load []*piece
	for i := from; i <= index; i++ {
		b := &piece{index: i, ready: make(chan struct{}), used: f.clock}
		if f.pieces[i] == nil {
			f.pieces[i] = b
			b.users = 1 // the loader
		}
		load = append(load, b) // one that is there already is read over
	}
	f.evict()
	return r, load
}

// evict forgets the pieces that were not asked for the longest.
func (f *file) evict() {
	for len(f.pieces) > maxPieces {
		var old *piece
		for _, b := range f.pieces {
			if b.users == 0 && (old == nil || b.used < old.used) {
				old = b
			}
		}
		if old == nil {
			return
		}
		f.forget(old)
	}
}

// load reads pieces in order. A failure is repeated from the piece that it concerned.
func (f *file) load(r *reader, load []*piece) {
	done := 0
	err := f.fs.repeat(f.fs.ctx, "reading "+f.path, func() error {
		for done < len(load) {
			b := load[done]
			at := b.index * pieceSize
			if b.buf == nil {
				b.buf = f.buffer(min(pieceSize, f.info.Size-at))
				b.left = len(b.buf)
			}
			var err error
			if r, err = f.fill(r, b.buf, at); err != nil {
				r = nil
				return err
			}
			close(b.ready)
			done++
		}
		return nil
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && r != nil {
		f.keep(r)
	}
	for i, b := range load {
		if i >= done && b.err == nil {
			b.err = err
			if f.pieces[b.index] == b {
				delete(f.pieces, b.index)
			}
			close(b.ready)
		}
		if b.users > 0 {
			b.users--
		}
	}
}

// fill reads the whole of p at off by a reader, or by a new one when r is nil.
func (f *file) fill(r *reader, p []byte, off int64) (*reader, error) {
	if r == nil {
		var err error
		if r, err = f.open(); err != nil {
			return nil, err
		}
	}
	if r.pos != off {
		if _, err := r.r.Seek(off, io.SeekStart); err != nil {
			_ = r.r.Close()
			return nil, err
		}
		r.pos = off
	}
	n, err := io.ReadFull(r.r, p)
	if err != nil {
		_ = r.r.Close() // wherever it stands now: the next try begins anew
		return nil, err
	}
	r.pos += int64(n)
	return r, nil
}

// buffer returns memory for a piece.
func (f *file) buffer(n int64) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := len(f.spare); k > 0 && n == pieceSize && len(f.spare[k-1]) == pieceSize {
		b := f.spare[k-1]
		f.spare = f.spare[:k-1]
		return b
	}
	return make([]byte, n)
}

// release ends the use of a piece of which n bytes were copied. One that was copied whole is
// forgotten: its memory, still in the processor's cache, serves the next.
func (f *file) release(b *piece, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b.users--
	b.left -= n
	if b.users == 0 && b.left <= 0 && f.pieces[b.index] == b {
		f.forget(b)
	}
}

func (f *file) forget(b *piece) {
	delete(f.pieces, b.index)
	f.spare = append(f.spare, b.buf)
}
