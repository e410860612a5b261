package hdfs_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/cli"
	"github.com/ecomctl/ecomctl/internal/term"
)

const scripts = "../../scripts/services/hadoop"

// asCommand makes the test binary the program itself, for a process that can be killed.
const asCommand = "ECOMCTL_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		app := &cli.App{IO: &term.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, Getenv: os.Getenv, Now: time.Now}
		os.Exit(app.Run(context.Background(), os.Args[1:]))
	}
	os.Exit(m.Run())
}

// program is ecomctl as a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), asCommand+"=1")
	return c
}

// script runs one of the scripts for the tests' own cluster.
func script(name string, args ...string) (string, error) {
	out, err := exec.Command("bash", append([]string{filepath.Join(scripts, name)}, args...)...).CombinedOutput()
	return string(out), err
}

// cluster starts a name node and a data node and returns a new folder on them.
func cluster(t *testing.T) string {
	t.Helper()
	out := startCluster(t, "start.sh")
	return fmt.Sprintf("%s/test/%d", out[len(out)-1], time.Now().UnixNano())
}

// startCluster starts daemons that scripts/services/hadoop installs, on ports and data of their
// own, and returns what the script says. Without Java or Maven the tests are skipped, naming what
// is missing; under CI they fail.
func startCluster(t *testing.T, start string) []string {
	t.Helper()
	t.Setenv("HADOOP_INSTANCE", fmt.Sprintf("test-%d", os.Getpid()))
	t.Setenv("HADOOP_PORT_BASE", fmt.Sprint(portBase(t)))
	out, err := script("install.sh")
	if err == nil {
		out, err = script(start)
	}
	t.Cleanup(func() { _, _ = script("stop.sh", "--clean") })
	if err != nil {
		if os.Getenv("CI") != "" || os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
			t.Fatalf("HDFS: %v\n%s", err, out)
		}
		t.Skipf("HDFS is not here: %s", out)
	}
	return strings.Fields(strings.TrimSpace(out))
}

// portBase finds a base whose ports (see common.sh) are free, below those that the system gives to
// connections: a client that calls a stopped daemon again and again would be given its port.
func portBase(t *testing.T) int {
	t.Helper()
	for range 1000 {
		base := 10000 + 100*rand.IntN(220)
		var open []net.Listener
		for _, offset := range []int{20, 21, 64, 66, 67, 70, 71} {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+offset))
			if err == nil {
				open = append(open, l)
			}
		}
		for _, l := range open {
			_ = l.Close()
		}
		if len(open) == 7 {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

// run runs a command within the test.
func run(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	app := &cli.App{IO: &term.IO{In: bytes.NewReader(nil), Out: &out, Err: &errs}, Getenv: os.Getenv, Now: time.Now}
	if code := app.Run(context.Background(), args); code != want {
		t.Fatalf("ecomctl %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, errs.String())
	}
	return out.String(), errs.String()
}
