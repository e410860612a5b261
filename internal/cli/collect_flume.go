package cli

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/collect"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/stream/kafka"
	"github.com/ecomctl/ecomctl/internal/vfs/hdfs"
)

// flumeFlags are the flags of collect flume.
type flumeFlags struct {
	app                 *App
	output, state, roll string
	every               time.Duration
	show                bool
}

func newCollectFlume(a *App) *cobra.Command {
	o := &flumeFlags{app: a}
	c := &cobra.Command{
		Use:   "flume PATH… -o OUTPUT --state FOLDER --print-config",
		Short: "The same by Apache Flume: print an agent's configuration",
		Long: `Prints the whole configuration of an agent of Apache Flume 1.11: TAILDIR reads the files, a file channel keeps lines
that were not delivered yet, a sink writes them to Kafka or to files on HDFS. Like collect it delivers every
line at least once. What differs: a renamed file is read again, packed files and what is not yet read of a truncated
one are not read, and lines are not checked; ` + "`stream`" + ` and the analyses sort them out.`,
		Example: `  ecomctl collect flume /var/log/shop/orders.log -o kafka://broker:9092/orders --state /var/lib/flume/orders --print-config >agent.conf
  ecomctl collect flume '/var/log/shop/*.log' -o hdfs://namenode:8020/shop/orders --state /var/lib/flume/orders --print-config >agent.conf`,
		Args: cobra.MinimumNArgs(1),
	}
	f := c.Flags()
	f.StringVarP(&o.output, "output", "o", "", "`OUTPUT`: a topic (kafka://host:port/topic) or a folder on HDFS (hdfs://host:port/folder)")
	f.StringVar(&o.state, "state", "", "`folder` for the agent's positions and its channel")
	f.BoolVar(&o.show, "print-config", false, "print the configuration; flume-ng starts the agent")
	f.DurationVar(&o.every, "interval", time.Minute, "HDFS: `time` after which a file is ended")
	f.StringVar(&o.roll, "roll-size", "64MiB", "HDFS: `size` after which a file is ended")
	c.RunE = func(_ *cobra.Command, paths []string) error {
		what, err := o.settle(paths)
		if err != nil {
			return err
		}
		text, err := collect.Flume(what)
		if err != nil {
			return err
		}
		_, err = a.IO.Out.Write([]byte(text))
		return err
	}
	return c
}

// settle checks the flags and says what the agent does.
func (o *flumeFlags) settle(paths []string) (what collect.FlumeOptions, err error) {
	what = collect.FlumeOptions{Every: o.every, IsDir: func(p string) bool {
		st, serr := os.Stat(p)
		return serr == nil && st.IsDir()
	}}
	switch {
	case !o.show:
		return what, fault.New(fault.Usage, "an agent is started by Flume's own program").WithHint("--print-config prints what it needs: flume-ng agent --name %s --conf-file FILE", collect.FlumeAgent)
	case o.state == "":
		return what, fault.New(fault.Usage, "no --state").WithHint("name a folder that stays: --state /var/lib/flume/orders")
	case o.every < time.Second:
		return what, fault.New(fault.Usage, "--interval %s: at least a second is wanted", o.every)
	}
	if what.Roll, err = config.ParseSize(o.roll); err != nil || what.Roll < 64<<10 {
		return what, fault.New(fault.Usage, "--roll-size %s: a size of at least 64KiB is wanted", o.roll)
	}
	switch {
	case strings.HasPrefix(o.output, kafka.Scheme):
		if what.Brokers, what.Topic, err = kafka.ParseURI(o.output); err == nil {
			err = o.app.tellFlumeSecurity()
		}
		if err != nil {
			return what, err
		}
	case strings.HasPrefix(o.output, hdfs.Scheme):
		what.HDFS = o.output
	default:
		return what, fault.New(fault.Usage, "-o %s: a topic of Kafka or a folder on HDFS is wanted", config.Redact(o.output)).WithHint("kafka://host:port/topic or hdfs://host:port/folder")
	}
	if what.State, err = filepath.Abs(o.state); err != nil {
		return what, fault.New(fault.Input, "%s: %w", o.state, err)
	}
	for _, p := range paths {
		at, err := filepath.Abs(p)
		if err != nil {
			return what, fault.New(fault.Input, "%s: %w", p, err)
		}
		what.Paths = append(what.Paths, at)
	}
	return what, nil
}

// tellFlumeSecurity says which properties an agent needs besides, where the settings name users or TLS of Kafka: secrets are not
// printed, and belong into no file that others read.
func (a *App) tellFlumeSecurity() error {
	conf, _, err := config.Load(config.LoadOptions{Env: a.Getenv})
	if err != nil {
		return err
	}
	security, err := a.kafkaSecurity(conf)
	if err != nil {
		return err
	}
	properties, err := security.Properties()
	if err != nil || len(properties) == 0 {
		return err
	}
	var names []string
	for _, p := range properties {
		names = append(names, p.Name)
	}
	a.say("note: users and TLS of Kafka are not printed; give the agent %s.sinks.out.kafka.producer.NAME for each of %s", collect.FlumeAgent, strings.Join(names, ", "))
	return nil
}
