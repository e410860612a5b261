// Package vfs is the only way to files: opening, listing, globbing, writing
// whole files or none, temporary files. The local disk is one FS; others (HDFS)
// implement the same interface and pass the same contract test, vfstest.Suite.
package vfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Info describes a file or folder.
type Info struct {
	Path    string    // as one would open it
	Size    int64     // bytes; meaningless for folders
	ModTime time.Time // last change
	Dir     bool
	Regular bool // false for pipes and devices, which can be read only once
}

// File is an opened file. Regular files may be read at any place by several
// goroutines at once; pipes and devices only through Read.
type File interface {
	io.Reader
	io.ReaderAt
	io.Closer
	// Info describes the file as it was when opened.
	Info() Info
	// Stat describes the file as it is now, to notice that it changed.
	Stat(ctx context.Context) (Info, error)
}

// Writer is a file being written. Nothing is promised before Sync.
type Writer interface {
	io.WriteCloser
	// Sync makes the contents durable.
	Sync() error
}

// FS is a tree of files. Paths are what users write; every error is a
// fault that names the path, its kind and a remedy.
type FS interface {
	// Open opens a file for reading.
	Open(ctx context.Context, path string) (File, error)
	// Stat describes a file or folder.
	Stat(ctx context.Context, path string) (Info, error)
	// ReadDir lists a folder, sorted by name.
	ReadDir(ctx context.Context, path string) ([]Info, error)
	// Create makes a new file and fails when it exists.
	Create(ctx context.Context, path string, perm fs.FileMode) (Writer, error)
	// Rename moves a file, replacing the target in one step.
	Rename(ctx context.Context, from, to string) error
	// Remove deletes a file.
	Remove(ctx context.Context, path string) error
	// RemoveAll deletes a file, or a folder with all that is in it. What is not there is no error, or fault.NotFound.
	RemoveAll(ctx context.Context, path string) error
	// MkdirAll makes a folder and its parents.
	MkdirAll(ctx context.Context, path string) error
}

// Classify gives an operating system error its kind and remedy. what says
// what was being done ("opening x").
func Classify(err error, what string) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return fault.Wrap(err, "%s", what)
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err // the path is in what already
	}
	switch {
	case errors.Is(err, context.Canceled):
		return fault.New(fault.Interrupted, "%s: %w", what, err)
	case errors.Is(err, syscall.EPIPE):
		return err // a closed pipe ends quietly; the caller decides
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "%s: no such file or folder", what).WithHint("check the spelling and the current folder")
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Auth, "%s: no permission", what).WithHint("check the owner and the rights of the file and of its folder")
	case errors.Is(err, fs.ErrExist):
		return fault.New(fault.Locked, "%s: it exists already", what)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, errQuota):
		return fault.New(fault.Full, "%s: no space left on the disk", what).WithHint("free some space, or write to another disk (-o), or put temporary files elsewhere (TMPDIR)")
	case errors.Is(err, syscall.EISDIR):
		return fault.New(fault.Usage, "%s: it is a folder, not a file", what)
	case errors.Is(err, syscall.ENOTDIR):
		return fault.New(fault.NotFound, "%s: a part of the path is not a folder", what)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return fault.New(fault.Usage, "%s: the name is too long", what)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fault.New(fault.Full, "%s: too many open files", what).WithHint("raise the limit (ulimit -n) or give fewer files at once")
	}
	return fault.New(fault.Input, "%s: %w", what, err)
}

// HasGlob reports whether a path holds pattern characters.
func HasGlob(path string) bool { return strings.ContainsAny(path, "*?[") }
