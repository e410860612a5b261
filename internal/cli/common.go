package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/term"
)

// common are the flags that every command reading a table shares.
type common struct {
	session.Settings

	app        *App
	config     string
	engine     string
	spark      string // address of --engine spark
	command    string
	noProgress bool
	conf       *config.Config
}

// addCommon registers the shared flags.
func addCommon(a *App, c *cobra.Command) *common {
	o := &common{app: a}
	f := c.Flags()
	f.StringVar(&o.config, "config", "", "configuration `file` (default ./ecomctl.yaml)")
	f.StringVar(&o.Preset, "preset", "", "mapping of a known kind of file: online-retail, cdnow, complete-journey, olist, shopify, …")
	f.StringToStringVar(&o.Maps, "map", nil, "map a canonical column: `canonical=Column`, repeatable")
	f.StringVar(&o.Products, "products", "", "`URI` of the products table (names, categories)")
	f.StringVar(&o.Customers, "customers", "", "`URI` of the customers table (regions)")
	f.StringVar(&o.Where, "where", "", "only rows that satisfy an `EXPR`: \"region = 'SP' and unit_price > 10\"")
	f.StringVar(&o.From, "from", "", "first `date` reported")
	f.StringVar(&o.To, "to", "", "`date` before which rows are reported (half-open)")
	f.StringVar(&o.AsOf, "as-of", "", "rows on or after this `date` do not exist yet (default: the day after the last sold line)")
	f.StringVar(&o.TZ, "tz", "", "time `zone` of wall times and calendar cuts (default UTC)")
	f.StringVar(&o.Currency, "currency", "", "currency `code`: filters where there is a currency column, else a label")
	f.StringVar(&o.Lang, "lang", "", "language of texts: `en|zh`")
	f.IntVar(&o.Threads, "threads", 0, "worker threads (default: all processors)")
	f.StringVar(&o.Memory, "memory", "", "memory budget, like 4GiB (default: half of the machine)")
	o.addEngine(f, c.Name())
	f.Int64Var(&o.Seed, "seed", 1, "seed of anything random")
	f.BoolVar(&o.noProgress, "no-progress", false, "no progress line")
	f.BoolVar(&o.NoClean, "no-clean", false, "trust the input: every row is sold")
	f.BoolVar(&o.RejectFree, "reject-free", false, "lines of price 0 are rejects instead of free sales")
	f.BoolVar(&o.Dedupe, "dedupe", false, "rows equal to an earlier row are rejects")
	f.BoolVar(&o.Net, "net", false, "add the negative money of reversals on their own date")
	f.StringVar(&o.MaxRejects, "max-rejects", "", "exit with 3 when a larger `share` of rows is rejected (default 5%)")
	f.StringVar(&o.Delimiter, "delimiter", "", "field delimiter of text files (recognised otherwise)")
	f.StringVar(&o.Encoding, "encoding", "", "encoding of text files: utf-8, utf-16le, gb18030, latin1 (recognised otherwise)")
	f.StringVar(&o.Decimal, "decimal", "", "numbers of text files: comma (1.234,5) or point (1,234.5) (recognised otherwise)")
	f.BoolVar(&o.NoHeader, "no-header", false, "text files have no header line: columns are c1, c2, …")
	f.StringVar(&o.InputFormat, "input-format", "", "input `format` when content does not tell: basket")
	completeCommon(c, o)
	return o
}

// addRates registers --rates, which only commands that report money have.
func (o *common) addRates(c *cobra.Command) {
	c.Flags().StringVar(&o.Rates, "rates", "", "convert money into --currency by the rates in `FILE` (CSV: currency,rate[,from]: what one unit is worth, from a day on)")
}

// opened is an input that a command has opened, under its flags.
type opened struct {
	*common
	*session.Session
	prog *term.Progress
	rem  *remote // nil for the local engine
}

// Close releases the inputs.
func (s *opened) Close() {
	if s.Session != nil {
		s.Session.Close()
	}
	s.rem.Close()
}

// load merges flags, variables and files; the strongest word of each setting ends
// up in o.
func (o *common) load(c *cobra.Command) error {
	flags := map[string]string{}
	c.Flags().Visit(func(f *pflag.Flag) {
		// --map is laid over the configured one below; validate's --rules is another thing than the clean rules
		if k := config.Find(strings.ReplaceAll(f.Name, "-", "_")); k != nil && !k.Of(c.Name()) {
			return // another command's flag of that name
		}
		if f.Value.Type() != "stringToString" && f.Name != "rules" && f.Name != "format" {
			flags[f.Name] = f.Value.String()
		}
	})
	conf, _, err := config.Load(config.LoadOptions{Path: o.config, Env: o.app.Getenv, Flags: flags})
	if err != nil {
		return err
	}
	set := session.Configured(conf)
	set.InputFormat, set.NoHeader = o.InputFormat, o.NoHeader
	if c.Flags().Lookup("rates") == nil {
		set.Rates = ""
	}
	maps := map[string]string{}
	for k, v := range conf.Map {
		maps[k] = v
	}
	for k, v := range o.Maps {
		maps[k] = v
	}
	set.Maps = maps
	o.conf, o.Settings, o.engine, o.spark, o.noProgress = conf, set, conf.Engine, conf.Spark, conf.NoProgress
	o.app.remember(o.config)
	if conf.LogFormat == "json" {
		o.app.logJSON = true
	}
	return o.check()
}

// check refuses values that no command can use.
func (o *common) check() error {
	if err := o.checkEngine(); err != nil {
		return err
	}
	return o.Settings.Check()
}

// host is what this process offers to a session that reports to prog.
func (o *common) host(prog *term.Progress) *session.Host {
	return &session.Host{Files: o.app.files(), Stdin: o.app.IO.In, Getenv: o.app.Getenv, Now: o.app.Now, Say: o.app.say, Progress: prog}
}

// progress returns the progress line, or one that draws nothing.
func (o *common) progress() *term.Progress {
	p := &term.Progress{Now: o.app.Now}
	if o.app.IO.ErrTTY && !o.noProgress && !o.app.quiet {
		p.W = o.app.IO.Err
	}
	return p
}

// inputs opens what the user named, or the configured input.
func (o *common) inputs(ctx context.Context, inputs []string) (*opened, error) {
	if len(inputs) == 0 {
		inputs = o.conf.Input
	}
	prog := o.progress()
	host := o.host(prog)
	rem, err := o.connect(ctx, prog)
	if err != nil {
		return nil, err
	}
	if rem != nil {
		host.Remote = rem
	}
	if o.app.submission != nil {
		host.Remote = o.app.submission.bind(o, host, prog)
	}
	s, err := session.Inputs(ctx, host, o.Settings, inputs)
	if err != nil {
		rem.Close()
		return nil, err
	}
	return &opened{o, s, prog, rem}, nil
}

// open opens inputs and builds the relation of a canonical table.
func (o *common) open(ctx context.Context, table string, inputs []string, keepUnmapped bool) (*opened, error) {
	s, err := o.inputs(ctx, inputs)
	if err != nil {
		return nil, err
	}
	return s.orClose(s.Relate(ctx, table, keepUnmapped))
}

// openFor opens the input of an analysis as the table that the user, the preset or its
// columns say it is.
func (o *common) openFor(ctx context.Context, d *analysis.Definition, table string, inputs []string) (*opened, error) {
	s, err := o.inputs(ctx, inputs)
	if err != nil {
		return nil, err
	}
	return s.orClose(s.RelateFor(ctx, d, table))
}

// orClose returns the session, or closes it when it did not become one.
func (s *opened) orClose(err error) (*opened, error) {
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}
