package quality

import (
	"context"
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Failures returns every failing row as a dataset: the columns of the input as
// they are in the file (as text where the file is text), then _rule, _file and _row (from
// 1, without the header line), and for text files _raw, the line of a row that
// could not be split. A row that breaks two rules is there twice, in the order of the
// rules. The rows come in the order of the input.
func (r *Report) Failures() source.Dataset {
	f := &failures{r: r, textual: textual(r.ds)}
	var fields []arrow.Field
	for i := range r.ds.Schema().NumFields() {
		in := r.ds.Schema().Field(i)
		if frame.KindOf(in.Type) == frame.Nested {
			continue
		}
		w := source.Want{Col: i}
		if f.textual {
			w.As, in.Type = frame.String, arrow.BinaryTypes.String
		}
		f.wants = append(f.wants, w)
		in.Nullable = true
		fields = append(fields, in)
	}
	f.raw = len(fields)
	text := arrow.BinaryTypes.String
	fields = append(fields, arrow.Field{Name: "_rule", Type: text}, arrow.Field{Name: "_file", Type: text}, arrow.Field{Name: "_row", Type: arrow.PrimitiveTypes.Int64})
	if f.textual {
		fields = append(fields, arrow.Field{Name: "_raw", Type: text, Nullable: true})
	}
	f.schema = arrow.NewSchema(fields, nil)
	for s, split := range r.ds.Splits() {
		var n int64
		for i := range r.failed {
			n += r.failed[i][s].count()
		}
		if n > 0 {
			f.splits = append(f.splits, &failedSplit{f: f, at: s, inner: split, rows: n})
			f.rows += n
		}
	}
	return f
}

type failures struct {
	r       *Report
	textual bool
	schema  *arrow.Schema
	wants   []source.Want
	raw     int // number of the input's columns
	splits  []source.Split
	rows    int64
}

// Schema implements source.Dataset.
func (f *failures) Schema() *arrow.Schema { return f.schema }

// Splits implements source.Dataset.
func (f *failures) Splits() []source.Split { return f.splits }

// Inputs implements source.Dataset.
func (f *failures) Inputs() []source.Input { return f.r.ds.Inputs() }

// Notices implements source.Dataset.
func (f *failures) Notices() []string { return nil }

// Close implements source.Dataset; the input stays open.
func (f *failures) Close() error { return nil }

type failedSplit struct {
	f     *failures
	at    int
	inner source.Split
	rows  int64
}

// File implements source.Split.
func (s *failedSplit) File() int { return s.inner.File() }

// Rows implements source.Split.
func (s *failedSplit) Rows() int64 { return s.rows }

// Bytes implements source.Split.
func (s *failedSplit) Bytes() int64 { return s.inner.Bytes() }

// Stats implements source.Split; what failed is not what the file counted.
func (s *failedSplit) Stats(int) (source.Stats, bool) { return source.Stats{}, false }

// Open implements source.Split.
func (s *failedSplit) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	r := &failedReader{s: s, want: want}
	var inner []source.Want
	r.from = make([]int, len(want))
	for k, w := range want {
		r.from[k] = -1
		if w.Col < s.f.raw {
			r.from[k] = len(inner)
			inner = append(inner, s.f.wants[w.Col])
		}
	}
	var err error
	r.in, err = s.inner.Open(ctx, inner)
	return r, err
}

type failedReader struct {
	s    *failedSplit
	want []source.Want
	from []int // position in the inner batch; -1 = our own column
	in   source.Reader
	b    frame.Batch
	row0 int64
}

// pick is one failing row: of the inner batch, or a line that could not be split.
type pick struct {
	rule int
	row  int // of the batch; -1: bad
	bad  int
	at   int64
}

// Next implements source.Reader.
func (r *failedReader) Next(out *frame.Batch) error {
	for {
		err := r.in.Next(&r.b)
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		if err != nil {
			return err
		}
		if picks := r.picks(); len(picks) > 0 {
			r.fill(out, picks)
			r.row0 += int64(len(picks))
			return nil
		}
	}
}

// Close implements source.Reader.
func (r *failedReader) Close() error { return r.in.Close() }

