// Package memtest is a dataset in memory, for tests of what reads datasets.
package memtest

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Dataset is a table held as columns, cut into splits and batches.
type Dataset struct {
	Names  []string
	Cols   []frame.Column // all of one length, without dictionaries shared with others
	Cuts   []int          // row numbers at which a new split begins; sorted, without 0
	Batch  int            // rows of a batch; 0 is a whole split
	Format string         // what Inputs say; "" is "parquet", a typed format
}

// New returns a dataset of one split.
func New(names []string, cols ...frame.Column) *Dataset {
	return &Dataset{Names: names, Cols: cols}
}

// Rows is the number of rows.
func (d *Dataset) Rows() int {
	if len(d.Cols) == 0 {
		return 0
	}
	return d.Cols[0].Len
}

// Schema implements source.Dataset; every column is nullable.
func (d *Dataset) Schema() *arrow.Schema {
	fields := make([]arrow.Field, len(d.Cols))
	for i := range d.Cols {
		fields[i] = arrow.Field{Name: d.Names[i], Type: d.Cols[i].Type, Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

// Splits implements source.Dataset.
func (d *Dataset) Splits() []source.Split {
	var out []source.Split
	from := 0
	for _, to := range append(append([]int{}, d.Cuts...), d.Rows()) {
		out = append(out, &split{d, from, to})
		from = to
	}
	return out
}

// Inputs implements source.Dataset.
func (d *Dataset) Inputs() []source.Input {
	format := d.Format
	if format == "" {
		format = "parquet"
	}
	return []source.Input{{URI: "memory", Format: format, Size: -1, Rows: int64(d.Rows())}}
}

// Notices implements source.Dataset.
func (d *Dataset) Notices() []string { return nil }

// Close implements source.Dataset.
func (d *Dataset) Close() error { return nil }

type split struct {
	d        *Dataset
	from, to int
}

func (s *split) File() int                            { return 0 }
func (s *split) Rows() int64                          { return int64(s.to - s.from) }
func (s *split) Bytes() int64                         { return s.Rows() * 8 }
func (s *split) Stats(int) (st source.Stats, ok bool) { return st, false }
func (s *split) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	return &reader{ctx: ctx, s: s, want: want, at: s.from}, nil
}

type reader struct {
	ctx  context.Context
	s    *split
	want []source.Want
	at   int
}

func (r *reader) Close() error { return nil }

// Next implements source.Reader. Columns are copied, so that who writes into a
// batch does not change the table.
func (r *reader) Next(b *frame.Batch) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if r.at >= r.s.to {
		return io.EOF
	}
	n := r.s.to - r.at
	if r.s.d.Batch > 0 {
		n = min(n, r.s.d.Batch)
	}
	*b = frame.Batch{Cols: make([]frame.Column, len(r.want)), N: n, Row0: int64(r.at - r.s.from)}
	for i, w := range r.want {
		b.Cols[i] = Slice(&r.s.d.Cols[w.Col], r.at, r.at+n)
	}
	r.at += n
	return nil
}

// Slice copies rows [from, to) of a column. The dictionary is shared.
func Slice(c *frame.Column, from, to int) frame.Column {
	out := frame.Column{Type: c.Type, Kind: c.Kind, Len: to - from, Dict: c.Dict}
	if c.I64 != nil {
		out.I64 = append([]int64{}, c.I64[from:to]...)
	}
	if c.F64 != nil {
		out.F64 = append([]float64{}, c.F64[from:to]...)
	}
	if c.D128 != nil {
		out.D128 = append(out.D128, c.D128[from:to]...)
	}
	if c.Codes != nil {
		out.Codes = append([]int32{}, c.Codes[from:to]...)
	}
	if c.Off != nil {
		out.Off = make([]int32, 1, to-from+1)
		for i := from; i < to; i++ {
			out.Data = append(out.Data, c.Data[c.Off[i]:c.Off[i+1]]...)
			out.Off = append(out.Off, int32(len(out.Data)))
		}
	}
	for i := from; i < to; i++ {
		if c.IsNull(i) {
			if out.Valid == nil {
				out.Valid = ones(to - from)
			}
			frame.ClearBit(out.Valid, i-from)
			out.Nulls++
		}
	}
	return out
}

func ones(n int) []byte {
	m := make([]byte, (n+7)/8)
	for i := range m {
		m[i] = 0xff
	}
	return m
}

// Column makes a column of an Arrow type from values of Go: nil is null; int64
// (or int) for integers, timestamps, dates, booleans and unscaled decimals, float64 for
// floats, string for text. A dictionary type gives a dictionary column.
func Column(t arrow.DataType, vals ...any) frame.Column {
	c := frame.Column{Type: t, Kind: frame.KindOf(t), Len: len(vals)}
	dict := t.ID() == arrow.DICTIONARY
	at := map[string]int32{}
	if c.Kind == frame.String {
		if dict {
			c.Dict = &frame.Dict{Off: []int32{0}}
		} else {
			c.Off = []int32{0}
		}
	}
	for i, v := range vals {
		if v == nil {
			if c.Valid == nil {
				c.Valid = ones(len(vals))
			}
			frame.ClearBit(c.Valid, i)
			c.Nulls++
		}
		switch c.Kind {
		case frame.Float:
			f, _ := v.(float64)
			c.F64 = append(c.F64, f)
		case frame.String:
			s, _ := v.(string)
			if dict {
				c.Codes = append(c.Codes, code(c.Dict, at, s, v == nil))
				break
			}
			c.Data = append(c.Data, s...)
			c.Off = append(c.Off, int32(len(c.Data)))
		case frame.Null:
		default:
			c.I64 = append(c.I64, integer(v))
		}
	}
	return c
}

func code(d *frame.Dict, at map[string]int32, s string, null bool) int32 {
	if null {
		return 0
	}
	k, ok := at[s]
	if !ok {
		k = int32(d.Len())
		at[s] = k
		d.Data = append(d.Data, s...)
		d.Off = append(d.Off, int32(len(d.Data)))
	}
	return k
}

func integer(v any) int64 {
	switch v := v.(type) {
	case nil:
		return 0
	case int:
		return int64(v)
	case int64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	}
	panic(fmt.Sprintf("memtest: %T is no integer", v))
}
