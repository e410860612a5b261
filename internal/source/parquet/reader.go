package parquet

import (
	"context"
	"io"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// split is a row group, or a range of its rows.
type split struct {
	ds       *dataset
	group    int
	from, to int64 // rows of the group
}

func (s *split) meta() *rowGroup { return &s.ds.meta.groups[s.group] }

// File is always 0: a dataset here is one file.
func (s *split) File() int { return 0 }

// Rows is the number of rows of the split.
func (s *split) Rows() int64 { return s.to - s.from }

// whole tells whether the split is a whole row group.
func (s *split) whole() bool { return s.Rows() == s.meta().numRows }

// Bytes is the stored size of all columns of the row group, in proportion to the rows.
func (s *split) Bytes() int64 {
	var sum int64
	for i := range s.meta().columns {
		sum += max(0, s.meta().columns[i].totalCompressed)
	}
	if !s.whole() {
		sum = int64(float64(sum) * float64(s.Rows()) / float64(s.meta().numRows))
	}
	return sum
}

// reader gives the batches of a split.
type reader struct {
	ctx   context.Context
	split *split
	cols  []*column
	leafs []int
	order []int // text columns first, for they may cut a batch short
	texts int   // how many of order are text
	batch int   // rows of a full batch
	row   int64
	err   error
}

// Open starts reading the wanted columns of the split.
func (s *split) Open(ctx context.Context, want []source.Want) (_ source.Reader, err error) {
	defer recovered(&err, s.ds.name)
	r := &reader{ctx: ctx, split: s, batch: s.batchRows(want)}
	for _, w := range want {
		if err := r.add(w.Col); err != nil {
			r.Close()
			return nil, s.reading(err)
		}
	}
	for i, c := range r.cols {
		if c.leaf.kind == frame.String {
			r.order = append(r.order, i)
		}
	}
	r.texts = len(r.order)
	for i, c := range r.cols {
		if c.leaf.kind != frame.String {
			r.order = append(r.order, i)
		}
	}
	return r, nil
}

// batchRows makes batches shorter where texts are long on average.
func (s *split) batchRows(want []source.Want) int {
	n := int64(frame.BatchRows)
	g := s.meta()
	n = min(n, max(s.Rows(), 1))
	for _, w := range want {
		if w.Col < 0 || w.Col >= len(s.ds.leaves) || s.ds.leaves[w.Col].kind != frame.String {
			continue
		}
		k := &g.columns[s.ds.leaves[w.Col].index]
		if k.numValues <= 0 {
			continue
		}
		if each := k.totalUncompressed / k.numValues; each*n > batchBytes {
			n = max(1, batchBytes/each)
		}
	}
	return int(n)
}

func (r *reader) add(col int) error {
	ds := r.split.ds
	if col < 0 || col >= len(ds.leaves) {
		return fault.New(fault.Internal, "column %d of %d is wanted", col, len(ds.leaves))
	}
	l := &ds.leaves[col]
	if l.refused != "" {
		return fault.New(fault.Input, "column %q cannot be read: %s", l.name, l.refused).WithHint("leave it out, or convert the file with the tool that wrote it")
	}
	chunk := &r.split.meta().columns[l.index]
	if why := chunk.refused(); why != "" {
		return fault.New(fault.Input, "row group %d, column %q cannot be read: %s", r.split.group, l.name, why).
			WithHint("write the file again with another codec and without encryption")
	}
	c := ds.column(col)
	r.cols, r.leafs = append(r.cols, c), append(r.leafs, col)
	if err := c.open(r.split, l, chunk, r.batch); err != nil {
		return err
	}
	return c.skip(r.ctx, r.split.from, r.batch)
}

// reading names the file in an error.
func (s *split) reading(err error) error {
	if fault.HintOf(err) == "" {
		return fault.New(fault.KindOf(err), "reading %s: %w", s.ds.name, err).WithHint(hintDamaged)
	}
	return fault.Wrap(err, "reading %s", s.ds.name)
}

// Next fills b with the next rows. See source.Reader.
func (r *reader) Next(b *frame.Batch) (err error) {
	if r.err != nil {
		return r.err
	}
	defer func() {
		if err != nil {
			r.err = err
		}
	}()
	defer recovered(&err, r.split.ds.name)
	if err := r.ctx.Err(); err != nil {
		return err
	}
	left := r.split.Rows() - r.row
	if left == 0 {
		return r.finish()
	}
	n, err := r.fill(int(min(left, int64(r.batch))))
	if err != nil {
		return r.split.reading(err)
	}
	b.Cols = frame.Grow(b.Cols, len(r.cols))
	for i, c := range r.cols {
		c.emit(&b.Cols[i], n)
	}
	b.N, b.Row0, b.Rows, b.Bad, b.Raw = n, r.row, nil, nil, nil
	r.row += int64(n)
	return nil
}

// fill makes every column hold at least n rows and returns n, which may be
// fewer than asked.
func (r *reader) fill(n int) (int, error) {
	for _, i := range r.order[:r.texts] {
		got, err := r.cols[i].fill(n)
		if err != nil {
			return 0, err
		}
		n = min(n, got)
	}
	for _, i := range r.order[r.texts:] {
		if _, err := r.cols[i].fill(n); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// finish checks after the last row of a row group that the chunks end there too.
func (r *reader) finish() error {
	if r.split.to < r.split.meta().numRows {
		return io.EOF
	}
	for _, c := range r.cols {
		if err := c.finish(); err != nil {
			return r.split.reading(err)
		}
	}
	return io.EOF
}

// Close gives the buffers back. The last batch is invalid after it.
func (r *reader) Close() error {
	for i, c := range r.cols {
		r.split.ds.putBack(r.leafs[i], c)
	}
	r.cols = nil
	if r.err == nil {
		r.err = fault.New(fault.Internal, "reading %s: the reader is closed", r.split.ds.name)
	}
	return nil
}
