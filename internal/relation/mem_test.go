package relation

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// mem is a dataset in memory: one split a batch.
type mem struct {
	schema  *arrow.Schema
	format  string
	batches [][]frame.Column
}

func (m *mem) Schema() *arrow.Schema { return m.schema }
func (m *mem) Inputs() []source.Input {
	return []source.Input{{URI: "memory", Format: m.format, Rows: -1}}
}
func (m *mem) Notices() []string { return nil }
func (m *mem) Close() error      { return nil }
func (m *mem) Splits() []source.Split {
	s := make([]source.Split, len(m.batches))
	for i := range s {
		s[i] = memSplit{m, i}
	}
	return s
}

type memSplit struct {
	m *mem
	i int
}

func (s memSplit) File() int                           { return 0 }
func (s memSplit) Rows() int64                         { return int64(s.m.batches[s.i][0].Len) }
func (s memSplit) Bytes() int64                        { return 1 }
func (s memSplit) Stats(int) (st source.Stats, _ bool) { return st, false }
func (s memSplit) Open(_ context.Context, want []source.Want) (source.Reader, error) {
	return &memReader{split: s, want: want}, nil
}

type memReader struct {
	split memSplit
	want  []source.Want
	done  bool
}

func (r *memReader) Close() error { return nil }
func (r *memReader) Next(b *frame.Batch) error {
	if r.done {
		return io.EOF
	}
	r.done = true
	all := r.split.m.batches[r.split.i]
	b.Cols = b.Cols[:0]
	for _, w := range r.want {
		b.Cols = append(b.Cols, all[w.Col])
	}
	b.N, b.Row0, b.Rows, b.Bad = all[0].Len, 0, nil, nil
	return nil
}

// table makes a dataset of one batch from named columns.
func table(format string, names []string, cols ...frame.Column) *mem {
	fields := make([]arrow.Field, len(cols))
	for i := range cols {
		fields[i] = arrow.Field{Name: names[i], Type: cols[i].Type, Nullable: true}
	}
	return &mem{schema: arrow.NewSchema(fields, nil), format: format, batches: [][]frame.Column{cols}}
}

// Cells that mark values as absent.
type null struct{}

// ints, floats, texts and times make columns; null{} entries are null.
func intCol(vals ...any) frame.Column {
	c := frame.Column{Type: arrow.PrimitiveTypes.Int64, Kind: frame.Int, Len: len(vals)}
	fillCol(&c, vals, func(v any) { c.I64 = append(c.I64, asInt(v)) })
	return c
}

func floatCol(vals ...any) frame.Column {
	c := frame.Column{Type: arrow.PrimitiveTypes.Float64, Kind: frame.Float, Len: len(vals)}
	fillCol(&c, vals, func(v any) {
		f, _ := v.(float64)
		if k, ok := v.(int); ok {
			f = float64(k)
		}
		c.F64 = append(c.F64, f)
	})
	return c
}

func textCol(vals ...any) frame.Column {
	c := frame.Column{Type: arrow.BinaryTypes.String, Kind: frame.String, Len: len(vals), Off: []int32{0}}
	fillCol(&c, vals, func(v any) {
		s, _ := v.(string)
		c.Data = append(c.Data, s...)
		c.Off = append(c.Off, int32(len(c.Data)))
	})
	return c
}

func dictCol(vals ...any) frame.Column {
	c := frame.Column{Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}, Kind: frame.String, Len: len(vals)}
	d := &frame.Dict{Off: []int32{0}}
	at := map[string]int32{}
	fillCol(&c, vals, func(v any) {
		s, ok := v.(string)
		if !ok {
			c.Codes = append(c.Codes, 0)
			return
		}
		if _, seen := at[s]; !seen {
			at[s] = int32(d.Len())
			d.Data = append(d.Data, s...)
			d.Off = append(d.Off, int32(len(d.Data)))
		}
		c.Codes = append(c.Codes, at[s])
	})
	c.Dict = d
	return c
}

func timeCol(t arrow.DataType, vals ...any) frame.Column {
	c := intCol(vals...)
	c.Type, c.Kind = t, frame.KindOf(t)
	return c
}

func asInt(v any) int64 {
	switch v := v.(type) {
	case int:
		return int64(v)
	case int64:
		return v
	}
	return 0
}

func fillCol(c *frame.Column, vals []any, add func(any)) {
	for i, v := range vals {
		add(v)
		if _, ok := v.(null); ok || v == nil {
			if c.Valid == nil {
				c.Valid = make([]byte, (len(vals)+7)/8)
				fill(c.Valid, 0xff)
			}
			frame.ClearBit(c.Valid, i)
			c.Nulls++
		}
	}
}
