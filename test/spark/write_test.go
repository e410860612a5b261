package spark_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/source/open"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// sameFiles runs a command on both engines, here into a file and there into a folder that Spark writes, and compares the columns, their types,
// the rows and their order.
func sameFiles(t *testing.T, args ...string) {
	t.Helper()
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "here.parquet"), filepath.Join(dir, "there")
	line := strings.Join(args, " ")
	local := run(append(args, "-o", file)...)
	far := run(append(args, "-o", "file://"+folder+"/", "--engine", "spark", "--spark", server(t))...)
	if local.code != 0 || far.code != 0 {
		t.Errorf("ecomctl %s: exit codes %d and %d\nlocal: %s\nspark: %s", line, local.code, far.code, local.errs, far.errs)
		return
	}
	if !strings.Contains(far.errs, "Spark wrote ") {
		t.Errorf("ecomctl %s: Spark did not write it:\n%s", line, far.errs)
	}
	if remarks := withoutWrote(far.errs); remarks != local.errs {
		t.Errorf("ecomctl %s: remarks differ\n%s", line, difference(local.errs, remarks))
	}
	if a, b := columns(t, file), columns(t, folder); a != b {
		t.Errorf("ecomctl %s: columns differ\nlocal: %s\nspark: %s", line, a, b)
	}
	a, b := text(t, file), text(t, folder)
	if a != b {
		t.Errorf("ecomctl %s: rows differ\n%s", line, difference(a, b))
	}
	if strings.Count(a, "\n") < 2 {
		t.Errorf("ecomctl %s: no rows to compare:\n%s", line, a)
	}
	onlyThese(t, dir, "here.parquet", "there")
}

// withoutWrote drops the line that tells what Spark wrote.
func withoutWrote(s string) string {
	var keep []string
	for l := range strings.Lines(s) {
		if !strings.HasPrefix(l, "Spark wrote ") {
			keep = append(keep, l)
		}
	}
	return strings.Join(keep, "")
}

// columns are the names and types of a file's or folder's columns.
func columns(t *testing.T, path string) string {
	t.Helper()
	d, err := open.Open(context.Background(), []string{path}, open.Options{FS: vfs.Schemes{}, TempDir: t.TempDir(), Memory: 1 << 28})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var out []string
	for _, f := range d.Schema().Fields() {
		out = append(out, f.Name+" "+f.Type.String())
	}
	return strings.Join(out, ", ")
}

// text is a file or folder as CSV.
func text(t *testing.T, path string) string {
	t.Helper()
	o := run("convert", path, "--format", "csv")
	if o.code != 0 {
		t.Fatalf("converting %s: %s", path, o.errs)
	}
	return o.out
}

// onlyThese fails when a folder holds anything else: nothing half-written is left.
func onlyThese(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, e := range entries {
		have = append(have, e.Name())
	}
	if strings.Join(have, " ") != strings.Join(names, " ") {
		t.Errorf("%s holds %q, want %q", dir, have, names)
	}
}

func TestSparkWrites(t *testing.T) {
	wall, utc := hostile(t, 11, 1500, wallType), hostile(t, 12, 1200, instants)
	for _, args := range [][]string{
		{"features", wall, "--windows", "7,30"},
		{"query", utc, "--tz", "Asia/Kathmandu", "--by", "order_id,region,day", "--measure", "revenue,orders,units,aov,lines,median(unit_price),min(product_id),max(order_ts),distinct(category)", "--sort", "revenue:desc,region"},
	} {
		sameFiles(t, append(args, anyRejects)...)
	}
}

// What is too large to be brought here, as the server's settings say, Spark writes.
func TestTooLargeToBring(t *testing.T) {
	const rows = 60_000
	b := &table{}
	b.add("order_ts", wallType, rows, func(int) any { return int64(1_700_000_000_000_000) })
	b.add("order_id", textType, rows, func(i int) any { return fmt.Sprintf("%x", sha256.Sum256([]byte{byte(i), byte(i >> 8)})) })
	b.add("product_id", intType, rows, func(i int) any { return int64(i % 7) })
	b.add("amount", realType, rows, func(i int) any { return float64(i) })
	dir := t.TempDir()
	args := []string{"query", b.write(t, filepath.Join(dir, "orders.parquet")), "--by", "order_id"}
	far := []string{"--engine", "spark", "--spark", server(t)}
	refused(t, 1, append(args, far...), "maxResultSize", "let it write the rows: -o hdfs://HOST:PORT/FOLDER/")
	sameFiles(t, args...)
}
