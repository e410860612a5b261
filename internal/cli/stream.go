package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/stream"
	"github.com/ecomctl/ecomctl/internal/stream/kafka"
	"github.com/ecomctl/ecomctl/internal/stream/table"
)

// streamFlags are the flags of stream.
type streamFlags struct {
	*common
	opts stream.Options

	window, delay, lateness, idle, horizon, interval, exitIdle string
	from, outOfRange, partitions, group                        string
	session                                                    string
	follow, toEnd, standby                                     bool
	member                                                     *kafka.Member // of --standby
	silence                                                    time.Duration // --session-timeout
	endless                                                    bool          // a topic that is followed
	late, dead, file, format                                   string
	flink                                                      flinkFlags
}

func newStream(a *App) *cobra.Command {
	o := &streamFlags{common: &common{app: a}}
	c := &cobra.Command{
		Use:   "stream [INPUT …] [flags]",
		Short: "Sales, orders and active customers by windows of event time, while orders come in",
		Long: `Counts orders as JSON objects, one a line, from standard input (-), files, folders or a topic of
Kafka (kafka://host:port/topic, one object a record; of transactions only what was committed), by tumbling windows of their own time. Mapping, clean rules and money are those of every other
command: a window says what ` + "`ecomctl query`" + ` says of the same rows. A window is written when the
watermark has passed it: the oldest, over the partitions (files), of their newest event less --delay.
Rows that come later are kept in --late, or with --allowed-lateness replace what was written (revision
1, 2, …). Records that cannot be counted go to --dead-letters with the cause. At the end, and
after every checkpoint of a resumed run, the identity holds:

  records in = counted + late + duplicates + dead letters + aborted

With --checkpoint a run that was killed or interrupted goes on where the last checkpoint left it:
the outputs are cut back to it, so nothing is lost or counted twice.

` + columnHelp(stream.Columns),
		Example: `  ecomctl stream orders.ndjson --window 1h --by region
  tail -F -n +1 orders.ndjson | ecomctl stream - --window 1m --allowed-lateness 5m
  ecomctl stream orders.ndjson --follow --window 1d --checkpoint state -o days.csv --dead-letters dead.ndjson
  ecomctl stream kafka://broker:9092/orders --window 1m --by region --checkpoint state --group shop -o kafka://broker:9092/minutes
  ecomctl stream kafka://broker:9092/orders --engine flink --window 1m --by region -o 'mysql://shop@db/shop?table=minutes'
  ecomctl stream orders.ndjson --window 1h --by region --checkpoint state -o 'sqlite:shop.db?table=hours'`,
	}
	o.register(c)
	c.RunE = func(c *cobra.Command, inputs []string) error { return o.run(c, inputs) }
	c.AddCommand(newRedrive(a))
	return c
}

