//go:build unix

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// fakeCluster is a ResourceManager and the node of its one application, which a submit script hands over by making a file.
type fakeCluster struct {
	url   string
	dir   string // holds the script and what it left
	state func(asked int) (state, final, diagnostics string)
	log   string

	mu     sync.Mutex
	asked  int
	killed bool
	tag    string
}

// newFake starts a cluster; body is what spark-submit does, with $DIR for the fake's folder.
func newFake(t *testing.T, body string) *fakeCluster {
	t.Helper()
	f := &fakeCluster{dir: t.TempDir()}
	s := httptest.NewServer(http.HandlerFunc(f.answer))
	t.Cleanup(s.Close)
	f.url = s.URL
	script := "#!/bin/sh\nDIR=" + f.dir + "\n" + body + "\n"
	if err := os.WriteFile(filepath.Join(f.dir, "spark-submit"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fakeCluster) answer(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	const id = "application_1_0001"
	app := func() map[string]any {
		state, final, diagnostics := f.state(f.asked)
		f.asked++
		if f.killed {
			state, final, diagnostics = "KILLED", "KILLED", "killed by ann"
		}
		return map[string]any{"id": id, "state": state, "finalStatus": final, "diagnostics": diagnostics, "queue": "root.default"}
	}
	var v any
	switch path := strings.TrimPrefix(r.URL.Path, "/ws/v1/"); {
	case path == "cluster/apps":
		f.tag = r.URL.Query().Get("applicationTags")
		apps := []any{}
		if _, err := os.Stat(filepath.Join(f.dir, "submitted")); err == nil {
			apps = append(apps, app())
		}
		v = map[string]any{"apps": map[string]any{"app": apps}}
	case path == "cluster/apps/"+id:
		v = map[string]any{"app": app()}
	case path == "cluster/apps/"+id+"/state" && r.Method == http.MethodPut:
		f.killed = true
		v = map[string]any{"state": "KILLED"}
	case path == "cluster/apps/"+id+"/appattempts":
		v = map[string]any{"appAttempts": map[string]any{"appAttempt": []any{map[string]any{"id": 1, "containerId": "container_1", "nodeHttpAddress": strings.TrimPrefix(f.url, "http://")}}}}
	case path == "node/containers/container_1/logs":
		v = map[string]any{"containerLogsInfo": map[string]any{"containerLogInfo": []any{map[string]any{"fileName": "stderr", "fileSize": "99"}}}}
	case path == "node/containers/container_1/logs/stderr":
		fmt.Fprintf(w, "Container: container_1 on n:1\nLogType:stderr\nLogContents:\n%s\nEnd of LogType:stderr.\n*****\n\n", f.log)
		return
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(v)
}

func (f *fakeCluster) job() *Job {
	return &Job{Submit: filepath.Join(f.dir, "spark-submit"), Name: "ecomctl sales", Tag: "ecomctl-12ab", Out: "hdfs:///x", Conf: [][2]string{{"spark.hadoop.fs.secret.key", "hush"}, {"spark.executor.cores", "2"}}}
}

var work = Work{Settings: [][2]string{{"a", "b"}}, Views: []string{"CREATE …"}, Queries: []string{"SELECT 1"}}

func TestRunSucceeds(t *testing.T) {
	f := newFake(t, `for a in "$@"; do echo "$a"; done > $DIR/args; for a in "$@"; do case $a in */ecomctl_work.json|*/ecomctl_job.py) cp "$a" $DIR/;; esac; done; touch $DIR/submitted`)
	f.state = func(asked int) (string, string, string) {
		if asked < 2 {
			return "RUNNING", "UNDEFINED", ""
		}
		return "FINISHED", "SUCCEEDED", ""
	}
	var submitted, states []string
	app, err := client(t, 0, f.url).Run(t.Context(), f.job(), work, Watch{
		Submitted: func(a *App) { submitted = append(submitted, a.ID) },
		State:     func(a *App, _ string) { states = append(states, a.State) },
	})
	if err != nil || !app.Succeeded() || len(submitted) != 1 || len(states) == 0 || f.tag != "ecomctl-12ab" {
		t.Fatal(app, err, submitted, states, f.tag)
	}
	args, _ := os.ReadFile(filepath.Join(f.dir, "args"))
	for _, want := range []string{"--master\nyarn\n", "--deploy-mode\ncluster\n", "spark.yarn.tags=ecomctl-12ab\n", "spark.executor.cores=2\n", "spark.hadoop.fs.secret.key=hush\n", "ecomctl_work.json\nhdfs:///x\n"} {
		if !strings.Contains(string(args), want) {
			t.Errorf("no %q in\n%s", want, args)
		}
	}
	shipped, _ := os.ReadFile(filepath.Join(f.dir, "ecomctl_work.json"))
	if want := `{"settings":[["a","b"]],"views":["CREATE …"],"queries":["SELECT 1"]}`; string(shipped) != want {
		t.Errorf("shipped %s", shipped)
	}
	if script, _ := os.ReadFile(filepath.Join(f.dir, "ecomctl_job.py")); string(script) != string(jobScript) {
		t.Error("another script was shipped")
	}
	if shown := strings.Join(f.job().Shown(""), " "); strings.Contains(shown, "hush") || !strings.Contains(shown, "secret.key=***") {
		t.Error(shown)
	}
}

func TestRunFails(t *testing.T) {
	f := newFake(t, `touch $DIR/submitted`)
	f.state = func(int) (string, string, string) {
		return "FINISHED", "FAILED", "User application exited with status 1"
	}
	f.log = "line one\nwith hush\nECOMCTL-FAILED [TABLE_OR_VIEW_NOT_FOUND] no t, hush\nlast"
	var lines []string
	app, err := client(t, 0, f.url).Run(t.Context(), f.job(), work, Watch{Log: func(head string, l []string) { lines = append(append(lines, head), l...) }})
	if fault.KindOf(err).ExitCode() != 1 || !strings.Contains(err.Error(), "application_1_0001 ended as FINISHED (FAILED): [TABLE_OR_VIEW_NOT_FOUND] no t") || app.Final != "FAILED" {
		t.Error(app, err)
	}
	all := strings.Join(lines, "\n") + err.Error()
	if !strings.Contains(all, "stderr of application_1_0001") || !strings.Contains(all, "line one\nwith ***") || strings.Contains(all, "hush") || strings.Contains(all, "End of LogType") {
		t.Error(all)
	}
}

func TestSparkSubmitFails(t *testing.T) {
	f := newFake(t, `echo "Required executor memory (102400 MB) is above the max threshold; hush" >&2; exit 3`)
	_, err := client(t, 0, f.url).Run(t.Context(), f.job(), work, Watch{})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "above the max threshold; ***") {
		t.Error(err)
	}
	f = newFake(t, `echo went well`)
	f.state = func(int) (string, string, string) { return "", "", "" }
	if _, err := client(t, 0, f.url).Run(t.Context(), f.job(), work, Watch{}); fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "no application with the tag ecomctl-12ab: went well") {
		t.Error(err)
	}
	j := f.job()
	j.Submit = filepath.Join(f.dir, "none")
	if _, err := client(t, 0, f.url).Run(t.Context(), j, work, Watch{}); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

// An interrupt kills the application, whether it is followed or spark-submit still runs.
func TestAnInterruptKills(t *testing.T) {
	running := func(int) (string, string, string) { return "RUNNING", "UNDEFINED", "" }
	t.Run("followed", func(t *testing.T) {
		f := newFake(t, `touch $DIR/submitted`)
		f.state = running
		ctx, cancel := context.WithCancel(t.Context())
		app, err := client(t, 0, f.url).Run(ctx, f.job(), work, Watch{State: func(*App, string) { cancel() }})
		if fault.KindOf(err) != fault.Interrupted || !f.killed || app == nil || app.State != "KILLED" {
			t.Error(app, err, f.killed)
		}
	})
	t.Run("submitted", func(t *testing.T) {
		f := newFake(t, `touch $DIR/submitted; sleep 600`)
		f.state = running
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for ctx.Err() == nil {
				if _, err := os.Stat(filepath.Join(f.dir, "submitted")); err == nil {
					cancel()
				}
				time.Sleep(time.Millisecond)
			}
		}()
		app, err := client(t, 0, f.url).Run(ctx, f.job(), work, Watch{})
		if fault.KindOf(err) != fault.Interrupted || !f.killed || app == nil || app.State != "KILLED" {
			t.Error(app, err, f.killed)
		}
	})
}
