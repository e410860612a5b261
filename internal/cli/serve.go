package cli

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/cache"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/serve/catalog"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/version"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	*common
	pagesOptions
	listen, events, keys     string
	hosts, roots             []string
	cacheURL, cacheSize      string
	concurrency, queue       int
	maxConns, burst, maxJobs int
	rate                     float64
	timeout, jobLifetime     time.Duration
	models                   string
	pseudonymise             bool
}

func newServe(a *App) *cobra.Command {
	o := &serveOptions{}
	c := &cobra.Command{
		Use:   "serve [INPUT …] [flags]",
		Short: "Web pages and a REST interface for what the inputs tell",
		Long: `Answers every analysis over HTTP: GET /api/v1/sales, /api/v1/rfm, … with the same parameters,
columns and bytes as the commands, in JSON, CSV, Arrow or Parquet by Accept; /api/docs describes it,
/api/openapi.json is the same for programs. Long work runs as jobs (POST /api/v1/jobs, /api/v1/reports).

The server starts at once and loads in the background; until then it answers 503 with Retry-After.
Inputs are looked at again, and changed files are noticed by the next question. Answers are remembered
under a digest of inputs, parameters and version, in this process or also in Redis (--cache).

It listens on this machine only, unless --listen says otherwise: then it wants keys (serve keys add).
Requests may name further inputs (?input=) below the folders of --root, and nowhere else.`,
		Example: `  ecomctl serve orders.parquet
  ecomctl serve orders.csv --events clicks.parquet --currency GBP
  ecomctl serve orders.parquet --root /data/shop --cache redis://127.0.0.1:6379/0
  ecomctl serve keys add dashboard --scope read --expires 365d
  ecomctl serve orders.parquet --listen 0.0.0.0:5000 --host shop.example.org --rate 50`,
	}
	o.common = addCommon(a, c)
	o.addRates(c)
	o.pagesOptions.add(c)
	f := c.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:5000", "`ADDRESS` to listen on; beyond this machine only with keys")
	f.StringSliceVar(&o.hosts, "host", nil, "`NAME` that requests may call the server by, besides addresses and localhost")
	f.StringVar(&o.keys, "keys", "", "`FILE` of keys (default: the one of `serve keys` when it exists)")
	f.StringSliceVar(&o.roots, "root", nil, "`FOLDER` below which requests may name inputs (?input=)")
	f.StringVar(&o.events, "events", "", "`URI` of the events table: the funnel and the visits")
	f.StringVar(&o.cacheURL, "cache", "memory", "where answers are remembered: memory, or `redis://host:port/db` behind it")
	f.StringVar(&o.cacheSize, "cache-size", "128MiB", "`SIZE` of the memory that answers may take")
	f.IntVar(&o.concurrency, "concurrency", 2, "computations at the same time; they share --memory")
	f.IntVar(&o.queue, "queue", 32, "computations that may wait; further ones are answered 503")
	f.IntVar(&o.maxConns, "max-connections", 4096, "connections at the same time; further ones wait")
	f.Float64Var(&o.rate, "rate", 0, "requests a second of each key, or address without keys (default: 50 beyond this machine, else no limit)")
	f.IntVar(&o.burst, "burst", 0, "requests that may come at once (default: twice --rate)")
	f.IntVar(&o.maxJobs, "max-jobs", 64, "jobs that are kept")
	f.DurationVar(&o.timeout, "timeout", time.Minute, "a request's longest `TIME`; longer work is a job")
	f.DurationVar(&o.jobLifetime, "job-lifetime", time.Hour, "`TIME` that a job's result is kept")
	f.Var(newChoice(func(s string) { o.models = s }, "auto", "auto", "on", "off"), "models", "sections of reports that take models: `auto|on|off`; auto is up to 2,000,000 rows")
	f.BoolVar(&o.pseudonymise, "pseudonymise", false, "replace customer ids by keyed hashes (key from ECOMCTL_PSEUDONYM_KEY)")
	c.RunE = func(c *cobra.Command, inputs []string) error { return o.run(c, inputs) }
	c.AddCommand(newServeKeys(a))
	return c
}

func (o *serveOptions) run(c *cobra.Command, inputs []string) error {
	if err := o.load(c); err != nil {
		return err
	}
	if len(inputs) == 0 {
		inputs = o.conf.Input
	}
	if len(inputs) == 0 && len(o.roots) == 0 {
		return fault.New(fault.Usage, "no input").WithHint("name a file, a folder or a glob; or folders with --root")
	}
	ctx := c.Context()
	log := o.app.log()
	keys, err := o.openKeys(log)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fault.New(fault.Unavailable, "listening on %s: %w", o.listen, err).WithHint("choose another address with --listen; :0 takes a free port")
	}
	defer l.Close()
	mon, err := o.openMonitor(c, inputs, log)
	if err != nil {
		return err
	}
	cat, err := o.catalog(ctx, inputs, mon.of(), log)
	if err != nil {
		return err
	}
	store, err := o.cache(log)
	if err != nil {
		return err
	}
	defer store.Close()
	srv, err := serve.New(serve.Config{Backend: cat, Cache: store, Metrics: mon.of(), Log: log, Now: o.app.Now, Version: version.Get().Version, Keys: keys, Hosts: o.hosts,
		Timeout: o.timeout, MaxConns: o.maxConns, Rate: o.rate, Burst: o.burst, MaxJobs: o.maxJobs, JobLifetime: o.jobLifetime})
	if err != nil {
		return err
	}
	removeUploads, err := o.mountPages(c, srv, cat, inputs, log)
	if err != nil {
		return err
	}
	defer removeUploads()
	ctx, stop := context.WithCancel(ctx)
	watched := mon.start(ctx, srv, cat, o.app)
	defer func() { stop(); <-watched }()
	o.app.say("serving on http://%s/ (API: /api/docs); stop with Ctrl-C", l.Addr())
	return srv.Serve(ctx, l)
}