// register adds the flags: of the common ones those that mean something here.
func (o *streamFlags) register(c *cobra.Command) {
	f := c.Flags()
	o.flink.register(f)
	f.StringVar(&o.window, "window", "1h", "length of the `windows`: 1m, 5m, 1h, 1d; it must divide a day")
	f.StringSliceVar(&o.opts.By, "by", nil, "dimensions: `columns` of the orders")
	f.StringVar(&o.delay, "delay", "10s", "how far the watermark stays behind the newest event: the `time` by which events may be out of order")
	f.StringVar(&o.lateness, "allowed-lateness", "0s", "how `long` a written window takes late rows, which are written as revisions")
	f.StringVar(&o.idle, "idle-timeout", "1m", "after so `long` without records a partition no longer holds windows back; 0s = never")
	f.StringSliceVar(&o.opts.DedupeKey, "dedupe-key", nil, "`columns` that tell a repeated row: order_id,product_id")
	f.StringVar(&o.horizon, "dedupe-horizon", "", "how `long` keys are remembered, in event time (default: a day more than windows stay open)")
	f.StringVar(&o.opts.Checkpoint, "checkpoint", "", "`folder` of checkpoints, from which a killed run goes on")
	f.StringVar(&o.interval, "checkpoint-interval", "10s", "`time` between checkpoints")
	f.BoolVar(&o.follow, "follow", false, "go on reading files as they grow, and folders as files come")
	f.StringVar(&o.from, "from", "earliest", "Kafka: where partitions without a checkpoint start: `earliest|latest`")
	f.StringVar(&o.outOfRange, "out-of-range", "fail", "Kafka: what to do when the log no longer holds the place of the checkpoint: `fail|earliest|latest`")
	f.StringVar(&o.partitions, "partitions", "", "Kafka: only these `partitions`, like 0,2,5-7 (default: all, and those that are added)")
	f.StringVar(&o.group, "group", "", "Kafka: tell this consumer `group` the offsets of checkpoints, so that tools show the lag")
	f.BoolVar(&o.standby, "standby", false, "Kafka: join --group, of whose processes one reads and the others take over when it ends or dies")
	f.StringVar(&o.session, "session-timeout", "10s", "Kafka: after so `long` without a sign of life the process that reads is replaced by one that stands by")
	f.BoolVar(&o.toEnd, "to-end", false, "Kafka: end at the offsets that the partitions have now")
	f.StringVar(&o.exitIdle, "exit-idle", "0s", "end when nothing came for so `long`; 0s = never")
	f.StringVar(&o.late, "late", "", "keep rows that were too late in `FILE` (NDJSON)")
	f.StringVar(&o.dead, "dead-letters", "", "keep records that cannot be counted in `FILE` (NDJSON), with the cause")
	f.StringVar(&o.opts.Metrics, "metrics", "", "write the counts to `FILE` in Prometheus' text format at every checkpoint")
	f.StringVarP(&o.file, "output", "o", "", "write to `FILE`, a table (sqlite:FILE?table=NAME, mysql://…?table=NAME) or a topic (kafka://host:port/topic) instead of standard output")
	f.StringVar(&o.format, "format", "", "`FORMAT`: table, csv, tsv, ndjson (default: by file ending; table on a terminal, csv in a pipe)")
	f.StringVar(&o.config, "config", "", "configuration `file` (default ./ecomctl.yaml)")
	f.StringVar(&o.Preset, "preset", "", "mapping of a known kind of record: shopify, woocommerce, …")
	f.StringToStringVar(&o.Maps, "map", nil, "map a canonical column: `canonical=Member`, repeatable")
	f.StringVar(&o.Where, "where", "", "only rows that satisfy an `EXPR`: \"region = 'SP' and unit_price > 10\"")
	f.StringVar(&o.TZ, "tz", "", "time `zone` of wall times and windows (default UTC)")
	f.StringVar(&o.Currency, "currency", "", "currency `code`: filters where there is a currency column")
	f.StringVar(&o.Memory, "memory", "", "memory budget, like 4GiB (default: half of the machine); window state past it goes to the disk")
	f.BoolVar(&o.NoClean, "no-clean", false, "trust the input: every row is sold")
	f.BoolVar(&o.RejectFree, "reject-free", false, "lines of price 0 are dead letters instead of free sales")
	f.BoolVar(&o.Net, "net", false, "add the negative money of reversals on their own date")
	f.StringVar(&o.MaxRejects, "max-rejects", "", "exit with 3 when a larger `share` of records are dead letters (default 5%)")
}

// settle turns the flags into options.
func (o *streamFlags) settle(c *cobra.Command) (err error) {
	if err := o.load(c); err != nil {
		return err
	}
	for _, d := range []struct {
		flag, text string
		to         *time.Duration
	}{{"window", o.window, &o.opts.Window}, {"delay", o.delay, &o.opts.Delay}, {"allowed-lateness", o.lateness, &o.opts.Lateness},
		{"idle-timeout", o.idle, &o.opts.Idle}, {"dedupe-horizon", o.horizon, &o.opts.Horizon}, {"checkpoint-interval", o.interval, &o.opts.Interval},
		{"exit-idle", o.exitIdle, &o.opts.ExitIdle}, {"session-timeout", o.session, &o.silence}} {
		if d.text == "" {
			continue
		}
		if *d.to, err = stream.ParseWindow(d.text); err != nil {
			return fault.Wrap(err, "--%s", d.flag)
		}
	}
	for flag, path := range map[string]string{"-o": o.file, "--late": o.late, "--dead-letters": o.dead} {
		if flag == "-o" && (sqldb.Is(path) || strings.HasPrefix(path, kafka.Scheme)) {
			continue
		}
		if sqldb.Is(path) || strings.Contains(path, "://") {
			return fault.New(fault.Usage, "%s %s: a stream writes files and, with -o, tables of MySQL and SQLite and topics of Kafka", flag, config.Redact(path)).WithHint("write a file, and copy it afterwards: ecomctl hdfs put FILE hdfs://…")
		}
	}
	if o.horizon == "" {
		o.opts.Horizon = o.opts.Window + o.opts.Delay + o.opts.Lateness + 24*time.Hour
	}
	if o.opts.Memory, err = o.MemoryBytes(); err != nil {
		return err
	}
	for i, d := range o.opts.By {
		o.opts.By[i] = strings.TrimSpace(d)
	}
	host := o.host(nil)
	o.opts.Net, o.opts.TempDir = o.Net, o.TempDir()
	o.opts.Now, o.opts.Clock, o.opts.Say = o.app.Now, host.Clock, o.app.say
	o.opts.Mapping = fmt.Sprintf("preset=%s map=%v tz=%s where=%s currency=%s no-clean=%t reject-free=%t", o.Preset, sortedMaps(o.Maps), o.TZ, o.Where, o.Currency, o.NoClean, o.RejectFree)
	o.opts.Filtered = o.Currency != ""
	o.opts.Relate = o.relate(host)
	return nil
}

