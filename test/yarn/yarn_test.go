package yarn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

func TestYARN(t *testing.T) {
	rm := cluster(t)
	file := sample(t)
	ecomctl(t, 0, "hdfs", "sync", filepath.Dir(file), "hdfs:///shop")
	t.Run("applications wait for a reason", func(t *testing.T) { waits(t, rm) })
	t.Run("an application fails", func(t *testing.T) { fails(t, rm) })
	t.Run("the page's commands", page)
	t.Run("Spark", func(t *testing.T) { jobs(t, rm, file) })
}

// waits fills the small queue, whose masters may take 30 % of it, and looks at who waits.
func waits(t *testing.T, rm string) {
	first := launch(t, rm, "adhoc", 512, "sleep 3600")
	await(t, first, "started", func(r row) bool { return r.Waits == "starting" && r.Memory != nil && *r.Memory == 512 })
	second := launch(t, rm, "adhoc", 512, "sleep 3600")
	r := await(t, second, "waiting for room for masters", func(r row) bool { return r.Waits == "am-limit" })
	for _, want := range []string{"the masters of queue root.adhoc may take", first + " of ", "root.default has room for", "yarn.scheduler.capacity.root.adhoc.maximum-am-resource-percent (now 30 %)"} {
		if !strings.Contains(r.Reason, want) {
			t.Errorf("%q does not tell %q", r.Reason, want)
		}
	}
	out, _ := ecomctl(t, 0, "yarn", "queues", "--columns", "queue,used_mb,max_mb,free_mb,used_vcores,max_vcores,running,waiting,masters_mb", "--format", "csv")
	for _, want := range []string{"root,512,4096,3584,1,4,1,1,\n", "root.default,0,4096,3584,0,4,0,0,0\n", "root.adhoc,512,2048,1536,1,2,1,1,512\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out, _ = ecomctl(t, 0, "yarn", "nodes", "--columns", "state,containers,used_mb,free_mb,free_vcores", "--format", "csv")
	if !strings.Contains(out, "RUNNING,1,512,3584,3\n") {
		t.Error(out)
	}
	out, _ = ecomctl(t, 0, "spark", "tune", "hdfs:///shop/orders.parquet", "--columns", "setting,value", "--format", "csv")
	if !strings.Contains(out, "spark.executor.instances,1\n") {
		t.Error(out)
	}
	for _, id := range []string{first, second} {
		ecomctl(t, 0, "yarn", "apps", id, "--kill")
		await(t, id, "killed", func(r row) bool { return r.State == "KILLED" && r.Final == "KILLED" && r.Waits == "" })
	}
}

// fails looks at applications that end badly: a master that fails, and a queue that is stopped.
func fails(t *testing.T, rm string) {
	id := launch(t, rm, "default", 256, "echo out of ideas 1>&2; exit 7")
	r := await(t, id, "failed", func(r row) bool { return r.State == "FAILED" })
	if !strings.Contains(r.Reason, "exitCode: 7") {
		t.Error(r.Reason)
	}
	out, _ := ecomctl(t, 0, "yarn", "apps", id, "--log")
	if out != "out of ideas\n" {
		t.Errorf("the log is %q", out)
	}
	_, errs := ecomctl(t, 1, "spark", "status", id, "--wait")
	if !strings.Contains(errs, id+" ended as FAILED (FAILED)") {
		t.Error(errs)
	}
	r = await(t, launch(t, rm, "closed", 256, "true"), "refused", func(r row) bool { return r.State == "FAILED" })
	if !strings.Contains(r.Reason, "Queue root.closed is STOPPED") {
		t.Error(r.Reason)
	}
	if _, errs := ecomctl(t, 1, "yarn", "apps", "application_1_0001"); !strings.Contains(errs, "not found") {
		t.Error(errs)
	}
}

// sample is a file of orders.
func sample(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "orders.parquet")
	ecomctl(t, 0, "generate", "orders", "--rows", "20000", "--seed", "7", "-o", file)
	return file
}

