package serve

import "time"

// Metrics receives what happens. Calls come from many goroutines and must be cheap.
type Metrics interface {
	// Begin tells a request that begins; Request tells its end, with the same route.
	Begin(route string)
	// Request tells a finished request. route is the pattern that matched ("GET /api/v1/sales"),
	// or "" when none did, so that its values are few whatever clients ask for.
	Request(route, method string, status int, took time.Duration, bytes int64)
	// Cache tells what a look-up came to: hit, miss, shared (another request computes it),
	// bypass (the cache is out of service), error.
	Cache(event string)
	// Computed tells a finished computation; analysis is "report" for a report.
	Computed(analysis string, took time.Duration, err error)
}

// NoMetrics receives and forgets.
type NoMetrics struct{}

// Begin implements Metrics.
func (NoMetrics) Begin(string) {}

// Request implements Metrics.
func (NoMetrics) Request(string, string, int, time.Duration, int64) {}

// Cache implements Metrics.
func (NoMetrics) Cache(string) {}

// Computed implements Metrics.
func (NoMetrics) Computed(string, time.Duration, error) {}

// Stats is what a server looks like at one moment.
type Stats struct {
	Started      time.Time
	Connections  int64
	InFlight     int64 // requests being answered
	Running      int64 // computations
	Waiting      int64 // computations in the queue
	JobsRunning  int64
	JobsQueued   int64
	JobsKept     int64 // finished, their results still there
	CacheKind    string
	CacheEntries int64 // -1 when the cache does not tell
	CacheBytes   int64 // -1 when the cache does not tell
	CacheUp      bool
	CacheErr     string // why it is not up, without secrets
}
