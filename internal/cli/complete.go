package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/source/open"
)

const noFiles = cobra.ShellCompDirectiveNoFileComp

// cuts are the calendar words of --by.
var cuts = []string{"hour", "day", "week", "month", "quarter", "year", "hour_of_day", "weekday", "month_of_year"}

// completeParam completes a parameter by its choices, or by the columns of the
// first input on the line.
func completeParam(c *cobra.Command, o *common, p analysis.Param) {
	switch {
	case len(p.Choices) > 0:
		c.RegisterFlagCompletionFunc(p.Name, cobra.FixedCompletions(p.Choices, noFiles))
	case p.Columns:
		c.RegisterFlagCompletionFunc(p.Name, func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			return inList(typed, append(o.columnNames(c.Context(), args), cuts...)), noFiles
		})
	}
}

// completeCommon completes the shared flags.
func completeCommon(c *cobra.Command, o *common) {
	var presets []string
	for _, p := range schema.Presets() {
		presets = append(presets, p.Name+"\t"+p.EN)
	}
	c.RegisterFlagCompletionFunc("preset", cobra.FixedCompletions(presets, noFiles))
	c.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions([]string{"en", "zh"}, noFiles))
	c.RegisterFlagCompletionFunc("map", func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		canonical, _, ok := strings.Cut(typed, "=")
		var out []string
		if !ok {
			for _, col := range schema.Orders.Columns {
				out = append(out, col.Name+"=")
			}
			return out, noFiles | cobra.ShellCompDirectiveNoSpace
		}
		for _, name := range o.columnNames(c.Context(), args) {
			out = append(out, canonical+"="+name)
		}
		return out, noFiles
	})
}

// completeResult completes --sort and --columns by the columns of the result.
func completeResult(c *cobra.Command, d *analysis.Definition) {
	var names []string
	for _, s := range d.Columns {
		names = append(names, s.Name)
	}
	for _, flag := range []string{"sort", "columns"} {
		c.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return inList(typed, names), noFiles | cobra.ShellCompDirectiveNoSpace
		})
	}
}

// inList completes the last word of a comma-separated list, leaving out what is there.
func inList(typed string, words []string) []string {
	done := typed[:strings.LastIndexByte(typed, ',')+1]
	have := strings.Split(done, ",")
	var out []string
	for _, w := range words {
		if !slices.Contains(have, w) {
			out = append(out, done+w)
		}
	}
	return out
}

// columnNames reads the column names of the first input on the line.
func (o *common) columnNames(ctx context.Context, args []string) []string {
	if len(args) == 0 || args[0] == "-" {
		return nil
	}
	opts, err := session.OpenOptions(o.host(nil), &o.Settings)
	if err != nil {
		return nil
	}
	d, err := open.Open(ctx, args[:1], opts)
	if err != nil {
		return nil
	}
	defer d.Close()
	var names []string
	for _, f := range d.Schema().Fields() {
		names = append(names, f.Name)
	}
	return names
}
