package flink

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/backoff"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// Cluster is the REST of Flink's JobManager.
type Cluster struct{ s *service }

// NewCluster returns the JobManager at an address, http://host:port. Nothing is called yet.
func NewCluster(address string, o Options) (*Cluster, error) {
	s, err := newService("Flink's JobManager", "--flink", address, o)
	if err != nil {
		return nil, err
	}
	return &Cluster{s}, nil
}

// Job is what is known of a job.
type Job struct {
	ID       string
	Name     string
	State    string // RUNNING, FINISHED, CANCELED, FAILED, RESTARTING, …
	Start    int64  // µs since 1970, UTC
	Seconds  float64
	Tasks    int   // that run
	Complete int64 // checkpoints that were completed
	Restarts int64 // -1 where the cluster does not tell
	Failure  string
	FailedAt int64 // µs; 0 = never
}

// ended reports whether a state is for good.
func ended(state string) bool {
	return slices.Contains([]string{"FINISHED", "CANCELED", "FAILED", "SUSPENDED"}, state)
}

// Jobs lists the jobs that the cluster remembers, the newest first.
func (c *Cluster) Jobs(ctx context.Context) ([]Job, error) {
	var answer struct {
		Jobs []struct {
			JID, Name, State string
			StartTime        int64 `json:"start-time"`
			Duration         int64
			Tasks            struct{ Running int }
		}
	}
	const doing = "listing the jobs"
	if err := c.s.get(ctx, doing, "/jobs/overview", &answer); err != nil {
		return nil, err
	}
	if answer.Jobs == nil {
		return nil, c.s.lacks(doing, "jobs")
	}
	jobs := make([]Job, len(answer.Jobs))
	for i, j := range answer.Jobs {
		jobs[i] = Job{ID: j.JID, Name: j.Name, State: j.State, Start: j.StartTime * 1000, Seconds: float64(j.Duration) / 1000, Tasks: j.Tasks.Running, Restarts: -1}
	}
	slices.SortFunc(jobs, func(a, b Job) int { return cmp.Or(cmp.Compare(b.Start, a.Start), cmp.Compare(a.ID, b.ID)) })
	return jobs, nil
}

// Find returns the one job whose id begins with some letters. No letters are refused: a variable of a script that is empty
// by mistake names no job.
func Find(jobs []Job, id string) (Job, error) {
	var found []Job
	if id == "" {
		return Job{}, fault.New(fault.Usage, "the id of the job is empty").WithHint("list them with `ecomctl flink status`")
	}
	for _, j := range jobs {
		if strings.HasPrefix(j.ID, strings.ToLower(id)) {
			found = append(found, j)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Job{}, fault.New(fault.NotFound, "job %s: the cluster knows no such job", id).WithHint("list them with `ecomctl flink status`")
	}
	return Job{}, fault.New(fault.Usage, "job %s: %d jobs begin so", id, len(found)).WithHint("give more of its id")
}

// Detail fills in what the list does not say: checkpoints, restarts, the last failure.
func (c *Cluster) Detail(ctx context.Context, j *Job) error {
	path := "/jobs/" + url.PathEscape(j.ID)
	var ck struct {
		Counts struct{ Completed int64 }
	}
	if err := c.s.get(ctx, "asking for the checkpoints of job "+j.ID, path+"/checkpoints", &ck); err != nil {
		if fault.KindOf(err) != fault.NotFound { // a job without checkpoints has none to tell
			return err
		}
	}
	j.Complete = ck.Counts.Completed
	var metrics []struct{ ID, Value string }
	if err := c.s.get(ctx, "asking for the restarts of job "+j.ID, path+"/metrics?get=numRestarts", &metrics); err != nil {
		return err
	}
	for _, m := range metrics {
		if n, err := strconv.ParseInt(m.Value, 10, 64); err == nil {
			j.Restarts = n
		}
	}
	var ex struct {
		ExceptionHistory struct {
			Entries []struct {
				ExceptionName, Stacktrace string
				Timestamp                 int64
			}
		}
	}
	if err := c.s.get(ctx, "asking for the failures of job "+j.ID, path+"/exceptions", &ex); err != nil {
		return err
	}
	for _, e := range ex.ExceptionHistory.Entries {
		if at := e.Timestamp * 1000; at > j.FailedAt {
			j.FailedAt, j.Failure = at, c.s.clean(root(e.Stacktrace, e.ExceptionName))
		}
	}
	return nil
}

// root is the innermost message of a trace: what went wrong in the first place.
func root(stack, name string) string {
	list := trace(stack)
	if len(list) == 0 {
		return plainClass(name)
	}
	return list[len(list)-1]
}

// Cancel ends a job at once and waits until it has ended.
func (c *Cluster) Cancel(ctx context.Context, j Job) (state string, err error) {
	if ended(j.State) {
		return j.State, nil
	}
	if err := c.s.send(ctx, "cancelling job "+j.ID, http.MethodPatch, "/jobs/"+url.PathEscape(j.ID)+"?mode=cancel", nil, nil); err != nil {
		return "", err
	}
	return c.await(ctx, j.ID)
}

// endTimeout is how long a job may take to end, or to write a savepoint.
const endTimeout = 5 * time.Minute

// await waits until a job has ended.
func (c *Cluster) await(ctx context.Context, id string) (string, error) {
	until, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		var j struct{ State string }
		doing := "waiting for the end of job " + id
		if err := c.s.get(until, doing, "/jobs/"+url.PathEscape(id), &j); err != nil {
			return "", c.late(ctx, until, "the end of job "+id, err)
		}
		if j.State == "" {
			return "", c.s.lacks(doing, "state")
		}
		if ended(j.State) {
			return j.State, nil
		}
		backoff.Sleep(until, pause)
	}
}

