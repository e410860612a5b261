package parquet_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	sink "github.com/ecomctl/ecomctl/internal/sink/parquet"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/parquet"
)

// TestWide writes a table of very many columns and reads the last of them.
func TestWide(t *testing.T) {
	const cols = 100_000
	b := frame.Batch{N: 2}
	var fields []arrow.Field
	for i := range cols {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("column %d", i), Type: arrow.PrimitiveTypes.Int64})
		b.Cols = append(b.Cols, frame.Column{Type: fields[i].Type, Kind: frame.Int, Len: 2, I64: []int64{int64(i), -1}})
	}
	var buf bytes.Buffer
	start := time.Now()
	if err := write(t, &buf, arrow.NewSchema(fields, nil), &b, 2, sink.Options{}); err != nil {
		t.Fatal(err)
	}
	wrote := time.Since(start)
	start = time.Now()
	ds, err := parquet.Open(context.Background(), "wide", bytes.NewReader(buf.Bytes()), int64(buf.Len()), parquet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := ds.Splits()[0].Open(context.Background(), []source.Want{{Col: cols - 1}})
	if err != nil {
		t.Fatal(err)
	}
	var out frame.Batch
	if err := r.Next(&out); err != nil || out.Cols[0].I64[0] != cols-1 || out.N != 2 {
		t.Fatal(out.N, err)
	}
	t.Logf("%d bytes written in %v, opened and read in %v", buf.Len(), wrote, time.Since(start))
}
