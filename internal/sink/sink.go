// Package sink defines how batches of frames are written, whatever the
// format. Formats live in sub-packages:
//
//	w, err := csv.New(out, schema, csv.Options{})
//	for … { err = w.Write(&batch) }
//	err = w.Close()
//
// A sink writes to a stream; vfs.WriteAtomic makes a file of it that appears whole or
// not at all.
package sink

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Writer writes batches of one schema. The columns of each batch are those of the
// schema in its order; kinds must agree. Bad rows of a batch are not written.
type Writer interface {
	// Write writes the rows of a batch; it keeps nothing of it.
	Write(b *frame.Batch) error
	// Close ends the output: footers, closing brackets, buffered bytes. It does not close the
	// stream below. A writer that failed must still be closed.
	Close() error
}

// Check says whether a batch has the columns of the schema.
func Check(b *frame.Batch, schema *arrow.Schema) error {
	if len(b.Cols) != schema.NumFields() {
		return fault.New(fault.Internal, "writing a batch of %d columns to a table of %d", len(b.Cols), schema.NumFields())
	}
	for i := range b.Cols {
		f := schema.Field(i)
		want, got := frame.KindOf(f.Type), b.Cols[i].Kind
		if got != want && got != frame.Null {
			return fault.New(fault.Internal, "writing column %s: a batch holds %v where the table has %v", f.Name, got, want)
		}
	}
	return nil
}

// Flat refuses schemas with columns that frames cannot carry.
func Flat(schema *arrow.Schema) error {
	for _, f := range schema.Fields() {
		if frame.KindOf(f.Type) == frame.Nested {
			return fault.New(fault.Input, "writing column %s: nested columns (%s) cannot be written", f.Name, f.Type).WithHint("leave the column out (--columns)")
		}
	}
	return nil
}
