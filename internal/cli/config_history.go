package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
)

var historySpecs = []result.Spec{
	{Name: "version", Type: expr.Int, Desc: "number of the version"},
	{Name: "recorded", Type: expr.Text, Desc: "when a command first ran with it, UTC"},
	{Name: "current", Type: expr.Bool, Desc: "whether the file holds it now"},
	{Name: "bytes", Type: expr.Int, Desc: "size of the file"},
	{Name: "changes", Type: expr.Text, Desc: "settings that differ from the version before", Null: "comments only"},
}

// history opens the history of the configuration file that commands would read.
func (a *App) history(path string) (*config.History, string, error) {
	file := config.ProjectFile(config.LoadOptions{Path: path, Env: a.Getenv})
	h, err := config.HistoryOf(file, a.Getenv)
	return h, file, err
}

// remember keeps the configuration that a command runs with. A history that cannot be kept stops
// nothing.
func (a *App) remember(path string) {
	h, _, err := a.history(path)
	if err == nil {
		err = h.Record(a.Now())
	}
	if err != nil && a.verbose {
		a.say("note: the configuration's history is not kept: %v", err)
	}
}

func newConfigHistory(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "history",
		Short: "What the configuration file was: every version that a command ran with",
		Long: `A command that runs with a configuration file keeps its content, when it is new, in the user's
state folder (XDG_STATE_HOME, else ~/.local/state): the last 50 versions, readable by nobody else.

` + columnHelp(historySpecs),
		Example: "  ecomctl config history\n  ecomctl config history --config shop.yaml --format json",
		Args:    cobra.NoArgs,
	}
	out := addOutput(a, c)
	path := c.Flags().String("config", "", "configuration `file` (default ./ecomctl.yaml)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		h, file, err := a.history(*path)
		if err != nil {
			return err
		}
		list, err := h.Versions()
		if err != nil {
			return err
		}
		if len(list) == 0 {
			a.say("no command has run with %s yet", file)
		}
		return out.write(c.Context(), historyTable(list), nil)
	}
	return c
}

func historyTable(list []config.Version) *result.Table {
	t := &result.Table{Name: "history", N: len(list)}
	for _, s := range historySpecs {
		t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, len(list))})
	}
	for _, v := range list {
		result.AppendInt(&t.Columns[0].Data, int64(v.N))
		result.AppendText(&t.Columns[1].Data, v.Time.Format(time.RFC3339))
		now := int64(0)
		if v.Current {
			now = 1
		}
		result.AppendInt(&t.Columns[2].Data, now)
		result.AppendInt(&t.Columns[3].Data, int64(v.Size))
		if len(v.Changes) == 0 {
			result.AppendNull(&t.Columns[4].Data)
		} else {
			result.AppendText(&t.Columns[4].Data, strings.Join(v.Changes, ", "))
		}
	}
	return t
}

func newConfigRollback(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "rollback [VERSION]",
		Short: "Make the configuration file what it was; the present content is kept as a version",
		Long: `Writes a version of ` + "`config history`" + ` back, by default the last one that differs from the file. The
version is checked first; the present content becomes a version itself, so that a rollback can be rolled back.`,
		Example: "  ecomctl config rollback --dry-run\n  ecomctl config rollback 3",
		Args:    cobra.MaximumNArgs(1),
	}
	path := c.Flags().String("config", "", "configuration `file` (default ./ecomctl.yaml)")
	dry := c.Flags().Bool("dry-run", false, "say what would change and write nothing")
	c.RunE = func(c *cobra.Command, args []string) error {
		n := 0
		if len(args) == 1 {
			var err error
			if n, err = strconv.Atoi(args[0]); err != nil || n < 1 {
				return fault.New(fault.Usage, "rollback %s: not the number of a version", args[0]).WithHint("see `ecomctl config history`")
			}
		}
		h, file, err := a.history(*path)
		if err != nil {
			return err
		}
		v, err := h.Rollback(c.Context(), n, a.Now(), a.Getenv, *dry)
		if err != nil {
			return err
		}
		what := "comments only"
		if len(v.Changes) > 0 {
			what = strings.Join(v.Changes, ", ")
		}
		verb := "is"
		if *dry {
			verb = "would be"
		}
		a.say("%s %s as of version %d, %s; changed: %s", file, verb, v.N, v.Time.Format(time.RFC3339), what)
		return nil
	}
	return c
}
