package hdfs_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ecomctl/ecomctl/internal/vfs"
	"github.com/ecomctl/ecomctl/internal/vfs/hdfs"
)

// TestFailover reads and writes while the active one of two name nodes hands over to the standby, and when it is
// killed.
func TestFailover(t *testing.T) {
	out := startCluster(t, "start-ha.sh")
	t.Setenv("HADOOP_CONF_DIR", out[len(out)-2])
	dir := out[len(out)-1] + "/failover"
	ctx := context.Background()
	fsys := hdfs.New(ctx, hdfs.Options{ConfDir: out[len(out)-2], Patience: patience})
	defer fsys.Close()
	orders := filepath.Join(t.TempDir(), "orders.parquet")
	run(t, 0, "generate", "orders", "--rows", "20000", "-o", orders)
	near, _ := run(t, 0, "sales", orders, "-q")
	if err := fsys.MkdirAll(ctx, dir); err != nil {
		t.Fatal(err)
	}
	run(t, 0, "hdfs", "put", orders, dir)
	same := func(when string) {
		t.Helper()
		if far, _ := run(t, 0, "sales", dir+"/orders.parquet", "-q"); far != near {
			t.Errorf("%s: other results", when)
		}
	}
	same("before")
	w := &writes{fsys: fsys, dir: dir}
	if err := w.one(ctx); err != nil {
		t.Fatal(err)
	}

	// a file that is open, and files that are written, while the name nodes change places
	f, err := fsys.Open(ctx, dir+"/0.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	half := make([]byte, len(w.data)/2)
	if _, err := f.ReadAt(half, 0); err != nil || !bytes.Equal(half, w.data[:len(half)]) {
		t.Fatalf("the first half: %v", err)
	}
	w.during(t, func() error { return failover("nn1", "nn2") })
	rest := make([]byte, len(w.data)-len(half))
	if n, err := f.ReadAt(rest, int64(len(half))); n != len(rest) || !bytes.Equal(rest, w.data[len(half):]) {
		t.Errorf("the second half: %d bytes, %v", n, err)
	}
	same("after a handover")

	// a crash: nobody is active until the other one is told to be
	w.during(t, func() error {
		if out, err := script("stop.sh", "nn2", "--kill"); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return failover("nn2", "nn1")
	})
	same("after a crash")
	w.check(t)
	if list, _ := run(t, 0, "hdfs", "ls", dir, "--columns", "path"); strings.Contains(list, "tmp") {
		t.Errorf("left behind: %s", list)
	}
}

func failover(from, to string) error {
	if out, err := script("failover.sh", from, to); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// writes are files of the same 3 MiB, one after the other.
type writes struct {
	fsys *hdfs.FS
	dir  string
	data []byte
	n    int
}

func (w *writes) one(ctx context.Context) error {
	if w.data == nil {
		w.data = make([]byte, 3<<20)
		if _, err := rand.Read(w.data); err != nil {
			return err
		}
	}
	err := vfs.WriteAtomicFS(ctx, w.fsys, fmt.Sprintf("%s/%d.bin", w.dir, w.n), func(to io.Writer) error {
		_, err := to.Write(w.data)
		return err
	})
	w.n++
	return err
}

// during writes until change is done, and once more; every write must succeed.
func (w *writes) during(t *testing.T, change func() error) {
	t.Helper()
	var over atomic.Bool
	changed := make(chan error, 1)
	go func() { changed <- change(); over.Store(true) }()
	for last := false; !last; {
		last = over.Load()
		if err := w.one(t.Context()); err != nil {
			t.Errorf("writing file %d: %v", w.n-1, err)
			break
		}
	}
	if err := <-changed; err != nil {
		t.Fatal(err)
	}
}

// check reads every file that was written.
func (w *writes) check(t *testing.T) {
	t.Helper()
	for i := range w.n {
		f, err := w.fsys.Open(t.Context(), fmt.Sprintf("%s/%d.bin", w.dir, i))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err != nil || !bytes.Equal(got, w.data) {
			t.Errorf("file %d: %d bytes, %v", i, len(got), err)
		}
		_ = f.Close()
	}
	t.Logf("%d files were written", w.n)
}
