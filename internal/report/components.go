package report

import (
	"bufio"
	"encoding/json"
	"html/template"
	"io"
	"strings"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/result"
)

// What follows lets the pages of `serve` be made of the report's components: the same templates,
// styles and script, with other addresses around them.

// Components returns a copy of the templates "section", "figure" and "trust", for a page to add its own to.
func Components() *template.Template { return template.Must(pages().Clone()) }

// PartsOptions say where the parts of a page link to.
type PartsOptions struct {
	// Definitions is the address before "def-ID" of the definitions; "" links none.
	Definitions string
	// CSV gives the address of a figure's download; nil lets the page's script make the file.
	CSV func(figure string) string
	// OpenTables shows the tables of figures without a chart.
	OpenTables bool
	// RoomClasses takes the charts' height from the classes of RoomCSS instead of one a chart.
	RoomClasses bool
}

// Parts are views made ready for the templates.
type Parts struct {
	Sections []Section
	// Charts is the JSON that the page's script draws, for a block of type application/json.
	Charts template.JS
	charts []*chart.Chart
}

// NewParts makes views ready.
func NewParts(views []*analysis.View, p phrase.Printer, o PartsOptions) (*Parts, error) {
	out, w := &Parts{}, wordsIn(p)
	for _, v := range views {
		s := Section{View: v, W: w}
		if m := methods[v.ID]; m != "" && o.Definitions != "" {
			s.Method = o.Definitions + "def-" + m
		}
		for _, t := range v.Tiles {
			s.Tiles = append(s.Tiles, newTile(t, w))
		}
		for _, f := range v.Figures {
			s.Figures = append(s.Figures, out.figure(f, p, w, o))
		}
		out.Sections = append(out.Sections, s)
	}
	raw, err := json.Marshal(map[string]any{"tokens": chart.Tokens, "charts": out.charts, "words": map[string]string{"nocharts": w.NoCharts}})
	if err != nil {
		return nil, fault.New(fault.Internal, "marshalling charts: %w", err)
	}
	out.Charts = template.JS(raw) // encoding/json escapes <, >, &, U+2028 and U+2029
	return out, nil
}

func (out *Parts) figure(f analysis.Figure, p phrase.Printer, w words, o PartsOptions) figure {
	g := figure{Fig: f, Index: len(out.charts), W: w, Room: "c" + itoa(len(out.charts))}
	if f.Chart != nil {
		if o.RoomClasses {
			g.Room = roomClass(f.Chart.Height)
		}
		out.charts = append(out.charts, f.Chart)
		g.Legend, g.Scale = legend(f.Chart.Legend)
	}
	if f.Table != nil && f.Table.N > 0 {
		t := newTable(f.Table, p)
		g.Table = &t
		g.Open = o.OpenTables && f.Chart == nil
		if o.CSV != nil {
			g.CSV = o.CSV(f.ID)
		}
	}
	return g
}

// The charts' heights as classes, in steps of the 8-pixel rhythm: a page whose policy
// forbids styles of its own reserves their room with them.
const (
	roomStep = 8
	roomMost = 2400
)

func roomClass(height int) string {
	h := (height + roomStep - 1) / roomStep * roomStep
	return "h" + itoa(min(h, roomMost))
}

// RoomCSS are the classes of PartsOptions.RoomClasses.
func RoomCSS() string {
	var b strings.Builder
	for h := roomStep; h <= roomMost; h += roomStep {
		b.WriteString(".h" + itoa(h) + "{min-height:" + itoa(h) + "px}\n")
	}
	return b.String()
}

// CSS is the style of the components: palettes of both themes, then layout.
func CSS() string { return themeCSS() + pageCSS }

// Scripts are the page's scripts: theme runs before the first paint, page draws the charts.
func Scripts() (theme, page string) { return themeJS, pageJS }

// Library returns the chart library packed by gzip; nil in a binary built without it.
func Library() []byte {
	packed, err := dist.ReadFile("assets/dist/echarts.min.js.gz")
	if err != nil {
		return nil
	}
	return packed
}

// Trust is what the template "trust" tells: how a page came about.
type Trust struct {
	W           words
	Identity    string
	Inputs      []input
	Facts       []fact
	Command     string
	Definitions []definition
}

// NewTrust makes the trust box of a document.
func NewTrust(doc *Document, p phrase.Printer) Trust { return newTrust(doc.normal(), p) }

func newTrust(doc *Document, p phrase.Printer) Trust {
	return Trust{W: wordsIn(p), Identity: identity(doc, p), Inputs: inputs(doc, p), Facts: facts(doc, p), Command: doc.Provenance.Command, Definitions: definitionsOf(doc, p)}
}

// Subtitle says the span of the sales, the rows and the day of making.
func Subtitle(doc *Document, p phrase.Printer) string { return subtitle(doc.normal(), p) }

// WriteCSV writes a table as the CSV button of a page saves it: names of columns, values in full
// precision, UTF-8 with a mark that spreadsheets look for. A text that a spreadsheet would run as a formula
// gets an apostrophe.
func WriteCSV(w io.Writer, t *result.Table, p phrase.Printer) error {
	b := bufio.NewWriterSize(w, 1<<16)
	_, _ = b.WriteString("\ufeff") // errors stay in b until Flush
	for k := range t.Columns {
		csvCell(b, k, t.Columns[k].Name)
	}
	_, _ = b.WriteString("\r\n")
	for i := range t.N {
		for k := range t.Columns {
			c := newCell(&t.Columns[k], i, p)
			text := c.Text
			switch {
			case t.Columns[k].Data.IsNull(i):
				text = ""
			case c.Raw != "":
				text = c.Raw
			}
			if numeric(t.Columns[k].Type) {
				if k > 0 {
					_ = b.WriteByte(',')
				}
				_, _ = b.WriteString(text)
			} else {
				csvCell(b, k, text)
			}
		}
		_, _ = b.WriteString("\r\n")
	}
	return fault.Wrap(b.Flush(), "writing CSV")
}

// csvCell writes a text that is no number.
func csvCell(b *bufio.Writer, k int, s string) {
	if k > 0 {
		_ = b.WriteByte(',')
	}
	s = Unformula(s)
	if strings.ContainsAny(s, "\",\r\n") {
		s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	_, _ = b.WriteString(s)
}

// Unformula puts an apostrophe before a text that a spreadsheet would run.
func Unformula(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}
