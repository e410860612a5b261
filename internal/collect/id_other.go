//go:build !unix

package collect

import (
	"io"
	"io/fs"
)

// idOf has no answer: files have no inodes here.
func idOf(fs.FileInfo) (fileID, bool) { return fileID{}, false }

// lock does nothing where files cannot be locked for a process's life.
func lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }
