package quality

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// typeOfKind is the type in conditions of a column that is read as a kind.
func typeOfKind(k frame.Kind) expr.Type {
	switch k {
	case frame.Bool:
		return expr.Bool
	case frame.Int:
		return expr.Int
	case frame.Float:
		return expr.Float
	case frame.Time:
		return expr.Time
	case frame.Date:
		return expr.Date
	}
	return expr.Text
}

// exprType is the type that a column of the input has in conditions; ok is false
// for nested columns.
func exprType(t arrow.DataType) (typ expr.Type, ok bool) {
	switch k := frame.KindOf(t); k {
	case frame.Nested:
		return expr.Unknown, false
	case frame.Decimal:
		return expr.Float, true
	default:
		return typeOfKind(k), true
	}
}

// exprColumn gives c the form that conditions compute with, in out's memory where
// it has to change. Unsigned integers beyond 63 bits are null.
func exprColumn(c, out *frame.Column) *frame.Column {
	switch {
	case c.Kind == frame.Null:
		*out = frame.Column{Type: arrow.BinaryTypes.String, Kind: frame.String, Len: c.Len, Nulls: c.Len,
			Valid: make([]byte, (c.Len+7)/8), Off: make([]int32, c.Len+1)}
		return out
	case c.Kind == frame.Decimal:
		keep := out.F64
		*out = frame.Column{Type: arrow.PrimitiveTypes.Float64, Kind: frame.Float, Len: c.Len, Valid: c.Valid, Nulls: c.Nulls, F64: frame.Grow(keep, c.Len)}
		f := newFormatter(c.Type)
		for i := range c.Len {
			if !c.IsNull(i) {
				out.F64[i] = numberAt(&f, c, i)
			}
		}
		return out
	case c.Kind == frame.Time && unitsOf(c.Type) != 1_000_000:
		keep, per := out.I64, unitsOf(c.Type)
		*out = frame.Column{Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Kind: frame.Time, Len: c.Len, Valid: c.Valid, Nulls: c.Nulls, I64: frame.Grow(keep, c.Len)}
		for i, v := range c.I64[:c.Len] {
			out.I64[i] = micros(v, 1_000_000, per)
		}
		return out
	case c.Unsigned():
		*out = *c
		out.Valid = make([]byte, (c.Len+7)/8)
		for i := range c.Len {
			if !c.IsNull(i) && uint64(c.I64[i]) <= math.MaxInt64 {
				frame.SetBit(out.Valid, i)
			} else {
				out.Nulls++
			}
		}
		return out
	}
	return c
}
