package hdfs_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/mirror"
	"github.com/ecomctl/ecomctl/internal/vfs"
	"github.com/ecomctl/ecomctl/internal/vfs/hdfs"
)

// syncs holds the tests of hdfs sync; they share a cluster.
func syncs(t *testing.T, dir string) {
	t.Run("both ways", func(t *testing.T) { bothWays(t, dir+"/ways") })
	t.Run("checksums", func(t *testing.T) { checksums(t, dir) })
	t.Run("killed", func(t *testing.T) { killed(t, dir+"/killed") })
	t.Run("quota", func(t *testing.T) { quota(t, dir+"/quota") })
	t.Run("rights", func(t *testing.T) { syncRights(t, dir+"/rights") })
	t.Run("safe mode", func(t *testing.T) { safeMode(t, dir+"/safe") })
	for _, daemon := range []string{"datanode", "namenode"} {
		t.Run("a "+daemon+" restarts", func(t *testing.T) { restarts(t, dir+"/"+daemon, daemon) })
	}
}

// tree makes n files of up to size bytes in folders, some empty, and returns their contents.
func tree(t *testing.T, dir string, n, size int) map[string][]byte {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(n)))
	files := map[string][]byte{}
	for i := range n {
		b := make([]byte, r.IntN(size+1))
		if i == 0 {
			b = b[:0]
		}
		for k := range b {
			b[k] = byte(r.Uint32())
		}
		name := fmt.Sprintf("day=%d/part %d.bin", i%3, i)
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, b, 0o666); err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	return files
}

// held reads every file of an HDFS folder, hidden ones too.
func held(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	ctx := context.Background()
	fsys := hdfs.New(ctx, hdfs.Options{})
	defer fsys.Close()
	files := map[string][]byte{}
	var walk func(string)
	walk = func(p string) {
		list, err := fsys.ReadDir(ctx, p)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range list {
			if i.Dir {
				walk(i.Path)
				continue
			}
			b, err := vfs.ReadFile(ctx, fsys, i.Path, 1<<30)
			if err != nil {
				if strings.HasSuffix(i.Path, ".tmp") {
					continue // still open
				}
				t.Fatal(err)
			}
			files[strings.TrimPrefix(i.Path, dir+"/")] = b
		}
	}
	walk(dir)
	return files
}

// whole checks that every file with a name of its own is right; all of them must be there when all is set.
func whole(t *testing.T, got, want map[string][]byte, all bool) {
	t.Helper()
	for name, b := range got {
		if strings.HasPrefix(filepath.Base(name), ".") {
			if all {
				t.Errorf("%s was left", name)
			}
			continue
		}
		if w, ok := want[name]; !ok || !bytes.Equal(w, b) {
			t.Errorf("%s holds %d bytes, want %d", name, len(b), len(w))
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok && all {
			t.Errorf("%s is missing", name)
		}
	}
}

// counts reads the files column of the summary.
func counts(t *testing.T, out string) map[string]string {
	t.Helper()
	m := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n")[1:] {
		f := strings.Split(line, ",")
		m[f[0]] = f[1]
	}
	return m
}

