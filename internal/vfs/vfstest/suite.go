// Package vfstest holds the contract that every vfs.FS fulfils, and a wrapper that fails
// on request.
package vfstest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Suite checks the contract on an empty, writable folder of the FS.
func Suite(t *testing.T, fsys vfs.FS, dir string) {
	ctx := context.Background()
	put := func(t *testing.T, name, text string) string {
		t.Helper()
		p := dir + "/" + name
		if err := fsys.MkdirAll(ctx, p[:strings.LastIndexByte(p, '/')]); err != nil {
			t.Fatal(err)
		}
		err := vfs.WriteAtomicFS(ctx, fsys, p, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	t.Run("remove a tree", func(t *testing.T) {
		deep := put(t, "tree/a/b.txt", "b")
		beside := put(t, "tree-not/c.txt", "c")
		if err := fsys.RemoveAll(ctx, dir+"/tree"); err != nil {
			t.Fatal(err)
		}
		if _, err := fsys.Stat(ctx, deep); fault.KindOf(err) != fault.NotFound {
			t.Errorf("it is still there: %v", err)
		}
		if _, err := fsys.Stat(ctx, beside); err != nil {
			t.Error(err)
		}
		if err := fsys.RemoveAll(ctx, dir+"/tree"); err != nil && fault.KindOf(err) != fault.NotFound {
			t.Errorf("what is not there: %v", err)
		}
	})
	t.Run("write and read", func(t *testing.T) {
		p := put(t, "w/a.txt", "hello world")
		f, err := fsys.Open(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var b [5]byte
		if n, err := f.ReadAt(b[:], 6); n != 5 || err != nil || string(b[:]) != "world" {
			t.Errorf("ReadAt: %q %v", b[:n], err)
		}
		if n, err := f.ReadAt(b[:], 9); n != 2 || err != io.EOF {
			t.Errorf("ReadAt at the end: %d %v", n, err)
		}
		all, err := io.ReadAll(f)
		if err != nil || string(all) != "hello world" {
			t.Errorf("Read: %q %v", all, err)
		}
		if i := f.Info(); i.Size != 11 || i.Dir || !i.Regular {
			t.Errorf("info %+v", i)
		}
	})
	t.Run("replace whole", func(t *testing.T) {
		p := put(t, "r/a.txt", "a long text that is replaced")
		put(t, "r/a.txt", "short")
		if got := read(t, fsys, p); got != "short" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a failed writer leaves the old file and nothing else", func(t *testing.T) {
		p := put(t, "f/a.txt", "old")
		boom := errors.New("boom")
		err := vfs.WriteAtomicFS(ctx, fsys, p, func(w io.Writer) error {
			_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
			return boom
		})
		if !errors.Is(err, boom) {
			t.Errorf("error %v", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = vfs.WriteAtomicFS(ctx, fsys, p, func(io.Writer) error { panic("boom") })
		}()
		stopped, cancel := context.WithCancel(ctx)
		err = vfs.WriteAtomicFS(stopped, fsys, p, func(w io.Writer) error {
			cancel()
			_, err := w.Write([]byte("x"))
			return err
		})
		if fault.KindOf(err) != fault.Interrupted {
			t.Errorf("interrupt: %v", err)
		}
		if got := read(t, fsys, p); got != "old" {
			t.Errorf("got %q", got)
		}
		left, err := fsys.ReadDir(ctx, dir+"/f")
		if err != nil || len(left) != 1 {
			t.Errorf("left %v %v", left, err)
		}
	})
	t.Run("list, walk and glob", func(t *testing.T) {
		for _, n := range []string{"g/2024-02.csv", "g/2024-01.csv", "g/x=1/b.csv", "g/x=2/y/c.csv", "g/_SUCCESS", "g/.hidden.csv"} {
			put(t, n, "x")
		}
		infos, err := vfs.Walk(ctx, fsys, dir+"/g")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, i := range infos {
			names = append(names, strings.TrimPrefix(i.Path, dir+"/g/"))
		}
		if got := strings.Join(names, " "); got != "2024-01.csv 2024-02.csv x=1/b.csv x=2/y/c.csv" {
			t.Errorf("walk: %s", got)
		}
		for pattern, want := range map[string]string{
			"2024-*.csv": "2024-01.csv 2024-02.csv", "x=?/*.csv": "x=1/b.csv", "**/*.csv": "2024-01.csv 2024-02.csv x=1/b.csv x=2/y/c.csv",
			"2024-0[2-9].csv": "2024-02.csv", "nothing*": "", "x=*": "x=1 x=2",
		} {
			got, err := vfs.Glob(ctx, fsys, dir+"/g/"+pattern)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				got[i] = strings.TrimPrefix(got[i], dir+"/g/")
			}
			if s := strings.Join(got, " "); s != want {
				t.Errorf("%s: %s, want %s", pattern, s, want)
			}
		}
	})
	t.Run("errors have kinds and name the path", func(t *testing.T) {
		p := put(t, "e/a.txt", "x")
		_, open := fsys.Open(ctx, dir+"/e/none")
		_, stat := fsys.Stat(ctx, dir+"/e/none")
		_, list := fsys.ReadDir(ctx, dir+"/e/none")
		_, create := fsys.Create(ctx, p, 0o666)
		folder := vfs.WriteAtomicFS(ctx, fsys, dir+"/e", func(io.Writer) error { return nil })
		for _, c := range []struct {
			name string
			err  error
			kind fault.Kind
		}{
			{"open", open, fault.NotFound}, {"stat", stat, fault.NotFound}, {"list", list, fault.NotFound},
			{"create", create, fault.Locked}, {"folder as target", folder, fault.Usage},
			{"missing folder", vfs.WriteAtomicFS(ctx, fsys, dir+"/none/a.csv", func(io.Writer) error { return nil }), fault.NotFound},
		} {
			if c.err == nil || fault.KindOf(c.err) != c.kind || !strings.Contains(c.err.Error(), dir) {
				t.Errorf("%s: %v (%v)", c.name, c.err, fault.KindOf(c.err))
			}
		}
	})
}

func read(t *testing.T, fsys vfs.FS, p string) string {
	t.Helper()
	f, err := fsys.Open(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
