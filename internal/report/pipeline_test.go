package report_test

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source/open"
)

// run describes one report of a test.
type run struct {
	inputs         []string
	preset         string
	maps           map[string]string
	lang, currency string
	title          string
	command        string
}

// fixedNow is the tests' clock: 2026-11-22 09:00 UTC in µs.
const fixedNow = int64(1795338000) * 1e6

// makeDocument runs the real pipeline: open, map, clean, scan, views.
func makeDocument(t testing.TB, r run) *report.Document {
	t.Helper()
	ctx := context.Background()
	ds, err := open.Open(ctx, r.inputs, open.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ds.Close()
	rel, _, err := schema.Build(ctx, schema.BuildOptions{Fact: ds, Preset: r.preset, Maps: r.maps, Now: fixedNow, Rules: clean.Config{}})
	if err != nil {
		t.Fatal(err)
	}
	req := &analysis.Request{Rel: rel, Params: map[string]string{}, From: query.MinTime, To: query.MaxTime, AsOf: query.MaxTime,
		Now: fixedNow, Currency: r.currency, Lang: r.lang}
	rep, err := analysis.RunReport(ctx, local.New(local.Options{}), req)
	if err != nil {
		t.Fatal(err)
	}
	doc := &report.Document{Title: r.title, Lang: r.lang, Currency: r.currency, Views: rep.Views, Provenance: report.Provenance{
		Inputs: ds.Inputs(), Account: rep.Account, AsOf: rep.AsOf, Now: fixedNow, Zone: rel.Zone, Version: "test", Command: r.command, Notices: ds.Notices(),
	}}
	for i := range doc.Provenance.Inputs { // the folder of a test differs from run to run
		doc.Provenance.Inputs[i].URI = baseName(doc.Provenance.Inputs[i].URI)
	}
	for _, rule := range rel.Rules {
		doc.Provenance.Rules = append(doc.Provenance.Rules, report.Rule{Name: rule.Name, Kind: rule.Kind.String()})
	}
	for _, c := range rel.Columns[:rel.Canonical] {
		doc.Provenance.Mapping = append(doc.Provenance.Mapping, report.Mapped{Canonical: c.Name, From: c.From})
	}
	return doc
}

func baseName(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '/' {
			return s[i+1:]
		}
	}
	return s
}

// renderPage renders a document and fails the test on an error.
func renderPage(t testing.TB, doc *report.Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Render(&b, doc); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDev(t *testing.T) {
	in := os.Getenv("DEV_IN")
	if in == "" {
		t.Skip()
	}
	doc := makeDocument(t, run{inputs: []string{in}, preset: os.Getenv("DEV_PRESET"), lang: os.Getenv("DEV_LANG"), currency: os.Getenv("DEV_CUR"), title: "Online Retail", command: "ecomctl report online_retail.parquet --preset online-retail --currency GBP --html report.html"})
	if err := os.WriteFile(os.Getenv("DEV_OUT"), renderPage(t, doc), 0o644); err != nil {
		t.Fatal(err)
	}
}
