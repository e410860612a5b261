package serve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ecomctl/ecomctl/internal/cache"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Config says what a server is.
type Config struct {
	Backend Backend
	Cache   cache.Cache // of rendered answers; nil = a small one in this process
	Metrics Metrics     // nil = none
	Log     *slog.Logger
	Now     func() time.Time
	Version string

	// Keys opens the server to those who hold one; nil asks for no key.
	Keys *Keys
	// Hosts are names that requests may use besides addresses and localhost.
	Hosts []string

	Timeout     time.Duration // of a request; 0 = a minute
	MaxBody     int64         // bytes of a request's body unless its handler allows more; 0 = 1 MiB
	MaxConns    int           // 0 = 4096
	Rate        float64       // requests a second of each key or address; 0 = no limit
	Burst       int           // 0 = twice Rate
	MaxJobs     int           // kept at once, in any state; 0 = 64
	JobLifetime time.Duration // of a finished job's result; 0 = an hour
	MaxAnswer   int64         // bytes of one rendered answer; 0 = 256 MiB
}

// Server answers HTTP. Its zero value is of no use: call New.
type Server struct {
	conf    Config
	mux     *http.ServeMux
	guard   *guard
	jobs    *jobs
	render  *renderer
	started time.Time
	conns   atomic.Int64
	flight  atomic.Int64
	stop    context.CancelFunc // of jobs
	mu      sync.RWMutex
	routes  map[string]route // by pattern
	// problems shows errors to people; nil = nobody does
	problems ProblemPage
}

// NewBare makes a server that has its guards and nothing else: Handle mounts what it answers. It asks no backend and
// has no jobs.
func NewBare(conf Config) *Server {
	defaults(&conf)
	s := &Server{conf: conf, mux: http.NewServeMux(), started: conf.Now(), stop: func() {}, routes: map[string]route{}}
	s.guard = newGuard(s)
	return s
}

// New makes a server with the REST interface mounted.
func New(conf Config) (*Server, error) {
	s := NewBare(conf)
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.render = newRenderer(s)
	s.jobs = newJobs(ctx, s)
	if _, err := newAPI(s); err != nil {
		stop()
		return nil, err
	}
	return s, nil
}

func defaults(c *Config) {
	or := func(n *int, v int) {
		if *n <= 0 {
			*n = v
		}
	}
	if c.Metrics == nil {
		c.Metrics = NoMetrics{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Cache == nil {
		c.Cache = cache.NewMemory(64<<20, 0)
	}
	if c.Timeout <= 0 {
		c.Timeout = time.Minute
	}
	if c.MaxBody <= 0 {
		c.MaxBody = 1 << 20
	}
	if c.JobLifetime <= 0 {
		c.JobLifetime = time.Hour
	}
	if c.MaxAnswer <= 0 {
		c.MaxAnswer = 256 << 20
	}
	or(&c.MaxConns, 4096)
	or(&c.MaxJobs, 64)
	or(&c.Burst, max(1, int(2*c.Rate)))
}

// route is what the guards know of a pattern.
type route struct {
	scope   KeyScope
	maxBody int64
}

// Handle mounts a handler under a pattern of http.ServeMux. scope is what a key must allow; the
// guards stand before it. Handlers answer errors with WriteProblem.
func (s *Server) Handle(pattern string, scope KeyScope, h http.Handler) {
	s.HandleLarge(pattern, scope, s.conf.MaxBody, h)
}

// HandleLarge is Handle for requests with a body of up to maxBody bytes; the handler extends the
// time for it (Extend).
func (s *Server) HandleLarge(pattern string, scope KeyScope, maxBody int64, h http.Handler) {
	s.mu.Lock()
	s.routes[pattern] = route{scope, maxBody}
	s.mu.Unlock()
	s.mux.Handle(pattern, h)
}

// route returns what is known of a pattern; what nobody mounted needs a key for reading.
func (s *Server) route(pattern string) route {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r, ok := s.routes[pattern]; ok {
		return r
	}
	return route{Read, s.conf.MaxBody}
}

// Backend is what the server asks.
func (s *Server) Backend() Backend { return s.conf.Backend }

// Now is the server's clock.
func (s *Server) Now() time.Time { return s.conf.Now() }

// Log is the server's log.
func (s *Server) Log() *slog.Logger { return s.conf.Log }

// Handler is everything that is mounted, behind the guards.
func (s *Server) Handler() http.Handler { return s.guard }

// grace is how long answers may finish after the server was told to stop.
const grace = 5 * time.Second

// Serve answers on a listener until the context ends, then lets requests finish for a few
// seconds. It returns nil after a shutdown.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer s.stop()
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      s.conf.Timeout + 2*time.Minute,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.conf.Log.Handler(), slog.LevelDebug),
		ConnState:         s.connState,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(limitConns(l, s.conf.MaxConns)) }()
	select {
	case err := <-failed:
		return fault.New(fault.Unavailable, "serving on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	s.stop()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		srv.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fault.New(fault.Unavailable, "serving on %s: %w", l.Addr(), err)
	}
	return nil
}

func (s *Server) connState(_ net.Conn, st http.ConnState) {
	switch st {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.conns.Add(-1)
	}
}

// Stats tells how the server is.
func (s *Server) Stats() Stats {
	st := Stats{Started: s.started, Connections: s.conns.Load(), InFlight: s.flight.Load()}
	if w, ok := s.conf.Backend.(interface {
		Load() (running, waiting int64)
	}); ok {
		st.Running, st.Waiting = w.Load()
	}
	if s.jobs != nil {
		st.JobsQueued, st.JobsRunning, st.JobsKept = s.jobs.counts()
	}
	h := s.conf.Cache.Health()
	st.CacheKind, st.CacheEntries, st.CacheBytes, st.CacheUp, st.CacheErr = h.Kind, h.Entries, h.Bytes, h.Up, h.Err
	return st
}
