package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// newInit writes a commented configuration from what an input shows.
func newInit(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "init [INPUT …]",
		Short: "Write a commented ecomctl.yaml for this folder, from an input where one is named",
		Long: `Recognises the columns of the input and writes ecomctl.yaml with the mapping and every
other setting as a comment with its default. An existing file is not overwritten.`,
		Example: "  ecomctl init orders.csv --currency GBP --tz Europe/London",
	}
	com := addCommon(a, c)
	file := c.Flags().StringP("output", "o", config.FileName, "`FILE` to write")
	hideOrderFlags(c, "tz", "currency", "lang")
	c.RunE = func(c *cobra.Command, inputs []string) error {
		if _, err := os.Lstat(*file); err == nil {
			return fault.New(fault.Usage, "init: %s exists already", *file).WithHint("name another file with -o, or remove it first")
		} else if !errors.Is(err, fs.ErrNotExist) {
			return vfs.Classify(err, "looking at "+*file)
		}
		if err := com.load(c); err != nil {
			return err
		}
		o := config.InitOptions{Inputs: inputs, TZ: com.TZ, Currency: com.Currency, Lang: com.Lang}
		if len(inputs) > 0 {
			if err := com.recognise(c.Context(), inputs, &o); err != nil {
				return err
			}
		}
		err := a.writeAtomic(c.Context(), *file, func(w io.Writer) error { _, err := w.Write(config.Init(o)); return err })
		if err == nil {
			a.say("wrote %s; `ecomctl config check` checks it after your changes", *file)
		}
		return err
	}
	return c
}

// recognise fills in what the input shows.
func (o *common) recognise(ctx context.Context, inputs []string, init *config.InitOptions) error {
	s, err := o.inputs(ctx, inputs)
	if err != nil {
		return err
	}
	defer s.Close()
	in := s.Data.Inputs()[0]
	init.Detail = in.Format
	if in.Detail != "" {
		init.Detail += ", " + in.Detail
	}
	if p := schema.Known(s.Data.Schema()); p != nil {
		init.Preset = p.Name
		return nil
	}
	text := textInput(s.Data)
	t := schema.Guess(s.Data.Schema(), text)
	if t == nil {
		return nil
	}
	m, _, err := schema.Propose(t, s.Data.Schema(), text)
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, ch := range m.Choices {
		init.Choices = append(init.Choices, config.Choice{Canonical: ch.Canonical, Column: ch.From, Why: ch.Why})
		used[ch.From] = true
	}
	for _, f := range s.Data.Schema().Fields() {
		if !used[f.Name] && frame.KindOf(f.Type) != frame.Nested {
			init.Unmapped = append(init.Unmapped, f.Name)
		}
	}
	return nil
}

// demoRows is the size of the demonstration's shop.
const demoRows = 200_000

// newDemo makes a shop and its report in one go.
func newDemo(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Make a synthetic shop and its report, to see what ecomctl does",
		Example: `  ecomctl demo
  ecomctl demo -o demo.html --lang zh`,
		Args: cobra.NoArgs,
	}
	file := c.Flags().StringP("output", "o", "demo.html", "`FILE` of the report")
	lang := c.Flags().String("lang", "en", "language: `en|zh`")
	c.RunE = func(c *cobra.Command, _ []string) error {
		country := "us"
		if *lang == "zh" {
			country = "cn"
		}
		shop, err := generate.Orders(generate.Options{Rows: demoRows, Regions: country, Lang: *lang, Dirty: 0.01})
		if err != nil {
			return err
		}
		o := &reportOptions{common: &common{app: a, Settings: session.Settings{Lang: *lang}, conf: &config.Config{}}, output: *file, format: "html",
			command: "ecomctl demo --lang " + *lang}
		prog := o.progress()
		s := &opened{o.common, session.Of(o.host(prog), o.Settings, shop), prog, nil}
		if s, err = s.orClose(s.Relate(c.Context(), "orders", false)); err != nil {
			return err
		}
		return o.publish(c.Context(), s)
	}
	return c
}
