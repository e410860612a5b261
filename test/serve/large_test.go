package serve_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/test/harness"
)

// yearly are ten different questions about the year of generated orders.
var yearly = []string{
	"sales/daily?start_date=2024-01-01&end_date=2024-12-31", "sales/monthly?start_date=2024-01-01&end_date=2024-12-31&where=quantity%20%3E%201",
	"sales?by=region,month&from=2024-01-01&to=2025-01-01", "geo?from=2024-01-01&to=2025-01-01", "rfm?from=2024-01-01&to=2025-01-01&limit=100&sort=monetary:desc",
	"users/segments?from=2024-01-01&to=2025-01-01", "features?from=2024-01-01&to=2025-01-01&limit=100", "cohort?from=2024-01-01&to=2025-01-01",
	"query?by=product_id&measure=revenue,orders&from=2024-01-01&to=2025-01-01&limit=50&sort=revenue:desc", "query?by=category,weekday&measure=revenue,customers&from=2024-01-01&to=2025-01-01",
}

// asked is how a question ended.
type asked struct {
	status int
	took   time.Duration
	job    time.Duration // of the job that answered what the request did not
}

// TestManyLargeQueries sends ten questions about a year at once to a server with a small budget: each is answered,
// or told when to come back and then answered as a job; memory stays bounded, and others are served all the while.
// ECOMCTL_SERVE_LARGE=FILE does it with 50,000,000 rows (generated, where there is no such file) and a minute for each
// request, and writes the figures: `make serve-large`.
func TestManyLargeQueries(t *testing.T) {
	file, rows, budget := os.Getenv("ECOMCTL_SERVE_LARGE"), "50000000", 4<<30
	args := []string{"--memory", "4GiB", "--queue", "4"}
	measure := file != ""
	if !measure {
		rows, budget = "600000", 192<<20
		args = []string{"--memory", "192MiB", "--queue", "3", "--cache-size", "32MiB", "--timeout", "10m"}
	}
	if _, err := os.Stat(file); err != nil {
		file = filepath.Join(t.TempDir(), "orders.parquet")
		harness.Must(t, "", "generate", "orders", "--rows", rows, "--from", "2024-01-01", "--days", "366", "-o", file)
	}
	s := start(t, append([]string{file, "--models", "off"}, args...)...)
	const remembered = "/api/v1/sales/monthly?start_date=2024-01-01&end_date=2024-01-31"
	s.ok(remembered)
	out := make([]asked, len(yearly))
	over := make(chan struct{})
	var wg sync.WaitGroup
	for i, q := range yearly {
		wg.Go(func() { out[i] = s.largeQuestion(q) })
	}
	go func() { wg.Wait(); close(over) }()
	calls, worst := 0, time.Duration(0)
	for done := false; !done; {
		select {
		case <-over:
			done = true
		default:
		}
		for _, path := range []string{"/healthz", remembered} {
			begun := time.Now()
			s.ok(path)
			worst = max(worst, time.Since(begun))
			calls++
		}
		time.Sleep(20 * time.Millisecond)
	}
	text := s.judge(out, calls, worst, int64(budget))
	if measure && !t.Failed() {
		write(t, "large", text)
	}
}

// largeQuestion asks, and starts a job where the request is sent away.
func (s *server) largeQuestion(q string) asked {
	begun := time.Now()
	res, b := s.get("/api/v1/" + q)
	a := asked{status: res.StatusCode, took: time.Since(begun)}
	if a.status != http.StatusServiceUnavailable {
		if a.status != http.StatusOK {
			s.t.Errorf("%s: %s %s", q, res.Status, b)
		}
		return a
	}
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || n < 1 || !bytes.Contains(b, []byte(`"hint":`)) {
		s.t.Errorf("%s: sent away without being told when to come back: %v %s", q, res.Header, b)
	}
	path, query, _ := strings.Cut(q, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		s.t.Error(err)
		return a
	}
	body := map[string]any{"analysis": path, "query": map[string]string{}}
	for k := range values {
		body["query"].(map[string]string)[k] = values.Get(k)
	}
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Error(err)
		return a
	}
	begun = time.Now()
	posted, err := http.Post(s.url("/api/v1/jobs"), "application/json", bytes.NewReader(text)) //nolint:gosec // our own server
	if err != nil || posted.StatusCode != http.StatusAccepted {
		s.t.Errorf("%s as a job: %v %v", q, posted, err)
		return a
	}
	_ = posted.Body.Close()
	type job struct{ State string }
	for time.Since(begun) < 15*time.Minute {
		switch state := decode[job](s.t, s.ok(posted.Header.Get("Location"))).State; state {
		case "done":
			a.job = time.Since(begun)
			return a
		case "failed", "cancelled":
			s.t.Errorf("%s as a job: %s", q, state)
			return a
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Errorf("%s as a job: no end", q)
	return a
}

// judge holds the outcome to what was promised, and words the figures.
func (s *server) judge(out []asked, calls int, worst time.Duration, budget int64) string {
	s.t.Helper()
	served, slowest, slowestJob := 0, time.Duration(0), time.Duration(0)
	for _, a := range out {
		if a.status == http.StatusOK {
			served++
			slowest = max(slowest, a.took)
		}
		slowestJob = max(slowestJob, a.job)
	}
	peak := s.status("VmHWM")
	s.t.Logf("%d answered within %s, %d sent away and answered as jobs within %s; %d other requests took at most %s; at most %d MiB of a budget of %d", served,
		slowest, len(out)-served, slowestJob, calls, worst, peak>>20, budget>>20)
	if served < 2 { // the least: those that run
		s.t.Errorf("%d of %d were answered", served, len(out))
	}
	// the budget is for what is gathered; readers, the runtime and answers come on top
	if peak > budget+budget/2+512<<20 {
		s.t.Errorf("memory reached %d MiB of a budget of %d", peak>>20, budget>>20)
	}
	if worst > time.Minute { // generous: others may use the machine
		s.t.Errorf("another request took %s meanwhile", worst)
	}
	return fmt.Sprintf("Ten different questions about a year of 50,000,000 rows at once (`--memory 4GiB --queue 4`, two processors that others use too): %d answered within %.0f s, "+
		"%d sent away with `503` and `Retry-After` and answered as jobs within %.0f s of being posted. Meanwhile %d other requests, to `/healthz` and for a remembered answer, took at most %.0f ms. Memory: at most %.1f GiB.\n",
		served, slowest.Seconds(), len(out)-served, slowestJob.Seconds(), calls, ms(worst), float64(peak)/(1<<30))
}
