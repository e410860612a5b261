package live

import (
	"context"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/serve/web"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// Options say what is shown and how.
type Options struct {
	Source   string     // a file of NDJSON, or the URL of a table
	Frame    *web.Frame // of the site that the page belongs to
	Currency string
	Getenv   func(string) string
	Now      func() time.Time
}

// Page shows the windows of a stream.
type Page struct {
	o    Options
	mu   sync.Mutex // one look at a time; those who come meanwhile see the same
	read func(context.Context) (*Board, error)
	fail func(w http.ResponseWriter, r *http.Request, err error)
	name string
	at   time.Time
	seen *Board
}

// Path is where the page stands.
const Path = "/live"

// Title is what the page is called.
var Title = analysis.Text{EN: "Live", ZH: "实时"}

// refresh is how often the browser looks again, in seconds; a look is as old as that at most.
const refresh = 10

// lookTime ends a look at the source.
const lookTime = 20 * time.Second

// New makes the page. The source need not be there yet.
func New(o Options) (*Page, error) {
	p := &Page{o: o, name: path.Base(o.Source), fail: func(w http.ResponseWriter, _ *http.Request, err error) { serve.WriteProblem(w, err) }}
	if !sqldb.Is(o.Source) {
		p.read = func(ctx context.Context) (*Board, error) { return readFile(ctx, o.Source) }
		return p, nil
	}
	u, err := sqldb.Parse(o.Source)
	if err != nil {
		return nil, err
	}
	p.name = u.Table
	p.read = (&tableReader{url: u, getenv: o.Getenv}).read
	return p, nil
}

// Mount adds the page to a server.
func (pg *Page) Mount(s *serve.Server) {
	pg.fail = s.Fail
	s.Handle("GET "+Path, serve.Read, pg)
}

// ServeHTTP implements http.Handler.
func (pg *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := phrase.Printer{Lang: pg.o.Frame.Lang(r), Currency: pg.o.Currency}
	b, err := pg.look(r.Context())
	var views []*analysis.View
	if err == nil {
		views, err = pg.views(p, b)
	}
	if err != nil {
		pg.fail(w, r, err)
		return
	}
	sub := p.Pick("Windows of the stream "+phrase.Name(pg.name, 80), "流 "+phrase.Name(pg.name, 80)+" 的窗口")
	if len(b.By) > 0 {
		sub += p.Pick(", by ", "，按 ") + phrase.Name(strings.Join(b.By, ", "), 120)
	}
	pg.o.Frame.Write(w, r, web.Framed{Path: Path, Title: Title.In(p.Lang), Subtitle: sub, Views: views, Refresh: refresh, More: b.all(p)})
}

// look reads the source, at most once a refresh.
func (pg *Page) look(ctx context.Context) (*Board, error) {
	pg.mu.Lock()
	defer pg.mu.Unlock()
	if now := pg.o.Now(); pg.seen != nil && now.Sub(pg.at) < refresh*time.Second/2 {
		return pg.seen, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	b, err := pg.read(ctx)
	if err != nil {
		return nil, err
	}
	pg.seen, pg.at = b, pg.o.Now()
	return b, nil
}
