package result

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// MoneyType is the Arrow type of exact money: 10⁻⁴ units.
var MoneyType = &arrow.Decimal128Type{Precision: 18, Scale: 4}

// TimeType is the Arrow type of result times: microseconds of wall time.
var TimeType = &arrow.TimestampType{Unit: arrow.Microsecond}

// ArrowType returns the Arrow type that holds values of t in results.
func ArrowType(t expr.Type) arrow.DataType {
	switch t {
	case expr.Bool:
		return arrow.FixedWidthTypes.Boolean
	case expr.Int:
		return arrow.PrimitiveTypes.Int64
	case expr.Float:
		return arrow.PrimitiveTypes.Float64
	case expr.Money:
		return MoneyType
	case expr.Time:
		return TimeType
	case expr.Date:
		return arrow.FixedWidthTypes.Date32
	}
	return arrow.BinaryTypes.String
}

// NewData returns an empty frame column for values of type t with room for n rows.
func NewData(t expr.Type, n int) frame.Column {
	at := ArrowType(t)
	c := frame.Column{Type: at, Kind: frame.KindOf(at)}
	switch c.Kind {
	case frame.Float:
		c.F64 = make([]float64, 0, n)
	case frame.String:
		c.Off = append(make([]int32, 0, n+1), 0)
	default:
		c.I64 = make([]int64, 0, n)
	}
	return c
}

// AppendInt appends v to an integer-like column (Bool, Int, Money, Time, Date).
func AppendInt(c *frame.Column, v int64) { c.I64 = append(c.I64, v); valid(c) }

// AppendFloat appends v to a Float column.
func AppendFloat(c *frame.Column, v float64) { c.F64 = append(c.F64, v); valid(c) }

// AppendText appends s to a Text column.
func AppendText[T string | []byte](c *frame.Column, s T) {
	c.Data = append(c.Data, s...)
	c.Off = append(c.Off, int32(len(c.Data)))
	valid(c)
}

// AppendNull appends a null to a column of any kind.
func AppendNull(c *frame.Column) {
	if c.Valid == nil {
		c.Valid = make([]byte, (c.Len+8)/8)
		for i := range c.Len {
			frame.SetBit(c.Valid, i)
		}
	}
	switch c.Kind {
	case frame.Float:
		c.F64 = append(c.F64, 0)
	case frame.String:
		c.Off = append(c.Off, int32(len(c.Data)))
	default:
		c.I64 = append(c.I64, 0)
	}
	c.Nulls++
	c.Len++
	for len(c.Valid)*8 < c.Len {
		c.Valid = append(c.Valid, 0)
	}
}

// valid counts one more row that is not null.
func valid(c *frame.Column) {
	if c.Valid != nil {
		if len(c.Valid)*8 <= c.Len {
			c.Valid = append(c.Valid, 0)
		}
		frame.SetBit(c.Valid, c.Len)
	}
	c.Len++
}
