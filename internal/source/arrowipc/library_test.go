package arrowipc

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// libraryCell formats a value of the Arrow library as cell does.
func libraryCell(a arrow.Array, i int) string {
	if a.IsNull(i) || a.DataType().ID() == arrow.NULL {
		return "∅"
	}
	c := frame.Column{Type: a.DataType(), Kind: frame.KindOf(a.DataType()), Len: 1}
	var v int64
	switch a := a.(type) {
	case *array.Dictionary:
		return libraryCell(a.Dictionary(), a.GetValueIndex(i))
	case *array.String:
		return fmt.Sprintf("%x", a.Value(i))
	case *array.LargeString:
		return fmt.Sprintf("%x", a.Value(i))
	case *array.Binary:
		return fmt.Sprintf("%x", a.Value(i))
	case *array.LargeBinary:
		return fmt.Sprintf("%x", a.Value(i))
	case *array.BinaryView:
		return fmt.Sprintf("%x", a.Value(i))
	case *array.StringView:
		return fmt.Sprintf("%x", a.Value(i))
	case *array.FixedSizeBinary:
		return fmt.Sprintf("%x", a.Value(i))
	case *array.Boolean:
		if a.Value(i) {
			v = 1
		}
	case *array.Int8:
		v = int64(a.Value(i))
	case *array.Int16:
		v = int64(a.Value(i))
	case *array.Int32:
		v = int64(a.Value(i))
	case *array.Int64:
		v = a.Value(i)
	case *array.Uint8:
		v = int64(a.Value(i))
	case *array.Uint16:
		v = int64(a.Value(i))
	case *array.Uint32:
		v = int64(a.Value(i))
	case *array.Uint64:
		v = int64(a.Value(i))
	case *array.Float16:
		return fmt.Sprint(float64(a.Value(i).Float32()))
	case *array.Float32:
		return fmt.Sprint(float64(a.Value(i)))
	case *array.Float64:
		return fmt.Sprint(a.Value(i))
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Decimal256:
		return a.Value(i).ToString(a.DataType().(*arrow.Decimal256Type).Scale)
	case *array.Date32:
		v = int64(a.Value(i))
	case *array.Date64:
		v = int64(a.Value(i)) / 86400000
		if int64(a.Value(i))%86400000 < 0 {
			v--
		}
	case *array.Timestamp:
		v = int64(a.Value(i))
	case *array.Time32:
		v = int64(a.Value(i))
	case *array.Time64:
		v = int64(a.Value(i))
	case *array.Duration:
		v = int64(a.Value(i))
	case *array.MonthInterval:
		v = int64(a.Value(i))
	default:
		return fmt.Sprintf("%T", a)
	}
	c.I64 = []int64{v}
	return cell(&c, 0)
}
