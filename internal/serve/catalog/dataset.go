package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/session"
)

// freshness is how long a look at the files is trusted: a changed file is noticed by the first
// question after it.
const freshness = time.Second

// dataset is a source with what a first scan told of it.
type dataset struct {
	c      *Catalog
	src    Source
	rooted bool // named by a request: links must not lead out of the roots

	mu       sync.Mutex
	done     chan struct{} // closed when loading ends
	known    serve.Dataset
	files    []stamp
	sums     digests
	checked  time.Time
	read     time.Time     // when the last loading began,
	took     time.Duration // and how long it took
	checking chan struct{} // closed when the look at the files that is under way ends; nil = none is
	timely   bool          // rows lie in the future: the answer depends on the hour
}

func newDataset(c *Catalog, s Source) *dataset {
	d := &dataset{c: c, src: s, sums: digests{}, done: make(chan struct{})}
	close(d.done)
	d.known = serve.Dataset{Name: s.Name}
	for _, in := range s.Inputs {
		d.known.Inputs = append(d.known.Inputs, config.Redact(in))
	}
	return d
}

// begin starts loading unless it is under way. Until it ends questions are refused, but where
// quiet: what was known, of a database or of a failure, stays good until it is read anew.
func (d *dataset) begin(quiet bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !quiet {
		d.known.State, d.known.Err = serve.Loading, nil
	}
	select {
	case <-d.done:
	default:
		return
	}
	d.done = make(chan struct{})
	go d.load(d.done)
}

// loaded is closed when the loading that is under way ends.
func (d *dataset) loaded() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done
}

func (d *dataset) info() serve.Dataset {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.known
}

// settings are those of the source, with this computation's share of memory.
func (d *dataset) settings() session.Settings {
	set := d.c.conf.Settings
	if d.src.Settings != nil {
		set = *d.src.Settings
	}
	set.Memory = strconv.FormatInt(d.c.share(), 10)
	return set
}

// share is the memory of one computation.
func (c *Catalog) share() int64 {
	return max(64<<20, c.conf.Memory/int64(c.conf.Concurrency))
}

// all lists every input: the source's and the further tables'.
func (d *dataset) all() []string {
	set := d.settings()
	in := slices.Clone(d.src.Inputs)
	for _, t := range []string{set.Products, set.Customers, set.Rates} {
		if t != "" {
			in = append(in, t)
		}
	}
	return in
}

// load finds out what the source is.
func (d *dataset) load(done chan struct{}) {
	defer close(done)
	start := d.c.conf.Host.Now()
	var err error
	for range 3 { // files may change while they are read
		if err = d.attempt(d.c.ctx); err == nil || fault.KindOf(err) != fault.Locked || d.c.ctx.Err() != nil {
			break
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.checked = d.c.conf.Host.Now()
	d.read, d.took = start, d.checked.Sub(start)
	if err != nil {
		d.known.State, d.known.Err = serve.Failed, err
		d.c.conf.Log.Error("loading a dataset failed", "dataset", d.src.Name, "error", err.Error(), "hint", fault.HintOf(err))
		return
	}
	d.known.State = serve.Ready
	d.c.conf.Log.Info("dataset is ready", "dataset", d.src.Name, "table", d.known.Table, "rows", d.known.Rows, "took", d.checked.Sub(start).Round(time.Millisecond).String())
	if !d.rooted {
		go d.warm()
	}
}

// warm makes the report that the pages' first visitor will ask for.
func (d *dataset) warm() {
	if _, err := d.c.Report(serve.WithPatience(d.c.ctx), serve.Ask{Dataset: d.src.Name}); err != nil && d.c.ctx.Err() == nil {
		d.c.conf.Log.Warn("making the first report failed", "dataset", d.src.Name, "error", err.Error())
	}
}

// attempt loads once. Files that change meanwhile are a fault.Locked error.
func (d *dataset) attempt(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			d.c.conf.Log.Error("internal error", "dataset", d.src.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "loading %s: %v", d.src.Name, p)
		}
	}()
	leave, err := d.c.gate.enter(serve.WithPatience(ctx))
	if err != nil {
		return err
	}
	start := d.c.conf.Host.Now()
	defer func() { leave(d.c.conf.Host.Now().Sub(start)) }()
	host := d.c.host(nil)
	before, err := stamps(ctx, host, d.all())
	if err != nil {
		return err
	}
	if d.rooted {
		if err := d.c.contained(d.src.Name, before); err != nil {
			return err
		}
	}
	set := d.settings()
	s, err := session.Inputs(ctx, host, set, d.src.Inputs)
	if err != nil {
		return err
	}
	defer s.Close()
	digest, err := d.digest(ctx, host, s, before)
	if err != nil {
		return err
	}
	table := d.src.Table
	if table == "" {
		if table, err = s.Choose(schema.Orders.Name, schema.Events.Name); err != nil {
			return err
		}
	}
	if err := s.Relate(ctx, table, table == schema.Events.Name); err != nil {
		return err
	}
	eng := local.New(local.Options{Threads: set.Workers(), Memory: d.c.share(), TempDir: set.TempDir()})
	ans, err := eng.Run(ctx, s.Rel, query.Plan{Queries: []query.Query{{Name: "rows", Measures: []query.Measure{{Name: "rows", Op: query.Count}}}}})
	if err != nil {
		return err
	}
	if after, err := stamps(ctx, host, d.all()); err != nil || !slices.Equal(before, after) {
		return fault.New(fault.Locked, "loading %s: its files change while they are read", d.src.Name).WithHint("write files whole and rename them into place")
	}
	d.learn(s, table, before, digest, &ans.Account)
	return nil
}

