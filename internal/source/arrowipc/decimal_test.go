package arrowipc

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// TestImpossibleDecimals opens streams whose schema states digits that cannot be.
func TestImpossibleDecimals(t *testing.T) {
	dec := func(p, s int32) arrow.DataType { return &arrow.Decimal128Type{Precision: p, Scale: s} }
	wide := func(p, s int32) arrow.DataType { return &arrow.Decimal256Type{Precision: p, Scale: s} }
	tests := []struct {
		typ arrow.DataType
		ok  bool
	}{
		{dec(0, 0), false}, {dec(-1, 0), false}, {dec(39, 0), false}, {dec(5, 6), false}, {dec(5, -39), false}, {wide(77, 0), false}, {wide(0, 0), false},
		{dec(1, 0), true}, {dec(38, 38), true}, {dec(5, -2), true}, {wide(76, 2), true},
	}
	for _, tt := range tests {
		var buf bytes.Buffer
		w := ipc.NewWriter(&buf, ipc.WithSchema(arrow.NewSchema([]arrow.Field{{Name: "price", Type: tt.typ}}, nil)))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := Open(context.Background(), "test", bytes.NewReader(buf.Bytes()), int64(buf.Len()), Options{Memory: 1 << 20})
		switch {
		case tt.ok && err != nil:
			t.Errorf("%s: %v", tt.typ, err)
		case !tt.ok && (fault.KindOf(err) != fault.Input || !strings.Contains(fmt.Sprint(err), `"price"`)):
			t.Errorf("%s: %v, want an error of the input that names the column", tt.typ, err)
		}
	}
}

// TestDecimalOfNoDigitsInTheCorpus is a file of a fuzzer.
func TestDecimalOfNoDigitsInTheCorpus(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(shared(t), "arrow-ipc-stream", "crash-5e88bae6ac5250714e8c8bc73b9d67b949fadbb4"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cells(b); fault.KindOf(err) != fault.Input || err == nil {
		t.Errorf("%v, want an error of the input", err)
	}
}
