package cli

import (
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/version"
)

// newMan writes reference pages from the command tree.
func newMan(a *App) *cobra.Command {
	format := "man"
	c := &cobra.Command{
		Use:     "man DIR",
		Short:   "Write man pages, or Markdown pages, of all commands into a folder",
		Example: "  ecomctl man /usr/local/share/man/man1\n  ecomctl man docs/cli --format markdown",
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().Var(newChoice(func(s string) { format = s }, "man", "man", "markdown"), "format", "`man|markdown`")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := os.MkdirAll(args[0], 0o755); err != nil {
			return fault.New(fault.Input, "making the folder %s: %w", args[0], err)
		}
		root := c.Root()
		root.DisableAutoGenTag = true
		root.InitDefaultCompletionCmd()
		root.InitDefaultHelpCmd()
		var err error
		if format == "markdown" {
			err = doc.GenMarkdownTree(root, args[0])
		} else {
			epoch := time.Unix(0, 0).UTC() // pages must not differ from build to build
			err = doc.GenManTree(root, &doc.GenManHeader{Title: "ECOMCTL", Section: "1", Date: &epoch,
				Source: "ecomctl " + version.Get().Version, Manual: "ecomctl"}, args[0])
		}
		if err != nil {
			return fault.New(fault.Input, "writing pages to %s: %w", args[0], err)
		}
		a.say("wrote the pages of %s to %s", root.Name(), strings.TrimRight(args[0], "/"))
		return nil
	}
	return c
}
