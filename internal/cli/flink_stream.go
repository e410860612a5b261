package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/engine/flink"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/source/ndjson"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/stream/kafka"
)

// flinkFlags are those of stream that are for --engine flink.
type flinkFlags struct {
	engine, gateway, savepoint string
	explain                    bool
}

// defaultGateway is where an SQL Gateway of this machine answers.
const defaultGateway = "http://127.0.0.1:8083"

func (o *flinkFlags) register(f *pflag.FlagSet) {
	f.StringVar(&o.engine, "engine", "local", "where windows are counted: here, or by a job on Apache Flink: `local|flink`")
	f.StringVar(&o.gateway, "gateway", defaultGateway, "--engine flink: `URL` of Flink's SQL Gateway")
	f.BoolVar(&o.explain, "explain", false, "--engine flink: print the SQL instead of starting a job")
	f.StringVar(&o.savepoint, "from-savepoint", "", "--engine flink: go on from a savepoint (`PATH`, printed by ecomctl flink cancel --savepoint)")
}

// chosen reports whether Flink is to count. The setting `engine` is about queries; it is left as it is.
func (o *flinkFlags) chosen(c *cobra.Command) (bool, error) {
	engine := o.engine
	if engine != "local" && engine != "flink" {
		return false, fault.New(fault.Usage, "--engine %s: streams are counted by local or flink", engine)
	}
	if f := c.Flags().Lookup("engine"); f.Changed {
		o.engine = "local"
	}
	for _, name := range []string{"gateway", "explain", "from-savepoint"} {
		if engine == "local" && c.Flags().Changed(name) {
			return false, fault.New(fault.Usage, "--%s is of --engine flink", name)
		}
	}
	return engine == "flink", nil
}

// onFlinkToo are the flags that mean the same on Flink.
var onFlinkToo = []string{"window", "by", "delay", "idle-timeout", "dedupe-key", "dedupe-horizon", "checkpoint-interval", "from", "out-of-range", "group", "to-end", "output",
	"config", "preset", "map", "where", "tz", "currency", "no-clean", "reject-free", "net", "engine", "gateway", "explain", "from-savepoint", "quiet", "verbose", "log-format"}

// notOnFlink says why others do not.
var notOnFlink = map[string]string{
	"allowed-lateness": "Flink's windows are written once: rows that come later are dropped; give a longer --delay",
	"late":             "Flink drops late rows, counted only in its metric numLateRecordsDropped",
	"dead-letters":     "Flink drops records that cannot be counted",
	"max-rejects":      "Flink does not count what it drops",
	"metrics":          "Flink has metrics of its own",
	"checkpoint":       "checkpoints lie in the cluster's execution.checkpointing.dir; go on with --from-savepoint",
	"partitions":       "a job reads all partitions",
	"follow":           "a topic is followed anyhow",
	"exit-idle":        "a job goes on until it is cancelled; --to-end ends it",
	"memory":           "state lies in the cluster, whose settings bound it",
	"format":           "a table has no format",
}

// fitsFlink refuses what a job cannot honour, by name.
func (o *streamFlags) fitsFlink(c *cobra.Command, inputs []string) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if err != nil || slices.Contains(onFlinkToo, f.Name) || f.Name == "allowed-lateness" && o.opts.Lateness == 0 {
			return
		}
		why := notOnFlink[f.Name]
		if why == "" {
			why = "it is of windows that are counted here"
		}
		err = fault.New(fault.Usage, "--%s with --engine flink: %s", f.Name, why).WithHint("leave it out, or count here, without --engine flink")
	})
	switch {
	case err != nil:
	case len(inputs) != 1 || !strings.HasPrefix(inputs[0], kafka.Scheme):
		err = fault.New(fault.Usage, "--engine flink reads one topic of Kafka").WithHint("name it: kafka://host:9092/topic")
	case !sqldb.Is(o.file):
		err = fault.New(fault.Usage, "--engine flink writes to a table of MySQL").WithHint("-o 'mysql://user@host/database?table=NAME'")
	}
	return err
}

