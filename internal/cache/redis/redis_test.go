package redis_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/cache"
	"github.com/ecomctl/ecomctl/internal/cache/cachetest"
	"github.com/ecomctl/ecomctl/internal/cache/redis"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// script runs one of scripts/services/redis.
func script(name string, args ...string) (string, error) {
	out, err := exec.Command("bash", append([]string{filepath.Join("..", "..", "..", "scripts", "services", "redis", name)}, args...)...).CombinedOutput()
	return string(out), err
}

// server starts a Redis of the test's own and returns its URL. Where it cannot be installed the
// test is skipped, naming what is missing; under CI it fails.
func server(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	t.Setenv("SERVICES_DIR", t.TempDir())
	t.Setenv("REDIS_PORT", fmt.Sprint(port))
	out, err := script("install.sh")
	if err == nil {
		out, err = script("start.sh")
	}
	t.Cleanup(func() { _, _ = script("stop.sh", "--clean") })
	if err != nil {
		if os.Getenv("CI") != "" || os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
			t.Fatalf("Redis: %v\n%s", err, out)
		}
		t.Skipf("Redis is not here: %s", out)
	}
	lines := strings.Fields(strings.TrimSpace(out))
	return lines[len(lines)-1]
}

// open opens a cache and waits until it has found Redis.
func open(t *testing.T, url string, o redis.Options) *redis.Cache {
	t.Helper()
	o.Now = time.Now
	c, err := redis.Open(url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	up(t, c)
	return c
}

func up(t *testing.T, c cache.Cache) {
	t.Helper()
	for begun := time.Now(); !c.Health().Up; time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("Redis is not found: %+v", c.Health())
		}
	}
}

// patient are deadlines that a busy machine keeps, for what is not about time.
var patient = redis.Options{Deadline: 10 * time.Second, Largest: 128 << 10}

func TestSuite(t *testing.T) {
	url := server(t)
	n := 0
	cachetest.Suite(t, func(t *testing.T) cache.Cache {
		n++
		return open(t, strings.TrimSuffix(url, "0")+fmt.Sprint(n), patient) // each part has a database of its own
	}, patient.Largest)
}

// TestServersShare shows that one server's answers are another's.
func TestServersShare(t *testing.T) {
	url := server(t)
	a, b := open(t, url, patient), open(t, url, patient)
	a.Put(t.Context(), "k", []byte("v"))
	if v, ok := b.Get(t.Context(), "k"); !ok || string(v) != "v" {
		t.Errorf("%q %v", v, ok)
	}
	if out, err := exec.Command("redis-cli", "-u", url, "set", "ecomctl:1:k", "not ours").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if v, ok := b.Get(t.Context(), "k"); ok {
		t.Errorf("a value that nobody of us wrote is served: %q", v)
	}
}

