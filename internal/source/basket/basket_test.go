package basket

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// read returns "order:item" for each row.
func read(text []byte, opts Options) (out []string, err error) {
	ds, err := Open(context.Background(), "test.dat", bytes.NewReader(text), int64(len(text)), opts)
	if err != nil {
		return nil, err
	}
	r, err := ds.Splits()[0].Open(context.Background(), []source.Want{{Col: 1}, {Col: 0}})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var b frame.Batch
	for {
		err := r.Next(&b)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if b.Row0 != int64(len(out)) {
			return nil, fmt.Errorf("a batch begins at row %d, not %d", b.Row0, len(out))
		}
		for i := range b.N {
			out = append(out, fmt.Sprintf("%d:%s", b.Cols[1].I64[i], b.Cols[0].Str(i)))
		}
	}
	if in := ds.Inputs()[0]; in.Rows != int64(len(out)) || in.Digest == "" {
		return nil, fmt.Errorf("%+v after %d rows", in, len(out))
	}
	return out, nil
}

func TestLines(t *testing.T) {
	for text, want := range map[string]string{
		"1 2  3\n4\n":                            "1:1 1:2 1:3 2:4",
		"whole milk,bread\r\n\r\nbeer, wine\r\n": "1:whole milk 1:bread 3:beer 3:wine",
		"a\tb c\nd":                              "1:a 1:b c 2:d",
		"\"a\",\"b\"\n":                          "1:a 1:b",
		"\xef\xbb\xbfx y\n":                      "1:x 1:y",
		"a,,b,\n":                                "1:a 1:b",
	} {
		got, err := read([]byte(text), Options{})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %q %v, want %q", text, got, err, want)
		}
	}
}

func TestLongLines(t *testing.T) {
	line := []byte(strings.Repeat("x ", 100_000))
	if got, err := read(line, Options{}); err != nil || len(got) != 100_000 {
		t.Errorf("%d items: %v", len(got), err)
	}
	if _, err := read(bytes.Repeat([]byte("x"), 1<<20), Options{MaxLine: 1 << 18}); fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), "line 1 is longer") {
		t.Errorf("got %v", err)
	}
}

// TestFIMI counts a public file of transactions: 100,000 with 1,010,228 items.
func TestFIMI(t *testing.T) {
	dir := os.Getenv("ECOMCTL_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(dir, "data", "fimi", "T10I4D100K.dat.gz"))
	if err != nil {
		if os.Getenv("CI") == "true" && os.Getenv("ECOMCTL_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("the shared test data is missing (ECOMCTL_SHARED)")
	}
	got, err := read(text, Options{})
	if err != nil || len(got) != 1_010_228 || !strings.HasPrefix(got[len(got)-1], "100000:") {
		t.Errorf("%d items, %v", len(got), err)
	}
}
