package quality

import (
	"errors"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// sampledRows is how many values of the first, the middle and the last split tell how
// dates and numbers are written in a text column of a typed file.
const sampledRows = 60_000

// recognise finds out how a text column of a typed file (dates as text in Parquet) is
// written, when a rule reads it as something else. Readers of text files know that already.
func (v *validator) recognise(pl *plan) error {
	if v.planner.textual || pl.skip != "" || len(pl.cols) != 1 {
		return nil
	}
	switch pl.as {
	case frame.Any, frame.String:
		return nil
	}
	col := pl.cols[0]
	if frame.KindOf(v.planner.schema.Field(col).Type) != frame.String {
		return nil
	}
	if pl.spec = v.specs[col]; pl.spec != nil {
		return nil
	}
	var e value.Evidence
	splits := v.ds.Splits()
	last := -1
	for _, s := range []int{0, len(splits) / 2, len(splits) - 1} {
		if s <= last || s >= len(splits) {
			continue
		}
		last = s
		left := sampledRows
		t := task{split: s, wants: []source.Want{{Col: col}}}
		err := readTask(v.ctx, splits[s], &t, noProgress{}, func(b *frame.Batch) error {
			for i := range min(left, b.N) {
				if c := &b.Cols[0]; !c.IsNull(i) {
					e.Add(c.Str(i))
				}
			}
			if left -= b.N; left <= 0 {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	if d, ok := v.ds.(interface{ Decimal() value.Notation }); ok {
		e.Write(d.Decimal())
	}
	spec := e.Decide(v.planner.names[col])
	if v.specs == nil {
		v.specs = map[int]*value.Spec{}
	}
	v.specs[col], pl.spec = &spec, &spec
	return nil
}
