package relation

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// dim is a dimension table in memory: its wanted columns, row by row, and the
// index from key to row.
type dim struct {
	join   *Join
	parent int       // index of the dimension that On.Left names; -1 for the fact table
	left   []int     // columns of the parent dimension, or slots of the fact table
	key    []keyPart // parallel to On
	cols   []dimCol
	here   int // place in cols of Join.Present; -1 when every row counts
	names  map[string]int
	wants  []source.Want

	rows  int
	bytes int64
	dense []int32 // rows+1 of integer keys from low on, when those lie close together
	low   int64
	ints  map[int64]int32
	texts map[string]int32
	via   []int32 // with a parent: of each parent row its row here
}

// keyPart is one column of a join's key.
type keyPart struct {
	col int // place in cols
	typ expr.Type
}

// dimCol is one column of a dimension.
type dimCol struct {
	plan
	kind frame.Kind
	data frame.Column
}

// planDims prepares the joins: which dimension hangs on which table.
func (p *Program) planDims() error {
	for i := range p.Rel.Joins {
		j := &p.Rel.Joins[i]
		d := &dim{join: j, parent: -1, here: -1, names: map[string]int{}}
		p.dims = append(p.dims, d)
		for k, on := range j.On {
			parent, name := p.parentOf(i, on.Left)
			if k > 0 && parent != d.parent {
				return fault.New(fault.Usage, "joining %s: its keys come from more than one table", j.Name)
			}
			d.parent = parent
			if err := p.planKey(d, name, on.Right); err != nil {
				return fault.Wrap(err, "joining %s", j.Name)
			}
		}
		if len(j.On) == 0 {
			return fault.New(fault.Usage, "joining %s: no key columns", j.Name)
		}
		if j.Present != "" {
			var err error
			if d.here, err = d.add(j.Present, expr.Text, "", false, j.Present); err != nil {
				return fault.Wrap(err, "joining %s", j.Name)
			}
		}
	}
	return nil
}

// parentOf splits "joinname.column" when an earlier join has that name.
func (p *Program) parentOf(before int, left string) (int, string) {
	for i := range before {
		if rest, ok := strings.CutPrefix(left, p.Rel.Joins[i].Name+"."); ok {
			return i, rest
		}
	}
	return -1, left
}

// planKey adds one pair of key columns. Both sides are compared as integers
// when one of them is stored as numbers, else as text.
func (p *Program) planKey(d *dim, left, right string) error {
	table := p.Rel.Fact
	if d.parent >= 0 {
		table = p.dims[d.parent].join.Table
	}
	lk, err := keyKind(table, left)
	if err != nil {
		return err
	}
	rk, err := keyKind(d.join.Table, right)
	if err != nil {
		return err
	}
	typ := expr.Text
	if lk == expr.Int || rk == expr.Int {
		typ = expr.Int
	}
	if lk == rk && (Wide(table, left) || Wide(d.join.Table, right)) && exactField(table, left) && exactField(d.join.Table, right) {
		typ = expr.Text // both as digits
	}
	col, err := d.add(right, typ, "", true, "")
	if err != nil {
		return err
	}
	d.key = append(d.key, keyPart{col: col, typ: typ})
	if d.parent < 0 {
		f, _ := field(table.Schema(), left)
		d.left = append(d.left, f) // becomes a slot in joinKeys
		return nil
	}
	col, err = p.dims[d.parent].add(left, typ, "", true, "")
	d.left = append(d.left, col)
	return err
}

// exactField reports whether a column of a typed table holds integers.
func exactField(t source.Dataset, name string) bool {
	f, err := field(t.Schema(), name)
	return err == nil && exact(t.Schema().Field(f).Type) && !source.Untyped(t)
}

// keyKind is Int for numbers of typed formats, Text for all that is text.
func keyKind(t source.Dataset, name string) (expr.Type, error) {
	f, err := field(t.Schema(), name)
	if err != nil {
		return 0, err
	}
	typ := t.Schema().Field(f).Type
	switch k := frame.KindOf(typ); {
	case k == frame.String || source.Untyped(t):
		return expr.Text, nil
	case k == frame.Int || k == frame.Float || k == frame.Decimal:
		return expr.Int, nil
	}
	return 0, fault.New(fault.Usage, "column %q holds %s values, which cannot be a key", name, typ)
}

// column plans a mapped column of the dimension.
func (d *dim) column(c *Column) (int, error) {
	k, err := d.add(c.From, c.Type, c.Layout, c.Integer, c.Name)
	if err != nil {
		return 0, fault.Wrap(err, "mapping %s", c.Name)
	}
	return k, nil
}

