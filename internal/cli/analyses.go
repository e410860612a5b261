package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
)

// newAnalysis makes the command of a registered analysis.
func newAnalysis(a *App, d *analysis.Definition) *cobra.Command {
	c := &cobra.Command{
		Use:     d.Name + " [INPUT …] [flags]",
		Short:   d.Short.EN,
		Long:    d.Long + "\n\n" + columnHelp(d.Columns),
		Example: "  " + strings.Join(d.Example, "\n  "),
	}
	com, out := addCommon(a, c), addOutput(a, c)
	completeResult(c, d)
	if d.NoNet {
		c.Flags().MarkHidden("net")
	}
	explain := c.Flags().Bool("explain", false, "show the plan and its SQL instead of running")
	schema := c.Flags().Bool("json-schema", false, "print the JSON Schema of the result instead of running")
	values := map[string]*string{}
	for _, p := range d.Params {
		help := p.Help
		if len(p.Choices) > 0 {
			help += ": " + strings.Join(p.Choices, ", ")
		}
		values[p.Name] = c.Flags().String(p.Name, p.Default, help)
		if p.Kind == analysis.BoolParam {
			c.Flags().Lookup(p.Name).NoOptDefVal = "true"
		}
		completeParam(c, com, p)
	}
	c.RunE = func(c *cobra.Command, inputs []string) error {
		if *schema {
			text, err := result.JSONSchema(d.Name, d.Columns)
			if err == nil {
				_, err = fmt.Fprintf(a.IO.Out, "%s\n", text)
			}
			return err
		}
		if d.NoNet && c.Flags().Changed("net") {
			return fault.New(fault.Usage, "--net does not apply to %s: it looks at sold lines only", d.Name)
		}
		if err := com.load(c); err != nil {
			return err
		}
		if err := out.settle(com.conf); err != nil {
			return err
		}
		s, err := com.open(c.Context(), d.Table, inputs, false)
		if err != nil {
			return err
		}
		defer s.Close()
		if err := s.guard(out.file); err != nil {
			return err
		}
		for name, v := range values {
			s.req.Params[name] = *v
		}
		eng, err := s.newEngine()
		if err != nil {
			return err
		}
		if *explain {
			return s.explain(d, eng)
		}
		res, err := analysis.Run(c.Context(), eng, d, s.req)
		if err != nil {
			return err
		}
		for _, n := range res.Notes {
			a.say("note: %s", n)
		}
		if err := out.write(c.Context(), res.Main, s.zone); err != nil {
			return err
		}
		return s.account(&res.Account)
	}
	return c
}

// columnHelp lists the result columns.
func columnHelp(specs []result.Spec) string {
	var b strings.Builder
	b.WriteString("Result columns:\n")
	for _, s := range specs {
		b.WriteString("  " + s.Name + strings.Repeat(" ", max(1, 16-len(s.Name))) + s.Desc)
		if s.Null != "" {
			b.WriteString(" (null: " + s.Null + ")")
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}
