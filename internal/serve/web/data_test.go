package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/serve/web"
	"github.com/ecomctl/ecomctl/internal/session"
)

// fixedNow is the tests' clock.
var fixedNow = time.Date(2026, 6, 1, 6, 0, 0, 0, time.UTC)

// localData answers the pages from one opened input, as the server's own backend does.
type localData struct {
	s    *session.Session
	list []serve.Dataset

	mu       sync.Mutex
	answers  map[string]any
	computed int
	slow     chan struct{} // not nil: work waits for it
}

func host() *session.Host {
	return &session.Host{Getenv: func(string) string { return "" }, Now: func() time.Time { return fixedNow }}
}

// openData opens an input the way the server does.
func openData(t testing.TB, set session.Settings, input string) *localData {
	t.Helper()
	s, err := session.Open(t.Context(), host(), set, "", []string{input}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &localData{s: s, list: []serve.Dataset{{Name: filepath.Base(input), Inputs: []string{input}, Table: s.Rel.Name, State: serve.Ready}}, answers: map[string]any{}}
}

// openClicks opens the click-stream of the testdata.
func openClicks(t testing.TB) *localData {
	t.Helper()
	s, err := session.Open(t.Context(), host(), session.Settings{}, "events", []string{testdata(t, "clicks.csv")}, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &localData{s: s, list: []serve.Dataset{{Name: "clicks", Inputs: []string{"clicks.csv"}, Table: "events", State: serve.Ready}}, answers: map[string]any{}}
}

func (d *localData) Datasets() []serve.Dataset { return d.list }

func (d *localData) Compute(ctx context.Context, q serve.Ask, what string, work web.Work) (any, error) {
	key := q.Dataset + "|" + q.Lang + "|" + q.Currency + "|" + what
	d.mu.Lock()
	v, ok := d.answers[key]
	d.mu.Unlock()
	if ok {
		return v, nil
	}
	if d.slow != nil {
		select {
		case <-d.slow:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	eng, err := d.s.Engine()
	if err != nil {
		return nil, err
	}
	r := *d.s.Req
	r.Lang = q.Lang
	if q.Currency != "" {
		r.InCurrency(q.Currency)
	}
	if v, err = work(ctx, eng, &r); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answers[key] = v
	d.computed++
	return v, nil
}

// mux mounts pages without the server's guards.
type mux struct{ *http.ServeMux }

func (m mux) Handle(pattern string, _ serve.KeyScope, h http.Handler) { m.ServeMux.Handle(pattern, h) }
func (m mux) HandleLarge(pattern string, _ serve.KeyScope, _ int64, h http.Handler) {
	m.ServeMux.Handle(pattern, h)
}

func (m mux) ShowProblems(page serve.ProblemPage) {
	m.ServeMux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		page(w, r, serve.ProblemOf(fault.New(fault.NotFound, "nothing is at %s", r.URL.Path).WithHint("/api/docs lists what is there")), r.Header.Get("Authorization") != "none")
	})
}

// site starts the pages of a data source.
func site(t testing.TB, o web.Options) *httptest.Server {
	t.Helper()
	o.Now = time.Now
	if o.Patience == 0 {
		o.Patience = 2 * time.Minute // of a loaded machine
	}
	if o.Version == "" {
		o.Version = "1.0.0"
	}
	m := mux{http.NewServeMux()}
	web.New(o).Mount(m)
	srv := httptest.NewServer(m)
	t.Cleanup(srv.Close)
	return srv
}

// testdata is a file of the repository's testdata folder.
func testdata(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "testdata", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}
