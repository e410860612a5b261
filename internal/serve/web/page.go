package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/serve"
)

//go:embed template
var templateFiles embed.FS

// templates are parsed when the first page is asked for: most commands serve none.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(report.Components().ParseFS(templateFiles, "template/*.tmpl"))
})

// pageDef is one page: which sections of the report it shows, and how.
type pageDef struct {
	id, path string
	title    analysis.Text
	sections []string // ids of the report's sections
	explore  bool     // the chosen period beside another one stands first
	full     bool     // the menus of the sales explorer are shown
	arrange  func(s *state, p phrase.Printer, in *content) []block
}

// content is what is computed for a page.
type content struct {
	explore  *analysis.Report // nil = not asked
	rep      *analysis.Report
	span     *analysis.Span
	data     days
	chosen   days
	prov     report.Provenance
	by       []string // dimensions that the data offer
	table    string
	currency string // the server's own
}

// block is a view on a page, with where to read more.
type block struct {
	View *analysis.View
	More *link
}

type link struct {
	Name, URL string
	Current   bool
	Subs      []link
}

// model is what the templates see.
type model struct {
	HTMLLang, Title, Brand, Subtitle, Version string
	A                                         assets
	W                                         words
	Nav                                       []link
	Home                                      string
	Lang                                      link
	LangTag                                   string
	Controls                                  *controls
	Blocks                                    []shown
	Charts                                    template.JS
	Trust                                     *report.Trust
	Actions                                   []analysis.Action
	Refresh                                   int // the answer is on its way: seconds until the browser asks again
	Reload                                    int // seconds until the page is shown anew
	Waited                                    string
	Problem                                   *problem
	Upload                                    *uploadModel
}

// Again is when the browser asks anew by itself, in seconds; 0 = never.
func (m *model) Again() int { return max(m.Refresh, m.Reload) }

// shown is a block made ready.
type shown struct {
	Section report.Section
	More    *link
}

// problem is an error on a page.
type problem struct {
	Title, Text, Hint string // Title "" = the usual one
	Choices           []link
}

// page answers one page.
func (s *Site) page(def *pageDef) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st, err := readState(r, s.o.Lang)
		p := phrase.Printer{Lang: st.lang}
		if err != nil {
			s.fail(w, r, def, &st, p, err)
			return
		}
		ds, err := s.dataset(&st)
		if err != nil {
			s.fail(w, r, def, &st, p, err)
			return
		}
		key := def.id + "\x00" + ds.Name + "\x00" + ds.Digest + "\x00" + st.lang + "\x00" + st.query()
		v, err := s.desk.ask(r.Context(), key, s.o.Patience, s.o.Now, func(ctx context.Context) (any, error) {
			return s.compute(ctx, def, &st, ds)
		})
		if err != nil {
			s.fail(w, r, def, &st, p, err)
			return
		}
		s.show(w, r, def, &st, v.(*content), ds)
	})
}

// dataset finds the dataset of the address.
func (s *Site) dataset(st *state) (serve.Dataset, error) {
	all := s.o.Data.Datasets()
	if len(all) == 0 {
		return serve.Dataset{}, fault.New(fault.NotFound, "nothing is served yet").WithHint("start the server with a file: ecomctl serve orders.csv; or upload one")
	}
	if st.dataset == "" {
		return all[0], all0(all[0])
	}
	i := slices.IndexFunc(all, func(d serve.Dataset) bool { return d.Name == st.dataset })
	if i < 0 {
		return serve.Dataset{}, fault.New(fault.NotFound, "no dataset is called %.60q", st.dataset)
	}
	return all[i], all0(all[i])
}

// all0 is why a dataset cannot be asked.
func all0(d serve.Dataset) error {
	if d.State == serve.Failed && d.Err != nil {
		return d.Err
	}
	return nil
}

// scoped lays the filters and the days of the address over a request.
func (s *state) scoped(r *analysis.Request, d days, all bool) (*analysis.Request, error) {
	own := *r
	if !all {
		own.From, own.To = max(r.From, d.from*dayMicros), min(r.To, d.end*dayMicros)
		if own.From >= own.To {
			return nil, fault.New(fault.Usage, "the chosen days hold no data").WithHint("choose a period within the data")
		}
	}
	for _, c := range filterColumns {
		var value *string
		v, ok := s.filters[c]
		switch {
		case ok:
			value = &v
		case !s.unknown[c]:
			continue
		}
		cond, err := analysis.Equals(r.Rel, c, value)
		if err != nil {
			return nil, err
		}
		own.Where = conjunction(own.Where, cond)
	}
	return &own, nil
}