// openKeys reads the keys, and refuses to serve others than this machine without one.
func (o *serveOptions) openKeys(log *slog.Logger) (*serve.Keys, error) {
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil {
		return nil, fault.New(fault.Usage, "--listen %s: not an address", o.listen).WithHint("addresses look like 127.0.0.1:5000 or 0.0.0.0:5000")
	}
	own := host == "localhost"
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		own = true
	}
	file := o.keys
	if file == "" {
		file = defaultKeys(o.app)
		if _, err := os.Stat(file); own && err != nil {
			return nil, nil // nobody made keys: this machine needs none
		}
	}
	keys, err := serve.OpenKeys(file, o.app.Now)
	if err != nil {
		return nil, err
	}
	keys.Warn = func(err error) {
		log.Warn("the changed keys cannot be read: the old ones stay good", "error", err.Error())
	}
	if keys.Len() == 0 && (!own || o.keys != "") {
		return nil, fault.New(fault.Usage, "--listen %s: other machines need a key, and %s has none that is good", o.listen, file).
			WithHint("make one with `ecomctl serve keys add NAME`, or listen on 127.0.0.1")
	}
	if keys.Len() == 0 {
		return nil, nil
	}
	if !own && o.rate == 0 {
		o.rate = 50
	}
	return keys, nil
}

// catalog begins to load the inputs.
func (o *serveOptions) catalog(ctx context.Context, inputs []string, watch serve.Metrics, log *slog.Logger) (*catalog.Catalog, error) {
	mem, err := o.MemoryBytes()
	if err != nil {
		return nil, err
	}
	size, err := config.ParseSize(o.cacheSize)
	if err != nil {
		return nil, fault.Wrap(err, "--cache-size")
	}
	conf := catalog.Config{Host: *o.host(nil), Settings: o.Settings, Roots: o.roots, Concurrency: o.concurrency, Queue: o.queue,
		Memory: mem, Remember: size / 2, Models: o.models, Version: version.Get().Version, Metrics: watch, Log: log}
	if len(inputs) > 0 {
		conf.Sources = append(conf.Sources, catalog.Source{Name: datasetName(inputs[0]), Inputs: inputs})
	}
	if o.events != "" {
		conf.Sources = append(conf.Sources, catalog.Source{Name: "events", Inputs: []string{o.events}, Table: schema.Events.Name, Settings: o.eventSettings()})
		if len(inputs) > 0 {
			conf.Sources[0].Table = schema.Orders.Name
		}
	}
	if o.pseudonymise {
		key, err := o.conf.PseudonymKey.Reveal(o.app.Getenv)
		if err != nil {
			return nil, err
		}
		if err := checkPseudonymKey(key); err != nil {
			return nil, err
		}
		conf.Pseudonym = func(id string) string { return pseudonym(key, id) }
	}
	return catalog.New(ctx, conf)
}

// datasetName is the name of an input's dataset: that of its file or folder, as far as it is a word.
func datasetName(input string) string {
	name := path.Base(strings.TrimRight(filepath.ToSlash(input), "/"))
	if name, _, _ = strings.Cut(name, "."); name == "" || name == "events" || strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}) {
		return "main"
	}
	return name
}

// eventSettings are the settings without what is about orders: filters, further tables, maps of
// columns that both tables have.
func (o *serveOptions) eventSettings() *session.Settings {
	set := o.Settings
	set.Where, set.Net, set.Currency, set.Rates, set.Products, set.Customers = "", false, "", "", "", ""
	set.Maps = maps.Clone(set.Maps)
	for name := range set.Maps {
		if schema.Orders.Column(name) != nil {
			delete(set.Maps, name)
		}
	}
	if p, err := schema.FindPreset(set.Preset); err == nil && p.Table == schema.Orders {
		set.Preset = ""
	}
	return &set
}

// cache opens what remembers answers.
func (o *serveOptions) cache(log *slog.Logger) (cache.Cache, error) {
	size, err := config.ParseSize(o.cacheSize)
	if err != nil {
		return nil, fault.Wrap(err, "--cache-size")
	}
	near := cache.NewMemory(size/2, 0)
	if o.cacheURL == "memory" || o.cacheURL == "" {
		return near, nil
	}
	return nil, fault.New(fault.Usage, "--cache %s: memory or redis://host:port/db is wanted", config.Redact(o.cacheURL))
}

