package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/collect"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/stream"
	"github.com/ecomctl/ecomctl/internal/stream/kafka"
)

// collectFlags are the flags of collect.
type collectFlags struct {
	app *App

	config, output, state, dead, metrics, key string
	once                                      bool
	interval, rotateWait, patience            time.Duration
	maxLine, rollSize                         string
	types                                     map[string]string
	listen                                    listenFlags
}

func newCollect(a *App) *cobra.Command {
	o := &collectFlags{app: a}
	c := &cobra.Command{
		Use:   "collect [PATH…] -o OUTPUT [flags]",
		Short: "Lines of log files that grow and rotate, and events over HTTP, to Kafka or a folder of Parquet files",
		Long: `Reads JSON objects, one a line, from files that grow: paths, globs ('logs/*.log', quoted) and folders. What
rotation does is followed: a file that is renamed (read to its end, and found again after a restart), truncated after it was
copied (gone on with in the copy) or packed by gzip, and several of that while nobody looked. A line is taken
when it has its end.

Every line is delivered at least once: --state keeps how far each file was read, and is written after the
output has acknowledged. To Kafka: acks=all by an idempotent producer, so that trying again doubles nothing; after a kill the
lines since the last state (--interval) are sent again. A folder of Parquet files gets every line once, for
files and state change together; what is killed in between is put right by the next run.
While the output does not answer, nothing more is read. Lines that are no JSON object, are too long, or do not fit the
columns go to the dead letters with cause, file and offset (` + "`ecomctl stream redrive`" + ` gives them back):

  lines in = delivered + dead letters

--listen takes events over HTTP, beside the files or without any: POST /events with a JSON object or an array of them
(application/json), or one object a line (application/x-ndjson), packed by gzip or not. The answer 200,
{"accepted": 2, "dead": 0}, says that they are on the disk, in the state's folder, from where they are delivered as lines of
files are, whatever is killed and however long the output is away.

SIGTERM and an interrupt deliver what was read and exit with 0.`,
		Example: `  ecomctl collect /var/log/shop/orders.log -o kafka://broker:9092/orders --state /var/lib/ecomctl/orders
  ecomctl collect 'logs/*.log' -o lake/orders/ --interval 5m
  ecomctl collect 'logs/*.log' -o lake/orders/ --once
  ecomctl collect --listen 8090 -o lake/events/
  curl --json '{"user_id":"u1","event_ts":"2026-01-31T10:00:00Z","event_type":"view"}' http://127.0.0.1:8090/events`,
	}
	f := c.Flags()
	f.StringVar(&o.config, "config", "", "configuration `file` (default ./ecomctl.yaml): users and TLS of Kafka")
	f.StringVarP(&o.output, "output", "o", "", "`OUTPUT`: a topic (kafka://host:port/topic) or a folder of Parquet files")
	f.StringVar(&o.state, "state", "", "`folder` of what is known of the files (default: _collect in the output's folder)")
	f.StringVar(&o.dead, "dead-letters", "", "`FILE` of lines that cannot be delivered (default: dead-letters.ndjson in the state's folder)")
	f.StringVar(&o.metrics, "metrics", "", "write the counts to `FILE` in Prometheus' text format")
	f.StringVar(&o.key, "key", "", "Kafka: the `member` whose value is the records' key (default: no key)")
	f.BoolVar(&o.once, "once", false, "end when everything that is there was delivered (for cron)")
	f.DurationVar(&o.interval, "interval", 0, "`time` between two states; for folders also between files (default 1s, folders 1m)")
	f.DurationVar(&o.rotateWait, "rotate-wait", 30*time.Second, "how `long` a renamed file must be left alone until its last line counts without an end")
	f.DurationVar(&o.patience, "patience", 15*time.Second, "how `long` an end waits for the output")
	f.StringVar(&o.maxLine, "max-line", "1000000", "longest line in `bytes`; longer ones are dead letters, of which the beginning is kept")
	f.StringVar(&o.rollSize, "roll-size", "64MiB", "folders: `size` of lines after which a file is written before its time")
	f.StringToStringVar(&o.types, "type", nil, "folders: kind of a column, `Member=kind`: "+strings.Join(collect.Types(), ", ")+" (default: by the first lines)")
	o.listen.add(f)
	c.RunE = func(c *cobra.Command, paths []string) error { return o.run(c.Context(), paths) }
	c.AddCommand(newCollectFlume(a))
	return c
}

