package cli

import (
	"bytes"
	"context"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/term"
)

// common are the flags that every command reading a table shares.
type common struct {
	app *App

	config, preset string
	maps           map[string]string
	products       string
	customers      string
	from, to, asOf string
	where          string
	tz, currency   string
	lang           string
	threads        int
	memory         string
	engine         string
	seed           int64
	noProgress     bool
	noClean        bool
	rejectFree     bool
	dedupe         bool
	net            bool
	maxRejects     string
	rates          string
	text           textFlags

	conf *config.Config
}

// textFlags state what recognition of text files would guess.
type textFlags struct {
	delimiter, encoding string
	noHeader            bool
	format              string
}

// addCommon registers the shared flags.
func addCommon(a *App, c *cobra.Command) *common {
	o := &common{app: a}
	f := c.Flags()
	f.StringVar(&o.config, "config", "", "configuration `file` (default ./ecomctl.yaml)")
	f.StringVar(&o.preset, "preset", "", "mapping of a known kind of file: online-retail, cdnow, complete-journey, olist, shopify, …")
	f.StringToStringVar(&o.maps, "map", nil, "map a canonical column: `canonical=Column`, repeatable")
	f.StringVar(&o.products, "products", "", "`URI` of the products table (names, categories)")
	f.StringVar(&o.customers, "customers", "", "`URI` of the customers table (regions)")
	f.StringVar(&o.where, "where", "", "only rows that satisfy an `EXPR`: \"region = 'SP' and unit_price > 10\"")
	f.StringVar(&o.from, "from", "", "first `date` reported")
	f.StringVar(&o.to, "to", "", "`date` before which rows are reported (half-open)")
	f.StringVar(&o.asOf, "as-of", "", "rows on or after this `date` do not exist yet (default: the day after the last sold line)")
	f.StringVar(&o.tz, "tz", "", "time `zone` of wall times and calendar cuts (default UTC)")
	f.StringVar(&o.currency, "currency", "", "currency `code`: filters where there is a currency column, else a label")
	f.StringVar(&o.lang, "lang", "", "language of texts: `en|zh`")
	f.IntVar(&o.threads, "threads", 0, "worker threads (default: all processors)")
	f.StringVar(&o.memory, "memory", "", "memory budget, like 4GiB (default: half of the machine)")
	f.StringVar(&o.engine, "engine", "", "`local` (Spark comes with its own release)")
	f.Int64Var(&o.seed, "seed", 1, "seed of anything random")
	f.BoolVar(&o.noProgress, "no-progress", false, "no progress line")
	f.BoolVar(&o.noClean, "no-clean", false, "trust the input: every row is sold")
	f.BoolVar(&o.rejectFree, "reject-free", false, "lines of price 0 are rejects instead of free sales")
	f.BoolVar(&o.dedupe, "dedupe", false, "rows equal to an earlier row are rejects")
	f.BoolVar(&o.net, "net", false, "add the negative money of reversals on their own date")
	f.StringVar(&o.maxRejects, "max-rejects", "", "exit with 3 when a larger `share` of rows is rejected (default 5%)")
	f.StringVar(&o.text.delimiter, "delimiter", "", "field delimiter of text files (recognised otherwise)")
	f.StringVar(&o.text.encoding, "encoding", "", "encoding of text files: utf-8, utf-16le, gb18030, latin1 (recognised otherwise)")
	f.BoolVar(&o.text.noHeader, "no-header", false, "text files have no header line: columns are c1, c2, …")
	f.StringVar(&o.text.format, "input-format", "", "input `format` when content does not tell: basket")
	completeCommon(c, o)
	return o
}

// addRates registers --rates, which only commands that report money have.
func (o *common) addRates(c *cobra.Command) {
	c.Flags().StringVar(&o.rates, "rates", "", "convert money into --currency by the rates in `FILE` (CSV: currency,rate[,from]: what one unit is worth, from a day on)")
}

// maxRates bounds a file of rates.
const maxRates = 64 << 20

// readRates reads the file of --rates; nil without one.
func (o *common) readRates(ctx context.Context) (*relation.Rates, error) {
	if o.rates == "" {
		return nil, nil
	}
	if o.currency == "" {
		return nil, fault.New(fault.Usage, "--rates %s: into which currency?", o.rates).WithHint("add --currency CODE")
	}
	b, err := o.app.readFile(ctx, o.rates, maxRates)
	if err != nil {
		return nil, fault.Wrap(err, "--rates")
	}
	return relation.ParseRates(bytes.NewReader(b), o.rates, o.currency)
}

