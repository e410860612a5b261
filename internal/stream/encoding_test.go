package stream

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/ecomctl/ecomctl/internal/session"
)

// TestNotUTF8: a record that is not UTF-8 is a dead letter wherever it comes, also among the first records, which decide
// on columns, and when it brings a new member.
func TestNotUTF8(t *testing.T) {
	bad := [][]byte{
		[]byte("{\"order_id\":\"x\",\"order_ts\":\"2026-01-14T10:00:00\",\"product_id\":\"p\",\"quantity\":1,\"unit_price\":1,\"region\":\"\xff\xfe\"}"),
		[]byte("{\"order_id\":\"y\",\"order_ts\":\"2026-01-14T10:00:00\",\"product_id\":\"p\",\"quantity\":1,\"unit_price\":1,\"gift\xff\":true}"),
		[]byte("\xff\xff{"),
	}
	orders := someOrders(50)
	for _, at := range []int{0, 1, len(orders)} {
		lines := append(append(append([][]byte{}, orders[:at]...), bad...), orders[at:]...)
		for _, size := range []int{1, 6} { // of batches
			src := &memSource{parts: map[string][][]byte{"p": lines}, crash: -1, pick: func(n int) int { return min(size, n-1) }}
			sum, err := Run(context.Background(), testOptions(session.Settings{}), src, []string{"mem"}, Outputs{Rows: &memOutput{}})
			if err != nil {
				t.Fatalf("behind %d orders: %v", at, err)
			}
			if c := sum.Counts; c.Sold != int64(len(orders)) || c.Dead["malformed"] != int64(len(bad)) || !c.Balanced() {
				t.Errorf("behind %d orders: %s", at, c.String())
			}
		}
	}
}

// TestByteOrderMark: the mark that some programs put before a text is none of its first line.
func TestByteOrderMark(t *testing.T) {
	text := []byte("\ufeff{\"a\":1}\r\n{\"a\":\"\ufeff\"}\n")
	path := filepath.Join(t.TempDir(), "in.ndjson")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{`{"a":1}`, "{\"a\":\"\ufeff\"}"}
	for _, src := range []Source{NewFiles([]string{path}, false), NewPipe(io.LimitReader(bytes.NewReader(text), 1<<20))} {
		got, _, err := all(src, nil)
		if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("%T: %q, %v", src, got, err)
		}
	}
}