// settled is what the flags come to.
type settled struct {
	topic   bool
	name    string // of the output, in the state
	maxLine int
	roll    int64
	listen  listenSettled
}

// settle checks the flags and fills in what depends on others.
func (o *collectFlags) settle(paths []string) (s settled, err error) {
	switch s.topic = strings.HasPrefix(o.output, kafka.Scheme); {
	case len(paths) == 0 && o.listen.address == "":
		return s, fault.New(fault.Usage, "no files").WithHint("name files, globs or folders: ecomctl collect 'logs/*.log' -o lake/orders/; or take events with --listen")
	case o.once && o.listen.address != "":
		return s, fault.New(fault.Usage, "--once and --listen do not go together").WithHint("events come for ever; leave one out")
	case o.output == "":
		return s, fault.New(fault.Usage, "no output").WithHint("-o kafka://host:port/topic, or -o FOLDER/ for Parquet files")
	case !s.topic && strings.Contains(o.output, "://"):
		return s, fault.New(fault.Usage, "-o %s: a topic of Kafka or a folder on this machine is wanted", config.Redact(o.output)).WithHint("`ecomctl hdfs sync FOLDER hdfs://…` brings the folder to HDFS")
	case s.topic && o.state == "":
		return s, fault.New(fault.Usage, "no --state").WithHint("name a folder that stays: --state /var/lib/ecomctl/orders")
	case !s.topic && o.key != "":
		return s, fault.New(fault.Usage, "--key is for Kafka").WithHint("leave it out")
	case s.topic && len(o.types) > 0:
		return s, fault.New(fault.Usage, "--type is for folders of Parquet files").WithHint("leave it out")
	case o.interval < 0 || o.rotateWait < 0 || o.patience <= 0:
		return s, fault.New(fault.Usage, "--interval, --rotate-wait and --patience cannot be negative")
	}
	for i, p := range paths {
		if p == "-" || strings.Contains(p, "://") {
			return s, fault.New(fault.Usage, "%s: collect reads files of this machine", config.Redact(p)).WithHint("standard input and topics are read by `ecomctl stream`")
		}
		if paths[i], err = filepath.Abs(p); err != nil { // a state is good whatever the current folder is
			return s, fault.New(fault.Input, "%s: %w", p, err)
		}
	}
	if err := collect.CheckTypes(o.types); err != nil {
		return s, err
	}
	long, err := config.ParseSize(o.maxLine)
	if err != nil || long < 4096 || long > 64<<20 {
		return s, fault.New(fault.Usage, "--max-line %s: a size from 4096 to 64MiB is wanted", o.maxLine)
	}
	if s.roll, err = config.ParseSize(o.rollSize); err != nil || s.roll < 64<<10 || s.roll > 4<<30 {
		return s, fault.New(fault.Usage, "--roll-size %s: a size from 64KiB to 4GiB is wanted", o.rollSize)
	}
	s.maxLine = int(long)
	if s.listen, err = o.listen.settle(); err != nil {
		return s, err
	}
	if o.interval == 0 {
		if o.interval = time.Minute; s.topic {
			o.interval = time.Second
		}
	}
	if s.topic {
		_, topic, err := kafka.ParseURI(o.output)
		s.name = "topic " + topic
		return s, err
	}
	if s.name, err = filepath.Abs(o.output); err != nil {
		return s, fault.New(fault.Input, "-o %s: %w", o.output, err)
	}
	s.name = "folder " + s.name
	if o.state == "" {
		o.state = filepath.Join(o.output, "_collect")
	}
	return s, nil
}

