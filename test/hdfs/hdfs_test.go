// Package hdfs_test runs ecomctl against a real name node and data node.
package hdfs_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/vfs"
	"github.com/ecomctl/ecomctl/internal/vfs/hdfs"
	"github.com/ecomctl/ecomctl/internal/vfs/vfstest"
)

// patience is how long a daemon that starts again is waited for: a busy machine takes its time.
const patience = 4 * time.Minute

func TestHDFS(t *testing.T) {
	dir := cluster(t)
	ctx := context.Background()
	fsys := hdfs.New(ctx, hdfs.Options{Patience: patience})
	defer fsys.Close()
	if err := fsys.MkdirAll(ctx, dir+"/suite"); err != nil {
		t.Fatal(err)
	}
	vfstest.Suite(t, fsys, dir+"/suite")
	t.Run("a file of several blocks is read side by side", func(t *testing.T) { sideBySide(t, fsys, dir) })
	t.Run("commands", func(t *testing.T) { commands(t, dir) })
	t.Run("rights", func(t *testing.T) { rights(t, fsys, dir) })
	t.Run("sync", func(t *testing.T) { syncs(t, dir+"/sync") })
	t.Run("optimize", func(t *testing.T) { optimizes(t, dir+"/optimize") })
	t.Run("a name service", func(t *testing.T) { nameService(t, dir) })
	t.Run("no server", noServer)
	t.Run("a name node that restarts is waited for", func(t *testing.T) { restart(t, fsys, dir) })
}

