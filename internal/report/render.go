package report

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"strings"
	"sync"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
)

//go:embed page/page.tmpl
var pageTemplate string

// pages are parsed when the first page is made: most commands make none.
var pages = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageTemplate)) })

// page is what the template sees.
type page struct {
	Trust
	Doc        *Document
	HTMLLang   string
	CSP        string
	CSS        template.CSS
	ThemeJS    template.JS
	Subtitle   string
	Sections   []Section
	ChartsJSON template.JS
}

type fact struct{ Name, Text string }

// Section is a view with its parts made ready for the template "section".
type Section struct {
	View    *analysis.View
	Tiles   []tile
	Figures []figure
	Method  string // link to the definition that explains the section; "" = none
	W       words
}

// methods are the definitions that explain a section, by the section's id.
var methods = map[string]string{"sales": "period", "customers": "rfm", "retention": "cohort", "quality": "sale", "products": "money", "regions": "money",
	"funnel": "funnel", "visits": "visit", "basket": "pairs", "lifetime": "future", "groups": "group", "recommend": "proposal", "next": "next",
	"anomaly": "unusual", "forecast": "outlook"}

// figure is a figure with its place in the list of charts.
type figure struct {
	Fig    analysis.Figure
	Index  int
	Room   string // class that reserves the chart's height
	Open   bool   // the table is in sight at once
	CSV    string // address of the table's download; "" lets the page's script make it
	Table  *table
	Legend []key
	Scale  bool // the legend is a colour scale
	W      words
}

// key is one entry of a drawn legend.
type key struct {
	Token, Text               string
	Hatch, Faint, Before, End bool
}

// Render writes the document as one HTML page. It fails when w does, or when the
// embedded library is damaged; data cannot make it fail.
func Render(w io.Writer, doc *Document) error {
	return renderWith(w, doc, loadLibrary())
}

// renderWith is Render with the chart library given.
func renderWith(w io.Writer, doc *Document, lib library) error {
	if lib.err != nil {
		return lib.err
	}
	pg, err := newPage(doc, lib)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.Grow(1 << 20)
	if err := pages().ExecuteTemplate(&b, "head", pg); err != nil {
		return fault.New(fault.Internal, "filling the page: %w", err)
	}
	if lib.packed != "" {
		b.WriteString("<script type=\"text/plain\" id=\"lib\">" + lib.packed + "</script>\n")
	} else {
		b.WriteString("<script src=\"" + RemoteLibrary + "\"></script>\n")
	}
	b.WriteString("<script>" + pageJS + "</script>\n</body>\n</html>\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return fault.Wrap(err, "writing the page")
	}
	return nil
}

// normal returns the document with its title and currency spelled out.
func (doc *Document) normal() *Document {
	own := *doc
	if own.Lang != "zh" {
		own.Lang = "en"
	}
	if own.Title == "" {
		own.Title = phrase.Printer{Lang: own.Lang}.Pick("Shop report", "店铺报告")
	}
	if c := own.Provenance.Account.Currencies; own.Currency == "" && len(c) == 1 {
		own.Currency = phrase.Name(c[0].Reason, 8)
	}
	return &own
}

func newPage(doc *Document, lib library) (*page, error) {
	doc = doc.normal()
	p := phrase.Printer{Lang: doc.Lang, Currency: doc.Currency}
	pg := &page{Trust: newTrust(doc, p), Doc: doc, HTMLLang: p.Pick("en", "zh-CN"), ThemeJS: template.JS(themeJS), Subtitle: subtitle(doc, p)}
	pg.CSP = policy(lib, themeJS, pageJS)
	parts, err := NewParts(doc.Views, p, PartsOptions{Definitions: "#"})
	if err != nil {
		return nil, err
	}
	pg.Sections, pg.ChartsJSON = parts.Sections, parts.Charts
	pg.CSS = template.CSS(themeCSS() + heightsCSS(parts.charts) + pageCSS)
	return pg, nil
}

// legend prepares the keys; six of the ordered scale in a row make a colour scale.
func legend(keys []chart.Key) ([]key, bool) {
	out := make([]key, 0, len(keys))
	scale := len(keys) >= 6 && keys[0].Color == "@o1" && keys[5].Color == "@o6"
	for i, k := range keys {
		token := strings.TrimPrefix(k.Color, "@")
		d := key{Token: token, Text: k.Text, Hatch: k.Hatch, Before: scale && i == 0, End: scale && i > 5}
		switch token {
		case "band":
			d.Token, d.Faint = "s1", true
		case "weekend":
			d.Token = "weekend"
		}
		out = append(out, d)
	}
	return out, scale
}

// heightsCSS reserves the charts' room, so that drawing them moves nothing.
func heightsCSS(charts []*chart.Chart) string {
	var b strings.Builder
	for i, c := range charts {
		b.WriteString(".c" + itoa(i) + "{min-height:" + itoa(c.Height) + "px}\n")
	}
	return b.String()
}

// themeCSS writes the palettes as custom properties; paper is always light.
func themeCSS() string {
	list := func(t chart.Theme) string {
		var b strings.Builder
		for _, k := range chart.Tokens {
			b.WriteString("--" + k + ":" + t[k] + ";")
		}
		return b.String()
	}
	const fonts = `--font:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif;` +
		`--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;`
	return ":root{color-scheme:light;" + fonts + list(chart.Light) + "}\n" +
		"@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]):not([data-paper]){color-scheme:dark;" + list(chart.Dark) + "}}\n" +
		"@media screen{:root[data-theme=dark]:not([data-paper]){color-scheme:dark;" + list(chart.Dark) + "}}\n"
}
