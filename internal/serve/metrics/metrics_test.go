package metrics_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/serve/metrics"
)

// fakes is what the monitor watches in these tests.
type fakes struct {
	mu   sync.Mutex
	list []serve.Dataset
}

func (f *fakes) Datasets() []serve.Dataset {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.list
}

func ask(t *testing.T, m *metrics.Monitor, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	r.Host = "127.0.0.1:8000"
	m.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d: %s", path, w.Code, w.Body)
	}
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestService: a service that fails is told with its error, and when it heals the error stays to be read.
func TestService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var healed atomic.Bool
		m := metrics.New(metrics.Options{Version: "1", Now: time.Now, Services: []metrics.Service{
			{Name: "database", Address: "mysql://db/shop", Check: func(context.Context) error {
				if !healed.Load() {
					return fault.New(fault.Unavailable, "connecting to db").WithHint("start it")
				}
				return nil
			}},
			{Name: "slow", Address: "x", Check: func(ctx context.Context) error {
				<-ctx.Done() // hangs until it is given up
				return errors.New("no answer")
			}},
		}})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); metrics.Look(ctx, m) }()
		time.Sleep(4 * time.Second)
		text := ask(t, m, "/metrics")
		for _, want := range []string{`ecomctl_service_up{address="mysql://db/shop",service="database"} 0`, `ecomctl_service_up{address="x",service="slow"} 0`, `ecomctl_service_checks_total{outcome="failed",service="database"} 1`} {
			if !strings.Contains(text, want) {
				t.Errorf("no %s", want)
			}
		}
		if page := ask(t, m, "/"); !strings.Contains(page, "Not usable now: database and slow") || !strings.Contains(page, "connecting to db: start it") {
			t.Error("the page does not tell what is down, and why")
		}
		healed.Store(true)
		time.Sleep(8 * time.Second)
		if text := ask(t, m, "/metrics"); !strings.Contains(text, `service="database"} 1`) {
			t.Error("the healed service is still told as down")
		}
		if page := ask(t, m, "/?lang=zh"); !strings.Contains(page, "connecting to db: start it") || !strings.Contains(page, "当前不可用：slow") {
			t.Error("the last error is forgotten, or not in Chinese")
		}
		stop()
		<-done
	})
}

