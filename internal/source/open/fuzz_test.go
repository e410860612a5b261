package open

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// FuzzOpen reads anything as a file of no stated format: a result or a classified
// error, never a panic.
func FuzzOpen(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "{\"a\":1}", "[{}]", "PAR1....PAR1", "ARROW1\x00\x00\xff\xff\xff\xff\x08\x00\x00\x00", "\xff\xff\xff\xff\x10\x00\x00\x00", "\x1f\x8b\x08\x00", "\x28\xb5\x2f\xfd\x04\x00", "\xff\xfea\x00", "1 2\n3\n", "\x84\x31\x95\x33a"} {
		f.Add([]byte(s), "x.dat")
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		if len(data) > 1<<14 {
			return
		}
		path := filepath.Join(dir, "x"+filepath.Ext(filepath.Base("x"+name)))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return // the extension is no name
		}
		defer os.Remove(path)
		if err := readAny(path); err != nil && fault.KindOf(err) == fault.Internal {
			t.Fatalf("%q: %v", data, err)
		}
	})
}

func readAny(path string) error {
	ctx := context.Background()
	ds, err := Open(ctx, []string{path}, Options{Memory: 64 << 20})
	if err != nil {
		return err
	}
	defer ds.Close()
	var want []source.Want
	for i, f := range ds.Schema().Fields() {
		if frame.KindOf(f.Type) != frame.Nested {
			want = append(want, source.Want{Col: i})
		}
	}
	for _, s := range ds.Splits() {
		r, err := s.Open(ctx, want)
		if err != nil {
			return err
		}
		var b frame.Batch
		for err == nil {
			err = r.Next(&b)
		}
		r.Close()
		if err != io.EOF {
			return err
		}
	}
	ds.Inputs()
	ds.Notices()
	return nil
}
