// Package catalog is what a server serves: named datasets, opened anew for each computation, with
// identities by which changed files are noticed, and the answers that are remembered under them.
//
//	Ask ─dataset─▶ identity (stamps of files → digests) ─▶ tag ─▶ remembered │ computed elsewhere │ gate ─▶ session ─▶ analysis
package catalog

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/serve/flight"
	"github.com/ecomctl/ecomctl/internal/session"
)

// Source is one thing to serve.
type Source struct {
	Name   string
	Inputs []string
	// Table is the canonical table; "" lets the columns tell orders from events.
	Table string
	// Settings replace the catalog's for this source (an upload has its own mapping); nil keeps them.
	Settings *session.Settings
}

// Config says what a catalog holds and how much it may use.
type Config struct {
	Host     session.Host // its Progress is not used: each computation has its own
	Settings session.Settings
	Sources  []Source
	// Roots are folders below which Ask.Input may lead.
	Roots []string
	// Concurrency bounds the computations at the same time, Queue those that wait; 0 are 2 and 32.
	Concurrency, Queue int
	Memory             int64 // bytes for all computations together
	Remember           int64 // bytes of answers that are remembered; 0 = 64 MiB
	Pseudonym          func(id string) string
	Models             string // "auto", "on", "off": of reports
	Version            string
	Metrics            serve.Metrics
	Log                *slog.Logger
}

// Catalog implements serve.Backend.
type Catalog struct {
	conf  Config
	gate  *gate
	ctx   context.Context // of loading
	roots []string        // with links resolved

	mu      sync.RWMutex
	sets    []*dataset          // named ones, in order
	inputs  map[string]*dataset // by resolved path
	touched []string            // keys of inputs, oldest first

	memory  *memory
	tables  flight.Group[*serve.Answer]
	reports flight.Group[*document]
	others  flight.Group[any]
}

var _ serve.Backend = (*Catalog)(nil)

// New makes a catalog and begins to load its sources; ctx ends the loading.
func New(ctx context.Context, conf Config) (*Catalog, error) {
	if conf.Concurrency <= 0 {
		conf.Concurrency = 2
	}
	if conf.Queue <= 0 {
		conf.Queue = 32
	}
	if conf.Remember <= 0 {
		conf.Remember = 64 << 20
	}
	if conf.Metrics == nil {
		conf.Metrics = serve.NoMetrics{}
	}
	if conf.Log == nil {
		conf.Log = slog.New(slog.DiscardHandler)
	}
	c := &Catalog{conf: conf, gate: newGate(conf.Concurrency, conf.Queue), ctx: ctx, inputs: map[string]*dataset{}, memory: newMemory(conf.Remember)}
	if err := c.resolveRoots(ctx); err != nil {
		return nil, err
	}
	for _, s := range conf.Sources {
		if err := c.Add(s); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Add serves one more source and begins to load it. A name that is taken is refused.
func (c *Catalog) Add(s Source) error {
	if s.Name == "" || len(s.Inputs) == 0 {
		return fault.New(fault.Usage, "a dataset needs a name and an input")
	}
	if slices.Contains(s.Inputs, "-") {
		return fault.New(fault.Usage, "serving standard input: it can be read only once").WithHint("write it to a file and serve that")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.sets {
		if d.src.Name == s.Name {
			return fault.New(fault.Locked, "a dataset %q is served already", s.Name).WithHint("choose another name")
		}
	}
	d := newDataset(c, s)
	c.sets = append(c.sets, d)
	d.begin(false)
	return nil
}

// Remove stops serving a dataset; computations that run finish.
func (c *Catalog) Remove(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.sets, func(d *dataset) bool { return d.src.Name == name })
	if i < 0 {
		return fault.New(fault.NotFound, "no dataset %q is served", name)
	}
	c.sets = slices.Delete(c.sets, i, i+1)
	return nil
}

// Datasets implements serve.Backend.
func (c *Catalog) Datasets() []serve.Dataset {
	c.mu.RLock()
	sets := slices.Clone(c.sets)
	c.mu.RUnlock()
	out := make([]serve.Dataset, len(sets))
	for i, d := range sets {
		out[i] = d.info()
	}
	return out
}

// Load tells how many computations run and wait.
func (c *Catalog) Load() (running, waiting int64) { return c.gate.load() }

// Wait waits until every dataset is loaded or failed.
func (c *Catalog) Wait(ctx context.Context) error {
	c.mu.RLock()
	sets := slices.Clone(c.sets)
	c.mu.RUnlock()
	for _, d := range sets {
		select {
		case <-d.loaded():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// find returns the dataset of a question.
func (c *Catalog) find(ctx context.Context, q *serve.Ask, tables []string) (*dataset, error) {
	if q.Input != "" {
		if q.Dataset != "" {
			return nil, fault.New(fault.Usage, "dataset and input name two things").WithHint("leave one out")
		}
		return c.input(ctx, q.Input)
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if q.Dataset != "" {
		for _, d := range c.sets {
			if d.src.Name == q.Dataset {
				return d, nil
			}
		}
		return nil, fault.New(fault.NotFound, "no dataset %q is served", q.Dataset).WithHint("/api/v1/datasets lists them")
	}
	loading := false
	for _, d := range c.sets {
		k := d.info()
		if slices.Contains(tables, k.Table) || k.State == serve.Failed && slices.Contains(tables, d.src.Table) {
			return d, nil
		}
		loading = loading || k.Table == "" && k.State == serve.Loading
	}
	switch {
	case loading:
		return nil, serve.NewBusy(time.Second, "the data is loading")
	case len(c.sets) == 0:
		return nil, fault.New(fault.NotFound, "no dataset is served").WithHint("start the server with an input, or upload one")
	case !slices.Contains(tables, "orders"):
		return nil, fault.New(fault.NotFound, "no table of %s is served", tables[0]).WithHint("start the server with --events URI")
	}
	return c.sets[0], nil // it fails by naming the columns that are missing
}
