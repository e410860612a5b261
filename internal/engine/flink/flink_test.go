package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// noKafka is what the gateway of Flink 1.20.3 answers when the Kafka connector is missing, shortened.
const noKafka = `{"errors":["Internal server error.","<Exception on server side:\norg.apache.flink.table.gateway.api.utils.SqlGatewayException: org.apache.flink.table.gateway.api.utils.SqlGatewayException: Failed to fetchResults.\n\tat org.apache.flink.table.gateway.rest.handler.statement.FetchResultsHandler.handleRequest(FetchResultsHandler.java:91)\nCaused by: org.apache.flink.table.api.ValidationException: Unable to create a source for reading table 'default_catalog.default_database.t'.\n\nTable options are:\n\n'connector'='kafka'\n'password'='s3cret'\n\tat org.apache.flink.table.factories.FactoryUtil.createDynamicTableSource(FactoryUtil.java:228)\nCaused by: org.apache.flink.table.api.ValidationException: Cannot discover a connector using option: 'connector'='kafka'\n\t... 20 more\nCaused by: org.apache.flink.table.api.ValidationException: Could not find any factory for identifier 'kafka' that implements 'org.apache.flink.table.factories.DynamicTableFactory' in the classpath.\n\nAvailable factory identifiers are:\n\nblackhole s3cret\ndatagen\n\t... 22 more\n\nEnd of exception on server side>"]}`

