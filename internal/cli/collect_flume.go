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

func newCollectFlume(a *App) *cobra.Command {
	var output, state, roll string
	var every time.Duration
	var show bool
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
	f.StringVarP(&output, "output", "o", "", "`OUTPUT`: a topic (kafka://host:port/topic) or a folder on HDFS (hdfs://host:port/folder)")
	f.StringVar(&state, "state", "", "`folder` for the agent's positions and its channel")
	f.BoolVar(&show, "print-config", false, "print the configuration; flume-ng starts the agent")
	f.DurationVar(&every, "interval", time.Minute, "HDFS: `time` after which a file is ended")
	f.StringVar(&roll, "roll-size", "64MiB", "HDFS: `size` after which a file is ended")
	c.RunE = func(_ *cobra.Command, paths []string) (err error) {
		o := collect.FlumeOptions{Every: every, IsDir: func(p string) bool {
			st, serr := os.Stat(p)
			return serr == nil && st.IsDir()
		}}
		switch {
		case !show:
			return fault.New(fault.Usage, "an agent is started by Flume's own program").WithHint("--print-config prints what it needs: flume-ng agent --name %s --conf-file FILE", collect.FlumeAgent)
		case state == "":
			return fault.New(fault.Usage, "no --state").WithHint("name a folder that stays: --state /var/lib/flume/orders")
		case every < time.Second:
			return fault.New(fault.Usage, "--interval %s: at least a second is wanted", every)
		}
		if o.Roll, err = config.ParseSize(roll); err != nil || o.Roll < 64<<10 {
			return fault.New(fault.Usage, "--roll-size %s: a size of at least 64KiB is wanted", roll)
		}
		switch {
		case strings.HasPrefix(output, kafka.Scheme):
			if o.Brokers, o.Topic, err = kafka.ParseURI(output); err != nil {
				return err
			}
		case strings.HasPrefix(output, hdfs.Scheme):
			o.HDFS = output
		default:
			return fault.New(fault.Usage, "-o %s: a topic of Kafka or a folder on HDFS is wanted", config.Redact(output)).WithHint("kafka://host:port/topic or hdfs://host:port/folder")
		}
		for _, p := range append([]string{state}, paths...) {
			if p, err = filepath.Abs(p); err != nil {
				return fault.New(fault.Input, "%s: %w", p, err)
			}
			o.Paths = append(o.Paths, p)
		}
		o.State, o.Paths = o.Paths[0], o.Paths[1:]
		text, err := collect.Flume(o)
		if err != nil {
			return err
		}
		_, err = a.IO.Out.Write([]byte(text))
		return err
	}
	return c
}
