// Package pages_test looks at the pages of a real `ecomctl serve` in a real Chromium, and lets a
// real Prometheus scrape it.
package pages_test

import (
	"bufio"
	"bytes"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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
	URL, Monitor string
	cmd          *exec.Cmd
	started      time.Time
	mu           sync.Mutex
	log          []string
}

// serve starts the binary on free ports with arguments beside the input.
func serve(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{started: time.Now()}
	s.cmd = exec.Command(harness.Binary(t), append([]string{"serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"}, args...)...)
	s.cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir(), "TMPDIR="+t.TempDir())
	s.cmd.Dir = t.TempDir()
	if filepath.IsAbs(args[0]) { // as somebody in the file's folder would name it
		s.cmd.Dir, s.cmd.Args[6] = filepath.Dir(args[0]), filepath.Base(args[0])
	}
	pipe, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	ready := make(chan struct{})
	go s.read(pipe, ready)
	select {
	case <-ready:
	case <-time.After(2 * time.Minute):
		t.Fatalf("the server did not start: %s", s.said())
	}
	if s.URL == "" {
		t.Fatalf("the server ended: %s", s.said())
	}
	return s
}

// read keeps what the server says; both addresses make it ready.
func (s *server) read(pipe io.Reader, ready chan<- struct{}) {
	lines := bufio.NewScanner(pipe)
	told := false
	for lines.Scan() {
		line := lines.Text()
		s.mu.Lock()
		s.log = append(s.log, line)
		s.mu.Unlock()
		if at, ok := address(line, "monitoring on "); ok {
			s.Monitor = at
		}
		if at, ok := address(line, "serving on "); ok && !told {
			s.URL, told = at, true
			close(ready)
		}
	}
	if !told {
		close(ready)
	}
}

func address(line, after string) (string, bool) {
	_, rest, ok := strings.Cut(line, after)
	if !ok {
		return "", false
	}
	return strings.TrimSuffix(strings.Fields(rest)[0], "/"), true
}

func (s *server) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, "\n")
}

// kill ends the server as a crash would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// body asks for an address until it is answered with 200.
func body(t testing.TB, url string) string {
	t.Helper()
	last := ""
	for range 600 {
		res, err := http.Get(url) //nolint:gosec,noctx // an address of this test
		if err == nil {
			b, e := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if e == nil && res.StatusCode == http.StatusOK {
				return string(b)
			}
			last = res.Status + " " + string(b[:min(len(b), 300)])
		} else {
			last = err.Error()
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s never answered: %s", url, last)
	return ""
}

// testdata is a file of the repository.
func testdata(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(harness.Root(t), "testdata", name)
}

// TestFullWithinTenSeconds: from the command to all pages full.
func TestFullWithinTenSeconds(t *testing.T) {
	harness.Binary(t) // built before the clock runs
	s := serve(t, testdata(t, "shop.csv"))
	for _, path := range []string{"/", "/sales", "/customers", "/products", "/geo", "/quality", "/upload"} {
		page := body(t, s.URL+path)
		if path != "/upload" && (!strings.Contains(page, "<figure ") || !strings.Contains(page, `class="lead"`)) {
			t.Errorf("%s is not full", path)
		}
	}
	body(t, s.Monitor+"/")
	took := time.Since(s.started)
	t.Logf("all pages were full %v after the start", took)
	if took > 10*time.Second {
		t.Errorf("all pages were full only %v after the start", took)
	}
}

// TestMetrics: the names that docs/pages.md promises are there, with the right figures.
func TestMetrics(t *testing.T) {
	s := serve(t, testdata(t, "shop.csv"))
	body(t, s.URL+"/")
	wanted := []string{"\ntotal_sales{", `total_sales{currency="BRL",dataset="shop"} 738280.34`, `total_orders{dataset="shop"} 739`, `active_users{dataset="shop"} 67`, `ecomctl_http_requests_total{method="GET",route="GET /{$}",status="200"}`,
		"ecomctl_http_request_duration_seconds_bucket{", "ecomctl_http_requests_in_flight{route=", `ecomctl_cache_events_total{event="hit"}`, `ecomctl_cache_up{kind="memory"} 1`, `ecomctl_jobs{state="running"} 0`,
		`ecomctl_service_up{address=`, "go_goroutines ", "process_resident_memory_bytes ", `ecomctl_machine_cpu_seconds_total{mode="idle"}`, "ecomctl_machine_memory_available_bytes ", "ecomctl_machine_disk_free_bytes{"}
	text := ""
	for range 1200 {
		// a request is counted when its answer has gone, which the client may have sooner
		text = body(t, s.Monitor+"/metrics")
		if !slices.ContainsFunc(wanted, func(want string) bool { return !strings.Contains(text, want) }) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics has no %s", want)
		}
	}
	if strings.Contains(text, `route="/`) || strings.Contains(text, "shop.csv?") {
		t.Error("a label holds an address that a client chose")
	}
	// a stranger's page cannot read it through the visitor's browser
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Monitor+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("under another name: status %d", res.StatusCode)
	}
}

// send uploads a file and returns the address of its mapping.
func send(t testing.TB, base, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	w, err := form.CreateFormFile("file", filepath.Base(file))
	if err == nil {
		_, err = w.Write(raw)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/upload", &b)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("uploading: status %d", res.StatusCode)
	}
	return res.Header.Get("Location")
}

// TestMonitoringAddress: one that is taken ends the command with what helps, the default one being taken does not,
// and "off" asks for none.
func TestMonitoringAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := exec.Command(harness.Binary(t), "serve", testdata(t, "shop.csv"), "--listen", "127.0.0.1:0", "--metrics", l.Addr().String())
	c.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir())
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--metrics off") {
		t.Errorf("an address that is taken: %v: %s", err, out)
	}
	s := serve(t, testdata(t, "shop.csv"), "--metrics", "off", "--max-upload", "0")
	if page := body(t, s.URL+"/"); strings.Contains(page, "/upload") {
		t.Error("the page leads to an upload page that there is not")
	}
	if s.Monitor != "" {
		t.Errorf("a monitoring page at %s that nobody asked for", s.Monitor)
	}
}
