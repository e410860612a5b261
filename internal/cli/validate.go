package cli

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/engine/spark"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/quality"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/open"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// validateOptions are the flags of validate.
type validateOptions struct {
	*common
	out      *output
	failures *target
	rules    string
	junit    string
	suggest  bool
}

func newValidate(a *App) *cobra.Command {
	o := &validateOptions{}
	c := &cobra.Command{
		Use:   "validate [INPUT …] --rules FILE",
		Short: "Check rules: not null, unique, type, range, set, pattern, foreign key, row count, …",
		Long: `Checks every row of the input against the rules of a YAML file and exits with 3 when a
rule of severity error fails. --failures writes all failing rows; --suggest proposes rules
from the data instead of checking. --rules builtin:orders needs no file.`,
		Example: `  ecomctl validate orders.csv --rules rules.yaml --failures failures.csv
  ecomctl validate orders.parquet --rules builtin:orders --junit junit.xml
  ecomctl validate orders.parquet --suggest > rules.yaml`,
	}
	o.common, o.out = addCommon(a, c), addOutput(a, c)
	o.failures = &target{app: a}
	f := c.Flags()
	f.StringVar(&o.rules, "rules", "", "rules `FILE`, or builtin:orders")
	f.StringVar(&o.failures.file, "failures", "", "write all failing rows to `FILE`: the raw columns, _rule, _file, _row")
	f.StringVar(&o.junit, "junit", "", "write a JUnit XML `FILE` besides")
	f.BoolVar(&o.suggest, "suggest", false, "propose a rules file from the data")
	c.RunE = func(c *cobra.Command, inputs []string) error { return o.run(c, inputs) }
	hideOrderFlags(c, "map", "tz", "engine")
	return c
}

func (o *validateOptions) run(c *cobra.Command, inputs []string) error {
	ctx := c.Context()
	if o.failures.file != "" {
		if err := o.failures.resolve(); err != nil {
			return err
		}
	}
	if err := o.load(c); err != nil {
		return err
	}
	if !o.suggest { // rules are YAML, whatever the ending of -o
		if err := o.out.settle(o.conf); err != nil {
			return err
		}
	}
	if o.engine == sparkEngine && (o.suggest || o.failures.file != "") {
		return fault.New(fault.Usage, "validate: --suggest and --failures need the rows, which stay on Spark").WithHint("leave --engine spark out; hdfs:// inputs are read from here, too")
	}
	if o.rules == "" {
		o.rules = o.conf.ValidateRules
	}
	if o.rules == "" && !o.suggest {
		return fault.New(fault.Usage, "validate: no rules").WithHint("name a file with --rules, use --rules builtin:orders, or start from --suggest")
	}
	s, err := o.inputs(ctx, inputs)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.guard(o.out.file, o.failures.file, o.junit); err != nil {
		return err
	}
	if o.suggest {
		return o.propose(ctx, s)
	}
	return o.check(ctx, s)
}

// propose writes a rules file made from the data.
func (o *validateOptions) propose(ctx context.Context, s *opened) error {
	mem, err := o.MemoryBytes()
	if err != nil {
		return err
	}
	p, err := quality.NewProfile(ctx, s.Data, quality.ProfileOptions{Threads: o.Workers(), Memory: mem / 2, TempDir: o.TempDir(), Progress: s.prog})
	if err != nil {
		return err
	}
	text := quality.Suggest(p, s.Data.Inputs()[0].URI)
	write := func(w io.Writer) error { _, err := w.Write(text); return err }
	if o.out.file != "" {
		return o.app.writeAtomic(ctx, o.out.file, write)
	}
	return write(o.app.IO.Out)
}

