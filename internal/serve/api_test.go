package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/fault"
)

func TestEveryAnalysisHasAnEndpoint(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{rows: 2}})
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			Parameters []struct{ Name string } `json:"parameters"`
		} `json:"paths"`
	}
	w := do(s, "GET", "/api/openapi.json", "")
	want(t, w, 200)
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("%v, version %q", err, doc.OpenAPI)
	}
	for _, d := range analysis.All() {
		path := "/api/v1/" + strings.ReplaceAll(d.Name, " ", "/")
		op, ok := doc.Paths[path]["get"]
		if !ok {
			t.Errorf("%s is not in the document", path)
			continue
		}
		have := map[string]bool{}
		for _, p := range op.Parameters {
			if have[p.Name] {
				t.Errorf("%s has two parameters %s", path, p.Name)
			}
			have[p.Name] = true
		}
		for _, p := range d.Params {
			file := p.Kind == analysis.InFileParam || p.Kind == analysis.OutFileParam
			if have[p.Name] == file {
				t.Errorf("%s: parameter %s is there: %v", path, p.Name, have[p.Name])
			}
		}
		want(t, do(s, "GET", path, ""), 200)
	}
	for path := range doc.Paths { // nothing is promised that is not mounted
		for _, m := range []string{"get", "post", "delete"} {
			if _, ok := doc.Paths[path][m]; !ok {
				continue
			}
			target := strings.NewReplacer("{id}", "x", "{name}", "x").Replace(path)
			if w := do(s, strings.ToUpper(m), target, ""); w.Code == 405 || w.Code == 404 && strings.Contains(w.Body.String(), "nothing is at") {
				t.Errorf("%s %s: %d", m, path, w.Code)
			}
		}
	}
}

// TestLongestQueryFits adds up the longest query of each analysis: a client whose request is too
// long for the server is cut off in the middle of sending it, and sees no answer.
func TestLongestQueryFits(t *testing.T) {
	for _, d := range analysis.All() {
		n := 0
		for _, p := range slices.Concat(whatParams(), paramsOf(d, nil), scopeParams(), showParams()) {
			n += len(p.Name) + 2 + 40
			if p.Schema.MaxLength != nil {
				n += *p.Schema.MaxLength * len("%F0%9F%99%82")
			}
		}
		if n > maxHeader-8<<10 {
			t.Errorf("a query of %s may have %d bytes", d.Name, n)
		}
	}
}

func TestQueryBecomesTheQuestion(t *testing.T) {
	f := &fake{rows: 1}
	s := newTestServer(t, Config{Backend: f})
	want(t, do(s, "GET", "/api/v1/sales/daily?start_date=2024-01-01&end_date=2024-01-31&where=region%3D'SP'&net=true&lang=zh&currency=BRL", ""), 200)
	got := f.asked()
	if got.Analysis != "sales" || got.Params["by"] != "day" || got.From != "2024-01-01" || got.To != "2024-02-01" || got.Where != "region='SP'" ||
		!got.Net || got.Lang != "zh" || got.Currency != "BRL" {
		t.Errorf("%+v", got)
	}
	want(t, do(s, "GET", "/api/v1/sales?by=region,month&from=2024-02-28&to=2024-03-01&as_of=2024-05-05&dataset=x", ""), 200)
	if got = f.asked(); got.Params["by"] != "region,month" || got.From != "2024-02-28" || got.To != "2024-03-01" || got.AsOf != "2024-05-05" || got.Dataset != "x" {
		t.Errorf("%+v", got)
	}
	want(t, do(s, "GET", "/api/v1/users/segments?input=a/b.csv", ""), 200)
	if got = f.asked(); got.Analysis != "segments" || got.Input != "a/b.csv" {
		t.Errorf("%+v", got)
	}
}

