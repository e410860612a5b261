package local

import (
	"cmp"
	"container/heap"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
)

// compareCell orders two cells of columns of one type, nulls last.
func compareCell(a *frame.Column, i int, b *frame.Column, j int) int {
	an, bn := a.IsNull(i), b.IsNull(j)
	switch {
	case an && bn:
		return 0
	case an:
		return 1
	case bn:
		return -1
	case a.Kind == frame.String:
		return cmp.Compare(string(a.Str(i)), string(b.Str(j)))
	case a.Kind == frame.Float:
		return cmp.Compare(a.F64[i], b.F64[j])
	}
	return cmp.Compare(a.I64[i], b.I64[j])
}

// cursor is a row of a table.
type cursor struct {
	t   *query.Table
	row int
}

// compareDims orders two rows by their leading dims columns.
func compareDims(a, b cursor, dims int) int {
	for k := range dims {
		if c := compareCell(&a.t.Cols[k], a.row, &b.t.Cols[k], b.row); c != 0 {
			return c
		}
	}
	return 0
}

// cursors is a heap of tables by the dimensions of their next row.
type cursors struct {
	at   []cursor
	dims int
}

func (h *cursors) Len() int           { return len(h.at) }
func (h *cursors) Less(i, j int) bool { return compareDims(h.at[i], h.at[j], h.dims) < 0 }
func (h *cursors) Swap(i, j int)      { h.at[i], h.at[j] = h.at[j], h.at[i] }
func (h *cursors) Push(x any)         { h.at = append(h.at, x.(cursor)) }
func (h *cursors) Pop() any {
	c := h.at[len(h.at)-1]
	h.at = h.at[:len(h.at)-1]
	return c
}

// mergeTables merges the sorted answers of partitions. Rows of equal
// dimensions, where a group lies in several partitions, become one. Partitions
// without rows are nil; nil is the answer when all are.
func mergeTables(q query.Query, parts []*query.Table) (*query.Table, error) {
	h := &cursors{dims: len(q.Dims)}
	var out tableBuilder
	for _, t := range parts {
		if t != nil {
			out.like = t
		}
		if t != nil && t.N > 0 {
			h.at = append(h.at, cursor{t, 0})
		}
	}
	if out.like == nil {
		return nil, nil
	}
	heap.Init(h)
	var prev cursor
	for len(h.at) > 0 {
		c := h.at[0]
		if prev.t != nil && compareDims(prev, c, h.dims) == 0 {
			if err := out.fold(q, c); err != nil {
				return nil, err
			}
		} else {
			out.append(c)
		}
		prev = c
		if c.row+1 < c.t.N {
			h.at[0].row++
			heap.Fix(h, 0)
		} else {
			heap.Pop(h)
		}
	}
	return out.table(), nil
}

// joinTables gives the groups of main the distinct counts of other tables,
// sorted alike; a group that is not there counts 0.
func joinTables(q query.Query, main *query.Table, distinct []*query.Table, at []int) *query.Table {
	out := &query.Table{Name: main.Name, N: main.N}
	dims := len(q.Dims)
	out.Names = append(out.Names, main.Names[:dims]...)
	out.Types = append(out.Types, main.Types[:dims]...)
	out.Cols = append(out.Cols, main.Cols[:dims]...)
	next := dims
	for k, m := range q.Measures {
		out.Names = append(out.Names, m.Name)
		j := -1
		for i, a := range at {
			if a == k {
				j = i
			}
		}
		if j < 0 {
			out.Types = append(out.Types, main.Types[next])
			out.Cols = append(out.Cols, main.Cols[next])
			next++
			continue
		}
		d := distinct[j]
		counts := make([]int64, main.N)
		for i, r := 0, 0; i < main.N; i++ {
			for r < d.N && compareDims(cursor{d, r}, cursor{main, i}, dims) < 0 {
				r++
			}
			if r < d.N && compareDims(cursor{d, r}, cursor{main, i}, dims) == 0 {
				counts[i] = d.Cols[dims].I64[r]
			}
		}
		out.Types = append(out.Types, d.Types[dims])
		out.Cols = append(out.Cols, intColumn(d.Types[dims], counts))
	}
	return out
}

// tableBuilder appends rows to a table like another.
type tableBuilder struct {
	like *query.Table
	n    int
	cols []columnBuffer
}

// append copies a row.
func (b *tableBuilder) append(c cursor) {
	if b.cols == nil {
		b.cols = make([]columnBuffer, len(b.like.Cols))
	}
	b.n++
	for k := range b.cols {
		col, cb := &c.t.Cols[k], &b.cols[k]
		null := col.IsNull(c.row)
		cb.null = append(cb.null, null)
		switch {
		case col.Kind == frame.String:
			var x []byte
			if !null {
				x = col.Str(c.row)
			}
			cb.lens = append(cb.lens, uint32(len(x)))
			cb.text = append(cb.text, x...)
		case col.Kind == frame.Float:
			cb.num = append(cb.num, uint64(floatBits(col.F64[c.row])))
		default:
			cb.num = append(cb.num, uint64(col.I64[c.row]))
		}
	}
}

// fold adds a row to the last one, measure by measure.
func (b *tableBuilder) fold(q query.Query, c cursor) error {
	last := b.n - 1
	for m := range q.Measures {
		k := len(q.Dims) + m
		col, cb := &c.t.Cols[k], &b.cols[k]
		if col.IsNull(c.row) {
			continue
		}
		if col.Kind == frame.String || col.Kind == frame.Float {
			return fault.New(fault.Internal, "measure %s of a spilled query cannot be put together", q.Measures[m].Name)
		}
		x, y := int64(cb.num[last]), col.I64[c.row]
		switch op := q.Measures[m].Op; {
		case cb.null[last]:
		case op == query.Min:
			y = min(x, y)
		case op == query.Max:
			y = max(x, y)
		default:
			s := x + y
			if (s > x) != (y > 0) && y != 0 {
				return fault.New(fault.Input, "the sum of %s passes 64 bits", q.Measures[m].Column).
					WithHint("look for absurd values with: ecomctl profile")
			}
			y = s
		}
		cb.num[last], cb.null[last] = uint64(y), false
	}
	return nil
}

// table finishes.
func (b *tableBuilder) table() *query.Table {
	t := &query.Table{Name: b.like.Name, Names: b.like.Names, Types: b.like.Types, N: b.n}
	if b.cols == nil {
		t.Cols = b.like.Cols
		return t
	}
	for k := range b.cols {
		cb := &b.cols[k]
		ok := func(i int) bool { return !cb.null[i] }
		switch b.like.Cols[k].Kind {
		case frame.String:
			at := 0
			typ, kind := arrowType(expr.Text)
			t.Cols = append(t.Cols, frame.Column{Type: typ, Kind: kind, Len: b.n, Off: make([]int32, b.n+1), Data: cb.text})
			c := &t.Cols[k]
			for i, n := range cb.lens {
				at += int(n)
				c.Off[i+1] = int32(at)
			}
			c.Valid, c.Nulls = validity(b.n, ok)
		case frame.Float:
			vals := make([]float64, b.n)
			for i, v := range cb.num {
				vals[i] = floatOf(int64(v))
			}
			t.Cols = append(t.Cols, floatColumn(vals, ok))
		default:
			vals := make([]int64, b.n)
			for i, v := range cb.num {
				vals[i] = int64(v)
			}
			t.Cols = append(t.Cols, nullableColumn(b.like.Types[k], vals, ok))
		}
	}
	return t
}
