package stream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Pipe reads lines of a stream that cannot be read again, standard input above all. Its one
// partition is "-". A later run reads another stream, so positions only number the records.
type Pipe struct {
	r    io.Reader
	ch   chan piece
	stop chan struct{}
	rest []byte // the beginning of a line
	long int64  // its full length, when it is too long to be kept
	off  int64
	done bool
}

type piece struct {
	text []byte
	err  error
}

// NewPipe returns a source of lines of r.
func NewPipe(r io.Reader) *Pipe {
	return &Pipe{r: r, ch: make(chan piece, 1), stop: make(chan struct{})}
}

// Start implements Source.
func (s *Pipe) Start(context.Context, map[string]Position) ([]string, error) {
	go func() { // a read of a pipe cannot be interrupted
		for {
			buf := make([]byte, 256<<10)
			n, err := s.r.Read(buf)
			select {
			case s.ch <- piece{buf[:n], err}:
			case <-s.stop:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return []string{"-"}, nil
}

// Next implements Source.
func (s *Pipe) Next(ctx context.Context, wait time.Duration, _ func(string) int64) (*Batch, error) {
	if s.done {
		return nil, io.EOF
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
			return nil, nil
		case p := <-s.ch:
			if p.err != nil && !errors.Is(p.err, io.EOF) {
				return nil, vfs.Classify(p.err, "reading standard input")
			}
			if b := s.split(p.text, p.err != nil); len(b.Records) > 0 || b.Ended {
				return b, nil
			}
		}
	}
}

// split cuts text into records; last says that nothing follows.
func (s *Pipe) split(text []byte, last bool) *Batch {
	b := &Batch{Partition: "-", Ended: last}
	for {
		at := bytes.IndexByte(text, '\n')
		if at < 0 {
			s.keep(text)
			break
		}
		s.keep(text[:at])
		s.flush(b, 1)
		text = text[at+1:]
	}
	if last {
		s.flush(b, 0)
		s.done = true
	}
	b.Next.Offset = s.off
	return b
}

// keep adds to the line; of one that is too long only the beginning is kept.
func (s *Pipe) keep(text []byte) {
	s.long += int64(len(text))
	if room := MaxRecord - len(s.rest); room > 0 {
		s.rest = append(s.rest, text[:min(room, len(text))]...)
	}
}

// flush ends a line of so many bytes of line end.
func (s *Pipe) flush(b *Batch, end int64) {
	line, long := WithoutMark(bytes.TrimSuffix(s.rest, []byte("\r")), s.off), s.long
	if long >= MaxRecord {
		b.Records = append(b.Records, Record{Data: bytes.Clone(line[:KeptOfLong]), At: s.off, Cut: long})
	} else if len(bytes.TrimSpace(line)) > 0 {
		b.Records = append(b.Records, Record{Data: bytes.Clone(line), At: s.off})
	}
	s.off += long + end
	s.rest, s.long = s.rest[:0], 0
}

// Commit implements Source.
func (s *Pipe) Commit(context.Context, map[string]Position) error { return nil }

// Close implements Source.
func (s *Pipe) Close() error {
	close(s.stop)
	return nil
}