func TestWrongQueries(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{rows: 1}})
	for target, says := range map[string]string{
		"/api/v1/sales?nope=1":                                          `unknown parameter "nope"`,
		"/api/v1/sales?from=yesterday":                                  "not a date",
		"/api/v1/sales?from=2024-02-30":                                 "not a date",
		"/api/v1/sales?from=2024-02-02&to=2024-02-02":                   "not before",
		"/api/v1/sales/daily?start_date=2024-02-02&end_date=2024-02-01": "is after",
		"/api/v1/sales/daily?from=2024-02-02":                           "unknown parameter",
		"/api/v1/sales/daily?by=week":                                   "unknown parameter",
		"/api/v1/sales?limit=-1":                                        "less than 0",
		"/api/v1/sales?limit=x":                                         "not an integer",
		"/api/v1/sales?limit=99999999999999":                            "more than",
		"/api/v1/sales?net=perhaps":                                     "neither true nor false",
		"/api/v1/sales?lang=xx":                                         "not one of en, zh",
		"/api/v1/sales?from=2024-01-01&from=2024-01-02":                 "given 2 times",
		"/api/v1/sales?by=%zz":                                          "reading the query",
		"/api/v1/sales?by=%00":                                          "NUL",
		"/api/v1/sales?where=" + strings.Repeat("x", maxText+1):         "longer than",
		"/api/v1/sales?sort=nope":                                       "no column",
		"/api/v1/sales?columns=n,nope":                                  "no column",
		"/api/v1/cluster?centroids=/etc/passwd":                         "unknown parameter",
		"/api/v1/lifetime?model=magic":                                  "not one of",
		"/api/v1/lifetime?discount=1e999":                               "not a number",
		"/api/v1/datasets?x=1":                                          "none here",
	} {
		w := do(s, "GET", target, "")
		want(t, w, 400)
		if p := problem(w); !strings.Contains(p.Detail, says) || p.Type != "/api/docs#problem-usage" || p.Hint == "" {
			t.Errorf("%s: %+v, want %q and a remedy", target, p, says)
		}
	}
}

// TestFlagsAreParameters shows that messages of the command line speak of parameters here.
func TestFlagsAreParameters(t *testing.T) {
	f := &fake{err: fault.New(fault.Usage, "--where: unknown column x (--as-of 2024)").WithHint("map a column with --map x=Column")}
	s := newTestServer(t, Config{Backend: f})
	w := do(s, "GET", "/api/v1/sales", "")
	want(t, w, 400)
	if p := problem(w); p.Detail != "where: unknown column x (as_of 2024)" || p.Hint != "map a column with map x=Column" {
		t.Errorf("%+v", p)
	}
}

func TestRepresentations(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{rows: 2}})
	for accept, typ := range map[string]string{
		"":                 "application/json",
		"*/*":              "application/json",
		"application/json": "application/json",
		"text/csv":         "text/csv; charset=utf-8; header=present",
		"text/*":           "text/csv; charset=utf-8; header=present",
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "application/json",
		"application/json;q=0.1, text/csv;q=0.9":                          "text/csv; charset=utf-8; header=present",
		"application/json;q=0, */*;q=0.5":                                 "text/csv; charset=utf-8; header=present",
		"application/vnd.apache.arrow.stream":                             "application/vnd.apache.arrow.stream",
		"application/vnd.apache.parquet, nonsense;;":                      "application/vnd.apache.parquet",
		"application/x-ndjson":                                            "application/x-ndjson",
	} {
		w := do(s, "GET", "/api/v1/sales", "", "Accept: "+accept)
		want(t, w, 200)
		if got := w.Header().Get("Content-Type"); got != typ {
			t.Errorf("Accept %q gives %q, want %q", accept, got, typ)
		}
		if w.Header().Get("Vary") != "Accept" {
			t.Error("no Vary")
		}
	}
	for _, accept := range []string{"text/html", "image/*", "application/json;q=0", "nonsense"} {
		w := do(s, "GET", "/api/v1/sales", "", "Accept: "+accept)
		want(t, w, 406)
		if !strings.Contains(problem(w).Hint, "application/json") {
			t.Errorf("%+v", problem(w))
		}
	}
	w := do(s, "GET", "/api/v1/sales?format=csv", "", "Accept: application/json")
	if got := w.Body.String(); got != "n,name\n0,row 0\n1,row 1\n" {
		t.Errorf("format=csv gives %q", got)
	}
	if got := w.Header().Get("Ecomctl-Notes"); got != `["gr\u00f6\u00dfer als \u4e2d\u6587"]` {
		t.Errorf("notes %s", got)
	}
}

