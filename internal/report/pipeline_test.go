package report_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/open"
)

// run describes one report of a test.
type run struct {
	shop           generate.Options // a synthetic shop …
	csv            string           // … or the text of a CSV file
	maps           map[string]string
	lang, currency string
	title          string
}

// fixedNow is the tests' clock: 2026-06-01 06:00 UTC in µs.
const fixedNow = int64(1780293600) * 1e6

// makeDocument runs the real pipeline: open, map, clean, scan, views.
func makeDocument(t testing.TB, r run) *report.Document {
	t.Helper()
	return makeDocumentWith(t, r, local.New(local.Options{}))
}

// makeDocumentWith is makeDocument on a given engine.
func makeDocumentWith(t testing.TB, r run, eng engine.Engine) *report.Document {
	t.Helper()
	ctx := context.Background()
	ds := openRun(t, r)
	rel, notices, err := schema.Build(ctx, schema.BuildOptions{Fact: ds, Maps: r.maps, Now: fixedNow})
	if err != nil {
		t.Fatal(err)
	}
	req := &analysis.Request{Rel: rel, Params: map[string]string{}, From: query.MinTime, To: query.MaxTime, AsOf: query.MaxTime,
		Now: fixedNow, Lang: r.lang}
	req.InCurrency(r.currency)
	rep, err := analysis.RunReport(ctx, eng, req)
	if err != nil {
		t.Fatal(err)
	}
	doc := &report.Document{Title: r.title, Lang: r.lang, Currency: r.currency, Views: rep.Views, Provenance: report.Provenance{
		Inputs: ds.Inputs(), Account: rep.Account, AsOf: rep.AsOf, Now: fixedNow, Zone: rel.Zone, Version: "1.0.0",
		Command: "ecomctl report orders.parquet --html", Notices: ds.Notices(),
	}}
	_ = notices                            // for standard error, not for the page
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

// openRun opens the run's data.
func openRun(t testing.TB, r run) source.Dataset {
	t.Helper()
	if r.csv == "" {
		shop, err := generate.Orders(r.shop)
		if err != nil {
			t.Fatal(err)
		}
		return shop
	}
	file := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(file, []byte(r.csv), 0o600); err != nil {
		t.Fatal(err)
	}
	ds, err := open.Open(context.Background(), []string{file}, open.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ds.Close() })
	return ds
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
