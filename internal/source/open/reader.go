package open

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// part is a split of one file, seen with the union's columns.
type part struct {
	u    *union
	file int
	s    source.Split
}

// File implements source.Split.
func (p *part) File() int { return p.file }

// Rows implements source.Split.
func (p *part) Rows() int64 { return p.s.Rows() }

// Bytes implements source.Split.
func (p *part) Bytes() int64 { return p.s.Bytes() }

// Stats implements source.Split. A partition's value is its own bound.
func (p *part) Stats(col int) (source.Stats, bool) {
	m := &p.u.files[p.file]
	if col < p.u.native {
		return p.s.Stats(m.cols[col])
	}
	v := m.part[col-p.u.native]
	if v.null {
		return source.Stats{}, false
	}
	return source.Stats{MinStr: []byte(v.value), MaxStr: []byte(v.value)}, true
}

// checked is a reader that says at the end whether the file changed meanwhile.
type checked struct {
	source.Reader
	check func() error
}

// Next implements source.Reader.
func (c *checked) Next(b *frame.Batch) error {
	err := c.Reader.Next(b)
	if err == io.EOF {
		if changed := c.check(); changed != nil {
			return changed
		}
	}
	return err
}

// reader puts columns of a file and constants in the wanted order.
type reader struct {
	in     source.Reader
	batch  frame.Batch
	from   []int // ≥ 0: column of in; < 0: -1-constant
	consts []*constant
	types  []arrow.DataType // the union's type of typed columns
}

// Next implements source.Reader.
func (r *reader) Next(b *frame.Batch) error {
	if err := r.in.Next(&r.batch); err != nil {
		return err
	}
	cols := frame.Grow(b.Cols, len(r.from))
	*b = r.batch
	b.Cols = cols
	for i, f := range r.from {
		if f < 0 {
			r.consts[-1-f].fill(b.N, &cols[i])
			continue
		}
		cols[i] = r.batch.Cols[f]
		if r.types[i] != nil {
			cols[i].Type = r.types[i]
		}
	}
	return nil
}

// Open implements source.Split.
func (p *part) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	m := &p.u.files[p.file]
	r := &reader{types: make([]arrow.DataType, len(want))}
	var inner []source.Want
	for i, w := range want {
		if w.Col < 0 || w.Col >= p.u.schema.NumFields() {
			return nil, fault.New(fault.Internal, "reading %s: there is no column %d", m.name, w.Col)
		}
		if w.Col >= p.u.native {
			k := w.Col - p.u.native
			c, err := newConstant(m.part[k], p.u.parts[k], w)
			if err != nil {
				return nil, fault.Wrap(err, "reading the partition %s of %s", m.part[k].key, m.name)
			}
			r.consts = append(r.consts, c)
			r.from = append(r.from, -len(r.consts))
			continue
		}
		r.from = append(r.from, len(inner))
		if _, text := m.ds.(textual); !text {
			r.types[i] = p.u.schema.Field(w.Col).Type
		} else if w.As == frame.Any {
			w.As = m.as[w.Col]
		}
		w.Col = m.cols[w.Col]
		inner = append(inner, w)
	}
	in, err := p.s.Open(ctx, inner)
	if err != nil {
		return nil, err
	}
	if !m.checks {
		in = &checked{Reader: in, check: m.data.check}
	}
	if len(r.consts) == 0 && len(p.u.files) == 1 {
		return in, nil // nothing to change
	}
	r.in = in
	return r, nil
}

// Close implements source.Reader.
func (r *reader) Close() error { return r.in.Close() }
