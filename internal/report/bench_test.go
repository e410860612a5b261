package report_test

import (
	"io"
	"testing"

	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/report"
)

func BenchmarkRender(b *testing.B) {
	doc := makeDocument(b, run{shop: generate.Options{Rows: 20_000, Regions: "gb", Seed: 5}, lang: "en"})
	for b.Loop() {
		if err := report.Render(io.Discard, doc); err != nil {
			b.Fatal(err)
		}
	}
}
