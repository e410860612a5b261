package vfs

import (
	"context"
	"io/fs"
	"strings"
)

// Schemes is the local disk and, by how their paths begin ("hdfs://"), other trees of files.
type Schemes map[string]FS

var _ FS = Schemes(nil)

// Has reports whether a path belongs to one of the schemes.
func (s Schemes) Has(path string) bool { return s.For(path) != FS(Local{}) }

// For returns the tree that a path belongs to.
func (s Schemes) For(path string) FS {
	for scheme, fsys := range s {
		if strings.HasPrefix(path, scheme) {
			return fsys
		}
	}
	return Local{}
}

// Open implements FS.
func (s Schemes) Open(ctx context.Context, path string) (File, error) {
	return s.For(path).Open(ctx, path)
}

// Stat implements FS.
func (s Schemes) Stat(ctx context.Context, path string) (Info, error) {
	return s.For(path).Stat(ctx, path)
}

// ReadDir implements FS.
func (s Schemes) ReadDir(ctx context.Context, path string) ([]Info, error) {
	return s.For(path).ReadDir(ctx, path)
}

// Create implements FS.
func (s Schemes) Create(ctx context.Context, path string, perm fs.FileMode) (Writer, error) {
	return s.For(path).Create(ctx, path, perm)
}

// Rename implements FS, within one tree.
func (s Schemes) Rename(ctx context.Context, from, to string) error {
	return s.For(to).Rename(ctx, from, to)
}

// Remove implements FS.
func (s Schemes) Remove(ctx context.Context, path string) error {
	return s.For(path).Remove(ctx, path)
}

// RemoveAll implements FS.
func (s Schemes) RemoveAll(ctx context.Context, path string) error {
	return s.For(path).RemoveAll(ctx, path)
}

// MkdirAll implements FS.
func (s Schemes) MkdirAll(ctx context.Context, path string) error {
	return s.For(path).MkdirAll(ctx, path)
}
