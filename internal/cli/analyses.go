package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/result"
)

// newAnalysis makes the command of a registered analysis.
func newAnalysis(a *App, d *analysis.Definition) *cobra.Command {
	c := &cobra.Command{
		Use:     d.Name[strings.LastIndexByte(d.Name, ' ')+1:] + " [INPUT …] [flags]",
		Short:   d.Short.EN,
		Long:    d.Long + "\n\n" + columnHelp(d.Columns),
		Example: "  " + strings.Join(d.Example, "\n  "),
	}
	com, out := addCommon(a, c), addOutput(a, c)
	if d.Table == "orders" || slices.Contains(d.Or, "orders") {
		com.addRates(c)
	}
	completeResult(c, d)
	if d.NoNet {
		c.Flags().MarkHidden("net")
	}
	explain := c.Flags().Bool("explain", false, "show the plan and its SQL instead of running")
	schema := c.Flags().Bool("json-schema", false, "print the JSON Schema of the result instead of running")
	table := ""
	if len(d.Or) > 0 {
		tables := append([]string{d.Table}, d.Or...)
		c.Flags().Var(newChoice(func(s string) { table = s }, "", tables...), "table", "what the input is: "+strings.Join(tables, ", ")+" (recognised otherwise)")
		c.RegisterFlagCompletionFunc("table", cobra.FixedCompletions(tables, noFiles))
	}
	values := map[string]*string{}
	for _, p := range d.Params {
		help := p.Help
		if len(p.Choices) > 0 {
			help += ": " + strings.Join(p.Choices, ", ")
		}
		v := paramValue{kind: p.Kind, text: p.Default}
		values[p.Name] = &v.text
		c.Flags().Var(&v, p.Name, help)
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
		for _, p := range d.Params {
			if v := *values[p.Name]; strings.HasPrefix(v, "--") { // the flag behind was taken for its value
				return fault.New(fault.Usage, "--%s needs a value, and %s is a flag", p.Name, v).WithHint("write --%s VALUE: %s", p.Name, p.Help)
			}
		}
		if err := com.load(c); err != nil {
			return err
		}
		out.onSpark = com.engine == sparkEngine
		if err := out.settle(com.conf); err != nil {
			return err
		}
		if out.folder() && d.Derive == nil {
			return fault.New(fault.Usage, "-o %s: the result of %s is small, and comes here", out.file, d.Name).WithHint("name a file: -o FILE.parquet")
		}
		if table == "" && d.TableOf != nil {
			var err error
			if table, err = com.tableOf(c.Context(), d, values); err != nil {
				return err
			}
		}
		s, err := com.openFor(c.Context(), d, table, inputs)
		if err != nil {
			return err
		}
		defer s.Close()
		for name, v := range values {
			s.Req.Params[name] = *v
		}
		if s.Req.Pseudonym, err = out.hider(); err != nil {
			return err
		}
		if err := s.files(c.Context(), d, out.file); err != nil {
			return err
		}
		eng, err := s.Asked()
		if err != nil {
			return err
		}
		switch {
		case out.folder() && *explain:
			return s.explainThere(eng, d, out)
		case out.folder():
			return s.writeThere(c.Context(), eng, d, out)
		case *explain:
			return s.explain(d, eng)
		}
		res, err := analysis.Run(c.Context(), eng, d, s.Req)
		if err != nil {
			return err
		}
		for _, n := range res.Notes {
			a.say("note: %s", n)
		}
		if err := s.writeFiles(c.Context(), res.Files); err != nil {
			return err
		}
		if err := out.write(c.Context(), res.Main, s.Zone); err != nil {
			return err
		}
		return errors.Join(res.Broken, s.account(&res.Account))
	}
	if c.Flags().Lookup("rates") == nil { // about clicks, which are no sales
		refuseFlags(c, "products", "customers", "currency", "net", "reject-free")
		c.Flags().Lookup("as-of").Usage = "rows on or after this `date` do not exist yet (default: the day after the last row)"
	}
	return c
}

// tableOf asks the definition which table its parameters are for.
func (o *common) tableOf(ctx context.Context, d *analysis.Definition, values map[string]*string) (string, error) {
	params := map[string]string{}
	for name, v := range values {
		params[name] = *v
	}
	files, err := o.host(nil).ReadParamFiles(ctx, d, params)
	if err != nil {
		return "", err
	}
	return d.TableOf(params, files)
}

// files reads the files that parameters name and refuses outputs that are inputs.
func (s *opened) files(ctx context.Context, d *analysis.Definition, output string) error {
	outputs := []string{output}
	for _, p := range d.Params {
		if path := s.Req.Params[p.Name]; p.Kind == analysis.OutFileParam && path != "" {
			outputs = append(outputs, path)
		}
	}
	for _, p := range d.Params {
		path := s.Req.Params[p.Name]
		if p.Kind == analysis.InFileParam && path != "" && slices.ContainsFunc(outputs, func(o string) bool { return o != "" && o != "-" && sameFile(o, path) }) {
			return fault.New(fault.Usage, "--%s %s is also an output", p.Name, path).WithHint("write another file")
		}
	}
	var err error
	if s.Req.Files, err = s.host(nil).ReadParamFiles(ctx, d, s.Req.Params); err != nil {
		return err
	}
	return s.guard(outputs...)
}

// writeFiles writes the files of a result that parameters name.
func (s *opened) writeFiles(ctx context.Context, files []analysis.OutFile) error {
	for _, f := range files {
		path := s.Req.Params[f.Param]
		write := func(w io.Writer) error {
			_, err := w.Write(f.Bytes)
			return err
		}
		if f.Table != nil {
			format := render.FormatOf(path)
			if format == "" {
				return fault.New(fault.Usage, "--%s %s: the ending names no format", f.Param, path).WithHint("use one of %s", strings.Join(render.Formats(), ", "))
			}
			write = func(w io.Writer) error {
				return render.Write(w, format, f.Table, render.Options{Zone: s.Zone, Header: true, File: true})
			}
		}
		if err := s.app.writeAtomic(ctx, path, write); err != nil {
			return fault.Wrap(err, "--%s", f.Param)
		}
		s.app.say("wrote %s", path)
	}
	return nil
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
