package cluster

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// manager answers every request with a function, and counts them.
func manager(t *testing.T, answer http.HandlerFunc) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func client(t *testing.T, patience time.Duration, urls ...string) *Client {
	t.Helper()
	c, err := NewClient(Options{Managers: urls, Patience: patience, User: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

const nodesAnswer = `{"nodes":{"node":[{"id":"n1:1","state":"RUNNING"}]}}`

func good(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(nodesAnswer)) }

func onStandby(active *string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", *active+r.URL.Path)
		w.WriteHeader(http.StatusTemporaryRedirect)
		_, _ = w.Write([]byte("This is standby RM. The redirect url is: " + *active))
	}
}

func TestTheActiveOneIsFound(t *testing.T) {
	none := ""
	idle, asked := manager(t, onStandby(&none))
	active, _ := manager(t, good)
	c := client(t, 0, idle, active)
	for range 3 {
		nodes, err := c.Nodes(t.Context())
		if err != nil || len(nodes) != 1 {
			t.Fatal(nodes, err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the standby was asked %d times: the active one should be remembered", n)
	}
	// alone, a standby tells where the active one is; the user goes with the request
	alone, _ := manager(t, onStandby(&active))
	if nodes, err := client(t, 0, alone).Nodes(t.Context()); err != nil || len(nodes) != 1 {
		t.Error(nodes, err)
	}
}

func TestARestartIsWaitedFor(t *testing.T) {
	var n atomic.Int64
	url, _ := manager(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.URL.Query().Get("user.name") != "ann" {
			t.Errorf("asked as %q", r.URL)
		}
		good(w, r)
	})
	if _, err := client(t, time.Minute, url).Nodes(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPatienceEnds(t *testing.T) {
	url, asked := manager(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	_, err := client(t, 300*time.Millisecond, url).Nodes(t.Context())
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), url) || !strings.Contains(err.Error(), "502") || fault.HintOf(err) == "" {
		t.Error(err)
	}
	if asked.Load() < 2 {
		t.Error("it was not tried again")
	}
	none := ""
	idle, _ := manager(t, onStandby(&none))
	if _, err := client(t, 0, idle).Nodes(t.Context()); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "no ResourceManager") {
		t.Error(err)
	}
}

func TestAnInterruptEndsTheWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url, _ := manager(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(http.StatusBadGateway)
	})
	if _, err := client(t, time.Hour, url).Nodes(ctx); fault.KindOf(err) != fault.Interrupted {
		t.Error(err)
	}
}

func TestAnswersThatAreFinal(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		kind   fault.Kind
		text   string
	}{
		{404, `{"RemoteException":{"message":"java.lang.Exception: app with id: x not found"}}`, fault.NotFound, "app with id: x not found"},
		{403, `{"RemoteException":{"message":"org.apache.hadoop.yarn.exceptions.YarnException: User eve cannot"}}`, fault.Auth, "refuses: User eve cannot"},
		{400, `{"RemoteException":{"message":"java.lang.IllegalArgumentException: wrong"}}`, fault.Usage, "wrong"},
		{200, `<html>`, fault.Input, "no JSON of a ResourceManager"},
	} {
		url, asked := manager(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		})
		_, err := client(t, time.Hour, url).Nodes(t.Context())
		if fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "java.lang") || asked.Load() != 1 {
			t.Errorf("%d: %v (asked %d times)", c.status, err, asked.Load())
		}
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{"rm": "http://rm:8088", "https://rm": "https://rm:8090", " http://rm:1/ ": "http://rm:1", "[::1]:8": "http://[::1]:8"} {
		if got, err := baseURL(in); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "ftp://rm", "http://rm/cluster", "http://u:p@rm:8088", "http://rm?x=1", "http://"} {
		if got, err := baseURL(in); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestSite(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("core-site.xml", `<configuration><property><name>base</name><value>rm.example</value></property></configuration>`)
	write("yarn-site.xml", `<?xml version="1.0"?><configuration>
		<property><name>yarn.resourcemanager.hostname</name><value>${base}</value></property>
		<property><name>loop</name><value>${loop}x</value></property></configuration>`)
	s, err := ReadSite(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Managers(); len(got) != 1 || got[0] != "http://rm.example:8088" {
		t.Error(got)
	}
	if got := s.Get("loop"); len(got) > 100 {
		t.Errorf("a loop of %d bytes", len(got))
	}
	write("yarn-site.xml", "\n")
	if _, err := ReadSite(dir); fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), "it holds no configuration") {
		t.Error(err)
	}
	s["yarn.http.policy"], s["yarn.resourcemanager.ha.enabled"], s["yarn.resourcemanager.ha.rm-ids"] = "HTTPS_ONLY", "true", "a,b"
	s["yarn.resourcemanager.hostname.a"], s["yarn.resourcemanager.webapp.https.address.b"] = "ha", "hb:9"
	if got := strings.Join(s.Managers(), " "); got != "https://ha:8090 https://hb:9" {
		t.Error(got)
	}
}

