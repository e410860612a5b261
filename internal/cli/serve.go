package cli

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/cache"
	"github.com/ecomctl/ecomctl/internal/cache/redis"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
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
	cacheSize                string
	cache                    config.Secret
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
	f.String("cache", "memory", "where answers are remembered: memory, or `redis://host:port/db` behind it (a password as ${NAME} or file:PATH)")
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

// configured lays what the configuration says under the flags that were given.
func (o *serveOptions) configured(c *cobra.Command) {
	o.cache = o.conf.Cache
	for flag, set := range map[string]func(){
		"listen":  func() { o.listen = cmp.Or(o.conf.Listen, o.listen) },
		"metrics": func() { o.metrics, o.metricsSaid = cmp.Or(o.conf.Metrics, o.metrics), o.conf.Metrics != "" },
		"keys":    func() { o.keys = o.conf.Keys },
		"host":    func() { o.hosts = o.conf.Hosts },
		"root":    func() { o.roots = o.conf.Roots },
	} {
		if !c.Flags().Changed(flag) {
			set()
		}
	}
	o.metricsSaid = o.metricsSaid || c.Flags().Changed("metrics")
}

func (o *serveOptions) run(c *cobra.Command, inputs []string) error {
	if err := o.load(c); err != nil {
		return err
	}
	o.configured(c)
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
	mon, err := o.openMonitor(inputs, log)
	if err != nil {
		return err
	}
	cat, err := o.catalog(ctx, inputs, mon.of(), log)
	if err != nil {
		return err
	}
	store, err := o.openCache(log)
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

// openKeys reads the keys, and limits the rate of other machines.
func (o *serveOptions) openKeys(log *slog.Logger) (*serve.Keys, error) {
	keys, own, err := o.app.openKeys(o.listen, o.keys, log)
	if keys != nil && !own && o.rate == 0 {
		o.rate = 50
	}
	return keys, err
}

// openKeys reads the keys of a server that listens on an address, and refuses to serve others than this machine without
// one. file is where they are; "" is the user's file, when it exists. own says that only this machine reaches the address; then
// keys may be nil.
func (a *App) openKeys(listen, file string, log *slog.Logger) (keys *serve.Keys, own bool, err error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, false, fault.New(fault.Usage, "--listen %s: not an address", listen).WithHint("addresses look like 127.0.0.1:5000 or 0.0.0.0:5000")
	}
	own = host == "localhost"
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		own = true
	}
	named := file != ""
	if !named {
		file = defaultKeys(a)
		if _, err := os.Stat(file); own && err != nil {
			return nil, own, nil // nobody made keys: this machine needs none
		}
	}
	if keys, err = serve.OpenKeys(file, a.Now); err != nil {
		return nil, own, err
	}
	keys.Warn = func(err error) {
		log.Warn("the changed keys cannot be read: the old ones stay good", "error", err.Error())
	}
	switch {
	case keys.Len() > 0:
		return keys, own, nil
	case !own:
		return nil, own, fault.New(fault.Usage, "--listen %s: other machines need a key, and %s has none that is good", listen, file).
			WithHint("make one with `ecomctl serve keys add NAME`, or listen on 127.0.0.1")
	case named:
		return nil, own, fault.New(fault.Usage, "--keys %s: there is no key in it that is good", file).WithHint("make one with `ecomctl serve keys add NAME --keys %s`", file)
	}
	return nil, own, nil
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
		o.hide = conf.Pseudonym
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

// openCache opens what remembers answers.
func (o *serveOptions) openCache(log *slog.Logger) (cache.Cache, error) {
	size, err := config.ParseSize(o.cacheSize)
	if err != nil {
		return nil, fault.Wrap(err, "--cache-size")
	}
	near := cache.NewMemory(size/2, 0)
	url, err := o.app.redisURL(o.cache)
	if err != nil || url == "" {
		return near, err
	}
	far, err := redis.Open(url, redis.Options{Now: o.app.Now, Changed: func(h cache.Health) {
		if h.Up {
			log.Info("the cache is in service", "kind", h.Kind)
		} else {
			log.Warn("the cache is out of service: answers are computed, or remembered in this process", "error", h.Err)
		}
	}})
	if err != nil {
		return nil, fault.Wrap(err, "--cache")
	}
	return cache.Tiered{Near: near, Far: far}, nil
}

// redisURL is the address that --cache names; "" where answers are remembered in this process only.
func (a *App) redisURL(named config.Secret) (string, error) {
	url, err := named.Reveal(a.Getenv)
	if url = strings.TrimSpace(url); err != nil || url == "memory" {
		return "", fault.Wrap(err, "--cache")
	}
	return url, nil
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
