// Package flink_test counts on a real Flink cluster, from a real Kafka broker into a real MariaDB, and compares.
package flink_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/test/harness"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

// stage is what the tests share.
type stage struct {
	broker, cluster, gateway string
	flink                    *service
	db                       *mariadb.Server
	secured                  harness.Secured // further listeners of the broker
}

func TestFlink(t *testing.T) {
	kafkaPort := ports(t, 7)
	flinkPort := kafkaPort + 2
	s := &stage{broker: fmt.Sprintf("127.0.0.1:%d", kafkaPort), cluster: fmt.Sprintf("http://127.0.0.1:%d", flinkPort), gateway: fmt.Sprintf("http://127.0.0.1:%d", flinkPort+2)}
	s.db = mariadb.Start(t)
	broker := prepare(t, "kafka", kafkaPort)
	var err error
	if s.secured, err = harness.SecureKafka(t.TempDir(), s.broker, kafkaPort+1, kafkaPort+5); err != nil {
		t.Fatal(err)
	}
	broker.env = append(broker.env, "KAFKA_PROPERTIES="+s.secured.Properties)
	s.flink = prepare(t, "flink", flinkPort)
	var both sync.WaitGroup
	for _, one := range []*service{broker, s.flink} {
		both.Go(func() { one.must(t, "start.sh") })
	}
	if both.Wait(); t.Failed() {
		t.FailNow()
	}
	t.Run("the same windows", func(t *testing.T) { sameWindows(t, s) })
	t.Run("users and TLS", func(t *testing.T) { secured(t, s) })
	t.Run("failures", func(t *testing.T) { failures(t, s) })
}

// database makes a database and returns its URL.
func (s *stage) database(name string) string {
	return strings.Replace(s.db.Database(name).String(), "shop@", "shop:shop@", 1)
}

// page reads the commands that docs/flink.md shows.
func page(t *testing.T) (commands []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/flink.md")
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(text)) {
		if command, ok := strings.CutPrefix(l, "    ecomctl "); ok {
			commands = append(commands, strings.ReplaceAll(strings.TrimSpace(command), "'", ""))
		}
	}
	if len(commands) != 5 {
		t.Fatalf("%d commands: %q", len(commands), commands)
	}
	return commands
}

// delay is how far orders are out of order at most.
const delay = time.Minute

// generate makes orders of some hours, out of order within the delay, some of them twice, some of them broken, with
// values as shops have them. The last one is of two days later: it ends all windows before.
func generate(seed uint64, n int) (list [][]byte, last []byte) {
	rng := rand.New(rand.NewPCG(seed, 7))
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	type event struct {
		at   time.Duration
		text string
	}
	begin := time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)
	line := func(order string, at time.Duration, quantity, price string) string {
		return fmt.Sprintf(`{"order_id":%q,"order_ts":%q,"customer_id":%s,"product_id":%q,"quantity":%s,"unit_price":%s,"region":%s,"status":%q}`, order,
			begin.Add(at).Format(pick("2006-01-02T15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05.000")), pick(`"c1"`, `"c2"`, `"ü"`, "null", strconv.Quote("c"+strconv.Itoa(rng.IntN(99)))),
			pick("p1", "p2"), quantity, price, pick(`"SP"`, `"RJ"`, `"São"`, `"sp"`, "null", `""`), pick("paid", "paid", "paid", "paid", " Cancelled ", "已取消", "É"))
	}
	var events []event
	for i := range n {
		at := time.Duration(i*14400/n) * time.Second
		text := line(fmt.Sprint("o", i/2), at, pick("1", "2.5", "-1", "0", "0.1", "null", `"x"`, `" 3 "`, "1e1"), pick("1", "2.55", "0.00005", "-3", "0", "99999999.9999", "3"))
		if rng.IntN(40) == 0 {
			text = pick(text[:len(text)/2], "17", `{"order_id":"o1"}`, `"text"`)
		}
		for range 1 + rng.IntN(9)/8 {
			events = append(events, event{at + time.Duration(rng.IntN(int(delay/time.Second)))*time.Second, text})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return int(a.at - b.at) })
	list = append(list, []byte(line("first", 0, "0.5", "0.5")))
	for _, e := range events {
		list = append(list, []byte(e.text))
	}
	return list, []byte(line("last", 48*time.Hour, "1", "1"))
}

