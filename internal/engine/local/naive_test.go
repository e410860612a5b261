package local

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"sort"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// cell is a value in the tests: nil, int64, float64 or string.
type cell any

// memory is a dataset of rows cut into splits and batches.
type memory struct {
	names  []string
	types  []arrow.DataType
	rows   [][]cell
	splits []int // ends of the splits
	batch  int
	dict   bool // text as dictionaries
	stats  bool
}

func (m *memory) Schema() *arrow.Schema {
	var f []arrow.Field
	for i, n := range m.names {
		f = append(f, arrow.Field{Name: n, Type: m.types[i], Nullable: true})
	}
	return arrow.NewSchema(f, nil)
}
func (m *memory) Inputs() []source.Input { return []source.Input{{URI: "memory", Format: "parquet"}} }
func (m *memory) Notices() []string      { return nil }
func (m *memory) Close() error           { return nil }
func (m *memory) Splits() []source.Split {
	var out []source.Split
	from := 0
	for _, to := range m.splits {
		out = append(out, &memorySplit{m, from, to})
		from = to
	}
	return out
}

type memorySplit struct {
	m        *memory
	from, to int
}

func (s *memorySplit) File() int    { return 0 }
func (s *memorySplit) Rows() int64  { return int64(s.to - s.from) }
func (s *memorySplit) Bytes() int64 { return int64(s.to-s.from) * 32 }
func (s *memorySplit) Stats(col int) (st source.Stats, ok bool) {
	if !s.m.stats || s.m.types[col] != arrow.PrimitiveTypes.Int64 {
		return st, false
	}
	st.MinI64, st.MaxI64 = math.MaxInt64, math.MinInt64
	for _, r := range s.m.rows[s.from:s.to] {
		if v, ok := r[col].(int64); ok {
			st.MinI64, st.MaxI64 = min(st.MinI64, v), max(st.MaxI64, v)
		} else {
			st.Nulls++
		}
	}
	return st, true
}
func (s *memorySplit) Open(_ context.Context, want []source.Want) (source.Reader, error) {
	return &memoryReader{s: s, want: want, at: s.from}, nil
}

type memoryReader struct {
	s    *memorySplit
	want []source.Want
	at   int
}

func (r *memoryReader) Close() error { return nil }
func (r *memoryReader) Next(b *frame.Batch) error {
	if r.at >= r.s.to {
		return io.EOF
	}
	n := min(r.s.m.batch, r.s.to-r.at)
	b.Cols = b.Cols[:0]
	for _, w := range r.want {
		b.Cols = append(b.Cols, r.column(w.Col, n))
	}
	b.N, b.Row0, b.Rows, b.Bad = n, int64(r.at-r.s.from), nil, nil
	r.at += n
	return nil
}

func (r *memoryReader) column(col, n int) frame.Column {
	rows := r.s.m.rows[r.at : r.at+n]
	c := frame.Column{Type: r.s.m.types[col], Kind: frame.KindOf(r.s.m.types[col]), Len: n, Off: []int32{0}}
	c.Valid, c.Nulls = validity(n, func(i int) bool { return rows[i][col] != nil })
	for _, row := range rows {
		switch c.Kind {
		case frame.String:
			s, _ := row[col].(string)
			c.Data = append(c.Data, s...)
			c.Off = append(c.Off, int32(len(c.Data)))
		case frame.Float:
			f, _ := row[col].(float64)
			c.F64 = append(c.F64, f)
		default:
			v, _ := row[col].(int64)
			c.I64 = append(c.I64, v)
		}
	}
	if c.Kind == frame.String && r.s.m.dict {
		d := &frame.Dict{Off: []int32{0}}
		at := map[string]int32{}
		codes := make([]int32, n)
		for i, row := range rows {
			s, _ := row[col].(string)
			k, ok := at[s]
			if !ok {
				k = int32(d.Len())
				at[s] = k
				d.Data = append(d.Data, s...)
				d.Off = append(d.Off, int32(len(d.Data)))
			}
			codes[i] = k
		}
		c.Off, c.Data, c.Codes, c.Dict = nil, nil, codes, d
	}
	return c
}