// outage ends Redis in one way or another and checks that callers lose at most one deadline, that
// it is told, and that the cache heals when Redis is back.
func outage(t *testing.T, end, begin func() (string, error)) {
	url := server(t)
	told := make(chan cache.Health, 100)
	c := open(t, url, redis.Options{Changed: func(h cache.Health) { told <- h }})
	// the machine may be too busy to answer within the deadline: the state before is made sure
	for begun := time.Now(); ; {
		c.Put(t.Context(), "k", []byte("v"))
		if _, ok := c.Get(t.Context(), "k"); ok {
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("nothing is kept: %+v", c.Health())
		}
		up(t, c)
	}
	if out, err := end(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	var wg sync.WaitGroup
	lost := make([]time.Duration, 8) // of each caller, over all its calls
	for w := range lost {
		wg.Go(func() {
			for range 200 {
				begun := time.Now()
				c.Get(t.Context(), "k")
				c.Put(t.Context(), "other", []byte("v"))
				lost[w] += time.Since(begun)
			}
		})
	}
	wg.Wait()
	t.Logf("400 calls of each of 8 callers lost %v", lost)
	for _, d := range lost {
		// once 50 ms, and what a busy machine takes for the rest
		if d > 50*time.Millisecond+slack {
			t.Errorf("a caller lost %s", d)
		}
	}
	if h := c.Health(); h.Up || !strings.Contains(h.Err, "redis 127.0.0.1:") || h.Bypassed < 8*300 {
		t.Errorf("health is %+v", h)
	}
	if out, err := begin(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	up(t, c)
	var down, back bool
	for !down || !back {
		select {
		case h := <-told:
			down, back = down || !h.Up, back || down && h.Up
		case <-time.After(time.Minute):
			t.Fatalf("told down %v, back %v", down, back)
		}
	}
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		c.Put(t.Context(), "again", []byte("v"))
		if _, ok := c.Get(t.Context(), "again"); ok {
			return
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("it does not heal: %+v", c.Health())
		}
	}
}

// slack is what 400 calls that do nothing, and one wake-up, may take on a machine whose
// processors others use.
const slack = 150 * time.Millisecond

func TestKilled(t *testing.T) {
	outage(t, func() (string, error) { return script("stop.sh", "--kill") }, func() (string, error) { return script("start.sh") })
}

func TestFrozen(t *testing.T) {
	outage(t, func() (string, error) { return script("stop.sh", "--freeze") }, func() (string, error) { return script("stop.sh", "--thaw") })
}

// TestNobodyThere opens a cache where nothing listens, and where the password is wrong.
func TestNobodyThere(t *testing.T) {
	t.Setenv("REDIS_PASSWORD", "right")
	url := server(t)
	wrong := strings.Replace(url, "redis://", "redis://:guessed@", 1)
	for name, c := range map[string]struct{ url, want string }{
		"no server":      {"redis://:secret@127.0.0.1:1/0", "refused"},
		"wrong password": {wrong, "password is wrong"},
		"no password":    {url, "password is wrong or missing"},
	} {
		r, err := redis.Open(c.url, redis.Options{Now: time.Now, Deadline: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		for begun := time.Now(); r.Health().Err == "not asked yet" && time.Since(begun) < time.Minute; {
			time.Sleep(5 * time.Millisecond)
		}
		if h := r.Health(); h.Up || !strings.Contains(h.Err, c.want) || strings.Contains(h.Err, "secret") || strings.Contains(h.Err, "guessed") {
			t.Errorf("%s: %+v", name, h)
		}
		r.Put(t.Context(), "k", []byte("v"))
		if _, ok := r.Get(t.Context(), "k"); ok {
			t.Errorf("%s: a value from nowhere", name)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := redis.Open("redis://:secret@127.0.0.1:x/0", redis.Options{Now: time.Now}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a wrong address: %v", err)
	}
}

// TestCheck: doctor's look at Redis names version, cause and cure, and no password.
func TestCheck(t *testing.T) {
	t.Setenv("REDIS_PASSWORD", "right")
	url := server(t)
	found, err := retryCheck(t, strings.Replace(url, "redis://", "redis://:right@", 1))
	if err != nil || !strings.HasPrefix(found, "version ") {
		t.Errorf("%q %v", found, err)
	}
	for name, c := range map[string]struct {
		url  string
		kind fault.Kind
		hint string
	}{
		"nobody there":   {"redis://:s3cret@127.0.0.1:1/0", fault.Unavailable, "is Redis started"},
		"wrong password": {strings.Replace(url, "redis://", "redis://:s3cret@", 1), fault.Auth, "export REDIS_PASSWORD"},
		"no password":    {url, fault.Auth, "export REDIS_PASSWORD"},
		"no address":     {"redis://:s3cret@h:x/0", fault.Usage, "write redis://"},
	} {
		_, err := retryCheck(t, c.url)
		if fault.KindOf(err) != c.kind || !strings.Contains(fault.HintOf(err), c.hint) || strings.Contains(err.Error()+fault.HintOf(err), "s3cret") {
			t.Errorf("%s: %v; %s", name, err, fault.HintOf(err))
		}
	}
}

// retryCheck asks again where a busy machine was too slow.
func retryCheck(t *testing.T, url string) (found string, err error) {
	t.Helper()
	for begun := time.Now(); ; {
		found, err = redis.Check(t.Context(), url, time.Now)
		if err == nil || !strings.Contains(err.Error(), "no answer within") && !strings.Contains(err.Error(), "an answer took") || time.Since(begun) > time.Minute {
			return found, err
		}
	}
}
