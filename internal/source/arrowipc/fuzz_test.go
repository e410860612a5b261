package arrowipc

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	sink "github.com/ecomctl/ecomctl/internal/sink/arrowipc"
)

// FuzzRead reads damaged files: a result or a classified error, never a panic.
func FuzzRead(f *testing.F) {
	s := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int32}, {Name: "b", Type: arrow.BinaryTypes.String}}, nil)
	for _, file := range []bool{true, false} {
		var buf bytes.Buffer
		w, err := sink.New(&buf, s, sink.Options{File: file})
		if err != nil {
			f.Fatal(err)
		}
		b := frame.Batch{N: 2, Cols: []frame.Column{
			{Type: s.Field(0).Type, Kind: frame.Int, Len: 2, I64: []int64{1, 2}},
			{Type: s.Field(1).Type, Kind: frame.String, Len: 2, Off: []int32{0, 1, 3}, Data: []byte("xyz")},
		}}
		if err := w.Write(&b); err != nil {
			f.Fatal(err)
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(buf.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		if _, err := cells(data); err != nil && (fault.KindOf(err) == fault.Internal || strings.Contains(err.Error(), "runtime error")) {
			t.Fatalf("%v", err)
		}
	})
}

// TestCompressedBodies reads golden files whose buffers are packed.
func TestCompressedBodies(t *testing.T) {
	n := 0
	for _, p := range files(t) {
		if !strings.Contains(p, "generated_lz4") && !strings.Contains(p, "generated_zstd") && !strings.Contains(p, "generated_uncompressible") {
			continue
		}
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := cells(b)
		if err != nil || len(rows) == 0 {
			t.Errorf("%s: %d rows, %v", p, len(rows), err)
		}
		n++
	}
	if n == 0 {
		t.Skip("no compressed files in the shared data")
	}
}
