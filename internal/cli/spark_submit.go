package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/cluster"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/engine/spark"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/report"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/open"
	"github.com/ecomctl/ecomctl/internal/term"
	"github.com/ecomctl/ecomctl/internal/vfs/hdfs"
)

func newSparkSubmit(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "submit ANALYSIS INPUT … -o OUTPUT",
		Short: "Run an analysis as a Spark job on YARN",
		Long: `Prints the analysis as Spark SQL, ships it with spark-submit in cluster mode, follows the application, and writes
the result to OUTPUT: the same table, with the same rules and definitions, as without a cluster. Inputs are Parquet files
or folders on HDFS; their rows stay there, and what comes back are the answers to the analysis' questions, as much as --memory
holds. An application that fails shows the end of its log; an interrupt kills it.

spark-submit is --spark-submit, else that of SPARK_HOME, else the one on the PATH; it finds the cluster by HADOOP_CONF_DIR.`,
		Example: "  ecomctl spark submit sales hdfs:///shop/orders.parquet --by month -o hdfs:///out/sales.parquet\n" +
			"  ecomctl spark submit rfm hdfs:///shop/orders -o hdfs:///out/rfm.parquet --queue adhoc --tune\n" +
			"  ecomctl spark submit geo hdfs:///shop/orders -o hdfs:///out/geo.parquet --dry-run",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	for _, name := range onSpark {
		c.AddCommand(newSubmitted(a, analysis.Get(name)))
	}
	return c
}

// submission is a command whose questions are answered by a job on YARN. It implements session.Remote.
type submission struct {
	app    *App
	m      *manager
	queue  string
	conf   []string
	submit string
	dryRun bool
	tune   bool

	output string
	name   string
	client *cluster.Client
	pairs  [][2]string // of --conf, and of --tune
	inputs []string
	dirs   []string // staging folders, to be removed

	com  *common
	host *session.Host
	prog *term.Progress
}

// errDryRun ends a command that has shown what it would do.
var errDryRun = errors.New("nothing was submitted")

// newSubmitted is the command of an analysis, answered by a job.
func newSubmitted(a *App, d *analysis.Definition) *cobra.Command {
	c := newAnalysis(a, d)
	c.Short = d.Short.EN + ", as a Spark job on YARN"
	c.Long = "Runs " + d.Name + " as a Spark job; see `ecomctl spark submit --help` for how.\n\n" + d.Long
	c.Example = fmt.Sprintf("  ecomctl spark submit %s hdfs:///shop/orders.parquet -o hdfs:///out/%s.parquet", d.Name, d.Name)
	s := &submission{app: a, m: addManager(a, c), name: "ecomctl " + d.Name}
	f := c.Flags()
	f.StringVar(&s.queue, "queue", "", "`queue` of YARN (default: Spark's own, default)")
	f.StringArrayVar(&s.conf, "conf", nil, "setting of Spark, `name=value`; may be repeated")
	f.StringVar(&s.submit, "spark-submit", "", "`path` of spark-submit (default: $SPARK_HOME/bin/spark-submit, else the one on the PATH)")
	f.BoolVar(&s.dryRun, "dry-run", false, "print the command line and submit nothing")
	f.BoolVar(&s.tune, "tune", false, "use what `spark tune` proposes for the input and the queue, where --conf says nothing else")
	f.MarkHidden("engine")
	f.MarkHidden("spark")
	f.Lookup("output").Usage = "write to `FILE` on HDFS; appears whole or not at all"
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if c.Flags().Changed("engine") || c.Flags().Changed("spark") {
			return fault.New(fault.Usage, "--engine and --spark are of commands that ask a server; this one submits a job")
		}
		explain, schema := c.Flags().Changed("explain"), c.Flags().Changed("json-schema")
		s.output = c.Flags().Lookup("output").Value.String()
		if err := s.prepare(args, explain || schema); err != nil {
			return err
		}
		a.submission = s
		defer s.cleanUp(c.Context())
		err := run(c, args)
		if errors.Is(err, errDryRun) {
			return nil
		}
		return err
	}
	return c
}

// prepare refuses what cannot be submitted, before anything is read. shows says that nothing will be.
func (s *submission) prepare(inputs []string, shows bool) error {
	s.inputs = inputs
	if !shows && !strings.HasPrefix(s.output, hdfs.Scheme) {
		return fault.New(fault.Usage, "-o %s: the result of a job goes to HDFS", s.output).WithHint("write -o hdfs:///folder/file.parquet")
	}
	for _, p := range append(slices.Clone(inputs), s.output) {
		if strings.HasPrefix(p, hdfs.Scheme) && strings.Contains(strings.SplitN(strings.TrimPrefix(p, hdfs.Scheme), "/", 2)[0], "@") {
			return fault.New(fault.Usage, "%s: Spark takes no user from a path", config.Redact(p)).WithHint("set HADOOP_USER_NAME")
		}
	}
	for _, kv := range s.conf {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || !strings.HasPrefix(name, "spark.") {
			return fault.New(fault.Usage, "--conf: name=value is wanted, and the name begins with spark.").WithHint("write --conf spark.executor.memory=2g")
		}
		s.pairs = append(s.pairs, [2]string{name, value})
	}
	if shows {
		return nil
	}
	if err := s.findSubmit(); err != nil {
		return err
	}
	if s.app.confDir() == "" {
		return fault.New(fault.Usage, "spark-submit finds the cluster by HADOOP_CONF_DIR, which is not set").WithHint("set it to the folder with core-site.xml and yarn-site.xml")
	}
	var err error
	s.client, err = s.m.open()
	return err
}

