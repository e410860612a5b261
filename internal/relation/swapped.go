package relation

import (
	"strconv"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// swapped is the error of a date that contradicts the order of day and month that other
// values told: the file mixes both orders, or the values that told were mistakes, and
// months of others may be wrong. Where the user stated the order it is only a reject.
func (w *Worker) swapped(i int, in *frame.Column, raw *frame.Batch) error {
	cp, out := &w.prog.cols[i], &w.vecs[i].out
	row, text := -1, ""
	switch {
	case in.Swapped != nil:
		row, text = in.Swapped.Row, in.Swapped.Text
	case in.Kind == frame.String && out.Kind == frame.Time:
		other := timeParser{layout: LayoutDMY, zone: &w.zone}
		if cp.layout == LayoutDMY {
			other.layout = LayoutMDY
		}
		for k := 0; k < raw.N && row < 0; k++ {
			if !out.IsBad(k) || in.IsNull(k) {
				continue
			}
			if _, st := other.parse(in.Str(k)); st == fine {
				row, text = k, string(in.Str(k))
			}
		}
	}
	if row < 0 {
		return nil
	}
	file, where, hint := "", "row %d", "correct the value"
	if s := w.prog.Rel.Fact.Splits(); w.split < len(s) {
		f, part := s[w.split].File(), 1
		file = w.prog.Rel.Fact.Inputs()[f].URI
		for k := w.split; k > 0 && s[k-1].File() == f; k-- {
			part++
		}
		if part > 1 {
			where += " of part " + strconv.Itoa(part)
		}
	}
	column := cp.name
	if c := w.prog.Rel.Find(cp.name); c >= 0 {
		column = w.prog.Rel.Columns[c].From
	}
	if cp.mapped {
		hint = "state the order, and the values that do not fit are rejects: --map '" + cp.name + "=" + column + "@dmy' or @mdy"
	}
	return fault.New(fault.Input, "reading %s: "+where+": column %q: in %q day and month are exchanged: other values told their order, and it is no date by that", file, raw.RowAt(row)+1, column, text).
		WithHint("%s", hint)
}
