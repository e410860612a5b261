package generate

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink/csv"
)

// TestGoldenShop: testdata/shop.csv is what the generator makes of the options that
// its README states.
func TestGoldenShop(t *testing.T) {
	want, err := os.ReadFile("../../testdata/shop.csv")
	if err != nil {
		t.Fatal(err)
	}
	p := orders(t, Options{Rows: 2000, Products: 120, Customers: 300, Regions: "br", Seed: 7, From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Days: 365})
	var got bytes.Buffer
	w, err := csv.New(&got, p.Schema(), csv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Splits() {
		r, err := s.Open(context.Background(), allWants(p))
		if err != nil {
			t.Fatal(err)
		}
		var b frame.Batch
		for {
			err := r.Next(&b)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(&b); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes, the file has %d; first difference in line %d", got.Len(), len(want), 1+bytes.Count(common(got.Bytes(), want), []byte("\n")))
	}
}

func common(a, b []byte) []byte {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[:i]
		}
	}
	return a[:min(len(a), len(b))]
}
