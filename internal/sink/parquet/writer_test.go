package parquet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/ecomctl/ecomctl/internal/frame"
	sink "github.com/ecomctl/ecomctl/internal/sink/parquet"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/parquet"
)

// copyTo reads a dataset and writes it again.
func copyTo(t testing.TB, ds source.Dataset, w io.Writer, o sink.Options) {
	t.Helper()
	pw, err := sink.NewWriter(w, ds.Schema(), o)
	if err != nil {
		t.Fatal(err)
	}
	var want []source.Want
	for i := range ds.Schema().NumFields() {
		want = append(want, source.Want{Col: i})
	}
	var b frame.Batch
	for _, s := range ds.Splits() {
		r, err := s.Open(context.Background(), want)
		if err != nil {
			t.Fatal(err)
		}
		for {
			err := r.Next(&b)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := pw.Write(&b); err != nil {
				t.Fatal(err)
			}
		}
		r.Close()
	}
	if err := pw.Close(); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, b []byte) source.Dataset {
	t.Helper()
	ds, err := parquet.Open(context.Background(), "mem", bytes.NewReader(b), int64(len(b)), parquet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}
