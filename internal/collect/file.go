package collect

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"

	"github.com/ecomctl/ecomctl/internal/stream"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// file is a file that is read, was read, or may turn up again.
type file struct {
	Place
	r          readerAt // nil while it is not open
	head, tail []byte   // what the marks of the place are of
	long       *longLine
	named      bool // the last look found it under a name that is collected
	sought     bool // it was looked for under other names
	size       int64
	readSize   int64     // size, as it was when the file was last read
	changed    time.Time // last change of what it holds
	verified   time.Time // changed, as it was when the file was last read
	atEnd      bool      // the last read reached the end
	turn       int64     // when it was last read, among the others
}

type readerAt interface {
	io.ReaderAt
	io.Closer
	Stat() (os.FileInfo, error)
}

// longLine is a line that is longer than is kept, while its end is not known.
type longLine struct {
	n          int64
	head, tail []byte
}

// id is what the system calls the file.
func (f *file) id() fileID { return fileID{f.Device, f.Inode} }

// setMarks makes the place say what was read.
func (f *file) setMarks() { f.Head, f.Tail = markOf(f.head), markOf(f.tail) }

// beginning is the mark of how the file begins, also when nothing was read of it yet. One that no file has stands
// for an empty file.
func (f *file) beginning() mark {
	if f.Offset > 0 {
		if f.r != nil {
			f.setMarks()
		}
		return f.Head
	}
	r := f.r
	if r == nil {
		other, err := openAny(f.Path)
		if err != nil {
			return nothing
		}
		defer other.Close()
		r = other
	}
	b := make([]byte, headBytes)
	if n, _ := r.ReadAt(b, 0); n > 0 {
		return markOf(b[:n])
	}
	return nothing
}

// nothing is the mark of no file.
const nothing = mark("1:")

// close lets go of the file; the place stays.
func (f *file) close() {
	if f.r != nil {
		f.setMarks()
		f.r.Close()
		f.r, f.long = nil, nil
	}
}

// open opens the file under its name and proves that it is that of the place; ok is false when
// it is another one.
func (f *file) open() (ok bool, err error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return false, vfs.Classify(err, "opening "+f.Path)
	}
	st, err := file.Stat()
	if err != nil {
		file.Close()
		return false, vfs.Classify(err, "opening "+f.Path)
	}
	if id, known := idOf(st); !known || id != f.id() {
		file.Close()
		return false, nil
	}
	var r readerAt = file
	if isPacked(f.Path) {
		r = newPacked(file)
	}
	head, tail, ok, err := f.fits(r)
	if err != nil || !ok {
		file.Close()
		return false, vfs.Classify(err, "reading "+f.Path)
	}
	f.r, f.head, f.tail, f.long = r, head, tail, nil
	return true, nil
}

// Batch is a run of lines of one file.
type Batch struct {
	File  string
	Lines []stream.Record
}

// Sentinels of read.
var (
	errTruncated = errors.New("the file was truncated")
	errCut       = errors.New("the packed file is cut off")
)

// read returns the next lines, in space. Lines longer than most are kept by their beginnings only.
// final says that a last line without an end is one.
func (f *file) read(space *[]byte, chunk, most int, final bool) (*Batch, error) {
	pos, before := f.Offset, f.tail
	if f.long != nil {
		pos, before = pos+f.long.n, f.long.tail
	}
	need := len(before) + max(chunk, most+2)
	if cap(*space) < need {
		*space = make([]byte, need+tailBytes)
	}
	buf := (*space)[:need]
	n, err := f.r.ReadAt(buf, pos-int64(len(before)))
	if err != nil && !errors.Is(err, io.EOF) {
		if isPacked(f.Path) {
			return nil, errCut // what it held before is read when it is whole
		}
		return nil, vfs.Classify(err, "reading "+f.Path)
	}
	if n < len(before) || !bytes.Equal(buf[:len(before)], before) {
		return nil, errTruncated
	}
	text := buf[len(before):n]
	b := &Batch{File: f.Path}
	f.split(text, most, final && err != nil, b)
	f.atEnd = err != nil
	return b, nil
}

// split cuts text into lines and moves the place behind them.
func (f *file) split(text []byte, most int, final bool, b *Batch) {
	if f.long != nil {
		if text = f.lengthen(text, final, b); text == nil {
			return
		}
	}
	for len(text) > 0 {
		// writers that do not append leave zeros when a file is truncated under them
		if k := len(text) - len(bytes.TrimLeft(text, "\x00")); k > 0 {
			f.pass(text[:k])
			text = text[k:]
			continue
		}
		at := bytes.IndexByte(text, '\n')
		if at < 0 && len(text) > most {
			f.long = &longLine{}
			f.lengthen(text, final, b)
			return
		}
		if at < 0 && !final {
			return
		}
		line, used := text, len(text)
		if at >= 0 {
			line, used = text[:at], at+1
		}
		f.line(line, most, b)
		f.pass(text[:used])
		text = text[used:]
	}
}

// line adds a line to a batch unless it is blank.
func (f *file) line(line []byte, most int, b *Batch) {
	if rec, ok := newRecord(line, f.Offset, most); ok {
		b.Lines = append(b.Lines, rec)
	}
}

// pass moves the place behind text.
func (f *file) pass(text []byte) {
	f.head, f.tail = grow(f.head, f.tail, text, f.Offset)
	f.Offset += int64(len(text))
}

// lengthen adds text to a line that is too long. When that ends, it returns what follows.
func (f *file) lengthen(text []byte, final bool, b *Batch) []byte {
	at := bytes.IndexByte(text, '\n')
	part := text
	if at >= 0 {
		part = text[:at]
	}
	l := f.long
	l.head = append(l.head, part[:min(len(part), max(0, stream.KeptOfLong-len(l.head)))]...)
	_, l.tail = grow(nil, l.tail, part, -1)
	l.n += int64(len(part))
	if at < 0 && !final {
		return nil
	}
	f.endLong(b)
	if at < 0 {
		return nil
	}
	f.pass(text[at : at+1])
	return text[at+1:]
}

// endLong makes the line that is too long a line of a batch.
func (f *file) endLong(b *Batch) {
	l := f.long
	b.Lines = append(b.Lines, stream.Record{Data: l.head, At: f.Offset, Cut: l.n})
	f.head, _ = grow(f.head, nil, l.head, f.Offset)
	f.tail, f.Offset, f.long = l.tail, f.Offset+l.n, nil
}
