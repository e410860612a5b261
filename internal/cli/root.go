package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/fault"
)

const exitStatus = `
Exit status:
  0  done
  1  failed
  2  wrong usage
  3  done, and the data broke a rule, an alert fired, or more rows were rejected than --max-rejects
  130  interrupted
`

// newRoot builds the command tree.
func newRoot(a *App) *cobra.Command {
	root := &cobra.Command{
		Use:   "ecomctl COMMAND [INPUT …] [flags]",
		Short: "From a shop's raw orders and clicks to answers",
		Long: `ecomctl turns a shop's raw orders and clicks into clean data, sales, RFM, cohorts,
segments, reports and charts, from a shell, cron, Airflow or a pipe.

INPUT is a path, a glob, a folder (Hive partitions are understood) or - for
standard input; Parquet, Arrow, CSV, TSV (also .gz, .zst), NDJSON or baskets,
recognised by content. Columns are recognised, or mapped with --map order_id=Column.`,
		Example: `  ecomctl inspect orders.csv
  ecomctl sales orders.parquet --by month
  ecomctl report orders.parquet --html -o report.html`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fault.New(fault.Usage, "%w", err).WithHint("see `%s --help`", c.CommandPath())
	})
	root.SetUsageTemplate(root.UsageTemplate() + exitStatus)
	pf := root.PersistentFlags()
	pf.BoolVarP(&a.quiet, "quiet", "q", false, "no remarks, only errors")
	pf.BoolVarP(&a.verbose, "verbose", "v", false, "say more on standard error")
	pf.Var(newChoice(func(s string) { a.logJSON = s == "json" }, "text", "text", "json"), "log-format", "messages as `text|json`")
	root.AddGroup(&cobra.Group{ID: "analyses", Title: "Analyses:"}, &cobra.Group{ID: "data", Title: "Data:"}, &cobra.Group{ID: "tool", Title: "Tool:"})
	made := map[string]*cobra.Command{}
	for _, d := range analysis.All() { // by name: a command comes before its sub-commands
		made[d.Name] = newAnalysis(a, d)
		parent := root
		if i := strings.LastIndexByte(d.Name, ' '); i > 0 && made[d.Name[:i]] != nil {
			parent = made[d.Name[:i]]
		} else {
			made[d.Name].GroupID = "analyses"
		}
		parent.AddCommand(made[d.Name])
	}
	root.AddCommand(grouped("analyses", newReport(a)))
	for _, c := range []*cobra.Command{newInspect(a), newProfile(a), newClean(a), newValidate(a), newConvert(a), newOptimize(a), newGenerate(a), newServe(a), newStream(a), newHDFS(a), newDB(a)} {
		root.AddCommand(grouped("data", c))
	}
	root.AddCommand(grouped("data", newFlink(a)))
	root.AddCommand(grouped("data", newCollect(a)))
	root.AddCommand(grouped("data", newYARN(a)), grouped("data", newSpark(a)))
	for _, c := range []*cobra.Command{newInit(a), newDemo(a), newDoctor(a), newConfig(a), newVersion(a), newMan(a)} {
		root.AddCommand(grouped("tool", c))
	}
	root.SetHelpCommandGroupID("tool")
	root.SetCompletionCommandGroupID("tool")
	usageErrors(root)
	return root
}

func grouped(id string, c *cobra.Command) *cobra.Command {
	c.GroupID = id
	return c
}

// usageErrors gives argument errors of every command the kind Usage.
func usageErrors(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return fault.New(fault.Usage, "%w", err).WithHint("see `%s --help`", c.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		usageErrors(sub)
	}
}

// choice is a flag that takes one of a few words.
type choice struct {
	value   string
	allowed []string
	set     func(string)
}

func newChoice(set func(string), def string, allowed ...string) *choice {
	return &choice{value: def, allowed: allowed, set: set}
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return "word" }
func (c *choice) Set(s string) error {
	for _, w := range c.allowed {
		if s == w {
			c.value = s
			c.set(s)
			return nil
		}
	}
	return fault.New(fault.Usage, "%q is not one of %v", s, c.allowed)
}