// submitted is the command of docs/yarn.md that submits a job.
const submitted = "ecomctl spark submit sales hdfs:///shop/orders.parquet --by month -o hdfs:///out/sales.parquet"

// page runs the commands of docs/yarn.md, but the one that succeeds runs.
func page(t *testing.T) {
	text, err := os.ReadFile("../../docs/yarn.md")
	if err != nil {
		t.Fatal(err)
	}
	out, _ := ecomctl(t, 0, "yarn", "apps", "--all", "--state", "FAILED", "--columns", "application", "--limit", "1", "--format", "csv")
	app := appPattern.FindString(out)
	if home, err := script(t, "spark/run.sh", "home"); err == nil {
		t.Setenv("SPARK_HOME", home)
	}
	n, sawSubmit := 0, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "    "+submitted:
			sawSubmit = true
		case strings.HasPrefix(line, "    ecomctl spark submit") && os.Getenv("SPARK_HOME") == "": // its test says what is missing
		case strings.HasPrefix(line, "    ecomctl "):
			ecomctl(t, 0, strings.Fields(strings.ReplaceAll(line, "$APP", app))[1:]...)
			n++
		}
	}
	if n < 10 || !sawSubmit {
		t.Errorf("the page shows %d commands", n)
	}
}

// jobs submits analyses to Spark.
func jobs(t *testing.T, rm, file string) {
	_, err := script(t, "spark/install.sh")
	need(t, "Spark", err)
	home, err := script(t, "spark/run.sh", "home")
	need(t, "Spark", err)
	settings(t, home,
		"spark.driver.memory 512m", "spark.executor.memory 512m", "spark.executor.instances 1", "spark.executor.cores 2", "spark.sql.shuffle.partitions 2",
		"spark.sql.codegen.wholeStage false", "spark.sql.codegen.factoryMode NO_CODEGEN") // compiling takes longer than these few rows
	t.Run("is killed by an interrupt", func(t *testing.T) { interrupted(t, rm) })
	t.Run("succeeds", func(t *testing.T) { succeeds(t, rm, file) })
	t.Run("fails", func(t *testing.T) { broken(t, file) })
}

// settings makes the spark-defaults.conf of a single machine, with more lines of it.
func settings(t *testing.T, home string, more ...string) {
	t.Helper()
	python, err := filepath.Abs(filepath.Join(home, "../../../../bin/python"))
	if err != nil {
		t.Fatal(err)
	}
	conf := t.TempDir()
	text := strings.Join(append([]string{
		"spark.yarn.jars local:" + home + "/jars/*", // the node has them: nothing of the 400 MB is uploaded
		"spark.pyspark.python " + python, "spark.ui.enabled false", "spark.task.maxFailures 1",
		// containers do not inherit these: without them they take the machine's outer address, where nothing listens
		"spark.yarn.appMasterEnv.SPARK_LOCAL_IP 127.0.0.1", "spark.yarn.appMasterEnv.SPARK_LOCAL_HOSTNAME localhost",
		"spark.executorEnv.SPARK_LOCAL_IP 127.0.0.1", "spark.executorEnv.SPARK_LOCAL_HOSTNAME localhost",
	}, more...), "\n")
	if err := os.WriteFile(filepath.Join(conf, "spark-defaults.conf"), []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"SPARK_HOME": home, "SPARK_CONF_DIR": conf, "PYSPARK_PYTHON": python, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_HOSTNAME": "localhost"} {
		t.Setenv(k, v)
	}
}

var appPattern = regexp.MustCompile(`application_\d+_\d+`)

// secret is the value of a setting that must not be told.
const secret = "--conf=spark.hadoop.no.such.password=hush"

