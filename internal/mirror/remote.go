package mirror

import (
	"context"
	"io"

	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Noting is a tree that keeps a note with each file, as extended attributes do.
type Noting interface {
	vfs.FS
	Put(ctx context.Context, path string, from io.ReaderAt, size int64) error
	Remember(ctx context.Context, path, note string) error
	Remembered(ctx context.Context, path string) (string, error)
}

// Noted makes a place of a tree that keeps notes: the record moves with the file.
func Noted(fs Noting) Place { return noted{fs} }

type noted struct{ Noting }

// Keep implements Place.
func (n noted) Keep(ctx context.Context, tmp, path string, r Record) error {
	if err := n.Note(ctx, tmp, r); err != nil {
		return err
	}
	return n.Rename(ctx, tmp, path)
}

// Note implements Place.
func (n noted) Note(ctx context.Context, path string, r Record) error {
	info, err := n.Stat(ctx, path)
	if err != nil {
		return err
	}
	r.Copied = info.ModTime
	return n.Remember(ctx, path, r.encode())
}

// Record implements Place.
func (n noted) Record(ctx context.Context, path string) (Record, bool, error) {
	note, err := n.Remembered(ctx, path)
	r, ok := decode(note)
	return r, ok, err
}