// findSubmit finds spark-submit.
func (s *submission) findSubmit() error {
	hint := "install Spark and set SPARK_HOME, or name it with --spark-submit"
	if home := s.app.Getenv("SPARK_HOME"); s.submit == "" && home != "" {
		s.submit = filepath.Join(home, "bin", "spark-submit")
	}
	if s.submit == "" {
		found, err := exec.LookPath("spark-submit")
		if err != nil {
			return fault.New(fault.NotFound, "spark-submit is not on the PATH, and SPARK_HOME is not set").WithHint("%s", hint)
		}
		s.submit = found
	}
	if info, err := os.Stat(s.submit); err != nil || info.IsDir() || info.Mode()&0o111 == 0 && runtime.GOOS != "windows" {
		return fault.New(fault.NotFound, "%s is no program", s.submit).WithHint("%s", hint)
	}
	return nil
}

// bind makes the submission the remote engine of a command.
func (s *submission) bind(com *common, host *session.Host, prog *term.Progress) session.Remote {
	s.com, s.host, s.prog = com, host, prog
	return s
}

// onHDFSFiles is a dataset that the job reads: Spark is told what the user named, not each file.
type onHDFSFiles struct {
	source.Dataset
	uris []string
}

// Inputs implements source.Dataset.
func (d onHDFSFiles) Inputs() []source.Input {
	out := make([]source.Input, len(d.uris))
	for i, u := range d.uris {
		out[i] = source.Input{URI: u, Format: "parquet", Size: -1, Rows: -1}
	}
	return out
}

// Open implements session.Remote: the columns are read from here, by the footers.
func (s *submission) Open(ctx context.Context, uris []string) (source.Dataset, error) {
	for _, u := range uris {
		if !strings.HasPrefix(u, hdfs.Scheme) {
			return nil, fault.New(fault.Usage, "%s is not on HDFS, where the job could read it", u).WithHint("copy it: ecomctl hdfs put FILE hdfs:///folder/")
		}
	}
	opts, err := session.OpenOptions(s.host, &s.com.Settings)
	if err != nil {
		return nil, err
	}
	d, err := open.Open(ctx, uris, opts)
	if err != nil {
		return nil, err
	}
	for _, in := range d.Inputs() {
		if in.Format != "parquet" {
			d.Close()
			return nil, fault.New(fault.Usage, "%s is %s, and the job reads Parquet: other formats would be read by other rules than here", in.URI, in.Format).
				WithHint("convert it once: ecomctl convert %s -o hdfs:///folder/orders.parquet", in.URI)
		}
		if strings.Contains(in.URI, "=") {
			d.Close()
			return nil, fault.New(fault.Usage, "%s is in a partitioned folder, whose columns Spark would guess the types of", in.URI).
				WithHint("use --engine local, or write one folder without partitions: ecomctl convert DIR -o hdfs:///folder/orders.parquet")
		}
	}
	return onHDFSFiles{d, uris}, nil
}

// Engine implements session.Remote.
func (s *submission) Engine() engine.Engine {
	mem, err := s.com.MemoryBytes()
	if err != nil {
		mem = 0 // Open has refused it
	}
	return spark.New(&spark.Job{Run: s.run, Files: s.app.files().For(s.output), Memory: mem / 2}, spark.Options{Memory: mem / 2})
}

// run submits a job and waits for its end.
func (s *submission) run(ctx context.Context, w spark.Work) (string, error) {
	var id [6]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", fault.New(fault.Internal, "%w", err)
	}
	tag := "ecomctl-" + hex.EncodeToString(id[:])
	slash := strings.LastIndexByte(s.output, '/')
	dir := s.output[:slash+1] + "." + s.output[slash+1:] + "." + tag + ".tmp"
	if err := s.settings(ctx); err != nil {
		return "", err
	}
	job := &cluster.Job{Submit: s.submit, Name: s.name, Queue: s.queue, Conf: s.pairs, Out: dir, Tag: tag}
	if s.dryRun {
		return "", s.show(job)
	}
	s.dirs = append(s.dirs, dir)
	work := cluster.Work{Settings: w.Settings}
	for _, v := range w.Views {
		work.Views = append(work.Views, v.SQL)
	}
	for _, q := range w.Queries {
		work.Queries = append(work.Queries, q.SQL)
	}
	s.client.SetPatience(cluster.FollowPatience)
	begun := s.app.Now()
	app, err := s.client.Run(ctx, job, work, s.watch())
	s.prog.Done()
	if err != nil {
		if ctx.Err() != nil && app != nil && app.ID != "" {
			s.app.say("%s: %s", app.ID, map[bool]string{true: "killed", false: "could not be killed; do so with ecomctl yarn apps " + app.ID + " --kill"}[app.Over()])
		}
		return "", err
	}
	s.app.say("%s: %s, %s after %s", app.ID, app.State, app.Final, s.app.Now().Sub(begun).Round(100*time.Millisecond))
	return dir, nil
}