// onFlink starts a job that counts, or prints its SQL.
// A wrong choice of the engine is handed on.
func (o *streamFlags) onFlink(c *cobra.Command, inputs []string, choice error) error {
	if choice != nil {
		return choice
	}
	to := o.file
	o.file = "" // whatever settle thinks of tables
	err := o.settle(c)
	if o.file = to; err != nil {
		return err
	}
	if len(inputs) == 0 {
		inputs = o.conf.Input
	}
	if err := o.fitsFlink(c, inputs); err != nil {
		return err
	}
	if !c.Flags().Changed("gateway") {
		o.flink.gateway = cmp.Or(o.conf.Gateway, o.flink.gateway)
	}
	if err := o.opts.Check(); err != nil {
		return err
	}
	url, table, err := o.flinkTable()
	if err != nil {
		return err
	}
	names := slices.Clone(inputs)
	if _, err := o.topic(&names); err != nil { // the flags of topics
		return err
	}
	spec, secrets, err := o.flinkSpec(c.Context(), inputs[0], table)
	if err != nil {
		return err
	}
	script, err := flink.Script(*spec)
	if err != nil {
		return err
	}
	if o.flink.explain {
		_, err := io.WriteString(o.app.IO.Out, flink.Print(script, secrets...))
		return err
	}
	g, err := flink.NewGateway(o.flink.gateway, flink.Options{Secrets: secrets})
	if err != nil {
		return err
	}
	if err := g.Check(c.Context()); err != nil {
		return err
	}
	if err := o.makeFlinkTable(c.Context(), url, spec); err != nil {
		return err
	}
	job, err := g.Run(c.Context(), script)
	if err != nil {
		return err
	}
	o.app.say("Flink counts %s into %s; see `ecomctl flink status %s`", inputs[0], config.Redact(o.file), job)
	_, err = fmt.Fprintln(o.app.IO.Out, job)
	return err
}

// flinkTable reads where the windows go.
func (o *streamFlags) flinkTable() (*sqldb.URL, flink.Table, error) {
	u, err := sqldb.Parse(o.file)
	if err != nil {
		return nil, flink.Table{}, err
	}
	bad := func(why string) (*sqldb.URL, flink.Table, error) {
		return nil, flink.Table{}, fault.New(fault.Usage, "-o %s with --engine flink: %s", u, why).WithHint("-o 'mysql://user@host/database?table=NAME'")
	}
	switch {
	case u.Dialect != sqldb.MySQL:
		return bad("the cluster cannot reach a file of SQLite")
	case u.Socket != "":
		return bad("the cluster cannot reach a socket of this machine")
	case u.TLS != "" && u.TLS != "false":
		return bad("tls=" + u.TLS + " is not in this release")
	case u.Table == "":
		return bad("no table is named")
	}
	t := flink.Table{Address: u.Address(), Database: u.Database, Name: u.Table, User: u.User, Password: o.app.Getenv("MYSQL_PWD")}
	if t.User == "" {
		t.User = o.app.Getenv("USER")
	}
	if u.Password.Set() {
		if t.Password, err = u.Password.Reveal(o.app.Getenv); err != nil {
			return nil, t, fault.Wrap(err, "the password of %s", u)
		}
	}
	return u, t, nil
}

// flinkAccess says how the cluster reaches a secured topic, as the settings tell this program. secrets are what of it nobody
// may read.
func (o *streamFlags) flinkAccess() (list []flink.Property, secrets []string, err error) {
	security, err := o.app.kafkaSecurity(o.conf)
	if err != nil {
		return nil, nil, err
	}
	properties, err := security.Properties()
	for _, p := range properties {
		list = append(list, flink.Property{Name: p.Name, Value: p.Value})
		if p.Secret {
			secrets = append(secrets, p.Value)
		}
	}
	return list, append(secrets, security.Password), err
}

// flinkSpec reads a sample of the topic and says what the job is. secrets are what of it nobody may read.
func (o *streamFlags) flinkSpec(ctx context.Context, topic string, table flink.Table) (spec *flink.Spec, secrets []string, err error) {
	access, secrets, err := o.flinkAccess()
	if err != nil {
		return nil, nil, err
	}
	conf, err := o.kafka(topic)
	if err != nil {
		return nil, nil, err
	}
	if spec, err = o.flinkJob(ctx, conf, table); err != nil {
		return nil, nil, err
	}
	spec.Topic.Properties = access
	return spec, append(secrets, table.Password), nil
}

