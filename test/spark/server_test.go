// Package spark_test asks a real Spark Connect server and compares its answers with those of the local engine.
package spark_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/cli"
	"github.com/ecomctl/ecomctl/internal/term"
)

const scripts = "../../scripts/services/spark"

// asCommand makes the test binary the program itself, for a process that can be interrupted.
const asCommand = "ECOMCTL_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(cli.Main(os.Args[1:]))
	}
	code := m.Run()
	if started {
		_, _ = script("stop.sh", "--clean")
	}
	os.Exit(code)
}

// script runs one of the service's scripts for the tests' own server.
func script(name string, args ...string) (string, error) {
	c := exec.Command("bash", append([]string{filepath.Join(scripts, name)}, args...)...)
	c.Env = append(os.Environ(), fmt.Sprintf("SPARK_INSTANCE=test-%d", os.Getpid()), "SPARK_PORT="+port(), "HADOOP_USER_NAME=spark", "SPARK_CONF=spark.driver.maxResultSize=1m")
	out, err := c.CombinedOutput()
	return string(out), err
}

// port is a free port below those that the system gives to connections.
var port = sync.OnceValue(func() string {
	for p := 12000 + os.Getpid()%10000; ; p++ {
		if l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", p)); err == nil {
			_ = l.Close()
			return fmt.Sprint(p)
		}
	}
})

var started bool

// start starts the server once.
var start = sync.OnceValues(func() (string, error) {
	if out, err := script("install.sh"); err != nil {
		return out, err
	}
	started = true
	out, err := script("start.sh")
	if err != nil {
		return out, err
	}
	lines := strings.Fields(strings.TrimSpace(out))
	return lines[len(lines)-1], nil
})

// server returns the address of the tests' server. Where Spark cannot be installed the test is skipped; with
// ECOMCTL_REQUIRE_SERVICES=1 it fails.
func server(t *testing.T) string {
	t.Helper()
	out, err := start()
	if err == nil {
		return out
	}
	if os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
		t.Fatalf("Spark: %v\n%s", err, out)
	}
	t.Skipf("Spark is not here: %s", out)
	return ""
}

// outcome is how a command ended.
type outcome struct {
	out, errs string
	code      int
}

// run runs a command within the test.
func run(args ...string) outcome {
	var out, errs bytes.Buffer
	app := &cli.App{IO: &term.IO{In: bytes.NewReader(nil), Out: &out, Err: &errs}, Now: time.Now, Getenv: func(name string) string {
		if name == "ECOMCTL_NOW" {
			return "2026-11-22T00:00:00Z"
		}
		return os.Getenv(name)
	}}
	code := app.Run(context.Background(), args)
	return outcome{out.String(), errs.String(), code}
}

// same runs a command on both engines and compares answers, remarks (the identity and rejects among them) and exit codes.
func same(t *testing.T, args ...string) {
	t.Helper()
	local, far := run(args...), run(append(args, "--engine", "spark", "--spark", server(t))...)
	line := strings.Join(args, " ")
	switch {
	case local.code != 0 || far.code != 0:
		t.Errorf("ecomctl %s: exit codes %d and %d\nlocal: %s\nspark: %s", line, local.code, far.code, local.errs, far.errs)
	case local.out != far.out:
		t.Errorf("ecomctl %s: answers differ\n%s", line, difference(local.out, far.out))
	case local.errs != far.errs:
		t.Errorf("ecomctl %s: remarks differ\n%s", line, difference(local.errs, far.errs))
	case strings.Count(local.out, "\n") < 2:
		t.Errorf("ecomctl %s: no rows to compare:\n%s", line, local.out)
	}
}

// difference shows the first lines that differ.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(x), len(y)) {
		var l, r string
		if i < len(x) {
			l = x[i]
		}
		if i < len(y) {
			r = y[i]
		}
		if l != r {
			return fmt.Sprintf("line %d of %d and %d\nlocal: %s\nspark: %s", i+1, len(x), len(y), l, r)
		}
	}
	return "none"
}
