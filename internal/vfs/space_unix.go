//go:build linux || darwin

package vfs

import (
	"os"

	"golang.org/x/sys/unix"
)

// FreeSpace returns the bytes that may still be written in a folder ("" is the
// system's temporary one); ok is false when nobody knows.
func FreeSpace(dir string) (int64, bool) {
	if dir == "" {
		dir = os.TempDir()
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}
