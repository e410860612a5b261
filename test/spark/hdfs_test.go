package spark_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hadoop runs one of Hadoop's scripts for the tests' own HDFS.
func hadoop(name string, args ...string) (string, error) {
	out, err := exec.Command("bash", append([]string{filepath.Join(scripts, "..", "hadoop", name)}, args...)...).CombinedOutput()
	return string(out), err
}

// nameNode starts HDFS and returns its address. Where it cannot be started the test is skipped; with
// ECOMCTL_REQUIRE_SERVICES=1 it fails.
func nameNode(t *testing.T) string {
	t.Helper()
	t.Setenv("HADOOP_INSTANCE", fmt.Sprintf("spark-test-%d", os.Getpid()))
	t.Setenv("HADOOP_PORT_BASE", fmt.Sprint(freeBase(t)))
	out, err := hadoop("install.sh")
	if err == nil {
		t.Cleanup(func() { _, _ = hadoop("stop.sh", "--clean") })
		out, err = hadoop("start.sh")
	}
	if err == nil {
		lines := strings.Fields(out)
		return lines[len(lines)-1]
	}
	if os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
		t.Fatalf("HDFS: %v\n%s", err, out)
	}
	t.Skipf("HDFS is not here: %s", out)
	return ""
}

// freeBase finds a base whose ports (see scripts/services/hadoop/common.sh) are free, below those that the system gives to connections.
func freeBase(t *testing.T) int {
	t.Helper()
	for range 1000 {
		base, free := 10000+100*rand.IntN(220), true
		for _, offset := range []int{20, 64, 66, 67, 70} {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+offset))
			if err != nil {
				free = false
				break
			}
			_ = l.Close()
		}
		if free {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

// must runs a command of Hadoop, or of this program, that may not fail.
func must(t *testing.T, out string, err error) string {
	t.Helper()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// listed are the names in a folder on HDFS.
func listed(t *testing.T, folder string) string {
	t.Helper()
	o := run("hdfs", "ls", folder, "--format", "ndjson", "--columns", "path")
	if o.code != 0 {
		t.Fatal(o.errs)
	}
	var names []string
	for l := range strings.Lines(o.out) {
		names = append(names, strings.TrimSuffix(l[strings.LastIndex(l, "/")+1:], "\"}\n"))
	}
	return strings.Join(names, " ")
}

func TestSparkWritesToHDFS(t *testing.T) {
	spark := []string{"--engine", "spark", "--spark", server(t), anyRejects}
	dfs := nameNode(t)
	for _, args := range [][]string{{"-mkdir", "-p", "/open", "/closed"}, {"-chmod", "777", "/open"}} {
		out, err := hadoop("run.sh", append([]string{"fs"}, args...)...)
		must(t, out, err)
	}
	in, folder := dfs+"/open/in.parquet", dfs+"/open/rfm/"
	here := hostile(t, 21, 300, wallType)
	if o := run("convert", here, "-o", in); o.code != 0 {
		t.Fatal(o.errs)
	}
	want := filepath.Join(t.TempDir(), "here.parquet")
	shape := []string{"--net", "--as-of", "2024-02-01", "--columns", "segment,monetary,customer_id", "--sort", "monetary:desc,r"}
	if o := run(slices.Concat([]string{"rfm", here, anyRejects, "-o", want}, shape)...); o.code != 0 {
		t.Fatal(o.errs)
	}
	write := func(out string) []string { return slices.Concat([]string{"rfm", in, "-o", out}, shape, spark) }
	for range 2 { // the second replaces the first
		if o := run(write(folder)...); o.code != 0 || !strings.Contains(o.errs, "Spark wrote ") {
			t.Fatalf("exit code %d\n%s", o.code, o.errs)
		}
		if a, b := text(t, want), text(t, folder); a != b {
			t.Fatalf("rows differ\n%s", difference(a, b))
		}
		if got := listed(t, dfs+"/open"); got != "in.parquet rfm" {
			t.Errorf("left: %s", got)
		}
	}
	// the server's user may not write there, which this user may
	refused(t, 1, write(dfs+"/closed/rfm/"), "may not", "the user of the Spark server")
	if got := listed(t, dfs+"/closed"); got != "" {
		t.Errorf("left: %s", got)
	}
	// what somebody else has put there is not replaced
	if o := run("convert", want, "-o", folder+"extra.csv"); o.code != 0 {
		t.Fatal(o.errs)
	}
	refused(t, 2, write(folder), "it holds extra.csv", "name another folder")
	refused(t, 2, write(dfs+"/open/"), "are in each other")
	if o := run("hdfs", "rm", folder+"extra.csv"); o.code != 0 {
		t.Fatal(o.errs)
	}
	// no room: what was there stays
	out, err := hadoop("run.sh", "dfsadmin", "-setSpaceQuota", "1k", "/open")
	must(t, out, err)
	refused(t, 1, write(folder), "quota", "free some space")
	if a, b := text(t, want), text(t, folder); a != b {
		t.Errorf("a failed command changed the result\n%s", difference(a, b))
	}
	if got := listed(t, dfs+"/open"); got != "in.parquet rfm" {
		t.Errorf("left: %s", got)
	}
}
