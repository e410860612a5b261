package collect

import (
	"bufio"
	"compress/gzip"
	"errors"
	"os"
)

// packed reads a gzip file forwards, as if it could be read at any place.
type packed struct {
	f    *os.File
	z    *gzip.Reader
	buf  []byte // what the file holds from base on
	base int64
	end  error // io.EOF when all was unpacked, or what is wrong
}

func newPacked(f *os.File) *packed { return &packed{f: f} }

// errBack is a reading before what is kept. It does not happen: callers go forwards.
var errBack = errors.New("a packed file is read forwards only")

// ReadAt implements io.ReaderAt for places that do not go back.
func (p *packed) ReadAt(b []byte, off int64) (int, error) {
	if p.z == nil && p.end == nil {
		p.z, p.end = gzip.NewReader(bufio.NewReaderSize(p.f, 64<<10))
	}
	if off < p.base {
		return 0, errBack
	}
	for p.end == nil && p.base+int64(len(p.buf)) < off+int64(len(b)) {
		p.drop(off)
		p.more()
	}
	p.drop(off)
	n := 0
	if p.base == off {
		n = copy(b, p.buf)
	}
	if n < len(b) {
		return n, p.end
	}
	return n, nil
}

// drop forgets what stands before off.
func (p *packed) drop(off int64) {
	if k := min(off-p.base, int64(len(p.buf))); k > 0 {
		p.buf = append(p.buf[:0], p.buf[k:]...)
		p.base += k
	}
}

// more unpacks a piece.
func (p *packed) more() {
	from := len(p.buf)
	p.buf = append(p.buf, make([]byte, 64<<10)...)
	n, err := p.z.Read(p.buf[from:])
	p.buf, p.end = p.buf[:from+n], err
}

// Close closes the file.
func (p *packed) Close() error { return p.f.Close() }

// Stat describes the packed file.
func (p *packed) Stat() (os.FileInfo, error) { return p.f.Stat() }
