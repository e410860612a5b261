// Package csv writes comma- and tab-separated text: full-precision numbers, times as in
// RFC 3339, nulls as nothing.
package csv

import (
	"bytes"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/sink/text"
)

// Options of the writer. The zero value is a comma, a header and LF.
type Options struct {
	Delimiter byte // 0 is a comma; '\t' for TSV
	NoHeader  bool
}

const flushBytes = 256 << 10

// Writer implements sink.Writer.
type Writer struct {
	w      io.Writer
	schema *arrow.Schema
	delim  byte
	buf    []byte
	cols   []column
	err    error
}

// column formats the values of one column.
type column struct {
	f    text.Formatter
	dict *frame.Dict // of which quoted holds the entries as they are written
	off  []int32
	data []byte
}

// New writes the header and returns a writer. Text of nested columns does not exist: they
// are an error.
func New(w io.Writer, schema *arrow.Schema, opts Options) (*Writer, error) {
	if err := sink.Flat(schema); err != nil {
		return nil, err
	}
	c := &Writer{w: w, schema: schema, delim: opts.Delimiter, cols: make([]column, schema.NumFields())}
	if c.delim == 0 {
		c.delim = ','
	}
	if !opts.NoHeader {
		for i, f := range schema.Fields() {
			if i > 0 {
				c.buf = append(c.buf, c.delim)
			}
			c.buf = c.quote(c.buf, []byte(f.Name), len(c.cols) == 1)
		}
		c.buf = append(c.buf, '\n')
	}
	return c, nil
}

// quote appends a field, in quotes where it could be misread: delimiters, quotes,
// line ends. A field that is alone in its row is quoted when empty, for an empty line is no row.
func (c *Writer) quote(dst, s []byte, alone bool) []byte {
	if len(s) == 0 {
		if alone {
			return append(dst, '"', '"')
		}
		return dst
	}
	special := false
	for _, b := range s {
		if b == c.delim || b == '"' || b == '\n' || b == '\r' {
			special = true
			break
		}
	}
	if !special {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(s, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, s[:i+1]...), '"')
		s = s[i+1:]
	}
	return append(append(dst, s...), '"')
}

// Write implements sink.Writer.
func (c *Writer) Write(b *frame.Batch) error {
	if c.err != nil {
		return c.err
	}
	if err := sink.Check(b, c.schema); err != nil {
		return err
	}
	for i := range c.cols {
		c.prepare(&c.cols[i], &b.Cols[i])
	}
	for r := range b.N {
		for i := range c.cols {
			if i > 0 {
				c.buf = append(c.buf, c.delim)
			}
			c.buf = c.cell(c.buf, &c.cols[i], &b.Cols[i], r)
		}
		c.buf = append(c.buf, '\n')
		if len(c.buf) >= flushBytes {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// prepare sets a column's formatter and writes the entries of a new dictionary once.
func (c *Writer) prepare(p *column, col *frame.Column) {
	p.f.Set(col)
	if col.Dict == nil || col.Dict == p.dict {
		return
	}
	p.dict = nil
	if col.Dict.Len() > 4*col.Len {
		return // more entries than rows to use them
	}
	p.dict, p.off, p.data = col.Dict, append(p.off[:0], 0), p.data[:0]
	for k := range col.Dict.Len() {
		p.data = c.quote(p.data, p.f.Valid(col.Dict.At(int32(k))), len(c.cols) == 1)
		p.off = append(p.off, int32(len(p.data)))
	}
}

func (c *Writer) cell(dst []byte, p *column, col *frame.Column, r int) []byte {
	if col.IsNull(r) {
		return c.quote(dst, nil, len(c.cols) == 1)
	}
	if col.Kind == frame.String {
		if p.dict != nil && col.Dict == p.dict {
			k := col.Codes[r]
			return append(dst, p.data[p.off[k]:p.off[k+1]]...)
		}
		return c.quote(dst, p.f.Str(r), len(c.cols) == 1)
	}
	out, ok := p.f.Append(dst, r)
	if !ok {
		return c.quote(dst, nil, len(c.cols) == 1)
	}
	return out
}

func (c *Writer) flush() error {
	if c.err == nil && len(c.buf) > 0 {
		_, c.err = c.w.Write(c.buf)
		c.buf = c.buf[:0]
	}
	return c.err
}

// Close implements sink.Writer.
func (c *Writer) Close() error { return c.flush() }
