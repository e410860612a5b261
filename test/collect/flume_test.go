package collect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// agent is a Flume agent that runs what collect prints.
type agent struct {
	env   []string
	state string
	port  int
}

// newAgent prints the configuration of an agent.
func newAgent(t *testing.T, path, output string) *agent {
	t.Helper()
	dir := t.TempDir()
	a := &agent{state: filepath.Join(dir, "state"), port: freePorts(t, 50) + 50}
	text, _ := run(t, "collect", "flume", path, "-o", output, "--state", a.state, "--print-config")
	conf := filepath.Join(dir, "agent.conf")
	must(t, os.WriteFile(conf, []byte(text), 0o600))
	a.env = []string{"FLUME_CONF=" + conf, fmt.Sprintf("FLUME_PORT=%d", a.port), fmt.Sprintf("FLUME_INSTANCE=%s%d", strings.ToLower(filepath.Base(filepath.Dir(dir))), os.Getpid())}
	_, err := script("flume/install.sh", a.env)
	needs(t, "Flume", err)
	t.Cleanup(func() { _, _ = script("flume/stop.sh", a.env) })
	return a
}

func (a *agent) start(t *testing.T) {
	t.Helper()
	_, err := script("flume/start.sh", a.env)
	needs(t, "Flume", err)
}

// kill kills the agent as kill -9 does, and waits until it is gone.
func (a *agent) kill(t *testing.T) {
	t.Helper()
	out, err := script("flume/pid.sh", a.env)
	must(t, err)
	pid, err := strconv.Atoi(out)
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	eventually(t, "the end of the agent", func(context.Context) error {
		if c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", a.port), time.Second); err == nil {
			c.Close()
			return fmt.Errorf("it still listens")
		}
		return nil
	})
}

// drained waits until every file was read to its end and the channel is empty.
func (a *agent) drained(t *testing.T, log string) {
	t.Helper()
	eventually(t, "the agent's end", func(ctx context.Context) error {
		var places []struct {
			File string `json:"file"`
			Pos  int64  `json:"pos"`
		}
		text, err := os.ReadFile(filepath.Join(a.state, "taildir.json"))
		if err == nil {
			err = json.Unmarshal(text, &places)
		}
		if err != nil {
			return err
		}
		read := map[string]int64{}
		for _, p := range places {
			read[p.File] = max(read[p.File], p.Pos)
		}
		files, err := filepath.Glob(log + "*")
		if err != nil {
			return err
		}
		for _, f := range files {
			st, err := os.Stat(f)
			if err != nil {
				return err
			}
			if read[f] < st.Size() {
				return fmt.Errorf("%d of %d bytes of %s were read", read[f], st.Size(), f)
			}
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/metrics", a.port), http.NoBody)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return err
		}
		var m map[string]map[string]string
		if err := json.Unmarshal(body, &m); err != nil {
			return err
		}
		if n := m["CHANNEL.disk"]["ChannelSize"]; n != "0" {
			return fmt.Errorf("the channel holds %q lines", n)
		}
		return nil
	})
}

// killedOnTheWay lets the agent carry a log that is written and rotated meanwhile, and kills it.
func (a *agent) killedOnTheWay(t *testing.T, l *shopLog) {
	t.Helper()
	written := make(chan error, 1)
	go func() { written <- l.write(20_000, 3, false, 25*time.Millisecond) }()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 3))
	a.start(t)
	time.Sleep(time.Duration(rng.IntN(1500)) * time.Millisecond) // a moment that nobody chose
	a.kill(t)
	a.start(t)
	must(t, <-written)
	a.drained(t, l.path)
}

// flumeKafka: Flume → Kafka → stream, the agent killed on the way.
func flumeKafka(t *testing.T, b *broker) {
	t.Parallel()
	topic := b.topic(t, "flume")
	l := &shopLog{path: filepath.Join(t.TempDir(), "orders.log")}
	a := newAgent(t, l.path, b.uri(topic))
	a.killedOnTheWay(t, l)
	lost, again := l.missing(t, b.dump(t, topic))
	if lost > 0 {
		t.Fatalf("%d of %d lines are lost", lost, l.n)
	}
	same(t, "stream", days(t, l.all(t)), b.streamed(t, topic))
	t.Logf("%d lines, %d repeats", l.n, again)
}

// startHDFS starts a cluster of this test.
func startHDFS(t *testing.T) (uri string, env []string) {
	t.Helper()
	env = []string{fmt.Sprintf("HADOOP_PORT_BASE=%d", freePorts(t, 20, 64, 66, 67, 70)), fmt.Sprintf("HADOOP_INSTANCE=collect%d", os.Getpid())}
	_, err := script("hadoop/install.sh", env)
	needs(t, "HDFS", err)
	t.Cleanup(func() { _, _ = script("hadoop/stop.sh", env, "--clean") })
	out, err := script("hadoop/start.sh", env)
	needs(t, "HDFS", err)
	words := strings.Fields(out)
	return words[len(words)-1], env
}

// TestFlumeHDFS: Flume → HDFS → report, the agent killed on the way.
func TestFlumeHDFS(t *testing.T) {
	t.Parallel()
	uri, env := startHDFS(t)
	folder := uri + "/shop/orders"
	l := &shopLog{path: filepath.Join(t.TempDir(), "orders.log")}
	a := newAgent(t, l.path, folder)
	a.killedOnTheWay(t, l)
	_, err := script("flume/stop.sh", a.env) // which closes the files
	must(t, err)
	list, _ := run(t, "hdfs", "ls", folder, "--columns", "path", "--format", "csv")
	files := strings.Split(strings.TrimSpace(list), "\n")[1:]
	for _, f := range files { // those that a killed agent left open
		path := strings.TrimPrefix(f, uri)
		if out, err := script("hadoop/run.sh", env, "debug", "recoverLease", "-path", path, "-retries", "30"); err != nil {
			t.Fatal(out, err)
		}
	}
	same(t, "query", days(t, l.all(t)), days(t, folder, "--dedupe", "--max-rejects", "1"))
	html := filepath.Join(t.TempDir(), "report.html")
	_, said := run(t, "report", folder, "--dedupe", "--max-rejects", "1", "--html", "-o", html)
	if !strings.Contains(said, fmt.Sprintf("= %d sold", l.n)) {
		t.Fatal(said)
	}
	t.Logf("%d lines in %d files; %s", l.n, len(files), strings.TrimSpace(said))
}
