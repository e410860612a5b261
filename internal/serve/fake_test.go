package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/result"
)

// fake is a backend whose answers the test decides.
type fake struct {
	rows     int
	computed atomic.Int64
	err      error
	work     func(ctx context.Context) error // before an answer
	sets     []Dataset
	mu       sync.Mutex
	last     Ask
}

func (f *fake) Datasets() []Dataset { return f.sets }

func (f *fake) Tag(_ context.Context, q Ask) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = q
	return fmt.Sprintf("tag%x", fmt.Sprintf("%+v", q)), f.err
}

func (f *fake) asked() Ask {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *fake) Table(ctx context.Context, q Ask) (*Answer, error) {
	f.computed.Add(1)
	if f.work != nil {
		if err := f.work(ctx); err != nil {
			return nil, err
		}
	}
	if f.err != nil {
		return nil, f.err
	}
	t := &result.Table{Name: "t", N: f.rows, Columns: []result.Column{
		{Spec: result.Spec{Name: "n", Type: expr.Int}, Data: result.NewData(expr.Int, f.rows)},
		{Spec: result.Spec{Name: "name", Type: expr.Text}, Data: result.NewData(expr.Text, f.rows)}}}
	for i := range f.rows {
		result.AppendInt(&t.Columns[0].Data, int64(i))
		result.AppendText(&t.Columns[1].Data, fmt.Sprint("row ", i))
	}
	tag, err := f.Tag(ctx, q)
	return &Answer{Table: t, Tag: tag, Notes: []string{"größer als 中文"}}, err
}

func (f *fake) Report(ctx context.Context, _ Ask) (*report.Document, error) {
	if f.work != nil {
		if err := f.work(ctx); err != nil {
			return nil, err
		}
	}
	return &report.Document{Lang: "en"}, f.err
}

// clock is a clock that the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newTestServer(t *testing.T, conf Config) *Server {
	t.Helper()
	if conf.Now == nil {
		conf.Now = time.Now
	}
	s, err := New(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

// do sends a request to a server's handler; headers are "Name: value".
func do(s *Server, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host, r.RemoteAddr = "127.0.0.1:5000", "127.0.0.1:40000"
	if body == "" {
		r.Body = http.NoBody
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		} else {
			r.Header.Add(name, value)
		}
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// want fails unless an answer has a status; problems are shown.
func want(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status {
		b, _ := io.ReadAll(w.Body)
		t.Fatalf("status %d, want %d: %s", w.Code, status, b)
	}
	if status >= 400 {
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != status || p.Type == "" || p.Title == "" || p.Detail == "" ||
			w.Header().Get("Content-Type") != "application/problem+json" {
			t.Fatalf("no problem: %v %s", err, w.Body)
		}
	}
}

func problem(w *httptest.ResponseRecorder) Problem {
	var p Problem
	_ = json.Unmarshal(w.Body.Bytes(), &p)
	return p
}

var errTest = fault.New(fault.Input, "reading x.csv: row 3: a broken quote").WithHint("close it")
