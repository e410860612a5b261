// Package harness is what the tests of the whole binary share: it builds ecomctl
// once, runs it, and finds the data and services that a test needs or skips,
// naming what is missing. With CI's ECOMCTL_REQUIRE_… set, missing is failing.
package harness

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Now is the fixed present of every run: ECOMCTL_NOW.
const Now = "2026-11-22T00:00:00Z"

// Root returns the project's root folder.
func Root(t testing.TB) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

var build = sync.OnceValues(func() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Dir(filepath.Dir(filepath.Dir(file)))
	dir, err := os.MkdirTemp("", "ecomctl-test-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "ecomctl")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/ecomctl")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return bin, nil
})

// Binary builds ecomctl from the tree, once a process, and returns its path.
// ECOMCTL_BIN names a binary to use instead.
func Binary(t testing.TB) string {
	t.Helper()
	if bin := os.Getenv("ECOMCTL_BIN"); bin != "" {
		return bin
	}
	bin, err := build()
	if err != nil {
		t.Fatalf("building ecomctl: %v", err)
	}
	return bin
}

// Clean removes what Binary built; call it at the end of TestMain.
func Clean() {
	if bin, err := build(); err == nil {
		os.RemoveAll(filepath.Dir(bin))
	}
}

// Result is how a run of the binary ended.
type Result struct {
	Stdout, Stderr []byte
	Code           int
}

// Run runs ecomctl with args in dir ("" = a fresh folder) and returns how it
// ended. It fails the test when the program does not end within three minutes
// or cannot be started.
func Run(t testing.TB, dir string, args ...string) Result {
	t.Helper()
	if dir == "" {
		dir = t.TempDir()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, Binary(t), args...)
	cmd.Dir = dir
	cmd.Env = append(cleanEnv(), "ECOMCTL_NOW="+Now)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("ecomctl %s did not end: %v", strings.Join(args, " "), ctx.Err())
	case err != nil && !errors.As(err, &exit):
		t.Fatalf("starting ecomctl: %v", err)
	}
	return Result{out.Bytes(), errs.Bytes(), cmd.ProcessState.ExitCode()}
}

// Must is Run, and fails the test unless the exit code is 0.
func Must(t testing.TB, dir string, args ...string) []byte {
	t.Helper()
	r := Run(t, dir, args...)
	if r.Code != 0 {
		t.Fatalf("ecomctl %s: exit %d\n%s", strings.Join(args, " "), r.Code, r.Stderr)
	}
	return r.Stdout
}

// cleanEnv is the environment without the user's ecomctl settings.
func cleanEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "ECOMCTL_") && !strings.HasPrefix(kv, "XDG_CONFIG_HOME=") {
			env = append(env, kv)
		}
	}
	return append(env, "XDG_CONFIG_HOME="+os.DevNull, "XDG_STATE_HOME="+os.DevNull, "NO_COLOR=1")
}

// Services returns the path of something under the services folder (SERVICES_DIR,
// default .services in the root); the test is skipped without it, or fails where
// ECOMCTL_REQUIRE_SERVICES=1.
func Services(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("SERVICES_DIR")
	if dir == "" {
		dir = filepath.Join(Root(t), ".services")
	}
	return need(t, filepath.Join(dir, name), "ECOMCTL_REQUIRE_SERVICES", "run scripts/services/test.sh, or make test")
}

// Shared returns the path of a file of the folder with reference data that lies
// beside the project (ECOMCTL_SHARED, default ../shared); the test is skipped
// without it, or fails where ECOMCTL_REQUIRE_SHARED=1.
func Shared(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("ECOMCTL_SHARED")
	if dir == "" {
		dir = filepath.Join(Root(t), "..", "shared")
	}
	return need(t, filepath.Join(dir, name), "ECOMCTL_REQUIRE_SHARED", "set ECOMCTL_SHARED to the folder of reference data")
}

func need(t testing.TB, path, require, hint string) string {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		if os.Getenv(require) == "1" {
			t.Fatalf("%s is needed and missing: %s", path, hint)
		}
		t.Skipf("%s is missing: %s", path, hint)
	}
	return path
}
