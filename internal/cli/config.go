package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/render"
)

// newConfig shows and checks the settings.
func newConfig(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Show, check and restore the settings",
		Long: `Settings come from flags, over ECOMCTL_* variables, over ./ecomctl.yaml (or --config), over
the user's own ecomctl/config.yaml.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newConfigShow(a), newConfigCheck(a), newConfigHistory(a), newConfigRollback(a))
	return c
}

func newConfigShow(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:     "show",
		Short:   "Every setting with its value and where it comes from; secrets are not shown",
		Example: "  ecomctl config show\n  ECOMCTL_TZ=Asia/Shanghai ecomctl config show --format json",
		Args:    cobra.NoArgs,
	}
	out := addOutput(a, c)
	path := c.Flags().String("config", "", "configuration `file` (default ./ecomctl.yaml)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		_, origins, err := config.Load(config.LoadOptions{Path: *path, Env: a.Getenv})
		if err != nil {
			return err
		}
		return out.write(c.Context(), config.Table(origins), nil)
	}
	return c
}

func newConfigCheck(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:     "check",
		Short:   "Find every mistake in the settings",
		Example: "  ecomctl config check --config ecomctl.yaml",
		Args:    cobra.NoArgs,
	}
	path := c.Flags().String("config", "", "configuration `file` (default ./ecomctl.yaml)")
	c.RunE = func(*cobra.Command, []string) error {
		problems, files := config.Check(config.LoadOptions{Path: *path, Env: a.Getenv})
		for _, p := range problems {
			fmt.Fprintln(a.IO.Out, render.Clean(p.Err.Error()))
			if h := fault.HintOf(p.Err); h != "" {
				fmt.Fprintln(a.IO.Out, "  "+render.Clean(h))
			}
		}
		if len(problems) > 0 {
			return fault.New(fault.Usage, "the settings have %d %s", len(problems), phrase.Plural(int64(len(problems)), "mistake", "mistakes"))
		}
		if len(files) == 0 {
			a.say("no configuration file; the environment is right")
		}
		for _, f := range files {
			a.say("%s is right", f)
		}
		return nil
	}
	return c
}
