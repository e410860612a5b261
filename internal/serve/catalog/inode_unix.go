//go:build unix

package catalog

import (
	"io/fs"
	"syscall"
)

// inode tells a file from another of the same name, size and time.
func inode(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino) //nolint:unconvert // other systems have other types
	}
	return 0
}
