package analysis

import (
	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/result"
)

// View is a report section as data: words first, then tiles, then figures. The
// report and the pages of `serve` draw it with the same components.
type View struct {
	ID    string // stable anchor: "sales"
	Title string
	// Lead is the finding with its number and cause, then further sentences.
	Lead    []string
	Tiles   []Tile
	Figures []Figure
	// Actions are what to do about it, each bound to rows of the data.
	Actions []Action
	// Missing says what is not there and how to provide it; a View with Missing and
	// no figures is an empty state.
	Missing string
}

// Action is one thing to do: for whom, and what.
type Action struct {
	Head string // "At risk: 312 customers, £41.2K"
	Text string
}

// Trend says whether a change is outside what is usual.
type Trend uint8

// The trends of a tile.
const (
	NoTrend    Trend = iota
	Usual            // within the usual range
	Unusual          // outside the usual range
	TooFewData       // cannot be told
)

// Tile is a headline figure.
type Tile struct {
	Label  string
	Value  string // at most three significant digits, with unit
	Full   string // full precision, for hover
	Change string // against the previous comparable period, signed: "−4.2 %"; "" = none
	Up     bool   // Change is positive
	Good   bool   // an increase is good news (revenue) or bad (returns)
	Trend  Trend
	Note   string    // "vs the 7 days before"
	Spark  []float64 // NaN = no value
}

// Figure is one chart that answers one question, with its table view.
type Figure struct {
	ID       string // stable: "sales-daily"
	Question string // the chart's title
	Alt      string // alternative text: the generated sentence
	Chart    *chart.Chart
	Table    *result.Table // what the table view and the CSV download show
	Note     string        // below: what is hatched, what was left out
}
