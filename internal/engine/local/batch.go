package local

import (
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// vecData are the numbers of a batch's selected rows.
type vecData struct {
	i64     []int64 // 0 where null
	f64     []float64
	isFloat bool
	ok      []bool // nil when no row is null
	or      uint64 // all magnitudes or-ed: |x| < 2^bits.Len64(or) for every x
	okBuf   []bool
	sums    []int64 // of totals
	summed  bool
}

// state is one worker's view of a batch: selections, numbers and ids that
// several accumulators read. Its memory is reused batch after batch.
type state struct {
	p       *physical
	rows    *relation.Rows
	all     []int32 // 0, 1, 2, …
	sel     [][]int32
	selBuf  [][]int32
	vecs    []vecData
	ids     []idData // per use
	dicts   []dictIDs
	gids    []idData // per groupUse
	gidBuf  [][]uint32
	runs    []groupRuns // per groupUse
	cells   []cells     // per groupUse
	packed  []int64
	args    []*idData
	filters []*filter // per stream; nil without a condition
}

func newState(p *physical) (*state, error) {
	s := &state{p: p, sel: make([][]int32, len(p.streams)), selBuf: make([][]int32, len(p.streams)), vecs: make([]vecData, len(p.vecs)),
		ids: make([]idData, len(p.uses)), dicts: make([]dictIDs, len(p.uses)), gids: make([]idData, len(p.groupUses)),
		gidBuf: make([][]uint32, len(p.groupUses)), runs: make([]groupRuns, len(p.groupUses)), cells: make([]cells, len(p.groupUses)), filters: make([]*filter, len(p.streams))}
	for i, st := range p.streams {
		f, err := newFilter(p, st.where)
		if err != nil {
			return nil, err
		}
		s.filters[i] = f
	}
	return s, nil
}

// load computes everything that units read from a batch.
func (s *state) load(rows *relation.Rows) error {
	s.rows = rows
	for i := range s.p.streams {
		if err := s.pick(i); err != nil {
			return err
		}
	}
	for i := range s.p.vecs {
		s.number(i)
	}
	for i := range s.p.uses {
		u := &s.p.uses[i]
		sel := s.sel[u.stream]
		d := &s.ids[i]
		d.ids = frame.Grow(d.ids, len(sel))
		d.lo, d.hi = 0, 0
		if len(sel) == 0 {
			continue
		}
		k := s.p.keyers[u.keyer]
		if u.vec >= 0 {
			k.numbers(&s.vecs[u.vec], d)
		} else {
			k.strings(rows.Cols[k.col], sel, &s.dicts[i], d)
		}
	}
	for i := range s.p.groupUses {
		g := &s.p.groupUses[i]
		n := len(s.sel[g.stream])
		s.args = s.args[:0]
		for _, u := range g.uses {
			s.args = append(s.args, &s.ids[u])
		}
		d := &s.gids[i]
		s.runs[i].known = false
		if len(g.uses) != 1 {
			s.gidBuf[i] = frame.Grow(s.gidBuf[i], n)
			d.ids = s.gidBuf[i]
		}
		if n == 0 {
			*d = idData{ids: d.ids[:0]}
			continue
		}
		s.packed = frame.Grow(s.packed, n)
		if err := s.p.bases[g.base].group(s.args, n, s.packed, d, &s.cells[i]); err != nil {
			return err
		}
	}
	return nil
}

// pick selects the rows of a stream.
func (s *state) pick(i int) error {
	st := s.p.streams[i]
	r := s.rows
	s.selBuf[i] = frame.Grow(s.selBuf[i], r.N)
	sel := s.selBuf[i]
	n := 0
	inside, counted := 0, 0
	for k, c := range r.Count {
		counted += c
		if st.kinds.In(relation.Kind(k)) {
			inside += c
		}
	}
	if inside == r.N {
		for len(s.all) < r.N {
			s.all = append(s.all, int32(len(s.all)))
		}
		n = copy(sel, s.all)
	} else if inside > 0 {
		var in [256]uint8
		for k := range relation.NumKinds {
			if st.kinds.In(k) {
				in[k] = 1
			}
		}
		for j, k := range r.Kind[:r.N] {
			sel[n] = int32(j)
			n += int(in[k])
		}
	}
	sel = sel[:n]
	if st.ts >= 0 && n > 0 {
		sel = within(sel, r.Cols[st.ts], st.from, st.to)
	}
	if f := s.filters[i]; f != nil && len(sel) > 0 {
		var err error
		if sel, err = f.apply(r, sel); err != nil {
			return err
		}
	}
	s.sel[i] = sel
	return nil
}

// within keeps the rows of sel whose time lies in [from, to); a null time lies nowhere.
func within(sel []int32, c *frame.Column, from, to int64) []int32 {
	n := 0
	if c.Kind == frame.Null {
		return sel[:0]
	}
	nulls := c.Nulls > 0 && c.Valid != nil
	for _, r := range sel {
		if nulls && !frame.Bit(c.Valid, int(r)) {
			continue
		}
		sel[n] = r
		if v := c.I64[r]; v >= from && (v < to || to == query.MaxTime) {
			n++
		}
	}
	return sel[:n]
}

// number computes a vector.
func (s *state) number(i int) {
	v := s.p.vecs[i]
	d := &s.vecs[i]
	sel := s.sel[v.stream]
	d.ok, d.isFloat, d.or, d.summed = nil, v.typ == expr.Float, 0, false
	c := s.rows.Cols[v.col]
	valid, nulls := c.Valid, c.Nulls > 0 && c.Valid != nil
	if nulls || c.Kind == frame.Null {
		d.okBuf = frame.Grow(d.okBuf, len(sel))
		d.ok = d.okBuf
		bad := 0
		for j, r := range sel {
			ok := c.Kind != frame.Null && frame.Bit(valid, int(r))
			d.ok[j] = ok
			if !ok {
				bad++
			}
		}
		if bad == 0 {
			d.ok = nil
		}
	}
	switch {
	case d.isFloat:
		d.f64 = frame.Grow(d.f64, len(sel))
		gatherFloat(d, c, sel)
	case v.typ != expr.Text:
		d.i64 = frame.Grow(d.i64, len(sel))
		gatherInt(d, c, sel, v)
	}
}

func gatherFloat(d *vecData, c *frame.Column, sel []int32) {
	if c.Kind == frame.Null {
		clear(d.f64)
		return
	}
	out := d.f64[:len(sel)]
	for j, r := range sel {
		out[j] = c.F64[r]
	}
	if d.ok != nil {
		for j, ok := range d.ok {
			if !ok {
				out[j] = 0
			}
		}
	}
}

func gatherInt(d *vecData, c *frame.Column, sel []int32, v *vec) {
	out := d.i64[:len(sel)]
	if c.Kind == frame.Null {
		clear(out)
		return
	}
	src := c.I64
	or := uint64(0)
	switch {
	case v.cut == query.NoCut:
		for j, r := range sel {
			x := src[r]
			out[j] = x
			or |= uint64(x ^ x>>63)
		}
	case v.typ == expr.Time && ofDays(v.cut):
		for j, r := range sel {
			out[j] = dayOf(src[r])
		}
	default:
		for j, r := range sel {
			out[j] = src[r]
			if v.table == nil {
				out[j] = unitOf(v.typ, v.cut, out[j])
			}
		}
	}
	if v.table != nil {
		v.table.apply(out)
	}
	d.or = or
	if d.ok != nil {
		for j, ok := range d.ok {
			if !ok {
				out[j] = 0
			}
		}
	}
}

// dayOf is the day of a time in µs, rounding down.
func dayOf(t int64) int64 { return t/dayMicros + (t%dayMicros)>>63 }
