package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/source/open"
	"github.com/ecomctl/ecomctl/internal/version"
)

func newVersion(a *App) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  ecomctl version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.IO.Out, "ecomctl", version.Get())
			return err
		},
	}
}

// explain prints the engine's plan of an analysis and the same questions as SQL.
func (s *session) explain(d *analysis.Definition, eng engine.Engine) error {
	plan, err := analysis.PlanOf(d, s.req)
	if err != nil {
		return err
	}
	text, err := eng.Explain(s.rel, plan)
	if err != nil {
		return err
	}
	sql := sqlgen.Plan(sqlgen.SQLite, s.rel, sqlgen.DefaultTables(s.rel), plan)
	_, err = fmt.Fprintf(s.app.IO.Out, "%s\n\n%s", strings.TrimRight(text, "\n"), sql)
	return err
}

// completeParam completes a parameter by its choices, or by the columns of the
// first input on the line.
func completeParam(c *cobra.Command, o *common, p analysis.Param) {
	if len(p.Choices) > 0 {
		c.RegisterFlagCompletionFunc(p.Name, cobra.FixedCompletions(p.Choices, cobra.ShellCompDirectiveNoFileComp))
		return
	}
	if p.Columns {
		c.RegisterFlagCompletionFunc(p.Name, o.completeColumns)
	}
}

// completeColumns reads the column names of the first input on the line.
func (o *common) completeColumns(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 || args[0] == "-" {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	opts, err := o.openOptions()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	d, err := open.Open(c.Context(), args[:1], opts)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	defer d.Close()
	var names []string
	for _, f := range d.Schema().Fields() {
		names = append(names, f.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