// naiveRow is a row as the relation gives it.
type naiveRow struct {
	vals  map[string]cell
	kind  relation.Kind
	place int
}

// naiveRows runs the relation over the whole input, row by row into maps.
func naiveRows(t interface{ Fatal(...any) }, rel *relation.Relation, need []string) []naiveRow {
	prog, err := relation.Compile(rel, need)
	if err != nil {
		t.Fatal(err)
	}
	w := prog.NewWorker()
	var out []naiveRow
	for i, sp := range rel.Fact.Splits() {
		w.Split(i)
		r, err := sp.Open(context.Background(), prog.Wants())
		if err != nil {
			t.Fatal(err)
		}
		var b frame.Batch
		for r.Next(&b) == nil {
			rows, err := w.Apply(&b)
			if err != nil {
				t.Fatal(err)
			}
			for j := range rows.N {
				nr := naiveRow{vals: map[string]cell{}, kind: rows.Kind[j], place: len(out)}
				for c, name := range need {
					nr.vals[name] = cellOf(rows.Cols[c], j)
				}
				out = append(out, nr)
			}
		}
	}
	return out
}

func cellOf(c *frame.Column, i int) cell {
	switch {
	case c.IsNull(i):
		return nil
	case c.Kind == frame.String:
		return string(c.Str(i))
	case c.Kind == frame.Float:
		return c.F64[i] + 0
	}
	return c.I64[i]
}

// naive answers a query with maps, one row at a time.
type naive struct {
	rel  *relation.Relation
	rows []naiveRow
	pass func(q query.Query) []bool
}

func (n *naive) typ(name string) expr.Type {
	if i := n.rel.Find(name); i >= 0 {
		return n.rel.Columns[i].Type
	}
	return expr.Money
}

// cut is written with package time's calendar in calendar_test.go; here the
// engine's own numbering serves.
func (n *naive) value(r *naiveRow, col string, c query.Cut) cell {
	v := r.vals[col]
	if v == nil || c == query.NoCut {
		return v
	}
	return unitStart(c, unitOf(n.typ(col), c, v.(int64)))
}

func (n *naive) inPeriod(r *naiveRow, q query.Query) bool {
	if q.From == query.MinTime && q.To == query.MaxTime {
		return true
	}
	ts, ok := r.vals["order_ts"].(int64)
	return ok && ts >= q.From && (ts < q.To || q.To == query.MaxTime)
}

func (n *naive) query(q query.Query) []string {
	q = q.Normal()
	pass := n.pass(q)
	firsts := make([]map[cell]cell, len(q.Dims))
	for i, d := range q.Dims {
		if d.FirstPer == "" {
			continue
		}
		firsts[i] = map[cell]cell{}
		for j := range n.rows {
			r := &n.rows[j]
			bounds := q
			bounds.From = query.MinTime
			v := n.value(r, d.Column, d.Cut)
			k := r.vals[d.FirstPer]
			if !d.SearchScope(q.Scope).In(r.kind) || !n.inPeriod(r, bounds) || k == nil || v == nil {
				continue
			}
			if old, ok := firsts[i][k]; !ok || v.(int64) < old.(int64) {
				firsts[i][k] = v
			}
		}
	}
	type group struct {
		dims []cell
		rows [][]*naiveRow // by measure
		main bool
	}
	groups := map[string]*group{}
	if len(q.Dims) == 0 {
		groups[""] = &group{rows: make([][]*naiveRow, len(q.Measures)), main: true}
	}
	for j := range n.rows {
		r := &n.rows[j]
		if !pass[j] || !n.inPeriod(r, q) {
			continue
		}
		var dims []cell
		skip := false
		for i, d := range q.Dims {
			if d.FirstPer != "" {
				k := r.vals[d.FirstPer]
				skip = skip || k == nil
				dims = append(dims, firsts[i][k])
				continue
			}
			dims = append(dims, n.value(r, d.Column, d.Cut))
		}
		if skip {
			continue
		}
		key := ""
		for _, d := range dims {
			key += fmt.Sprintf("%T%v\x00", d, d)
		}
		g := groups[key]
		if g == nil {
			g = &group{dims: dims, rows: make([][]*naiveRow, len(q.Measures))}
			groups[key] = g
		}
		g.main = g.main || q.Scope.In(r.kind)
		for i, m := range q.Measures {
			scope := m.Scope
			if scope == 0 {
				scope = q.Scope
			}
			if scope.In(r.kind) {
				g.rows[i] = append(g.rows[i], r)
			}
		}
	}
	var list []*group
	for _, g := range groups {
		if g.main {
			list = append(list, g)
		}
	}
	sort.Slice(list, func(a, b int) bool {
		for i := range q.Dims {
			if c := compareCells(list[a].dims[i], list[b].dims[i]); c != 0 {
				return c < 0
			}
		}
		return false
	})
	var out []string
	for _, g := range list {
		var line []string
		for _, d := range g.dims {
			line = append(line, show(d))
		}
		for i, m := range q.Measures {
			line = append(line, show(n.measure(m, g.rows[i])))
		}
		out = append(out, strings.Join(line, "|"))
	}
	return out
}

