package cli

import (
	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/store"
)

var indexSpecs = []result.Spec{
	{Name: "query", Type: expr.Text, Desc: "a query that analyses and pages ask"},
	{Name: "groups", Type: expr.Int, Unit: result.Rows, Desc: "rows of its answer"},
	{Name: "plan", Type: expr.Text, Desc: "how the database finds the lines, by its EXPLAIN", Null: "it does not tell"},
	{Name: "seconds", Type: expr.Float, Unit: result.Seconds, Desc: "least time of three runs"},
	{Name: "index", Type: expr.Text, Desc: "the index that would help: proposed, made, there already, or dropped again"},
	{Name: "reason", Type: expr.Text, Desc: "why"},
	{Name: "plan_after", Type: expr.Text, Desc: "the plan with the indexes that were made", Null: "without --apply"},
	{Name: "seconds_after", Type: expr.Float, Unit: result.Seconds, Desc: "least time of three runs with them", Null: "without --apply"},
}

func newDBIndex(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "index [--apply]",
		Short: "Measure the product's own queries and propose indexes",
		Long: `Explains and runs the queries that analyses and pages ask most over the stored lines (sales by day, RFM,
segments, geography, products), as ecomctl prints them for the database, and proposes indexes that hold what
they read. --apply makes them and measures again; an index that saves none of its queries a tenth of the time
is dropped. Indexes make imports slower and take room: propose first, apply where it pays.

` + columnHelp(indexSpecs),
		Example: "  ecomctl db index\n  ecomctl db index --apply --columns query,seconds,index,seconds_after",
		Args:    cobra.NoArgs,
	}
	d, out := addDatabase(a, c), addOutput(a, c)
	apply := c.Flags().Bool("apply", false, "make the proposed indexes and measure again")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := d.load(c); err != nil {
			return err
		}
		if err := out.settle(d.conf); err != nil {
			return err
		}
		s, err := d.open(c.Context(), false)
		if err != nil {
			return err
		}
		defer s.Close()
		list, err := s.Index(c.Context(), store.IndexOptions{Apply: *apply, Clock: a.Now})
		if err != nil {
			return err
		}
		t := tableOf("index", indexSpecs)
		for _, m := range list {
			appendRow(t, m.Query, m.Groups, m.Plan, nil, m.Index, m.Reason, m.PlanAfter, nil)
			result.AppendFloat(&t.Columns[3].Data, m.Took.Seconds())
			if *apply {
				result.AppendFloat(&t.Columns[7].Data, m.TookAfter.Seconds())
			} else {
				result.AppendNull(&t.Columns[7].Data)
			}
		}
		return out.write(c.Context(), t, nil)
	}
	return c
}
