package receiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/serve"
)

// box is an inbox in memory. It fails with err, or waits until it is let go.
type box struct {
	err  error
	hold chan struct{}

	mu   sync.Mutex
	text []byte
}

func (b *box) Append(_ context.Context, lines []byte) error {
	if b.hold != nil {
		<-b.hold
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.text = append(b.text, lines...)
	}
	return b.err
}

// start starts a receiver of small bodies.
func start(t *testing.T, b *box, keys *serve.Keys) *httptest.Server {
	t.Helper()
	s := serve.NewBare(serve.Config{Now: time.Now, Keys: keys})
	Mount(s, Options{Inbox: b, MaxBody: 1000, MaxLine: 100, Slow: time.Minute, Now: time.Now})
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	return srv
}

// post sends a body and returns the answer, of which the problem is one, when it is one, and the text all.
func post(t *testing.T, url, body string, header ...string) (*http.Response, serve.Problem, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/events", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p serve.Problem
	if answer.StatusCode != http.StatusOK {
		if err := json.Unmarshal(text, &p); err != nil || p.Status != answer.StatusCode || p.Hint == "" || p.Title == "" || answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Fatalf("%d %s is no problem: %v", answer.StatusCode, text, err)
		}
	}
	return answer, p, string(text)
}

// packed is what gzip makes of a text.
func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

const lines = "application/x-ndjson; charset=utf-8"

// TestBodies: what is taken of a body, and what its sender is told.
func TestBodies(t *testing.T) {
	long := `{"pad":"` + strings.Repeat("x", 100) + `"}`
	for _, c := range []struct {
		name, body string
		header     []string
		answer     string // what is told
		kept       string
	}{
		{"an object", `{"a":1}`, nil, `{"accepted":1,"dead":0}`, "{\"a\":1}\n"},
		{"an object over lines", "\n{\n  \"a\": 1.50,\r\n  \"b\": \"x y\"\n}\n", nil, `{"accepted":1,"dead":0}`, "{\"a\":1.50,\"b\":\"x y\"}\n"},
		{"an array", `[{"a":1}, {"b":[1,2]},` + "\n" + `3, null, {"c":3}]`, nil,
			`{"accepted":3,"dead":2,"errors":[{"event":3,"cause":"malformed","detail":"it is not one whole JSON object"},{"event":4,"cause":"malformed","detail":"it is not one whole JSON object"}]}`,
			"{\"a\":1}\n{\"b\":[1,2]}\n3\nnull\n{\"c\":3}\n"},
		{"an empty array", `[]`, nil, `{"accepted":0,"dead":0}`, ""},
		{"lines", "{\"a\":1}\r\n\n{\"b\":\nno\n" + long + "\n{\"c\":3}", []string{"Content-Type", lines},
			`{"accepted":2,"dead":3,"errors":[{"event":3,"cause":"malformed","detail":"it is not one whole JSON object"},{"event":4,"cause":"malformed","detail":"it is not one whole JSON object"},{"event":5,"cause":"too_long"}]}`,
			"{\"a\":1}\r\n{\"b\":\nno\n" + long + "\n{\"c\":3}\n"},
		{"packed lines", packed("{\"a\":1}\n{\"b\":2}\n"), []string{"Content-Type", lines, "Content-Encoding", "gzip"}, `{"accepted":2,"dead":0}`, "{\"a\":1}\n{\"b\":2}\n"},
		{"two packed parts", packed("{\"a\":1}\n") + packed("{\"b\":2}\n"), []string{"Content-Type", lines, "Content-Encoding", "GZIP"}, `{"accepted":2,"dead":0}`, "{\"a\":1}\n{\"b\":2}\n"},
		{"nothing", "", []string{"Content-Type", lines}, `{"accepted":0,"dead":0}`, ""},
		{"bytes", "{\"a\":\"\xff\"}\n\x00{}\n", []string{"Content-Type", "application/jsonl"}, "", "{\"a\":\"\xff\"}\n\x00{}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &box{}
			answer, _, text := post(t, start(t, b, nil).URL, c.body, c.header...)
			if answer.StatusCode != http.StatusOK || c.answer != "" && text != c.answer+"\n" {
				t.Errorf("%d %s", answer.StatusCode, text)
			}
			if string(b.text) != c.kept {
				t.Errorf("kept %q", b.text)
			}
		})
	}
}