// compute makes what a page shows.
func (s *Site) compute(ctx context.Context, def *pageDef, st *state, ds serve.Dataset) (*content, error) {
	q := serve.Ask{Dataset: ds.Name, Scope: serve.Scope{Lang: st.lang, Currency: st.currency}}
	head, err := s.o.Data.Compute(ctx, q, "web.head", headWork)
	if err != nil {
		return nil, err
	}
	out := *head.(*content)
	chosen, all := st.resolve(out.data)
	out.chosen = chosen
	var before days
	if !all {
		before = st.before(chosen, out.data)
	}
	explores := def.explore && out.table == "orders" && (def.full || !all)
	key := st.pageOnly().with(func(s *state) { s.compare = "prev" }).query()
	v, err := s.o.Data.Compute(ctx, q, "web.sections "+strings.Join(def.sections, ",")+" "+key, func(ctx context.Context, eng engine.Engine, r *analysis.Request) (any, error) {
		own, err := st.scoped(r, chosen, all)
		if err != nil {
			return nil, err
		}
		return analysis.RunSections(ctx, eng, own, def.sections...)
	})
	if err != nil {
		return nil, err
	}
	out.rep = v.(*analysis.Report)
	if explores {
		e := exploreOf(st, before, out.by)
		v, err := s.o.Data.Compute(ctx, q, "web.explore "+st.with(func(s *state) { s.by = e.By; s.bySaid = true }).query(), func(ctx context.Context, eng engine.Engine, r *analysis.Request) (any, error) {
			own, err := st.scoped(r, chosen, all)
			if err != nil {
				return nil, err
			}
			return analysis.RunExplore(ctx, eng, own, e)
		})
		if err != nil {
			return nil, err
		}
		out.explore = v.(*analysis.Report)
	}
	out.prov.Account, out.prov.AsOf, out.prov.Version, out.prov.Command = out.rep.Account, out.rep.AsOf, s.o.Version, s.o.Command
	return &out, nil
}

// exploreOf is the question of the sales explorer.
func exploreOf(st *state, before days, offered []string) analysis.Explore {
	e := analysis.Explore{Measure: st.measure, Cut: st.cut, By: st.by}
	if !st.bySaid && len(offered) > 0 {
		e.By = offered[0]
	}
	if !before.empty() {
		e.CompareFrom, e.CompareTo = before.from*dayMicros, before.end*dayMicros
	}
	return e
}

// listed bounds the values of a filter's list.
const listed = 200

// headWork computes what every page of a dataset needs: its days and the lists of the filters.
func headWork(ctx context.Context, eng engine.Engine, r *analysis.Request) (any, error) {
	out := &content{table: r.Rel.Name, prov: provenanceOf(r), currency: r.Currency}
	if r.Rel.Name != "orders" {
		return out, nil
	}
	span, err := analysis.Values(ctx, eng, r, listed, filterColumns...)
	if err != nil {
		return nil, err
	}
	out.span, out.by = span, analysis.ExploreBy(r.Rel)
	if span.AsOf != 0 && span.AsOf != query.MaxTime && span.Account.FirstSold < span.AsOf {
		out.data = days{dayOf(span.Account.FirstSold), dayOf(span.AsOf)}
	}
	return out, nil
}

// show writes a page, or the table of one of its figures.
func (s *Site) show(w http.ResponseWriter, r *http.Request, def *pageDef, st *state, in *content, ds serve.Dataset) {
	p := printerOf(st, in)
	blocks := def.arrange(st, p, in)
	if id := r.URL.Query().Get("csv"); id != "" {
		s.csv(w, r, blocks, id, p)
		return
	}
	views := make([]*analysis.View, len(blocks))
	for i, b := range blocks {
		views[i] = b.View
	}
	here := st.at(def.path)
	parts, err := report.NewParts(views, p, report.PartsOptions{Definitions: st.pageOnly().at("/quality") + "#", RoomClasses: true,
		CSV: func(figure string) string { return addParam(here, "csv", figure) }})
	if err != nil {
		s.fail(w, r, def, st, p, err)
		return
	}
	m := s.model(def.title.In(st.lang), def.path, st, p)
	m.Charts = parts.Charts
	for i := range parts.Sections {
		m.Blocks = append(m.Blocks, shown{parts.Sections[i], blocks[i].More})
	}
	m.subsections(def.path, views)
	doc := &report.Document{Lang: st.lang, Currency: p.Currency, Views: definitionViews, Provenance: in.prov}
	m.Subtitle = s.subtitle(ds, in, p)
	m.Controls = s.controls(def, st, in, p)
	if def == qualityPage {
		if to := s.rejectsLink(st, in, p); to != nil && len(m.Blocks) > 0 {
			m.Blocks[0].More = to
		}
		t := report.NewTrust(doc, p)
		m.Trust = &t
		m.addSub(def.path, link{Name: p.Pick("Can I trust this?", "数据来源与可信度"), URL: "#trust"})
	}
	if def == overviewPage {
		m.Actions = actionsOf(in)
	}
	s.write(w, r, http.StatusOK, m)
}

