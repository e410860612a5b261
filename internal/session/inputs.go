package session

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/csv"
	"github.com/ecomctl/ecomctl/internal/source/open"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// Inputs opens what the user named and the further tables of the settings. A folder that the
// preset knows becomes its fact table and the tables beside it.
func Inputs(ctx context.Context, h *Host, set Settings, inputs []string) (*Session, error) {
	s := &Session{set: set, host: h}
	return s, s.orClose(s.open(ctx, inputs))
}

func (s *Session) open(ctx context.Context, inputs []string) error {
	if len(inputs) == 0 {
		return fault.New(fault.Usage, "no input").WithHint("name a file, a folder, a glob or - for standard input; or set `input:` in ecomctl.yaml")
	}
	opts, err := OpenOptions(s.host, &s.set)
	if err != nil {
		return err
	}
	if err := s.openFolder(ctx, &inputs, opts); err != nil {
		return err
	}
	if s.Data, err = s.dataset(ctx, inputs, opts); err != nil {
		return err
	}
	for _, t := range []struct{ name, uri string }{{"products", s.set.Products}, {"customers", s.set.Customers}} {
		if t.uri == "" {
			continue
		}
		if err := s.openTable(ctx, t.name, t.uri, opts); err != nil {
			return fault.Wrap(err, "--%s", t.name)
		}
	}
	return nil
}

// dataset opens one table where the engine is.
func (s *Session) dataset(ctx context.Context, uris []string, opts open.Options) (source.Dataset, error) {
	if s.host.Remote != nil {
		return s.host.Remote.Open(ctx, uris)
	}
	return open.Open(ctx, uris, opts)
}

// openTable opens a further table under a name.
func (s *Session) openTable(ctx context.Context, name, uri string, opts open.Options) error {
	d, err := s.dataset(ctx, []string{uri}, opts)
	if err != nil {
		return err
	}
	if s.Tables == nil {
		s.Tables = map[string]source.Dataset{}
	}
	s.Tables[name] = d
	return nil
}

// openFolder takes a folder that the preset describes (olist) apart: inputs becomes
// the fact table's file, the others are opened as tables. Other inputs stay as they are.
func (s *Session) openFolder(ctx context.Context, inputs *[]string, opts open.Options) error {
	if s.set.Preset == "" || len(*inputs) != 1 {
		return nil
	}
	p, err := schema.FindPreset(s.set.Preset)
	if err != nil || len(p.Folder) == 0 {
		return err
	}
	dir := (*inputs)[0]
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // not a folder: opened, or refused, as it is
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			files = append(files, e.Name())
		}
	}
	parts, err := p.Parts(files)
	if err != nil {
		return err
	}
	for name, file := range parts {
		path := filepath.Join(dir, file)
		if name == "" {
			*inputs = []string{path}
		} else if err := s.openTable(ctx, name, path, opts); err != nil {
			return err
		}
	}
	return nil
}

// delimiters are the words and characters of --delimiter.
var delimiters = map[string]byte{"comma": ',', "tab": '\t', `\t`: '\t', "semicolon": ';', "pipe": '|', "space": ' '}

// readerMemory is what readers may hold whatever the budget: the pages of usual files are
// larger than a share of the smallest budgets. They hold far less in fact.
const readerMemory = 128 << 20

// OpenOptions says how files are opened under the settings.
func OpenOptions(h *Host, o *Settings) (open.Options, error) {
	mem, err := o.MemoryBytes()
	if err != nil {
		return open.Options{}, err
	}
	opts := open.Options{FS: h.Files, Stdin: h.Stdin, TempDir: o.TempDir(), Memory: max(mem/2, readerMemory), Format: o.InputFormat, Getenv: h.Getenv,
		CSV: csv.Options{Encoding: o.Encoding}}
	if d := o.Delimiter; d != "" {
		b, ok := delimiters[d]
		if !ok && len(d) != 1 {
			return opts, fault.New(fault.Usage, "--delimiter %q: one character is wanted, or comma, tab, semicolon, pipe, space", d)
		}
		if !ok {
			b = d[0]
		}
		opts.CSV.Delimiter = b
	}
	switch o.Decimal {
	case "comma":
		opts.CSV.Decimal = value.CommaDecimal
	case "point":
		opts.CSV.Decimal = value.PointDecimal
	case "":
	default:
		return opts, fault.New(fault.Usage, "--decimal %q: the notations are comma (1.234,5) and point (1,234.5)", o.Decimal)
	}
	if o.NoHeader {
		opts.CSV.Header = csv.HeaderNo
	}
	return opts, o.presetText(&opts)
}

// presetText states what a preset knows of its text files, unless flags did.
func (o *Settings) presetText(opts *open.Options) error {
	if o.Preset == "" {
		return nil
	}
	p, err := schema.FindPreset(o.Preset)
	if err != nil || p.Text == nil {
		return err
	}
	if opts.CSV.Delimiter == 0 && p.Text.Blanks {
		opts.CSV.Delimiter = ' '
	}
	return nil
}

// build makes the relation of an opened input.
func (s *Session) build(ctx context.Context, table string, asOf int64, keepUnmapped bool) (*relation.Relation, error) {
	o := &s.set
	extra, err := shopRules(o.Rules)
	if err != nil {
		return nil, err
	}
	rates, err := s.readRates(ctx)
	if err != nil {
		return nil, err
	}
	rel, notices, err := schema.Build(ctx, schema.BuildOptions{
		Table: table, Fact: s.Data, Tables: s.Tables, Preset: o.Preset, Maps: o.Maps, Zone: s.Zone.String(), AsOf: asOf,
		Now: s.Now.UnixMicro(), NoClean: o.NoClean, Dedupe: o.Dedupe, KeepUnmapped: keepUnmapped, Rates: rates,
		Rules: clean.Config{RejectFree: o.RejectFree, VoidWords: o.VoidStatuses, Extra: extra},
	})
	if err != nil {
		return nil, err
	}
	for _, n := range notices {
		s.host.say("note: %s", n)
	}
	return rel, nil
}

// maxRates bounds a file of rates.
const maxRates = 64 << 20

// readRates reads the file of --rates; nil without one.
func (s *Session) readRates(ctx context.Context) (*relation.Rates, error) {
	o := &s.set
	if o.Rates == "" {
		return nil, nil
	}
	if o.Currency == "" {
		return nil, fault.New(fault.Usage, "--rates %s: into which currency?", o.Rates).WithHint("add --currency CODE")
	}
	b, err := s.host.ReadFile(ctx, o.Rates, maxRates)
	if err != nil {
		return nil, fault.Wrap(err, "--rates")
	}
	return relation.ParseRates(bytes.NewReader(b), o.Rates, o.Currency)
}

// shopRules turns the configured clean rules into rules of the relation.
func shopRules(rules []config.Rule) ([]relation.Rule, error) {
	kinds := map[string]relation.Kind{"reject": relation.Reject, "void": relation.Void, "reversal": relation.Reversal, "outside": relation.Outside}
	var out []relation.Rule
	for _, r := range rules {
		when, err := expr.Parse(r.When)
		if err != nil {
			return nil, fault.Wrap(err, "%s: rule %s", r.From, r.Name)
		}
		out = append(out, relation.Rule{Name: r.Name, Kind: kinds[r.Kind], When: when})
	}
	return out, nil
}
