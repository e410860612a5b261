package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/quality"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source"
)

// sampleRows is how many rows inspect reads unless --rows says otherwise.
const sampleRows = 10_000

func newProfile(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "profile [INPUT …] [flags]",
		Short: "Exact figures of every column: nulls, distinct values, spread, most frequent",
		Long: `Reads the whole input and describes each column as it stands there. Every figure is exact,
distinct counts and quantiles (type 7) included, in bounded memory.`,
		Example: "  ecomctl profile orders.parquet\n  ecomctl profile orders.csv --format json --columns column,nulls,distinct",
	}
	com, out := addCommon(a, c), addOutput(a, c)
	c.RunE = func(c *cobra.Command, inputs []string) error {
		return profile(c, com, out, inputs, 0)
	}
	hideOrderFlags(c)
	return c
}

func newInspect(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "inspect [INPUT …] [flags]",
		Short: "What a file holds: columns, a sample's figures and the proposed mapping",
		Long: `Reads the first rows and describes each column; on standard error it says what
the input is and which columns would be taken for which canonical ones.`,
		Example: "  ecomctl inspect orders.csv\n  ecomctl inspect 'exports/*.parquet' --rows 100000 --format json",
	}
	com, out := addCommon(a, c), addOutput(a, c)
	rows := c.Flags().Int64("rows", sampleRows, "rows of the sample")
	c.RunE = func(c *cobra.Command, inputs []string) error {
		return profile(c, com, out, inputs, max(1, *rows))
	}
	hideOrderFlags(c)
	return c
}

// profile describes the columns of a sample, or of the whole input when sample is 0.
func profile(c *cobra.Command, com *common, out *output, inputs []string, sample int64) error {
	if err := com.load(c); err != nil {
		return err
	}
	if err := out.settle(com.conf); err != nil {
		return err
	}
	s, err := com.inputs(c.Context(), inputs)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.guard(out.file); err != nil {
		return err
	}
	mem, err := com.MemoryBytes()
	if err != nil {
		return err
	}
	p, err := quality.NewProfile(c.Context(), s.Data, quality.ProfileOptions{
		Threads: com.Workers(), Memory: mem / 2, TempDir: com.TempDir(), Sample: sample, Progress: s.prog})
	if err != nil {
		return err
	}
	for _, n := range append(s.Data.Notices(), p.Notes...) {
		com.app.say("note: %s", n)
	}
	if sample > 0 {
		if err := s.describe(c.Context(), com.Preset); err != nil {
			return err
		}
	}
	if p.BadRows > 0 {
		com.app.say("note: %d lines could not be cut into columns; `ecomctl convert --rejects FILE` shows them", p.BadRows)
	}
	if err := out.write(c.Context(), p.Table(), nil); err != nil || sample > 0 {
		return err
	}
	return s.duplicates(c.Context())
}

// duplicates tells how many rows of an orders table equal an earlier row in all mapped
// columns, and their money. Other tables have no such count.
func (s *opened) duplicates(ctx context.Context) error {
	if t := schema.Guess(s.Data.Schema(), textInput(s.Data)); s.Preset == "" && len(s.Maps) == 0 && (t == nil || t.Name != "orders") {
		return nil
	}
	zone, err := s.Location()
	if err != nil {
		return err
	}
	now, err := s.host(nil).Clock()
	if err != nil {
		return err
	}
	rel, _, err := schema.Build(ctx, schema.BuildOptions{Table: "orders", Fact: s.Data, Tables: s.Tables, Preset: s.Preset, Maps: s.Maps,
		Zone: zone.String(), Now: now.UnixMicro(), Rules: clean.Config{VoidWords: s.conf.VoidStatuses}})
	if err != nil {
		return nil // not an orders table
	}
	eng, err := s.Asked()
	if err != nil {
		return err
	}
	plan := query.Plan{Duplicates: s.rem == nil}
	rel.Dedupe = s.rem != nil // which Spark counts as the rejects of --dedupe
	ans, err := eng.Run(ctx, rel, plan)
	if err != nil {
		return err
	}
	n, money := ans.Account.Duplicates, ans.Account.DuplicatesMoney
	for _, r := range ans.Account.Reasons {
		if rel.Dedupe && r.Reason == relation.ReasonDuplicate {
			n, money = r.Rows, r.Money
		}
	}
	if n > 0 {
		s.app.say("%d rows worth %s equal an earlier row in all mapped columns", n, render.AppendMoney(nil, money))
	}
	return nil
}

// describe tells what the inputs are and the proposed mapping.
func (s *opened) describe(ctx context.Context, preset string) error {
	for _, in := range s.Data.Inputs() {
		line := in.URI + ": " + in.Format
		if in.Detail != "" {
			line += ", " + in.Detail
		}
		s.app.say("%s", line)
	}
	if preset != "" {
		return s.describePreset(ctx, preset, "")
	}
	if p := schema.Known(s.Data.Schema()); p != nil {
		return s.describePreset(ctx, p.Name, ", whose columns these are")
	}
	text := textInput(s.Data)
	t := schema.Guess(s.Data.Schema(), text)
	if t == nil {
		s.app.say("mapping: the columns are not known; map them with --map order_id=COLUMN …, or say what kind of file it is: --preset NAME, --input-format basket (one basket a line)")
		return nil
	}
	m, _, err := schema.Propose(t, s.Data.Schema(), text)
	if err != nil {
		s.app.say("mapping: %v", err)
		return nil
	}
	var parts []string
	for _, ch := range m.Choices {
		parts = append(parts, ch.Canonical+"="+ch.From)
	}
	s.app.say("mapping to %s: %s", t.Name, strings.Join(parts, " "))
	return nil
}

// describePreset tells the mapping of a preset; why it is taken stands behind its name.
func (s *opened) describePreset(ctx context.Context, preset, why string) error {
	rel, _, err := schema.Build(ctx, schema.BuildOptions{Fact: s.Data, Tables: s.Tables, Preset: preset, Maps: s.Maps, NoClean: true})
	if err != nil {
		return err
	}
	parts := make([]string, rel.Canonical)
	for i := range parts {
		c := &rel.Columns[i]
		parts[i] = c.Name + "=" + c.Sources()
		if c.Const != nil {
			parts[i] = c.Name + "==" + *c.Const
		}
	}
	s.app.say("mapping to %s by preset %s%s: %s", rel.Name, preset, why, strings.Join(parts, " "))
	return nil
}

// textInput reports whether the input's values are text.
func textInput(d source.Dataset) bool {
	for _, in := range d.Inputs() {
		switch in.Format {
		case "csv", "tsv", "ndjson", "json":
			return true
		}
	}
	return false
}
