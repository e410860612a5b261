package metrics

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/serve/web"
)

// Data is what the monitor asks about the datasets.
type Data interface {
	Datasets() []serve.Dataset
}

// Service is something outside this process that the server is configured to use.
type Service struct {
	Name    string // "cache", "database", "input main"
	Address string // without secrets
	// Check fails when the service cannot be used now. It stops when the context ends.
	Check func(ctx context.Context) error
}

// Options say what is watched.
type Options struct {
	Title    string // of the monitoring page
	Version  string
	Lang     string
	Now      func() time.Time
	Log      *slog.Logger
	Services []Service
	Disks    []string // folders whose disks are watched; the first is where temporary data go
	// Every is how often machine, services and datasets are looked at; 0 = 5 s.
	Every time.Duration
}

// Monitor collects what happens. It implements serve.Metrics.
type Monitor struct {
	o   Options
	reg *prometheus.Registry

	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	bytes     *prometheus.CounterVec
	cache     *prometheus.CounterVec
	computed  *prometheus.CounterVec
	computing *prometheus.HistogramVec
	checks    *prometheus.CounterVec
	flight    *prometheus.GaugeVec

	frame   *web.Frame
	traffic traffic
	mu      sync.RWMutex
	stats   func() serve.Stats
	data    Data
	compute Computer
	health  []health
	shops   map[string]shop
	host    machine
	past    history
}

var _ serve.Metrics = (*Monitor)(nil)

// Buckets of durations, in seconds: an answer from the cache takes a millisecond, a scan of millions of rows many seconds.
var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// New makes a monitor.
func New(o Options) *Monitor {
	if o.Every <= 0 {
		o.Every = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Title == "" {
		o.Title = "ecomctl"
	}
	m := &Monitor{o: o, reg: prometheus.NewRegistry(), frame: web.NewFrame(o.Title, o.Version, o.Lang), shops: map[string]shop{}}
	m.requests = m.counter("ecomctl_http_requests_total", "Finished requests.", "route", "method", "status")
	m.durations = m.histogram("ecomctl_http_request_duration_seconds", "From a request's first byte to its answer's last.", "route", "method")
	m.bytes = m.counter("ecomctl_http_response_bytes_total", "Bytes of answers.", "route")
	m.cache = m.counter("ecomctl_cache_events_total", "Look-ups in the cache: hit, miss, shared, bypass, error.", "event")
	m.computed = m.counter("ecomctl_computations_total", "Finished computations.", "analysis", "outcome")
	m.computing = m.histogram("ecomctl_computation_duration_seconds", "How long computations took.", "analysis")
	m.checks = m.counter("ecomctl_service_checks_total", "Checks of the services that are configured.", "service", "outcome")
	m.flight = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ecomctl_http_requests_in_flight", Help: "Requests that are being answered."}, []string{"route"})
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ecomctl_build_info", Help: "1, with the version as a label."}, []string{"version"})
	build.WithLabelValues(o.Version).Set(1)
	for _, event := range []string{"hit", "miss"} {
		m.cache.WithLabelValues(event) // so that rates exist before the first look-up
	}
	m.reg.MustRegister(m.flight, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &gauges{m})
	return m
}

func (m *Monitor) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.reg.MustRegister(c)
	return c
}

func (m *Monitor) histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.reg.MustRegister(h)
	return h
}

// routeName is a pattern as a label; what matched none is "none".
func routeName(route string) string {
	if route == "" {
		return "none"
	}
	return route
}

// Begin implements serve.Metrics.
func (m *Monitor) Begin(route string) { m.flight.WithLabelValues(routeName(route)).Inc() }

// Request implements serve.Metrics.
func (m *Monitor) Request(route, method string, status int, took time.Duration, n int64) {
	route = routeName(route)
	m.flight.WithLabelValues(route).Dec()
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.durations.WithLabelValues(route, method).Observe(took.Seconds())
	m.bytes.WithLabelValues(route).Add(float64(n))
	m.traffic.add(route, status, took)
}

// Cache implements serve.Metrics.
func (m *Monitor) Cache(event string) {
	m.cache.WithLabelValues(event).Inc()
	m.traffic.cached(event)
}

// Computed implements serve.Metrics.
func (m *Monitor) Computed(analysis string, took time.Duration, err error) {
	outcome := "ok"
	if err != nil {
		outcome = fault.KindOf(err).String()
	}
	m.computed.WithLabelValues(analysis, outcome).Inc()
	m.computing.WithLabelValues(analysis).Observe(took.Seconds())
}

// Watch tells the monitor what to watch, once it is there.
func (m *Monitor) Watch(stats func() serve.Stats, data Data, compute Computer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats, m.data, m.compute = stats, data, compute
}

// Handler answers GET / (the page), /metrics and /healthz.
func (m *Monitor) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.reg, promhttp.HandlerOpts{MaxRequestsInFlight: 8, Timeout: 10 * time.Second}))
	mux.HandleFunc("GET /healthz", m.healthz)
	mux.HandleFunc("GET /{$}", m.page)
	mux.HandleFunc("GET /monitoring", m.page)
	mux.HandleFunc("GET /assets/{name}", m.frame.ServeAsset)
	return own(mux)
}

// own refuses requests by names that are not this machine's: another site's page could else read the
// figures through the visitor's browser.
func own(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Host
		if h, _, err := net.SplitHostPort(name); err == nil {
			name = h
		}
		if net.ParseIP(name) == nil && name != "localhost" && name != "[::1]" {
			serve.WriteProblem(w, serve.WithStatus(http.StatusMisdirectedRequest, fault.New(fault.Auth, "this server is not called %q", r.Host).WithHint("use its address")))
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		next.ServeHTTP(w, r)
	})
}

// healthz answers whether the process answers.
func (m *Monitor) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // the client may be gone
}

// Serve watches and answers on a listener until the context ends.
func (m *Monitor) Serve(ctx context.Context, l net.Listener) error {
	go m.watch(ctx)
	srv := &http.Server{Handler: m.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(m.o.Log.Handler(), slog.LevelDebug)}
	stopped := context.AfterFunc(ctx, func() { _ = srv.Close() }) // nothing of worth is lost
	defer stopped()
	if err := srv.Serve(l); ctx.Err() == nil {
		return fault.New(fault.Unavailable, "serving metrics on %s: %w", l.Addr(), err)
	}
	return nil
}

// watch looks at the machine, the services and the datasets again and again.
func (m *Monitor) watch(ctx context.Context) {
	t := time.NewTicker(m.o.Every)
	defer t.Stop()
	for {
		m.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// look takes one round.
func (m *Monitor) look(ctx context.Context) {
	host := lookAtMachine(ctx, m.o.Disks)
	health := m.checkServices(ctx)
	m.mu.Lock()
	host.busy(&m.host)
	m.host, m.health = host, health
	m.past.add(m.traffic.take(), &m.host)
	m.mu.Unlock()
	m.lookAtShops(ctx)
}
