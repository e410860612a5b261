package cli

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/cluster"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
)

// yarnPatience is how long a command waits for a ResourceManager that restarts.
const yarnPatience = 10 * time.Second

func newYARN(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "yarn",
		Short: "The cluster's scheduler: what runs, what is free, why an application waits",
		Long: `Asks the ResourceManager of YARN over its REST. Its address is --rm, else ECOMCTL_RM, else that of
yarn-site.xml in YARN_CONF_DIR, HADOOP_CONF_DIR or $HADOOP_HOME/etc/hadoop; of several (yarn.resourcemanager.ha.rm-ids)
the active one answers. Who asks is HADOOP_USER_NAME where the cluster trusts names.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newYARNApps(a), newYARNQueues(a), newYARNNodes(a))
	return c
}

// manager is the --rm of a command.
type manager struct {
	app  *App
	urls []string
}

func addManager(a *App, c *cobra.Command) *manager {
	m := &manager{app: a}
	c.Flags().StringSliceVar(&m.urls, "rm", nil, "`URL` of the ResourceManager's web pages, http://host:8088; several, separated by commas, of which one is active (default: ECOMCTL_RM, else yarn-site.xml in HADOOP_CONF_DIR)")
	return m
}

// confDir is the folder of the Hadoop configuration that clients of YARN read.
func (a *App) confDir() string {
	if dir := a.Getenv("YARN_CONF_DIR"); dir != "" {
		return dir
	}
	if dir := a.Getenv("HADOOP_CONF_DIR"); dir != "" {
		return dir
	}
	if home := a.Getenv("HADOOP_HOME"); home != "" {
		return filepath.Join(home, "etc", "hadoop")
	}
	return ""
}

// named tells whether flags or environment name a cluster at all.
func (m *manager) named() bool {
	return len(m.urls) > 0 || m.app.Getenv("ECOMCTL_RM") != "" || m.app.confDir() != ""
}

// open finds the ResourceManagers.
func (m *manager) open() (*cluster.Client, error) {
	urls := m.urls
	if env := m.app.Getenv("ECOMCTL_RM"); len(urls) == 0 && env != "" {
		urls = strings.Split(env, ",")
	}
	if dir := m.app.confDir(); len(urls) == 0 && dir != "" {
		site, err := cluster.ReadSite(dir)
		if err != nil {
			return nil, err
		}
		if urls = site.Managers(); len(urls) == 0 {
			return nil, fault.New(fault.Usage, "%s has no yarn.resourcemanager.webapp.address and no yarn.resourcemanager.hostname", filepath.Join(dir, "yarn-site.xml")).
				WithHint("give --rm http://host:8088")
		}
	}
	return cluster.NewClient(cluster.Options{Managers: slices.Clone(urls), User: m.app.Getenv("HADOOP_USER_NAME"), Patience: yarnPatience})
}

var appSpecs = []result.Spec{
	{Name: "application", Type: expr.Text, Desc: "id"},
	{Name: "name", Type: expr.Text, Desc: "name"},
	{Name: "user", Type: expr.Text, Desc: "who submitted it"},
	{Name: "queue", Type: expr.Text, Desc: "queue"},
	{Name: "type", Type: expr.Text, Desc: "SPARK, MAPREDUCE, …"},
	{Name: "state", Type: expr.Text, Desc: "NEW, SUBMITTED, ACCEPTED (waits), RUNNING, FINISHED, FAILED, KILLED"},
	{Name: "final_status", Type: expr.Text, Desc: "SUCCEEDED, FAILED or KILLED", Null: "not over"},
	{Name: "progress", Type: expr.Float, Unit: result.Ratio, Desc: "part that is done, as the application tells it"},
	{Name: "memory_mb", Type: expr.Int, Desc: "memory of its containers, in MiB", Null: "over"},
	{Name: "vcores", Type: expr.Int, Desc: "virtual cores of its containers", Null: "over"},
	{Name: "containers", Type: expr.Int, Desc: "containers, the master's included", Null: "over"},
	{Name: "started", Type: expr.Time, Desc: "when it was submitted, UTC"},
	{Name: "elapsed_seconds", Type: expr.Float, Unit: result.Seconds, Desc: "from then until now or its end"},
	{Name: "waits", Type: expr.Text, Desc: "why it waits, in a word: starting, am-limit, user-am, app-limit, queue-state, no-nodes, label, too-large, queue-limit, user-limit, cluster-full, scattered, turn", Null: "it does not wait"},
	{Name: "reason", Type: expr.Text, Desc: "why it waits and what to do about it, or why it failed", Null: "neither"},
}

type appFlags struct {
	cluster.Filter
	log   bool
	lines int
	kill  bool
}

func newYARNApps(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "apps [APPLICATION]",
		Short: "Applications: what they hold, why they wait, why they failed",
		Long: `Lists the applications that are not over (--all: finished ones too), or tells about one. An application
that waits has a reason: the limits of its queue, of its user and of application masters, the largest node and what
is free are compared with what it asks for, and the first that stands in its way is named with a remedy.

` + columnHelp(appSpecs),
		Example: `  ecomctl yarn apps
  ecomctl yarn apps --all --user airflow --format json
  ecomctl yarn apps application_1795384343448_0001 --log`,
		Args: cobra.MaximumNArgs(1),
	}
	m, out := addManager(a, c), addOutput(a, c)
	var o appFlags
	f := c.Flags()
	f.BoolVar(&o.All, "all", false, "finished applications too")
	f.StringSliceVar(&o.States, "state", nil, "only these `states`: "+strings.Join(cluster.States, ", "))
	f.StringVar(&o.Queue, "queue", "", "only of this `queue`")
	f.StringVar(&o.User, "user", "", "only of this `user`")
	f.BoolVar(&o.log, "log", false, "with an id: print the end of its master's log instead of the table")
	f.IntVar(&o.lines, "lines", 40, "with --log: `N` lines of each file")
	f.BoolVar(&o.kill, "kill", false, "with an id: end it, if it is not over")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := o.check(len(args) == 1); err != nil {
			return err
		}
		cl, err := m.open()
		if err != nil {
			return err
		}
		defer cl.Close()
		if len(args) == 1 {
			return a.yarnApp(c.Context(), cl, args[0], o, out)
		}
		apps, err := cl.Apps(c.Context(), o.Filter)
		if err != nil {
			return err
		}
		t, err := appTable(c.Context(), cl, apps)
		if err != nil {
			return err
		}
		if t.N == 0 {
			a.say("no applications%s", map[bool]string{false: " that are not over; --all lists finished ones", true: ""}[o.All || len(o.States) > 0])
		}
		return out.write(c.Context(), t, nil)
	}
	refuseFlags(c, "pseudonymise")
	return c
}

func (o *appFlags) check(one bool) error {
	for i, s := range o.States {
		o.States[i] = strings.ToUpper(strings.TrimSpace(s))
		if !slices.Contains(cluster.States, o.States[i]) {
			return fault.New(fault.Usage, "--state %s: states are %s", s, strings.Join(cluster.States, ", "))
		}
	}
	switch {
	case !one && (o.log || o.kill):
		return fault.New(fault.Usage, "--log and --kill are about one application").WithHint("name it: ecomctl yarn apps application_… --log")
	case one && (o.All || len(o.States) > 0 || o.Queue != "" || o.User != ""):
		return fault.New(fault.Usage, "--all, --state, --queue and --user choose among many applications, and one is named")
	case o.lines < 1 || o.lines > 100_000:
		return fault.New(fault.Usage, "--lines %d: a number from 1 to 100000", o.lines)
	}
	return nil
}

// logBytes is the length of a log's end in which lines are looked for, for each line.
const logBytes = 512

// yarnApp tells about one application.
func (a *App) yarnApp(ctx context.Context, cl *cluster.Client, id string, o appFlags, out *output) error {
	app, err := cl.App(ctx, id)
	if err != nil {
		return err
	}
	if o.kill && !app.Over() {
		if err := cl.Kill(ctx, id); err != nil {
			return err
		}
		a.say("asked for the end of %s", id)
		if app, err = cl.App(ctx, id); err != nil {
			return err
		}
	}
	if o.log {
		return a.printLog(ctx, cl, app, o.lines)
	}
	t, err := appTable(ctx, cl, []cluster.App{*app})
	if err != nil {
		return err
	}
	a.say("%s", appLine(app))
	if app.Tracking != "" {
		a.say("pages: %s", app.Tracking)
	}
	if app.Containers != 0 || app.MasterAt != "" {
		a.say("log: ecomctl yarn apps %s --log", id)
	}
	return out.write(ctx, t, nil)
}

// appLine is the work that an application has done, for people.
func appLine(app *cluster.App) string {
	state := app.State
	if app.Over() && app.Final != state {
		state += ", " + app.Final
	}
	return fmt.Sprintf("%s: %s after %s; it took %.3g GiB-hours and %.3g core-hours", app.ID, state,
		(time.Duration(app.Elapsed) * time.Millisecond).Round(time.Second), float64(app.MBSeconds)/1024/3600, float64(app.CoreSeconds)/3600)
}

// printLog prints the end of the master's log files.
func (a *App) printLog(ctx context.Context, cl *cluster.Client, app *cluster.App, lines int) error {
	files, err := cl.Logs(ctx, app, int64(lines)*logBytes)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		a.say("%s has written no log", app.ID)
	}
	for _, f := range files {
		a.say("%s of %s, %d bytes:", f.Name, f.Container, f.Bytes)
		for _, line := range cluster.LastLines(f.Tail, lines) {
			if _, err := fmt.Fprintln(a.IO.Out, cleanLines(line)); err != nil {
				return err
			}
		}
	}
	return nil
}

// appTable explains applications. What is compared with them is only asked for when one waits.
func appTable(ctx context.Context, cl *cluster.Client, apps []cluster.App) (*result.Table, error) {
	var now *cluster.Cluster
	t := tableOf("apps", appSpecs)
	for i := range apps {
		app := &apps[i]
		var r cluster.Reason
		if !app.Over() {
			if now == nil {
				var err error
				if now, err = cl.Look(ctx); err != nil {
					return nil, err
				}
			}
			r, _ = now.Why(app)
		} else {
			r.Text = app.Ended()
		}
		final := app.Final
		if final == "UNDEFINED" {
			final = ""
		}
		appendRow(t, app.ID, app.Name, app.User, app.Queue, app.Type, app.State, final, app.Progress/100, app.MemoryMB, app.VCores, app.Containers,
			app.Started*1000, float64(app.Elapsed)/1000, r.Code, r.Text)
	}
	return t, nil
}

var queueSpecs = []result.Spec{
	{Name: "queue", Type: expr.Text, Desc: "path"},
	{Name: "state", Type: expr.Text, Desc: "RUNNING, STOPPED or DRAINING", Null: "the scheduler has no states"},
	{Name: "share", Type: expr.Float, Unit: result.Ratio, Desc: "part of the cluster that is guaranteed"},
	{Name: "max_share", Type: expr.Float, Unit: result.Ratio, Desc: "part of the cluster that it may take"},
	{Name: "used_mb", Type: expr.Int, Desc: "memory in use, in MiB"},
	{Name: "max_mb", Type: expr.Int, Desc: "memory that it may take, in MiB"},
	{Name: "free_mb", Type: expr.Int, Desc: "memory that it can still take now: by its maximum, those of the queues above, and what the nodes have free"},
	{Name: "used_vcores", Type: expr.Int, Desc: "virtual cores in use"},
	{Name: "max_vcores", Type: expr.Int, Desc: "virtual cores that it may take"},
	{Name: "free_vcores", Type: expr.Int, Desc: "virtual cores that it can still take now"},
	{Name: "running", Type: expr.Int, Desc: "applications that run"},
	{Name: "waiting", Type: expr.Int, Desc: "applications that wait to be activated"},
	{Name: "masters_mb", Type: expr.Int, Desc: "memory of application masters, in MiB", Null: "not limited, or no leaf"},
	{Name: "masters_max_mb", Type: expr.Int, Desc: "memory that application masters may take, in MiB", Null: "not limited, or no leaf"},
	{Name: "user_limit_factor", Type: expr.Float, Desc: "how many times the queue's share one user may take", Null: "the scheduler has none, or no leaf"},
}

func newYARNQueues(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "queues",
		Short: "Queues: shares, what is in use and what is free",
		Long: `Lists the queues of the scheduler (capacity, fair or fifo), of the nodes without a label.

` + columnHelp(queueSpecs),
		Example: "  ecomctl yarn queues\n  ecomctl yarn queues --rm http://rm1:8088,http://rm2:8088 --columns queue,free_mb,waiting",
		Args:    cobra.NoArgs,
	}
	m, out := addManager(a, c), addOutput(a, c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cl, err := m.open()
		if err != nil {
			return err
		}
		defer cl.Close()
		now, err := cl.Look(c.Context())
		if err != nil {
			return err
		}
		t := tableOf("queues", queueSpecs)
		for _, q := range now.Queues.List {
			free := q.Room().Least(now.Free())
			masters, mastersMax, factor := int64(-1), int64(-1), math.NaN()
			if q.HasMasters {
				masters, mastersMax = q.Masters.MemoryMB, q.MastersMax.MemoryMB
			}
			if q.Leaf && q.PerUser > 0 {
				factor = q.PerUser
			}
			appendRow(t, q.Path, q.State, q.Share, q.MaxShare, q.Used.MemoryMB, q.Max.MemoryMB, free.MemoryMB, q.Used.VCores, q.Max.VCores, free.VCores,
				q.Running, q.Waiting, masters, mastersMax, factor)
		}
		return out.write(c.Context(), t, nil)
	}
	refuseFlags(c, "pseudonymise")
	return c
}

var nodeSpecs = []result.Spec{
	{Name: "node", Type: expr.Text, Desc: "host and port of the NodeManager"},
	{Name: "state", Type: expr.Text, Desc: "RUNNING, UNHEALTHY, LOST, DECOMMISSIONED, …"},
	{Name: "rack", Type: expr.Text, Desc: "rack"},
	{Name: "label", Type: expr.Text, Desc: "label (partition) of the node", Null: "none"},
	{Name: "containers", Type: expr.Int, Desc: "containers that run"},
	{Name: "used_mb", Type: expr.Int, Desc: "memory in use, in MiB"},
	{Name: "free_mb", Type: expr.Int, Desc: "memory that is free, in MiB"},
	{Name: "used_vcores", Type: expr.Int, Desc: "virtual cores in use"},
	{Name: "free_vcores", Type: expr.Int, Desc: "virtual cores that are free"},
	{Name: "health", Type: expr.Text, Desc: "what is wrong with it", Null: "healthy"},
}

func newYARNNodes(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:     "nodes",
		Short:   "Nodes: what each has in use and free, and whether it is well",
		Long:    "Lists the nodes, lost and decommissioned ones too.\n\n" + columnHelp(nodeSpecs),
		Example: "  ecomctl yarn nodes\n  ecomctl yarn nodes --sort free_mb:desc --limit 5",
		Args:    cobra.NoArgs,
	}
	m, out := addManager(a, c), addOutput(a, c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cl, err := m.open()
		if err != nil {
			return err
		}
		defer cl.Close()
		nodes, err := cl.Nodes(c.Context())
		if err != nil {
			return err
		}
		t := tableOf("nodes", nodeSpecs)
		for _, n := range nodes {
			appendRow(t, n.ID, n.State, n.Rack, strings.Join(n.Labels, ","), n.Containers, n.UsedMB, n.FreeMB, n.UsedVCores, n.FreeVCores, strings.TrimSpace(n.Health))
		}
		return out.write(c.Context(), t, nil)
	}
	refuseFlags(c, "pseudonymise")
	return c
}
