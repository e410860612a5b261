package parquet

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// TestDecimalsThatParquetCannotState get an error, not a panic.
func TestDecimalsThatParquetCannotState(t *testing.T) {
	tests := []struct {
		typ arrow.DataType
		ok  bool
	}{
		{&arrow.Decimal128Type{Precision: 0, Scale: 0}, false},
		{&arrow.Decimal128Type{Precision: 5, Scale: 6}, false},
		{&arrow.Decimal128Type{Precision: 5, Scale: -1}, false},
		{&arrow.Decimal256Type{Precision: 39, Scale: 2}, false},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: &arrow.Decimal128Type{}}, false},
		{&arrow.Decimal128Type{Precision: 38, Scale: 38}, true},
		{&arrow.Decimal256Type{Precision: 38, Scale: 2}, true},
	}
	for _, tt := range tests {
		_, _, err := newSchema(arrow.NewSchema([]arrow.Field{{Name: "price", Type: tt.typ}}, nil))
		if tt.ok != (err == nil) || (err != nil && fault.KindOf(err) != fault.Input) {
			t.Errorf("%s: %v", tt.typ, err)
		}
	}
}