func TestETag(t *testing.T) {
	f := &fake{rows: 3}
	s := newTestServer(t, Config{Backend: f})
	w := do(s, "GET", "/api/v1/rfm", "")
	want(t, w, 200)
	etag, n := w.Header().Get("ETag"), f.computed.Load()
	for _, h := range []string{etag, `"x", ` + etag, "W/" + etag, "*"} {
		w := do(s, "GET", "/api/v1/rfm", "", "If-None-Match: "+h)
		want(t, w, 304)
		if w.Body.Len() > 0 || w.Header().Get("ETag") != etag {
			t.Errorf("304 with %d bytes and ETag %s", w.Body.Len(), w.Header().Get("ETag"))
		}
	}
	want(t, do(s, "GET", "/api/v1/rfm", "", `If-None-Match: "other"`), 200)
	if f.computed.Load() != n {
		t.Errorf("%d computations for one answer", f.computed.Load())
	}
	seen := map[string]string{etag: ""}
	for _, q := range []string{"?format=csv", "?limit=2", "?limit=2&offset=1", "?sort=n:desc", "?columns=n", "?from=2024-01-01", "?where=x", "?lang=zh"} {
		w := do(s, "GET", "/api/v1/rfm"+q, "")
		if old, dup := seen[w.Header().Get("ETag")]; dup {
			t.Errorf("%q has the ETag of %q", q, old)
		}
		seen[w.Header().Get("ETag")] = q
	}
}

func TestPages(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{rows: 25}})
	names := func(target string) (string, http.Header) {
		w := do(s, "GET", target, "", "Accept: text/csv")
		want(t, w, 200)
		return strings.ReplaceAll(strings.TrimSpace(strings.TrimPrefix(w.Body.String(), "n\n")), "\n", " "), w.Header()
	}
	got, h := names("/api/v1/rfm?columns=n&limit=10&offset=10")
	if got != "10 11 12 13 14 15 16 17 18 19" || h.Get("X-Total-Count") != "25" {
		t.Errorf("%s of %s", got, h.Get("X-Total-Count"))
	}
	if l := h.Get("Link"); l != `</api/v1/rfm?columns=n&limit=10&offset=0>; rel="first", </api/v1/rfm?columns=n&limit=10&offset=0>; rel="prev", `+
		`</api/v1/rfm?columns=n&limit=10&offset=20>; rel="next", </api/v1/rfm?columns=n&limit=10&offset=20>; rel="last"` {
		t.Errorf("links %s", l)
	}
	// following next from the first page gives every row once
	var all []string
	for next := "/api/v1/rfm?columns=n&limit=7&sort=n:desc"; next != ""; {
		got, h := names(next)
		all = append(all, got)
		next = ""
		for _, l := range strings.Split(h.Get("Link"), ", ") {
			if u, ok := strings.CutSuffix(l, `>; rel="next"`); ok {
				next = strings.TrimPrefix(u, "<")
			}
		}
	}
	if got := strings.Join(all, " "); got != "24 23 22 21 20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0" {
		t.Errorf("pages give %s", got)
	}
	if got, _ := names("/api/v1/rfm?columns=n&offset=1000"); got != "" {
		t.Errorf("beyond the end: %q", got)
	}
	if got, h := names("/api/v1/rfm?columns=n&limit=0"); got != "" || h.Get("X-Total-Count") != "25" {
		t.Errorf("limit 0: %q of %s", got, h.Get("X-Total-Count"))
	}
}

// TestEqualRequestsAreComputedOnce sends many equal requests while the first is computed.
func TestEqualRequestsAreComputedOnce(t *testing.T) {
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	f := &fake{rows: 1, work: func(context.Context) error { begun <- struct{}{}; <-goOn; return nil }}
	s := newTestServer(t, Config{Backend: f})
	var wg sync.WaitGroup
	ask := func() {
		wg.Go(func() {
			if w := do(s, "GET", "/api/v1/rfm", ""); w.Code != 200 {
				t.Errorf("status %d", w.Code)
			}
		})
	}
	ask()
	<-begun
	for range 50 {
		ask()
	}
	close(goOn)
	wg.Wait()
	if n := f.computed.Load(); n != 1 {
		t.Errorf("%d computations", n)
	}
}

