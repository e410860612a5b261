package cli

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/serve/catalog"
	"github.com/ecomctl/ecomctl/internal/serve/live"
	"github.com/ecomctl/ecomctl/internal/serve/metrics"
	"github.com/ecomctl/ecomctl/internal/serve/web"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/version"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// pagesOptions are the flags of serve about its pages and its monitoring.
type pagesOptions struct {
	metrics, title, maxUpload string
	live                      string                 // what a stream writes
	metricsSaid               bool                   // somebody chose the address
	hide                      func(id string) string // pseudonyms, where they are asked for
}

// metricsOff is the value of --metrics that asks for none.
const metricsOff = "off"

func (o *pagesOptions) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.metrics, "metrics", "127.0.0.1:8000", "`ADDRESS` of the monitoring page and of Prometheus' /metrics; off = none")
	f.StringVar(&o.title, "title", "", "name of the shop on the pages (default: the input's)")
	f.StringVar(&o.live, "live", "", "show at /live the windows that a running stream writes to a `FILE` of NDJSON or a table (sqlite:…?table=, mysql://…?table=)")
	f.StringVar(&o.maxUpload, "max-upload", "64MiB", "largest `SIZE` of an uploaded file; 0 = no upload page")
}

// monitoring is the monitor with its listener; both are nil when there is none.
type monitoring struct {
	*metrics.Monitor
	l net.Listener
}

// openMonitor listens for the monitoring page. The default address being taken is no reason
// not to serve: it is told, and the page left out.
func (o *serveOptions) openMonitor(inputs []string, log *slog.Logger) (*monitoring, error) {
	if o.metrics == metricsOff || o.metrics == "" {
		return &monitoring{}, nil
	}
	l, err := net.Listen("tcp", o.metrics)
	if err != nil {
		err := fault.New(fault.Unavailable, "listening on %s for metrics: %w", o.metrics, err).WithHint("choose another address with --metrics, or --metrics off")
		if o.metricsSaid {
			return nil, err
		}
		o.app.say("note: no monitoring page: %v; %s", err, fault.HintOf(err))
		return &monitoring{}, nil
	}
	m := metrics.New(metrics.Options{Title: o.title, Version: version.Get().Version, Lang: o.Lang, Now: o.app.Now, Log: log,
		Services: o.services(inputs), Disks: []string{o.TempDir()}})
	return &monitoring{m, l}, nil
}

// of is the monitor as the server's and the catalog's receiver of metrics.
func (m *monitoring) of() serve.Metrics {
	if m.Monitor == nil {
		return serve.NoMetrics{}
	}
	return m.Monitor
}

// start serves until the context ends; done closes then.
func (m *monitoring) start(ctx context.Context, srv *serve.Server, cat *catalog.Catalog, app *App) (done chan struct{}) {
	done = make(chan struct{})
	if m.Monitor == nil {
		close(done)
		return done
	}
	m.Watch(srv.Stats, cat, cat)
	app.say("monitoring on http://%s/ (Prometheus: /metrics)", m.l.Addr())
	go func() {
		defer close(done)
		if err := m.Serve(ctx, m.l); err != nil {
			app.say("note: %v", err)
		}
	}()
	return done
}

// mountPages puts the pages into the server; stop removes what was uploaded.
func (o *serveOptions) mountPages(c *cobra.Command, srv *serve.Server, cat *catalog.Catalog, inputs []string, log *slog.Logger) (stop func(), err error) {
	stop = func() {}
	conf := web.Options{Data: cat, Title: o.title, Lang: o.Lang, Version: version.Get().Version, Command: o.serveCommand(c, inputs), Log: log, Now: o.app.Now,
		Pseudonymous: o.pseudonymise, TempDir: o.TempDir()}
	if o.maxUpload != "0" {
		size, err := config.ParseSize(o.maxUpload)
		if err != nil {
			return nil, fault.Wrap(err, "--max-upload")
		}
		up, err := web.NewUploads(web.UploadOptions{Dir: o.TempDir(), MaxFile: size, Settings: o.Settings, Host: o.host(nil), Pseudonym: o.hide, AtOnce: o.concurrency})
		if err != nil {
			return nil, err
		}
		conf.Uploads = up
		stop = func() {
			if err := up.Close(); err != nil {
				log.Warn("removing uploads", "error", err.Error())
			}
		}
	}
	if !web.SelfContained() {
		o.app.say("note: this build has no chart library inside: the pages show tables only; `make build` embeds it")
	}
	if o.live == "" {
		web.New(conf).Mount(srv)
		return stop, nil
	}
	conf.Others = []web.Other{{Path: live.Path, Title: live.Title}}
	site := web.New(conf)
	site.Mount(srv)
	page, err := live.New(live.Options{Source: o.live, Frame: site.Frame(), Currency: o.Currency, Getenv: o.app.Getenv, Now: o.app.Now})
	if err != nil {
		stop()
		return nil, fault.Wrap(err, "--live")
	}
	page.Mount(srv)
	return stop, nil
}

// serveCommand is the command that serves the same again, without secrets.
func (o *serveOptions) serveCommand(c *cobra.Command, inputs []string) string {
	line := commandLine(c, inputs)
	line = strings.Replace(line, "ecomctl report", "ecomctl serve", 1)
	return strings.TrimSuffix(line, " --html")
}

// services are what the server is configured to use beyond this process.
func (o *serveOptions) services(inputs []string) []metrics.Service {
	var out []metrics.Service
	add := func(name, uri string) {
		if uri != "" {
			out = append(out, metrics.Service{Name: name, Address: config.Redact(uri), Check: o.checkOf(uri)})
		}
	}
	for _, in := range inputs[:min(len(inputs), 8)] {
		add("input "+filepath.Base(config.Redact(in)), in)
	}
	add("database", o.conf.DB)
	add("events", o.events)
	add("products", o.Products)
	add("customers", o.Customers)
	return out
}

// checkOf asks whether an input can be reached now.
func (o *serveOptions) checkOf(uri string) func(context.Context) error {
	host := o.host(nil)
	if sqldb.Is(uri) {
		return func(ctx context.Context) error { return pingDatabase(ctx, uri, host) }
	}
	return func(ctx context.Context) error {
		fsys := host.Files.For(uri)
		if vfs.HasGlob(uri) {
			found, err := vfs.Glob(ctx, fsys, uri)
			if err == nil && len(found) == 0 {
				err = fault.New(fault.NotFound, "no file matches %s", config.Redact(uri))
			}
			return err
		}
		_, err := fsys.Stat(ctx, uri)
		return err
	}
}

// pingDatabase connects and asks for the version.
func pingDatabase(ctx context.Context, uri string, host *session.Host) error {
	u, err := sqldb.Parse(uri)
	if err != nil {
		return err
	}
	db, err := sqldb.Open(ctx, u, sqldb.Options{Getenv: host.Getenv, ReadOnly: true, MaxConns: 1, Patience: -1, DialTimeout: 2 * time.Second})
	if err != nil {
		return err
	}
	return db.Close()
}
