package relation

import (
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Worker turns raw batches into Rows for one goroutine.
type Worker struct {
	// Tally counts every row that was applied.
	Tally Tally

	prog  *Program
	zone  zone
	split int
	vecs  []vec
	joins [][]int32 // of each row its row in a dimension, -1 when unmatched
	keys  []keyReader
	calc  moneyCalc
	conv  converter
	money frame.Column
	mask  []uint64
	mask2 []uint64
	free  []uint64 // rows that no rule took yet
	rows  Rows

	guessed []bool // by column: see Column.Guessed
	filters map[*filter]*filterState
}

// NewWorker returns a worker with buffers of its own.
func (p *Program) NewWorker() *Worker {
	w := &Worker{prog: p, zone: p.zone, vecs: make([]vec, len(p.cols)), joins: make([][]int32, len(p.dims)), keys: make([]keyReader, len(p.dims))}
	w.rows.Cols = make([]*frame.Column, len(p.out))
	w.guessed = make([]bool, len(p.cols))
	for i := range p.cols {
		if c := p.Rel.Find(p.cols[i].name); c >= 0 {
			w.guessed[i] = p.Rel.Columns[c].Guessed
		}
	}
	w.Tally.Unmatched = make([]int64, len(p.dims))
	for i, at := range p.out {
		if w.rows.Cols[i] = &w.money; at >= 0 {
			w.rows.Cols[i] = &w.vecs[at].out
		}
	}
	return w
}

// Split tells which split of the fact table the next batches come from.
func (w *Worker) Split(index int) { w.split = index }

// Apply compiles a batch that holds the columns of Wants. What it returns is
// overwritten by the next call.
func (w *Worker) Apply(raw *frame.Batch) (*Rows, error) {
	p := w.prog
	if len(raw.Cols) != len(p.wants) {
		return nil, fault.New(fault.Internal, "applying the relation: %d columns were read instead of %d", len(raw.Cols), len(p.wants))
	}
	w.rows.N, w.rows.Raw = raw.N, raw
	for d := range p.dims {
		w.match(d, raw)
	}
	for i := range p.cols {
		if err := w.column(i, raw); err != nil {
			return nil, err
		}
	}
	w.computeMoney(raw)
	w.classify()
	if n := int64(len(raw.Bad)); n > 0 {
		s := &w.Tally.By[p.badReason]
		s.Rows += n
		s.NoMoney += n
		w.Tally.Rows += n
	}
	return &w.rows, nil
}

// column fills vec i.
func (w *Worker) column(i int, raw *frame.Batch) error {
	cp, v := &w.prog.cols[i], &w.vecs[i]
	v.low.done = false
	switch {
	case cp.text != nil:
		v.constant(cp, raw.N)
	case cp.dim >= 0:
		v.gather(&w.prog.dims[cp.dim].cols[cp.dimCol].data, w.joins[cp.dim][:raw.N])
	default:
		in := &raw.Cols[cp.slot]
		if in.Len < raw.N {
			return fault.New(fault.Internal, "applying the relation: column %s holds %d rows of %d", cp.name, in.Len, raw.N)
		}
		if in.Kind == frame.Nested {
			return fault.New(fault.Usage, "mapping %s: its column is nested", cp.name)
		}
		v.convert(&cp.plan, in, &w.zone)
		if cp.other >= 0 && !cp.raw {
			v.standIn(&raw.Cols[cp.other])
		}
		if v.out.Bad != nil && cp.mapped {
			w.noteUnreadable(i, raw)
		}
		if in.Swapped != nil || v.out.Bad != nil && w.guessed[i] {
			return w.swapped(i, in, raw)
		}
	}
	return nil
}

// constant makes a column of one value.
func (v *vec) constant(cp *colPlan, n int) {
	if v.out.Type == nil {
		s := *cp.text
		one := frame.Column{Type: textType, Kind: frame.String, Len: 1, Codes: []int32{0}, Dict: &frame.Dict{Off: []int32{0, int32(len(s))}, Data: []byte(s)}}
		var z zone
		c := new(vec).convert(&cp.plan, &one, &z)
		v.one, v.out = *c, *c
		v.out.Bad = nil
	}
	if v.one.IsNull(0) { // a constant that cannot be read: schema refuses it before
		v.allNull(&frame.Column{Len: n}, v.one.Kind, v.one.Type)
		return
	}
	v.out.Len = n
	switch v.out.Kind {
	case frame.String:
		v.codes = frame.Grow(v.codes, n)
		clear(v.codes)
		v.out.Codes = v.codes
	case frame.Float:
		for i := range v.floats() {
			v.f64[i] = v.one.F64[0]
		}
	default:
		for i := range v.ints() {
			v.i64[i] = v.one.I64[0]
		}
	}
}

// computeMoney fills Money and its column.
func (w *Worker) computeMoney(raw *frame.Batch) {
	p := w.prog
	if !p.HasMoney() {
		return
	}
	var op [4]*frame.Column
	for k, at := range p.money {
		if at >= 0 {
			op[k] = w.operand(at, raw)
		}
	}
	w.calc.run(raw.N, op[0], op[1], op[2], op[3])
	if p.cur >= 0 {
		var ts *frame.Column
		if p.ts >= 0 {
			ts = &w.vecs[p.ts].out
		}
		w.conv.rates = p.Rel.Rates
		w.conv.convert(&w.calc, raw.N, &w.vecs[p.cur].out, ts)
	}
	w.rows.Money, w.rows.MoneyValid = w.calc.out, nil
	w.money = frame.Column{Type: moneyType, Kind: frame.Int, Len: raw.N, I64: w.calc.out}
	if w.calc.nulls {
		w.rows.MoneyValid = w.calc.valid
		w.money.Valid, w.money.Nulls = w.calc.valid, countNulls(w.calc.valid, raw.N)
	}
}

// moneyType is what money columns say their type is; the values are 10⁻⁴ units.
var moneyType = intType

// operand gives what money is computed from: integers and decimals as the
// source has them, so that the arithmetic is exact; else the converted column.
func (w *Worker) operand(at int, raw *frame.Batch) *frame.Column {
	cp := &w.prog.cols[at]
	if cp.slot >= 0 {
		if in := &raw.Cols[cp.slot]; in.Kind == frame.Int || in.Kind == frame.Decimal {
			return in
		}
	}
	return &w.vecs[at].out
}
