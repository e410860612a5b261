package local

import (
	"math"
	"sync"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/intern"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// keyer gives the values of a column, cut or not, ids: 0 is null, integers of
// a known window are counted from its start (so ids order as values do), all
// else is interned behind the window. It is shared by all workers.
type keyer struct {
	name string
	col  int
	typ  expr.Type
	cut  query.Cut

	base int64 // first value of the window
	span uint64
	tidy bool // no value lies outside the window (the file's statistics prove it)

	ints *intern.Ints  // what the window does not hold; doubles as their bits
	text *intern.Bytes // text
}

// windowFactor bounds the window of integer ids by the rows of the input: a
// wider one would make arrays by id mostly empty.
const (
	windowFactor = 4
	windowLeast  = 1 << 20
)

func newKeyer(rel *relation.Relation, name string, col int, typ expr.Type, cut query.Cut, opt attemptOptions) *keyer {
	k := &keyer{name: name, col: col, typ: typ, cut: cut}
	switch {
	case typ == expr.Text:
		k.text = intern.NewBytes()
		return k
	case typ == expr.Float, typ == expr.Unknown:
	case cut != query.NoCut:
		first := unitOf(expr.Date, cut, tableFirst)
		last := unitOf(expr.Date, cut, tableFirst+tableDays-1)
		switch cut {
		case query.Hour:
			last += 23
		case query.HourOfDay:
			first, last = 0, 23
		case query.Weekday:
			first, last = 1, 7
		case query.MonthOfYear:
			first, last = 1, 12
		}
		k.base, k.span = first, uint64(last-first+1)
		k.tidy = last-first < 24
	case typ == expr.Bool:
		k.base, k.span, k.tidy = 0, 2, true
	case typ == expr.Date:
		k.base, k.span = tableFirst, tableDays
	case typ == expr.Int:
		k.window(rel, name, opt)
	}
	k.ints = intern.NewInts()
	return k
}

// window chooses the window of an integer column: the range that statistics
// give, when it is not much wider than the number of rows, else one from 0.
func (k *keyer) window(rel *relation.Relation, name string, opt attemptOptions) {
	rows, bytes := int64(0), int64(0)
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	known := true
	src := fieldOf(rel, name)
	for _, s := range rel.Fact.Splits() {
		if n := s.Rows(); n > 0 {
			rows += n
		} else if n < 0 {
			bytes += s.Bytes()
		}
		if src < 0 {
			known = false
			continue
		}
		st, ok := s.Stats(src)
		switch {
		case !ok:
			known = s.Rows() == 0 && known
		case st.Nulls == s.Rows():
		default:
			lo, hi = min(lo, st.MinI64), max(hi, st.MaxI64)
		}
	}
	room := uint64(max(windowLeast, windowFactor*(rows+bytes/64)))
	switch {
	case known && lo > hi:
	case known && uint64(hi-lo) < room:
		k.base, k.span, k.tidy = lo, uint64(hi-lo)+1, true
	case known && lo >= 0:
		k.base, k.span = lo, room
	default:
		k.base, k.span = 0, room
	}
	if opt.narrow {
		k.base, k.span, k.tidy = 0, 0, false
	}
}

// fieldOf returns the source column of an integer fact column, whose
// statistics speak of the same values; -1 when there is none.
func fieldOf(rel *relation.Relation, name string) int {
	i := rel.Find(name)
	if i < 0 || rel.Columns[i].Join != 0 || rel.Columns[i].Const != nil {
		return -1
	}
	at := rel.Fact.Schema().FieldIndices(rel.Columns[i].From)
	if len(at) != 1 {
		return -1
	}
	f := rel.Fact.Schema().Field(at[0])
	if frame.KindOf(f.Type) != frame.Int {
		return -1
	}
	return at[0]
}

// bound returns a number greater than every id given so far.
func (k *keyer) bound() uint32 {
	if k.text != nil {
		return 1 + k.text.Bound()
	}
	return uint32(k.span) + 1 + k.ints.Bound()
}

// bytes is the memory of the tables.
func (k *keyer) bytes() int64 {
	if k.text != nil {
		return k.text.Bytes()
	}
	return k.ints.Bytes()
}

// idData are the ids of a batch's rows with their extremes.
type idData struct {
	ids    []uint32
	lo, hi uint32
}

func (d *idData) span() {
	lo, hi := uint32(math.MaxUint32), uint32(0)
	for _, id := range d.ids {
		lo = min(lo, id)
		hi = max(hi, id)
	}
	d.lo, d.hi = lo, hi
}

// numbers fills d with the ids of a vector.
func (k *keyer) numbers(v *vecData, d *idData) {
	if v.isFloat {
		for i, f := range v.f64 {
			if v.ok != nil && !v.ok[i] {
				d.ids[i] = 0
				continue
			}
			d.ids[i] = 1 + k.ints.ID(int64(math.Float64bits(f+0))) // -0 becomes 0
		}
		d.span()
		return
	}
	base, span := k.base, k.span
	lo, hi := uint32(math.MaxUint32), uint32(0)
	ids := d.ids[:len(v.i64)]
	for i, x := range v.i64 {
		o := uint64(x - base)
		id := uint32(o) + 1
		if o >= span {
			id = k.outside(v, i, x)
		}
		ids[i] = id
		lo = min(lo, id)
		hi = max(hi, id)
	}
	d.lo, d.hi = lo, hi
	if v.ok != nil { // 0 stands for null in the vector, and may lie in the window
		for i, ok := range v.ok {
			if !ok {
				ids[i] = 0
			}
		}
		d.lo = 0
	}
}

// outside returns the id of a value that the window does not hold.
func (k *keyer) outside(v *vecData, i int, x int64) uint32 {
	if v.ok != nil && !v.ok[i] {
		return 0
	}
	return uint32(k.span) + 1 + k.ints.ID(x)
}

// dictIDs remembers the ids of the entries of the dictionary last seen.
type dictIDs struct {
	dict   *frame.Dict
	ids    []uint32        // by code; 0: not asked yet
	packed []intern.Packed // texts of a batch, prepared for lookup
	rows   []int32         // and their rows
	found  intern.Lookups
}

// strings fills d with the ids of a text column's selected rows.
func (k *keyer) strings(c *frame.Column, sel []int32, m *dictIDs, d *idData) {
	switch {
	case c.Kind == frame.Null:
		clear(d.ids)
	case c.Dict != nil:
		k.coded(c, sel, m, d)
	default:
		k.plain(c, sel, m, d)
	}
	d.span()
}

func (k *keyer) coded(c *frame.Column, sel []int32, m *dictIDs, d *idData) {
	if m.dict != c.Dict {
		m.dict = c.Dict
		m.ids = frame.Grow(m.ids, c.Dict.Len())
		clear(m.ids)
	}
	nulls := c.Nulls > 0 && c.Valid != nil
	for i, r := range sel {
		if nulls && !frame.Bit(c.Valid, int(r)) {
			d.ids[i] = 0
			continue
		}
		code := c.Codes[r]
		id := m.ids[code]
		if id == 0 {
			id = 1 + k.text.ID(c.Dict.At(code))
			m.ids[code] = id
		}
		d.ids[i] = id
	}
}

// plain prepares all texts of the batch before it looks any up: lookups that
// wait for memory then overlap.
func (k *keyer) plain(c *frame.Column, sel []int32, m *dictIDs, d *idData) {
	nulls := c.Nulls > 0 && c.Valid != nil
	m.packed, m.rows = frame.Grow(m.packed, len(sel)), frame.Grow(m.rows, len(sel))
	same := int32(-1) // row of the last packed text
	n := 0
	for i, r := range sel {
		if nulls && !frame.Bit(c.Valid, int(r)) {
			d.ids[i] = math.MaxUint32
			continue
		}
		b := c.Data[c.Off[r]:c.Off[r+1]]
		if same < 0 || string(b) != string(c.Data[c.Off[same]:c.Off[same+1]]) {
			m.packed[n], m.rows[n] = k.text.Pack(b), r
			n++
			same = r
		}
		d.ids[i] = uint32(n - 1)
	}
	m.ids = frame.Grow(m.ids, n)
	m.dict = nil
	k.text.IDs(m.packed[:n], func(i int) []byte { return c.Data[c.Off[m.rows[i]]:c.Off[m.rows[i]+1]] }, m.ids, &m.found)
	for i, j := range d.ids {
		if j == math.MaxUint32 {
			d.ids[i] = 0
		} else {
			d.ids[i] = 1 + m.ids[j]
		}
	}
}

// reader gives back the values of ids once the scan is over.
type keyReader struct {
	k    *keyer
	once sync.Once
	out  []int64  // interned integers
	strs [][]byte // interned text
}

func (k *keyer) reader() *keyReader { return &keyReader{k: k} }

// load reads the tables at first use: keys that are only counted never need it.
func (r *keyReader) load() *keyReader {
	r.once.Do(func() {
		if r.k.text != nil {
			r.strs = r.k.text.Values()
		} else {
			r.out = r.k.ints.Values()
		}
	})
	return r
}

// number returns the value of a non-null id (doubles as their bits).
func (r *keyReader) number(id uint32) int64 {
	if uint64(id) <= r.k.span {
		return r.k.base + int64(id) - 1
	}
	return r.out[uint64(id)-r.k.span-1]
}

// string returns the text of a non-null id.
func (r *keyReader) string(id uint32) []byte { return r.strs[id-1] }