// definitionViews make the trust box explain every section, wherever it is shown.
var definitionViews = func() []*analysis.View {
	var out []*analysis.View
	for _, id := range []string{"anomaly", "forecast", "basket", "lifetime", "groups", "recommend"} {
		out = append(out, &analysis.View{ID: id})
	}
	return out
}()

// printerOf writes in the page's language and the data's currency.
func printerOf(st *state, in *content) phrase.Printer {
	p := phrase.Printer{Lang: st.lang, Currency: st.currency}
	if c := in.prov.Account.Currencies; p.Currency == "" && len(c) == 1 {
		p.Currency = phrase.Name(c[0].Reason, 8)
	}
	if p.Currency == "" {
		p.Currency = in.currency
	}
	return p
}

func addParam(address, name, value string) string {
	sep := "?"
	if strings.Contains(address, "?") {
		sep = "&"
	}
	return address + sep + name + "=" + value
}

// csv answers with the table behind a figure.
func (s *Site) csv(w http.ResponseWriter, r *http.Request, blocks []block, id string, p phrase.Printer) {
	for _, b := range blocks {
		for _, f := range b.View.Figures {
			if f.ID != id || f.Table == nil {
				continue
			}
			var buf bytes.Buffer
			if err := report.WriteCSV(&buf, f.Table, p); err != nil {
				serve.WriteProblem(w, err)
				return
			}
			h := w.Header()
			h.Set("Content-Type", "text/csv; charset=utf-8")
			h.Set("Content-Disposition", `attachment; filename="`+id+`.csv"`) // id equals one of ours: letters and dashes
			s.send(w, r, http.StatusOK, buf.Bytes())
			return
		}
	}
	err := fault.New(fault.NotFound, "this page has no table %.60q", id).WithHint("the link below a figure names its table; the figure may be gone under these filters")
	if !serve.ForPeople(r) {
		serve.WriteProblem(w, err)
		return
	}
	m := s.model(wordsIn(p).Error, "", &state{lang: p.Lang, period: "all", compare: "prev", measure: "revenue"}, p)
	m.Problem = &problem{Text: sentenceOf(err.Error()), Hint: fault.HintOf(err)}
	s.write(w, r, http.StatusNotFound, m)
}

// fail writes the page of an error, or says that the answer is on its way.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, def *pageDef, st *state, p phrase.Printer, err error) {
	m := s.model(def.title.In(st.lang), def.path, st, p)
	var wait *working
	if _, busy := serve.RetryAfter(err); errors.As(err, &wait) || busy {
		m.Refresh = 1
		if wait != nil {
			if sec := int(s.o.Now().Sub(wait.since).Seconds()); sec > 0 {
				m.Waited = p.Pick(strconv.Itoa(sec)+" s so far", "已用 "+strconv.Itoa(sec)+" 秒")
			}
		}
		if wait != nil && s.o.Now().Sub(wait.since).Seconds() > 20 {
			m.Refresh = 4
		}
		s.write(w, r, http.StatusAccepted, m)
		return
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the browser has gone
	}
	pr := serve.ProblemOf(err)
	if pr.Status >= 500 {
		s.o.Log.Error("page", "path", r.URL.Path, "error", err.Error())
	}
	m.Problem = &problem{Text: pr.Detail, Hint: pr.Hint}
	var several *currencyError
	switch {
	case errors.As(err, &several):
		m.Problem.Choices = several.choices()
	case severalCurrencies(err):
		s.currencies(m.Problem, def, st)
	}
	s.write(w, r, pr.Status, m)
}

// send writes a body with a tag of its content, or tells the browser that it has it.
func (s *Site) send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Add("Vary", "Accept-Language")
	if status == http.StatusOK {
		sum := sha256.Sum256(body)
		tag := `"` + hex.EncodeToString(sum[:16]) + `"`
		h.Set("ETag", tag)
		if strings.Contains(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// policy is the pages' Content-Security-Policy: what this server serves, and nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// write fills the template and sends it.
func (s *Site) write(w http.ResponseWriter, r *http.Request, status int, m *model) {
	var b bytes.Buffer
	if err := templates().ExecuteTemplate(&b, "layout", m); err != nil {
		s.o.Log.Error("page", "path", r.URL.Path, "error", err.Error())
		serve.WriteProblem(w, fault.New(fault.Internal, "filling the page: %w", err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", m.HTMLLang)
	h.Set("Content-Security-Policy", policy)
	s.send(w, r, status, b.Bytes())
}

// conjunction joins conditions of which either may be nil.
func conjunction(a, b expr.Node) expr.Node { return expr.And(a, b) }
