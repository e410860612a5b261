package web

import (
	"net/http"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/serve"
)

// Frame makes single pages that look like the site's, for servers that are not the site: the
// monitoring page.
type Frame struct{ s *Site }

// NewFrame makes a frame with the shop's or server's name.
func NewFrame(brand, version, lang string) *Frame {
	s := New(Options{Title: brand, Version: version, Lang: lang, Data: nothing{}})
	return &Frame{s}
}

// nothing serves no data.
type nothing struct{ Data }

func (nothing) Datasets() []serve.Dataset { return nil }

// ServeAsset answers GET /assets/{name}.
func (f *Frame) ServeAsset(w http.ResponseWriter, r *http.Request) { f.s.assets.serve(w, r) }

// Lang is the language of a request.
func (f *Frame) Lang(r *http.Request) string { return langOf(r, r.URL.Query().Get("lang"), f.s.o.Lang) }

// Framed is one page of a frame.
type Framed struct {
	Path, Title, Subtitle string
	Views                 []*analysis.View
	Refresh               int // seconds until the browser asks again; 0 = never
}

// Write makes and sends a page.
func (f *Frame) Write(w http.ResponseWriter, r *http.Request, pg Framed) {
	said := r.URL.Query().Get("lang")
	st := &state{lang: f.Lang(r), langSaid: isLang(said), period: "all", compare: "prev", measure: "revenue"}
	p := phrase.Printer{Lang: st.lang}
	parts, err := report.NewParts(pg.Views, p, report.PartsOptions{RoomClasses: true, OpenTables: true})
	if err != nil {
		serve.WriteProblem(w, err)
		return
	}
	m := f.s.model(pg.Title, pg.Path, st, p)
	m.Nav = []link{{Name: pg.Title, URL: st.at(pg.Path), Current: true}}
	m.subsections("", pg.Views)
	m.Home, m.Subtitle, m.Charts, m.Reload = st.at(pg.Path), pg.Subtitle, parts.Charts, pg.Refresh
	for _, sec := range parts.Sections {
		m.Blocks = append(m.Blocks, shown{Section: sec})
	}
	f.s.write(w, r, http.StatusOK, m)
}
