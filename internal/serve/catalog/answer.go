package catalog

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/serve"
	"github.com/ecomctl/ecomctl/internal/session"
)

// table runs an analysis.
func (c *Catalog) table(ctx context.Context, a *asked, s *session.Session, eng engine.Engine) (*serve.Answer, error) {
	res, err := analysis.Run(ctx, eng, a.def, s.Req)
	if err != nil {
		return nil, err
	}
	out := &serve.Answer{Table: res.Main, Notes: res.Notes, Account: res.Account, AsOf: res.AsOf, Zone: s.Zone, Tag: a.tag}
	if res.Broken != nil { // a rule was broken: the table is right, and the client is told
		out.Notes = append(slices.Clone(out.Notes), res.Broken.Error())
	}
	if c.conf.Pseudonym != nil {
		out.Table.Pseudonymise(c.conf.Pseudonym)
	}
	return out, nil
}

// tableBytes is about what a table holds.
func tableBytes(t *result.Table) int64 {
	n := int64(1024)
	for i := range t.Columns {
		d := &t.Columns[i].Data
		n += int64(8*len(d.I64) + 8*len(d.F64) + 4*len(d.Off) + len(d.Data) + 4*len(d.Codes) + len(d.Valid))
		if d.Dict != nil {
			n += int64(len(d.Dict.Data) + 4*len(d.Dict.Off))
		}
	}
	return n
}

// document is a report with its tag.
type document struct {
	*report.Document
}

// Report implements serve.Backend.
func (c *Catalog) Report(ctx context.Context, q serve.Ask) (*report.Document, error) {
	if q.Analysis != "" {
		return nil, fault.New(fault.Internal, "a report has no analysis")
	}
	a, err := c.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	if v, ok := c.memory.get(a.tag); ok {
		return v.(*document).Document, nil
	}
	doc, _, err := c.reports.Do(ctx, a.tag, func(ctx context.Context) (*document, error) {
		var out *document
		err := c.compute(ctx, a, func(s *session.Session, eng engine.Engine) error {
			rep, err := analysis.RunReport(ctx, eng, s.Req)
			if err == nil {
				out = &document{c.document(a, s, rep)}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		c.memory.put(a.tag, out, viewsBytes(out.Views))
		return out, nil
	})
	if err != nil {
		return nil, c.unwrap(err)
	}
	return doc.Document, nil
}

// Compute runs work on a dataset under the scope of a question, as Table does for an analysis:
// once for all who ask the same, behind the gate, remembered unless it is nil. what tells the work from others.
func (c *Catalog) Compute(ctx context.Context, q serve.Ask, what string, work serve.Work) (any, error) {
	a, err := c.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	a.what, a.tag = what, serve.RenderKey(a.tag, "compute", what)
	if v, ok := c.memory.get(a.tag); ok {
		return v, nil
	}
	v, _, err := c.others.Do(ctx, a.tag, func(ctx context.Context) (any, error) {
		var out any
		err := c.compute(ctx, a, func(s *session.Session, eng engine.Engine) (err error) {
			out, err = work(ctx, eng, s.Req)
			return err
		})
		if err == nil && out != nil {
			c.memory.put(a.tag, out, bytesOf(out))
		}
		return out, err
	})
	return v, c.unwrap(err)
}

// bytesOf is about what a value holds.
func bytesOf(v any) int64 {
	switch v := v.(type) {
	case *analysis.Report:
		return viewsBytes(v.Views)
	case *analysis.View:
		return viewsBytes([]*analysis.View{v})
	case *result.Table:
		return tableBytes(v)
	}
	return 256 << 10
}

// viewsBytes is about what sections hold: their tables, and their charts once more.
func viewsBytes(views []*analysis.View) int64 {
	n := int64(64 << 10)
	for _, v := range views {
		if v == nil {
			continue
		}
		for _, f := range v.Figures {
			if f.Table != nil {
				n += 2 * tableBytes(f.Table)
			}
		}
	}
	return n
}

// document puts views and provenance together.
func (c *Catalog) document(a *asked, s *session.Session, rep *analysis.Report) *report.Document {
	lang := s.Req.Lang
	if lang == "" {
		lang = "en"
	}
	p := report.ProvenanceOf(s.Rel, s.Data, s.Tables, rep, s.Now)
	p.Version, p.Command = c.conf.Version, c.command(a)
	return &report.Document{Lang: lang, Currency: s.Req.Currency, Views: rep.Views, Provenance: p}
}

// command makes the report again on the command line.
func (c *Catalog) command(a *asked) string {
	set := a.set.settings()
	overlay(&set, &a.scop)
	parts := []string{"ecomctl", "report"}
	for _, in := range a.set.src.Inputs {
		parts = append(parts, report.ShellQuote(config.Redact(in)))
	}
	add := func(flag, v string) {
		if v != "" {
			parts = append(parts, "--"+flag, report.ShellQuote(config.Redact(v)))
		}
	}
	add("preset", set.Preset)
	for _, k := range slices.Sorted(maps.Keys(set.Maps)) {
		add("map", k+"="+set.Maps[k])
	}
	add("products", set.Products)
	add("customers", set.Customers)
	add("from", set.From)
	add("to", set.To)
	add("as-of", set.AsOf)
	add("where", set.Where)
	add("tz", set.TZ)
	add("currency", set.Currency)
	add("rates", set.Rates)
	add("lang", set.Lang)
	for _, f := range []struct {
		name string
		on   bool
	}{{"net", set.Net}, {"no-clean", set.NoClean}, {"reject-free", set.RejectFree}, {"dedupe", set.Dedupe}, {"pseudonymise", c.conf.Pseudonym != nil}} {
		if f.on {
			parts = append(parts, "--"+f.name)
		}
	}
	return strings.Join(append(parts, "--html"), " ")
}