// sameWindows: batch, stream and Flink say the same of the same orders, though a TaskManager is killed on the way and the
// job goes on from a savepoint.
func sameWindows(t *testing.T, s *stage) {
	const partitions = 2
	url := s.database("flink")
	const key = "order_id,order_ts,customer_id,product_id,quantity,unit_price,region,status"
	list, last := generate(1, 3000)
	topic(t, s.broker, "orders", partitions)
	parts := make([][][]byte, partitions)
	for i, l := range list {
		parts[i%partitions] = append(parts[i%partitions], l)
	}
	commands := page(t)
	place := strings.NewReplacer("kafka://broker:9092", "kafka://"+s.broker, "http://gateway:8083", s.gateway, "http://jobmanager:8081", s.cluster, "mysql://shop@db/shop", url)
	do := func(n int, more ...string) string {
		out, _ := ecomctl(t, 0, append(strings.Fields(place.Replace(commands[n])), more...)...)
		return strings.TrimSpace(out)
	}
	const startJob, listJobs, saveJob, goOn, explainJob = 0, 1, 2, 3, 4
	own := []string{"--delay", delay.String(), "--idle-timeout", "0s"}

	for p := range parts {
		send(t, s.broker, "orders", p, parts[p][:len(parts[p])/3])
	}
	if sql := do(explainJob, own...); !strings.Contains(sql, "WATERMARK FOR") || strings.Contains(sql, "'shop')") || !strings.Contains(sql, "'password' = '***'") {
		t.Error(sql)
	}
	job := do(startJob, own...)
	eventually(t, "a checkpoint", func() error {
		return s.status(t, job, func(j status) bool { return j.State == "RUNNING" && j.Checkpoints > 0 })
	})
	s.flink.must(t, "stop.sh", "--kill-taskmanager")
	for p := range parts {
		send(t, s.broker, "orders", p, parts[p][len(parts[p])/3:len(parts[p])*2/3])
	}
	s.flink.must(t, "start.sh")
	eventually(t, "the restart", func() error {
		return s.status(t, job, func(j status) bool {
			return j.State == "RUNNING" && j.Restarts != nil && *j.Restarts > 0 && j.Failure != ""
		})
	})
	if jobs := do(listJobs); !strings.Contains(jobs, job) {
		t.Error(jobs)
	}
	place = strings.NewReplacer("JOB", job[:12], "http://jobmanager:8081", s.cluster)
	path := do(saveJob)
	place = strings.NewReplacer("PATH", path, "kafka://broker:9092", "kafka://"+s.broker, "http://gateway:8083", s.gateway, "mysql://shop@db/shop", url)
	job = do(goOn, own...)
	for p := range parts {
		send(t, s.broker, "orders", p, append(parts[p][len(parts[p])*2/3:], last))
	}

	file := filepath.Join(t.TempDir(), "orders.ndjson")
	if err := os.WriteFile(file, append(bytes.Join(append(slices.Clone(list), last), []byte("\n")), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := ecomctl(t, 0, "stream", file, "--window", "1h", "--by", "region", "--delay", delay.String(), "--dedupe-key", key, "--max-rejects", "1")
	stream := windows(t, out)
	out, _ = ecomctl(t, 0, "query", file, "--by", "hour,region", "--measure", "revenue,orders,units,customers", "--dedupe", "--max-rejects", "1")
	if batch := windows(t, out); !slices.Equal(batch, stream) || len(batch) < 12 {
		t.Fatalf("batch says\n%s\nstream says\n%s", strings.Join(batch, "\n"), strings.Join(stream, "\n"))
	}
	eventually(t, "the windows", func() error {
		if got := s.table(t, url+"?table=hours"); !slices.Equal(got, stream) {
			return fmt.Errorf("Flink says\n%s\nstream says\n%s", strings.Join(got, "\n"), strings.Join(stream, "\n"))
		}
		return nil
	})
	ecomctl(t, 0, "flink", "cancel", job, "--flink", s.cluster)
	if err := s.status(t, job, func(j status) bool { return j.State == "CANCELED" }); err != nil {
		t.Error(err)
	}
}

// secured: a job reads a topic by a listener with users, TLS and the client's certificate, all of them told by the settings of
// this program, and nothing that is printed tells a secret; the cluster's addresses come from the settings, too.
func secured(t *testing.T, s *stage) {
	url := s.database("secured")
	list, last := generate(3, 300)
	topic(t, s.broker, "secured", 1)
	send(t, s.broker, "secured", 0, append(list, last))
	file := filepath.Join(t.TempDir(), "orders.ndjson")
	if err := os.WriteFile(file, append(bytes.Join(append(slices.Clone(list), last), []byte("\n")), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(t.TempDir(), "secured.yaml")
	settings := fmt.Sprintf("kafka_user: %s\nkafka_password: ${SHOP_PASSWORD}\nkafka_tls: %s\nkafka_cert: %s\nkafka_key: %[3]s\ngateway: %s\nflink: %s\n", harness.KafkaUser, s.secured.CA, s.secured.Cert, s.gateway, s.cluster)
	if err := os.WriteFile(conf, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SHOP_PASSWORD", harness.KafkaPassword)
	args := []string{"stream", "kafka://" + s.secured.WithTLS + "/secured", "--config", conf, "--engine", "flink", "--window", "1h", "--by", "region", "--delay", delay.String(), "--idle-timeout", "0s", "-o", url + "?table=hours"}
	sql, _ := ecomctl(t, 0, append(args, "--explain")...)
	if !strings.Contains(sql, "'properties.security.protocol' = 'SASL_SSL'") || !strings.Contains(sql, "'properties.sasl.jaas.config' = '***'") || strings.Contains(sql, "PRIVATE KEY") || strings.Contains(sql, harness.KafkaPassword) {
		t.Error(sql)
	}
	out, said := ecomctl(t, 0, args...)
	job := strings.TrimSpace(out)
	if strings.Contains(said, harness.KafkaPassword) {
		t.Error(said)
	}
	out, _ = ecomctl(t, 0, "stream", file, "--window", "1h", "--by", "region", "--delay", delay.String(), "--max-rejects", "1")
	want := windows(t, out)
	eventually(t, "the windows", func() error {
		if got := s.table(t, url+"?table=hours"); !slices.Equal(got, want) {
			return fmt.Errorf("Flink says\n%s\nstream says\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		return s.status(t, job, func(j status) bool { return j.State == "RUNNING" })
	})
	ecomctl(t, 0, "flink", "cancel", job, "--config", conf)
}

// status is a row of `flink status`.
type status struct {
	Job, State, Failure string
	Checkpoints         int64
	Restarts            *int64
}

// status asks for a job.
func (s *stage) status(t *testing.T, job string, is func(status) bool) error {
	t.Helper()
	out, _ := ecomctl(t, 0, "flink", "status", job, "--flink", s.cluster, "--format", "json")
	var list []status
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 1 {
		t.Fatalf("%s: %v", out, err)
	}
	if !is(list[0]) {
		return fmt.Errorf("%s", out)
	}
	return nil
}

// table reads windows that Flink wrote.
func (s *stage) table(t *testing.T, url string) []string {
	t.Helper()
	out, _ := ecomctl(t, 0, "convert", url, "-o", "-", "--format", "csv")
	return windows(t, out)
}

// windows are the rows of a CSV, in order, one form for all three: start, region, revenue, orders, units, customers. The last
// order's window is left out.
func windows(t *testing.T, text string) (out []string) {
	t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	all, err := r.ReadAll()
	if err != nil || len(all) == 0 {
		t.Fatalf("%q: %v", text, err)
	}
	at := func(names ...string) int {
		return slices.IndexFunc(all[0], func(h string) bool { return slices.Contains(names, h) })
	}
	start, region := at("window_start", "hour"), at("region")
	for _, row := range all[1:] {
		when := strings.TrimSuffix(strings.Replace(row[start][:19], "T", " ", 1), "Z")
		if strings.HasPrefix(when, "2026-01-03") {
			continue
		}
		line := when + "," + strconv.Quote(row[region])
		for _, name := range []string{"revenue", "orders", "units", "customers"} {
			cell := row[at(name)]
			if name == "revenue" || name == "units" {
				cell = number(t, cell, map[string]int{"revenue": 4, "units": 6}[name])
			}
			line += "," + name + "=" + cell
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// number writes a decimal with so many digits; sums of doubles differ in the last ones.
func number(t *testing.T, s string, digits int) string {
	t.Helper()
	if whole, fraction, _ := strings.Cut(s, "."); digits == 4 && len(fraction) <= 4 { // money is exact
		return whole + "." + (fraction + "0000")[:4]
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.FormatFloat(f, 'f', digits, 64)
}