// add makes sure a source column is loaded as a type, for a canonical column or
// a key ("").
func (d *dim) add(name string, typ expr.Type, layout string, integer bool, canonical string) (int, error) {
	p := plan{name: name, typ: typ, layout: layout}
	p.mappedText(canonical)
	id := name + "\x00" + typ.String() + "\x00" + layout
	if p.code {
		id += "\x00code"
	}
	if k, ok := d.names[id]; ok {
		return k, nil
	}
	s := d.join.Table.Schema()
	f, err := field(s, name)
	if err != nil {
		return 0, err
	}
	c := Column{Name: name, From: name, Type: typ, Layout: layout, Integer: integer}
	kind := frame.KindOf(s.Field(f).Type)
	as := wantKind(&c, kind)
	if typ == expr.Text && source.Untyped(d.join.Table) {
		kind = frame.String
	}
	if err := readable(&c, kind, s.Field(f).Type); err != nil {
		return 0, err
	}
	d.wants = append(d.wants, source.Want{Col: f, As: as, Layout: layout})
	d.cols = append(d.cols, dimCol{plan: p, kind: kind})
	d.names[id] = len(d.cols) - 1
	return len(d.cols) - 1, nil
}

// joinKeys asks the fact table for the keys of its own joins.
func (b *builder) joinKeys() error {
	for _, d := range b.dims {
		if d.parent >= 0 {
			continue
		}
		for k, f := range d.left {
			as := frame.Any
			if d.key[k].typ == expr.Text || source.Untyped(b.Rel.Fact) {
				as = frame.String
			}
			d.left[k] = b.want(f, as, "")
		}
	}
	return nil
}

// load reads the whole dimension.
func (d *dim) load(ctx context.Context, p *Program, memory int64) error {
	vecs := make([]vec, len(d.cols))
	z := p.zone
	for i := range d.cols {
		d.cols[i].data = frame.Column{}
	}
	for _, sp := range d.join.Table.Splits() {
		if err := d.loadSplit(ctx, sp, vecs, &z, memory); err != nil {
			return err
		}
	}
	for i := range d.cols {
		d.cols[i].finish(d.rows)
	}
	if err := d.index(); err != nil {
		return err
	}
	if d.parent < 0 {
		return nil
	}
	parent := p.dims[d.parent]
	keys := make([]*frame.Column, len(d.left))
	for k, c := range d.left {
		keys[k] = &parent.cols[c].data
	}
	d.via = make([]int32, parent.rows)
	d.lookup(keys, d.via, nil)
	return nil
}

// loadSplit appends the rows of a split.
func (d *dim) loadSplit(ctx context.Context, sp source.Split, vecs []vec, z *zone, memory int64) (err error) {
	r, err := sp.Open(ctx, d.wants)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	var b frame.Batch
	for {
		if err := r.Next(&b); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if d.rows+b.N > math.MaxInt32/2 {
			return fault.New(fault.Full, "the table has more than %d rows", math.MaxInt32/2)
		}
		for i := range d.cols {
			c := vecs[i].convert(&d.cols[i].plan, &b.Cols[i], z)
			n, ok := d.cols[i].append(c, d.rows, b.N)
			if d.bytes += n; !ok {
				return fault.New(fault.Full, "column %q holds more than 2 GiB of text", d.cols[i].name)
			}
		}
		d.rows += b.N
		if memory > 0 && d.bytes+int64(d.rows)*48 > memory {
			return fault.New(fault.Full, "the table needs more than the %d MiB of memory left", memory>>20).
				WithHint("give more with --memory, or join before")
		}
	}
}

// append adds n converted rows at row base and returns the bytes they take.
func (c *dimCol) append(in *frame.Column, base, n int) (int64, bool) {
	d := &c.data
	if base == 0 && d.Type == nil {
		d.Type, d.Kind = in.Type, in.Kind
	}
	for len(d.Valid) < (base+n+7)>>3 {
		d.Valid = append(d.Valid, 0)
	}
	bytes := int64(n) * 8
	for i := range n {
		null := in.IsNull(i)
		if !null {
			frame.SetBit(d.Valid, base+i)
		} else {
			d.Nulls++
		}
		switch d.Kind {
		case frame.Float:
			d.F64 = append(d.F64, in.F64[i])
		case frame.String:
			if !null {
				s := in.Str(i)
				if len(d.Data)+len(s) > math.MaxInt32 {
					return 0, false
				}
				d.Data = append(d.Data, s...)
				bytes += int64(len(s))
			}
			d.Off = append(d.Off, int32(len(d.Data)))
		default:
			d.I64 = append(d.I64, in.I64[i])
		}
	}
	return bytes, true
}

// finish gives a text column its dictionary: one entry a row.
func (c *dimCol) finish(rows int) {
	d := &c.data
	d.Len = rows
	if d.Type == nil {
		d.Type, d.Kind = textType, frame.String
	}
	if d.Kind == frame.String {
		d.Dict = &frame.Dict{Off: append([]int32{0}, d.Off...), Data: d.Data}
		d.Off, d.Data = nil, nil
		d.Codes = make([]int32, rows)
		for i := range d.Codes {
			d.Codes[i] = int32(i)
		}
		if rows == 0 {
			d.Dict = emptyDict
		}
	}
}
