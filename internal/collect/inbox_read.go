package collect

import (
	"bytes"
	"context"
	"io"
	"os"
	"time"

	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Next returns the next lines, which are good until it is called again; nil when nothing came within wait; io.EOF when
// the inbox is finished and everything was read.
func (in *Inbox) Next(ctx context.Context, wait time.Duration) (*Batch, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if b, err := in.take(); b != nil || err != nil {
			return b, err
		}
		select {
		case <-in.arrived:
		case <-timer.C:
			return nil, nil
		case <-ctx.Done():
		}
	}
}

// take reads the next lines that are there; nil when there are none.
func (in *Inbox) take() (*Batch, error) {
	for {
		s, ok, over := in.current()
		switch {
		case !ok && over:
			return nil, io.EOF
		case !ok:
			return nil, nil
		}
		text, err := in.read(s)
		if err != nil {
			return nil, err
		}
		b := &Batch{File: inboxName}
		for len(text) > 0 {
			line, rest, _ := bytes.Cut(text, []byte("\n"))
			if rec, ok := newRecord(line, in.at, in.most); ok {
				b.Lines = append(b.Lines, rec)
			}
			in.at += int64(len(text) - len(rest))
			text = rest
		}
		in.dirty = true
		if len(b.Lines) > 0 {
			return b, nil
		}
	}
}

// current is the segment that holds the next line; without one, over says that none comes.
func (in *Inbox) current() (s segment, ok, over bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, s := range in.segments {
		if s.end() > in.at {
			in.at = max(in.at, s.base)
			return s, true, false
		}
	}
	select {
	case <-in.done:
		return s, false, true
	default:
		return s, false, false
	}
}

// read reads whole lines. A segment that ends within one is of a run that was killed while it wrote: nobody was told that
// the line was kept, and it is passed over.
func (in *Inbox) read(s segment) ([]byte, error) {
	if in.file == nil || in.base != s.base {
		if in.file != nil {
			in.file.Close()
			in.file = nil
		}
		f, err := os.Open(in.path(s.base))
		if err != nil {
			return nil, vfs.Classify(err, "opening "+in.path(s.base))
		}
		in.file, in.base = f, s.base
	}
	if in.buf == nil {
		in.buf = make([]byte, readChunk)
	}
	for {
		n := min(int64(len(in.buf)), s.end()-in.at)
		if _, err := in.file.ReadAt(in.buf[:n], in.at-s.base); err != nil {
			return nil, vfs.Classify(err, "reading "+in.path(s.base))
		}
		if i := bytes.LastIndexByte(in.buf[:n], '\n'); i >= 0 {
			return in.buf[:i+1], nil
		}
		if in.at+n == s.end() {
			in.at = s.end()
			return nil, nil
		}
		in.buf = make([]byte, 2*len(in.buf)) // the longest line is as long as a request
	}
}

// Mark notes in a state how far Next has read.
func (in *Inbox) Mark(s *State) {
	s.Inbox, in.dirty = in.at, false
}

// Saved removes the segments that were delivered by a state that is safe, but for the one that may grow.
func (in *Inbox) Saved(s *State) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.kept = s.Inbox
	for len(in.segments) > 0 && in.segments[0].end() <= in.kept && (len(in.segments) > 1 || in.finished) {
		base := in.segments[0].base
		if in.file != nil && in.base == base {
			in.file.Close()
			in.file = nil
		}
		_ = os.Remove(in.path(base)) // else the next run does
		in.segments = in.segments[1:]
	}
}

// Dirty reports whether something was read since Mark.
func (in *Inbox) Dirty() bool { return in.dirty }

// Behind is the number of bytes that were not read.
func (in *Inbox) Behind() int64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return max(0, in.end()-in.at)
}
