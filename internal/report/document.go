// Package report turns the views of analyses into one self-contained HTML page, and
// into JSON with the same content.
//
//	analysis.View ─┐
//	               ├─▶ Document ─Render─▶ one HTML file (no request, no external file)
//	Provenance  ───┘        └───JSON──▶ the data
//
// Text of the data is hostile until proven otherwise: html/template escapes it, chart
// options are JSON in a data block, and the page's policy admits only the scripts whose
// hashes it lists. The same document gives the same bytes.
package report

import (
	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Document is a report before it is drawn.
type Document struct {
	Title      string
	Lang       string // "en", "zh"
	Currency   string
	Views      []*analysis.View
	Provenance Provenance
}

// Provenance says what a report was made from and how to make it again.
type Provenance struct {
	Table   string // "events" for a page about a click-stream alone; else orders
	Inputs  []source.Input
	Account query.Account
	// Mapping lists which column of the input each canonical column came from.
	Mapping []Mapped
	// Rules are the ordered clean rules in words.
	Rules []Rule
	// AsOf and Now are µs; AsOf in the zone's wall time, Now in UTC.
	AsOf, Now int64
	Zone      string
	Version   string
	// Command makes the page again; URLs redacted, secrets as ${…}.
	Command string
	// Notices are remarks of the sources: nested columns passed over, a guessed encoding.
	Notices []string
}

// Mapped is one column of the mapping.
type Mapped struct{ Canonical, From string }

// Rule is one clean rule in words.
type Rule struct{ Name, Kind, Text string }
