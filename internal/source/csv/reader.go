package csv

import (
	"bytes"
	"context"
	"io"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

const (
	// padding is how many bytes are readable behind the text, so that eight bytes can be
	// loaded at any place of it; the first of them is always a newline.
	padding = 16
	// window is how much text a stream is read ahead.
	window = 1 << 20
	// maxCells bounds the cells of a batch, for tables of very many columns.
	maxCells = 1 << 22
	rawLimit = 4 << 10
)

// field is what is done with a column of the file.
type field struct {
	code  uint8
	mark  byte // opFloat: between the whole and the fraction
	long  int  // opText: longer texts cannot be a word for a missing value
	b     *value.Builder
	extra []*value.Builder // further wishes for the same column
}

// The codes of field: which fast way the hot loop tries.
const (
	opSkip uint8 = iota
	opInt
	opFloat
	opTime
	opText
	opOther
)

// reader parses the records of one split.
type reader struct {
	ds    *Dataset
	ctx   context.Context
	part  int
	want  []*value.Builder
	wants []source.Want
	ops   []field

	src    io.Reader // nil when buf holds the whole split
	buf    []byte    // the text; buf[end] is a newline that is not part of it
	pos    int
	end    int
	eof    bool
	loaded bool
	closer io.Closer

	row, line, line0 int64
	inner            int64   // newlines inside the quotes of the present record
	most, max        int     // rows of a batch: ever, and of the present one
	starts           []int32 // where the records of the batch begin in buf
	rows             []int64
	bad              []frame.BadRow
	raw              func(int) []string
	scratch          []byte
	failed           error
}

// Next implements source.Reader.
func (r *reader) Next(b *frame.Batch) error {
	if r.failed != nil {
		return r.failed
	}
	err := r.next(b)
	if err != nil {
		if err != io.EOF {
			err = r.ds.wrap(err)
		}
		r.failed = err
	}
	return err
}

func (r *reader) next(b *frame.Batch) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if !r.loaded {
		if err := r.load(); err != nil {
			return err
		}
	}
	if r.pos == r.end && !r.eof {
		if err := r.fill(); err != nil {
			return err
		}
	}
	r.max = min(r.most, (r.end-r.pos)/2+1) // a row takes at least two bytes
	for _, w := range r.want {
		w.Reset(r.max)
	}
	r.bad = r.bad[:0]
	r.starts, r.rows = frame.Grow(r.starts, r.max+1), frame.Grow(r.rows, r.max)
	row0 := r.row
	n := 0
	for {
		if n = r.parse(0); n > 0 || len(r.bad) > 0 {
			break
		}
		if r.eof {
			if r.pos < r.end {
				return fault.New(fault.Internal, "parsing stopped at byte %d of %d", r.pos, r.end)
			}
			return r.finish()
		}
		if err := r.fill(); err != nil {
			return err
		}
	}
	b.Cols = frame.Grow(b.Cols, len(r.want))
	for i, w := range r.want {
		w.Finish(n, &b.Cols[i])
	}
	b.N, b.Row0, b.Rows, b.Bad, b.Raw = n, row0, nil, nil, r.raw
	if len(r.bad) > 0 {
		b.Rows, b.Bad = r.rows[:n], r.bad
	}
	return nil
}

// finish is called once at the end of the split.
func (r *reader) finish() error {
	for _, w := range r.want {
		r.ds.fixed.Add(int64(w.Fixed))
		w.Fixed = 0
	}
	if err := r.ds.done(r.part, r.row); err != nil {
		return err
	}
	return io.EOF
}

// load brings the first text.
func (r *reader) load() error {
	r.loaded = true
	if r.src == nil {
		buf, _, line, err := r.ds.chain.load(r.ctx, r.part, r.ds.buffer())
		r.buf, r.line0 = buf, line
		if err != nil {
			return err
		}
		if dec := r.ds.enc; dec != 0 {
			r.src = decoded(buf, dec)
			r.buf = make([]byte, 0, window+padding)
			return r.fill()
		}
		r.pos, r.end, r.eof = 0, len(buf), true
		r.close()
		return nil
	}
	return r.fill()
}

