//go:build unix

package collect

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// idOf returns the identity of a file.
func idOf(st fs.FileInfo) (fileID, bool) {
	s, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, false
	}
	return fileID{uint64(s.Dev), s.Ino}, true //nolint:unconvert // the type differs between systems
}

// lock makes sure that one process works with a state; the lock goes with the process.
func lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, vfs.Classify(err, "opening "+path)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fault.New(fault.Locked, "opening the state in %s: another process uses it", filepath.Dir(path)).
			WithHint("wait for it to end, or give this one a state of its own: --state FOLDER")
	}
	return f, nil
}
