package metrics

import (
	"context"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/serve"
)

// Computer runs work on a dataset: the catalog.
type Computer interface {
	Compute(ctx context.Context, q serve.Ask, what string, work serve.Work) (any, error)
}

// activeDays is how far back from the end of the data a customer with an order counts as active.
const activeDays = 30

// shop are the headline figures of one dataset.
type shop struct {
	name, digest, currency string
	state                  serve.State
	err                    string
	rows, rejected         int64
	last                   int64     // µs of the last sold line
	failed                 string    // why the figures are not there
	known                  bool      // the figures below are there
	again                  time.Time // after a failure: not before
	sales                  int64     // exact money
	orders, active         int64
}

// lookAtShops computes the figures of datasets that are new or have changed.
func (m *Monitor) lookAtShops(ctx context.Context) {
	m.mu.RLock()
	data, compute := m.data, m.compute
	m.mu.RUnlock()
	if data == nil {
		return
	}
	next := map[string]shop{}
	for _, d := range data.Datasets() {
		m.mu.RLock()
		s := m.shops[d.Name]
		m.mu.RUnlock()
		if s.digest != d.Digest {
			s.known, s.again, s.failed = false, time.Time{}, ""
		}
		s.name, s.digest, s.state, s.rows, s.last, s.err = d.Name, d.Digest, d.State, d.Rows, d.Last, s.failed
		if d.Err != nil {
			s.err = d.Err.Error()
		}
		s.rejected, _ = d.Account.Of(relation.Reject)
		if !s.known && d.State == serve.Ready && d.Table == "orders" && compute != nil && !m.o.Now().Before(s.again) {
			m.figures(ctx, compute, d, &s)
		}
		next[d.Name] = s
	}
	m.mu.Lock()
	m.shops = next
	m.mu.Unlock()
}

// figures asks for money, orders and active customers. With several currencies there is no total.
func (m *Monitor) figures(ctx context.Context, c Computer, d serve.Dataset, s *shop) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	v, err := c.Compute(ctx, serve.Ask{Dataset: d.Name}, "metrics.totals", func(ctx context.Context, eng engine.Engine, r *analysis.Request) (any, error) {
		return analysis.TotalsOf(ctx, eng, r, activeDays)
	})
	if err != nil {
		m.o.Log.Debug("metrics: totals", "dataset", d.Name, "error", err.Error())
		s.failed, s.again = err.Error(), m.o.Now().Add(time.Minute)
		s.err = s.failed
		return
	}
	t := v.(*analysis.Totals)
	s.failed, s.err = "", ""
	s.known, s.sales, s.orders, s.active, s.currency = true, t.Revenue, t.Orders, t.Active, phrase.Name(t.Currency, 8)
}
