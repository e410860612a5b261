package pages_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/test/harness"
)

// prometheus is a real one that this test started.
type prometheus struct {
	URL string
	env []string
}

// script runs one of the service's scripts.
func (p *prometheus) script(t testing.TB, name string) (string, error) {
	t.Helper()
	c := exec.Command("bash", filepath.Join(harness.Root(t), "scripts", "services", "prometheus", name))
	c.Env = p.env
	out, err := c.CombinedOutput()
	return string(out), err
}

// needPromtool installs Prometheus, or skips; under CI it must be there.
func needPromtool(t testing.TB, p *prometheus) {
	t.Helper()
	if out, err := p.script(t, "install.sh"); err != nil {
		if os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
			t.Fatalf("Prometheus: %v\n%s", err, out)
		}
		t.Skipf("Prometheus is not here: %s", out)
	}
}

func newPrometheus(t testing.TB, targets, rules string) *prometheus {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	return &prometheus{URL: "http://127.0.0.1:" + strconv.Itoa(port), env: append(os.Environ(), "SERVICES_DIR="+t.TempDir(), "PROMETHEUS_PORT="+strconv.Itoa(port),
		"PROMETHEUS_TARGETS="+targets, "PROMETHEUS_RULES="+rules, "PROMETHEUS_INTERVAL=1s")}
}

// start starts it and stops it with the test.
func (p *prometheus) start(t testing.TB) {
	t.Helper()
	if out, err := p.script(t, "start.sh"); err != nil {
		t.Fatalf("starting Prometheus: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := p.script(t, "stop.sh"); err != nil {
			t.Errorf("stopping Prometheus: %v\n%s", err, out)
		}
	})
}

// query evaluates an expression and returns the number of series.
func (p *prometheus) query(t testing.TB, expr string) (series int, err error) {
	t.Helper()
	var got struct {
		Status, Error string
		Data          struct{ Result []json.RawMessage }
	}
	if err := p.get(t, "/api/v1/query?query="+url.QueryEscape(expr), &got); err != nil {
		return 0, err
	}
	if got.Status != "success" {
		return 0, fmt.Errorf("%s: %s", expr, got.Error)
	}
	return len(got.Data.Result), nil
}

func (p *prometheus) get(t testing.TB, path string, into any) error {
	t.Helper()
	res, err := http.Get(p.URL + path) //nolint:gosec,noctx // this test's own server
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// until repeats a question until it is answered with yes.
func until(t testing.TB, what string, yes func() bool) {
	t.Helper()
	for range 1200 {
		if yes() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("never came: %s", what)
}

// TestRules: the shipped rules and their tests pass promtool.
func TestRules(t *testing.T) {
	needPromtool(t, newPrometheus(t, "127.0.0.1:1", ""))
	dir := filepath.Join(harness.Root(t), "examples", "prometheus")
	for _, args := range [][]string{{"check", "rules", "rules.yml"}, {"check", "config", "prometheus.yml"}, {"test", "rules", "rules_test.yml"}} {
		c := exec.Command("promtool", args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestPrometheus: a real Prometheus scrapes a real server, evaluates every expression of the
// dashboard and of the rules, and an alert fires when the server is killed.
func TestPrometheus(t *testing.T) {
	rules, err := os.ReadFile(filepath.Join(harness.Root(t), "examples", "prometheus", "rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	// the shipped rules with a minute's patience made short
	hasty := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(hasty, []byte(strings.Replace(string(rules), "for: 1m", "for: 2s", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, testdata(t, "shop.csv"))
	p := newPrometheus(t, strings.TrimPrefix(s.Monitor, "http://"), hasty)
	needPromtool(t, p)
	p.start(t)
	until(t, "the shop's figures in Prometheus", func() bool {
		body(t, s.URL+"/api/v1/sales") // so that there are requests and look-ups
		n, err := p.query(t, `total_sales{dataset="shop"} > 0 and on() up{job="ecomctl"} == 1`)
		return err == nil && n == 1
	})
	body(t, s.URL+"/")
	until(t, "rates", func() bool {
		body(t, s.URL+"/api/v1/sales")
		n, err := p.query(t, `sum(rate(ecomctl_http_requests_total[1m])) > 0 and sum(rate(ecomctl_machine_cpu_seconds_total[1m])) > 0`)
		return err == nil && n == 1
	})
	for _, e := range dashboard(t) {
		n, err := p.query(t, e)
		if err != nil {
			t.Errorf("the dashboard asks what Prometheus refuses: %v", err)
		} else if n == 0 {
			t.Errorf("the dashboard asks what the server does not tell: %s", e)
		}
	}
	s.kill()
	until(t, "the alert EcomctlDown", func() bool {
		n, err := p.query(t, `ALERTS{alertname="EcomctlDown", alertstate="firing", severity="critical"}`)
		return err == nil && n == 1
	})
}

// dashboard returns every expression of the Grafana dashboard with its variables filled in.
func dashboard(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(harness.Root(t), "examples", "grafana", "ecomctl.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Title  string
		Panels []struct {
			Title, Type string
			Targets     []struct{ Expr string }
			GridPos     struct{ X, Y, W, H int }
		}
		Templating struct{ List []struct{ Name string } }
	}
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*", "$dataset", ".*")
	var out []string
	for _, panel := range d.Panels {
		if panel.Type != "row" && (len(panel.Targets) == 0 || panel.GridPos.W == 0 || panel.GridPos.X+panel.GridPos.W > 24) {
			t.Errorf("panel %q asks nothing or has no place", panel.Title)
		}
		for _, target := range panel.Targets {
			e := fill.Replace(target.Expr)
			if strings.Contains(e, "$") {
				t.Errorf("panel %q uses an unknown variable: %s", panel.Title, target.Expr)
			}
			out = append(out, e)
		}
	}
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
	}
	if len(out) < 15 || !slices.Equal(names, []string{"datasource", "instance", "dataset"}) {
		t.Errorf("%d expressions, variables %v", len(out), names)
	}
	return out
}
