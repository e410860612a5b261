package relation

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// filter is a compiled predicate of a rule that is not one of the house.
type filter struct {
	prog *expr.Program
	at   []int // of each column the predicate reads, its place in cols
}

// Places of the pseudo columns.
const (
	atMoney = -1
	atBad   = -2
)

// compileFilter compiles a rule's predicate over converted columns.
func (b *builder) compileFilter(r Rule) (*filter, error) {
	f := &filter{}
	seen := map[string]int{}
	var failed error
	look := func(name string) (int, expr.Type, bool) {
		typ, ok := b.typeOf(name)
		if !ok {
			return 0, 0, false
		}
		if i, ok := seen[name]; ok {
			return i, typ, true
		}
		place := atMoney
		switch {
		case name == BadColumn:
			place = atBad
		case name != MoneyColumn || b.Rel.Find(name) >= 0:
			var err error
			if place, err = b.converted(name); err != nil {
				failed = err
				return 0, 0, false
			}
		}
		f.at = append(f.at, place)
		seen[name] = len(f.at) - 1
		return len(f.at) - 1, typ, true
	}
	var err error
	if f.prog, err = expr.CompileCondition(r.When, look); failed != nil {
		err = failed
	}
	return f, fault.Wrap(err, "rule %s", r.Name)
}

// typeOf gives the type of a column or pseudo column.
func (b *builder) typeOf(name string) (expr.Type, bool) {
	if i := b.Rel.Find(name); i >= 0 {
		return b.Rel.Columns[i].Type, true
	}
	switch name {
	case MoneyColumn:
		return expr.Money, b.HasMoney()
	case BadColumn:
		return expr.Bool, true
	}
	return 0, false
}

// filterState is a worker's memory for one filter.
type filterState struct {
	scratch *expr.Scratch
	cols    []*frame.Column
	bad     frame.Column
}

// mask marks the rows for which the predicate is true.
func (f *filter) mask(w *Worker, mask []uint64) bool {
	s := w.filters[f]
	if s == nil {
		s = &filterState{scratch: f.prog.NewScratch(), cols: make([]*frame.Column, len(f.at))}
		if w.filters == nil {
			w.filters = map[*filter]*filterState{}
		}
		w.filters[f] = s
	}
	for i, at := range f.at {
		switch at {
		case atMoney:
			s.cols[i] = &w.money
		case atBad:
			w.badColumn(&s.bad, mask)
			s.cols[i] = &s.bad
		default:
			s.cols[i] = &w.vecs[at].out
		}
	}
	const yes = 2
	any := uint64(0)
	truth := f.prog.Truth(s.scratch, s.cols, w.rows.N)
	for k := range mask {
		m := uint64(0)
		for j, t := range truth[k<<6 : min(k<<6+64, len(truth))] {
			m |= uint64(t&yes>>1) << (j & 63)
		}
		mask[k] = m
		any |= m
	}
	return any != 0
}

// badColumn gives BadColumn as 0 and 1.
func (w *Worker) badColumn(c *frame.Column, mask []uint64) {
	*c = frame.Column{Type: arrow.FixedWidthTypes.Boolean, Kind: frame.Bool, Len: w.rows.N, I64: frame.Grow(c.I64, w.rows.N)}
	clear(c.I64)
	if !w.badMask(mask) {
		return
	}
	for i := range c.I64 {
		c.I64[i] = int64(mask[i>>6] >> (i & 63) & 1)
	}
}