// learn keeps what a loading found.
func (d *dataset) learn(s *session.Session, table string, files []stamp, digest string, acc *query.Account) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files, d.timely = files, false
	k := &d.known
	k.Table, k.Digest, k.Account, k.Rows, k.Currency = table, digest, *acc, acc.Rows, s.Req.Currency
	k.First, k.Last = 0, 0
	if sold, _ := acc.Of(relation.Sold); sold > 0 {
		k.First, k.Last = acc.FirstSold, acc.LastSold
	}
	for _, r := range acc.Reasons {
		if r.Reason == clean.Future && r.Rows > 0 {
			d.timely = true
		}
	}
}

// digest is one digest over all inputs, by name and content.
func (d *dataset) digest(ctx context.Context, h *session.Host, s *session.Session, files []stamp) (string, error) {
	known := map[string]string{}
	for _, in := range s.Data.Inputs() {
		known[in.URI] = in.Digest
	}
	sum := sha256.New()
	old := d.sums // only the loading goroutine uses it
	d.sums = make(digests, len(files))
	for _, f := range files {
		if v, ok := old[f]; ok {
			d.sums[f] = v
		}
		v, err := d.sums.of(ctx, h, f, known[f.path])
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s\x00%s\x00", f.path, v)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// state is what an answer depends on besides the question.
type state struct {
	digest, table string
	files         []stamp
	hour          int64 // of the clock, where rows lie in the future; else 0
}

// identity returns the state after a look at the files, at most one a second. While the dataset
// loads, and when a change has made it load again, it fails with Busy.
func (d *dataset) identity(ctx context.Context) (state, error) {
	if err := d.look(ctx); err != nil {
		return state{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch d.known.State {
	case serve.Loading:
		return state{}, serve.NewBusy(time.Second, fmt.Sprintf("%s is loading", d.src.Name))
	case serve.Failed:
		return state{}, d.known.Err
	}
	st := state{digest: d.known.Digest, table: d.known.Table, files: d.files}
	if d.timely {
		t, err := d.c.host(nil).Clock()
		if err != nil {
			return state{}, err
		}
		st.hour = t.Truncate(time.Hour).Unix()
	}
	return st, nil
}

// look looks at the files unless that was done a moment ago, or waits for another who does; a change,
// or a failure that may be over, begins a new loading.
func (d *dataset) look(ctx context.Context) error {
	now := d.c.conf.Host.Now()
	d.mu.Lock()
	if other := d.checking; other != nil {
		d.mu.Unlock()
		select {
		case <-other:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if d.known.State == serve.Loading || now.Sub(d.checked) < freshness {
		d.mu.Unlock()
		return nil
	}
	d.checking = make(chan struct{})
	files, failed := d.files, d.known.State == serve.Failed
	old := now.Sub(d.read) >= max(databaseAge, databasePause*d.took) && slices.ContainsFunc(files, func(f stamp) bool { return database(&d.c.conf.Host, f.path) })
	d.mu.Unlock()
	found, err := stamps(ctx, d.c.host(nil), d.all())
	changed := ctx.Err() == nil && (err != nil || failed || !slices.Equal(found, files))
	if changed || old {
		d.begin(!changed || failed) // the failure is told until a loading has done better
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if ctx.Err() == nil {
		d.checked = now
	}
	close(d.checking) // after begin: who waited sees that it loads
	d.checking = nil
	return ctx.Err()
}

// same reports whether the files are still those of a state; a change begins a new loading.
func (d *dataset) same(ctx context.Context, st state) error {
	found, err := stamps(ctx, d.c.host(nil), d.all())
	if err := ctx.Err(); err != nil {
		return err
	}
	if err == nil && slices.Equal(found, st.files) {
		return nil
	}
	d.begin(false)
	return serve.NewBusy(time.Second, fmt.Sprintf("%s changed while it was read", d.src.Name))
}