// bothWays copies to HDFS, on it and back, and does nothing the second time.
func bothWays(t *testing.T, dir string) {
	src, back := t.TempDir(), t.TempDir()
	want := tree(t, src, 20, 3<<20)
	out, _ := run(t, 0, "hdfs", "sync", src, dir+"/a", "--dry-run")
	if c := counts(t, out); c["copied"] != "20" || len(held(t, dir+"/a")) != 0 {
		t.Errorf("dry run: %v", c)
	}
	for _, pair := range [][2]string{{src, dir + "/a"}, {dir + "/a", dir + "/b"}, {dir + "/b", back}} {
		for again := range 2 {
			out, _ = run(t, 0, "hdfs", "sync", pair[0], pair[1])
			if c := counts(t, out); c[[]string{"copied", "unchanged"}[again]] != "20" {
				t.Errorf("%v, run %d: %v", pair, again+1, c)
			}
		}
	}
	whole(t, held(t, dir+"/b"), want, true)
	for name, b := range want {
		if got, err := os.ReadFile(filepath.Join(back, name)); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// other content of the same size, a new time, a file less, a file without a record
	flipped := bytes.Repeat([]byte{1}, len(want["day=1/part 1.bin"]))
	must(t, os.WriteFile(filepath.Join(src, "day=1/part 1.bin"), flipped, 0o666))
	must(t, os.Chtimes(filepath.Join(src, "day=2/part 2.bin"), time.Time{}, time.Unix(1, 0)))
	must(t, os.Remove(filepath.Join(src, "day=0/part 3.bin")))
	run(t, 0, "hdfs", "rm", dir+"/a/day=1/part 4.bin")
	run(t, 0, "hdfs", "put", filepath.Join(src, "day=1/part 4.bin"), dir+"/a/day=1/part 4.bin")
	out, _ = run(t, 0, "hdfs", "sync", src, dir+"/a")
	if c := counts(t, out); c["copied"] != "1" || c["compared"] != "2" || c["unchanged"] != "16" || c["deleted"] != "0" {
		t.Errorf("after changes: %v", c)
	}
	out, _ = run(t, 0, "hdfs", "sync", src, dir+"/a", "--delete")
	if c := counts(t, out); c["deleted"] != "1" || c["unchanged"] != "19" {
		t.Errorf("--delete: %v", c)
	}
	want["day=1/part 1.bin"] = flipped
	delete(want, "day=0/part 3.bin")
	whole(t, held(t, dir+"/a"), want, true)
	if _, errs := run(t, 2, "hdfs", "sync", t.TempDir(), dir+"/a", "--delete"); !strings.Contains(errs, "holds no file") {
		t.Errorf("empty folder: %s", errs)
	}
	run(t, 2, "hdfs", "sync", dir+"/a", dir+"/a/day=1")
	run(t, 2, "hdfs", "sync", src, back)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checksums computes the same as Hadoop does, for a file of three blocks that Hadoop wrote too.
func checksums(t *testing.T, dir string) {
	data := make([]byte, 40<<20+7)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	local := filepath.Join(t.TempDir(), "blocks")
	must(t, os.WriteFile(local, data, 0o666))
	_, name, _ := strings.Cut(strings.TrimPrefix(dir, hdfs.Scheme), "/")
	if out, err := script("run.sh", "fs", "-put", local, "/"+name+"/blocks"); err != nil {
		t.Fatal(out)
	}
	ctx := context.Background()
	fsys := hdfs.New(ctx, hdfs.Options{})
	defer fsys.Close()
	must(t, fsys.Put(ctx, dir+"/one", bytes.NewReader(data), int64(len(data))))
	for _, p := range []string{"/blocks", "/one"} {
		for _, flip := range []bool{false, true} {
			w, equal, err := fsys.Check(ctx, dir+p)
			must(t, err)
			if flip {
				data[len(data)-1] ^= 1
			}
			_, err = w.Write(data)
			must(t, err)
			if equal() == flip {
				t.Errorf("%s, one bit of it other: %v, equal: %v", p, flip, !flip)
			}
			if flip {
				data[len(data)-1] ^= 1
			}
		}
	}
}

// killed ends the process at moments it does not choose: what is there is whole, and the next
// run goes on and leaves nothing over.
func killed(t *testing.T, dir string) {
	src := t.TempDir()
	want := tree(t, src, 60, 2<<20)
	r := rand.New(rand.NewPCG(3, 4))
	kills := 0
	for range 4 {
		c := program(t, "hdfs", "sync", src, dir, "-q")
		must(t, c.Start())
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		select {
		case <-ended:
		case <-time.After(time.Duration(50+r.IntN(250)) * time.Millisecond):
			must(t, c.Process.Kill())
			<-ended
			kills++
		}
		whole(t, held(t, dir), want, false)
	}
	if kills == 0 {
		t.Error("the process was never killed")
	}
	done := len(held(t, dir))
	out, _ := run(t, 0, "hdfs", "sync", src, dir)
	if c := counts(t, out); done > 10 && c["unchanged"] == "0" {
		t.Errorf("nothing was kept of %d files: %v", done, c)
	}
	whole(t, held(t, dir), want, true)
}

// quota fills a folder: one error that says so, what is there is whole, and the rest follows
// when there is room.
func quota(t *testing.T, dir string) {
	src := t.TempDir()
	want := tree(t, src, 12, 2<<20)
	run(t, 0, "hdfs", "sync", src, dir, "--dry-run")
	ctx := context.Background()
	fsys := hdfs.New(ctx, hdfs.Options{})
	defer fsys.Close()
	must(t, fsys.MkdirAll(ctx, dir))
	_, name, _ := strings.Cut(strings.TrimPrefix(dir, hdfs.Scheme), "/")
	if out, err := script("run.sh", "dfsadmin", "-setSpaceQuota", "6m", "/"+name); err != nil {
		t.Fatal(out)
	}
	_, errs := run(t, 1, "hdfs", "sync", src, dir)
	if !strings.Contains(errs, "quota") || !strings.Contains(errs, "hint") {
		t.Errorf("full: %s", errs)
	}
	whole(t, held(t, dir), want, false)
	if out, err := script("run.sh", "dfsadmin", "-clrSpaceQuota", "/"+name); err != nil {
		t.Fatal(out)
	}
	run(t, 0, "hdfs", "sync", src, dir)
	whole(t, held(t, dir), want, true)
}

// syncRights: a stranger may not write, and is told so once.
func syncRights(t *testing.T, dir string) {
	src := t.TempDir()
	tree(t, src, 3, 100)
	run(t, 0, "hdfs", "sync", src, dir)
	t.Setenv("HADOOP_USER_NAME", "stranger")
	tree(t, src, 4, 200)
	_, errs := run(t, 1, "hdfs", "sync", src, dir)
	if !strings.Contains(errs, "no permission") {
		t.Errorf("rights: %s", errs)
	}
}

// safeMode: the cluster takes no changes; one error says how that ends.
func safeMode(t *testing.T, dir string) {
	src := t.TempDir()
	tree(t, src, 3, 100)
	if out, err := script("run.sh", "dfsadmin", "-safemode", "enter"); err != nil {
		t.Fatal(out)
	}
	ctx := context.Background()
	fsys := hdfs.New(ctx, hdfs.Options{Patience: time.Second})
	defer fsys.Close()
	_, err := mirror.Run(ctx, vfs.Local{}, src, mirror.Noted(fsys), dir, mirror.Options{Parallel: 2, Now: time.Now(), Say: t.Logf})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(fault.HintOf(err), "safe mode") {
		t.Errorf("%v (%v), hint %q", err, fault.KindOf(err), fault.HintOf(err))
	}
	if out, err := script("run.sh", "dfsadmin", "-safemode", "leave"); err != nil {
		t.Fatal(out)
	}
}

// restarts stops a daemon in the middle and starts it again.
func restarts(t *testing.T, dir, daemon string) {
	src := t.TempDir()
	want := tree(t, src, 40, 4<<20)
	c := program(t, "hdfs", "sync", src, dir)
	var errs bytes.Buffer
	c.Stderr = &errs
	must(t, c.Start())
	for begun := time.Now(); len(held(t, dir)) < 3 && time.Since(begun) < time.Minute; {
		time.Sleep(20 * time.Millisecond)
	}
	if out, err := script("stop.sh", daemon); err != nil {
		t.Fatal(out)
	}
	if out, err := script("start.sh"); err != nil {
		t.Fatal(out)
	}
	err := c.Wait()
	whole(t, held(t, dir), want, err == nil)
	if err != nil {
		// the machine was too busy to start it within half a minute: one error, then the rest
		if n := strings.Count(errs.String(), "hint:"); n != 1 || !strings.Contains(errs.String(), "HDFS has not answered") && !strings.Contains(errs.String(), "in safe mode") {
			t.Errorf("%d errors: %s", n, errs.String())
		}
		run(t, 0, "hdfs", "sync", src, dir)
		whole(t, held(t, dir), want, true)
	}
}
