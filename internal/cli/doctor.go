package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/doctor"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/stream/kafka"
	"github.com/ecomctl/ecomctl/internal/vfs"
	"github.com/ecomctl/ecomctl/internal/vfs/hdfs"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	*common
	only      []string
	databases []string
	hdfs      string
	kafka     []string
	pages     []string
	timeout   time.Duration
}

func newDoctor(a *App) *cobra.Command {
	o := &doctorOptions{}
	c := &cobra.Command{
		Use:   "doctor [INPUT …] [flags]",
		Short: "Examine settings, inputs, disk and services; name cause and cure of what is wrong",
		Long: `Looks at the configuration, the configured or named inputs (can they be read, are their columns known),
the temporary folder, the memory budget, and every service that is configured or named: HDFS, databases, the cache (Redis)
and the keys of ` + "`ecomctl serve`" + `, topics of Kafka, and web services. All checks run side by side; the exit status is 3 when one fails. Nothing is changed.

` + columnHelp(doctor.Specs),
		Example: `  ecomctl doctor
  ecomctl doctor orders.parquet --db mysql://shop@db.example/shop --hdfs hdfs://namenode:8020/
  ecomctl doctor --cache redis://127.0.0.1:6379/0 --kafka kafka://127.0.0.1:9092/orders
  ecomctl doctor --only page --page http://127.0.0.1:5000/healthz --timeout 2s`,
	}
	o.common = addCommon(a, c)
	out := addOutput(a, c)
	f := c.Flags()
	f.StringSliceVar(&o.only, "only", nil, "only the checks of these `names`")
	f.StringSliceVar(&o.databases, "db", nil, "a database's `URL`: mysql://… or sqlite:… (default: the configured one)")
	f.String("cache", "", "the cache's `URL`: redis://host:port/db (default: the configured one)")
	f.StringSliceVar(&o.kafka, "kafka", nil, "a topic's `URL`: kafka://host:port/topic")
	f.StringVar(&o.hdfs, "hdfs", "", "a `URL` of HDFS to look at (default: where HADOOP_CONF_DIR leads)")
	f.StringSliceVar(&o.pages, "page", nil, "a `URL` that must answer 200, such as http://127.0.0.1:5000/healthz")
	f.DurationVar(&o.timeout, "timeout", 10*time.Second, "`time` for each check")
	c.RunE = func(c *cobra.Command, inputs []string) error {
		if o.timeout <= 0 {
			return fault.New(fault.Usage, "--timeout %s: must be positive", o.timeout)
		}
		checks := []doctor.Check{o.checkSettings()}
		err := o.load(c)
		if err == nil {
			if err = out.settle(o.conf); err != nil {
				return err
			}
			checks = append(checks, o.checks(inputs)...)
		} else if fault.KindOf(err) != fault.Usage {
			return err
		} // a mistake in the settings: that check tells; the others would look at the wrong things
		if checks, err = o.choose(checks); err != nil {
			return err
		}
		found := doctor.Examine(c.Context(), checks, o.timeout, a.Now)
		if err := c.Context().Err(); err != nil {
			return err
		}
		if err := o.tell(c.Context(), out, found); err != nil {
			return err
		}
		return doctor.Verdict(found)
	}
	hideOrderFlags(c, "map", "products", "customers", "tz")
	return c
}

// tell writes the findings: to people line by line, with cause and cure in full.
func (o *doctorOptions) tell(ctx context.Context, out *output, found []doctor.Finding) error {
	format, err := out.resolve()
	if err != nil {
		return err
	}
	if format != "table" || out.file != "" {
		return out.write(ctx, doctor.Table(found), nil)
	}
	var b strings.Builder
	for _, f := range found {
		status, text := "ok    ", f.Found
		if f.Err != nil {
			status, text = "FAILED", f.Err.Error()
		}
		line := f.Name
		if f.On != "" {
			line += " (" + f.On + ")"
		}
		fmt.Fprintf(&b, "%s  %s: %s\n", status, render.Clean(line), render.Clean(text))
		if hint := fault.HintOf(f.Err); f.Err != nil && hint != "" {
			fmt.Fprintf(&b, "        cure: %s\n", render.Clean(hint))
		}
	}
	_, err = io.WriteString(o.app.IO.Out, b.String())
	return err
}

// choose keeps the checks of --only.
func (o *doctorOptions) choose(checks []doctor.Check) ([]doctor.Check, error) {
	if len(o.only) == 0 {
		return checks, nil
	}
	var kept []doctor.Check
	var names []string
	known := map[string]bool{}
	for _, c := range checks {
		if !known[c.Name] {
			known[c.Name], names = true, append(names, c.Name)
		}
		for _, n := range o.only {
			if n == c.Name {
				kept = append(kept, c)
			}
		}
	}
	for _, n := range o.only {
		if !known[n] {
			return nil, fault.New(fault.Usage, "--only %s: no such check here", n).WithHint("the checks are %s", strings.Join(names, ", "))
		}
	}
	return kept, nil
}

// checks lists everything but the settings.
func (o *doctorOptions) checks(inputs []string) []doctor.Check {
	if len(inputs) == 0 {
		inputs = o.conf.Input
	}
	list := []doctor.Check{o.checkTemp(), o.checkMemory(), checkCharts()}
	if tables := tablesOf(inputs); len(tables) > 0 {
		list = append(list, o.checkInput(tables))
	}
	if where := o.hadoopRoot(inputs); where != "" {
		list = append(list, o.checkHDFS(where))
	}
	return append(list, o.services(inputs)...)
}

