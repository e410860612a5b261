package stream

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source/ndjson"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Files reads lines of files and folders. Each file is a partition: of several the one whose
// events are furthest behind is read first, so that files in any order of time can be replayed.
type Files struct {
	paths  []string
	follow bool
	parts  []*filePart
	known  map[string]bool
	empty  bool // the last round found nothing
}

// filePart is one file.
type filePart struct {
	name, path string
	f          *os.File
	off        int64 // of the next record
	skip       int64 // of a line that is too long: how far it was looked through
	named      bool  // path leads to it
	idle       bool  // the last read found nothing
	quiet      bool
	ended      bool
}

// NewFiles returns a source of files and of the NDJSON files of folders. With follow they are
// read on as they grow, and folders are looked at for new files.
func NewFiles(paths []string, follow bool) *Files {
	return &Files{paths: paths, follow: follow, known: map[string]bool{}}
}

// Suffixes of files that are read out of folders.
var suffixes = []string{".ndjson", ".jsonl", ".json"}

// Reads reports whether a file of this name is read when the folder that it is in is an input.
func Reads(name string) bool {
	return !strings.HasPrefix(name, ".") && slices.Contains(suffixes, strings.ToLower(filepath.Ext(name)))
}

// Start implements Source.
func (s *Files) Start(_ context.Context, from map[string]Position) ([]string, error) {
	for _, p := range s.parts { // an open file
		if at, ok := from[p.name]; ok {
			if err := p.resume(at); err != nil {
				return nil, err
			}
		}
	}
	if err := s.list(from); err != nil {
		return nil, err
	}
	if len(s.parts) == 0 && !s.follow {
		return nil, fault.New(fault.Input, "reading %s: it has no files to read", strings.Join(s.paths, ", ")).
			WithHint("of folders files named %s are read", strings.Join(suffixes, ", "))
	}
	names := make([]string, len(s.parts))
	for i, p := range s.parts {
		names[i] = p.name
	}
	return names, nil
}

// list opens the files that are not open yet.
func (s *Files) list(from map[string]Position) error {
	for _, path := range s.paths {
		st, err := os.Stat(path)
		if err != nil {
			return vfs.Classify(err, "opening "+path)
		}
		if !st.IsDir() {
			if !st.Mode().IsRegular() { // a pipe without a writer would be waited for, and none can be read again
				return fault.New(fault.Usage, "opening %s: it is a pipe or a device", path).WithHint("read it as standard input: ecomctl stream - <%s", path)
			}
			if err := s.open(path, from); err != nil {
				return err
			}
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return vfs.Classify(err, "reading "+path)
		}
		for _, e := range entries {
			if e.IsDir() || !Reads(e.Name()) {
				continue
			}
			if err := s.open(filepath.Join(path, e.Name()), from); err != nil {
				return err
			}
		}
	}
	return nil
}

// open opens a file at its position.
func (s *Files) open(path string, from map[string]Position) error {
	if s.known[path] {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return vfs.Classify(err, "opening "+path)
	}
	p := &filePart{name: path, path: path, f: f, named: true}
	if at, ok := from[path]; ok {
		if err := p.resume(at); err != nil {
			f.Close()
			return err
		}
	}
	s.known[path] = true
	s.parts = append(s.parts, p)
	return nil
}

// fingerprint is how much of a file's beginning identifies it.
const fingerprint = 1024

// mark identifies the file by what was read of its beginning.
func (p *filePart) mark(off int64) (string, error) {
	n := min(off, fingerprint)
	b := make([]byte, n)
	if _, err := p.f.ReadAt(b, 0); err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%d:%s", n, hex.EncodeToString(sum[:8])), nil
}

// resume goes to a position, if the file is the one that it was taken of.
func (p *filePart) resume(at Position) error {
	st, err := p.f.Stat()
	if err != nil {
		return vfs.Classify(err, "opening "+p.path)
	}
	hint := "the file was truncated or replaced since; give the old one, or start anew with another --checkpoint and -o"
	if st.Size() < at.Offset {
		return fault.New(fault.Input, "resuming %s: it has %d bytes, and %d of it were read", p.path, st.Size(), at.Offset).WithHint("%s", hint)
	}
	if mark, err := p.mark(at.Offset); err != nil || at.Mark != "" && mark != at.Mark {
		return fault.New(fault.Input, "resuming %s: it does not begin as the file that was read", p.path).WithHint("%s", hint)
	}
	p.off = at.Offset
	return nil
}

// readBytes is how much is read at once.
const readBytes = 1 << 20

// Next implements Source.
func (s *Files) Next(ctx context.Context, wait time.Duration, low func(string) int64) (*Batch, error) {
	if s.empty { // nothing came last time: files do not tell when they grow
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
		if err := s.list(nil); err != nil {
			return nil, err
		}
	}
	s.empty = false
	for {
		p := s.behind(low)
		if p == nil {
			break
		}
		b, err := s.read(p)
		if err != nil || b != nil {
			return b, err
		}
	}
	if !s.follow {
		return nil, io.EOF
	}
	for _, p := range s.parts {
		p.quiet = false // look again next time
	}
	s.empty = true
	return nil, nil
}

