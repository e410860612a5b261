package optimize

import (
	"container/heap"
	"context"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink/parquet"
	"github.com/ecomctl/ecomctl/internal/source"
	read "github.com/ecomctl/ecomctl/internal/source/parquet"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// sorter takes the rows of a folder and gives them in order. What memory does not hold waits,
// sorted, in temporary Parquet files (runs), which are merged.
type sorter struct {
	schema  *arrow.Schema
	by      []int
	opt     *Options
	batches []*frame.Batch
	refs    []ref
	bytes   int64
	keys    []uint64
	runs    []*vfs.Temp
}

// add keeps the rows of a batch.
func (s *sorter) add(b *frame.Batch) error {
	own := &frame.Batch{}
	own.CopyFrom(b)
	s.keys = keys(own, s.by, s.keys)
	for i, k := range s.keys {
		s.refs = append(s.refs, ref{key: k, batch: int32(len(s.batches)), row: int32(i)})
	}
	s.bytes += size(own, s.last()) + 32*int64(own.N) // of refs, and of sorting them
	s.batches = append(s.batches, own)
	if s.bytes < s.opt.Memory {
		return nil
	}
	return s.spill()
}

func (s *sorter) last() *frame.Batch {
	if len(s.batches) == 0 {
		return nil
	}
	return s.batches[len(s.batches)-1]
}

// size is what a batch holds beyond what the one before it holds already.
func size(b, before *frame.Batch) (n int64) {
	for i := range b.Cols {
		c := &b.Cols[i]
		n += int64(8*len(c.I64) + 8*len(c.F64) + 16*len(c.D128) + 4*len(c.Off) + len(c.Data) + 4*len(c.Codes) + len(c.Valid))
		if c.Dict != nil && (before == nil || before.Cols[i].Dict != c.Dict) {
			n += int64(len(c.Dict.Data) + 4*len(c.Dict.Off))
		}
	}
	return n
}

// give writes the rows held in memory in order.
func (s *sorter) give(write func(*frame.Batch) error) error {
	order(s.refs, s.batches, s.by)
	g := newGatherer(s.schema)
	for at := 0; at < len(s.refs); {
		n := min(frame.BatchRows-g.out.N, len(s.refs)-at, 1024) // text may fill a batch sooner
		g.add(s.refs[at:at+n], s.batches)
		at += n
		if g.full() || at == len(s.refs) {
			if err := write(g.batch()); err != nil {
				return err
			}
			g.reset()
		}
	}
	s.batches, s.refs, s.bytes = nil, s.refs[:0], 0
	return nil
}

// spill writes the rows held in memory to a run.
func (s *sorter) spill() error {
	t, err := vfs.NewTemp(s.opt.TempDir)
	if err != nil {
		return err
	}
	s.runs = append(s.runs, t)
	w, err := parquet.NewWriter(t, s.schema, parquet.Options{RowGroup: 4 * frame.BatchRows, Threads: s.opt.Threads})
	if err != nil {
		return err
	}
	if err := s.give(w.Write); err != nil {
		return err
	}
	return w.Close()
}

// each gives all rows in order.
func (s *sorter) each(ctx context.Context, write func(*frame.Batch) error) error {
	if len(s.runs) == 0 {
		return s.give(write)
	}
	if len(s.refs) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	m := &merger{by: s.by}
	defer m.close()
	for _, t := range s.runs {
		n, err := t.Size()
		if err != nil {
			return err
		}
		ds, err := read.Open(ctx, "temporary file", io.NewSectionReader(t, 0, n), n, read.Options{})
		if err != nil {
			return err
		}
		m.runs = append(m.runs, &cursor{ctx: ctx, ds: ds, splits: ds.Splits(), number: len(m.runs)})
	}
	return m.merge(s.schema, write)
}

// close removes the runs.
func (s *sorter) close() {
	for _, t := range s.runs {
		_ = t.Close()
	}
}

// cursor is a place in a run.
type cursor struct {
	ctx    context.Context
	ds     source.Dataset
	splits []source.Split
	r      source.Reader
	batch  frame.Batch
	keys   []uint64
	at     int
	number int
}

// next moves to the next batch of a run; ok is false after the last.
func (c *cursor) next(by []int) (ok bool, err error) {
	for {
		if c.r == nil {
			if len(c.splits) == 0 {
				return false, nil
			}
			if c.r, err = c.splits[0].Open(c.ctx, wants(c.ds, nil)); err != nil {
				return false, err
			}
			c.splits = c.splits[1:]
		}
		err := c.r.Next(&c.batch)
		if err == nil && c.batch.N > 0 {
			c.keys, c.at = keys(&c.batch, by, c.keys), 0
			return true, nil
		}
		if err == nil {
			continue
		}
		c.r.Close()
		c.r = nil
		if err != io.EOF {
			return false, err
		}
	}
}

// merger gives the rows of several runs in order; of equal ones those of the earlier run first.
type merger struct {
	by      []int
	runs    []*cursor
	heap    []*cursor
	batches []*frame.Batch // by number of the run
}

// Len implements heap.Interface.
func (m *merger) Len() int { return len(m.heap) }

// Less implements heap.Interface.
func (m *merger) Less(i, j int) bool {
	a, b := m.heap[i], m.heap[j]
	if x, y := a.keys[a.at], b.keys[b.at]; x != y {
		return x < y
	}
	if d := compare(&a.batch, a.at, &b.batch, b.at, m.by); d != 0 {
		return d < 0
	}
	return a.number < b.number
}

// Swap implements heap.Interface.
func (m *merger) Swap(i, j int) { m.heap[i], m.heap[j] = m.heap[j], m.heap[i] }

// Push implements heap.Interface.
func (m *merger) Push(x any) { m.heap = append(m.heap, x.(*cursor)) }

// Pop implements heap.Interface.
func (m *merger) Pop() any {
	last := m.heap[len(m.heap)-1]
	m.heap = m.heap[:len(m.heap)-1]
	return last
}

func (m *merger) merge(schema *arrow.Schema, write func(*frame.Batch) error) error {
	for _, c := range m.runs {
		m.batches = append(m.batches, &c.batch)
		ok, err := c.next(m.by)
		if err != nil {
			return err
		}
		if ok {
			m.heap = append(m.heap, c)
		}
	}
	heap.Init(m)
	g := newGatherer(schema)
	var refs []ref // rows that were chosen and not copied yet
	flush := func(all bool) error {
		g.add(refs, m.batches)
		refs = refs[:0]
		if g.out.N == 0 || !all && !g.full() {
			return nil
		}
		defer g.reset()
		return write(g.batch())
	}
	for len(m.heap) > 0 {
		c := m.heap[0]
		refs = append(refs, ref{batch: int32(c.number), row: int32(c.at)})
		c.at++
		ended := c.at == c.batch.N
		if ended || len(refs) >= min(1024, frame.BatchRows-g.out.N) {
			if err := flush(false); err != nil { // before the batch's memory is used again
				return err
			}
		}
		if !ended {
			heap.Fix(m, 0)
			continue
		}
		ok, err := c.next(m.by)
		if err != nil {
			return err
		}
		if ok {
			heap.Fix(m, 0)
		} else {
			heap.Pop(m)
		}
	}
	return flush(true)
}

func (m *merger) close() {
	for _, c := range m.runs {
		if c.r != nil {
			c.r.Close()
		}
		_ = c.ds.Close()
	}
}
