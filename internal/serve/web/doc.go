// Package web holds the pages of `serve`: overview, sales, customers, products, geography, data
// quality and upload. They are made on the server from the components of the report; a
// policy admits scripts, styles and pictures of this server only, and nothing on a page is
// loaded from elsewhere.
//
//	URL ─state─▶ Data.Compute ─▶ analysis.View ─▶ report.Parts ─template─▶ HTML
//	                                          └─▶ ?csv=FIGURE: the table behind a figure
//
// What a page shows is all in its URL, so that it can be kept and shared. Everything works without
// JavaScript; charts then leave their place to their tables.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/serve"
)

// Data is what the pages ask.
type Data interface {
	// Datasets lists what is served, the default first.
	Datasets() []serve.Dataset
	// Compute runs work on a dataset under the scope of q. Equal questions (q and what) at the
	// same time are computed once and their answers remembered, but nil; work must not change what it returns later.
	Compute(ctx context.Context, q serve.Ask, what string, work Work) (any, error)
}

// Work computes something from a request with its scope filled in.
type Work = serve.Work

// Options say how the site is.
type Options struct {
	Data    Data
	Title   string // of the shop; "" = the name of the input
	Lang    string // where neither the address nor the browser names one
	Version string
	Command string // how the server was started, without secrets
	Log     *slog.Logger
	Now     func() time.Time
	// Patience is how long a page waits for its answer before it says that it is being computed; 0 = 5 s.
	Patience time.Duration
	// Uploads, where not nil, adds the upload page.
	Uploads *Uploads
	// Pseudonymous hides what shows customers as they are in the input: rejected rows.
	Pseudonymous bool
	// Others are pages of others on the same server, which the navigation also lists.
	Others []Other
	// TempDir is where a download waits until it is whole; "" = the system's.
	TempDir string
}

// Other is a page of somebody else, made in the site's Frame.
type Other struct {
	Path  string
	Title analysis.Text
}

// Site is the pages.
type Site struct {
	o      Options
	assets assets
	desk   desk
}

// New makes the site.
func New(o Options) *Site {
	if o.Patience <= 0 {
		o.Patience = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of an option, as in net/http
	}
	return &Site{o: o, assets: loadAssets()}
}

// Mounter takes handlers: *serve.Server.
type Mounter interface {
	Handle(pattern string, scope serve.KeyScope, h http.Handler)
	HandleLarge(pattern string, scope serve.KeyScope, maxBody int64, h http.Handler)
	ShowProblems(page serve.ProblemPage)
}

// Mount puts the pages into a server.
func (s *Site) Mount(m Mounter) {
	m.Handle("GET /{$}", serve.Read, s.page(overviewPage))
	for _, p := range []*pageDef{salesPage, customersPage, productsPage, geoPage, qualityPage} {
		m.Handle("GET "+p.path, serve.Read, s.page(p))
	}
	m.Handle("GET "+rejectsPath, serve.Read, http.HandlerFunc(s.rejects))
	m.Handle("GET /assets/{name}", serve.Public, http.HandlerFunc(s.assets.serve))
	m.ShowProblems(s.problem)
	if s.o.Uploads != nil {
		s.mountUploads(m)
	}
}

// SelfContained reports whether the pages can draw charts; without the library they show tables.
func SelfContained() bool { return report.SelfContained() }
