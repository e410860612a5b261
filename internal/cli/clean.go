package cli

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sink"
)

// newClean writes trusted rows and rejects.
func newClean(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "clean [INPUT …] -o OUT [--rejects FILE]",
		Short: "Trusted order lines to one file, rejects with their reason to another",
		Long: `Applies the rules of what counts as a sale. OUT gets the sold lines and reversals in
input order: the canonical columns, then the unmapped ones unchanged. Rejects keep their raw
values with _reason, _file and _row. The summary accounts for every input row, in rows and in money.

` + columnHelp(clean.Columns),
		Example: `  ecomctl clean orders.csv -o clean.parquet --rejects rejects.csv
  ecomctl clean orders.csv --dedupe -o clean.parquet --format json`,
	}
	com := addCommon(a, c)
	f := c.Flags()
	rows := &target{app: a}
	f.StringVarP(&rows.file, "output", "o", "", "write the trusted rows to `FILE`, or to a table: sqlite:FILE?table=NAME, mysql://…?table=NAME; without it only the summary is made")
	rows.into.add(a, c)
	f.StringVar(&rows.codec, "codec", "", "compression of Parquet: snappy (default), zstd, gzip, lz4, brotli, none")
	rejects := &target{app: a}
	f.StringVar(&rejects.file, "rejects", "", "write the rejected rows to `FILE`")
	summary := &output{app: a, limit: -1}
	f.StringVar(&summary.format, "format", "", "`FORMAT` of the summary (default: table on a terminal, csv in a pipe)")
	c.RunE = func(c *cobra.Command, inputs []string) error {
		for _, t := range []*target{rows, rejects} {
			if t.file == "-" {
				return fault.New(fault.Usage, "-o -: standard output holds the summary").WithHint("name a file")
			}
			if t.file != "" {
				if err := t.resolve(); err != nil {
					return err
				}
			}
		}
		for _, name := range []string{"where", "from", "to", "currency"} {
			if c.Flags().Changed(name) {
				return fault.New(fault.Usage, "--%s does not apply to clean: it takes every row", name).
					WithHint("filter in the analysis, or add a rule to the configuration")
			}
		}
		if err := com.load(c); err != nil {
			return err
		}
		if err := summary.settle(com.conf); err != nil {
			return err
		}
		s, err := com.open(c.Context(), "orders", inputs, true)
		if err != nil {
			return err
		}
		defer s.Close()
		if err := s.guard(rows.file, rejects.file); err != nil {
			return err
		}
		return s.clean(c.Context(), rows, rejects, summary)
	}
	return c
}

// clean runs the rules; both files appear whole or not at all.
func (s *opened) clean(ctx context.Context, rows, rejects *target, summary *output) error {
	mem, err := s.MemoryBytes()
	if err != nil {
		return err
	}
	opts := clean.Options{Threads: s.Workers(), Memory: mem / 2, Progress: s.prog}
	var sum *clean.Summary
	run := func() error {
		sum, err = clean.Run(ctx, s.Rel, opts)
		return err
	}
	run = into(ctx, rejects, &opts.Rejects, s.Workers(), run)
	run = into(ctx, rows, &opts.Out, s.Workers(), run)
	if err := run(); err != nil {
		return err
	}
	if err := summary.write(ctx, sum.Table(), s.Zone); err != nil {
		return err
	}
	return s.account(&sum.Account)
}

// into wraps run so that it writes to a target, when one is named.
func into(ctx context.Context, t *target, open *func(*arrow.Schema) (sink.Writer, error), threads int, run func() error) func() error {
	if t.file == "" {
		return run
	}
	return func() error {
		return t.write(ctx, func(w io.Writer) error {
			*open = func(schema *arrow.Schema) (sink.Writer, error) { return t.open(w, schema, threads) }
			return run()
		})
	}
}