// sortedMaps lists a mapping in a fixed order.
func sortedMaps(m map[string]string) []string {
	var out []string
	for k, v := range m {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return out
}

// relate maps a sample of the records as every command maps its input. What is to be said of the
// mapping is said once.
func (o *streamFlags) relate(host *session.Host) func(context.Context, source.Dataset) (*relation.Relation, expr.Node, error) {
	said := map[string]bool{}
	once := *host
	once.Say = func(format string, args ...any) {
		if msg := fmt.Sprintf(format, args...); !said[msg] {
			said[msg] = true
			host.Say("%s", msg)
		}
	}
	return func(ctx context.Context, sample source.Dataset) (*relation.Relation, expr.Node, error) {
		s := session.Of(&once, o.Settings, sample)
		if err := s.Relate(ctx, "orders", false); err != nil {
			return nil, nil, err
		}
		return s.Rel, s.Req.Where, nil
	}
}

// run counts until the input ends.
func (o *streamFlags) run(c *cobra.Command, inputs []string) error {
	if flink, err := o.flink.chosen(c); flink || err != nil {
		return o.onFlink(c, inputs, err)
	}
	if err := o.settle(c); err != nil {
		return err
	}
	if len(inputs) == 0 {
		inputs = o.conf.Input
	}
	if err := o.guard(inputs); err != nil {
		return err
	}
	sum, err := o.count(c.Context(), inputs)
	if sum != nil && (err == nil || sum.Counts.Records > 0) {
		o.tell(sum)
	}
	if err != nil {
		return err
	}
	return o.judge(sum)
}

// guard refuses files that are written and also read, or written twice.
func (o *streamFlags) guard(inputs []string) error {
	outputs := []string{o.file, o.late, o.dead, o.opts.Metrics}
	if slices.Equal(inputs, []string{"-"}) {
		if f, ok := o.app.IO.In.(*os.File); ok { // what was redirected has a name all the same
			for _, out := range outputs {
				read, rerr := f.Stat()
				if written, werr := os.Stat(out); rerr == nil && werr == nil && read.Mode().IsRegular() && os.SameFile(read, written) {
					return replaces(out, "-")
				}
			}
		}
	}
	return growing(outputs, inputs, stream.Reads)
}

// once reads the inputs until they end, or ctx does.
func (o *streamFlags) once(ctx context.Context, inputs []string) (*stream.Summary, error) {
	src, err := o.source(&inputs)
	if err != nil {
		return nil, err
	}
	out, err := o.outputs()
	if err != nil {
		src.Close()
		return nil, err
	}
	return stream.Run(ctx, o.opts, src, inputs, out)
}

// judge fails when too many records were dead letters.
func (o *streamFlags) judge(sum *stream.Summary) error {
	share, err := o.RejectShare()
	if n := sum.Counts.DeadLetters(); err == nil && n > 0 && float64(n) > share*float64(sum.Counts.Records) {
		told := fault.New(fault.Data, "%d of %d records are dead letters (%.1f %%), more than --max-rejects %.4g %%", n, sum.Counts.Records, 100*float64(n)/float64(sum.Counts.Records), 100*share).
			WithHint("see them with --dead-letters FILE; map members with --map; raise --max-rejects if this is right")
		if sum.Counts.Dead["malformed"] == sum.Counts.Records {
			told = told.WithHint("records are JSON objects, one a line; other files: `ecomctl convert FILE --format ndjson | ecomctl stream - …`")
		}
		err = told
	}
	return err
}

// tell says where the records went.
func (o *streamFlags) tell(sum *stream.Summary) {
	o.app.say("%s", sum.Counts.String())
	if n := sum.Counts.Late; n > 0 && o.late == "" {
		o.app.say("note: %d rows came when their window was closed and were not kept; keep them with --late FILE, or count them with a longer --delay or --allowed-lateness", n)
	}
	if n := sum.Counts.DeadLetters(); n > 0 && o.dead == "" {
		o.app.say("note: %d dead letters were not kept; keep them with --dead-letters FILE", n)
	}
	if sum.Spilled > 0 {
		o.app.say("note: window state passed --memory; %d parts went to the disk", sum.Spilled)
	}
	if sum.Open > 0 && o.opts.Checkpoint != "" {
		o.app.say("%d windows may still change; the same command goes on from checkpoint %d in %s", sum.Open, sum.Seq, o.opts.Checkpoint)
	}
}

// source opens the inputs.
func (o *streamFlags) source(names *[]string) (stream.Source, error) {
	inputs := *names
	if len(inputs) == 0 {
		return nil, fault.New(fault.Usage, "no input").WithHint("name a file, a folder, kafka://host:port/topic, or - for standard input")
	}
	if strings.HasPrefix(inputs[0], kafka.Scheme) {
		return o.topic(names)
	}
	for _, in := range inputs {
		switch {
		case in == "-" && len(inputs) > 1:
			return nil, fault.New(fault.Usage, "standard input cannot be read together with other inputs")
		case strings.Contains(in, "://"):
			return nil, fault.New(fault.Usage, "%s: streams are read from standard input, files, folders and kafka://host:port/topic", config.Redact(in))
		}
	}
	if inputs[0] != "-" {
		return stream.NewFiles(inputs, o.follow), nil
	}
	if f, ok := o.app.IO.In.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
			return stream.NewOpenFile("-", f, o.follow)
		}
	}
	if o.follow {
		return nil, fault.New(fault.Usage, "--follow: standard input is read to its end anyhow").WithHint("leave --follow out")
	}
	if o.opts.Checkpoint != "" {
		o.app.say("note: a pipe cannot be read again: records that came after the last checkpoint are lost when the run is killed; stream a file with --follow to be safe")
	}
	return stream.NewPipe(o.app.IO.In), nil
}

