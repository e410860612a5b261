package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/engine/flink"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/result"
)

// defaultFlink is where a JobManager of this machine answers.
const defaultFlink = "http://127.0.0.1:8081"

func newFlink(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "flink",
		Short: "Jobs on Apache Flink: how they do, and their end",
		Long: `Asks the REST of Flink's JobManager (--flink http://host:port). Jobs are started by
` + "`ecomctl stream --engine flink`" + `.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newFlinkStatus(a), newFlinkCancel(a))
	return c
}

// jobManager is the --flink of a command.
type jobManager struct {
	app             *App
	address, config string
}

func addJobManager(a *App, c *cobra.Command) *jobManager {
	m := &jobManager{app: a}
	c.Flags().StringVar(&m.address, "flink", defaultFlink, "`URL` of the JobManager's REST")
	c.Flags().StringVar(&m.config, "config", "", "configuration `file` (default ./ecomctl.yaml)")
	return m
}

// open finds the JobManager that the flag or else the configuration names.
func (m *jobManager) open(c *cobra.Command) (*flink.Cluster, error) {
	if !c.Flags().Changed("flink") {
		conf, _, err := config.Load(config.LoadOptions{Path: m.config, Env: m.app.Getenv})
		if err != nil {
			return nil, err
		}
		m.address = cmp.Or(conf.Flink, m.address)
	}
	return flink.NewCluster(m.address, flink.Options{})
}

var jobSpecs = []result.Spec{
	{Name: "job", Type: expr.Text, Desc: "id of the job"},
	{Name: "name", Type: expr.Text, Desc: "its name"},
	{Name: "state", Type: expr.Text, Desc: "RUNNING, RESTARTING, FINISHED, CANCELED, FAILED, …"},
	{Name: "start", Type: expr.Time, Desc: "when it was started, UTC"},
	{Name: "seconds", Type: expr.Float, Desc: "for how long it runs, or ran"},
	{Name: "checkpoints", Type: expr.Int, Desc: "completed checkpoints"},
	{Name: "restarts", Type: expr.Int, Desc: "restarts after failures", Null: "the cluster does not tell, as of jobs that have ended"},
	{Name: "failed", Type: expr.Time, Desc: "the last failure, UTC", Null: "none"},
	{Name: "failure", Type: expr.Text, Desc: "its root cause", Null: "none"},
}

func newFlinkStatus(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "status [JOB]",
		Short: "The jobs that a cluster runs and remembers",
		Long: `Lists jobs, the newest first, with their checkpoints, restarts and the root cause of the last failure.
JOB is an id or its beginning.

` + columnHelp(jobSpecs),
		Example: "  ecomctl flink status\n  ecomctl flink status 3f9c --flink http://jobmanager:8081 --format json",
		Args:    cobra.MaximumNArgs(1),
	}
	m := addJobManager(a, c)
	out := addOutput(a, c)
	c.RunE = func(c *cobra.Command, args []string) error {
		cluster, err := m.open(c)
		if err != nil {
			return err
		}
		jobs, err := cluster.Jobs(c.Context())
		if err != nil {
			return err
		}
		if len(args) > 0 {
			j, err := flink.Find(jobs, args[0])
			if err != nil {
				return err
			}
			jobs = []flink.Job{j}
		}
		t, err := jobTable(c.Context(), cluster, jobs)
		if err != nil {
			return err
		}
		return out.write(c.Context(), t, nil)
	}
	return c
}

// jobTable asks for what the list of jobs does not say.
func jobTable(ctx context.Context, cluster *flink.Cluster, jobs []flink.Job) (*result.Table, error) {
	t := &result.Table{Name: "jobs", N: len(jobs)}
	for _, s := range jobSpecs {
		t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, len(jobs))})
	}
	for i := range jobs {
		j := &jobs[i]
		if err := cluster.Detail(ctx, j); err != nil {
			return nil, err
		}
		col := func(k int) *frame.Column { return &t.Columns[k].Data }
		result.AppendText(col(0), j.ID)
		result.AppendText(col(1), j.Name)
		result.AppendText(col(2), j.State)
		result.AppendInt(col(3), j.Start)
		result.AppendFloat(col(4), j.Seconds)
		result.AppendInt(col(5), j.Complete)
		if j.Restarts < 0 {
			result.AppendNull(col(6))
		} else {
			result.AppendInt(col(6), j.Restarts)
		}
		if j.FailedAt == 0 {
			result.AppendNull(col(7))
			result.AppendNull(col(8))
			continue
		}
		result.AppendInt(col(7), j.FailedAt)
		result.AppendText(col(8), j.Failure)
	}
	return t, nil
}

func newFlinkCancel(a *App) *cobra.Command {
	var folder string
	var save bool
	c := &cobra.Command{
		Use:   "cancel JOB",
		Short: "End a job, with a savepoint or without",
		Long: `Ends a job and waits until it has ended. Windows that were not complete are not written. With
--savepoint the job first saves its state and its place in the topic, and the savepoint's path is printed:
` + "`ecomctl stream --engine flink … --from-savepoint PATH`" + ` goes on from there.`,
		Example: "  ecomctl flink cancel 3f9c\n  ecomctl flink cancel 3f9c --savepoint --savepoint-dir hdfs://namenode:8020/flink",
		Args:    cobra.ExactArgs(1),
	}
	m := addJobManager(a, c)
	c.Flags().BoolVar(&save, "savepoint", false, "save state and place first")
	c.Flags().StringVar(&folder, "savepoint-dir", "", "`folder` of the savepoint, which the whole cluster can write (default: the cluster's execution.checkpointing.savepoint-dir)")
	c.RunE = func(c *cobra.Command, args []string) error {
		if folder != "" && !save {
			return fault.New(fault.Usage, "--savepoint-dir is of --savepoint")
		}
		cluster, err := m.open(c)
		if err != nil {
			return err
		}
		jobs, err := cluster.Jobs(c.Context())
		if err != nil {
			return err
		}
		j, err := flink.Find(jobs, args[0])
		if err != nil {
			return err
		}
		if save {
			path, err := cluster.Stop(c.Context(), j, folder)
			if err == nil {
				a.say("job %s has ended", j.ID)
				_, err = fmt.Fprintln(a.IO.Out, path)
			}
			return err
		}
		state, err := cluster.Cancel(c.Context(), j)
		if err == nil {
			a.say("job %s is %s", j.ID, state)
		}
		return err
	}
	return c
}