// The room of a queue is bounded by its maximum, by the nodes, and by what one user may take.
func TestRoom(t *testing.T) {
	const part = `"capacities":{"queueCapacitiesByPartition":[{"partitionName":"","absoluteCapacity":50,"absoluteMaxCapacity":100,"effectiveMinResource":{"memory":4096,"vCores":4},"effectiveMaxResource":{"memory":8192,"vCores":8}}]}`
	users, used, free := "", int64(0), int64(8192)
	url, _ := manager(t, func(w http.ResponseWriter, r *http.Request) {
		answers := map[string]string{
			"/ws/v1/cluster/scheduler": fmt.Sprintf(`{"scheduler":{"schedulerInfo":{"type":"capacityScheduler","queueName":"root",%s,"queues":{"queue":[
				{"queuePath":"root.a","state":"RUNNING","userLimitFactor":1.5,"resourcesUsed":{"memory":%d,"vCores":1},"maximumAllocation":{"memory":3000,"vCores":4},"users":{"user":[%s]},%s},
				{"queuePath":"root.b","state":"STOPPED",%s}]}}}}`, strings.ReplaceAll(part, "4096", "8192"), used, users, part, part),
			"/ws/v1/cluster/metrics": `{"clusterMetrics":{"totalMB":8192,"totalVirtualCores":8}}`,
			"/ws/v1/cluster/nodes":   fmt.Sprintf(`{"nodes":{"node":[{"id":"n:1","state":"RUNNING","usedMemoryMB":%d,"availMemoryMB":%d,"availableVirtualCores":8}]}}`, 8192-free, free),
			"/ws/v1/cluster/apps":    `{"apps":null}`,
			"/conf":                  `{"property":{"key":"x","value":"256"}}`,
		}
		_, _ = w.Write([]byte(answers[r.URL.Path]))
	})
	c := client(t, 0, url)
	for _, x := range []struct {
		name, users string
		used, free  int64
		want        Resource
	}{
		{"a user's share", "", 0, 8192, Resource{6144, 6}},
		{"the queue's maximum", "", 5000, 8192, Resource{3192, 6}},
		{"the nodes", "", 0, 4000, Resource{4000, 6}},
		{"the user's own limit", `{"username":"bob","resourcesUsed":{"memory":1000,"vCores":1},"userResourceLimit":{"memory":5000,"vCores":5}}`, 1000, 7192, Resource{4000, 4}},
		{"nothing free", "", 0, 100, Resource{6144, 6}},
	} {
		users, used, free = x.users, x.used, x.free
		r, err := c.Room(t.Context(), "a", "bob")
		if err != nil || r.Total != x.want || r.Largest.MemoryMB > 3000 || r.StepMB != 256 {
			t.Errorf("%s: %+v, %v; want %+v", x.name, r, err, x.want)
		}
	}
	for _, queue := range []string{"b", "none", "root"} {
		if r, err := c.Room(t.Context(), queue, "bob"); err == nil || fault.HintOf(err) == "" {
			t.Errorf("%s: %+v", queue, r)
		}
	}
}

// What is no ResourceManager is not taken for one without applications or nodes, and not waited for.
func TestForeignAnswers(t *testing.T) {
	var body string
	url, _ := manager(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	c := client(t, 0, url)
	const id = "application_1_1"
	calls := map[string]func() error{
		"apps":   func() error { _, err := c.Apps(t.Context(), Filter{}); return err },
		"nodes":  func() error { _, err := c.Nodes(t.Context()); return err },
		"app":    func() error { _, err := c.App(t.Context(), id); return err },
		"follow": func() error { _, err := c.Follow(t.Context(), id, Watch{}); return err },
	}
	for _, body = range []string{`{}`, `null`, `{"status":"ok"}`, `{"app":{"id":"application_1_2","state":"RUNNING"}}`, `{"app":{"id":"application_1_1"}}`} {
		for name, call := range calls {
			if err := call(); fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), "no ResourceManager") || fault.HintOf(err) == "" {
				t.Errorf("%s of %s: %v", name, body, err)
			}
		}
	}
	body = `{"apps":null,"nodes":{},"app":{"id":"application_1_1","state":"FINISHED"}}`
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Variables that name others several times do not fill the memory.
func TestSiteBounds(t *testing.T) {
	s := Site{}
	for i := range 20 {
		s[fmt.Sprint("v", i)] = strings.Repeat(fmt.Sprintf("${v%d}", i+1), 16)
	}
	if got := s.Get("v0"); len(got) > maxValue {
		t.Errorf("a value of %d bytes", len(got))
	}
}
