package cluster

import (
	"bytes"
	"context"
	_ "embed" // the job
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

//go:embed job.py
var jobScript []byte

// The names under which a job's files are shipped.
const (
	jobName  = "ecomctl_job.py"
	workName = "ecomctl_work.json"
)

// Work is what a job runs: settings, statements without answers, and queries, each of whose answers goes as Parquet into a
// folder q0, q1, … of Out.
type Work struct {
	Settings [][2]string `json:"settings"`
	Views    []string    `json:"views"`
	Queries  []string    `json:"queries"`
}

// Job is a job for spark-submit.
type Job struct {
	Submit string      // path of spark-submit
	Name   string      // of the application
	Queue  string      // "" = Spark's own choice
	Conf   [][2]string // further settings
	Out    string      // folder of the answers, as Spark sees it
	Tag    string      // by which the application is found; letters, digits, -
}

// Args is the command line, with the two files in dir.
func (j *Job) Args(dir string) []string {
	args := []string{j.Submit, "--master", "yarn", "--deploy-mode", "cluster", "--name", j.Name}
	if j.Queue != "" {
		args = append(args, "--queue", j.Queue)
	}
	for _, kv := range append([][2]string{
		{"spark.yarn.tags", j.Tag},
		{"spark.yarn.submit.waitAppCompletion", "false"}, // it is followed here
		{"spark.yarn.maxAppAttempts", "1"},               // what fails fails again
	}, j.Conf...) {
		args = append(args, "--conf", kv[0]+"="+kv[1])
	}
	return append(args, "--files", filepath.Join(dir, workName), filepath.Join(dir, jobName), workName, j.Out)
}

var secretSetting = regexp.MustCompile(`(?i)(password|passwd|secret|token|credential|access\.?key|\.key$|keytab|principal)`)

// Shown is Args for people: the values of settings that hold secrets are left out.
func (j *Job) Shown(dir string) []string {
	args := j.Args(dir)
	for i, a := range args {
		if name, _, ok := strings.Cut(a, "="); ok && i > 0 && args[i-1] == "--conf" && secretSetting.MatchString(name) {
			args[i] = name + "=***"
		}
	}
	return args
}

// redact takes the values of secret settings out of a text.
func (j *Job) redact(s string) string {
	for _, kv := range j.Conf {
		if secretSetting.MatchString(kv[0]) && kv[1] != "" {
			s = strings.ReplaceAll(s, kv[1], "***")
		}
	}
	return s
}

// Watch is told what happens to a job. Its functions may be nil.
type Watch struct {
	Submitted func(a *App)                  // once the ResourceManager knows the application
	State     func(a *App, why string)      // again and again until it is over; why tells why it waits
	Log       func(head string, l []string) // the end of a log, when it failed
}

const (
	pollEvery   = time.Second
	lookEvery   = 5 * time.Second  // of the reasons of waiting, which take three calls
	submitLimit = 10 * time.Minute // from the start of spark-submit to an application
	killLimit   = 20 * time.Second
	// FollowPatience is how long a job's end is waited for while no ResourceManager answers.
	FollowPatience = 2 * time.Minute
	logLines       = 40
)

// Run submits a job and follows it to its end: nil when it succeeded. When ctx ends, spark-submit is stopped and the
// application killed.
func (c *Client) Run(ctx context.Context, j *Job, w Work, watch Watch) (*App, error) {
	dir, err := os.MkdirTemp("", "ecomctl-job-*")
	if err != nil {
		return nil, fault.New(fault.Full, "making a temporary folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	body, err := json.Marshal(w)
	if err != nil {
		return nil, fault.New(fault.Internal, "%w", err)
	}
	for name, b := range map[string][]byte{workName: body, jobName: jobScript} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return nil, fault.New(fault.Full, "writing %s: %w", name, err)
		}
	}
	app, err := c.submit(ctx, j, j.Args(dir))
	if err == nil {
		if watch.Submitted != nil {
			watch.Submitted(app)
		}
		app, err = c.follow(ctx, app.ID, watch)
	}
	if ctx.Err() != nil {
		return c.abandon(ctx, j, app), fault.Wrap(ctx.Err(), "running %s", j.Name)
	}
	if err != nil {
		return app, err
	}
	if app.Succeeded() {
		return app, nil
	}
	return app, c.failed(ctx, j, app, watch)
}

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailBytes = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.b = append(t.b, p...); len(t.b) > 2*tailBytes {
		t.b = append([]byte(nil), t.b[len(t.b)-tailBytes:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.ToValidUTF8(t.b, []byte("?")))
}

// submit runs spark-submit and finds its application.
func (c *Client) submit(ctx context.Context, j *Job, args []string) (*App, error) {
	limited, cancel := context.WithTimeout(ctx, submitLimit)
	defer cancel()
	cmd := exec.CommandContext(limited, args[0], args[1:]...)
	out := &tail{}
	cmd.Stdout, cmd.Stderr = out, out
	group(cmd)
	cmd.WaitDelay = 5 * time.Second // its pipes may outlive it
	if err := cmd.Start(); err != nil {
		return nil, fault.New(fault.NotFound, "starting %s: %w", j.Submit, err).WithHint("install Spark and set SPARK_HOME, or name spark-submit with --spark-submit")
	}
	err := cmd.Wait()
	if ctx.Err() != nil {
		return nil, fault.Wrap(ctx.Err(), "submitting %s", j.Name)
	}
	if err != nil {
		lines := LastLines(j.redact(out.String()), logLines)
		if limited.Err() != nil {
			return nil, fault.New(fault.Unavailable, "submitting %s: spark-submit was not done after %s: %s", j.Name, submitLimit, lastWord(lines))
		}
		return nil, fault.New(fault.Unavailable, "submitting %s: spark-submit failed (%w):\n%s", j.Name, err, strings.Join(lines, "\n")).
			WithHint("see whether spark-submit works by itself; HADOOP_CONF_DIR must name the cluster's configuration")
	}
	app, err := c.tagged(ctx, j.Tag)
	if err == nil && app == nil {
		err = fault.New(fault.NotFound, "submitting %s: spark-submit ended well, and the ResourceManager knows no application with the tag %s: %s", j.Name, j.Tag, lastWord(LastLines(j.redact(out.String()), logLines))).
			WithHint("see that --rm names the ResourceManager of HADOOP_CONF_DIR's cluster")
	}
	return app, err
}

// lastWord is the last line that says something.
func lastWord(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		if s := strings.TrimSpace(lines[i]); s != "" {
			return s
		}
	}
	return "it said nothing"
}

// tagged finds the application with a tag; nil without one.
func (c *Client) tagged(ctx context.Context, tag string) (*App, error) {
	var doc struct {
		Apps struct {
			App []App `json:"app"`
		} `json:"apps"`
	}
	if err := c.get(ctx, "looking for the application", "apps?applicationTags="+url.QueryEscape(strings.ToLower(tag)), &doc); err != nil {
		return nil, err
	}
	if len(doc.Apps.App) == 0 {
		return nil, nil
	}
	return &doc.Apps.App[0], nil
}

// follow asks for an application's state until it is over.
func (c *Client) follow(ctx context.Context, id string, watch Watch) (*App, error) {
	var why string
	var looked int
	for n := 0; ; n++ {
		app, err := c.App(ctx, id)
		if err != nil {
			return &App{ID: id}, err
		}
		if app.Over() {
			return app, nil
		}
		if watch.State != nil {
			if app.State == "ACCEPTED" && (n == 0 || n-looked >= int(lookEvery/pollEvery)) {
				looked = n
				if now, err := c.Look(ctx); err == nil {
					r, _ := now.Why(app)
					why = r.Text
				}
			} else if app.State != "ACCEPTED" {
				why = ""
			}
			watch.State(app, why)
		}
		if !pause(ctx, pollEvery, nil) {
			return app, fault.Wrap(ctx.Err(), "following %s", id)
		}
	}
}

// Follow waits until an application is over.
func (c *Client) Follow(ctx context.Context, id string, watch Watch) (*App, error) {
	if err := CheckID(id); err != nil {
		return nil, err
	}
	return c.follow(ctx, id, watch)
}

// lateSubmits is how often an application is looked for whose spark-submit was stopped.
const lateSubmits = 3

// abandon kills the application of a job that nobody waits for any more.
func (c *Client) abandon(ctx context.Context, j *Job, app *App) *App {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killLimit)
	defer cancel()
	if app == nil || app.ID == "" {
		// spark-submit may have been stopped before or after it had handed the application over, or on the way
		for range lateSubmits {
			found, err := c.tagged(ctx, j.Tag)
			if err == nil && found != nil {
				app = found
				break
			}
			if !pause(ctx, pollEvery, nil) {
				return nil
			}
		}
		if app == nil {
			return nil
		}
	}
	if c.Kill(ctx, app.ID) != nil {
		return app
	}
	over, err := c.follow(ctx, app.ID, Watch{})
	if err != nil {
		return app
	}
	return over
}

// jobFailed begins the line on which the job tells what went wrong.
const jobFailed = "ECOMCTL-FAILED "

// failed makes the error of an application that ended badly, and shows the end of its log.
func (c *Client) failed(ctx context.Context, j *Job, app *App, watch Watch) error {
	what := j.redact(app.Ended())
	files, err := c.Logs(ctx, app, tailBytes)
	for _, f := range files {
		text := j.redact(f.Tail)
		if i := strings.LastIndex(text, jobFailed); i >= 0 {
			what, _, _ = strings.Cut(text[i+len(jobFailed):], "\n")
		}
		if watch.Log != nil {
			watch.Log(fmt.Sprintf("the end of %s of %s:", f.Name, app.ID), LastLines(text, logLines))
		}
	}
	e := fault.New(fault.Unavailable, "%s ended as %s (%s): %s", app.ID, app.State, app.Final, what)
	var hint *fault.Error
	if err != nil && errors.As(err, &hint) {
		return e.WithHint("its log cannot be read from here; %s", fault.HintOf(err))
	}
	return e.WithHint("the whole log: ecomctl yarn apps %s --log --lines 1000", app.ID)
}
