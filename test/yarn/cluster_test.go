// Package yarn_test runs the commands about YARN and Spark's jobs against a real ResourceManager, NodeManager and HDFS, and a
// real spark-submit.
package yarn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/cli"
	"github.com/ecomctl/ecomctl/internal/term"
)

const scripts = "../../scripts/services"

// patience is how long anything of the cluster is waited for: machines of CI do many things at once.
const patience = 8 * time.Minute

// script runs one of the services' scripts.
func script(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.Command("bash", append([]string{filepath.Join(scripts, name)}, args...)...)
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s%s", name, err, out.String(), errs.String())
	}
	return strings.TrimSpace(out.String()), err
}

// need skips the test when something is not there, naming it; under CI it fails.
func need(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") != "" || os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
		t.Fatalf("%s: %v", what, err)
	}
	t.Skipf("%s is not here: %v", what, err)
}

// cluster starts HDFS and YARN on ports and data of their own; it returns the address of the ResourceManager.
func cluster(t *testing.T) (rm string) {
	t.Helper()
	t.Setenv("HADOOP_INSTANCE", fmt.Sprintf("yarn-test-%d", os.Getpid()))
	t.Setenv("HADOOP_PORT_BASE", fmt.Sprint(portBase(t)))
	_, err := script(t, "hadoop/install.sh")
	need(t, "Hadoop", err)
	t.Cleanup(func() { _, _ = script(t, "hadoop/stop.sh", "--clean") })
	_, err = script(t, "hadoop/start.sh")
	need(t, "HDFS", err)
	rm, err = script(t, "hadoop/start-yarn.sh")
	need(t, "YARN", err)
	conf, err := script(t, "hadoop/run.sh", "conf")
	need(t, "YARN's configuration", err)
	t.Setenv("HADOOP_CONF_DIR", conf)
	return rm
}

// portBase finds a base whose ports (see common.sh) are free, below those that the system gives to connections.
func portBase(t *testing.T) int {
	t.Helper()
	offsets := []int{20, 30, 31, 32, 33, 40, 41, 42, 48, 49, 64, 66, 67, 70, 88}
	for range 1000 {
		base := 10000 + 100*rand.IntN(220)
		var open []net.Listener
		for _, offset := range offsets {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+offset))
			if err == nil {
				open = append(open, l)
			}
		}
		for _, l := range open {
			_ = l.Close()
		}
		if len(open) == len(offsets) {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

// ecomctl runs a command within the test.
func ecomctl(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	return within(t, t.Context(), io.Discard, want, args...)
}

// within is ecomctl with a context; its standard error goes to watch, too.
func within(t *testing.T, ctx context.Context, watch io.Writer, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	if end, ok := t.Deadline(); ok { // what is left of the cluster must still be stopped
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-time.Minute))
		defer cancel()
	}
	var out, errs bytes.Buffer
	app := &cli.App{IO: &term.IO{In: bytes.NewReader(nil), Out: &out, Err: io.MultiWriter(&errs, watch)}, Getenv: os.Getenv, Now: time.Now}
	if code := app.Run(ctx, args); code != want {
		t.Fatalf("ecomctl %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, errs.String())
	}
	return out.String(), errs.String()
}

// rest asks the ResourceManager.
func rest(t *testing.T, method, url string, body, answer any) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s, %v\n%s", method, url, res.Status, err, text)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			t.Fatalf("%s: %v\n%s", url, err, text)
		}
	}
}

// launch hands YARN an application whose master is a shell command.
func launch(t *testing.T, rm, queue string, mb int, command string) string {
	t.Helper()
	var id struct {
		ID string `json:"application-id"`
	}
	rest(t, http.MethodPost, rm+"/ws/v1/cluster/apps/new-application", nil, &id)
	rest(t, http.MethodPost, rm+"/ws/v1/cluster/apps", map[string]any{
		"application-id": id.ID, "application-name": "shell", "application-type": "TEST", "queue": queue, "max-app-attempts": 1,
		"am-container-spec": map[string]any{"commands": map[string]any{"command": command}},
		"resource":          map[string]any{"memory": mb, "vCores": 1},
	}, nil)
	return id.ID
}

// row is an application as `yarn apps --format json` tells it.
type row struct {
	Application, State, Queue, Waits, Reason string
	Final                                    string `json:"final_status"`
	Memory                                   *int   `json:"memory_mb"`
}

// await asks for an application until it is as wanted.
func await(t *testing.T, id string, what string, ok func(row) bool) row {
	t.Helper()
	var last row
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		out, _ := ecomctl(t, 0, "yarn", "apps", id, "--format", "json")
		var rows []row
		if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) != 1 {
			t.Fatalf("%v in\n%s", err, out)
		}
		if last = rows[0]; ok(last) {
			return last
		}
	}
	t.Fatalf("%s: never %s: %+v", id, what, last)
	return last
}