// settings adds what spark tune proposes.
func (s *submission) settings(ctx context.Context) error {
	if !s.tune {
		return nil
	}
	s.tune = false // once
	queue := s.queue
	if queue == "" {
		queue = "default"
	}
	room, err := s.client.Room(ctx, queue, s.app.systemUserName())
	if err != nil {
		return err
	}
	data, err := cluster.Survey(ctx, s.app.files(), s.inputs, nil)
	if err != nil {
		return err
	}
	plan, err := cluster.Tune(data, room)
	if err != nil {
		return err
	}
	for _, p := range plan.Settings {
		if strings.HasPrefix(p.Name, "spark.") && !slices.ContainsFunc(s.pairs, func(kv [2]string) bool { return kv[0] == p.Name }) {
			s.pairs = append(s.pairs, [2]string{p.Name, p.Value})
			s.app.say("%s=%s: %s", p.Name, p.Value, p.Reason)
		}
	}
	return nil
}

// show prints the command line of a job.
func (s *submission) show(job *cluster.Job) error {
	var words []string
	for _, w := range job.Shown("") {
		words = append(words, report.ShellQuote(w))
	}
	if _, err := fmt.Fprintln(s.app.IO.Out, cleanLines(strings.Join(words, " "))); err != nil {
		return err
	}
	s.app.say("nothing was submitted; --explain shows the SQL")
	return errDryRun
}

// watch tells what happens to the job, on change or on the progress line.
func (s *submission) watch() cluster.Watch {
	last := ""
	return cluster.Watch{
		Submitted: func(app *cluster.App) {
			s.app.say("submitted %s to queue %s", app.ID, app.Queue)
		},
		State: func(app *cluster.App, why string) {
			line := app.ID + ": " + app.State
			if why != "" {
				line += ": " + why
			}
			if line != last {
				s.prog.Done()
				s.app.say("%s", line)
				last = line
			}
			s.prog.Show(fmt.Sprintf("%s: %s for %s, %.0f %%, %d containers of %d MB", app.ID, strings.ToLower(app.State),
				(time.Duration(app.Elapsed) * time.Millisecond).Round(time.Second), app.Progress, max(0, app.Containers), max(0, app.MemoryMB)))
		},
		Log: func(head string, lines []string) {
			s.prog.Done()
			fmt.Fprintln(s.app.IO.Err, cleanLines(head))
			for _, l := range lines {
				fmt.Fprintln(s.app.IO.Err, "  "+cleanLines(l))
			}
		},
	}
}

// cleanUp removes what jobs have left beside the output.
func (s *submission) cleanUp(ctx context.Context) {
	if s.client != nil {
		defer s.client.Close()
	}
	if len(s.dirs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for _, dir := range s.dirs {
		err := s.app.files().RemoveAll(ctx, dir)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			s.app.say("note: %s is left over: %v", dir, err)
		}
	}
}

func newSparkStatus(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "status APPLICATION",
		Short: "State of a job on YARN",
		Long: `Tells where an application is, what it holds, why it waits and why it failed. With --wait it is followed to its
end, and the exit code is 1 unless it succeeded.

` + columnHelp(appSpecs),
		Example: "  ecomctl spark status application_1795384343448_0001\n  ecomctl spark status application_1795384343448_0001 --wait",
		Args:    cobra.ExactArgs(1),
	}
	m, out := addManager(a, c), addOutput(a, c)
	wait := c.Flags().Bool("wait", false, "until it is over")
	c.RunE = func(c *cobra.Command, args []string) error {
		cl, err := m.open()
		if err != nil {
			return err
		}
		defer cl.Close()
		app, err := cl.App(c.Context(), args[0])
		if err != nil {
			return err
		}
		if *wait && !app.Over() {
			cl.SetPatience(cluster.FollowPatience)
			if app, err = cl.Follow(c.Context(), args[0], (&submission{app: a}).watch()); err != nil {
				return err
			}
		}
		t, err := appTable(c.Context(), cl, []cluster.App{*app})
		if err != nil {
			return err
		}
		a.say("%s", appLine(app))
		if err := out.write(c.Context(), t, nil); err != nil {
			return err
		}
		if *wait && !app.Succeeded() {
			return fault.New(fault.Unavailable, "%s ended as %s (%s)", app.ID, app.State, app.Final).WithHint("read its log: ecomctl yarn apps %s --log", app.ID)
		}
		return nil
	}
	refuseFlags(c, "pseudonymise")
	return c
}
