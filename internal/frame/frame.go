// Package frame holds the columnar batches that flow from sources through
// mapping and clean into the engine and out to sinks.
//
// A Column has the memory layout of Apache Arrow (validity bitmap, 64-bit
// values, int32 offsets, dictionary indices), so it turns into an Arrow array
// and back without copying values, but it is a plain struct of slices: hot
// loops index slices, nobody counts references, and readers refill the same
// buffers batch after batch.
//
//	source.Reader.Next(b) ──▶ b.Cols[i].{Valid,I64,F64,…} ──▶ kernels
//
// Lifetime: what Next filled stays valid until the next call of Next or Close
// on the same reader. Whoever keeps values longer copies them.
package frame

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
)

// BatchRows is the usual number of rows of a batch: small enough that a few
// columns stay in the second-level cache, large enough that calls cost nothing.
const BatchRows = 32 * 1024

// Kind is how a column's values are held in memory.
type Kind uint8

// The physical kinds. Any is only used in requests ("as stored").
const (
	Any      Kind = iota
	Bool          // I64: 0 or 1
	Int           // I64; every signed and unsigned width; uint64 keeps its bits
	Float         // F64; float16 and float32 widened
	Decimal       // I64 unscaled when all values fit, else D128; scale in Type
	Time          // I64 in the unit of Type (canonical columns: microseconds)
	Date          // I64 days since 1970-01-01
	String        // Off+Data, or Codes+Dict; also binary (see Type)
	Null          // no values at all
	Nested        // lists, structs, maps: passed over with a notice
	numKinds      // count
)

// String returns the name of the kind as messages show it.
func (k Kind) String() string {
	return [numKinds]string{"any", "boolean", "integer", "float", "decimal", "timestamp", "date", "text", "null", "nested"}[k]
}

// KindOf returns the physical kind that holds values of an Arrow type.
// Dictionary types answer for their values. Times of day and durations are Int.
func KindOf(t arrow.DataType) Kind {
	switch t.ID() {
	case arrow.BOOL:
		return Bool
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64,
		arrow.TIME32, arrow.TIME64, arrow.DURATION, arrow.INTERVAL_MONTHS:
		return Int
	case arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64:
		return Float
	case arrow.DECIMAL128, arrow.DECIMAL256:
		return Decimal
	case arrow.TIMESTAMP:
		return Time
	case arrow.DATE32, arrow.DATE64:
		return Date
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW, arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return String
	case arrow.DICTIONARY:
		return KindOf(t.(*arrow.DictionaryType).ValueType)
	case arrow.NULL:
		return Null
	}
	return Nested
}

// Dict is an immutable list of strings that codes point into. Its address is
// its identity: batches of one column chunk share one Dict, so that a mapping
// from codes to anything is computed once per Dict, not once per row. Entries
// are not necessarily distinct.
type Dict struct {
	Off  []int32 // len = entries + 1
	Data []byte
}

// Len returns the number of entries.
func (d *Dict) Len() int { return len(d.Off) - 1 }

// At returns entry i. The slice aliases the dictionary.
func (d *Dict) At(i int32) []byte { return d.Data[d.Off[i]:d.Off[i+1]:d.Off[i+1]] }

// Column is one column of a batch. Exactly one of the value groups is set, by
// Kind; slices have at least Len elements. Values at null rows are
// unspecified, but codes there are always within the dictionary or 0.
type Column struct {
	Type arrow.DataType // logical type in the source, never nil
	Kind Kind
	Len  int

	// Valid is Arrow's validity bitmap, least significant bit first; nil when no
	// row is null. Nulls counts the cleared bits below Len.
	Valid []byte
	Nulls int

	// Bad marks, in the same bit order, null rows whose source text was present
	// but could not be read as the wanted kind; nil when there are none.
	Bad []byte

	// Swapped is a bad row that reads as a date only with day and month exchanged, though
	// other values of the column were taken to tell their order; nil when there is none.
	Swapped *Swapped

	I64  []int64
	F64  []float64
	D128 []decimal128.Num

	Off  []int32 // plain strings: Len+1 offsets into Data
	Data []byte

	Codes []int32 // dictionary strings: Len indices into Dict
	Dict  *Dict
}

// Swapped is a date in text that contradicts the recognised order of day and month.
type Swapped struct {
	Row  int    // of the batch
	Text string // as it stands in the source
}

// IsNull reports whether row i is null.
func (c *Column) IsNull(i int) bool {
	return c.Kind == Null || (c.Valid != nil && c.Valid[i>>3]&(1<<(i&7)) == 0)
}

// IsBad reports whether row i held text that could not be read.
func (c *Column) IsBad(i int) bool { return c.Bad != nil && c.Bad[i>>3]&(1<<(i&7)) != 0 }

// Str returns the bytes of row i of a String column; it aliases the batch.
// The row must not be null.
func (c *Column) Str(i int) []byte {
	if c.Dict != nil {
		return c.Dict.At(c.Codes[i])
	}
	return c.Data[c.Off[i]:c.Off[i+1]:c.Off[i+1]]
}

// Unsigned reports whether an Int column holds uint64 bit patterns.
func (c *Column) Unsigned() bool { return c.Type != nil && c.Type.ID() == arrow.UINT64 }

// Scale returns the number of decimal digits after the point of a Decimal column.
func (c *Column) Scale() int32 {
	switch t := c.Type.(type) {
	case *arrow.Decimal128Type:
		return t.Scale
	case *arrow.Decimal256Type:
		return t.Scale
	}
	return 0
}

// BadRow is a row that could not be split into columns at all (a text line
// with too many fields, an unclosed quote, a line that is too long). It counts
// as a row of the input and becomes a reject.
type BadRow struct {
	Row    int64  // row number within the split, 0-based
	Line   int64  // line within the split, 0-based; -1 where lines have no meaning
	InFile int64  // line within the file, 1-based; 0 where only a reading from the start would tell
	Raw    string // the original text, cut at 4 KiB
	Reason string // what was wrong, for people
}

// Batch is a run of consecutive rows of one split.
type Batch struct {
	Cols []Column // one per wanted column, in the order asked
	N    int      // rows

	// Row0 is the position of the first row within its split, counting bad rows
	// too. Rows holds, when not nil, each row's own position (there were bad rows
	// between them); else row i is at Row0+i.
	Row0 int64
	Rows []int64

	// Bad lists the rows that could not be split into columns; they are not part of N.
	Bad []BadRow

	// Raw returns the original text fields of row i (all columns of the file, in
	// file order); nil for typed formats, whose values are formatted instead.
	Raw func(i int) []string
}

// RowAt returns the position of row i within its split.
func (b *Batch) RowAt(i int) int64 {
	if b.Rows != nil {
		return b.Rows[i]
	}
	return b.Row0 + int64(i)
}

// Bit reports whether bit i is set in an LSB bitmap.
func Bit(m []byte, i int) bool { return m[i>>3]&(1<<(i&7)) != 0 }

// SetBit sets bit i of an LSB bitmap.
func SetBit(m []byte, i int) { m[i>>3] |= 1 << (i & 7) }

// ClearBit clears bit i of an LSB bitmap.
func ClearBit(m []byte, i int) { m[i>>3] &^= 1 << (i & 7) }

// Grow returns s with length n, reusing its memory when it is large enough.
// The contents are unspecified.
func Grow[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]T, n, n+n/8)
}
