package serve

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const jsonType = "Content-Type: application/json"

func jobOf(t *testing.T, w *httptest.ResponseRecorder) JobView {
	t.Helper()
	var v JobView
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// until asks for a job until it has a state.
func until(t *testing.T, s *Server, id, state string, headers ...string) JobView {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		w := do(s, "GET", "/api/v1/jobs/"+id, "", headers...)
		want(t, w, 200)
		if v := jobOf(t, w); v.State == state {
			return v
		} else if time.Since(begun) > time.Minute {
			t.Fatalf("the job is %+v, want %s", v, state)
		}
	}
}

func TestJob(t *testing.T) {
	goOn := make(chan struct{})
	f := &fake{rows: 3, work: func(ctx context.Context) error {
		p := ProgressOf(ctx)
		p.Start("scanning", 200)
		p.Add(50)
		if !Patient(ctx) {
			t.Error("a job is not patient")
		}
		<-goOn
		p.Done()
		return nil
	}}
	s := newTestServer(t, Config{Backend: f})
	w := do(s, "POST", "/api/v1/jobs", `{"analysis":"sales/daily","query":{"start_date":"2024-01-01","format":"csv","limit":"2"}}`, jsonType)
	want(t, w, 202)
	v := jobOf(t, w)
	if loc := w.Header().Get("Location"); loc != "/api/v1/jobs/"+v.ID || v.Kind != "sales" {
		t.Errorf("location %s, job %+v", loc, v)
	}
	v = until(t, s, v.ID, "running")
	if v.Started == nil || v.Finished != nil {
		t.Errorf("%+v", v)
	}
	for v.Progress == nil || v.Progress.Done != 50 {
		v = until(t, s, v.ID, "running")
	}
	if p := v.Progress; p.Phase != "scanning" || p.Total != 200 || *p.Share != 0.25 {
		t.Errorf("%+v", p)
	}
	w = do(s, "GET", "/api/v1/jobs/"+v.ID+"/result", "")
	want(t, w, 409)
	close(goOn)
	v = until(t, s, v.ID, "done")
	w = do(s, "GET", v.Result, "")
	want(t, w, 200)
	if w.Body.String() != "n,name\n0,row 0\n1,row 1\n" || w.Header().Get("X-Total-Count") != "3" || f.asked().From != "2024-01-01" {
		t.Errorf("%s of %s", w.Body, w.Header().Get("X-Total-Count"))
	}
	want(t, do(s, "DELETE", "/api/v1/jobs/"+v.ID, ""), 204)
	want(t, do(s, "GET", "/api/v1/jobs/"+v.ID, ""), 404)
}

func TestReportJob(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{}})
	for body, typ := range map[string]string{`{"title":"Monday"}`: "text/html; charset=utf-8", `{"format":"json","lang":"zh"}`: "application/json"} {
		w := do(s, "POST", "/api/v1/reports", body, jsonType)
		want(t, w, 202)
		v := until(t, s, jobOf(t, w).ID, "done")
		w = do(s, "GET", v.Result, "")
		want(t, w, 200)
		if w.Header().Get("Content-Type") != typ {
			t.Errorf("%s gives %s", body, w.Header().Get("Content-Type"))
		}
		if strings.Contains(body, "Monday") && (!strings.Contains(w.Body.String(), "Monday") || !strings.Contains(w.Body.String(), "Content-Security-Policy")) {
			t.Error("the page lacks its title or its policy")
		}
	}
}