// flinkJob reads a sample of the topic and says what is counted of it.
func (o *streamFlags) flinkJob(ctx context.Context, conf kafka.Config, table flink.Table) (*flink.Spec, error) {
	records, err := sampleTopic(ctx, conf)
	if err != nil {
		return nil, err
	}
	text := bytes.Join(records, []byte("\n"))
	sample, err := ndjson.Open(ctx, "the records", bytes.NewReader(text), int64(len(text)), ndjson.Options{})
	if err != nil {
		return nil, err
	}
	host := o.host(nil)
	s := session.Of(host, o.Settings, sample)
	if err := s.Relate(ctx, "orders", false); err != nil {
		return nil, err
	}
	q, err := o.windowQuery(s)
	if err != nil {
		return nil, err
	}
	if err := flink.CheckSample(s.Rel, sample, func(member string) []string { return memberTexts(records, member) }); err != nil {
		return nil, err
	}
	clock := sqlgen.Clock{Zone: s.Rel.Zone, Fixed: o.app.Getenv("ECOMCTL_NOW") != "" || o.app.Getenv("SOURCE_DATE_EPOCH") != ""}
	if clock.Wall, err = relation.WallTime(s.Rel.Zone, s.Now.UnixMicro()); err != nil {
		return nil, err
	}
	return &flink.Spec{
		Name:  fmt.Sprintf("ecomctl stream %s → %s.%s", conf.Topic, table.Database, table.Name),
		Topic: flink.Topic{Brokers: conf.Brokers, Name: conf.Topic, Latest: o.from == "latest", OutOfRange: o.outOfRange, Group: o.group, ToEnd: o.toEnd},
		Table: table, Sample: sample, Relation: s.Rel, Query: q, Window: o.opts.Window, Delay: o.opts.Delay, Idle: o.opts.Idle, Key: o.opts.DedupeKey, Horizon: o.opts.Horizon,
		Interval: o.opts.Interval, Clock: clock, From: o.flink.savepoint,
	}, nil
}

// windowQuery is what `ecomctl query` asks for the columns that windows have.
func (o *streamFlags) windowQuery(s *session.Session) (q query.Query, err error) {
	for flag, names := range map[string][]string{"--by": o.opts.By, "--dedupe-key": o.opts.DedupeKey} {
		for _, n := range names {
			if s.Rel.Find(n) < 0 {
				return q, fault.New(fault.Usage, "%s %s: the records have no such column", flag, n).WithHint("map one with --map %s=MEMBER", n)
			}
		}
	}
	if _, _, _, _, ok := s.Rel.MoneyParts(); !ok {
		return q, fault.New(fault.Usage, "the records have no money").WithHint("map amount, or quantity and unit_price: --map amount=MEMBER")
	}
	measures := "revenue"
	for _, m := range [][2]string{{"orders", "order_id"}, {"units", "quantity"}, {"customers", "customer_id"}} {
		if s.Rel.Has(m[1]) {
			measures += "," + m[0]
		}
	}
	s.Req.Params = map[string]string{"measure": measures, "by": strings.Join(o.opts.By, ",")}
	plan, err := analysis.Query.Plan(s.Req)
	if err != nil {
		return q, err
	}
	return plan.Queries[0], nil
}

// Bounds of a sample.
const (
	flinkSample     = 256 << 10
	flinkSampleWait = 2 * time.Second
)

// sampleTopic reads the first objects of a topic, each on one line.
func sampleTopic(ctx context.Context, conf kafka.Config) (records [][]byte, err error) {
	conf.End = true
	src := kafka.New(conf)
	defer func() { _ = src.Close() }()
	if _, err := src.Start(ctx, nil); err != nil {
		return nil, err
	}
	began, size := conf.Now(), 0
	for size < flinkSample {
		b, err := src.Next(ctx, flinkSampleWait, func(string) int64 { return 0 })
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if b == nil && (size > 0 || conf.Now().Sub(began) > 15*flinkSampleWait) {
			break
		}
		for i := 0; b != nil && i < len(b.Records) && size < flinkSample; i++ {
			if r := &b.Records[i]; r.Cut == 0 && ndjson.Object(r.Data) {
				line := bytes.ReplaceAll(bytes.ReplaceAll(r.Data, []byte("\n"), []byte(" ")), []byte("\r"), []byte(" "))
				records, size = append(records, line), size+len(line)
			}
		}
	}
	if len(records) == 0 {
		return nil, fault.New(fault.Input, "kafka://%s/%s: no record is a JSON object, so that the columns are not known", strings.Join(conf.Brokers, ","), conf.Topic).
			WithHint("start the job when the topic has its first orders")
	}
	return records, nil
}

// memberTexts are the texts of a member in some records.
func memberTexts(records [][]byte, member string) (out []string) {
	for _, r := range records {
		var m map[string]any
		if json.Unmarshal(r, &m) == nil {
			if s, ok := m[member].(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}
