package hdfs_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// optimizes rewrites a folder on HDFS by a process that is killed at moments it does not choose:
// analyses give the same bytes at any time, and in the end there are two files.
func optimizes(t *testing.T, dir string) {
	local := t.TempDir()
	tree := filepath.Join(local, "tree")
	for i := range 4 {
		folder := filepath.Join(tree, fmt.Sprintf("year=%d", i/2))
		must(t, os.MkdirAll(folder, 0o777))
		run(t, 0, "generate", "orders", "--rows", "5000", "--seed", fmt.Sprint(i+1), "-o", filepath.Join(folder, fmt.Sprintf("f%d.parquet", i)), "-q")
	}
	run(t, 0, "hdfs", "sync", tree, dir)
	want, _ := run(t, 0, "sales", dir, "--by", "month", "-q")
	r := rand.New(rand.NewPCG(5, 6))
	for range 5 {
		c := program(t, "optimize", dir, "-q")
		must(t, c.Start())
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		select {
		case <-ended:
		case <-time.After(time.Duration(100+r.IntN(1200)) * time.Millisecond):
			must(t, c.Process.Kill())
			<-ended
		}
		if got, _ := run(t, 0, "sales", dir, "--by", "month", "-q"); got != want {
			t.Fatalf("other sales after the process was killed:\n%s", got)
		}
	}
	run(t, 0, "optimize", dir)
	if got, _ := run(t, 0, "sales", dir, "--by", "month", "-q"); got != want {
		t.Errorf("other sales in the end:\n%s", got)
	}
	for i := range 2 {
		list, _ := run(t, 0, "hdfs", "ls", fmt.Sprintf("%s/year=%d", dir, i), "--columns", "path")
		if n := strings.Count(list, "\n"); n != 2 || strings.Contains(list, ".ecomctl") {
			t.Errorf("left in year=%d: %s", i, list)
		}
	}
}
