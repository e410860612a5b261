package optimize

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// gatherer collects rows of several batches into one.
type gatherer struct {
	out frame.Batch
}

// maxText bounds the bytes of a text column of a batch, whose offsets are 32 bits wide.
const maxText = 64 << 20

func newGatherer(s *arrow.Schema) *gatherer {
	g := &gatherer{}
	for _, f := range s.Fields() {
		g.out.Cols = append(g.out.Cols, frame.Column{Type: f.Type, Kind: frame.KindOf(f.Type)})
	}
	g.reset()
	return g
}

func (g *gatherer) reset() {
	g.out.N = 0
	for i := range g.out.Cols {
		c := &g.out.Cols[i]
		c.Len, c.Nulls, c.Valid = 0, 0, c.Valid[:0]
		c.I64, c.F64, c.D128, c.Data = c.I64[:0], c.F64[:0], c.D128[:0], c.Data[:0]
		if c.Kind == frame.String {
			c.Off = append(c.Off[:0], 0)
		}
	}
}

// full reports whether no more rows should be added.
func (g *gatherer) full() bool {
	if g.out.N >= frame.BatchRows {
		return true
	}
	for i := range g.out.Cols {
		if len(g.out.Cols[i].Data) >= maxText {
			return true
		}
	}
	return false
}

// add appends rows; the batch may become larger than full allows.
func (g *gatherer) add(refs []ref, batches []*frame.Batch) {
	for i := range g.out.Cols {
		c := &g.out.Cols[i]
		c.Valid = grown(c.Valid, (c.Len+len(refs)+7)/8)
		for _, r := range refs {
			appendRow(c, &batches[r.batch].Cols[i], int(r.row))
		}
	}
	g.out.N += len(refs)
}

// grown returns s with length n at least, new bytes 0.
func grown(s []byte, n int) []byte {
	for len(s) < n {
		s = append(s, 0)
	}
	return s
}

// appendRow appends a value to a column that has room in its bitmap.
func appendRow(c, src *frame.Column, row int) {
	null := src.IsNull(row)
	if null {
		c.Nulls++
	} else {
		frame.SetBit(c.Valid, c.Len)
	}
	c.Len++
	switch c.Kind {
	case frame.Null:
	case frame.String:
		if !null {
			c.Data = append(c.Data, src.Str(row)...)
		}
		c.Off = append(c.Off, int32(len(c.Data)))
	case frame.Float:
		v := 0.0
		if !null {
			v = src.F64[row]
		}
		c.F64 = append(c.F64, v)
	case frame.Decimal:
		var v decimal128.Num
		if !null {
			v = decimal128.New(wide(src, row))
		}
		c.D128 = append(c.D128, v)
	default:
		v := int64(0)
		if !null {
			v = src.I64[row]
		}
		c.I64 = append(c.I64, v)
	}
}

// batch is what was collected, ready to be written.
func (g *gatherer) batch() *frame.Batch { return &g.out }
