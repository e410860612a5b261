package csv

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"sync"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source/textio"
)

// chain finds where the chunks of a plain file begin and end. Only a reading from the
// start knows whether a newline is inside quotes, so chunk k+1 begins where a scan of
// chunk k says. The scan hops from quote to quote and costs little; it
// runs when a chunk is opened, hashes it and counts its lines, and leaves it in
// the buffer of the reader that opened it.
type chain struct {
	r         io.ReaderAt
	size      int64
	d         dialect
	chunk     int64
	maxRecord int

	mu     sync.Mutex
	starts []int64 // starts[k] is known for k <= done
	lines  []int64 // line number of the first record of chunk k
	done   int     // chunks scanned
	sum    hash.Hash
	digest string
	spare  []byte
}

// newChain makes the chain for the records from first to size; head is what
// comes before (mark and header) and line is how many lines that is.
func newChain(r io.ReaderAt, size, first int64, head []byte, line int64, d dialect, chunk int64, maxRecord int) *chain {
	n := max(1, int((size-first+chunk-1)/chunk))
	c := &chain{r: r, size: size, d: d, chunk: chunk, maxRecord: maxRecord, starts: make([]int64, n+1), lines: make([]int64, n+1), sum: sha256.New()}
	c.starts[0], c.lines[0] = first, line
	c.sum.Write(head)
	if first >= size {
		c.done, c.starts[1] = 1, first
		c.finish()
	}
	return c
}

func (c *chain) splits() int { return len(c.starts) - 1 }

// nominal is where chunk k would begin if records did not matter.
func (c *chain) nominal(k int) int64 { return min(c.starts[0]+int64(k)*c.chunk, c.size) }

func (c *chain) finish() {
	c.digest = hex.EncodeToString(c.sum.Sum(nil))
	c.spare = nil
}

// load reads chunk k into buf, which it returns grown, and says where in the file it
// begins and at which line.
func (c *chain) load(ctx context.Context, k int, buf []byte) (_ []byte, start, line int64, err error) {
	c.mu.Lock()
	for c.done < k {
		if c.spare, err = c.advance(ctx, c.spare); err != nil {
			c.mu.Unlock()
			return buf, 0, 0, err
		}
	}
	if c.done == k {
		defer c.mu.Unlock()
		buf, err = c.advance(ctx, buf)
		return buf, c.starts[k], c.lines[k], err
	}
	c.mu.Unlock()
	start, line = c.starts[k], c.lines[k]
	buf, err = c.read(ctx, buf[:0], start, c.starts[k+1])
	return buf, start, line, err
}

// read appends the bytes from..to to buf.
func (c *chain) read(ctx context.Context, buf []byte, from, to int64) ([]byte, error) {
	const block = 1 << 20
	n := len(buf)
	if need := n + int(to-from) + padding; cap(buf) < need {
		buf = append(make([]byte, 0, need), buf...)
	}
	for from < to {
		if err := ctx.Err(); err != nil {
			return buf[:n], err
		}
		m := int(min(block, to-from))
		got, err := c.r.ReadAt(buf[n:n+m], from)
		n += got
		from += int64(got)
		if got < m {
			if err == io.EOF {
				err = textio.ErrShrunk
			}
			return buf[:n], err
		}
	}
	return buf[:n], nil
}

// advance scans the next chunk with buf as memory and leaves exactly its records there.
func (c *chain) advance(ctx context.Context, buf []byte) ([]byte, error) {
	k := c.done
	start := c.starts[k]
	target := c.nominal(k + 1) // the boundary is the first record start at or after it
	if target <= start {       // a record covers the whole chunk
		c.commit(k, start, nil)
		return buf[:0], nil
	}
	const slack = 64 << 10
	end := min(target+slack, c.size)
	buf, err := c.read(ctx, buf[:0], start, end)
	if err != nil {
		return buf[:0], err
	}
	s := scanner{d: c.d, target: int(target - start), maxRecord: c.maxRecord}
	for {
		at, ok := s.scan(buf, end == c.size)
		if ok {
			buf = buf[:at]
			c.commit(k, start+int64(at), buf)
			return buf, nil
		}
		// The record goes on: read further, at most as far as records may be long.
		if s.endless(len(buf)) {
			line := c.lines[k] + int64(bytes.Count(buf[:s.record], []byte{c.d.nl}))
			return buf[:0], endlessLine(line, c.maxRecord)
		}
		next := min(end+max(slack, (end-start)/4), c.size)
		if buf, err = c.read(ctx, buf, end, next); err != nil {
			return buf[:0], err
		}
		end = next
	}
}

