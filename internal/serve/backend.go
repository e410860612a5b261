package serve

import (
	"context"
	"errors"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Scope says which rows and days a question is about. Zero values are the server's own settings.
type Scope struct {
	From, To string // dates, half-open; "" = open
	AsOf     string // date; "" = the day after the last sold line
	Where    string // condition over canonical columns; "" = all rows
	Currency string
	Lang     string // "en", "zh"
	Net      bool   // reversals add their negative money
}

// Ask is one question to the data that is served.
type Ask struct {
	// Analysis is the name of a registered analysis ("sales", "behavior predict"); "" asks for
	// the report.
	Analysis string
	// Params are the analysis's parameters by Param.Name; what is missing has its default.
	Params map[string]string
	// Dataset names one of Backend.Datasets; "" is the first that the analysis can read.
	Dataset string
	// Input is a path below one of the configured roots, instead of Dataset.
	Input string
	Scope
}

// Answer is a finished analysis. It is shared by everybody who asked the same: nobody changes it.
type Answer struct {
	Table   *result.Table
	Notes   []string // remarks for people
	Account query.Account
	AsOf    int64          // µs of wall time
	Zone    *time.Location // of the table's times
	// Tag is the digest of inputs, parameters and version: equal tags, equal answers.
	Tag string
}

// Dataset is one thing that is served.
type Dataset struct {
	Name   string   // as ?dataset= takes it
	Inputs []string // what it is read from, without secrets
	Table  string   // canonical table: "orders", "events", …; "" until it is loaded
	// State is loading, ready or failed; Err says why it failed.
	State State
	Err   error
	// Rows, First, Last and the account are known when State is Ready; First and Last are µs of
	// wall time of the sold lines.
	Rows        int64
	First, Last int64
	Account     query.Account
	Currency    string
	Digest      string // of the inputs
}

// State is how far a dataset is.
type State uint8

// The states of a dataset.
const (
	Loading State = iota // its first scan runs
	Ready
	Failed
)

// String returns the word that the API uses.
func (s State) String() string { return [...]string{"loading", "ready", "failed"}[s] }

// Backend answers questions. Equal questions at the same time are computed once, answers are
// remembered, and only so many are computed at the same time: the others wait, and when too many
// wait they are refused with a fault.Unavailable error that RetryAfter reads.
type Backend interface {
	// Datasets lists what is served, in the order of the command line, uploads last.
	Datasets() []Dataset
	// Tag returns the Tag that the answer to a question has or would have, without computing it. It
	// fails for names that do not exist, and with Busy while the dataset loads.
	Tag(ctx context.Context, q Ask) (string, error)
	// Table answers an analysis.
	Table(ctx context.Context, q Ask) (*Answer, error)
	// Report answers all sections in one scan. The document is shared: nobody changes it. Its
	// tag is that of the same Ask with Analysis "".
	Report(ctx context.Context, q Ask) (*report.Document, error)
}

// Busy is why an answer is not there yet, and when to ask again.
type Busy struct {
	Why   string
	After time.Duration
}

// Error implements error.
func (b *Busy) Error() string { return b.Why }

// NewBusy returns a fault.Unavailable error that asks to come back after a while.
func NewBusy(after time.Duration, why string) error {
	return fault.New(fault.Unavailable, "%w", &Busy{Why: why, After: after}).WithHint("ask again in %s", after)
}

// RetryAfter returns when to ask again, in whole seconds, for an error that waiting cures.
func RetryAfter(err error) (seconds int, ok bool) {
	var b *Busy
	if !errors.As(err, &b) {
		return 0, false
	}
	return max(1, int((b.After+time.Second-1)/time.Second)), true
}

// Work asks an opened and mapped input whose request has its scope filled in. What it returns is
// shared: nobody changes it.
type Work func(ctx context.Context, eng engine.Engine, r *analysis.Request) (any, error)
