package metrics

import (
	"math"
	"slices"
	"sort"
	"sync"
	"time"
)

// traffic counts requests for the page: since the last look, and by route since the start.
type traffic struct {
	mu             sync.Mutex
	requests, bad  int64
	hits, misses   int64
	took           []float64 // seconds of the requests since the last look, at most sampled of them
	routes         map[string]*routeCount
	total, allBad  int64
	allHit, allAsk int64
}

// routeCount is what a route answered since the start.
type routeCount struct {
	route         string
	requests, bad int64
	seconds       float64
	worst         float64
}

// sampled bounds the durations that are kept between two looks.
const sampled = 4096

func (t *traffic) add(route string, status int, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	t.total++
	failed := status >= 500
	if failed {
		t.bad++
		t.allBad++
	}
	if len(t.took) < sampled {
		t.took = append(t.took, took.Seconds())
	}
	if t.routes == nil {
		t.routes = map[string]*routeCount{}
	}
	c := t.routes[route]
	if c == nil {
		c = &routeCount{route: route}
		t.routes[route] = c
	}
	c.requests++
	c.seconds += took.Seconds()
	c.worst = max(c.worst, took.Seconds())
	if failed {
		c.bad++
	}
}

func (t *traffic) cached(event string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch event {
	case "hit":
		t.hits++
		t.allHit++
		t.allAsk++
	case "miss", "shared", "bypass":
		t.misses++
		t.allAsk++
	}
}

// sample is the traffic between two looks.
type sample struct {
	requests, bad float64
	p95           float64 // seconds; NaN without requests
}

// take returns the traffic since the last look and begins anew.
func (t *traffic) take() sample {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := sample{requests: float64(t.requests), bad: float64(t.bad), p95: quantile(t.took, .95)}
	t.requests, t.bad, t.hits, t.misses, t.took = 0, 0, 0, 0, t.took[:0]
	return s
}

// byRoute lists the routes, the busiest first.
func (t *traffic) byRoute() (list []routeCount, total, bad, hit, asked int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.routes {
		list = append(list, *c)
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].requests != list[j].requests {
			return list[i].requests > list[j].requests
		}
		return list[i].route < list[j].route
	})
	return list, t.total, t.allBad, t.allHit, t.allAsk
}

// quantile returns the least value that a share p of v does not pass; NaN for none.
func quantile(v []float64, p float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Clone(v)
	slices.Sort(s)
	return s[min(len(s)-1, int(math.Ceil(p*float64(len(s))))-1)]
}

// looks is how many looks the page remembers: ten minutes of one each 5 seconds.
const looks = 120

// history are the last looks, oldest first.
type history struct {
	requests, bad, p95, cpu, memory []float64
}

func (h *history) add(s sample, m *machine) {
	push := func(list *[]float64, v float64) {
		if len(*list) == looks {
			*list = slices.Delete(*list, 0, 1)
		}
		*list = append(*list, v)
	}
	push(&h.requests, s.requests)
	push(&h.bad, s.bad)
	push(&h.p95, s.p95)
	push(&h.cpu, m.share)
	push(&h.memory, 1-m.available/m.total)
}

// minute adds up the requests of the last minute; slowest is the worst of its looks' slowest
// twentieths, NaN without requests.
func (h *history) minute(every time.Duration) (requests, slowest float64) {
	slowest = math.NaN()
	n := max(1, int(time.Minute/every))
	for i := max(0, len(h.requests)-n); i < len(h.requests); i++ {
		requests += h.requests[i]
		if p := h.p95[i]; p > slowest || math.IsNaN(slowest) {
			slowest = p
		}
	}
	return requests, slowest
}
