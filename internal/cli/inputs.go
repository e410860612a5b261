package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/csv"
	"github.com/ecomctl/ecomctl/internal/source/open"
)

// openInputs opens what the user named, or the configured input, and the
// further tables. A folder that the preset knows becomes its fact table and the tables beside it.
func (o *common) openInputs(ctx context.Context, s *session, inputs []string) error {
	if len(inputs) == 0 {
		inputs = o.conf.Input
	}
	if len(inputs) == 0 {
		return fault.New(fault.Usage, "no input").WithHint("name a file, a folder, a glob or - for standard input; or set `input:` in ecomctl.yaml")
	}
	if err := o.openFolder(ctx, s, &inputs); err != nil {
		return err
	}
	opts, err := o.openOptions()
	if err != nil {
		return err
	}
	if s.data, err = open.Open(ctx, inputs, opts); err != nil {
		return err
	}
	for _, t := range []struct{ name, uri string }{{"products", o.products}, {"customers", o.customers}} {
		if t.uri == "" {
			continue
		}
		if err := s.openTable(ctx, t.name, t.uri, opts); err != nil {
			return fault.Wrap(err, "--%s", t.name)
		}
	}
	return nil
}

// openTable opens a further table under a name.
func (s *session) openTable(ctx context.Context, name, uri string, opts open.Options) error {
	d, err := open.Open(ctx, []string{uri}, opts)
	if err != nil {
		return err
	}
	if s.tables == nil {
		s.tables = map[string]source.Dataset{}
	}
	s.tables[name] = d
	return nil
}

// delimiters are the words and characters of --delimiter.
var delimiters = map[string]byte{"comma": ',', "tab": '\t', `\t`: '\t', "semicolon": ';', "pipe": '|', "space": ' '}

// readerMemory is what readers may hold whatever the budget: the pages of usual files are
// larger than a share of the smallest budgets. They hold far less in fact.
const readerMemory = 128 << 20

func (o *common) openOptions() (open.Options, error) {
	mem, err := o.memoryBytes()
	if err != nil {
		return open.Options{}, err
	}
	opts := open.Options{FS: o.app.files(), Stdin: o.app.IO.In, TempDir: o.tempDir(), Memory: max(mem/2, readerMemory), Format: o.text.format,
		CSV: csv.Options{Encoding: o.text.encoding}}
	if d := o.text.delimiter; d != "" {
		b, ok := delimiters[d]
		if !ok && len(d) != 1 {
			return opts, fault.New(fault.Usage, "--delimiter %q: one character is wanted, or comma, tab, semicolon, pipe, space", d)
		}
		if !ok {
			b = d[0]
		}
		opts.CSV.Delimiter = b
	}
	if o.text.noHeader {
		opts.CSV.Header = csv.HeaderNo
	}
	return opts, o.presetText(&opts)
}

// presetText states what a preset knows of its text files, unless flags did.
func (o *common) presetText(opts *open.Options) error {
	if o.preset == "" {
		return nil
	}
	p, err := schema.FindPreset(o.preset)
	if err != nil || p.Text == nil {
		return err
	}
	if opts.CSV.Delimiter == 0 && p.Text.Blanks {
		opts.CSV.Delimiter = ' '
	}
	return nil
}

// build makes the relation of an opened input.
func (o *common) build(ctx context.Context, s *session, table string, asOf int64, keepUnmapped bool) (*relation.Relation, error) {
	extra, err := shopRules(o.conf.Rules)
	if err != nil {
		return nil, err
	}
	rates, err := o.readRates(ctx)
	if err != nil {
		return nil, err
	}
	rel, notices, err := schema.Build(ctx, schema.BuildOptions{
		Table: table, Fact: s.data, Tables: s.tables, Preset: o.preset, Maps: o.maps, Zone: s.zone.String(), AsOf: asOf,
		Now: s.now.UnixMicro(), NoClean: o.noClean, Dedupe: o.dedupe, KeepUnmapped: keepUnmapped, Rates: rates,
		Rules: clean.Config{RejectFree: o.rejectFree, VoidWords: o.conf.VoidStatuses, Extra: extra},
	})
	if err != nil {
		return nil, err
	}
	for _, n := range notices {
		o.app.say("note: %s", n)
	}
	return rel, nil
}

// openFolder takes a folder that the preset describes (olist) apart: inputs becomes
// the fact table's file, the others are opened as tables. Other inputs stay as they are.
func (o *common) openFolder(ctx context.Context, s *session, inputs *[]string) error {
	if o.preset == "" || len(*inputs) != 1 {
		return nil
	}
	p, err := schema.FindPreset(o.preset)
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
	opts, err := o.openOptions()
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

// shopSegments checks the configured names of RFM scores.
func shopSegments(list []config.Segment) ([]analysis.SegmentRule, error) {
	var out []analysis.SegmentRule
	for _, s := range list {
		when, err := expr.Parse(s.When)
		if err == nil {
			when, err = expr.CheckCondition(when, analysis.SegmentLookup, analysis.SegmentColumns...)
		}
		if err != nil {
			return nil, fault.Wrap(err, "%s: segment %s", s.From, s.Name)
		}
		out = append(out, analysis.SegmentRule{Name: s.Name, When: when})
	}
	return out, nil
}