// session is an opened input, mapped and ready to be asked.
type session struct {
	*common
	data   source.Dataset
	rel    *relation.Relation
	zone   *time.Location
	now    time.Time
	req    *analysis.Request
	tables map[string]source.Dataset
	prog   *term.Progress
}

// Close releases the inputs.
func (s *session) Close() {
	for _, d := range s.tables {
		d.Close()
	}
	if s.data != nil {
		s.data.Close()
	}
}

// load merges flags, variables and files; the strongest word of each setting ends
// up in o.
func (o *common) load(c *cobra.Command) error {
	flags := map[string]string{}
	c.Flags().Visit(func(f *pflag.Flag) {
		// --map is laid over the configured one below; validate's --rules is another thing than the clean rules
		if f.Value.Type() != "stringToString" && f.Name != "rules" && f.Name != "format" {
			flags[f.Name] = f.Value.String()
		}
	})
	conf, _, err := config.Load(config.LoadOptions{Path: o.config, Env: o.app.Getenv, Flags: flags})
	if err != nil {
		return err
	}
	o.conf = conf
	o.preset, o.products, o.customers = conf.Preset, conf.Products, conf.Customers
	o.where, o.from, o.to, o.asOf = conf.Where, conf.From, conf.To, conf.AsOf
	o.tz, o.currency, o.lang = conf.TZ, conf.Currency, conf.Lang
	o.engine, o.memory, o.threads, o.maxRejects = conf.Engine, conf.Memory, conf.Threads, conf.MaxRejects
	o.noProgress, o.noClean, o.rejectFree = conf.NoProgress, conf.NoClean, conf.RejectFree
	o.dedupe, o.net = conf.Dedupe, conf.Net
	if c.Flags().Lookup("rates") != nil {
		o.rates = conf.Rates
	}
	o.text.delimiter, o.text.encoding = conf.Delimiter, conf.Encoding
	if conf.SeedSet {
		o.seed = conf.Seed
	}
	maps := map[string]string{}
	for k, v := range conf.Map {
		maps[k] = v
	}
	for k, v := range o.maps {
		maps[k] = v
	}
	o.maps = maps
	if conf.LogFormat == "json" {
		o.app.logJSON = true
	}
	return o.check()
}

// check refuses values that no command can use.
func (o *common) check() error {
	switch {
	case o.engine != "" && o.engine != "local":
		return fault.New(fault.Usage, "--engine %s: this build has the local engine only", o.engine).WithHint("leave --engine out")
	case o.lang != "" && o.lang != "en" && o.lang != "zh":
		return fault.New(fault.Usage, "--lang %s: languages are en and zh", o.lang)
	case o.threads < 0:
		return fault.New(fault.Usage, "--threads %d: must be positive", o.threads)
	}
	return nil
}

// workers returns the number of threads to use.
func (o *common) workers() int {
	if o.threads > 0 {
		return o.threads
	}
	return runtime.GOMAXPROCS(0)
}

// rejectShare is --max-rejects: "5%", "0.05", or the default.
func (o *common) rejectShare() (float64, error) {
	if o.maxRejects == "" {
		return 0.05, nil
	}
	v, err := config.ParseShare(o.maxRejects)
	return v, fault.Wrap(err, "--max-rejects")
}

// location returns the time zone.
func (o *common) location() (*time.Location, error) {
	if o.tz == "" || strings.EqualFold(o.tz, "UTC") {
		return time.UTC, nil
	}
	loc, err := time.LoadLocation(o.tz)
	if err != nil || o.tz == "Local" {
		return nil, fault.New(fault.Usage, "--tz %s: no such time zone", o.tz).WithHint("names are those of the IANA database, like America/Sao_Paulo or Asia/Shanghai")
	}
	return loc, nil
}

// day parses a date flag into microseconds of wall time.
func day(flagName, s string, open int64) (int64, error) {
	if s == "" {
		return open, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMicro(), nil
		}
	}
	return 0, fault.New(fault.Usage, "--%s %s: not a date", flagName, s).WithHint("dates look like 2024-12-31")
}

// open opens inputs and builds the relation of a canonical table.
func (o *common) open(ctx context.Context, table string, inputs []string, keepUnmapped bool) (*session, error) {
	s := &session{common: o}
	if err := o.openInputs(ctx, s, inputs); err != nil {
		s.Close()
		return nil, err
	}
	return o.relate(ctx, s, table, keepUnmapped)
}

