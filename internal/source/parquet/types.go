package parquet

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// annotation is what the logical and the older converted type say, in one form.
type annotation struct {
	logicalType
	legacy bool // from a converted type
}

// annotate prefers the logical type and falls back to the converted one.
func annotate(e schemaElement) annotation {
	if e.logical.id != 0 {
		return annotation{logicalType: e.logical}
	}
	l := logicalType{}
	switch e.converted {
	case convUTF8:
		l.id = logicalString
	case convEnum:
		l.id = logicalEnum
	case convJSON:
		l.id = logicalJSON
	case convDecimal:
		l.id, l.scale, l.precision = logicalDecimal, e.scale, e.precision
	case convDate:
		l.id = logicalDate
	case convTimeMillis:
		l.id, l.unit = logicalTime, 1
	case convTimeMicros:
		l.id, l.unit = logicalTime, 2
	case convTsMillis:
		l.id, l.unit = logicalTimestamp, 1
	case convTsMicros:
		l.id, l.unit = logicalTimestamp, 2
	case convUint8, convUint16, convUint32, convUint64:
		l.id, l.bits = logicalInt, int8(8)<<(e.converted-convUint8)
	case convInt8, convInt16, convInt32, convInt64:
		l.id, l.bits, l.signed = logicalInt, int8(8)<<(e.converted-convInt8), true
	}
	return annotation{l, true}
}

// flat fills a leaf that is neither a group nor repeated. An annotation that
// does not fit its physical type, or is not known here, is ignored as the
// format's rules for older readers ask.
func (l *leaf) flat(e schemaElement) error {
	l.phys = e.phys
	if e.repetition == optional {
		l.maxDef = 1
	}
	a := annotate(e)
	switch e.phys {
	case physBool:
		l.set(arrow.FixedWidthTypes.Boolean, toI64, 0)
	case physInt32:
		l.int32(a)
	case physInt64:
		l.int64(a)
	case physInt96:
		// Legacy timestamps: a Julian day and nanoseconds of the day. Microseconds
		// hold every date that Spark and Hive write; nanoseconds would wrap in 2262.
		l.set(&arrow.TimestampType{Unit: arrow.Microsecond}, toTime96, 12)
	case physFloat:
		l.set(arrow.PrimitiveTypes.Float32, toF64, 4)
	case physDouble:
		l.set(arrow.PrimitiveTypes.Float64, toF64, 8)
	case physBytes:
		l.bytes(a)
	case physFixed:
		if e.typeLen <= 0 {
			return fmt.Errorf("fixed-length values of %d bytes", e.typeLen)
		}
		l.fixed(a, int(e.typeLen))
	default:
		return fmt.Errorf("%s", physName(e.phys))
	}
	if a.id == logicalNull {
		l.set(arrow.Null, toNothing, 0)
	}
	return nil
}

func (l *leaf) set(t arrow.DataType, to target, width int) {
	l.typ, l.to, l.width, l.kind = t, to, width, frame.KindOf(t)
}

func (l *leaf) int32(a annotation) {
	l.set(arrow.PrimitiveTypes.Int32, toI64, 4)
	switch {
	case a.id == logicalInt && a.bits == 8 && a.signed:
		l.typ = arrow.PrimitiveTypes.Int8
	case a.id == logicalInt && a.bits == 16 && a.signed:
		l.typ = arrow.PrimitiveTypes.Int16
	case a.id == logicalInt && a.bits == 8:
		l.set(arrow.PrimitiveTypes.Uint8, toU32, 4)
	case a.id == logicalInt && a.bits == 16:
		l.set(arrow.PrimitiveTypes.Uint16, toU32, 4)
	case a.id == logicalInt && a.bits == 32 && !a.signed:
		l.set(arrow.PrimitiveTypes.Uint32, toU32, 4)
	case a.id == logicalDate:
		l.set(arrow.FixedWidthTypes.Date32, toI64, 4)
	case a.id == logicalTime && a.unit == 1:
		l.set(arrow.FixedWidthTypes.Time32ms, toI64, 4)
	case a.id == logicalDecimal:
		l.decimal(a, toI64, 4)
	}
}

func (l *leaf) int64(a annotation) {
	l.set(arrow.PrimitiveTypes.Int64, toI64, 8)
	switch {
	case a.id == logicalInt && a.bits == 64 && !a.signed:
		l.typ = arrow.PrimitiveTypes.Uint64
	case a.id == logicalTime && a.unit == 2:
		l.set(arrow.FixedWidthTypes.Time64us, toI64, 8)
	case a.id == logicalTime && a.unit == 3:
		l.set(arrow.FixedWidthTypes.Time64ns, toI64, 8)
	case a.id == logicalTimestamp && a.unit >= 1 && a.unit <= 3:
		t := &arrow.TimestampType{Unit: []arrow.TimeUnit{arrow.Millisecond, arrow.Microsecond, arrow.Nanosecond}[a.unit-1]}
		// Converted types say "UTC" by the letter of the specification, but many
		// writers put wall times there; like DuckDB and pyarrow, no zone is claimed.
		if a.utc && !a.legacy {
			t.TimeZone = "UTC"
		}
		l.set(t, toI64, 8)
	case a.id == logicalDecimal:
		l.decimal(a, toI64, 8)
	}
}

func (l *leaf) bytes(a annotation) {
	l.set(arrow.BinaryTypes.Binary, toText, 0)
	switch a.id {
	case logicalString, logicalEnum, logicalJSON:
		l.typ = arrow.BinaryTypes.String
	case logicalDecimal:
		l.decimal(a, toDec128, 0)
	}
}

func (l *leaf) fixed(a annotation, width int) {
	l.set(&arrow.FixedSizeBinaryType{ByteWidth: width}, toText, width)
	switch {
	case a.id == logicalUUID && width == 16:
		// As text, so that an id is the same in every format and can be typed.
		l.set(arrow.BinaryTypes.String, toUUID, width)
	case a.id == logicalFloat16 && width == 2:
		l.set(arrow.FixedWidthTypes.Float16, toFloat16, width)
	case a.id == logicalDecimal:
		l.decimal(a, toDec128, width)
	}
}

// decimal sets a decimal type. Up to 18 digits fit 64 bits; more than 38 are not read.
func (l *leaf) decimal(a annotation, to target, width int) {
	switch {
	case a.precision < 1 || a.scale < 0 || a.scale > a.precision:
		l.refused = fmt.Sprintf("its decimal type has precision %d and scale %d", a.precision, a.scale)
		return
	case a.precision > 38:
		l.refused = fmt.Sprintf("decimals of %d digits are not read; at most 38", a.precision)
		if a.precision <= 76 {
			l.set(&arrow.Decimal256Type{Precision: a.precision, Scale: a.scale}, toNothing, width)
		}
		return
	case to == toDec128 && a.precision <= 18:
		to = toDec64
	}
	l.set(&arrow.Decimal128Type{Precision: a.precision, Scale: a.scale}, to, width)
}
