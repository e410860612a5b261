package cli

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/version"
)

// reportOptions are the flags of report.
type reportOptions struct {
	*common
	html, output, format, title string
	events                      string // URI of the click-stream
	command                     string // how to make the page again
	models                      string
	pseudonymise                bool
}

// pageNoName is the value of --html without a file name: a name that no file has.
const pageNoName = " "

func newReport(a *App) *cobra.Command {
	o := &reportOptions{}
	c := &cobra.Command{
		Use:   "report [INPUT …] [flags]",
		Short: "One page of all that the input allows: findings in words, figures, charts, data quality",
		Long: `Makes one HTML page that works offline, in light and dark, on a phone and on paper:
findings in words, headline figures, sales, products, regions, segments, cohorts, what happened to
every row, and where it all came from. One scan answers all questions; a second one reads the
days behind the last change. A click-stream, as --events or as the input itself, gives the funnel and
the visits.

The page goes to -o or --html FILE; else to report.html when standard output is a
terminal, else to standard output. --format json gives the data of the page.`,
		Example: `  ecomctl report orders.parquet --html -o report.html
  ecomctl report orders.csv --html=report.html --lang zh --currency CNY
  ecomctl report orders.parquet --events clicks.parquet -o report.html
  ecomctl report orders.parquet --format json | jq .sections[].lead`,
	}
	o.common = addCommon(a, c)
	o.addRates(c)
	f := c.Flags()
	f.StringVar(&o.html, "html", "", "write the HTML page (the default), to `FILE` when one is named")
	f.Lookup("html").NoOptDefVal = pageNoName
	f.StringVarP(&o.output, "output", "o", "", "write to `FILE`; appears whole or not at all")
	f.StringVar(&o.format, "format", "", "`html|json`")
	f.StringVar(&o.title, "title", "", "title of the page")
	f.StringVar(&o.events, "events", "", "`URI` of the events table: adds the funnel and the visits (--where and --net are about the orders)")
	f.BoolVar(&o.pseudonymise, "pseudonymise", false, "replace customer ids by keyed hashes (key from ECOMCTL_PSEUDONYM_KEY)")
	f.Var(newChoice(func(s string) { o.models = s }, "auto", "auto", "on", "off"), "models", "sections that take models (baskets, groups, lifetime value, recommendations): `auto|on|off`; auto is up to 2,000,000 rows")
	c.RunE = func(c *cobra.Command, inputs []string) error {
		inputs, err := o.settle(inputs)
		if err != nil {
			return err
		}
		o.command = commandLine(c, inputs)
		return o.run(c, inputs)
	}
	return c
}

// settle sorts out the ways to say where the page goes and returns the inputs.
func (o *reportOptions) settle(inputs []string) ([]string, error) {
	if o.html == pageNoName {
		o.html = ""
		for i, in := range inputs { // --html FILE: the flag's value stands among the inputs
			if ext := strings.ToLower(filepath.Ext(in)); ext == ".html" || ext == ".htm" {
				o.html = in
				inputs = append(inputs[:i:i], inputs[i+1:]...)
				break
			}
		}
		if o.format == "json" {
			return nil, fault.New(fault.Usage, "--html and --format json contradict each other")
		}
		o.format = "html"
	}
	if o.html != "" {
		if o.output != "" && o.output != o.html {
			return nil, fault.New(fault.Usage, "--html %s and -o %s name two files", o.html, o.output)
		}
		o.output, o.format = o.html, "html"
	}
	if o.format == "" {
		o.format = "html"
		if strings.EqualFold(filepath.Ext(o.output), ".json") {
			o.format = "json"
		}
	}
	if o.format != "html" && o.format != "json" {
		return nil, fault.New(fault.Usage, "--format %s: a report is html or json", o.format)
	}
	if o.output == "" && o.app.IO.OutTTY {
		o.output = "report." + o.format
	}
	if o.output == "-" {
		o.output = ""
	}
	return inputs, nil
}

func (o *reportOptions) run(c *cobra.Command, inputs []string) error {
	if err := o.load(c); err != nil {
		return err
	}
	s, err := o.openReport(c.Context(), inputs)
	if err != nil {
		return err
	}
	return o.publish(c.Context(), s)
}

// publish answers all sections, writes the page and closes the session.
func (o *reportOptions) publish(ctx context.Context, s *opened) error {
	defer s.Close()
	if err := s.guard(o.output); err != nil {
		return err
	}
	eng, err := s.Engine()
	if err != nil {
		return err
	}
	if o.pseudonymise {
		key, err := o.conf.PseudonymKey.Reveal(o.app.Getenv)
		if err != nil {
			return err
		}
		if err := checkPseudonymKey(key); err != nil {
			return err
		}
		s.Req.Pseudonym = func(id string) string { return pseudonym(key, id) }
	}
	s.Req.Models = map[string]analysis.Models{"on": analysis.AllModels, "off": analysis.NoModels}[o.models]
	rep, err := analysis.RunReport(ctx, eng, s.Req)
	if err != nil {
		return err
	}
	doc := o.document(s, rep)
	clicks, err := o.addEvents(ctx, s, doc)
	if err != nil {
		return err
	}
	if o.format == "html" && !report.SelfContained() {
		o.app.say("note: this build has no chart library inside: the page links it from go-echarts' host; `make build` embeds it")
	}
	if err := o.writeDocument(ctx, doc); err != nil {
		return err
	}
	return errors.Join(s.account(&rep.Account), clicks())
}

func (o *reportOptions) writeDocument(ctx context.Context, doc *report.Document) error {
	write := func(w io.Writer) error {
		if o.format == "json" {
			return report.WriteJSON(w, doc)
		}
		return report.Render(w, doc)
	}
	if o.output == "" {
		return write(o.app.IO.Out)
	}
	if err := o.app.writeAtomic(ctx, o.output, write); err != nil {
		return err
	}
	o.app.say("wrote %s", o.output)
	return nil
}

// document puts views and provenance together.
func (o *reportOptions) document(s *opened, rep *analysis.Report) *report.Document {
	lang := o.Lang
	if lang == "" {
		lang = "en"
	}
	p := report.ProvenanceOf(s.Rel, s.Data, s.Tables, rep, s.Now)
	p.Version, p.Command = version.Get().Version, o.command
	return &report.Document{Title: o.title, Lang: lang, Currency: o.Currency, Views: rep.Views, Provenance: p}
}

// commandLine is the command that makes the page again: the flags that were
// given, in order of name, without where the page went.
func commandLine(c *cobra.Command, inputs []string) string {
	parts := []string{"ecomctl", "report"}
	for _, in := range inputs {
		parts = append(parts, report.ShellQuote(config.Redact(in)))
	}
	c.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "html", "output", "no-progress", "quiet", "verbose", "threads", "memory", "log-format":
			return // how, not what
		}
		switch v := f.Value.String(); f.Value.Type() {
		case "bool":
			parts = append(parts, "--"+f.Name)
		case "stringToString":
			for _, kv := range strings.Split(strings.Trim(v, "[]"), ",") {
				parts = append(parts, "--"+f.Name, report.ShellQuote(kv))
			}
		default:
			parts = append(parts, "--"+f.Name, report.ShellQuote(config.Redact(v)))
		}
	})
	return strings.Join(append(parts, "--html"), " ")
}