// outputs opens what is written to. Without a checkpoint a run that ends writes files whole or not at all.
func (o *streamFlags) outputs() (out stream.Outputs, err error) {
	toTopic, toTable := strings.HasPrefix(o.file, kafka.Scheme), sqldb.Is(o.file)
	if !toTopic && !toTable {
		if err := checkScheme("-o", o.file); err != nil {
			return out, err
		}
	}
	format := o.format
	if format == "" && o.file != "" {
		format = render.FormatOf(o.file)
	}
	if format == "" {
		if format = "csv"; o.app.IO.OutTTY && o.file == "" {
			format = "table"
		}
	}
	zone, err := o.Location()
	if err != nil {
		return out, err
	}
	whole := o.opts.Checkpoint == "" && !o.follow && !o.endless
	var opened []*stream.File
	open := func(path string) *stream.File {
		if path == "" || err != nil {
			return nil
		}
		var f *stream.File
		if f, err = stream.OpenFile(path, whole); err == nil {
			opened = append(opened, f)
		}
		return f
	}
	var rows *stream.File
	if !toTopic && !toTable {
		rows = open(o.file)
	}
	late, dead := open(o.late), open(o.dead)
	out.Late, out.Dead = late, dead
	switch {
	case err != nil:
	case toTable && o.format != "":
		err = fault.New(fault.Usage, "--format %s: a table has none", o.format)
	case toTable:
		out.Rows, err = table.New(o.file, o.opts.By, table.Options{Getenv: o.app.Getenv})
	case toTopic:
		var conf kafka.Config
		if conf, err = o.kafka(o.file); err == nil {
			out.Rows = kafka.NewSink(conf, len(o.opts.By), zone)
		}
	default:
		out.Rows, err = stream.NewRows(o.app.IO.Out, rows, format, zone, render.Options{Color: o.app.IO.Color && o.file == "", Width: o.app.IO.Width})
	}
	if err != nil {
		for _, f := range opened {
			_ = f.Close(false)
		}
	}
	return out, err
}
