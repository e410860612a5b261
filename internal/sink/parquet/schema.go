package parquet

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// form is how a column's values are stored.
type form uint8

const (
	asBool   form = iota
	asInt32       // also unsigned: the low 32 bits
	asInt64       // also unsigned
	asFloat       // float32
	asDouble      // float64
	asText        // byte array
	asFixed       // fixed-length byte array
	asDec128      // sixteen bytes, big-endian
	asNull        // nothing but nulls
)

// plan is how one column is written.
type plan struct {
	name     string
	kind     frame.Kind
	form     form
	width    int   // bytes of a fixed-length value
	unsigned bool  // order of integers in statistics
	times    int64 // factor to the stored unit; 1 for most
	node     schema.Node
}

// newSchema makes the plans of all columns and Parquet's schema.
func newSchema(s *arrow.Schema) ([]plan, *schema.Schema, error) {
	plans := make([]plan, s.NumFields())
	nodes := make(schema.FieldList, s.NumFields())
	for i, f := range s.Fields() {
		p, err := newPlan(f)
		if err != nil {
			return nil, nil, err
		}
		plans[i], nodes[i] = p, p.node
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, nodes, -1)
	if err != nil {
		return nil, nil, fault.New(fault.Internal, "making a Parquet schema: %w", err)
	}
	return plans, schema.NewSchema(root), nil
}

func newPlan(f arrow.Field) (plan, error) {
	t := f.Type
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	p := plan{name: f.Name, kind: frame.KindOf(t), times: 1}
	var phys parquet.Type
	var logical schema.LogicalType
	width := -1
	switch p.kind {
	case frame.Bool:
		p.form, phys = asBool, parquet.Types.Boolean
	case frame.Int:
		phys, logical = p.integer(t)
	case frame.Float:
		p.form, phys = asDouble, parquet.Types.Double
		if t.ID() != arrow.FLOAT64 {
			p.form, phys = asFloat, parquet.Types.Float
		}
	case frame.Decimal:
		if err := storable(f.Name, t.(arrow.DecimalType)); err != nil {
			return p, err
		}
		phys, logical, width = p.decimal(t)
	case frame.Time:
		phys, logical = p.timestamp(t.(*arrow.TimestampType))
	case frame.Date:
		p.form, phys, logical = asInt32, parquet.Types.Int32, schema.DateLogicalType{}
	case frame.String:
		phys, logical, width = p.text(t)
	case frame.Null:
		p.form, phys, logical = asNull, parquet.Types.Int32, schema.NullLogicalType{}
	default:
		return p, fault.New(fault.Input, "column %q: values of type %s cannot be written to Parquet", f.Name, f.Type).
			WithHint("leave the column out with --columns")
	}
	if logical == nil {
		logical = schema.NoLogicalType{}
	}
	// Optional throughout: a column without nulls pays two bytes a page.
	node, err := schema.NewPrimitiveNodeLogical(f.Name, parquet.Repetitions.Optional, logical, phys, width, -1)
	if err != nil {
		return p, fault.New(fault.Internal, "column %q: making its Parquet type: %w", f.Name, err)
	}
	p.node = node
	return p, nil
}

func (p *plan) integer(t arrow.DataType) (parquet.Type, schema.LogicalType) {
	p.form = asInt64
	switch t := t.(type) {
	case *arrow.Time32Type:
		p.form = asInt32
		if t.Unit == arrow.Second {
			p.times = 1000
		}
		return parquet.Types.Int32, schema.NewTimeLogicalType(false, schema.TimeUnitMillis)
	case *arrow.Time64Type:
		unit := schema.TimeUnitMicros
		if t.Unit == arrow.Nanosecond {
			unit = schema.TimeUnitNanos
		}
		return parquet.Types.Int64, schema.NewTimeLogicalType(false, unit)
	case *arrow.DurationType:
		return parquet.Types.Int64, schema.NewIntLogicalType(64, true)
	}
	bits := map[arrow.Type]int8{arrow.INT8: 8, arrow.INT16: 16, arrow.INT32: 32, arrow.INTERVAL_MONTHS: 32, arrow.INT64: 64}
	if b, ok := bits[t.ID()]; ok {
		if b < 64 {
			p.form = asInt32
			return parquet.Types.Int32, schema.NewIntLogicalType(b, true)
		}
		return parquet.Types.Int64, schema.NewIntLogicalType(b, true)
	}
	p.unsigned = true
	ubits := map[arrow.Type]int8{arrow.UINT8: 8, arrow.UINT16: 16, arrow.UINT32: 32}
	if b, ok := ubits[t.ID()]; ok {
		p.form = asInt32
		return parquet.Types.Int32, schema.NewIntLogicalType(b, false)
	}
	return parquet.Types.Int64, schema.NewIntLogicalType(64, false)
}

// storable refuses decimals that Parquet's logical type cannot state, or that do
// not fit the sixteen bytes written here.
func storable(name string, d arrow.DecimalType) error {
	p, s := d.GetPrecision(), d.GetScale()
	if p >= 1 && p <= 38 && s >= 0 && s <= p {
		return nil
	}
	return fault.New(fault.Input, "column %q: decimals of %d digits, %d of them after the point, cannot be written to Parquet", name, p, s).
		WithHint("Parquet holds 1 to 38 digits; leave the column out with --columns, or write CSV")
}

func (p *plan) decimal(t arrow.DataType) (parquet.Type, schema.LogicalType, int) {
	d := t.(arrow.DecimalType)
	logical := schema.NewDecimalLogicalType(d.GetPrecision(), d.GetScale())
	switch {
	case d.GetPrecision() <= 9:
		p.form = asInt32
		return parquet.Types.Int32, logical, -1
	case d.GetPrecision() <= 18:
		p.form = asInt64
		return parquet.Types.Int64, logical, -1
	}
	p.form, p.width = asDec128, 16
	return parquet.Types.FixedLenByteArray, logical, 16
}

func (p *plan) timestamp(t *arrow.TimestampType) (parquet.Type, schema.LogicalType) {
	p.form = asInt64
	unit := schema.TimeUnitMicros
	switch t.Unit {
	case arrow.Second:
		p.times, unit = 1000, schema.TimeUnitMillis
	case arrow.Millisecond:
		unit = schema.TimeUnitMillis
	case arrow.Nanosecond:
		unit = schema.TimeUnitNanos
	}
	// No converted type without a zone: it would claim UTC.
	return parquet.Types.Int64, schema.NewTimestampLogicalType(t.TimeZone != "", unit)
}

func (p *plan) text(t arrow.DataType) (parquet.Type, schema.LogicalType, int) {
	p.form = asText
	switch t := t.(type) {
	case *arrow.FixedSizeBinaryType:
		if t.ByteWidth > 0 {
			p.form, p.width = asFixed, t.ByteWidth
			return parquet.Types.FixedLenByteArray, nil, t.ByteWidth
		}
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType:
		return parquet.Types.ByteArray, schema.StringLogicalType{}, -1
	}
	return parquet.Types.ByteArray, nil, -1
}