// fake answers requests by method and path.
func fake(t *testing.T, answers map[string]http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := answers[r.Method+" "+r.URL.Path]; h != nil {
			h(w, r)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"errors":["Not found: %s"]}`, r.URL.Path)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// says answers with a text and a status.
func says(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}
}

// gatewayAnswers are those of a gateway that starts a job, with some of them replaced.
func gatewayAnswers(others map[string]http.HandlerFunc) map[string]http.HandlerFunc {
	all := map[string]http.HandlerFunc{
		"GET /v1/info":                               says(200, `{"productName":"Apache Flink","version":"1.20.3"}`),
		"POST /v1/sessions":                          says(200, `{"sessionHandle":"s1"}`),
		"DELETE /v1/sessions/s1":                     says(200, `{"status":"CLOSED"}`),
		"POST /v1/sessions/s1/statements":            says(200, `{"operationHandle":"o1"}`),
		"GET /v1/sessions/s1/operations/o1/result/0": says(200, `{"resultType":"PAYLOAD","jobID":"abc","results":{"data":[]}}`),
	}
	for k, h := range others {
		all[k] = h
	}
	return all
}

// start runs a statement against a gateway.
func start(t *testing.T, address string, o Options) (string, error) {
	t.Helper()
	g, err := NewGateway(address, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Check(t.Context()); err != nil {
		return "", err
	}
	return g.Run(t.Context(), []Statement{{"making the table", "CREATE"}, {"starting the job", "INSERT"}})
}

func TestGatewayStarts(t *testing.T) {
	var polls, closed atomic.Int64
	var got []string
	address := fake(t, gatewayAnswers(map[string]http.HandlerFunc{
		"POST /v1/sessions/s1/statements": func(w http.ResponseWriter, r *http.Request) {
			var in struct{ Statement string }
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				t.Error(err)
			}
			got = append(got, in.Statement)
			says(200, `{"operationHandle":"o1"}`)(w, r)
		},
		"GET /v1/sessions/s1/operations/o1/result/0": func(w http.ResponseWriter, r *http.Request) {
			if polls.Add(1) < 3 {
				says(200, `{"resultType":"NOT_READY"}`)(w, r)
				return
			}
			says(200, `{"resultType":"PAYLOAD","jobID":"abc"}`)(w, r)
		},
		"DELETE /v1/sessions/s1": func(http.ResponseWriter, *http.Request) { closed.Add(1) },
	}))
	job, err := start(t, address, Options{})
	if err != nil || job != "abc" || closed.Load() != 1 || strings.Join(got, " ") != "CREATE INSERT" {
		t.Fatalf("job %q, %d sessions closed, statements %q: %v", job, closed.Load(), got, err)
	}
}

// Every failure names the service, its address, the cause and a remedy, and no secret.
func TestGatewayFailures(t *testing.T) {
	for name, c := range map[string]struct {
		answers map[string]http.HandlerFunc
		kind    fault.Kind
		want    []string
		hint    string
	}{
		"a jar is missing": {map[string]http.HandlerFunc{"GET /v1/sessions/s1/operations/o1/result/0": says(500, noKafka)}, fault.NotFound,
			[]string{"making the table", "SQL Gateway", "Could not find any factory for identifier 'kafka'"}, "flink-connector-kafka"},
		"another version": {map[string]http.HandlerFunc{"GET /v1/info": says(200, `{"productName":"Apache Flink","version":"2.1.0"}`)}, fault.Usage, []string{"2.1.0", "1.20"}, "1.20"},
		"no gateway":      {map[string]http.HandlerFunc{"GET /v1/info": says(200, `{"productName":"Nginx"}`)}, fault.Usage, []string{"no SQL Gateway"}, "8083"},
		"no JSON":         {map[string]http.HandlerFunc{"GET /v1/info": says(200, `<html>`)}, fault.Unavailable, []string{"none of Flink's"}, "--gateway"},
		"no rights":       {map[string]http.HandlerFunc{"POST /v1/sessions": says(401, ``)}, fault.Auth, []string{"opening a session", "401"}, ""},
		"too early":       {map[string]http.HandlerFunc{"GET /v1/info": says(503, ``)}, fault.Unavailable, []string{"503"}, "log"},
		"no job":          {map[string]http.HandlerFunc{"GET /v1/sessions/s1/operations/o1/result/0": says(200, `{"resultType":"EOS"}`)}, fault.Unavailable, []string{"named no job"}, "flink status"},
	} {
		t.Run(name, func(t *testing.T) {
			address := fake(t, gatewayAnswers(c.answers))
			_, err := start(t, address, Options{Patience: time.Millisecond, Secrets: []string{"s3cret"}})
			if err == nil || fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), address) && c.kind != fault.Usage {
				t.Fatalf("%v: %v", fault.KindOf(err), err)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q is not in: %v", w, err)
				}
			}
			if text := err.Error() + fault.HintOf(err); strings.Contains(text, "s3cret") || strings.Contains(text, "\tat") || !strings.Contains(fault.HintOf(err), c.hint) {
				t.Errorf("%v\nhint: %s", err, fault.HintOf(err))
			}
		})
	}
}

// A statement is sent once, whatever becomes of it; what only asks is asked again.
func TestGatewayRepeats(t *testing.T) {
	var sent, asked atomic.Int64
	address := fake(t, gatewayAnswers(map[string]http.HandlerFunc{
		"GET /v1/info": func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) < 3 {
				says(502, "")(w, r)
				return
			}
			says(200, `{"productName":"Apache Flink","version":"1.20"}`)(w, r)
		},
		"POST /v1/sessions/s1/statements": func(w http.ResponseWriter, r *http.Request) {
			sent.Add(1)
			panic(http.ErrAbortHandler) // the connection breaks
		},
	}))
	_, err := start(t, address, Options{Patience: time.Minute})
	if fault.KindOf(err) != fault.Unavailable || sent.Load() != 1 || asked.Load() != 3 {
		t.Fatalf("sent %d times, asked %d times: %v", sent.Load(), asked.Load(), err)
	}
}

// An interrupt ends the wait for a slow gateway, and the statement there.
func TestGatewayInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var cancelled atomic.Int64
	address := fake(t, gatewayAnswers(map[string]http.HandlerFunc{
		"GET /v1/sessions/s1/operations/o1/result/0": func(w http.ResponseWriter, r *http.Request) {
			stop()
			says(200, `{"resultType":"NOT_READY"}`)(w, r)
		},
		"POST /v1/sessions/s1/operations/o1/cancel": func(http.ResponseWriter, *http.Request) { cancelled.Add(1) },
	}))
	g, err := NewGateway(address, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = g.Run(ctx, []Statement{{"starting", "INSERT"}}); fault.KindOf(err) != fault.Interrupted || !errors.Is(err, context.Canceled) || cancelled.Load() != 1 {
		t.Fatalf("%d statements cancelled: %v", cancelled.Load(), err)
	}
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"", "http://", "ftp://host:1", "http://user:pass@host:1", "http://host:1/?x=1", "http://a b"} {
		if _, err := NewGateway(bad, Options{}); fault.KindOf(err) != fault.Usage || strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	g, err := NewGateway("host:8083/", Options{})
	if err != nil || g.s.base != "http://host:8083" {
		t.Errorf("%v %v", g, err)
	}
}

// The jobs of a cluster with the root cause of a failure; one that has ended is not cancelled again.
func TestJobs(t *testing.T) {
	const overview = `{"jobs":[{"jid":"aa11","name":"old","state":"FINISHED","start-time":1000,"end-time":5000,"duration":4000,"tasks":{"running":0}},
		{"jid":"aa22","name":"windows","state":"RESTARTING","start-time":2000,"end-time":-1,"duration":1500,"tasks":{"running":1}}]}`
	var state atomic.Value
	var saves atomic.Int64
	state.Store("RUNNING")
	address := fake(t, map[string]http.HandlerFunc{
		"GET /jobs/overview":         says(200, overview),
		"GET /jobs/aa22/checkpoints": says(200, `{"counts":{"restored":1,"total":9,"in_progress":0,"completed":7,"failed":1}}`),
		"GET /jobs/aa22/metrics":     says(200, `[{"id":"numRestarts","value":"2"}]`),
		"GET /jobs/aa22/exceptions": says(200, `{"root-exception":"x","exceptionHistory":{"entries":[
			{"exceptionName":"a.B","stacktrace":"a.B: first\n","timestamp":10},
			{"exceptionName":"org.apache.flink.runtime.JobException","stacktrace":"org.apache.flink.runtime.JobException: Recovery is suppressed\n\tat x.y(Z.java:1)\nCaused by: java.net.ConnectException: Connection refused: /127.0.0.1:9\n\tat x.y(Z.java:1)\n","timestamp":30}],"truncated":false}}`),
		"PATCH /jobs/aa22": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "mode=cancel" {
				t.Error(r.URL)
			}
			state.Store("CANCELED")
			w.WriteHeader(http.StatusAccepted)
		},
		"GET /jobs/aa22":       func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"state":%q}`, state.Load()) },
		"POST /jobs/aa22/stop": says(202, `{"request-id":"t1"}`),
		"GET /jobs/aa22/savepoints/t1": func(w http.ResponseWriter, r *http.Request) {
			if saves.Add(1) == 1 { // the job has just been started
				says(200, `{"status":{"id":"COMPLETED"},"operation":{"failure-cause":{"class":"x.CheckpointException","stack-trace":"x.CheckpointException: Failure reason: Not all required tasks are currently running.\n"}}}`)(w, r)
				return
			}
			says(200, `{"status":{"id":"COMPLETED"},"operation":{"failure-cause":{"class":"java.io.IOException","stack-trace":"java.io.IOException: No space left on device\n\tat a.b(C.java:1)\n"}}}`)(w, r)
		},
	})
	c, err := NewCluster(address, Options{})
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := c.Jobs(t.Context())
	if err != nil || len(jobs) != 2 || jobs[0].ID != "aa22" {
		t.Fatalf("%+v %v", jobs, err)
	}
	if _, err := Find(jobs, "aa"); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
	j, err := Find(jobs, "aa2")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Detail(t.Context(), &j); err != nil || j.Complete != 7 || j.Restarts != 2 || j.FailedAt != 30000 || j.Failure != "ConnectException: Connection refused: /127.0.0.1:9" {
		t.Fatalf("%+v %v", j, err)
	}
	if _, err := c.Stop(t.Context(), j, "file:///x"); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "No space left on device") || saves.Load() != 2 {
		t.Error(err)
	}
	if s, err := c.Cancel(t.Context(), j); err != nil || s != "CANCELED" {
		t.Error(s, err)
	}
	old, err := Find(jobs, "aa1")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := c.Cancel(t.Context(), old); err != nil || s != "FINISHED" {
		t.Error(s, err)
	}
	if _, err := c.Stop(t.Context(), old, ""); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
}

