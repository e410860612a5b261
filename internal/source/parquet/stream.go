package parquet

import (
	"fmt"
	"io"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// readAhead is how much of a chunk is fetched at once; pages larger than that
// are fetched whole.
const readAhead = 256 << 10

// maxHeader bounds a page header; statistics inside may hold long strings.
const maxHeader = 16 << 20

// stream reads a column chunk's bytes in order through one reused buffer.
type stream struct {
	r    io.ReaderAt
	mem  *budget
	buf  []byte
	lo   int   // buf[lo:hi] is fetched and not yet taken
	hi   int   //
	next int64 // file offset of buf[hi]
	end  int64 // end of the chunk
}

// headroom is kept in front of the fetched bytes for a length that a decoder
// wants to see there.
const headroom = 8

func (s *stream) reset(start, end int64) {
	s.lo, s.hi, s.next, s.end = headroom, headroom, start, end
}

// left is the number of bytes of the chunk not yet taken.
func (s *stream) left() int64 { return s.end - s.next + int64(s.hi-s.lo) }

// peek returns at least n bytes, or all that are left of the chunk, without
// taking them. They stay valid until the next peek or take.
func (s *stream) peek(n int) ([]byte, error) {
	if int64(n) > s.left() {
		n = int(s.left())
	}
	if s.hi-s.lo >= n {
		return s.buf[s.lo:s.hi], nil
	}
	if err := s.fetch(n); err != nil {
		return nil, err
	}
	return s.buf[s.lo:s.hi], nil
}

// fetch makes buf hold at least n bytes from lo on, n ≤ left.
func (s *stream) fetch(n int) error {
	want := max(n, int(min(readAhead, s.left())))
	old := s.buf
	if cap(old) < want+headroom {
		grown, err := grow(s.mem, s.buf[:0], want+headroom)
		if err != nil {
			return err
		}
		s.buf = grown
	}
	s.buf = s.buf[:cap(s.buf)]
	if s.hi > s.lo {
		copy(s.buf[headroom:], old[s.lo:s.hi])
	}
	s.hi, s.lo = s.hi-s.lo+headroom, headroom
	more := want + headroom - s.hi
	got, err := s.r.ReadAt(s.buf[s.hi:s.hi+more], s.next)
	if got < more {
		if err == nil || err == io.EOF {
			err = fmt.Errorf("the file ends at byte %d; it was cut while being read", s.next+int64(got))
		}
		return fault.As(fault.Input, err)
	}
	s.hi += more
	s.next += int64(more)
	return nil
}

// take returns the next n bytes; they stay valid until the next peek or take.
func (s *stream) take(n int) ([]byte, error) {
	if int64(n) > s.left() {
		return nil, fmt.Errorf("a page of %d bytes where %d bytes are left of the column chunk", n, s.left())
	}
	b, err := s.peek(n)
	if err != nil {
		return nil, err
	}
	s.lo += n
	return b[:n:n], nil
}

// pass leaves out the next n bytes; those that were not fetched are not read.
func (s *stream) pass(n int64) error {
	if n > s.left() {
		return fmt.Errorf("a page of %d bytes where %d bytes are left of the column chunk", n, s.left())
	}
	if have := int64(s.hi - s.lo); n > have {
		s.next += n - have
		s.lo, s.hi = headroom, headroom
		return nil
	}
	s.lo += int(n)
	return nil
}

// header reads the next page header.
func (s *stream) header() (pageHeader, error) {
	for n := 512; ; n *= 8 {
		b, err := s.peek(n)
		if err != nil {
			return pageHeader{}, err
		}
		h, used, err := parsePageHeader(b)
		if err == errShort && int64(len(b)) < s.left() && n < maxHeader {
			continue
		}
		if err != nil {
			return h, fmt.Errorf("page header: %w", err)
		}
		s.lo += used
		return h, nil
	}
}