func TestJobFailsAndCancels(t *testing.T) {
	f := &fake{}
	s := newTestServer(t, Config{Backend: f})
	f.work = func(context.Context) error { return errTest }
	v := jobOf(t, do(s, "POST", "/api/v1/jobs", `{"analysis":"rfm"}`, jsonType))
	if v = until(t, s, v.ID, "failed"); v.Problem == nil || v.Problem.Status != 422 || v.Problem.Hint != "close it" {
		t.Errorf("%+v", v)
	}
	want(t, do(s, "GET", "/api/v1/jobs/"+v.ID+"/result", ""), 422)

	f.work = func(context.Context) error { panic("a bug") }
	v = jobOf(t, do(s, "POST", "/api/v1/jobs", `{"analysis":"rfm"}`, jsonType))
	if v = until(t, s, v.ID, "failed"); v.Problem == nil || v.Problem.Status != 500 {
		t.Errorf("%+v", v)
	}

	ended := make(chan error, 1)
	f.work = func(ctx context.Context) error { <-ctx.Done(); ended <- ctx.Err(); return ctx.Err() }
	v = jobOf(t, do(s, "POST", "/api/v1/jobs", `{"analysis":"rfm"}`, jsonType))
	want(t, do(s, "DELETE", "/api/v1/jobs/"+v.ID, ""), 204)
	<-ended
	want(t, do(s, "GET", "/api/v1/jobs/"+v.ID, ""), 404)
	want(t, do(s, "GET", "/api/v1/jobs/"+v.ID+"/result", ""), 404)
	want(t, do(s, "DELETE", "/api/v1/jobs/"+v.ID, ""), 404)

	for body, status := range map[string]int{`{"analysis":"nope"}`: 404, `{"analysis":"../healthz"}`: 404, `{"analysis":"sales","query":{"limit":"x"}}`: 400,
		`{"analysis":"sales","query":{"nope":"x"}}`: 400, `{}`: 400, `{"analysis":"sales","query":{"limit":5}}`: 400, `{"analysis":"rfm","query":null}`: 400} {
		if w := do(s, "POST", "/api/v1/jobs", body, jsonType); w.Code != status {
			t.Errorf("%s: %d, want %d: %s", body, w.Code, status, w.Body)
		}
	}
}

func TestJobsAreBounded(t *testing.T) {
	c, goOn := newClock(), make(chan struct{})
	f := &fake{rows: 1000, work: func(ctx context.Context) error {
		select {
		case <-goOn:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
	s := newTestServer(t, Config{Backend: f, Now: c.now, MaxJobs: 3, JobLifetime: time.Hour, MaxAnswer: 40_000})
	start := func() *httptest.ResponseRecorder {
		return do(s, "POST", "/api/v1/jobs", `{"analysis":"rfm"}`, jsonType)
	}
	var ids []string
	for range 3 {
		w := start()
		want(t, w, 202)
		ids = append(ids, jobOf(t, w).ID)
	}
	w := start()
	want(t, w, 503)
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	close(goOn)
	for begun := time.Now(); ; time.Sleep(time.Millisecond) { // a result is about 30 kB: the limit holds one
		q, r, kept := s.jobs.counts()
		if q+r == 0 && kept == 1 {
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("%d queued, %d running, %d kept", q, r, kept)
		}
	}
	w = start()
	want(t, w, 202)
	until(t, s, jobOf(t, w).ID, "done")
	c.add(2 * time.Hour)
	want(t, do(s, "GET", "/api/v1/jobs/"+jobOf(t, w).ID, ""), 404)
	if s.jobs.bytes != 0 {
		t.Errorf("%d bytes of forgotten jobs", s.jobs.bytes)
	}
	_ = ids
}

// TestJobsBelongToTheirKey shows that nobody sees another key's jobs.
func TestJobsBelongToTheirKey(t *testing.T) {
	s, _, secrets := keyServer(t, newClock())
	mine, theirs := "Authorization: Bearer "+secrets[Read], "Authorization: Bearer "+secrets[Admin]
	w := do(s, "POST", "/api/v1/jobs", `{"analysis":"rfm"}`, jsonType, mine)
	want(t, w, 202)
	v := until(t, s, jobOf(t, w).ID, "done", mine)
	want(t, do(s, "GET", v.Result, "", mine), 200)
	want(t, do(s, "GET", v.Result, "", theirs), 404)
	want(t, do(s, "DELETE", "/api/v1/jobs/"+v.ID, "", theirs), 404)
	if w := do(s, "GET", "/api/v1/jobs", "", theirs); strings.TrimSpace(w.Body.String()) != "[]" {
		t.Errorf("%s", w.Body)
	}
	if w := do(s, "GET", "/api/v1/jobs", "", mine); !strings.Contains(w.Body.String(), v.ID) {
		t.Errorf("%s", w.Body)
	}
}

// TestUnknownJob: an id that a server does not know says why that may be, whatever the id.
func TestUnknownJob(t *testing.T) {
	s := newTestServer(t, Config{Backend: &fake{rows: 1}})
	for _, path := range []string{"/api/v1/jobs/0123", "/api/v1/jobs/0123/result"} {
		w := do(s, "GET", path, "")
		want(t, w, 404)
		if p := problem(w); !strings.Contains(p.Detail, "since the server started, 20") || !strings.Contains(p.Hint, "a restart forgets them") || !strings.Contains(p.Hint, "POST /api/v1/jobs") {
			t.Errorf("%+v", p)
		}
	}
}