func TestQuote(t *testing.T) {
	if got := Set("a'b", "c\\'d").SQL; got != `SET 'a''b' = 'c\''d'` {
		t.Error(got)
	}
}

// What answers like Flink and is not: nothing is waited for, and nothing looks like an empty cluster.
func TestAnswersThatLack(t *testing.T) {
	nothing := says(200, `{}`)
	address := fake(t, map[string]http.HandlerFunc{
		"GET /jobs/overview": nothing, "PATCH /jobs/aa": nothing, "GET /jobs/aa": nothing,
		"POST /jobs/aa/stop": says(202, `{"request-id":"t1"}`), "GET /jobs/aa/savepoints/t1": nothing,
	})
	c, err := NewCluster(address, Options{})
	if err != nil {
		t.Fatal(err)
	}
	running := Job{ID: "aa", State: "RUNNING"}
	_, listed := c.Jobs(t.Context())
	_, cancelled := c.Cancel(t.Context(), running)
	_, stopped := c.Stop(t.Context(), running, "")
	_, session := start(t, fake(t, gatewayAnswers(map[string]http.HandlerFunc{"POST /v1/sessions": nothing})), Options{})
	_, operation := start(t, fake(t, gatewayAnswers(map[string]http.HandlerFunc{"POST /v1/sessions/s1/statements": nothing})), Options{})
	for what, err := range map[string]error{"jobs": listed, "state": cancelled, "status": stopped, "session": session, "operation": operation} {
		if fault.KindOf(err) != fault.Unavailable || !strings.HasSuffix(err.Error(), "it has no "+what) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// An address that is redirected says so; it is not followed.
func TestRedirected(t *testing.T) {
	c, err := NewCluster(fake(t, map[string]http.HandlerFunc{"GET /jobs/overview": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/login", http.StatusFound)
	}}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Jobs(t.Context()); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "points to another address") {
		t.Error(err)
	}
}

// The time that a service takes not to answer counts as patience.
func TestPatienceCountsCalls(t *testing.T) {
	var asked atomic.Int64
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	c, err := NewCluster(fake(t, map[string]http.HandlerFunc{"GET /jobs/overview": func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		select { // it takes the request and says nothing
		case <-r.Context().Done():
		case <-done:
		}
	}}), Options{Timeout: 100 * time.Millisecond, Patience: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Jobs(t.Context()); fault.KindOf(err) != fault.Unavailable || asked.Load() != 1 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
}

// An empty id is none: a script whose variable is empty ends no job.
func TestNoID(t *testing.T) {
	if j, err := Find([]Job{{ID: "aa11"}}, ""); fault.KindOf(err) != fault.Usage {
		t.Errorf("%+v %v", j, err)
	}
}
