package vfs

import (
	"context"
	"io"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// ReadFile reads a whole file, at most limit bytes of it: models, rules
// and lists, never data.
func ReadFile(ctx context.Context, fsys FS, path string, limit int64) ([]byte, error) {
	f, err := fsys.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, Classify(err, "reading "+path)
	case int64(len(b)) > limit:
		return nil, fault.New(fault.Input, "reading %s: larger than %d MiB", path, limit>>20)
	}
	return b, nil
}
