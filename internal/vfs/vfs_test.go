package vfs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
	"github.com/ecomctl/ecomctl/internal/vfs/vfstest"
)

func TestLocal(t *testing.T) { vfstest.Suite(t, vfs.Local{}, t.TempDir()) }

// TestFaultyWithoutFaults shows that the wrapper changes nothing by itself.
func TestFaultyWithoutFaults(t *testing.T) {
	vfstest.Suite(t, &vfstest.Faulty{FS: vfs.Local{}}, t.TempDir())
}

func TestFullDisk(t *testing.T) {
	for name, fsys := range map[string]*vfstest.Faulty{
		"while writing": {FS: vfs.Local{}, WriteErr: &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, WriteBytes: 1000},
		"at the end":    {FS: vfs.Local{}, SyncErr: syscall.ENOSPC},
	} {
		dir := t.TempDir()
		target := filepath.Join(dir, "out.csv")
		if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := vfs.WriteAtomicFS(context.Background(), fsys, target, func(w io.Writer) error {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 4096)); err != nil {
				return errors.New("what an encoder makes of it")
			}
			return nil
		})
		if fault.KindOf(err) != fault.Full || fault.HintOf(err) == "" || !strings.Contains(err.Error(), target) {
			t.Errorf("%s: %v (%v)", name, err, fault.KindOf(err))
		}
		left, _ := os.ReadDir(dir)
		if b, _ := os.ReadFile(target); string(b) != "old" || len(left) != 1 {
			t.Errorf("%s: the file is %q among %d", name, b, len(left))
		}
	}
}

func TestModeAndLinksAreKept(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.csv"), filepath.Join(dir, "link.csv")
	if err := os.WriteFile(real, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(real, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.csv", link); err != nil {
		t.Skip("no symbolic links here")
	}
	err := vfs.WriteAtomic(context.Background(), link, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err })
	if err != nil {
		t.Fatal(err)
	}
	st, _ := os.Lstat(link)
	if b, _ := os.ReadFile(real); string(b) != "new" || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the target holds %q, the link is %v", b, st.Mode())
	}
	if st, _ := os.Stat(real); st.Mode().Perm() != 0o640 {
		t.Errorf("mode %v", st.Mode())
	}
}

func TestNoPermission(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may do everything")
	}
	dir := t.TempDir()
	p := filepath.Join(dir, "a.csv")
	if err := os.WriteFile(p, nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := (vfs.Local{}).Open(context.Background(), p); fault.KindOf(err) != fault.Auth {
		t.Errorf("got %v", err)
	}
}

func TestTempLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	f, err := vfs.NewTemp(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	var b [3]byte
	if _, err := f.ReadAt(b[:], 2); err != nil || string(b[:]) != "llo" {
		t.Errorf("%q %v", b, err)
	}
	if n, err := f.Size(); n != 5 || err != nil {
		t.Errorf("size %d %v", n, err)
	}
	f.Close()
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files left", len(left))
	}
	if _, err := vfs.NewTemp(filepath.Join(dir, "none")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v", err)
	}
}

func TestLoopOfLinksEnds(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(".", filepath.Join(dir, "loop")); err != nil {
		t.Skip("no symbolic links here")
	}
	if _, err := vfs.Walk(context.Background(), vfs.Local{}, dir); err == nil || !strings.Contains(err.Error(), "deep") {
		t.Errorf("got %v", err)
	}
}