// behind returns the partition that has more and whose events are the oldest.
func (s *Files) behind(low func(string) int64) *filePart {
	var best *filePart
	var least int64
	for _, p := range s.parts {
		if p.quiet || p.ended {
			continue
		}
		if t := low(p.name); best == nil || t < least {
			best, least = p, t
		}
	}
	return best
}

// read returns the next lines of a file: nil when there are none at present.
func (s *Files) read(p *filePart) (*Batch, error) {
	buf := make([]byte, readBytes+ndjson.Padding)
	n, err := p.f.ReadAt(buf[:readBytes], max(p.off, p.skip))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, vfs.Classify(err, "reading "+p.path)
	}
	atEnd := errors.Is(err, io.EOF)
	if p.idle = n == 0; atEnd {
		if err := p.shrunk(); err != nil {
			return nil, err
		}
	}
	b := &Batch{Partition: p.name, Ended: atEnd && !s.follow, Quiet: atEnd}
	p.quiet, p.ended = atEnd, b.Ended
	if err := p.split(buf[:n], b); err != nil {
		return nil, err
	}
	if b.Next.Offset = p.off; len(b.Records) > 0 || b.Ended || atEnd {
		b.Next.Mark, err = p.mark(p.off)
		if err != nil {
			return nil, vfs.Classify(err, "reading "+p.path)
		}
		return b, nil
	}
	return nil, nil
}

// split cuts text into the records of a batch and moves the file's position behind them.
func (p *filePart) split(text []byte, b *Batch) error {
	if p.skip > p.off { // within a line that is too long
		at := bytes.IndexByte(text, '\n')
		if at < 0 {
			p.skip += int64(len(text))
			if !b.Ended {
				return nil
			}
			return p.tooLong(b, p.skip)
		}
		if err := p.tooLong(b, p.skip+int64(at)); err != nil {
			return err
		}
		p.off++ // the end of the line
		text = text[at+1:]
	}
	for len(text) > 0 {
		at := bytes.IndexByte(text, '\n')
		switch {
		case at < 0 && !b.Ended:
			if len(text) >= readBytes {
				p.skip = p.off + int64(len(text))
			}
			return nil
		case at < 0:
			at = len(text)
		}
		if line := WithoutMark(text[:at], p.off); len(bytes.TrimSpace(line)) > 0 {
			b.Records = append(b.Records, Record{Data: bytes.TrimSuffix(line, []byte("\r")), At: p.off})
		}
		used := min(at+1, len(text))
		p.off += int64(used)
		text = text[used:]
	}
	return nil
}

// WithoutMark leaves the byte order mark out of a line that begins at an offset, when that is the first.
func WithoutMark(line []byte, at int64) []byte {
	if at > 0 {
		return line
	}
	return bytes.TrimPrefix(line, []byte("\ufeff"))
}

// tooLong makes the record of a line that ends at end.
func (p *filePart) tooLong(b *Batch, end int64) error {
	head := make([]byte, KeptOfLong)
	n, err := p.f.ReadAt(head, p.off)
	if err != nil && !errors.Is(err, io.EOF) {
		return vfs.Classify(err, "reading "+p.path)
	}
	b.Records = append(b.Records, Record{Data: head[:min(int64(n), end-p.off)], At: p.off, Cut: end - p.off})
	p.off, p.skip = end, 0
	return nil
}

// shrunk tells that a file was truncated or replaced while it was read. One that was renamed is
// read to its end before.
func (p *filePart) shrunk() error {
	st, err := p.f.Stat()
	if err != nil {
		return vfs.Classify(err, "reading "+p.path)
	}
	const hint = "records may be in the file that was there before; stream files that only grow, or pipe them: tail -n +1 -F FILE | ecomctl stream -"
	if st.Size() < p.off {
		return fault.New(fault.Input, "reading %s: it was truncated: %d bytes were read, and it has %d", p.path, p.off, st.Size()).WithHint(hint)
	}
	if now, err := os.Stat(p.path); p.named && (err != nil || !os.SameFile(st, now)) && p.idle {
		return fault.New(fault.Input, "reading %s: another file has taken its place", p.path).WithHint(hint)
	}
	return nil
}

// Commit implements Source: files need not be told.
func (s *Files) Commit(context.Context, map[string]Position) error { return nil }

// Close implements Source.
func (s *Files) Close() error {
	for _, p := range s.parts {
		p.f.Close()
	}
	return nil
}

// NewOpenFile returns a source of an open file, from its present place on: standard input that
// was redirected from a file.
func NewOpenFile(name string, f *os.File, follow bool) (*Files, error) {
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, vfs.Classify(err, "reading "+name)
	}
	s := NewFiles(nil, follow)
	s.parts = []*filePart{{name: name, path: name, f: f, off: at}}
	return s, nil
}
