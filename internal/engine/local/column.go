package local

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
)

type frameColumn = frame.Column

// arrowType is the type that answers give their columns.
func arrowType(t expr.Type) (arrow.DataType, frame.Kind) {
	switch t {
	case expr.Bool:
		return arrow.FixedWidthTypes.Boolean, frame.Bool
	case expr.Float:
		return arrow.PrimitiveTypes.Float64, frame.Float
	case expr.Money:
		return &arrow.Decimal128Type{Precision: 19, Scale: 4}, frame.Decimal
	case expr.Text:
		return arrow.BinaryTypes.String, frame.String
	case expr.Time:
		return &arrow.TimestampType{Unit: arrow.Microsecond}, frame.Time
	case expr.Date:
		return arrow.FixedWidthTypes.Date32, frame.Date
	}
	return arrow.PrimitiveTypes.Int64, frame.Int
}

// intColumn makes a column of integers without nulls.
func intColumn(t expr.Type, vals []int64) frame.Column {
	at, kind := arrowType(t)
	return frame.Column{Type: at, Kind: kind, Len: len(vals), I64: vals}
}

// nullableColumn makes a column of integers that are null where ok is false.
func nullableColumn(t expr.Type, vals []int64, ok func(int) bool) frame.Column {
	c := intColumn(t, vals)
	c.Valid, c.Nulls = validity(len(vals), ok)
	return c
}

// floatColumn makes a column of doubles; ok may be nil.
func floatColumn(vals []float64, ok func(int) bool) frame.Column {
	at, kind := arrowType(expr.Float)
	c := frame.Column{Type: at, Kind: kind, Len: len(vals), F64: vals}
	if ok != nil {
		c.Valid, c.Nulls = validity(len(vals), ok)
	}
	return c
}

// textColumn makes a column of n texts that are copied.
func textColumn(n int, get func(int) ([]byte, bool)) frame.Column {
	at, kind := arrowType(expr.Text)
	c := frame.Column{Type: at, Kind: kind, Len: n, Off: make([]int32, n+1)}
	size := 0
	for i := range n {
		b, _ := get(i)
		size += len(b)
	}
	c.Data = make([]byte, 0, size)
	for i := range n {
		b, _ := get(i)
		c.Data = append(c.Data, b...)
		c.Off[i+1] = int32(len(c.Data))
	}
	c.Valid, c.Nulls = validity(n, func(i int) bool { _, ok := get(i); return ok })
	return c
}

// validity makes a bitmap; nil when nothing is null.
func validity(n int, ok func(int) bool) ([]byte, int) {
	var m []byte
	nulls := 0
	for i := range n {
		if ok(i) {
			continue
		}
		if m == nil {
			m = make([]byte, (n+7)/8)
			for j := range m {
				m[j] = 0xff
			}
		}
		frame.ClearBit(m, i)
		nulls++
	}
	return m, nulls
}

// dimColumn makes the column of a dimension.
func dimColumn(t expr.Type, vals []dimValue, d *dimPlan, kr *keyReader) frame.Column {
	ok := func(i int) bool { return !vals[i].null }
	switch t {
	case expr.Text:
		return textColumn(len(vals), func(i int) ([]byte, bool) {
			if vals[i].null {
				return nil, false
			}
			return kr.string(uint32(vals[i].v)), true
		})
	case expr.Float:
		out := make([]float64, len(vals))
		for i, v := range vals {
			out[i] = floatOf(v.v)
		}
		return floatColumn(out, ok)
	}
	out := make([]int64, len(vals))
	for i, v := range vals {
		if !v.null {
			out[i] = unitStart(d.cut, v.v)
		}
	}
	return nullableColumn(t, out, ok)
}
