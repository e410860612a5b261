package rowparquet

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/xitongsys/parquet-go/parquet"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// timestamp sets the type of times in microseconds: instants where the type
// names a zone, else wall times.
func timestamp(e *parquet.SchemaElement, c *frame.Column) error {
	t, ok := c.Type.(*arrow.TimestampType)
	if !ok || t.Unit != arrow.Microsecond {
		return fault.New(fault.Internal, "times of results are in microseconds, not %s", c.Type)
	}
	phys := parquet.Type_INT64
	e.Type = &phys
	unit := parquet.NewTimeUnit()
	unit.MICROS = parquet.NewMicroSeconds()
	e.LogicalType.TIMESTAMP = &parquet.TimestampType{IsAdjustedToUTC: t.TimeZone != "", Unit: unit}
	if t.TimeZone != "" {
		e.ConvertedType = parquet.ConvertedTypePtr(parquet.ConvertedType_TIMESTAMP_MICROS)
	}
	return nil
}