// relate builds the relation of an opened input. On an error the session is closed.
func (o *common) relate(ctx context.Context, s *session, table string, keepUnmapped bool) (_ *session, err error) {
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.zone, err = o.location(); err != nil {
		return nil, err
	}
	if s.now, err = o.clock(); err != nil {
		return nil, err
	}
	asOf, err := day("as-of", o.asOf, query.MaxTime)
	if err != nil {
		return nil, err
	}
	s.prog = o.progress()
	for _, n := range s.data.Notices() {
		o.app.say("note: %s", n)
	}
	if s.rel, err = o.build(ctx, s, table, asOf, keepUnmapped); err != nil {
		return nil, err
	}
	if s.req, err = o.request(s); err != nil {
		return nil, err
	}
	return s, nil
}

// request turns the flags into an analysis request.
func (o *common) request(s *session) (*analysis.Request, error) {
	r := &analysis.Request{Rel: s.rel, Params: map[string]string{}, AsOf: s.rel.AsOf, Now: s.now.UnixMicro(), Lang: o.lang, Net: o.net, Seed: o.seed, Threads: o.workers(), Rows: rowsOf(s.data)}
	var err error
	if r.Memory, err = o.memoryBytes(); err != nil {
		return nil, err
	}
	if r.From, err = day("from", o.from, query.MinTime); err != nil {
		return nil, err
	}
	if r.To, err = day("to", o.to, query.MaxTime); err != nil {
		return nil, err
	}
	if r.From >= r.To {
		return nil, fault.New(fault.Usage, "--from %s is not before --to %s", o.from, o.to)
	}
	if o.where != "" {
		if r.Where, err = parseWhere(o.where, s.rel); err != nil {
			return nil, err
		}
	}
	if r.Segments, err = shopSegments(o.conf.Segments); err != nil {
		return nil, err
	}
	if s.rel.Rates != nil {
		r.Currency = s.rel.Rates.To
	} else {
		r.InCurrency(o.currency)
	}
	return r, nil
}

// textRow is about the length of a row of a text file, to estimate their number.
const textRow = 64

// rowsOf bounds the rows of a dataset: their number where the splits tell, else by size.
func rowsOf(d source.Dataset) int64 {
	var n int64
	for _, sp := range d.Splits() {
		if rows := sp.Rows(); rows >= 0 {
			n += rows
		} else {
			n += sp.Bytes() / textRow
		}
	}
	return n
}

// parseWhere reads and checks --where against the relation.
func parseWhere(src string, rel *relation.Relation) (expr.Node, error) {
	n, err := expr.Parse(src)
	if err != nil {
		return nil, fault.Wrap(err, "--where")
	}
	lookup := func(name string) (int, expr.Type, bool) {
		if name == relation.MoneyColumn {
			return len(rel.Columns), expr.Money, true
		}
		i := rel.Find(name)
		if i < 0 {
			return 0, 0, false
		}
		return i, rel.Columns[i].Type, true
	}
	names := []string{relation.MoneyColumn}
	for i := range rel.Columns {
		names = append(names, rel.Columns[i].Name)
	}
	typed, err := expr.CheckCondition(n, lookup, names...)
	if err != nil {
		return nil, fault.Wrap(err, "--where")
	}
	return typed, nil
}

// newEngine returns the local engine with this session's limits.
func (s *session) newEngine() (*local.Engine, error) {
	mem, err := s.memoryBytes()
	if err != nil {
		return nil, err
	}
	return local.New(local.Options{Threads: s.workers(), Memory: mem, TempDir: s.tempDir(), Progress: s.prog}), nil
}

// clock is the `now` of this run: ECOMCTL_NOW or SOURCE_DATE_EPOCH fix it.
func (o *common) clock() (time.Time, error) {
	if v := o.app.Getenv("ECOMCTL_NOW"); v != "" {
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.UTC(), nil
			}
		}
		return time.Time{}, fault.New(fault.Usage, "ECOMCTL_NOW=%s: not a time", v).WithHint("use RFC 3339, like 2026-01-31T06:00:00Z")
	}
	if v := o.app.Getenv("SOURCE_DATE_EPOCH"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return time.Time{}, fault.New(fault.Usage, "SOURCE_DATE_EPOCH=%s: not a number of seconds", v)
		}
		return time.Unix(n, 0).UTC(), nil
	}
	return o.app.Now().UTC(), nil
}