// TestToldLetters: an answer stays small however many events are none.
func TestToldLetters(t *testing.T) {
	_, _, text := post(t, start(t, &box{}, nil).URL, strings.Repeat("x\n", 300), "Content-Type", lines)
	var a Answer
	if err := json.Unmarshal([]byte(text), &a); err != nil || a.Dead != 300 || len(a.Errors) != toldLetters {
		t.Errorf("%v: %d dead, %d told", err, a.Dead, len(a.Errors))
	}
}

// TestRefusals: what cannot be taken is refused whole, with the status and the remedy that its cause has.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, body string
		header     []string
		err        error // of the inbox
		status     int
		detail     string
	}{
		{"cut off", `{"a":`, nil, nil, 400, "cut off"},
		{"no JSON", `{a:1}`, nil, nil, 400, "the body is no JSON: invalid character 'a'"},
		{"an array cut off", `[{"a":1},{"b":2}`, nil, nil, 400, "cut off"},
		{"an array with a flaw", `[{"a":1},{"b":2,}]`, nil, nil, 400, "event 2 is no JSON: invalid character '}'"},
		{"two objects", `{"a":1}{"b":2}`, nil, nil, 400, "goes on behind its JSON value, at byte"},
		{"nothing", ``, nil, nil, 400, "cut off, or empty"},
		{"deep", strings.Repeat("[", 990), nil, nil, 400, "cut off"},
		{"a form", `a=1`, []string{"Content-Type", "application/x-www-form-urlencoded"}, nil, 415, "Content-Type"},
		{"no type", `{}`, []string{"Content-Type", ""}, nil, 415, "Content-Type"},
		{"another packer", `{}`, []string{"Content-Encoding", "br"}, nil, 415, "Content-Encoding"},
		{"not packed", `{"a":"not packed"}`, []string{"Content-Encoding", "gzip"}, nil, 400, "not what gzip makes"},
		{"packed and cut off", packed(`{"a":"` + strings.Repeat("xyz", 50) + `"}`)[:30], []string{"Content-Encoding", "gzip"}, nil, 400, "cannot be read"},
		{"large", `{"a":"` + strings.Repeat("x", 1000) + `"}`, nil, nil, 413, "larger than 1000 bytes"},
		{"large when unpacked", packed(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`), []string{"Content-Encoding", "gzip"}, nil, 413, "larger than 1000 bytes"},
		{"a full inbox", `{}`, nil, fault.New(fault.Unavailable, "too much waits").WithHint("wait"), 503, "too much waits"},
		{"a full disk", `{}`, nil, fault.New(fault.Full, "writing /var/lib/x: no space left"), 507, "the disk does not take them"},
		{"a disk of others", `{}`, nil, fault.New(fault.Auth, "writing /var/lib/x: no permission"), 503, "the disk does not take them"},
		{"a broken disk", `{}`, nil, errors.New("input/output error"), 503, "the disk does not take them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &box{err: c.err}
			answer, p, _ := post(t, start(t, b, nil).URL, c.body, c.header...)
			if p.Status != c.status || !strings.Contains(p.Detail, c.detail) || strings.Contains(p.Detail+p.Hint, "/var") {
				t.Errorf("%+v", p)
			}
			if len(b.text) > 0 {
				t.Errorf("kept %q", b.text)
			}
			if c.status == 503 && answer.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		})
	}
}

// TestFailureLogged: why events cannot be kept is logged, once until they are kept again.
func TestFailureLogged(t *testing.T) {
	var log bytes.Buffer
	s := serve.NewBare(serve.Config{Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	b := &box{}
	Mount(s, Options{Inbox: b, MaxBody: 1000, MaxLine: 100, Slow: time.Minute, Now: time.Now})
	full := fault.New(fault.Full, "writing /var/lib/x: no space left")
	for _, b.err = range []error{full, full, fault.New(fault.Unavailable, "too much waits"), full, nil, full} {
		r := httptest.NewRequest(http.MethodPost, "/events", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		r.Host = "localhost"
		s.Handler().ServeHTTP(httptest.NewRecorder(), r)
	}
	if n := strings.Count(log.String(), "writing /var/lib/x: no space left"); n != 2 {
		t.Errorf("told %d times: %s", n, log.String())
	}
}

// TestLargeUnknown: a body that does not say how long it is, is read no further than it may be long.
func TestLargeUnknown(t *testing.T) {
	srv := start(t, &box{}, nil)
	var n atomic.Int64
	endless := readerFunc(func(p []byte) (int, error) {
		if n.Add(int64(len(p))) > 100<<20 {
			return 0, errors.New("too much was read")
		}
		return copy(p, bytes.Repeat([]byte("x"), len(p))), nil
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/events", io.NopCloser(endless))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", lines)
	answer, err := http.DefaultClient.Do(r)
	if err == nil { // else the server hung up while this was sending
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusRequestEntityTooLarge {
			t.Error(answer.Status)
		}
	}
	if n.Load() > 50<<20 {
		t.Errorf("%d bytes were taken", n.Load())
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestSlow: a body that does not come is not waited for, and others are answered meanwhile.
func TestSlow(t *testing.T) {
	s := serve.NewBare(serve.Config{Now: time.Now})
	b := &box{}
	Mount(s, Options{Inbox: b, MaxBody: 1000, MaxLine: 100, Slow: 300 * time.Millisecond, Now: time.Now})
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"half\":")
	if answer, _, text := post(t, srv.URL, `{"a":1}`); answer.StatusCode != http.StatusOK {
		t.Errorf("beside it: %s", text)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	text, err := io.ReadAll(conn) // the server hangs up
	if err != nil || !strings.Contains(string(text), "408") || !strings.Contains(string(text), "did not come within 300ms") {
		t.Errorf("%v: %s", err, text)
	}
	if string(b.text) != "{\"a\":1}\n" {
		t.Errorf("kept %q", b.text)
	}
}

// TestBusy: no more bodies are held in memory than may be.
func TestBusy(t *testing.T) {
	b := &box{hold: make(chan struct{})}
	s := serve.NewBare(serve.Config{Now: time.Now})
	Mount(s, Options{Inbox: b, MaxBody: 64 << 20, MaxLine: 100, Slow: time.Minute, Now: time.Now})
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	// as many as there is room for wait for the inbox; one of the others is refused
	const more = leastAtOnce + 1
	got := make(chan int, more)
	for range more {
		go func() {
			answer, err := http.Post(srv.URL+"/events", "application/json", strings.NewReader("{}")) //nolint:noctx // ends with the server
			if err != nil {
				got <- 0
				return
			}
			defer answer.Body.Close()
			got <- answer.StatusCode
		}()
	}
	first := <-got
	close(b.hold)
	rest := []int{<-got, <-got, <-got, <-got}
	if first != http.StatusServiceUnavailable || !slices.Equal(rest, []int{200, 200, 200, 200}) {
		t.Errorf("%d, then %v", first, rest)
	}
}

// TestGuards: keys must allow uploads, other paths and methods are told.
func TestGuards(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.json")
	add := func(name string, scope serve.KeyScope) string {
		t.Helper()
		secret, err := serve.AddKey(t.Context(), file, name, scope, time.Now(), 0)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + secret
	}
	read, upload := add("reader", serve.Read), add("shop", serve.Upload)
	keys, err := serve.OpenKeys(file, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	b := &box{}
	srv := start(t, b, keys)
	for _, c := range []struct {
		key    string
		status int
	}{{"", 401}, {"Bearer wrong", 401}, {read, 403}, {upload, 200}} {
		header := []string{"Authorization", c.key}
		if answer, _, text := post(t, srv.URL, `{"a":1}`, header...); answer.StatusCode != c.status {
			t.Errorf("key %q: %s", c.key, text)
		}
	}
	if answer, _, text := post(t, srv.URL, `{"b":1}`, "Authorization", upload, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"); answer.StatusCode != http.StatusForbidden {
		t.Errorf("another site's page: %s", text)
	}
	if string(b.text) != "{\"a\":1}\n" {
		t.Errorf("kept %q", b.text)
	}
	for what, want := range map[string]int{"GET /healthz": 200, "GET /api/docs": 200, "GET /events": 405, "POST /other": 404} {
		method, path, _ := strings.Cut(what, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", upload)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != want || len(text) == 0 || want == 405 && answer.Header.Get("Allow") != "POST" {
			t.Errorf("%s %s: %s %s", method, path, answer.Status, text)
		}
	}
}
