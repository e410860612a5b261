package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
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
func (s *opened) explain(d *analysis.Definition, eng engine.Engine) error {
	plan, err := analysis.PlanFor(eng, d, s.Req)
	if err != nil {
		return err
	}
	text, err := eng.Explain(s.Rel, plan)
	if err != nil {
		return err
	}
	if eng.Name() == sparkEngine { // the text is the SQL
		_, err = fmt.Fprint(s.app.IO.Out, text)
		return err
	}
	sql := sqlgen.Plan(sqlgen.SQLite, s.Rel, sqlgen.DefaultTables(s.Rel), plan)
	_, err = fmt.Fprintf(s.app.IO.Out, "%s\n\n%s", strings.TrimRight(text, "\n"), sql)
	return err
}
