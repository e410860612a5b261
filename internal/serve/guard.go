package serve

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// guard stands before every handler: which host, whose key, how often, how large, how long.
type guard struct {
	s       *Server
	hosts   []string
	buckets *buckets
	refused *buckets // wrong keys of an address: guessing is slow even where nothing else is limited
	origin  *http.CrossOriginProtection
}

func newGuard(s *Server) *guard {
	g := &guard{s: s, hosts: append([]string{"localhost"}, s.conf.Hosts...), origin: http.NewCrossOriginProtection()}
	if s.conf.Rate > 0 {
		g.buckets = newBuckets(s.conf.Rate, s.conf.Burst, s.conf.Now)
	}
	g.refused = newBuckets(1, 20, s.conf.Now)
	return g
}

// ServeHTTP implements http.Handler.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := g.s.conf.Now()
	g.s.flight.Add(1)
	out := &recorder{ResponseWriter: w}
	_, pattern := g.s.mux.Handler(r)
	g.s.conf.Metrics.Begin(pattern)
	defer func() {
		g.s.flight.Add(-1)
		if p := recover(); p != nil {
			g.panicked(out, r, p)
		}
		took := g.s.conf.Now().Sub(start)
		g.s.conf.Metrics.Request(pattern, method(r.Method), out.code(), took, out.bytes)
		g.s.conf.Log.Debug("request", "method", r.Method, "path", r.URL.Path, "status", out.code(), "bytes", out.bytes, "took", took, "client", address(r))
	}()
	secure(out.Header())
	r, err := g.admit(r, pattern)
	if err != nil {
		g.refuse(out, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), g.s.conf.Timeout)
	defer cancel()
	r = r.WithContext(ctx)
	limit := g.s.route(pattern).maxBody
	if r.ContentLength > limit {
		out.Header().Set("Connection", "close") // the body is not read
		g.s.problem(out, r, &http.MaxBytesError{Limit: limit}, true)
		return
	}
	r.Body = http.MaxBytesReader(out, r.Body, limit)
	if pattern == "" {
		g.unmatched(out, r)
		return
	}
	g.s.mux.ServeHTTP(out, r)
}

// secure sets the headers that every answer has. Pages that need more say so themselves.
func secure(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
}

// admit checks host, key and rate. The request it returns carries the key.
func (g *guard) admit(r *http.Request, pattern string) (*http.Request, error) {
	if !g.known(r.Host) {
		return r, WithStatus(http.StatusMisdirectedRequest, fault.New(fault.Auth, "this server is not called %q", r.Host).
			WithHint("use its address, or start it with --host NAME"))
	}
	if err := g.origin.Check(r); err != nil {
		return r, fault.New(fault.Auth, "another site's page sent this request").WithHint("send it from a page of this server, or from a program")
	}
	client := address(r)
	want := g.s.route(pattern).scope
	if g.s.conf.Keys != nil && want > Public {
		secret := secretOf(r)
		key, err := g.s.conf.Keys.Check(secret, want)
		if err != nil {
			if wait := g.refused.take(client); secret != "" && wait > 0 {
				return r, WithStatus(http.StatusTooManyRequests, NewBusy(wait, "too many wrong keys from this address"))
			}
			return r, err
		}
		client = "key " + key.Name
		r = r.WithContext(context.WithValue(r.Context(), keyInContext{}, key))
	}
	if g.buckets != nil && want > Public {
		if wait := g.buckets.take(client); wait > 0 {
			return r, WithStatus(http.StatusTooManyRequests, NewBusy(wait, fmt.Sprintf("more than %g requests a second", g.buckets.rate)))
		}
	}
	return r, nil
}

type keyInContext struct{}

// KeyOf returns the key that a request came with; ok is false where none is asked for.
func KeyOf(ctx context.Context) (Key, bool) {
	k, ok := ctx.Value(keyInContext{}).(Key)
	return k, ok
}

// secretOf finds the key of a request: a bearer token, X-API-Key, or the password of a browser's
// dialogue.
func secretOf(r *http.Request) string {
	if v, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return strings.TrimSpace(v)
	}
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	return r.Header.Get("X-API-Key")
}

// refuse answers a request that was not admitted.
func (g *guard) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if ProblemOf(err).Status == http.StatusUnauthorized {
		w.Header().Add("WWW-Authenticate", `Bearer realm="ecomctl"`)
		if ForPeople(r) {
			w.Header().Set("WWW-Authenticate", `Basic realm="ecomctl: the key is the password", charset="UTF-8"`)
		}
	}
	w.Header().Set("Connection", "close") // the body is not read
	g.s.problem(w, r, err, false)
}

// known reports whether a Host header names this server. Names of others that lead here are how
// a page of theirs reads what only this machine may (DNS rebinding); an address cannot be that.
func (g *guard) known(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if slices.Contains(g.hosts, name) {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil
}

// unmatched answers what nothing is mounted for, as a problem.
func (g *guard) unmatched(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		probe := &http.Request{Method: m, URL: r.URL, Host: r.Host}
		if _, p := g.s.mux.Handler(probe); p != "" {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		g.s.problem(w, r, WithStatus(http.StatusMethodNotAllowed, fault.New(fault.Usage, "%s is not possible here", method(r.Method)).WithHint("possible are %s", strings.Join(allowed, ", "))), true)
		return
	}
	g.s.problem(w, r, fault.New(fault.NotFound, "nothing is at %s", clip(r.URL.Path)).WithHint("/api/docs lists what is there"), true)
}

// panicked answers a bug of ours and keeps the server up.
func (g *guard) panicked(w *recorder, r *http.Request, p any) {
	if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
		panic(p)
	}
	g.s.conf.Log.Error("internal error", "method", r.Method, "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if w.status == 0 {
		WriteProblem(w, fault.New(fault.Internal, "panic"))
		return
	}
	panic(http.ErrAbortHandler) // half an answer must not look whole
}

// method keeps the values of a label few.
func method(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return m
	}
	return "other"
}

// address is the client's address without its port.
func address(r *http.Request) string {
	if h, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return h
	}
	return r.RemoteAddr
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// code is the status that was sent.
func (w *recorder) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// Extend lets a request's body and answer take longer than the server's limits.
func Extend(w http.ResponseWriter, until time.Time) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(until) // a connection without deadlines has none to extend
	_ = c.SetWriteDeadline(until)
}