// sideBySide reads a file of 40 MiB from many goroutines at once, forwards and at random.
func sideBySide(t *testing.T, fsys *hdfs.FS, dir string) {
	ctx := context.Background()
	data := make([]byte, 40<<20)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	p := dir + "/large.bin"
	err := vfs.WriteAtomicFS(ctx, fsys, p, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := fsys.Open(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var wg sync.WaitGroup
	for g := range 12 {
		wg.Go(func() {
			buf := make([]byte, 300_001)
			for at := g * 3 << 20; at < min(len(data), (g*3+4)<<20); at += len(buf) {
				n, err := f.ReadAt(buf, int64(at))
				if err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(buf[:n], data[at:at+n]) {
					t.Errorf("at %d: %d bytes, %v", at, n, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n, err := f.ReadAt(make([]byte, 10), int64(len(data))); n != 0 || err != io.EOF {
		t.Errorf("past the end: %d %v", n, err)
	}
}

// made copies into a folder that is not there: it is made where the name ends in /, but not for a file that is not there.
func made(t *testing.T, file, dir string) {
	if _, errs := run(t, 1, "hdfs", "put", file+"x", dir+"/never/"); !strings.Contains(errs, "no such file") {
		t.Error(errs)
	}
	if _, errs := run(t, 1, "hdfs", "put", file, file, dir+"/made/too"); !strings.Contains(errs, "with a / at its end it is made") {
		t.Error(errs)
	}
	run(t, 0, "hdfs", "put", file, dir+"/made/too/")
	if list, _ := run(t, 0, "hdfs", "ls", dir+"/made/too", "--columns", "type"); list != "type\nfile\n" {
		t.Error(list)
	}
	if _, errs := run(t, 1, "hdfs", "ls", dir+"/never"); !strings.Contains(errs, "no such file") {
		t.Error(errs)
	}
	if _, errs := run(t, 2, "hdfs", "put", file, dir+"/orders.parquet/"); !strings.Contains(errs, "it is a file, not a folder") {
		t.Error(errs)
	}
	run(t, 0, "hdfs", "rm", "--recursive", dir+"/made")
}

// commands gives the same bytes from HDFS and to it as from and to the local disk.
func commands(t *testing.T, dir string) {
	local := t.TempDir()
	run := func(want int, args ...string) (string, string) { t.Helper(); return run(t, want, args...) }
	orders := filepath.Join(local, "orders.parquet")
	run(0, "generate", "orders", "--rows", "30000", "-o", orders)
	run(0, "hdfs", "put", orders, dir)
	far := dir + "/orders.parquet"
	made(t, orders, dir)
	for _, args := range [][]string{{"sales", "--by", "month"}, {"rfm"}, {"query", "--measure", "revenue,orders", "--by", "day,region"}} {
		near, _ := run(0, append(args, orders, "-q")...)
		if got, _ := run(0, append(args, far, "-q")...); got != near || len(near) < 100 {
			t.Errorf("%v: %d bytes from HDFS, %d from the disk", args, len(got), len(near))
		}
	}
	if got, _ := run(0, "sales", dir+"/orders*.parquet", "--by", "year", "-q"); !strings.HasPrefix(got, "date,revenue") {
		t.Errorf("pattern: %s", got)
	}
	run(0, "rfm", far, "-o", dir+"/rfm.parquet", "-q")
	run(0, "rfm", orders, "-o", local+"/near.parquet", "-q")
	run(0, "hdfs", "get", dir+"/rfm.parquet", local+"/far.parquet")
	a, err := os.ReadFile(local + "/near.parquet")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(local + "/far.parquet"); err != nil || !bytes.Equal(a, b) {
		t.Errorf("the result written to HDFS differs: %v", err)
	}
	if list, _ := run(0, "hdfs", "ls", dir, "--columns", "path,type"); !strings.Contains(list, "/rfm.parquet,file") || strings.Contains(list, "tmp") {
		t.Errorf("list: %s", list)
	}
	if room, _ := run(0, "hdfs", "df", dir); !strings.HasPrefix(room, "path,capacity,used,remaining") {
		t.Errorf("room: %s", room)
	}
	if _, errs := run(2, "sales", far, "-o", far, "--format", "parquet"); !strings.Contains(errs, "is the input") {
		t.Errorf("the output is the input: %s", errs)
	}
	if _, errs := run(1, "sales", dir+"/none.parquet"); !strings.Contains(errs, "no such file") {
		t.Errorf("no input: %s", errs)
	}
	run(2, "hdfs", "ls", "/tmp")
	run(2, "hdfs", "rm", dir+"/suite")
	run(0, "hdfs", "rm", "--recursive", dir+"/suite", dir+"/rfm.parquet")
	if list, _ := run(0, "hdfs", "ls", dir, "--columns", "path"); strings.Contains(list, "rfm.parquet") || strings.Contains(list, "suite") {
		t.Errorf("after rm: %s", list)
	}
}

// rights: another user may not write here.
func rights(t *testing.T, fsys *hdfs.FS, dir string) {
	ctx := context.Background()
	other := hdfs.New(ctx, hdfs.Options{User: "stranger"})
	defer other.Close()
	err := vfs.WriteAtomicFS(ctx, other, dir+"/mine.csv", func(io.Writer) error { return nil })
	if fault.KindOf(err) != fault.Auth || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v (%v)", err, fault.KindOf(err))
	}
}

// nameService: of two name nodes the first is dead; both the name and the default lead to the second.
func nameService(t *testing.T, dir string) {
	address, rest, _ := strings.Cut(strings.TrimPrefix(dir, hdfs.Scheme), "/")
	conf := t.TempDir()
	site := func(file string, pairs ...string) {
		var b strings.Builder
		b.WriteString("<configuration>")
		for i := 0; i < len(pairs); i += 2 {
			b.WriteString("<property><name>" + pairs[i] + "</name><value>" + pairs[i+1] + "</value></property>")
		}
		b.WriteString("</configuration>")
		if err := os.WriteFile(filepath.Join(conf, file), []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	site("core-site.xml", "fs.defaultFS", "hdfs://shop")
	site("hdfs-site.xml", "dfs.nameservices", "shop", "dfs.ha.namenodes.shop", "nn1, nn2",
		"dfs.namenode.rpc-address.shop.nn1", "127.0.0.1:9", "dfs.namenode.rpc-address.shop.nn2", address)
	t.Setenv("HADOOP_CONF_DIR", conf)
	for _, p := range []string{"hdfs://shop/" + rest, "hdfs:///" + rest} {
		if list, _ := run(t, 0, "hdfs", "ls", p, "--columns", "path"); !strings.Contains(list, "/orders.parquet") {
			t.Errorf("%s: %s", p, list)
		}
	}
	near, _ := run(t, 0, "sales", dir+"/orders.parquet", "-q")
	if far, _ := run(t, 0, "sales", "hdfs://shop/"+rest+"/orders.parquet", "-q"); far != near {
		t.Error("other results by the name of the service")
	}
	site("hdfs-site.xml", "hadoop.security.authentication", "kerberos")
	if _, errs := run(t, 2, "hdfs", "ls", dir); !strings.Contains(errs, "dfs.namenode.kerberos.principal") {
		t.Errorf("Kerberos without a principal: %s", errs)
	}
	site("hdfs-site.xml", "hadoop.security.authentication", "kerberos", "dfs.namenode.kerberos.principal", "nn/_HOST@X", "dfs.data.transfer.protection", "secret")
	if _, errs := run(t, 2, "hdfs", "ls", dir); !strings.Contains(errs, "dfs.data.transfer.protection") {
		t.Errorf("unknown protection: %s", errs)
	}
	site("hdfs-site.xml", "hadoop.security.authentication", "digest")
	run(t, 2, "hdfs", "ls", dir)
}

// noServer: a port where nobody listens gives one error with a remedy, and an interrupt ends
// the wait at once.
func noServer(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	fsys := hdfs.New(ctx, hdfs.Options{})
	time.AfterFunc(300*time.Millisecond, cancel)
	begun := time.Now()
	_, err := fsys.Stat(ctx, "hdfs://127.0.0.1:9/x")
	if fault.KindOf(err) != fault.Interrupted && fault.KindOf(err) != fault.Unavailable || time.Since(begun) > 5*time.Second {
		t.Errorf("%v (%v) after %s", err, fault.KindOf(err), time.Since(begun))
	}
	if _, err := fsys.Stat(context.Background(), "hdfs:///x"); fault.KindOf(err) != fault.Usage || fault.HintOf(err) == "" {
		t.Errorf("no name node: %v", err)
	}
}

// restart stops the name node, starts it again a few seconds later, and reads meanwhile.
func restart(t *testing.T, fsys *hdfs.FS, dir string) {
	ctx := context.Background()
	p := dir + "/restart.txt"
	put := func(text string) error {
		return vfs.WriteAtomicFS(ctx, fsys, p, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
	}
	if err := put("before"); err != nil {
		t.Fatal(err)
	}
	if out, err := script("stop.sh", "namenode"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	back := make(chan error, 1)
	time.AfterFunc(2*time.Second, func() { _, err := script("start.sh"); back <- err })
	if err := put("after"); err != nil {
		t.Error(err)
	}
	if err := <-back; err != nil {
		t.Fatal(err)
	}
	f, err := fsys.Open(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "after" {
		t.Errorf("%q %v", b, err)
	}
}
