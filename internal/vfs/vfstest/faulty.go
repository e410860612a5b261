package vfstest

import (
	"context"
	"io/fs"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Faulty is an FS whose reads and writes fail after a number of bytes.
type Faulty struct {
	vfs.FS
	// ReadErr is returned once ReadBytes bytes were read of a file; nil never fails.
	ReadErr   error
	ReadBytes int64
	// WriteErr is returned once WriteBytes bytes were written to a file; nil never fails.
	WriteErr   error
	WriteBytes int64
	SyncErr    error // of Sync
}

// Open implements vfs.FS.
func (f *Faulty) Open(ctx context.Context, path string) (vfs.File, error) {
	file, err := f.FS.Open(ctx, path)
	if err != nil || f.ReadErr == nil {
		return file, err
	}
	return &faultyFile{File: file, f: f}, nil
}

type faultyFile struct {
	vfs.File
	f    *Faulty
	read atomic.Int64
}

// Read implements io.Reader.
func (f *faultyFile) Read(p []byte) (int, error) {
	if f.read.Add(int64(len(p))) > f.f.ReadBytes {
		return 0, f.f.ReadErr
	}
	return f.File.Read(p)
}

// ReadAt implements io.ReaderAt.
func (f *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if f.read.Add(int64(len(p))) > f.f.ReadBytes {
		return 0, f.f.ReadErr
	}
	return f.File.ReadAt(p, off)
}

// Create implements vfs.FS.
func (f *Faulty) Create(ctx context.Context, path string, perm fs.FileMode) (vfs.Writer, error) {
	w, err := f.FS.Create(ctx, path, perm)
	if err != nil {
		return nil, err
	}
	return &faultyWriter{Writer: w, f: f}, nil
}

type faultyWriter struct {
	vfs.Writer
	f       *Faulty
	written int64
}

// Write implements io.Writer.
func (w *faultyWriter) Write(p []byte) (int, error) {
	if w.f.WriteErr != nil && w.written+int64(len(p)) > w.f.WriteBytes {
		n, _ := w.Writer.Write(p[:max(0, w.f.WriteBytes-w.written)])
		w.written += int64(n)
		return n, w.f.WriteErr
	}
	w.written += int64(len(p))
	return w.Writer.Write(p)
}

// Sync implements vfs.Writer.
func (w *faultyWriter) Sync() error {
	if w.f.SyncErr != nil {
		return w.f.SyncErr
	}
	return w.Writer.Sync()
}
