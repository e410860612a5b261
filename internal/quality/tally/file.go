package tally

import (
	"bufio"
	"encoding/binary"
	"io"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// File holds spilled runs. Tables of one goroutine may share it; the underlying
// temporary file is made at the first spill and vanishes on Close.
type File struct {
	dir  string
	tmp  *vfs.Temp
	size int64
}

// NewFile returns a file whose temporary file will be made in dir ("" is the system's place).
func NewFile(dir string) *File { return &File{dir: dir} }

// Size returns how many bytes were spilled.
func (f *File) Size() int64 { return f.size }

// Close removes the temporary file.
func (f *File) Close() error {
	if f.tmp == nil {
		return nil
	}
	err := f.tmp.Close()
	f.tmp = nil
	return err
}

// run is a sorted run in a file.
type run struct {
	file     *File
	off, len int64
}

// runWriter appends one run.
type runWriter struct {
	f     *File
	start int64
	w     *bufio.Writer
	n     int64
	buf   [3 * binary.MaxVarintLen64]byte
	prev  []byte // last text written
	last  uint64 // last integer written
}

func (f *File) newRun() (*runWriter, error) {
	if f.tmp == nil {
		tmp, err := vfs.NewTemp(f.dir)
		if err != nil {
			return nil, fault.Wrap(err, "spilling counts")
		}
		f.tmp = tmp
	}
	return &runWriter{f: f, start: f.size, w: bufio.NewWriterSize(f.tmp, 256<<10)}, nil
}

func (w *runWriter) write(p []byte) error {
	w.n += int64(len(p))
	if _, err := w.w.Write(p); err != nil {
		return fault.Wrap(err, "spilling counts")
	}
	return nil
}

func (w *runWriter) close() (run, error) {
	if err := w.w.Flush(); err != nil {
		return run{}, fault.Wrap(err, "spilling counts")
	}
	w.f.size += w.n
	return run{w.f, w.start, w.n}, nil
}

// maxRuns bounds the runs of one table: more are merged into one.
const maxRuns = 64

// readBytes is the buffer of one run while merging.
const readBytes = 64 << 10

func (r run) open() *bufio.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(r.file.tmp, r.off, r.len), readBytes)
}

func readUvarint(r *bufio.Reader) (uint64, error) {
	v, err := binary.ReadUvarint(r)
	if err != nil && err != io.EOF {
		return 0, fault.Wrap(err, "reading spilled counts")
	}
	return v, err
}
