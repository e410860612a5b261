package serve_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/test/harness"
)

// script runs one of scripts/services/redis.
func script(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	out, err := exec.Command("bash", append([]string{filepath.Join(harness.Root(t), "scripts", "services", "redis", name)}, args...)...).CombinedOutput()
	return string(out), err
}

// redis starts a Redis of the test's own.
func redis(t *testing.T) string {
	t.Helper()
	_, port, _ := net.SplitHostPort(free(t))
	t.Setenv("SERVICES_DIR", t.TempDir())
	t.Setenv("REDIS_PORT", port)
	out, err := script(t, "install.sh")
	if err == nil {
		out, err = script(t, "start.sh")
	}
	t.Cleanup(func() { _, _ = script(t, "stop.sh", "--clean") })
	if err != nil {
		if os.Getenv("CI") != "" || os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
			t.Fatalf("Redis: %v\n%s", err, out)
		}
		t.Skipf("Redis is not here: %s", out)
	}
	lines := strings.Fields(out)
	return lines[len(lines)-1]
}

// TestRedisComesAndGoes kills Redis under a server: every answer stays right, and the outage is told.
func TestRedisComesAndGoes(t *testing.T) {
	url := redis(t)
	s := start(t, "shop.csv", "--cache", url)
	health := func(cache string) {
		t.Helper()
		type view struct{ Status, Cache string }
		var v view
		for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			if v = decode[view](t, s.ok("/readyz")); strings.Contains(v.Cache, cache) {
				return
			}
			if time.Since(begun) > time.Minute {
				t.Fatalf("health is %+v, want %s", v, cache)
			}
		}
	}
	health("up")
	want := string(s.ok("/api/v1/sales/monthly"))
	if out, err := script(t, "stop.sh", "--kill"); err != nil {
		t.Fatal(out)
	}
	worst := time.Duration(0)
	for i := range 20 { // each is new: none is remembered
		begun := time.Now()
		if res, b := s.get(fmt.Sprintf("/api/v1/sales/monthly?where=quantity%%20%%3E%%20-%d", i+1)); res.StatusCode != http.StatusOK || string(b) != want {
			t.Errorf("without Redis: %s, %d bytes", res.Status, len(b))
		}
		worst = max(worst, time.Since(begun))
	}
	t.Logf("without Redis an answer that is computed takes at most %s", worst)
	health("redis 127.0.0.1:")
	if !strings.Contains(s.said(), "out of service") {
		t.Errorf("the log does not tell: %s", s.said())
	}
	if out, err := script(t, "start.sh"); err != nil {
		t.Fatal(out)
	}
	health("up")
	// another server finds what the first has put
	s.ok("/api/v1/rfm")
	other := start(t, "shop.csv", "--cache", url)
	if a, b := string(s.ok("/api/v1/rfm")), string(other.ok("/api/v1/rfm")); a != b {
		t.Error("two servers differ")
	}
}
