// Package analysis holds the registry of analyses. One value of Definition, in
// one file, is everything ecomctl knows about an analysis: what it needs, what it
// asks of the engine, how the answer is finished, what its columns mean, and how it
// looks in a report. The command line, the docs, the report and later the REST
// interface are made from it.
//
//	Request ─Plan─▶ query.Plan ─engine─▶ query.Answer ─Finish─▶ Result ─View─▶ report section
//
// Definitions import no service, no cobra and no HTTP.
package analysis

import (
	"context"
	"fmt"
	"sort"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Text is a text for people in the languages of the product.
type Text struct{ EN, ZH string }

// In returns the text in a language ("en", "zh"); English is the fallback.
func (t Text) In(lang string) string {
	if lang == "zh" && t.ZH != "" {
		return t.ZH
	}
	return t.EN
}

// ParamKind is the type of a parameter.
type ParamKind uint8

// The kinds of parameters.
const (
	StringParam ParamKind = iota
	IntParam
	FloatParam
	BoolParam
	ListParam    // comma separated
	InFileParam  // a file that is read for the analysis: Request.Files
	OutFileParam // a file that the analysis writes besides its table: Result.Files
)

// Param is one parameter of an analysis: a flag, a query parameter, a form field.
type Param struct {
	Name    string
	Kind    ParamKind
	Default string // as typed on the command line
	Help    string
	Choices []string // allowed values; empty = any
	Columns bool     // values are column names of the input: completed from the data
}

// Models says when the report models.
type Models uint8

// The choices of Models.
const (
	SmallModels Models = iota // of inputs that are not large
	AllModels
	NoModels
)

// Request is what one run of an analysis knows.
type Request struct {
	Rel      *relation.Relation
	Params   map[string]string // by Param.Name, defaults filled in
	Where    expr.Node
	From, To int64 // µs of wall time; query.MinTime, query.MaxTime when open
	AsOf     int64 // µs; query.MaxTime = the day after the last sold line
	Now      int64 // µs UTC
	Currency string
	Lang     string
	Net      bool // reversals add their negative money
	Seed     int64
	Threads  int // for the work after the scan; 0 = 1
	// Memory is the budget for the work after the scan, in bytes; 0 = no bound is known.
	Memory int64
	// Rows bounds the rows of the input as far as known before the scan: exact for Parquet and
	// Arrow, estimated from the size of text; 0 = unknown.
	Rows int64
	// Models says whether the report has sections that take models: always, never, or (zero)
	// up to an input of largeRows.
	Models Models
	// Segments are the shop's own names of RFM scores, before the standard ones.
	Segments []SegmentRule
	// Files holds the content of the files that InFileParams name, by Param.Name.
	Files map[string][]byte
	// Pseudonym replaces customer ids that a page names (--pseudonymise); nil shows them.
	Pseudonym func(id string) string
}

// Str returns a parameter as text.
func (r *Request) Str(name string) string { return r.Params[name] }

// Result is a finished analysis: its main table, further ones by name, and
// notes for people (to standard error on the command line).
type Result struct {
	Main    *result.Table
	Extra   []*result.Table
	Notes   []string
	Files   []OutFile
	Account query.Account
	// AsOf is the as-of day that was used, µs.
	AsOf int64
	// Broken is the fault.Data error of a run whose answer breaks a rule or fired an
	// alert: everything is written first, then it ends the command (exit code 3).
	Broken error
}

// OutFile is a file to write, named by the OutFileParam Param: a table in the format of
// its ending, or bytes as they are.
type OutFile struct {
	Param string
	Table *result.Table
	Bytes []byte
}

// Definition is one analysis.
type Definition struct {
	Name    string
	Group   string // heading in help: "Sales", "Customers", …
	Short   Text
	Long    string   // help text: definition, source of formulas, how to read it
	Example []string // command lines
	Table   string   // canonical table it reads: "orders", "events"
	// Or are further tables it can read instead, where the input's columns say so or --table
	// does: "series", "interactions", or "table", a table of any columns. Request.Rel.Name tells
	// which it is.
	Or []string
	// TableOf, where not nil, tells by the parameters, and the files that InFileParams name, which
	// of them it is; "" leaves it to the columns.
	TableOf func(params map[string]string, files map[string][]byte) (string, error)
	Needs   []string            // columns of Table it cannot do without
	NeedsOf map[string][]string // the same for the tables of Or
	Uses    []string            // columns it uses when they are there
	Params  []Param
	Columns []result.Spec // of the main table; dimensions named by a parameter may replace the first
	Method  string        // anchor in docs/methods.md
	NoNet   bool          // --net has no meaning for it and is refused

	// Plan lists what is asked of the engine. It may look at r.Rel's columns.
	Plan func(r *Request) (query.Plan, error)
	// Finish makes the result from the answer to Plan.
	Finish func(ctx context.Context, r *Request, a *query.Answer) (*Result, error)
	// Scored and FinishScored, where not nil, stand for Plan and Finish with engines that score groups themselves
	// (engine.Scorer): only sums over the groups come here.
	Scored       func(r *Request) (query.Plan, error)
	FinishScored func(ctx context.Context, r *Request, a *query.Answer) (*Result, error)
	// Derive, where not nil, is Plan and Finish in one for engines that write rows themselves (engine.Writer); asOf is the as-of day
	// in days since 1970. Nil where the result is small.
	Derive func(r *Request, asOf int64) (query.Derived, error)
	// Section makes the report section; nil when the analysis has none.
	Section *Section
}

// Section is the analysis's part of the report. It has its own plan (it may want
// more than the command's table) and turns the answer into a View.
type Section struct {
	Order int // place in the report
	Title Text
	Table string // canonical table that it is about: "" = orders
	Plan  func(r *Request) (query.Plan, error)
	// More, where not nil, asks what only the answer to Plan tells how to ask: the
	// customers behind the last week. Its queries bound their days; a second scan of
	// only the splits that hold such days answers them, and their tables follow those of Plan.
	More func(r *Request, a *query.Answer) (query.Plan, error)
	View func(ctx context.Context, r *Request, a *query.Answer) (*View, error)
}

var registry = map[string]*Definition{}

// Register adds a definition; each file calls it from one package-level
// variable. A name given twice is a programmer's error.
func Register(d *Definition) *Definition {
	if _, dup := registry[d.Name]; dup {
		panic(fmt.Sprintf("analysis: %q registered twice", d.Name))
	}
	registry[d.Name] = d
	return d
}

// All returns the registered definitions sorted by name.
func All() []*Definition {
	all := make([]*Definition, 0, len(registry))
	for _, d := range registry {
		all = append(all, d)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// Get returns a definition by name, or nil.
func Get(name string) *Definition { return registry[name] }
