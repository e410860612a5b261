package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// checkTime bounds one check.
const checkTime = 2 * time.Second

// health is what the last checks of a service found.
type health struct {
	name, address string
	up            bool
	took          time.Duration
	lastErr       string // of the last check that failed; stays when the service heals
	failedAt      time.Time
	checked       bool
}

// checkServices asks every service at the same time, each for at most checkTime.
func (m *Monitor) checkServices(ctx context.Context) []health {
	m.mu.RLock()
	before := m.health
	m.mu.RUnlock()
	out := make([]health, len(m.o.Services))
	var all sync.WaitGroup
	for i, s := range m.o.Services {
		if i < len(before) {
			out[i] = before[i]
		}
		out[i].name, out[i].address = s.Name, s.Address
		all.Go(func() {
			own, cancel := context.WithTimeout(ctx, checkTime)
			defer cancel()
			start := m.o.Now()
			err := s.Check(own)
			out[i].took, out[i].up, out[i].checked = m.o.Now().Sub(start), err == nil, true
			outcome := "ok"
			if err != nil {
				out[i].lastErr, out[i].failedAt, outcome = err.Error(), m.o.Now(), "failed"
				if hint := fault.HintOf(err); hint != "" {
					out[i].lastErr += ": " + hint
				}
			}
			m.checks.WithLabelValues(s.Name, outcome).Inc()
		})
	}
	all.Wait()
	return out
}