// TestTraffic: routes are labels as they are mounted; what matched none is one label.
func TestTraffic(t *testing.T) {
	m := metrics.New(metrics.Options{Version: "1", Now: time.Now})
	for _, route := range []string{"GET /sales", "GET /sales", "", "GET /geo"} {
		m.Begin(route)
	}
	m.Request("GET /sales", "GET", 200, 30*time.Millisecond, 1000)
	m.Request("GET /sales", "GET", 500, 50*time.Millisecond, 10)
	m.Request("", "GET", 404, time.Millisecond, 10)
	m.Cache("hit")
	m.Cache("miss")
	m.Computed("sales", time.Second, nil)
	m.Computed("sales", time.Second, fault.New(fault.Unavailable, "no"))
	text := ask(t, m, "/metrics")
	for _, want := range []string{`ecomctl_http_requests_total{method="GET",route="GET /sales",status="200"} 1`, `ecomctl_http_requests_total{method="GET",route="none",status="404"} 1`,
		`ecomctl_http_response_bytes_total{route="GET /sales"} 1010`, `ecomctl_http_request_duration_seconds_bucket{method="GET",route="GET /sales",le="0.05"} 2`,
		`ecomctl_http_requests_in_flight{route="GET /geo"} 1`, `ecomctl_http_requests_in_flight{route="GET /sales"} 0`, `ecomctl_http_requests_in_flight{route="none"} 0`,
		`ecomctl_cache_events_total{event="hit"} 1`, `ecomctl_computations_total{analysis="sales",outcome="ok"} 1`, `ecomctl_computations_total{analysis="sales",outcome="unavailable"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	page := ask(t, m, "/")
	for _, want := range []string{"Everything is up; 33", "Most asked: GET /sales", "Nothing is served yet"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestDatasets: states, rows and rejects of the datasets, and what failed.
func TestDatasets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakes{list: []serve.Dataset{
			{Name: "main", Table: "orders", State: serve.Ready, Rows: 100, Last: 1735586707e6, Account: query.Account{Rows: 100, Reasons: []query.Reason{{Kind: relation.Reject, Reason: "no_product", Rows: 7}}}},
			{Name: "broken", State: serve.Failed, Err: fault.New(fault.NotFound, "opening x.csv: not there")},
		}}
		m := metrics.New(metrics.Options{Version: "1", Now: time.Now})
		m.Watch(func() serve.Stats {
			return serve.Stats{Started: time.Now(), JobsRunning: 1, CacheKind: "redis", CacheEntries: -1, CacheBytes: -1, CacheErr: "gone"}
		}, f, nil)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); metrics.Look(ctx, m) }()
		time.Sleep(time.Second)
		text := ask(t, m, "/metrics")
		for _, want := range []string{`ecomctl_dataset_ready{dataset="broken"} 0`, `ecomctl_dataset_ready{dataset="main"} 1`, `ecomctl_dataset_rejected_rows{dataset="main"} 7`, `ecomctl_dataset_rows{dataset="main"} 100`,
			`ecomctl_cache_up{kind="redis"} 0`, `ecomctl_jobs{state="running"} 1`} {
			if !strings.Contains(text, want) {
				t.Errorf("no %s", want)
			}
		}
		if strings.Contains(text, "\necomctl_cache_entries ") || strings.Contains(text, "\ntotal_sales") {
			t.Error("what is not known is told")
		}
		if page := ask(t, m, "/"); !strings.Contains(page, "Not usable now: the cache (redis) and the data broken") || !strings.Contains(page, "opening x.csv: not there") || !strings.Contains(page, "0 of 1 service is usable") || !strings.Contains(page, "<td>gone") {
			t.Error("the page does not say what failed")
		}
		stop()
		<-done
	})
}

// TestChinese: the Chinese page says everything in Chinese but names: of data, addresses, routes, products, units.
func TestChinese(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakes{list: []serve.Dataset{
			{Name: "d1", Table: "orders", State: serve.Ready, Rows: 100, Last: 1735586707e6, Account: query.Account{Rows: 100}},
			{Name: "d2", State: serve.Loading},
			{Name: "d3", State: serve.Failed, Err: fault.New(fault.NotFound, "XXX")},
		}}
		var services []metrics.Service
		for _, name := range []string{"input d1.csv", "database", "events", "products", "customers"} {
			services = append(services, metrics.Service{Name: name, Address: "a:1", Check: func(context.Context) error {
				if name == "events" {
					return fault.New(fault.Unavailable, "XXX")
				}
				return nil
			}})
		}
		m := metrics.New(metrics.Options{Version: "1", Now: time.Now, Services: services, Disks: []string{"/"}})
		m.Watch(func() serve.Stats {
			return serve.Stats{Started: time.Now(), CacheKind: "redis", CacheErr: "XXX"}
		}, f, nil)
		m.Begin("GET /r")
		m.Request("GET /r", "GET", 500, 20*time.Millisecond, 10)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); metrics.Look(ctx, m) }()
		time.Sleep(11 * time.Second)
		page := ask(t, m, "/?lang=zh")
		stop()
		<-done
		main := page[strings.Index(page, "<header"):strings.Index(page, "</footer>")]
		text := regexp.MustCompile(`(?s)<script.*?</script>|<[^>]*>|&[a-z]+;`).ReplaceAllString(main, " ")
		names := regexp.MustCompile(`d[123](\.csv)?|JavaScript|a:1|XXX|GET /r|redis|ecomctl|Prometheus|/metrics|[KMGT]iB|English|CSV|PNG|SVG|UTC|\.csv`)
		if words := regexp.MustCompile(`[A-Za-z]{2,}`).FindAllString(names.ReplaceAllString(text, " "), -1); len(words) > 0 {
			t.Errorf("not in Chinese: %q", words)
		}
		for _, want := range []string{"就绪", "加载中", "失败", "事件表", "数据集", "路由", "最近错误"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page does not say %s", want)
			}
		}
	})
}