// endlessLine is the error for a line (0-based) that does not end within the bound.
func endlessLine(line int64, maxRecord int) error {
	return fault.New(fault.Input, "line %d is longer than %d MiB", line+1, maxRecord>>20).WithHint("is it a text table at all? each row must end with a newline")
}

func (c *chain) commit(k int, next int64, data []byte) {
	c.sum.Write(data)
	c.starts[k+1] = next
	c.lines[k+1] = c.lines[k] + int64(bytes.Count(data, []byte{c.d.nl}))
	c.done = k + 1
	if c.done == c.splits() {
		c.finish()
	}
}

// sha returns the digest once the whole file was read, else "".
func (c *chain) sha() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.digest
}

// scanner looks for the first record boundary at or after target in a text
// that begins at a record. It keeps its place, so that more text can be added.
type scanner struct {
	d         dialect
	target    int
	maxRecord int

	pos    int // scanned up to here, outside quotes
	record int // start of the record that pos is in (not kept up without quotes)
}

// endless reports whether the record that the text ends in is too long to be one.
func (s *scanner) endless(n int) bool { return n-s.record > s.maxRecord }

// scan returns the boundary; ok is false when more text is needed. eof says that
// there is none.
func (s *scanner) scan(buf []byte, eof bool) (int, bool) {
	for {
		s.hop(buf)
		// The boundary is behind the first newline outside quotes from target-1 on.
		from := max(s.pos, s.target-1)
		nl := -1
		if from < len(buf) {
			nl = bytes.IndexByte(buf[from:], s.d.nl)
		}
		stop := len(buf)
		if nl >= 0 {
			stop = from + nl
		}
		q := bytes.IndexByte(buf[s.pos:stop], '"')
		if q < 0 {
			if nl >= 0 {
				return stop + 1, true
			}
			if eof {
				return len(buf), true
			}
			s.note(buf, stop)
			return 0, false
		}
		q += s.pos
		s.note(buf, q)
		if q > 0 && buf[q-1] != s.d.delim && buf[q-1] != s.d.nl {
			s.pos = q + 1 // a quote inside a field is only a character
			continue
		}
		end := closing(buf, q+1)
		if end == len(buf) && !eof {
			end = -1 // the next byte may double the quote
		}
		switch {
		case end >= 0 && end-s.record <= s.maxRecord:
			s.pos = end
		case end < 0 && !eof && len(buf)-s.record <= s.maxRecord:
			s.pos = q
			return 0, false
		default:
			// Never closed, or too far away: the record is its first line, as in the reader.
			i := bytes.IndexByte(buf[s.record:], s.d.nl)
			if i < 0 {
				if eof {
					return len(buf), true
				}
				s.pos = q
				return 0, false
			}
			s.pos = s.record + i + 1
			s.record = s.pos
			if s.pos >= s.target {
				return s.pos, true
			}
		}
	}
}

// hop passes over quoted fields that follow each other, as in files that quote
// everything; what is not that simple is left to scan.
func (s *scanner) hop(buf []byte) {
	for s.pos < s.target-1 && s.pos+1 < len(buf) && buf[s.pos+1] == '"' {
		record := s.record
		switch buf[s.pos] {
		case s.d.nl:
			record = s.pos + 1
		case s.d.delim:
		default:
			return
		}
		end := closing(buf, s.pos+2)
		if end < 0 || end == len(buf) || end-record > s.maxRecord {
			return
		}
		s.pos, s.record = end, record
	}
}

// note moves pos forward to p, a place outside quotes, and keeps record up.
func (s *scanner) note(buf []byte, p int) {
	if i := bytes.LastIndexByte(buf[s.pos:p], s.d.nl); i >= 0 {
		s.record = s.pos + i + 1
	}
	s.pos = p
}

// closing returns the place behind the quote that closes a field whose text begins at p; -1
// when there is none. A doubled quote is a character.
func closing(buf []byte, p int) int {
	for {
		i := bytes.IndexByte(buf[p:], '"')
		if i < 0 {
			return -1
		}
		p += i + 1
		if p == len(buf) || buf[p] != '"' {
			return p
		}
		p++
	}
}
