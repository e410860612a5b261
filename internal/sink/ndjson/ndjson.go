// Package ndjson writes one JSON object a line, or one array of objects. Numbers have
// full precision, times the form of RFC 3339; nulls, NaN and infinities are null.
package ndjson

import (
	"io"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/sink/text"
)

// Options of the writer. The zero value writes one object a line.
type Options struct {
	Array bool // one array of all objects
}

const flushBytes = 256 << 10

// Writer implements sink.Writer.
type Writer struct {
	w      io.Writer
	schema *arrow.Schema
	array  bool
	any    bool // an object was written
	closed bool
	buf    []byte
	cols   []column
	err    error
}

type column struct {
	key  []byte // {"name": or ,"name":
	f    text.Formatter
	dict *frame.Dict
	off  []int32
	data []byte
}

// New returns a writer. Columns of equal names keep them: the last one counts for most readers.
func New(w io.Writer, schema *arrow.Schema, opts Options) (*Writer, error) {
	if err := sink.Flat(schema); err != nil {
		return nil, err
	}
	j := &Writer{w: w, schema: schema, array: opts.Array, cols: make([]column, schema.NumFields())}
	for i, f := range schema.Fields() {
		lead := byte(',')
		if i == 0 {
			lead = '{'
		}
		j.cols[i].key = append(Quote([]byte{lead}, []byte(f.Name)), ':')
	}
	return j, nil
}

const hexDigits = "0123456789abcdef"

// Quote appends a JSON string. Control characters are escaped, and so are the line
// separators that are none in JSON but end a line in JavaScript; bytes that are not
// UTF-8 become U+FFFD.
func Quote(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b >= 0x20 && b < 0x7f && b != '"' && b != '\\' {
			i++
			continue
		}
		if b >= 0x80 {
			r, n := utf8.DecodeRune(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				dst = append(append(dst, s[start:i]...), "\uFFFD"...)
			case r == 0x2028 || r == 0x2029:
				dst = append(append(dst, s[start:i]...), '\\', 'u', '2', '0', '2', hexDigits[r&0xf])
			default:
				i += n
				continue
			}
			i += n
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&0xf])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// Write implements sink.Writer.
func (j *Writer) Write(b *frame.Batch) error {
	if j.err != nil {
		return j.err
	}
	if err := sink.Check(b, j.schema); err != nil {
		return err
	}
	for i := range j.cols {
		j.prepare(&j.cols[i], &b.Cols[i])
	}
	for r := range b.N {
		switch {
		case j.array && j.any:
			j.buf = append(j.buf, ',', '\n')
		case j.array:
			j.buf = append(j.buf, '[', '\n')
		}
		j.any = true
		for i := range j.cols {
			j.buf = append(j.buf, j.cols[i].key...)
			j.buf = j.cell(j.buf, &j.cols[i], &b.Cols[i], r)
		}
		if len(j.cols) == 0 {
			j.buf = append(j.buf, '{')
		}
		j.buf = append(j.buf, '}')
		if !j.array {
			j.buf = append(j.buf, '\n')
		}
		if len(j.buf) >= flushBytes {
			if err := j.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *Writer) prepare(p *column, col *frame.Column) {
	p.f.Set(col)
	if col.Dict == nil || col.Dict == p.dict {
		return
	}
	p.dict = nil
	if col.Dict.Len() > 4*col.Len {
		return
	}
	p.dict, p.off, p.data = col.Dict, append(p.off[:0], 0), p.data[:0]
	for k := range col.Dict.Len() {
		p.data = Quote(p.data, p.f.Valid(col.Dict.At(int32(k))))
		p.off = append(p.off, int32(len(p.data)))
	}
}

func (j *Writer) cell(dst []byte, p *column, col *frame.Column, r int) []byte {
	if col.IsNull(r) {
		return append(dst, "null"...)
	}
	if col.Kind == frame.String {
		if p.dict != nil && col.Dict == p.dict {
			k := col.Codes[r]
			return append(dst, p.data[p.off[k]:p.off[k+1]]...)
		}
		return Quote(dst, p.f.Str(r))
	}
	quoted := p.f.IsText()
	if quoted {
		dst = append(dst, '"')
	}
	out, ok := p.f.Append(dst, r)
	switch {
	case !ok:
		return append(dst, "null"...)
	case quoted:
		return append(out, '"')
	}
	return out
}

func (j *Writer) flush() error {
	if j.err == nil && len(j.buf) > 0 {
		_, j.err = j.w.Write(j.buf)
		j.buf = j.buf[:0]
	}
	return j.err
}

// Close implements sink.Writer.
func (j *Writer) Close() error {
	if j.closed {
		return j.err
	}
	j.closed = true
	if j.array {
		if !j.any {
			j.buf = append(j.buf, '[')
		} else {
			j.buf = append(j.buf, '\n')
		}
		j.buf = append(j.buf, ']', '\n')
	}
	return j.flush()
}
