//go:build unix

package vfs_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Skip("no named pipes here: ", err)
	}
	return path
}

// TestPipeWithoutWriter: waiting for a writer ends with the context.
func TestPipeWithoutWriter(t *testing.T) {
	path := pipe(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	done := make(chan error, 1)
	go func() {
		_, err := vfs.Local{}.Open(ctx, path)
		done <- err
	}()
	select {
	case err := <-done:
		if fault.KindOf(err) != fault.Interrupted {
			t.Errorf("got %v (%v)", err, fault.KindOf(err))
		}
	case <-time.After(10 * time.Second):
		t.Fatal("opening ignores the context")
	}
	// Let the call that was left behind return.
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
}

// TestPipeWithWriter: a writer that comes late is read to its end.
func TestPipeWithWriter(t *testing.T) {
	path := pipe(t)
	go func() {
		time.Sleep(20 * time.Millisecond)
		_ = os.WriteFile(path, []byte("a,b\n1,2\n"), 0)
	}()
	f, err := vfs.Local{}.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "a,b\n1,2\n" || f.Info().Regular {
		t.Errorf("read %q, %v, regular %v", b, err, f.Info().Regular)
	}
}
