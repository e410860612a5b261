package vfs

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// CheckTarget refuses what cannot be replaced by a file and returns the path to
// rename onto (links are followed, so that a link stays a link) and the mode to
// create with (an existing file keeps its own).
func CheckTarget(ctx context.Context, fsys FS, path string) (string, fs.FileMode, error) {
	if path == "" {
		return "", 0, fault.New(fault.Usage, "writing a file: its name is empty")
	}
	mode := fs.FileMode(0o666)
	if _, local := fsys.(Local); local {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() {
			mode = st.Mode().Perm()
		}
	}
	info, err := fsys.Stat(ctx, path)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return path, mode, nil
		}
		return "", 0, fault.Wrap(err, "writing %s", path)
	}
	if info.Dir {
		return "", 0, fault.New(fault.Usage, "writing %s: it is a folder, not a file", path).WithHint("add a file name: %s", filepath.Join(path, "result.csv"))
	}
	if !info.Regular {
		return "", 0, fault.New(fault.Usage, "writing %s: it is a device or a pipe, which cannot be replaced as a whole", path).WithHint("write to standard output and redirect it: > %s", path)
	}
	return path, mode, nil
}