// late tells the end of our own patience from an interrupt.
func (c *Cluster) late(ctx, until context.Context, what string, err error) error {
	if ctx.Err() == nil && until.Err() != nil {
		return fault.New(fault.Unavailable, "%s: not there within %s", what, endTimeout).WithHint("see `ecomctl flink status`")
	}
	return err
}

// Stop writes a savepoint into a folder of the cluster ("" = the one it is configured with) and ends the job; it returns
// the savepoint's place. A job whose tasks are being started cannot be saved yet: it is asked again for a while.
func (c *Cluster) Stop(ctx context.Context, j Job, folder string) (string, error) {
	if ended(j.State) {
		return "", fault.New(fault.Usage, "job %s is %s: there is nothing to save any more", j.ID, j.State)
	}
	until, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	doing := "writing a savepoint of job " + j.ID
	for pause := 500 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		path, cause, err := c.save(ctx, until, doing, j.ID, folder)
		switch {
		case err != nil:
			return "", err
		case path != "":
			_, err := c.await(ctx, j.ID)
			return path, err
		case !strings.Contains(cause, "Not all required tasks are currently running") || !backoff.Sleep(until, pause):
			return "", fault.New(fault.Unavailable, "%s: Flink's JobManager at %s: %s", doing, c.s.base, cause).
				WithHint("the job goes on; name a folder that the whole cluster can write: --savepoint-dir hdfs://…")
		}
	}
}

// save asks for a savepoint and waits for its place, or for the cause why there is none.
func (c *Cluster) save(ctx, until context.Context, doing, id, folder string) (path, cause string, err error) {
	body := map[string]any{"drain": false}
	if folder != "" {
		body["targetDirectory"] = folder
	}
	var trigger struct {
		ID string `json:"request-id"`
	}
	job := "/jobs/" + url.PathEscape(id)
	if err := c.s.send(ctx, doing, http.MethodPost, job+"/stop", body, &trigger); err != nil {
		return "", "", err
	}
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		var r struct {
			Status    struct{ ID string }
			Operation struct {
				Location string
				Cause    struct {
					Class string
					Stack string `json:"stack-trace"`
				} `json:"failure-cause"`
			}
		}
		if err := c.s.get(until, doing, job+"/savepoints/"+url.PathEscape(trigger.ID), &r); err != nil {
			return "", "", c.late(ctx, until, doing, err)
		}
		switch r.Status.ID {
		case "":
			return "", "", c.s.lacks(doing, "status")
		case "COMPLETED":
			if r.Operation.Location != "" {
				return r.Operation.Location, "", nil
			}
			return "", c.s.clean(root(r.Operation.Cause.Stack, r.Operation.Cause.Class)), nil
		}
		backoff.Sleep(until, pause)
	}
}
