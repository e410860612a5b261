package schema

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// canonicalType gives the type that a source column has as a canonical one; ok
// is false when it cannot be one. Ids and labels of text formats stay text
// unless the mapping says integer ("00123" is not 123).
func canonicalType(r Role, t arrow.DataType, text, integer bool) (expr.Type, bool) {
	kind := frame.KindOf(t)
	if kind == frame.Nested {
		return expr.Unknown, false
	}
	switch r {
	case ID, Label:
		return labelType(r, kind, text, integer)
	case Time:
		return expr.Time, kind == frame.Time || kind == frame.Date || kind == frame.String || kind == frame.Null || numeric(t)
	case Instant:
		switch {
		case kind == frame.Date:
			return expr.Date, true
		case kind == frame.Int && countable(t):
			return expr.Int, true
		}
		return expr.Time, kind == frame.Time || kind == frame.String || kind == frame.Null
	case Quantity:
		if (kind == frame.Int && countable(t)) || kind == frame.Null {
			return expr.Int, true
		}
		return expr.Float, numeric(t) || kind == frame.String
	case Number:
		return expr.Float, numeric(t) || kind == frame.String || kind == frame.Null
	}
	return expr.Unknown, false
}

// labelType is canonicalType for ids and labels.
func labelType(r Role, kind frame.Kind, text, integer bool) (expr.Type, bool) {
	switch {
	case integer:
		return expr.Int, kind == frame.Int || kind == frame.Float || kind == frame.Decimal || kind == frame.String || kind == frame.Null
	case text || kind == frame.String || kind == frame.Null:
		return expr.Text, true
	case kind == frame.Int || kind == frame.Float || kind == frame.Decimal:
		return expr.Int, true
	case kind == frame.Bool:
		return expr.Bool, r == Label
	}
	return expr.Unknown, false
}

// numeric types hold numbers that mean a count or a measure.
func numeric(t arrow.DataType) bool {
	switch frame.KindOf(t) {
	case frame.Float, frame.Decimal:
		return true
	case frame.Int:
		return countable(t)
	}
	return false
}

// countable leaves out times of day and durations, which are integers in memory only.
func countable(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.TIME32, arrow.TIME64, arrow.DURATION, arrow.INTERVAL_MONTHS:
		return false
	}
	return true
}

// plainType is the type of an unmapped column.
func plainType(t arrow.DataType) expr.Type {
	switch frame.KindOf(t) {
	case frame.Bool:
		return expr.Bool
	case frame.Int:
		if countable(t) {
			return expr.Int
		}
	case frame.Float, frame.Decimal:
		return expr.Float
	case frame.Time:
		return expr.Time
	case frame.Date:
		return expr.Date
	case frame.String, frame.Null:
		return expr.Text
	}
	return expr.Unknown
}

// nameLike roles name things: their values are compared, never computed with.
func nameLike(r Role) bool { return r == ID || r == Label }
