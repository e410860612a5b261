package csv

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source/textio"
)

// text returns the text of the whole file as a stream in the dialect's bytes:
// unpacked and decoded. tee, when not nil, gets the stored bytes.
func (ds *Dataset) text(ctx context.Context, tee io.Writer) (io.Reader, io.Closer, error) {
	stored := textio.ReaderAtCtx(ctx, ds.r, 0, ds.size)
	if tee != nil {
		stored = io.TeeReader(stored, tee)
	}
	un, err := textio.Unpack(ds.name, stored, ds.pack)
	if err != nil {
		return nil, nil, err
	}
	text := textio.Decode(un, ds.enc)
	if ds.blank {
		text = &squeeze{r: text, nl: ds.d.nl, start: true}
	}
	return text, un, nil
}

// stream lets the reader take the file from its start as one stream of text.
func (r *reader) stream() error {
	var sum hash.Hash
	var tee io.Writer
	if r.ds.digest == "" {
		sum = sha256.New()
		tee = sum
	}
	src, closer, err := r.ds.text(r.ctx, tee)
	if err != nil {
		return err
	}
	r.closer = closer
	if n, err := io.CopyN(io.Discard, src, r.ds.first); err != nil {
		closer.Close()
		if err == io.EOF {
			return fault.New(fault.Input, "the text became shorter by %d bytes since it was opened", r.ds.first-n)
		}
		return err
	}
	r.line0 = r.ds.line0
	r.src = src
	if sum != nil {
		r.src = &atEnd{r: src, f: func() {
			r.ds.mu.Lock()
			r.ds.digest = hex.EncodeToString(sum.Sum(nil))
			r.ds.mu.Unlock()
		}}
	}
	return nil
}

// atEnd calls f when r is at its end.
type atEnd struct {
	r io.Reader
	f func()
}

func decoded(buf []byte, e textio.Encoding) io.Reader {
	return textio.Decode(bytes.NewReader(buf), e)
}

// squeeze turns runs of blanks into single tabs and drops them at both ends of lines.
type squeeze struct {
	r       io.Reader
	nl      byte
	start   bool // at the start of a line
	pending bool // blanks were seen
	in      [32 << 10]byte
	rest    []byte
}

// Read implements io.Reader.
func (a *atEnd) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if err == io.EOF && a.f != nil {
		a.f()
		a.f = nil
	}
	return n, err
}

// Read implements io.Reader.
func (q *squeeze) Read(p []byte) (int, error) {
	for len(q.rest) == 0 {
		n, err := q.r.Read(q.in[:])
		q.rest = q.in[:n]
		if n == 0 && err != nil {
			return 0, err
		}
	}
	n, i := 0, 0
	for i < len(q.rest) && n < len(p) {
		c := q.rest[i]
		switch c {
		case ' ', '\t':
			q.pending = !q.start
			i++
			continue
		case q.nl, '\r':
			q.start, q.pending = true, false
		default:
			if q.pending { // the blanks before c; c comes in the next round
				p[n] = '\t'
				n++
				q.pending = false
				continue
			}
			q.start = false
		}
		p[n] = c
		n++
		i++
	}
	q.rest = q.rest[i:]
	return n, nil
}
