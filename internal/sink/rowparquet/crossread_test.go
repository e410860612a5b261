package rowparquet

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/xitongsys/parquet-go-source/buffer"
	"github.com/xitongsys/parquet-go/reader"

	"github.com/ecomctl/ecomctl/internal/frame"
	sink "github.com/ecomctl/ecomctl/internal/sink/parquet"
)

// TestLibraryReadsArrowWriter reads a file of this project's Arrow writer with
// the library of this package: dictionaries, PLAIN pages, nulls, row groups.
func TestLibraryReadsArrowWriter(t *testing.T) {
	in := sample(5000)
	b := frame.Batch{N: in.Rows, Cols: in.Columns}
	fields := make([]arrow.Field, len(in.Columns))
	for i, c := range in.Columns {
		fields[i] = arrow.Field{Name: fmt.Sprintf("c%d", i), Type: c.Type}
	}
	for _, codec := range []string{"none", "snappy", "gzip", "zstd"} {
		var buf bytes.Buffer
		w, err := sink.NewWriter(&buf, arrow.NewSchema(fields, nil), sink.Options{Codec: codec, RowGroup: 2000})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(&b); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		pf := buffer.NewBufferFileFromBytes(buf.Bytes())
		r, err := reader.NewParquetColumnReader(pf, 1)
		if err != nil {
			t.Fatal(err)
		}
		if n := r.GetNumRows(); n != int64(in.Rows) {
			t.Errorf("%s: %d rows, want %d", codec, n, in.Rows)
		}
		for j := range in.Columns {
			values, _, _, err := r.ReadColumnByIndex(int64(j), int64(in.Rows))
			if err != nil || len(values) != in.Rows {
				t.Fatalf("%s, column %s: %d values, %v", codec, in.Names[j], len(values), err)
			}
			for i, v := range values {
				if got, want := libraryText(v), arrowText(&in.Columns[j], i); got != want {
					t.Fatalf("%s, column %s, row %d: %s, want %s", codec, in.Names[j], i, got, want)
				}
			}
		}
		r.ReadStop()
	}
}

func libraryText(v any) string {
	if v == nil {
		return "null"
	}
	if b, ok := v.(bool); ok {
		return map[bool]string{false: "0", true: "1"}[b]
	}
	return fmt.Sprint(v)
}

func arrowText(c *frame.Column, i int) string {
	if c.Kind == frame.Float && !c.IsNull(i) {
		return fmt.Sprint(c.F64[i])
	}
	return text(c, i)
}
