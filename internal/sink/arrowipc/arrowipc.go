// Package arrowipc writes Arrow IPC files and streams.
package arrowipc

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
)

// Options of the writer.
type Options struct {
	// File writes the file format, with a footer and for random access; else the
	// stream format, which a pipe can pass on at once.
	File bool
}

// Writer implements sink.Writer. Dictionary columns are written as plain text,
// large and view types as what readers everywhere know: utf8 and binary.
type Writer struct {
	schema *arrow.Schema
	out    interface {
		Write(arrow.Record) error
		Close() error
	}
	conv []converter
	err  error
}

// New writes the schema and returns a writer.
func New(w io.Writer, schema *arrow.Schema, opts Options) (*Writer, error) {
	if err := sink.Flat(schema); err != nil {
		return nil, err
	}
	fields := schema.Fields()
	out := make([]arrow.Field, len(fields))
	a := &Writer{schema: schema, conv: make([]converter, len(fields))}
	for i, f := range fields {
		f.Type = plainType(f.Type)
		f.Nullable = true
		out[i] = f
		a.conv[i].typ = f.Type
	}
	meta := schema.Metadata()
	s := arrow.NewSchema(out, &meta)
	if opts.File {
		fw, err := ipc.NewFileWriter(&sectionWriter{w: w}, ipc.WithSchema(s))
		if err != nil {
			return nil, fault.As(fault.Internal, err)
		}
		a.out = fw
	} else {
		a.out = ipc.NewWriter(w, ipc.WithSchema(s))
	}
	return a, nil
}

// plainType is the type that a column is written as.
func plainType(t arrow.DataType) arrow.DataType {
	switch t.ID() {
	case arrow.DICTIONARY:
		return plainType(t.(*arrow.DictionaryType).ValueType)
	case arrow.LARGE_STRING, arrow.STRING_VIEW:
		return arrow.BinaryTypes.String
	case arrow.LARGE_BINARY, arrow.BINARY_VIEW:
		return arrow.BinaryTypes.Binary
	case arrow.FLOAT16:
		return arrow.PrimitiveTypes.Float32
	case arrow.INTERVAL_MONTHS, arrow.DECIMAL256, arrow.EXTENSION:
		switch frame.KindOf(t) {
		case frame.Int:
			return arrow.PrimitiveTypes.Int64
		case frame.Decimal:
			d := t.(*arrow.Decimal256Type)
			return &arrow.Decimal128Type{Precision: min(d.Precision, 38), Scale: d.Scale}
		}
	}
	return t
}

// Write implements sink.Writer.
func (a *Writer) Write(b *frame.Batch) error {
	if a.err != nil {
		return a.err
	}
	if err := sink.Check(b, a.schema); err != nil {
		return err
	}
	if b.N == 0 {
		return nil
	}
	cols := make([]arrow.Array, len(b.Cols))
	fields := make([]arrow.Field, len(b.Cols))
	for i := range b.Cols {
		data, err := a.conv[i].data(&b.Cols[i], b.N)
		if err != nil {
			return fault.Wrap(err, "writing column %s", a.schema.Field(i).Name)
		}
		cols[i] = array.MakeFromData(data)
		fields[i] = a.schema.Field(i)
		fields[i].Type, fields[i].Nullable = a.conv[i].typ, true
	}
	meta := a.schema.Metadata()
	rec := array.NewRecord(arrow.NewSchema(fields, &meta), cols, int64(b.N))
	a.err = a.out.Write(rec)
	rec.Release()
	for _, c := range cols {
		c.Release()
	}
	return a.err
}

// Close implements sink.Writer.
func (a *Writer) Close() error {
	err := a.out.Close()
	if a.err == nil {
		a.err = err
	}
	return a.err
}

// sectionWriter lets the file writer, which only wants to know where it is, write to a stream.
type sectionWriter struct {
	w   io.Writer
	pos int64
}

// Write implements io.Writer.
func (s *sectionWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.pos += int64(n)
	return n, err
}

// Seek implements io.Seeker for the present place only.
func (s *sectionWriter) Seek(off int64, whence int) (int64, error) {
	if whence == io.SeekCurrent && off == 0 {
		return s.pos, nil
	}
	return 0, fault.New(fault.Internal, "a stream cannot go to another place")
}
