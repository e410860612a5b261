package ndjson

import (
	"bytes"
	"context"
	"io"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/textio"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// reader parses the objects of one split.
type reader struct {
	ds   *Dataset
	ctx  context.Context
	k    int
	want []*value.Builder
	at   [][]int // column → wants
	seen []int64 // by want: the row (+1) that it has a value for

	src    io.Reader
	closer io.Closer
	p      parser // p.s is the buffer, p.end the end of the text
	pos    int
	eof    bool
	opened bool

	row, line int64
	max       int
	starts    []int32 // of the objects of the batch
	rows      []int64
	list      [][]byte // of a Parser: the records that are read instead of a text
	alone     bool     // list is read
	copied    []byte   // a record that cannot be read in place
	bad       []frame.BadRow
	raw       func(int) []string
	failed    error

	stamp int64 // of the present object
	n     int   // its row in the batch
	next  int   // the column expected next
	col   int   // of the member being read; -1 none
	set   func(tok, []byte)
	get   func([]byte) func(tok, []byte)
}

// Next implements source.Reader.
func (r *reader) Next(b *frame.Batch) error {
	if r.failed != nil {
		return r.failed
	}
	err := r.batch(b)
	if err != nil {
		if err != io.EOF {
			err = fault.Wrap(fault.As(fault.Input, err), "reading %s", r.ds.name)
		}
		r.failed = err
	}
	return err
}

func (r *reader) batch(b *frame.Batch) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if !r.opened {
		if err := r.open(); err != nil {
			return err
		}
	}
	for _, w := range r.want {
		w.Reset(r.max)
	}
	r.starts, r.rows, r.bad = frame.Grow(r.starts, r.max), frame.Grow(r.rows, r.max), r.bad[:0]
	row0 := r.row
	n := 0
	for {
		if n = r.parse(); n > 0 || len(r.bad) > 0 {
			break
		}
		if r.eof {
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

func (r *reader) finish() error {
	for _, w := range r.want {
		r.ds.fixed.Add(int64(w.Fixed))
		w.Fixed = 0
	}
	if r.ds.opts.Check != nil {
		if err := r.ds.opts.Check(); err != nil {
			return err
		}
	}
	r.ds.mu.Lock()
	r.ds.rows[r.k] = r.row
	r.ds.mu.Unlock()
	return io.EOF
}

// open prepares the text of the split.
func (r *reader) open() error {
	r.opened = true
	from, err := r.ds.boundary(r.ctx, r.k)
	if err != nil {
		return err
	}
	to, err := r.ds.boundary(r.ctx, r.k+1)
	if err != nil {
		return err
	}
	un, err := textio.Unpack(r.ds.name, textio.ReaderAtCtx(r.ctx, r.ds.r, from, max(from, to)), r.ds.pack)
	if err != nil {
		return err
	}
	r.closer = un
	r.src = textio.Decode(un, r.ds.enc)
	if r.k == 0 {
		if _, err := io.CopyN(io.Discard, r.src, r.ds.mark); err != nil {
			return err
		}
	}
	r.set = r.setValue
	r.get = r.member
	return r.fill()
}

// fill reads more text behind what was not parsed yet.
func (r *reader) fill() error {
	rest := r.p.end - r.pos
	if rest > r.ds.opts.MaxRecord+window {
		return fault.New(fault.Input, "row %d: an object or line is longer than %d MiB", r.row+1, r.ds.opts.MaxRecord>>20).WithHint("one object a line is expected, or one array of objects")
	}
	need := max(2*rest, window)
	if cap(r.p.s) < need+padding {
		s := make([]byte, need+padding)
		copy(s, r.p.s[r.pos:r.p.end])
		r.p.s = s
	} else {
		r.p.s = r.p.s[:cap(r.p.s)]
		copy(r.p.s[:rest], r.p.s[r.pos:r.p.end])
	}
	r.pos, r.p.end = 0, rest
	for r.p.end < need && !r.eof {
		n, err := r.src.Read(r.p.s[r.p.end:need])
		r.p.end += n
		if err == io.EOF {
			r.eof = true
		} else if err != nil {
			return err
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	clear(r.p.s[r.p.end : r.p.end+padding])
	if !utf8.Valid(r.p.s[:r.p.end]) {
		for _, w := range r.want {
			w.FixUTF8 = true
		}
	}
	return nil
}

// maxBad ends a batch of nothing but bad rows, which hold text.
const maxBad = 4096

// parse reads objects into rows and returns their number.
func (r *reader) parse() int {
	n := 0
	for n < r.max && len(r.bad) < maxBad {
		start, stop, ok := r.find()
		if !ok {
			break
		}
		if start == stop && !r.alone {
			continue
		}
		r.n, r.stamp, r.next = n, r.row+1, 0
		end := r.object(start, stop)
		if end < 0 {
			for _, w := range r.want {
				w.Truncate(n)
			}
			r.note(start, stop)
			continue
		}
		for i, w := range r.want {
			if r.seen[i] != r.stamp {
				w.SetNull(n)
			}
		}
		r.starts[n], r.rows[n] = int32(start), r.row
		r.row++
		n++
	}
	return n
}

// object parses the object that the text from start to stop is.
func (r *reader) object(start, stop int) int {
	if r.p.s[start] != '{' {
		return r.p.fail("no object")
	}
	// What follows the record must not be read: the end moves for the while.
	end := r.p.end
	r.p.end = stop
	n := r.p.object(start, r.get)
	if n > 0 && r.p.blank(n) != stop {
		n = r.p.fail("text after the object")
	}
	if n == incomplete {
		r.p.why = "the object is not complete"
	}
	r.p.end = end
	return n
}

// find returns the next record: a line, or an object in balance. ok is false when
// more text is needed or there is none. Blank lines give an empty record.
func (r *reader) find() (start, stop int, ok bool) {
	if r.alone {
		return r.findRecord()
	}
	if r.ds.lines {
		return r.findLine()
	}
	return r.findValue()
}

func (r *reader) findLine() (start, stop int, ok bool) {
	if r.pos >= r.p.end {
		return 0, 0, false
	}
	i := bytes.IndexByte(r.p.s[r.pos:r.p.end], '\n')
	stop = r.pos + i
	if i < 0 {
		if !r.eof {
			return 0, 0, false
		}
		stop = r.p.end
	}
	start = r.pos
	r.pos = min(stop+1, r.p.end)
	r.line++
	for start < stop && (r.p.s[start] == ' ' || r.p.s[start] == '\t' || r.p.s[start] == '\r') {
		start++
	}
	return start, stop, true
}

// findValue passes over the brackets and commas of an array to the next object.
func (r *reader) findValue() (start, stop int, ok bool) {
	i := r.pos
	for i < r.p.end {
		switch c := r.p.s[i]; c {
		case ' ', '\t', '\n', '\r', ',', '[', ']':
			i++
			continue
		}
		break
	}
	r.pos = i
	if i >= r.p.end {
		return 0, 0, false
	}
	var n int
	if r.p.s[i] == '{' {
		n = r.p.balanced(i)
	} else if _, _, n = r.p.value(i); n == malformed {
		// Anything else: up to the next object.
		if k := bytes.IndexByte(r.p.s[i:r.p.end], '{'); k > 0 {
			n = i + k
		} else {
			n = incomplete
		}
	}
	if n < 0 {
		if !r.eof {
			return 0, 0, false
		}
		n = r.p.end
	}
	r.pos = n
	return i, n, true
}

// note keeps a bad row.
func (r *reader) note(start, stop int) {
	raw := bytes.TrimSpace(r.p.s[start:stop])
	if len(raw) > rawLimit {
		raw = raw[:rawLimit]
	}
	line, inFile := int64(-1), int64(0)
	if r.ds.lines {
		line = r.line - 1
		if r.k == 0 {
			inFile = r.line
		}
	}
	r.bad = append(r.bad, frame.BadRow{Row: r.row, Line: line, InFile: inFile, Raw: string(bytes.ToValidUTF8(raw, []byte("\uFFFD"))), Reason: r.p.why})
	r.row++
}

// member finds the column of a name; most objects have them in the same order.
func (r *reader) member(key []byte) func(tok, []byte) {
	c := r.next
	if c >= len(r.at) || r.ds.schema.Field(c).Name != string(key) {
		var ok bool
		if c, ok = r.ds.index[string(key)]; !ok || c >= len(r.at) {
			r.ds.noteLate(key)
			return nil
		}
	}
	r.next, r.col = c+1, c
	if len(r.at[c]) == 0 {
		return nil
	}
	return r.set
}

// setValue puts the value of a member into the wanted columns.
func (r *reader) setValue(t tok, text []byte) {
	for _, i := range r.at[r.col] {
		w := r.want[i]
		if r.seen[i] == r.stamp {
			w.Truncate(r.n) // the same name again: the last one counts
		}
		r.seen[i] = r.stamp
		if t == tokNull {
			w.SetNull(r.n)
		} else {
			w.Text(r.n, text)
		}
	}
}

// rawFields returns the members of row i as text, in the order of the schema.
func (r *reader) rawFields(i int) []string {
	out := make([]string, len(r.at))
	p := parser{s: r.p.s, end: r.p.end}
	if r.alone {
		p = *padded(r.list[r.rows[i]])
	}
	var col int
	set := func(t tok, text []byte) {
		if out[col] = ""; t != tokNull {
			out[col] = string(bytes.ToValidUTF8(text, []byte("\uFFFD")))
		}
	}
	p.object(int(r.starts[i]), func(key []byte) func(tok, []byte) {
		c, ok := r.ds.index[string(key)]
		if !ok || c >= len(out) {
			return nil
		}
		col = c
		return set
	})
	return out
}

// Close implements source.Reader.
func (r *reader) Close() error {
	if r.failed == nil {
		r.failed = fault.New(fault.Internal, "reading %s: the reader is closed", r.ds.name)
	}
	r.p.s = nil
	if r.closer != nil {
		c := r.closer
		r.closer = nil
		return c.Close()
	}
	return nil
}
