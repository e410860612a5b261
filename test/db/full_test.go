package db_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/sqldb/sqldbtest"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

// TestFull runs out of room in a small file system: for a backup, for its proof, for SQLite's file and for the
// server's. Each is one error with a remedy, and what was there stays.
func TestFull(t *testing.T) {
	disk := smallDisk(t, "10m")
	s := mariadb.Start(t)
	dir := t.TempDir()
	orders, more := generate(t, "3000"), generate(t, "60000")
	full := func(what string, dsn string, args ...string) {
		t.Helper()
		c := exec.Command(ecomctl(t), append(args, "--db", dsn)...)
		out, err := c.CombinedOutput()
		if err == nil || strings.Count(string(out), "hint: ") != 1 || !strings.Contains(string(out), "space") && !strings.Contains(string(out), "room") {
			t.Errorf("%s: %v\n%s", what, err, out)
		}
	}
	for name, dsn := range map[string]string{"SQLite": "sqlite:" + filepath.Join(dir, "shop.db"), "MariaDB": with(s.Database("full"))} {
		backup := filepath.Join(disk, "shop.zip")
		run(t, "db", "init", "--db", dsn)
		run(t, "db", "import", orders, "--db", dsn, "-q", "--max-rejects", "100%")
		run(t, "db", "backup", "-o", backup, "--db", dsn, "-q")
		before, err := os.ReadFile(backup)
		if err != nil {
			t.Fatal(err)
		}
		run(t, "db", "import", more, "--db", dsn, "-q", "--max-rejects", "100%")
		release := fill(t, disk, 512<<10)
		full(name+": the backup's disk", dsn, "db", "backup", "-o", backup, "-q")
		kept(t, disk, "shop.zip", before)
		release()
		// room for the file, but none for its proof
		t.Setenv("TMPDIR", disk)
		full(name+": the disk of temporary files", dsn, "db", "backup", "-o", filepath.Join(dir, "new.zip"), "-q")
		kept(t, disk, "shop.zip", before)
		if _, err := os.Stat(filepath.Join(dir, "new.zip")); err == nil {
			t.Errorf("%s: a backup that was not proven is there", name)
		}
		t.Setenv("TMPDIR", dir)
		_ = os.Remove(backup)
	}
	t.Run("the disk of SQLite", func(t *testing.T) {
		dsn := "sqlite:" + filepath.Join(disk, "shop.db")
		run(t, "db", "init", "--db", dsn)
		run(t, "db", "import", orders, "--db", dsn, "-q", "--max-rejects", "100%")
		before := status(t, dsn)
		full("import", dsn, "db", "import", more, "-q", "--max-rejects", "100%")
		if after := status(t, dsn); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		if err := exec.Command(ecomctl(t), "sales", dsn+"?table=order_lines", "-q").Run(); err != nil {
			t.Error(err)
		}
	})
	t.Run("the disk of a server", func(t *testing.T) { fullServer(t, orders, more, full) })
}

// fullServer gives a server a data folder on a file system that a larger import fills.
func fullServer(t *testing.T, orders, more string, full func(what, dsn string, args ...string)) {
	s := mariadb.StartIn(t, smallDisk(t, "300m"))
	u := s.Database("full")
	dsn := with(u)
	run(t, "db", "init", "--db", dsn)
	run(t, "db", "import", orders, "--db", dsn, "-q", "--max-rejects", "100%")
	before := status(t, dsn)
	release := fill(t, s.Dir(), 4<<20)
	full("import", dsn, "db", "import", more, "-q", "--max-rejects", "100%")
	if after := status(t, dsn); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	release()
	run(t, "db", "import", more, "--db", dsn, "-q", "--max-rejects", "100%")
	var imports int
	if err := sqldbtest.Open(t, u, sqldb.Options{}).QueryRow("SELECT COUNT(*) FROM imports WHERE state = 'live'").Scan(&imports); err != nil || imports != 2 {
		t.Errorf("%d imports after there was room again, %v", imports, err)
	}
}

// smallDisk mounts a file system of a size in memory.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a small file system cannot be mounted here: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir
}

// fill takes all room of a file system but so many bytes, until release is called.
func fill(t *testing.T, dir string, leave int64) (release func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	var size int64
	for err == nil {
		var n int
		n, err = f.Write(zeros)
		size += int64(n)
	}
	if err := f.Truncate(max(0, size-leave)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return func() { _ = os.Remove(name) }
}

// kept says that a folder holds one file besides the filler, as it was.
func kept(t *testing.T, dir, name string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the former backup: %d bytes instead of %d, %v", len(got), len(want), err)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Name() != name && e.Name() != "filler" {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}

// status is what users see of a store: its tables and live imports.
func status(t *testing.T, dsn string) string {
	t.Helper()
	out, err := exec.Command(ecomctl(t), "db", "status", "--db", dsn, "--format", "csv", "--columns", "item,name,state,rows").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, ",loading,") && !strings.HasPrefix(line, "run,") && !strings.HasPrefix(line, "table,runs") && !strings.HasPrefix(line, "table,imports") && !strings.HasPrefix(line, "table,line_store") {
			list = append(list, line)
		}
	}
	return strings.Join(list, "")
}