// picks lists the failing rows of the batch in the order of the file.
func (r *failedReader) picks() (out []pick) {
	rep, bad := r.s.f.r, 0
	lines := func(before int64) {
		for ; bad < len(r.b.Bad) && r.b.Bad[bad].Row < before; bad++ {
			out = append(out, pick{rule: 0, row: -1, bad: bad, at: r.b.Bad[bad].Row})
		}
	}
	for i := range r.b.N {
		at := r.b.RowAt(i)
		lines(at)
		for rule := range rep.failed {
			if rep.failed[rule][r.s.at].has(at) {
				out = append(out, pick{rule: rule, row: i, at: at})
			}
		}
	}
	lines(1 << 62)
	return out
}

func (r *failedReader) fill(out *frame.Batch, picks []pick) {
	cols := make([]frame.Column, len(r.want))
	for k, w := range r.want {
		t := r.s.f.schema.Field(w.Col).Type
		if r.from[k] >= 0 {
			cols[k] = gather(&r.b.Cols[r.from[k]], t, picks)
			continue
		}
		cols[k] = r.own(w.Col-r.s.f.raw, picks)
	}
	*out = frame.Batch{Cols: cols, N: len(picks), Row0: r.row0}
}

// own makes _rule, _file, _row or _raw.
func (r *failedReader) own(which int, picks []pick) frame.Column {
	rep := r.s.f.r
	if which == 2 {
		c := frame.Column{Type: arrow.PrimitiveTypes.Int64, Kind: frame.Int, Len: len(picks)}
		for _, p := range picks {
			c.I64 = append(c.I64, rep.base[r.s.at]+p.at+1)
		}
		return c
	}
	c := frame.Column{Type: arrow.BinaryTypes.String, Kind: frame.String, Len: len(picks), Off: []int32{0}}
	for i, p := range picks {
		switch {
		case which == 0:
			c.Data = append(c.Data, rep.Outcomes[p.rule].Rule.Name...)
		case which == 1:
			c.Data = append(c.Data, rep.ds.Inputs()[r.s.File()].URI...)
		case p.row < 0:
			c.Data = append(c.Data, r.b.Bad[p.bad].Raw...)
		default:
			setNull(&c, i)
		}
		c.Off = append(c.Off, int32(len(c.Data)))
	}
	return c
}

func setNull(c *frame.Column, i int) {
	if c.Valid == nil {
		c.Valid = make([]byte, (c.Len+7)/8)
		for k := range c.Valid {
			c.Valid[k] = 0xff
		}
	}
	frame.ClearBit(c.Valid, i)
	c.Nulls++
}

// gather copies the picked rows of a column; lines that could not be split are null.
func gather(c *frame.Column, t arrow.DataType, picks []pick) frame.Column {
	if c.Kind != frame.String && frame.KindOf(t) == frame.String {
		return gatherText(c, t, picks)
	}
	out := frame.Column{Type: t, Kind: c.Kind, Len: len(picks), Dict: c.Dict}
	if c.Kind == frame.String && c.Dict == nil {
		out.Off = make([]int32, 1, len(picks)+1)
	}
	for i, p := range picks {
		row := p.row
		if row < 0 || c.IsNull(row) {
			setNull(&out, i)
			row = -1
		}
		switch {
		case c.Kind == frame.Null:
		case c.Dict != nil:
			out.Codes = append(out.Codes, at(c.Codes, row))
		case c.Kind == frame.String:
			if row >= 0 {
				out.Data = append(out.Data, c.Str(row)...)
			}
			out.Off = append(out.Off, int32(len(out.Data)))
		case c.Kind == frame.Float:
			out.F64 = append(out.F64, at(c.F64, row))
		case c.D128 != nil:
			out.D128 = append(out.D128, at(c.D128, row))
		default:
			out.I64 = append(out.I64, at(c.I64, row))
		}
	}
	return out
}

// gatherText is gather for a column that its file holds typed although the input is
// text: a partition in a folder's name, a Parquet file among CSV files.
func gatherText(c *frame.Column, t arrow.DataType, picks []pick) frame.Column {
	out := frame.Column{Type: t, Kind: frame.String, Len: len(picks), Off: make([]int32, 1, len(picks)+1)}
	f := newFormatter(c.Type)
	for i, p := range picks {
		if p.row < 0 || c.IsNull(p.row) {
			setNull(&out, i)
		} else {
			out.Data = appendText(out.Data, &f, c, p.row)
		}
		out.Off = append(out.Off, int32(len(out.Data)))
	}
	return out
}

// at is s[i], or the zero value for i = −1.
func at[T any](s []T, i int) (v T) {
	if i >= 0 {
		v = s[i]
	}
	return v
}
