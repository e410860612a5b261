package mirror_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/mirror"
	"github.com/ecomctl/ecomctl/internal/vfs"
	"github.com/ecomctl/ecomctl/internal/vfs/vfstest"
)

func write(t *testing.T, p, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, p string) string {
	t.Helper()
	b, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func sync(t *testing.T, src vfs.FS, from, to string, o mirror.Options) (mirror.Summary, error) {
	t.Helper()
	dst, err := mirror.OpenLocal(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	o.Now, o.Say, o.Parallel = time.Now(), t.Logf, 3
	return mirror.Run(t.Context(), src, from, dst, to, o)
}

// writing is a tree in which somebody appends to a file whenever it is opened, n times.
type writing struct {
	vfs.Local
	path string
	n    int
}

func (w *writing) Open(ctx context.Context, p string) (vfs.File, error) {
	f, err := w.Local.Open(ctx, p)
	if p == w.path && w.n > 0 && err == nil {
		w.n--
		if a, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0); err == nil {
			_, _ = a.WriteString("+")
			_ = a.Close()
		}
	}
	return f, err
}

// TestChanging: a file that changes once is copied again; one that goes on changing is not
// copied, told, and the others are there.
func TestChanging(t *testing.T) {
	for _, n := range []int{1, 100} {
		from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
		write(t, from+"/a", "aaa")
		write(t, from+"/b/c", "ccc")
		sum, err := sync(t, &writing{path: from + "/a", n: n}, from, to, mirror.Options{})
		if text(t, to+"/b/c") != "ccc" {
			t.Error("the other file is not there")
		}
		if n == 1 {
			if err != nil || text(t, to+"/a") != "aaa+" || sum.Copied.Files != 2 {
				t.Errorf("changed once: %v, %+v, %q", err, sum, text(t, to+"/a"))
			}
			continue
		}
		if fault.KindOf(err) != fault.Locked || !strings.Contains(err.Error(), "copying a:") || sum.Changed.Files != 1 || sum.Copied.Files != 1 {
			t.Errorf("changes for ever: %v, %+v", err, sum)
		}
		if left, _ := filepath.Glob(to + "/.a*"); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	}
}

// TestFull: a disk that fills ends the run with one error and leaves nothing half written.
func TestFull(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, from+"/a", strings.Repeat("a", 1000))
	dst, err := mirror.OpenLocal(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	full := &fullPlace{Place: dst}
	_, err = mirror.Run(t.Context(), vfs.Local{}, from, full, to, mirror.Options{Parallel: 1, Now: time.Now(), Say: t.Logf})
	if fault.KindOf(err) != fault.Full {
		t.Errorf("%v (%v)", err, fault.KindOf(err))
	}
	if left, _ := os.ReadDir(to); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	if _, err := sync(t, &vfstest.Faulty{FS: vfs.Local{}, ReadErr: errors.New("a bad sector"), ReadBytes: 10}, from, to, mirror.Options{}); err == nil || !strings.Contains(err.Error(), "bad sector") {
		t.Errorf("reading: %v", err)
	}
	if left, _ := os.ReadDir(to); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

type fullPlace struct{ mirror.Place }

func (f *fullPlace) Keep(context.Context, string, string, mirror.Record) error {
	return vfs.Classify(syscall.ENOSPC, "writing")
}

// TestLeftovers: unfinished files of processes that ended go, those of living ones and of other
// machines stay; neither is ever copied.
func TestLeftovers(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, from+"/a", "a")
	write(t, from+"/.a.ecomctl-0123456789ab.tmp", "half")
	if _, err := sync(t, vfs.Local{}, from, to, mirror.Options{}); err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	host = strings.Map(func(r rune) rune {
		if strings.ContainsRune("-.", r) {
			return '_'
		}
		return r
	}, host)
	dead := to + "/.x.ecomctl-sync-" + host + "-999999999-00.tmp"
	alive := to + "/.x.ecomctl-sync-" + host + "-1-00.tmp"
	other := to + "/.x.ecomctl-sync-elsewhere-1-00.tmp"
	for _, p := range []string{dead, alive, other} {
		write(t, p, "half")
	}
	sum, err := sync(t, vfs.Local{}, from, to, mirror.Options{Delete: true})
	if err != nil || sum.Unchanged.Files != 1 || sum.Deleted.Files != 0 {
		t.Errorf("%v %+v", err, sum)
	}
	if _, err := os.Stat(dead); err == nil {
		t.Error("a dead process's file stays")
	}
	for _, p := range []string{alive, other} {
		if _, err := os.Stat(p); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(to + "/.a.ecomctl-0123456789ab.tmp"); err == nil {
		t.Error("an unfinished output was copied")
	}
}

// TestRecords: a damaged journal, a copy that was changed with the same size and --verify.
func TestRecords(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, from+"/a", "aaa")
	write(t, from+"/b", "bbb")
	if _, err := sync(t, vfs.Local{}, from, to, mirror.Options{}); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(to + "/a")
	if err != nil {
		t.Fatal(err)
	}
	write(t, to+"/a", "xxx") // rot: the same size and, below, the same time
	if err := os.Chtimes(to+"/a", time.Time{}, st.ModTime()); err != nil {
		t.Fatal(err)
	}
	if sum, err := sync(t, vfs.Local{}, from, to, mirror.Options{}); err != nil || sum.Unchanged.Files != 2 {
		t.Errorf("by record: %v %+v", err, sum)
	}
	if sum, err := sync(t, vfs.Local{}, from, to, mirror.Options{Verify: true}); err != nil || sum.Copied.Files != 1 || sum.Compared.Files != 1 || text(t, to+"/a") != "aaa" {
		t.Errorf("verify: %v %+v", err, sum)
	}
	write(t, to+"/.ecomctl-sync.ndjson", "{\"path\":\"a\",\"size\":3,\"modi")
	if sum, err := sync(t, vfs.Local{}, from, to, mirror.Options{}); err != nil || sum.Compared.Files != 2 {
		t.Errorf("damaged journal: %v %+v", err, sum)
	}
	if sum, err := sync(t, vfs.Local{}, from, to, mirror.Options{}); err != nil || sum.Unchanged.Files != 2 {
		t.Errorf("mended journal: %v %+v", err, sum)
	}
}