// services lists the checks of databases, cache, keys, topics and pages.
func (o *doctorOptions) services(inputs []string) (list []doctor.Check) {
	databases, topics := o.databases, o.kafka
	if len(databases) == 0 && o.conf.DB != "" {
		databases = []string{o.conf.DB}
	}
	for _, in := range inputs {
		if strings.HasPrefix(in, kafka.Scheme) {
			topics = append(topics, in)
		}
	}
	for _, url := range databases {
		list = append(list, o.checkDatabase(url))
	}
	if url, err := o.app.redisURL(o.conf.Cache); url != "" || err != nil {
		list = append(list, o.checkCache())
	}
	if file := o.keysFile(); file != "" {
		list = append(list, o.checkKeys(file))
	}
	for _, dir := range o.conf.Roots {
		list = append(list, o.checkRoot(dir))
	}
	for _, url := range topics {
		list = append(list, o.checkKafka(url))
	}
	for _, url := range o.pages {
		list = append(list, doctor.Page("page", url))
	}
	return list
}

func (o *doctorOptions) checkSettings() doctor.Check {
	load := config.LoadOptions{Path: o.config, Env: o.app.Getenv}
	return doctor.Check{Name: "settings", On: config.ProjectFile(load), Run: func(context.Context) (string, error) {
		load.Path = o.config
		problems, files := config.Check(load)
		switch {
		case len(problems) == 1:
			return "", problems[0].Err
		case len(problems) > 1:
			return "", fault.New(fault.Usage, "%d mistakes; the first: %w", len(problems), problems[0].Err).WithHint("`ecomctl config check` lists them all")
		case len(files) == 0:
			return "no file; defaults and environment", nil
		}
		return strings.Join(files, ", "), nil
	}}
}

// leastFree is the space below which a spilled aggregation of a usual shop may not fit.
const leastFree = 1 << 30

func (o *doctorOptions) checkTemp() doctor.Check {
	dir := o.TempDir()
	return doctor.Check{Name: "temporary folder", On: dir, Run: func(context.Context) (string, error) {
		f, err := os.CreateTemp(dir, "ecomctl-doctor-*")
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return "", fault.New(fault.NotFound, "the folder is not there").WithHint("make it, or name another: tmpdir in the configuration, or TMPDIR")
			}
			return "", vfs.Classify(err, "writing to it")
		}
		defer os.Remove(f.Name())
		if err := f.Close(); err != nil {
			return "", vfs.Classify(err, "writing to it")
		}
		free, ok := vfs.FreeSpace(dir)
		switch {
		case !ok:
			return "can be written to", nil
		case free < leastFree:
			return "", fault.New(fault.Full, "%s free: aggregations past --memory spill there", sizeText(free)).WithHint("free some space, or name another folder: tmpdir in the configuration, or TMPDIR")
		}
		return sizeText(free) + " free", nil
	}}
}

// sizeText writes a number of bytes with its binary unit.
func sizeText(n int64) string {
	v, unit := float64(n), 0
	for v >= 1024 && unit < 4 {
		v, unit = v/1024, unit+1
	}
	return fmt.Sprintf("%.3g %s", v, []string{"B", "KiB", "MiB", "GiB", "TiB"}[unit])
}

func (o *doctorOptions) checkMemory() doctor.Check {
	return doctor.Check{Name: "memory", Run: func(context.Context) (string, error) {
		mem, err := o.MemoryBytes()
		if err != nil {
			return "", err
		}
		all := session.MachineMemory()
		if mem > all {
			return "", fault.New(fault.Usage, "the budget of %s is more than the %s of this machine or container", sizeText(mem), sizeText(all)).
				WithHint("lower memory in the configuration or --memory; half of the machine is the default")
		}
		return fmt.Sprintf("budget %s of %s, %d threads of %d processors", sizeText(mem), sizeText(all), o.Workers(), runtime.NumCPU()), nil
	}}
}

func checkCharts() doctor.Check {
	return doctor.Check{Name: "charts", Run: func(context.Context) (string, error) {
		if report.SelfContained() {
			return "the chart library is inside: reports work offline", nil
		}
		return "not inside: reports link the chart library from go-echarts' host; `make build` embeds it", nil
	}}
}

// hadoopRoot is where to look at HDFS: as named, where an input lies, or where the environment leads.
func (o *doctorOptions) hadoopRoot(inputs []string) string {
	if o.hdfs != "" {
		return o.hdfs
	}
	for _, in := range inputs {
		if strings.HasPrefix(in, hdfs.Scheme) {
			return in
		}
	}
	if o.app.hadoop().ConfDir != "" {
		return hdfs.Scheme + "/"
	}
	return ""
}

func (o *doctorOptions) checkHDFS(where string) doctor.Check {
	return doctor.Check{Name: "hdfs", On: config.Redact(where), Run: func(ctx context.Context) (string, error) {
		if !strings.HasPrefix(where, hdfs.Scheme) {
			return "", fault.New(fault.Usage, "%s is no address of HDFS", where).WithHint("addresses look like hdfs://namenode:8020/shop")
		}
		info, err := o.app.files().Stat(ctx, where)
		if err != nil {
			return "", err
		}
		if info.Dir {
			return "the folder is there", nil
		}
		return "the file is there, " + sizeText(info.Size), nil
	}}
}