// succeeds compares what a job wrote with the local answer.
func succeeds(t *testing.T, rm, file string) {
	args := append(strings.Fields(submitted)[1:], secret)
	line, errs := ecomctl(t, 0, append(args, "--dry-run")...)
	if !strings.Contains(line, "--deploy-mode cluster") || !strings.Contains(line, "no.such.password=***") || strings.Contains(line+errs, "hush") {
		t.Error(line, errs)
	}
	_, errs = ecomctl(t, 0, args...)
	const out = "hdfs:///out/sales.parquet"
	id := appPattern.FindString(errs)
	var doc struct {
		App struct{ State, FinalStatus, Name, Type, User string }
	}
	rest(t, http.MethodGet, rm+"/ws/v1/cluster/apps/"+id, nil, &doc)
	if doc.App.State != "FINISHED" || doc.App.FinalStatus != "SUCCEEDED" || doc.App.Name != "ecomctl sales" {
		t.Errorf("%s: %+v", id, doc.App)
	}
	if strings.Contains(errs, "hush") {
		t.Error("a secret was told")
	}
	local := filepath.Join(t.TempDir(), "local.parquet")
	_, localErrs := ecomctl(t, 0, "sales", file, "--by", "month", "-o", local)
	got, _ := ecomctl(t, 0, "inspect", out, "--format", "csv")
	want, _ := ecomctl(t, 0, "inspect", local, "--format", "csv")
	far, near := filepath.Join(t.TempDir(), "far.parquet"), local
	ecomctl(t, 0, "hdfs", "get", out, far)
	a, errA := os.ReadFile(far)
	b, errB := os.ReadFile(near)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("%v %v; on YARN\n%s\nhere\n%s", errA, errB, got, want)
	}
	if identity := strings.TrimSpace(localErrs); !strings.Contains(errs, identity) {
		t.Errorf("no %q in\n%s", identity, errs)
	}
	alone(t, "sales.parquet")
}

// alone checks that nothing but the named files is in the folder of outputs, hidden ones included.
func alone(t *testing.T, names ...string) {
	t.Helper()
	list, _ := ecomctl(t, 0, "hdfs", "ls", "hdfs:///out", "--format", "json", "--columns", "path")
	var rows []struct{ Path string }
	if err := json.Unmarshal([]byte(list), &rows); err != nil || len(rows) != len(names) {
		t.Fatalf("%v: %s", err, list)
	}
	for i, r := range rows {
		if filepath.Base(r.Path) != names[i] {
			t.Errorf("left over: %s", r.Path)
		}
	}
}

// broken submits a job whose input vanishes before it begins.
func broken(t *testing.T, file string) {
	const gone = "hdfs:///shop/gone.parquet"
	ecomctl(t, 0, "hdfs", "put", file, gone)
	remove := sync.OnceFunc(func() { ecomctl(t, 0, "hdfs", "rm", gone) })
	_, errs := within(t, t.Context(), &trigger{text: "submitted application_", call: remove}, 1, "spark", "submit", "geo", gone, "-o", "hdfs:///out/geo.parquet", secret)
	id := appPattern.FindString(errs)
	for _, want := range []string{" (FAILED): [PATH_NOT_FOUND]", "the end of stderr of " + id, "Traceback (most recent call last)", "hint: the whole log: ecomctl yarn apps " + id} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in\n%s", want, errs)
		}
	}
	if strings.Contains(errs, "hush") {
		t.Error("a secret was told")
	}
	alone(t, "sales.parquet")
}

// trigger calls a function at the first writing of a text.
type trigger struct {
	mu   sync.Mutex
	seen bytes.Buffer
	text string
	call func()
}

func (w *trigger) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen.Write(p)
	if strings.Contains(w.seen.String(), w.text) {
		w.call()
	}
	return len(p), nil
}

// interrupted stops the command once its application is known; the ResourceManager must say KILLED.
func interrupted(t *testing.T, rm string) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, errs := within(t, ctx, &trigger{text: "submitted application_", call: cancel}, 130, "spark", "submit", "sales", "hdfs:///shop/orders.parquet", "-o", "hdfs:///out/none.parquet")
	id := appPattern.FindString(errs)
	var doc struct {
		App struct{ State, FinalStatus string }
	}
	rest(t, http.MethodGet, rm+"/ws/v1/cluster/apps/"+id, nil, &doc)
	if doc.App.State != "KILLED" || !strings.Contains(errs, id+": killed") {
		t.Errorf("%s is %+v\n%s", id, doc.App, errs)
	}
}