// log is where a server tells what happens.
func (a *App) log() *slog.Logger {
	level := slog.LevelInfo
	switch {
	case a.verbose:
		level = slog.LevelDebug
	case a.quiet:
		level = slog.LevelWarn
	}
	opts := &slog.HandlerOptions{Level: level}
	if a.logJSON {
		return slog.New(slog.NewJSONHandler(a.IO.Err, opts))
	}
	return slog.New(slog.NewTextHandler(a.IO.Err, opts))
}

// defaultKeys is the file of keys beside the user's configuration.
func defaultKeys(a *App) string {
	return filepath.Join(filepath.Dir(config.UserFile(a.Getenv)), "keys.json")
}

func newServeKeys(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: "Keys that open the server to other machines",
		Long: `A key is 256 random bits; the file holds its SHA-256 only. read answers questions, upload also takes
files, admin everything. Servers that run notice changes of the file within seconds.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	file := c.PersistentFlags().String("keys", "", "`FILE` of keys (default: keys.json beside the user's ecomctl configuration)")
	path := func() string {
		if *file != "" {
			return *file
		}
		return defaultKeys(a)
	}
	c.AddCommand(newKeysAdd(a, path), newKeysList(a, path), newKeysRevoke(a, path))
	return c
}

func newKeysAdd(a *App, path func() string) *cobra.Command {
	c := &cobra.Command{
		Use:     "add NAME",
		Short:   "Make a key and print it, once",
		Example: "  ecomctl serve keys add dashboard\n  ecomctl serve keys add nightly --scope upload --expires 90d",
		Args:    cobra.ExactArgs(1),
	}
	scope := serve.Read
	c.Flags().Var(newChoice(func(s string) { scope, _ = serve.ParseScope(s) }, "read", "read", "upload", "admin"), "scope", "what the key allows: `read|upload|admin`")
	expires := c.Flags().String("expires", "", "`TIME` until the key is no longer good, like 90d (default: never)")
	c.RunE = func(c *cobra.Command, args []string) error {
		ttl, err := days(*expires)
		if err != nil {
			return err
		}
		secret, err := serve.AddKey(c.Context(), path(), args[0], scope, a.Now(), ttl)
		if err != nil {
			return err
		}
		a.say("key %s (%s) is in %s; it is shown only here:", args[0], scope, path())
		_, err = fmt.Fprintln(a.IO.Out, secret)
		return err
	}
	return c
}

func newKeysList(a *App, path func() string) *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "The keys without their secrets", Example: "  ecomctl serve keys list --format json", Args: cobra.NoArgs}
	out := addOutput(a, c)
	c.Flags().MarkHidden("pseudonymise")
	c.RunE = func(c *cobra.Command, _ []string) error {
		list, err := serve.ListKeys(path())
		if err != nil {
			return err
		}
		t := &result.Table{Name: "keys", N: len(list), Columns: make([]result.Column, len(keySpecs))}
		for i, s := range keySpecs {
			t.Columns[i] = result.Column{Spec: s, Data: result.NewData(s.Type, len(list))}
		}
		for _, k := range list {
			result.AppendText(&t.Columns[0].Data, k.Name)
			result.AppendText(&t.Columns[1].Data, k.Scope)
			result.AppendInt(&t.Columns[2].Data, k.Created.UnixMicro())
			if k.Expires.IsZero() {
				result.AppendNull(&t.Columns[3].Data)
			} else {
				result.AppendInt(&t.Columns[3].Data, k.Expires.UnixMicro())
			}
		}
		return out.write(c.Context(), t, time.UTC)
	}
	return c
}

var keySpecs = []result.Spec{
	{Name: "name", Type: expr.Text, Desc: "name of the key"},
	{Name: "scope", Type: expr.Text, Desc: "what it allows: read, upload, admin"},
	{Name: "created", Type: expr.Time, Desc: "when it was made, UTC"},
	{Name: "expires", Type: expr.Time, Desc: "when it is no longer good, UTC", Null: "never"},
}

func newKeysRevoke(a *App, path func() string) *cobra.Command {
	return &cobra.Command{
		Use: "revoke NAME", Short: "Make a key worthless; servers that run notice within seconds",
		Example: "  ecomctl serve keys revoke dashboard", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := serve.RevokeKey(c.Context(), path(), args[0]); err != nil {
				return err
			}
			a.say("key %s is revoked", args[0])
			return nil
		},
	}
}

// days reads a time like 90d, 12h; "" = 0.
func days(s string) (time.Duration, error) {
	bad := fault.New(fault.Usage, "--expires %s: not a time", s).WithHint("times look like 90d or 12h")
	if s == "" {
		return 0, nil
	}
	if n, ok := strings.CutSuffix(s, "d"); ok {
		v, err := strconv.Atoi(n)
		if err != nil || v <= 0 || v > 36500 {
			return 0, bad
		}
		return time.Duration(v) * 24 * time.Hour, nil
	}
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return 0, bad
	}
	return v, nil
}