func compareCells(a, b cell) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	switch x := a.(type) {
	case int64:
		return cmp.Compare(x, b.(int64))
	case float64:
		y := b.(float64)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return strings.Compare(a.(string), b.(string))
}

func show(c cell) string {
	switch c := c.(type) {
	case nil:
		return "null"
	case float64:
		return fmt.Sprintf("%x", c)
	case string:
		return fmt.Sprintf("%q", c)
	}
	return fmt.Sprint(c)
}

func (n *naive) measure(m query.Measure, rows []*naiveRow) cell {
	if m.Op == query.Count && m.Column == "" {
		return int64(len(rows))
	}
	var vals []cell
	for _, r := range rows {
		if v := n.value(r, m.Column, m.Cut); v != nil {
			vals = append(vals, v)
		}
	}
	typ := n.typ(m.Column)
	switch m.Op {
	case query.Count:
		return int64(len(vals))
	case query.CountDistinct:
		set := map[cell]bool{}
		for _, v := range vals {
			set[v] = true
		}
		return int64(len(set))
	case query.Min, query.Max:
		slices.SortFunc(vals, compareCells)
		if len(vals) == 0 {
			return nil
		}
		if m.Op == query.Min {
			return vals[0]
		}
		return vals[len(vals)-1]
	case query.Quantile:
		if len(vals) == 0 {
			return nil
		}
		slices.SortFunc(vals, compareCells)
		h := float64(len(vals)-1) * m.P
		lo := math.Floor(h)
		a, b := scaled(vals[int(lo)], typ), scaled(vals[min(int(lo)+1, len(vals)-1)], typ)
		if a == b || h == lo {
			return a
		}
		return a + (h-lo)*(b-a)
	}
	sum := new(big.Float).SetPrec(2200)
	for _, v := range vals {
		if f, ok := v.(float64); ok {
			sum.Add(sum, new(big.Float).SetFloat64(f))
		} else {
			sum.Add(sum, new(big.Float).SetInt64(v.(int64)))
		}
	}
	if m.Op == query.Sum {
		if typ == expr.Float {
			f, _ := sum.Float64()
			return f + 0
		}
		i, _ := sum.Int64()
		return i
	}
	if len(vals) == 0 {
		return nil
	}
	f, _ := sum.Float64()
	if typ == expr.Money {
		return f / (float64(len(vals)) * 1e4)
	}
	return f / float64(len(vals))
}

func scaled(v cell, typ expr.Type) float64 {
	if f, ok := v.(float64); ok {
		return f
	}
	if typ == expr.Money {
		return float64(v.(int64)) / 1e4
	}
	return float64(v.(int64))
}

// lines shows a table as the naive answers are shown.
func lines(t *query.Table) []string {
	var out []string
	for i := range t.N {
		var line []string
		for c := range t.Cols {
			line = append(line, show(cellOf(&t.Cols[c], i)))
		}
		out = append(out, strings.Join(line, "|"))
	}
	return out
}