func TestErrorsAreProblems(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		kind   string
	}{
		{errTest, 422, "input"},
		{fmt.Errorf("wrapped: %w", errTest), 422, "input"},
		{fault.New(fault.NotFound, "no x"), 404, "not-found"},
		{NewBusy(1500*time.Millisecond, "loading"), 503, "unavailable"},
		{fault.New(fault.Full, "no room"), 507, "full"},
		{errors.New("pq: password=hunter2"), 500, "internal"},
		{context.DeadlineExceeded, 503, "unavailable"},
	} {
		s := newTestServer(t, Config{Backend: &fake{err: c.err}})
		w := do(s, "GET", "/api/v1/rfm", "")
		want(t, w, c.status)
		if p := problem(w); p.Type != "/api/docs#problem-"+c.kind || p.Hint == "" || strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%v: %s", c.err, w.Body)
		}
		if c.status == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("%v: no Retry-After", c.err)
		}
		if w.Header().Get("ETag") != "" {
			t.Errorf("%v has an ETag", c.err)
		}
	}
	s := newTestServer(t, Config{Backend: &fake{work: func(context.Context) error { panic("a bug") }}})
	want(t, do(s, "GET", "/api/v1/rfm", ""), 500)
	s.Handle("GET /bug", Public, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("another bug") }))
	want(t, do(s, "GET", "/bug", ""), 500)
}

func TestTimeout(t *testing.T) {
	ended := make(chan struct{})
	s := newTestServer(t, Config{Timeout: 20 * time.Millisecond, Backend: &fake{work: func(ctx context.Context) error {
		<-ctx.Done() // nobody waits for the answer any more
		close(ended)
		return ctx.Err()
	}}})
	w := do(s, "GET", "/api/v1/rfm", "")
	want(t, w, 503)
	if !strings.Contains(problem(w).Hint, "/api/v1/jobs") {
		t.Errorf("%+v", problem(w))
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("the work goes on though nobody waits")
	}
}

func TestTooLargeAnswer(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{rows: 100_000}, MaxAnswer: 1 << 20})
	w := do(s, "GET", "/api/v1/rfm", "")
	want(t, w, 400)
	if !strings.Contains(problem(w).Detail, "1 MiB") {
		t.Errorf("%+v", problem(w))
	}
	want(t, do(s, "GET", "/api/v1/rfm?limit=10", ""), 200)
}

func TestDocsReachNowhere(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{}, Version: "1.2.3"})
	w := do(s, "GET", "/api/docs", "")
	want(t, w, 200)
	page := w.Body.String()
	for _, bad := range []string{" --horizon", " --by", "<script", "http://", "https://", "style=", " onclick", "//cdn"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, good := range []string{"1.2.3", "/api/v1/sales/daily", `id="problem-usage"`, "min-support"} {
		if !strings.Contains(page, good) {
			t.Errorf("the page lacks %q", good)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	want(t, do(s, "GET", "/api/docs.css", ""), 200)
	want(t, do(s, "GET", "/api/", ""), 303)
}

func TestHealth(t *testing.T) {
	f := &fake{sets: []Dataset{{Name: "main", Inputs: []string{"x.csv"}, State: Loading}}}
	s := newTestServer(t, Config{Backend: f})
	want(t, do(s, "GET", "/healthz", ""), 200)
	w := do(s, "GET", "/readyz", "")
	if w.Code != 503 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"loading"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f.sets[0].State = Ready
	want(t, do(s, "GET", "/readyz", ""), 200)
	f.sets[0].State, f.sets[0].Err = Failed, errTest
	if w = do(s, "GET", "/readyz", ""); w.Code != 503 || !strings.Contains(w.Body.String(), "failed") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = do(s, "GET", "/api/v1/datasets", "")
	want(t, w, 200)
	if !strings.Contains(w.Body.String(), "broken quote") {
		t.Errorf("%s", w.Body)
	}
	want(t, do(s, "GET", "/api/v1/datasets/main", ""), 200)
	want(t, do(s, "GET", "/api/v1/datasets/other", ""), 404)
}
