//go:build unix

package stream

import (
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// lockFolder makes sure that one process works in a folder of checkpoints; the lock goes with the process.
func lockFolder(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, vfs.Classify(err, "opening "+path)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fault.New(fault.Locked, "opening the checkpoints in %s: another process uses them", filepath.Dir(path)).
			WithHint("wait for it to end, or give this run a folder of its own: --checkpoint DIR")
	}
	return f, nil
}