// readRules reads the rules file or a built-in pack.
func (o *validateOptions) readRules(now int64) ([]quality.Rule, error) {
	if name, ok := strings.CutPrefix(o.rules, "builtin:"); ok {
		return quality.Builtin(name, now)
	}
	f, err := os.Open(o.rules)
	if err != nil {
		err = vfs.Classify(err, "opening "+o.rules)
		if fault.KindOf(err) == fault.NotFound {
			err = fault.New(fault.NotFound, "--rules: %w", err).WithHint("start from the data (`ecomctl validate IN --suggest > rules.yaml`), or take --rules builtin:orders; docs/rules.md has the rules")
		}
		return nil, err
	}
	defer f.Close()
	return quality.ParseRules(o.rules, f)
}

func (o *validateOptions) check(ctx context.Context, s *opened) error {
	zone, err := o.Location()
	if err != nil {
		return err
	}
	now, err := o.host(nil).Clock()
	if err != nil {
		return err
	}
	_, offset := now.In(zone).Zone()
	wall := now.UnixMicro() + int64(offset)*1e6
	rules, err := o.readRules(wall)
	if err != nil {
		return err
	}
	rep, err := o.report(ctx, s, rules, wall)
	if err != nil {
		return err
	}
	if o.failures.file != "" {
		if err := o.writeFailures(ctx, rep); err != nil {
			return err
		}
	}
	if o.junit != "" {
		name := s.Data.Inputs()[0].URI
		if err := o.app.writeAtomic(ctx, o.junit, func(w io.Writer) error { return rep.JUnit(w, name) }); err != nil {
			return err
		}
	}
	if err := o.out.write(ctx, rep.Table(), nil); err != nil {
		return err
	}
	if err := s.duplicates(ctx); err != nil {
		return err
	}
	return rep.Err()
}

// report checks the rules here, or on Spark where it is asked.
func (o *validateOptions) report(ctx context.Context, s *opened, rules []quality.Rule, wall int64) (*quality.Report, error) {
	mem, err := o.MemoryBytes()
	if err != nil {
		return nil, err
	}
	opt := quality.Options{Threads: o.Workers(), Memory: mem / 2, TempDir: o.TempDir(), Progress: s.prog, Mapping: o.mapping(s.Data), Now: wall}
	if s.rem != nil {
		opt.Open = func(ctx context.Context, file string) (source.Dataset, error) { return s.rem.Open(ctx, []string{file}) }
		return quality.Ask(ctx, spark.New(s.rem.c, s.rem.opt), s.Data, rules, opt)
	}
	opt.Open = func(ctx context.Context, file string) (source.Dataset, error) {
		opts, err := session.OpenOptions(o.host(nil), &o.Settings)
		if err != nil {
			return nil, err
		}
		return open.Open(ctx, []string{file}, opts)
	}
	return quality.Validate(ctx, s.Data, rules, opt)
}

// mapping lets rules speak of canonical columns: the proposed mapping with the
// user's own words over it.
func (o *validateOptions) mapping(d source.Dataset) map[string]string {
	names := o.recognised(d)
	for k, v := range o.Maps {
		names[k], _, _ = strings.Cut(v, "@")
	}
	return names
}

// recognised is the mapping of the preset that is named, or that the columns are those of; else the proposed one.
func (o *validateOptions) recognised(d source.Dataset) map[string]string {
	p := schema.Known(d.Schema())
	if o.Preset != "" {
		p, _ = schema.FindPreset(o.Preset) // a name that is none was refused before
	}
	if p != nil {
		return p.ColumnsOf(d.Schema())
	}
	names := map[string]string{}
	text := textInput(d)
	if t := schema.Guess(d.Schema(), text); t != nil {
		if m, _, err := schema.Propose(t, d.Schema(), text); err == nil {
			for _, ch := range m.Choices {
				names[ch.Canonical] = ch.From
			}
		}
	}
	return names
}

func (o *validateOptions) writeFailures(ctx context.Context, rep *quality.Report) error {
	d := rep.Failures()
	return o.failures.write(ctx, func(w io.Writer) error {
		dst, err := o.failures.open(w, d.Schema(), o.Workers())
		if err != nil {
			return err
		}
		return copyAll(ctx, d, dst, o.Workers())
	})
}