// run collects.
func (o *collectFlags) run(ctx context.Context, paths []string) error {
	s, err := o.settle(paths)
	if err != nil {
		return err
	}
	if st, serr := os.Stat(o.output); !s.topic && serr == nil && !st.IsDir() {
		return fault.New(fault.Usage, "-o %s: it is a file; Parquet files are written into a folder", o.output)
	}
	if o.dead == "" {
		o.dead = filepath.Join(o.state, "dead-letters.ndjson")
	}
	if err := growing([]string{o.dead, o.metrics}, paths, collect.Reads); err != nil {
		return err
	}
	state, fresh, err := collect.OpenState(ctx, o.state, s.name)
	if err != nil {
		return err
	}
	defer state.Close()
	sink, err := o.sink(ctx, s, state)
	if err != nil {
		return err
	}
	defer sink.Close()
	dead, err := o.letters(state, fresh)
	if err != nil {
		return err
	}
	rec, err := o.receive(ctx, s, state)
	if err != nil {
		return err
	}
	tail := o.tailer(paths, s, state)
	if tail != nil {
		defer tail.Close()
	}
	counts, err := collect.Run(rec.ctx, collect.Options{Interval: o.interval, Once: o.once, Metrics: o.metrics, Patience: o.patience, Now: o.app.Now, Say: o.app.say, Pause: time.Second},
		collect.NewBoth(rec.inbox, tail, rec.over), sink, dead, state)
	if rerr := rec.end(); err == nil {
		err = rerr
	}
	if cerr := dead.Close(true); err == nil {
		err = cerr
	}
	o.app.say("%s", counts.String())
	if n := counts.DeadLetters(); n > 0 {
		o.app.say("note: dead letters are in %s", o.dead)
	}
	if err != nil && ctx.Err() != nil {
		o.app.say("not all was delivered: %s; the next run with the same --state reads it again", err)
	}
	return err
}

// letters opens the file of dead letters behind those that the state knows; later ones come again. Letters of others
// stay, and a file that was taken away, as after `stream redrive`, is begun anew.
func (o *collectFlags) letters(state *collect.State, fresh bool) (*stream.File, error) {
	path, err := filepath.Abs(o.dead)
	if err != nil {
		return nil, fault.New(fault.Input, "%s: %w", o.dead, err)
	}
	f, err := stream.OpenFile(path, false) // which makes it
	if err != nil {
		return nil, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, fault.New(fault.Input, "opening %s: %w", o.dead, err)
	}
	if fresh || st.Size() == 0 || state.DeadAt != "" && state.DeadAt != path {
		state.Dead = st.Size()
	}
	state.DeadAt = path
	if st.Size() < state.Dead {
		return nil, fault.New(fault.Input, "opening %s: it has %d bytes, and %d of dead letters were written", o.dead, st.Size(), state.Dead).
			WithHint("put it back; or move it away, and it is begun anew")
	}
	return f, f.Restore(state.Dead)
}

// tailer follows files; nil when there are none.
func (o *collectFlags) tailer(paths []string, s settled, state *collect.State) *collect.Tailer {
	if len(paths) == 0 {
		return nil
	}
	return collect.NewTailer(collect.TailOptions{Paths: paths, Once: o.once, MaxLine: s.maxLine, Quiet: o.rotateWait, Poll: 250 * time.Millisecond, Now: o.app.Now, Say: o.app.say},
		state.Places, state.Seen)
}

// sink opens the output.
func (o *collectFlags) sink(ctx context.Context, s settled, state *collect.State) (collect.Sink, error) {
	if !s.topic {
		return collect.OpenFolder(ctx, o.output, &state.Folder, s.roll, o.types, o.app.Now)
	}
	conf, err := o.app.kafka(o.config, o.output)
	if err != nil {
		return nil, err
	}
	if conf.Patience = 5 * time.Second; o.once { // after that a run that does not end waits, and says so
		conf.Patience = 30 * time.Second
	}
	return collect.OpenTopic(ctx, conf, o.key, !o.once)
}
