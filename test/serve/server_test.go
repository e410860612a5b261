// Package serve_test asks a running `ecomctl serve`, as a process of its own, and treats it badly.
package serve_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// server is a running `ecomctl serve`.
type server struct {
	t    testing.TB
	addr string // host:port
	cmd  *exec.Cmd
	over chan error // its end

	mu  sync.Mutex
	log strings.Builder
}

// start starts a server on a free port and waits until its data is loaded.
func start(t testing.TB, args ...string) *server {
	t.Helper()
	s := launch(t, append([]string{"--listen", "127.0.0.1:0", "--metrics", "off"}, args...)...)
	s.ready()
	return s
}

// launch starts a server and waits for its address.
func launch(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{t: t, over: make(chan error, 1)}
	s.cmd = exec.Command(harness.Binary(t), append([]string{"serve"}, args...)...)
	s.cmd.Dir = filepath.Join(harness.Root(t), "testdata")
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "ECOMCTL_") && !strings.HasPrefix(kv, "XDG_CONFIG_HOME=") {
			s.cmd.Env = append(s.cmd.Env, kv)
		}
	}
	s.cmd.Env = append(s.cmd.Env, "XDG_CONFIG_HOME="+t.TempDir(), "ECOMCTL_NOW="+harness.Now)
	pipe, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.over
	})
	told := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(pipe)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			s.mu.Lock()
			s.log.WriteString(lines.Text() + "\n")
			s.mu.Unlock()
			if _, rest, ok := strings.Cut(lines.Text(), "serving on http://"); ok {
				told <- strings.TrimSuffix(strings.Fields(rest)[0], "/")
			}
		}
		close(told)
		s.over <- s.cmd.Wait()
		close(s.over)
	}()
	select {
	case s.addr = <-told:
	case <-time.After(2 * time.Minute):
	}
	if s.addr == "" {
		t.Fatalf("the server did not start: %s", s.said())
	}
	return s
}

func (s *server) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

func (s *server) url(path string) string { return "http://" + s.addr + path }

// ready waits until everything is loaded.
func (s *server) ready() {
	s.t.Helper()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if res, err := http.Get(s.url("/readyz")); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Since(begun) > 2*time.Minute {
			s.t.Fatalf("it does not get ready: %s", s.said())
		}
	}
}

// get asks for a path; headers are "Name: value".
func (s *server) get(path string, headers ...string) (*http.Response, []byte) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.url(path), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", path, err, s.said())
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatalf("%s: %v", path, err)
	}
	return res, b
}

// ok is get for answers with 200.
func (s *server) ok(path string, headers ...string) []byte {
	s.t.Helper()
	res, b := s.get(path, headers...)
	if res.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s %s", path, res.Status, b)
	}
	return b
}

// stop ends the server as a supervisor does and returns how long it took.
func (s *server) stop() time.Duration {
	s.t.Helper()
	begun := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.over:
		if err != nil {
			s.t.Errorf("it ended with %v: %s", err, s.said())
		}
	case <-time.After(time.Minute):
		s.t.Fatal("it does not end")
	}
	return time.Since(begun)
}

// status reads a number of kB from /proc/PID/status.
func (s *server) status(name string) int64 {
	s.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Skipf("memory is measured on Linux only: %v", err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return n << 10
		}
	}
	s.t.Fatalf("no %s in /proc", name)
	return 0
}

func decode[T any](t testing.TB, b []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v in %.300s", err, b)
	}
	return v
}
