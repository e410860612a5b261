package web

import (
	"net/http"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/serve"
)

// Frame makes pages that look like the site's: those of others on its server, or the one page of a server that is not
// the site, the monitoring page.
type Frame struct {
	s     *Site
	alone bool // there is no other page
}

// NewFrame makes the frame of a page that is alone, with the shop's or server's name.
func NewFrame(brand, version, lang string) *Frame {
	s := New(Options{Title: brand, Version: version, Lang: lang, Data: nothing{}})
	return &Frame{s, true}
}

// Frame is that of the site's Others.
func (s *Site) Frame() *Frame { return &Frame{s, false} }

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
	// More, where not nil, is a table that is downloaded only; a link named by its question stands below the last view.
	More *analysis.Figure
}

// tables are the figures that have one.
func (pg *Framed) tables() (blocks []block) {
	for _, v := range pg.Views {
		blocks = append(blocks, block{View: v})
	}
	if pg.More != nil {
		blocks = append(blocks, block{View: &analysis.View{Figures: []analysis.Figure{*pg.More}}})
	}
	return blocks
}

// Write makes and sends a page; with ?csv=FIGURE the table behind a figure of it.
func (f *Frame) Write(w http.ResponseWriter, r *http.Request, pg Framed) {
	said := r.URL.Query().Get("lang")
	st := &state{lang: f.Lang(r), langSaid: isLang(said), period: "all", compare: "prev", measure: "revenue"}
	p := phrase.Printer{Lang: st.lang}
	here := st.at(pg.Path)
	csv := func(figure string) string { return addParam(here, "csv", figure) }
	if id := r.URL.Query().Get("csv"); id != "" {
		f.s.csv(w, r, pg.tables(), id, p)
		return
	}
	parts, err := report.NewParts(pg.Views, p, report.PartsOptions{RoomClasses: true, OpenTables: true, CSV: csv})
	if err != nil {
		serve.WriteProblem(w, err)
		return
	}
	m := f.s.model(pg.Title, pg.Path, st, p)
	if f.alone {
		m.Nav, m.Home = []link{{Name: pg.Title, URL: here, Current: true}}, here
	}
	m.subsections("", pg.Views)
	m.Subtitle, m.Charts, m.Reload = pg.Subtitle, parts.Charts, pg.Refresh
	for _, sec := range parts.Sections {
		m.Blocks = append(m.Blocks, shown{Section: sec})
	}
	if n := len(m.Blocks); n > 0 && pg.More != nil {
		m.Blocks[n-1].More = &link{Name: pg.More.Question, URL: csv(pg.More.ID)}
	}
	f.s.write(w, r, http.StatusOK, m)
}