var guard [padding]byte

// close makes the text ready for parsing: the guard behind it, a newline after the
// last record, and whether it is valid UTF-8.
func (r *reader) close() {
	r.buf = r.buf[:r.end]
	if r.eof && r.end > r.pos && r.buf[r.end-1] != r.ds.d.nl {
		r.buf = append(r.buf, r.ds.d.nl)
		r.end++
	}
	r.buf = append(r.buf, guard[:]...)[:r.end]
	r.buf[:r.end+1][r.end] = r.ds.d.nl
	if len(r.want) > 0 && !utf8.Valid(r.buf[r.pos:r.end]) {
		for _, w := range r.want {
			w.FixUTF8 = true
		}
		for i := range r.ops {
			if r.ops[i].code == opText {
				r.ops[i].code = opOther
			}
		}
	}
}

// fill reads more text behind what was not parsed yet.
func (r *reader) fill() error {
	rest := r.end - r.pos
	if rest > r.ds.opts.MaxRecord+window {
		return endlessLine(r.line0+r.line, r.ds.opts.MaxRecord)
	}
	need := max(2*rest, window)
	if cap(r.buf) < need+padding+1 {
		buf := make([]byte, rest, need+padding+1)
		copy(buf, r.buf[r.pos:r.end])
		r.buf = buf
	} else {
		copy(r.buf[:rest], r.buf[r.pos:r.end])
	}
	r.buf = r.buf[:cap(r.buf)]
	r.pos, r.end = 0, rest
	for r.end < need {
		n, err := r.src.Read(r.buf[r.end:need])
		r.end += n
		if err == io.EOF {
			r.eof = true
			break
		}
		if err != nil {
			return err
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	r.close()
	return nil
}

// parse reads records into rows from n on and returns the number of rows. It stops at a
// full batch or at the end of the complete records.
func (r *reader) parse(n int) int {
	nl := r.ds.d.nl
	for n < r.max && r.pos < r.end {
		p := r.pos
		if c := r.buf[p]; c == nl || c == '\r' && r.buf[:r.end+1][p+1] == nl { // a blank line
			r.pos += 1 + b2i(c != nl)
			r.line++
			continue
		}
		k := r.record(n)
		switch {
		case k > 0:
			r.starts[n], r.rows[n] = int32(p), r.row
			r.row++
			n++
			r.starts[n] = int32(r.pos)
		case k == 0: // incomplete
			r.undo(n)
			return n
		default:
			r.undo(n)
			r.row++
			if len(r.bad) >= maxBad {
				return n
			}
		}
	}
	return n
}

// maxBad ends a batch of nothing but bad rows, which hold text.
const maxBad = 4096

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r *reader) undo(n int) {
	for _, w := range r.want {
		w.Truncate(n)
	}
}

// Raw fields of row i of the present batch.
func (r *reader) rawFields(i int) []string {
	fields, _, _ := splitRecord(r.buf[:r.starts[i+1]], int(r.starts[i]), r.ds.d, nil)
	out := make([]string, len(fields))
	for k, f := range fields {
		out[k] = toText(f)
	}
	return out
}

func toText(b []byte) string {
	if !utf8.Valid(b) {
		return string(bytes.ToValidUTF8(b, []byte("\uFFFD")))
	}
	return string(b)
}

// Close implements source.Reader.
func (r *reader) Close() error {
	if r.failed == nil {
		r.failed = fault.New(fault.Internal, "reading %s: the reader is closed", r.ds.name)
	}
	if r.want != nil {
		r.ds.keep(r.wants, r.want)
		r.want = nil
	}
	if r.buf != nil && r.src == nil {
		r.ds.release(r.buf)
	}
	r.buf = nil
	if r.closer != nil {
		c := r.closer
		r.closer = nil
		return c.Close()
	}
	return nil
}
