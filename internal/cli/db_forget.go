package cli

import (
	"bufio"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/store"
)

var forgetSpecs = []result.Spec{
	{Name: "table", Type: expr.Text, Desc: "table of the database"},
	{Name: "rows", Type: expr.Int, Unit: result.Rows, Desc: "rows that name the customer, or follow from such"},
	{Name: "change", Type: expr.Text, Desc: "what becomes of them"},
	{Name: "state", Type: expr.Text, Desc: "done, or would be (without --yes)"},
}

func newDBForget(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "forget --customer ID",
		Short: "Take one customer's id out of all tables",
		Long: `Tells which rows name a customer; with --yes the id goes, in one transaction, and the tables are searched for
it before that is final. Lines stay as those of a guest, so that sales and orders stay what they were; with
--delete-lines they go, and their money with them. Raw values of rejects and results kept by programs that hold
the id go in any case: a rejected row counts when any of its values equals the id. Orders, customers and
days follow. In a SQLite file the former bytes are overwritten. The run is recorded without the id.

Backups hold the customer until newer ones take their place, and so do the files that were imported: the
same file imported again changes nothing, a changed one brings the customer back.

` + columnHelp(forgetSpecs),
		Example: "  ecomctl db forget --customer C1042\n  ecomctl db forget --customer - --yes < id.txt",
		Args:    cobra.NoArgs,
	}
	d, out := addDatabase(a, c), addOutput(a, c)
	id := c.Flags().String("customer", "", "`ID` as the table customers has it; - reads it from standard input, so that no history of a shell keeps it")
	erase := c.Flags().Bool("delete-lines", false, "delete the customer's lines instead of keeping them as a guest's")
	yes := c.Flags().Bool("yes", false, "change the tables; without it the rows are only told")
	c.RunE = func(c *cobra.Command, _ []string) error {
		who, err := a.customer(*id)
		if err != nil {
			return err
		}
		if err := d.load(c); err != nil {
			return err
		}
		s, err := d.open(c.Context(), false)
		if err != nil {
			return err
		}
		defer s.Close()
		r, err := s.Forget(c.Context(), who, *erase, *yes)
		if err != nil {
			return err
		}
		if r.Done {
			a.say("backups and the files that were imported still hold the customer; make a new backup and remove the former ones")
		} else {
			a.say("nothing was changed: repeat with --yes")
		}
		return out.write(c.Context(), forgetTable(r), nil)
	}
	return c
}

// customer is the id that a flag gives, or the line of standard input.
func (a *App) customer(flag string) (string, error) {
	if flag == "-" {
		line, err := bufio.NewReader(io.LimitReader(a.IO.In, 1<<12)).ReadString('\n')
		if err != nil && err != io.EOF {
			return "", fault.New(fault.Input, "reading the customer's id: %w", err)
		}
		flag = strings.TrimRight(line, "\r\n")
	}
	if flag == "" {
		return "", fault.New(fault.Usage, "no customer is named").WithHint("give the id: --customer ID")
	}
	return flag, nil
}

func forgetTable(r *store.ForgetReport) *result.Table {
	lines, state := "a guest's", "would be"
	if r.Delete {
		lines = "deleted"
	}
	if r.Done {
		state = "done"
	}
	t := tableOf("forget", forgetSpecs)
	for _, row := range []struct {
		table  string
		n      int64
		change string
	}{{"line_store", r.Lines, lines}, {"orders", r.Orders, "derived anew"}, {"daily", r.Days, "derived anew"}, {"customers", r.Customers, "deleted"}, {"rejects", r.Rejects, "raw values blanked"}, {"results", r.Results, "deleted"}} {
		appendRow(t, row.table, row.n, row.change, state)
	}
	return t
}
